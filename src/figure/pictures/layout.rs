//! The places of pictures and texts, and their drawing as SVG and PNG.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plotters::prelude::DrawingBackend;

use super::{PictureFigure, PictureRow};
use crate::figure::FigureError;
use crate::figure::canvas::{Canvas, TextStyle, text_width};
use crate::figure::chart::{Color, LineStyle};
use crate::figure::layout::{LABEL_EM, TICK_EM, TITLE_EM};
use crate::figure::output::{PNG_SCALE, SVG_UNITS, pixels_by, svg_by};
use crate::picture::{CHANNELS, Picture, encode};

/// Pictures per row. More pictures would be too small to judge.
pub(super) const COLUMNS: usize = 10;
/// Figure pixels per picture pixel. A PNG has [`PNG_SCALE`] times as many.
pub(super) const MAGNIFIED: usize = 2;
/// The gap between pictures, and between rows.
const GAP: usize = 4;
const MARGIN: f64 = 16.0;
/// The gap between the labels and the pictures.
const LABEL_GAP: f64 = 14.0;
const LINE: f64 = 18.0;
const HEADING: f64 = 34.0;
/// The width of the colored bar before a label, without and with the space after it.
const BAR: (f64, f64) = (4.0, 11.0);
const RULE: Color = Color(0xd0, 0xd0, 0xd0);

/// The positions of all parts, in pixels of the figure.
pub(super) struct Layout {
    pub width: u32,
    pub height: u32,
    pub texts: Vec<(String, (f64, f64), TextStyle)>,
    /// Left, top, right, bottom.
    bars: Vec<([f64; 4], Color)>,
    rules: Vec<[(f64, f64); 2]>,
    /// Each picture with its left and top.
    pub pictures: Vec<((usize, usize), Picture)>,
    /// The left edge of the first picture column.
    left: usize,
}

impl Layout {
    pub fn new(figure: &PictureFigure) -> Self {
        let rows = figure.groups.iter().flat_map(|group| &group.rows);
        let own = rows.clone().filter_map(|row| row.strip.as_ref()).chain(&figure.originals);
        let strips: Vec<&Picture> = own.filter(|strip| is_strip(strip)).collect();
        let side = strips.iter().map(|strip| strip.height).max().unwrap_or(32);
        let columns = strips.iter().map(|strip| strip.width / strip.height).max().unwrap_or(1).clamp(4, COLUMNS);
        let labels =
            rows.map(|row| text_width(&row.label, LABEL_EM, true).max(text_width(&row.detail, TICK_EM, false)));
        let label = labels.fold(text_width("Originals", LABEL_EM, true), f64::max);
        let left = (MARGIN + BAR.1 + label + LABEL_GAP).ceil();
        let width = left + (columns * (MAGNIFIED * side + GAP)) as f64 + MARGIN;
        let mut layout = Layout {
            width: width.ceil() as u32,
            height: 0,
            texts: Vec::new(),
            bars: Vec::new(),
            rules: Vec::new(),
            pictures: Vec::new(),
            left: left as usize,
        };
        let mut y = layout.head(&figure.title, &figure.subtitle);
        let originals = PictureRow {
            label: "Originals".into(),
            detail: String::new(),
            color: Color::BLACK,
            strip: figure.originals.clone(),
        };
        y = layout.row(&originals, side, y);
        for group in &figure.groups {
            y = layout.heading(&group.heading, y);
            for row in &group.rows {
                y = layout.row(row, side, y);
            }
        }
        layout.height = (y + MARGIN).ceil() as u32;
        layout
    }

    fn room(&self) -> f64 {
        f64::from(self.width) - 2.0 * MARGIN
    }

    /// Places title and subtitle. Returns the top of the next part.
    fn head(&mut self, title: &str, subtitle: &str) -> f64 {
        let mut y = MARGIN + TITLE_EM;
        let em = TITLE_EM.min(TITLE_EM * self.room() / text_width(title, TITLE_EM, true).max(1.0));
        self.texts.push((title.into(), (MARGIN, y), TextStyle { bold: true, ..TextStyle::new(em, 0.0) }));
        for line in wrapped(subtitle, LABEL_EM, self.room()) {
            y += LINE;
            self.texts.push((line, (MARGIN, y), TextStyle::new(LABEL_EM, 0.0)));
        }
        (y + MARGIN).ceil()
    }

    fn heading(&mut self, heading: &str, top: f64) -> f64 {
        let baseline = top + HEADING - 11.0;
        let style = TextStyle { bold: true, ..TextStyle::new(TITLE_EM, 0.0) };
        self.texts.push((heading.into(), (MARGIN, baseline), style));
        let (y, right) = (baseline - 0.36 * TITLE_EM, f64::from(self.width) - MARGIN - GAP as f64);
        let left = MARGIN + text_width(heading, TITLE_EM, true) + 10.0;
        self.rules.push([(left, y), (right, y)]);
        top + HEADING
    }

    /// Places a row of pictures with this side length. Returns the top of the next row.
    fn row(&mut self, row: &PictureRow, side: usize, top: f64) -> f64 {
        let height = (MAGNIFIED * side) as f64;
        let lines = if row.detail.is_empty() { 0.0 } else { LINE };
        let baseline = top + (height - lines) / 2.0 + 0.36 * LABEL_EM;
        let left = MARGIN + BAR.1;
        self.bars.push(([MARGIN, top, MARGIN + BAR.0, top + height], row.color));
        self.texts.push((
            row.label.clone(),
            (left, baseline),
            TextStyle { bold: true, ..TextStyle::new(LABEL_EM, 0.0) },
        ));
        if !row.detail.is_empty() {
            self.texts.push((row.detail.clone(), (left, baseline + LINE), TextStyle::new(TICK_EM, 0.0)));
        }
        match row.strip.as_ref().filter(|strip| is_strip(strip)) {
            Some(strip) => self.strip(strip, top as usize),
            None => {
                let at = (self.left as f64, top + height / 2.0 + 0.36 * LABEL_EM);
                let style = TextStyle { color: Color::GRAY, ..TextStyle::new(LABEL_EM, 0.0) };
                self.texts.push(("no picture".into(), at, style));
            }
        }
        top + height + GAP as f64
    }

    fn strip(&mut self, strip: &Picture, top: usize) {
        let side = strip.height;
        for column in 0..(strip.width / side).min(COLUMNS) {
            let left = self.left + column * (MAGNIFIED * side + GAP);
            let rows = strip.pixels.chunks_exact(CHANNELS * strip.width);
            let pixels = rows.flat_map(|row| &row[CHANNELS * side * column..][..CHANNELS * side]).copied().collect();
            self.pictures.push(((left, top), Picture { width: side, height: side, pixels }));
        }
    }

    /// Draws all parts except the pictures.
    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> Result<(), FigureError> {
        let end = (f64::from(self.width), f64::from(self.height));
        canvas.rectangle((0.0, 0.0), end, Color(255, 255, 255), 1.0)?;
        for rule in &self.rules {
            canvas.line(rule, RULE, 1.0, LineStyle::Solid)?;
        }
        for ([left, top, right, bottom], color) in &self.bars {
            canvas.rectangle((*left, *top), (*right, *bottom), *color, 1.0)?;
        }
        self.texts.iter().try_for_each(|(text, at, style)| canvas.text(text, *at, *style))
    }

    /// The SVG embeds the unscaled pictures. The viewer magnifies them without smoothing.
    pub fn svg(&self) -> Result<String, FigureError> {
        let mut svg = svg_by(self.width, self.height, |canvas| self.draw(canvas))?;
        let mut images = String::new();
        let unit = SVG_UNITS as usize;
        for ((left, top), picture) in &self.pictures {
            let (width, height) = (unit * MAGNIFIED * picture.width, unit * MAGNIFIED * picture.height);
            let (left, top, data) = (unit * left, unit * top, STANDARD.encode(encode(picture)?));
            // Writing to a String can't fail.
            let _ = writeln!(
                images,
                "<image x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" style=\"image-rendering:pixelated\" \
                 href=\"data:image/png;base64,{data}\"/>"
            );
        }
        let end = svg.rfind("</svg>").unwrap_or(svg.len());
        svg.insert_str(end, &images);
        Ok(svg)
    }

    pub fn png(&self) -> Result<Vec<u8>, FigureError> {
        let scale = PNG_SCALE as usize;
        let (width, height) = (scale * self.width as usize, scale * self.height as usize);
        let mut figure =
            Picture { width, height, pixels: pixels_by(self.width, self.height, |canvas| self.draw(canvas))? };
        for ((left, top), picture) in &self.pictures {
            magnify(picture, scale * MAGNIFIED, &mut figure, (scale * left, scale * top));
        }
        Ok(encode(&figure)?)
    }
}

/// Whether these are whole square pictures side by side.
fn is_strip(strip: &Picture) -> bool {
    let (width, height) = (strip.width, strip.height);
    height > 0 && width >= height && width.is_multiple_of(height) && strip.pixels.len() == CHANNELS * width * height
}

/// Copies a picture into a larger one, with every pixel repeated `times` × `times`.
fn magnify(picture: &Picture, times: usize, into: &mut Picture, (left, top): (usize, usize)) {
    for (y, row) in picture.pixels.chunks_exact(CHANNELS * picture.width).enumerate() {
        let row: Vec<u8> = row.chunks_exact(CHANNELS).flat_map(|pixel| pixel.repeat(times)).collect();
        for line in 0..times {
            let start = CHANNELS * ((top + times * y + line) * into.width + left);
            into.pixels[start..start + row.len()].copy_from_slice(&row);
        }
    }
}

/// Breaks a text into lines of this width, between words.
fn wrapped(text: &str, em: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if text_width(&format!("{line} {word}"), em, false) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.into()),
        }
    }
    lines
}
