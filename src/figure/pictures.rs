//! Grids of small pictures: the originals, and below them the reconstructions by method and bitrate.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plotters::prelude::DrawingBackend;

use super::canvas::{Canvas, TextStyle, register_fonts, text_width};
use super::chart::{Color, LineStyle};
use super::layout::{LABEL_EM, TICK_EM, TITLE_EM};
use super::output::{PNG_SCALE, SVG_UNITS, pixels_by, svg_by};
use super::page::escape;
use super::{Drawn, FigureError, Format};
use crate::picture::{CHANNELS, Picture, encode};
use crate::results::write_atomic;

/// Pictures per row. More pictures would be too small to judge.
const COLUMNS: usize = 10;
/// Figure pixels per picture pixel. A PNG has [`PNG_SCALE`] times as many.
const MAGNIFIED: usize = 2;
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

/// The reconstructions of one method at one bitrate.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureRow {
    /// `RVQ 12 bits`.
    pub label: String,
    /// Below the label: `23.4 dB · SSIM .81`; see [`PictureRow::quality`].
    pub detail: String,
    pub color: Color,
    /// Square pictures side by side, in the order of the originals. Without a valid strip, the row shows a remark.
    pub strip: Option<Picture>,
}

impl PictureRow {
    /// `23.4 dB · SSIM .81`: Peak SNR and SSIM, as far as they are known.
    pub fn quality(psnr: Option<f64>, ssim: Option<f64>) -> String {
        let psnr = psnr.map(|value| format!("{value:.1} dB"));
        let ssim = ssim.map(|value| {
            let text = format!("{value:.2}");
            format!("SSIM {}", text.strip_prefix('0').unwrap_or(&text))
        });
        psnr.into_iter().chain(ssim).collect::<Vec<_>>().join(" · ")
    }
}

/// Rows below one heading.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureGroup {
    pub heading: String,
    pub rows: Vec<PictureRow>,
}

/// A figure of pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureFigure {
    /// The stem of the files.
    pub id: String,
    pub title: String,
    /// Names the data; broken into lines.
    pub subtitle: String,
    /// As in [`Drawn`].
    pub caption: String,
    /// A strip as in [`PictureRow`].
    pub originals: Option<Picture>,
    pub groups: Vec<PictureGroup>,
}

/// Groups rows by bits, fewest first. Rows keep their order within a group. The methods, whose pictures differ less
/// than the bitrates' pictures, are thus below each other.
pub fn by_bits(rows: impl IntoIterator<Item = (u32, PictureRow)>) -> Vec<PictureGroup> {
    let mut groups = BTreeMap::<u32, Vec<PictureRow>>::new();
    for (bits, row) in rows {
        groups.entry(bits).or_default().push(row);
    }
    groups.into_iter().map(|(bits, rows)| PictureGroup { heading: format!("{bits} bits"), rows }).collect()
}

/// Writes the figure as `OUT_DIR/ID.png` and `.svg`, if they are among the formats. There is no PDF.
///
/// # Errors
/// [`FigureError`]
pub fn draw_pictures(figure: &PictureFigure, out_dir: &Path, formats: &[Format]) -> Result<Drawn, FigureError> {
    register_fonts()?;
    let layout = Layout::new(figure);
    let svg = layout.svg()?;
    let mut files = Vec::new();
    for format in formats {
        let bytes = match format {
            Format::Png => layout.png()?,
            Format::Svg => svg.clone().into_bytes(),
            Format::Pdf => continue,
        };
        let path = out_dir.join(format!("{}.{}", figure.id, format.extension()));
        write_atomic(&path, &bytes)?;
        files.push(path);
    }
    let label = format!("<svg class=\"pictures\" role=\"img\" aria-label=\"{}\" ", escape(&figure.title));
    let page = svg.replacen("<svg ", &label, 1);
    let (id, title, caption) = (figure.id.clone(), figure.title.clone(), figure.caption.clone());
    Ok(Drawn { id, title, caption, svg, page, files })
}

/// The positions of all parts, in pixels of the figure.
struct Layout {
    width: u32,
    height: u32,
    texts: Vec<(String, (f64, f64), TextStyle)>,
    /// Left, top, right, bottom.
    bars: Vec<([f64; 4], Color)>,
    rules: Vec<[(f64, f64); 2]>,
    /// Each picture with its left and top.
    pictures: Vec<((usize, usize), Picture)>,
    /// The left edge of the first picture column.
    left: usize,
}

impl Layout {
    fn new(figure: &PictureFigure) -> Self {
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
    fn svg(&self) -> Result<String, FigureError> {
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

    fn png(&self) -> Result<Vec<u8>, FigureError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Pictures of waves. A larger step gives fewer levels.
    fn waves(pictures: usize, step: u32) -> Picture {
        let side = 32;
        let value = |i: usize| {
            let (picture, y, x, c) = (i / 3072, i / 96 % 32, i / 3 % 32, i % 3);
            let wave = (x as f64 / (3.0 + picture as f64) + c as f64).sin() * (y as f64 / (5.0 + c as f64)).cos();
            ((((wave + 1.0) * 127.0) as u32 + step / 2) / step * step).min(255) as u8
        };
        let images: Vec<u8> = (0..pictures * side * side * CHANNELS).map(value).collect();
        Picture::side_by_side(&images, side).unwrap()
    }

    fn example() -> PictureFigure {
        let row = |bits: u32, name: &str, color: Color, step: u32| {
            let strip = (step < 80).then(|| waves(16, step));
            let detail = PictureRow::quality(Some(40.0 - f64::from(step) / 3.0), Some(1.0 - f64::from(step) / 200.0));
            (bits, PictureRow { label: format!("{name} {bits} bits"), detail, color, strip })
        };
        let methods = [
            ("AVQ", Color(0xd9, 0x5f, 0x02), 0),
            ("RVQ", Color(0x75, 0x70, 0xb3), 8),
            ("PVQ", Color(0x1b, 0x7a, 0x5a), 16),
        ];
        let rows =
            [40, 12, 20].into_iter().flat_map(|bits| methods.map(|(n, c, more)| row(bits, n, c, 90 - 2 * bits + more)));
        PictureFigure {
            id: "pictures".into(),
            title: "Reconstructed images".into(),
            subtitle: "Made-up waves of 32 × 32 pixels, rounded to steps that get finer with the bits of a code, as an example of a \
                       long subtitle that takes more than a single line of the figure"
                .into(),
            caption: "Originals and reconstructions.".into(),
            originals: Some(waves(16, 1)),
            groups: by_bits(rows),
        }
    }

    #[test]
    fn groups_go_by_bits_and_keep_the_order_of_the_methods() {
        let groups = example().groups;
        assert_eq!(groups.iter().map(|g| g.heading.as_str()).collect::<Vec<_>>(), ["12 bits", "20 bits", "40 bits"]);
        let labels: Vec<_> = groups[0].rows.iter().map(|r| r.label.as_str()).collect();
        assert_eq!(labels, ["AVQ 12 bits", "RVQ 12 bits", "PVQ 12 bits"]);
    }

    #[test]
    fn quality_is_said_as_far_as_it_is_known() {
        assert_eq!(PictureRow::quality(Some(23.44), Some(0.814)), "23.4 dB · SSIM .81");
        assert_eq!(PictureRow::quality(None, Some(1.0)), "SSIM 1.00");
        assert_eq!(PictureRow::quality(Some(9.0), None), "9.0 dB");
    }

    #[test]
    fn pictures_are_magnified_without_smoothing_and_missing_ones_said() {
        let folder = tempfile::tempdir().unwrap();
        let figure = example();
        let drawn = draw_pictures(&figure, folder.path(), &Format::ALL).unwrap();
        assert_eq!(drawn.files.iter().filter_map(|f| f.extension()).collect::<Vec<_>>(), ["png", "svg"]);
        // PVQ at 12 bits has no picture.
        assert_eq!(drawn.svg.matches("no picture").count(), 1);
        assert_eq!(drawn.svg.matches("<image ").count(), 9 * COLUMNS);
        let png = crate::picture::read(&drawn.files[0]).unwrap();
        let layout = Layout::new(&figure);
        let times = MAGNIFIED * PNG_SCALE as usize;
        for ((left, top), picture) in &layout.pictures {
            for (x, y) in [(0, 0), (31, 0), (7, 19), (31, 31)] {
                for (i, j) in [(0, 0), (times - 1, times - 1)] {
                    let (px, py) = (2 * left + times * x + i, 2 * top + times * y + j);
                    let at = |p: &Picture, x: usize, y: usize| p.pixels[3 * (y * p.width + x)..][..3].to_vec();
                    assert_eq!(at(&png, px, py), at(picture, x, y));
                }
            }
        }
    }

    #[test]
    fn texts_keep_clear_of_pictures_and_stay_inside() {
        let mut figure = example();
        figure.groups[0].rows[0].label = "AVQ with a label that is longer than others".into();
        figure.groups[0].rows[1].strip = Some(Picture { width: 40, height: 32, pixels: vec![0; 9] });
        figure.originals = None;
        let layout = Layout::new(&figure);
        for (text, (x, y), style) in &layout.texts {
            let right = x + text_width(text, style.em, style.bold);
            assert!(right <= f64::from(layout.width) && y + 4.0 < f64::from(layout.height), "{text}");
            let crossing = |(left, top): (usize, usize), p: &Picture| {
                right > left as f64 && *y > top as f64 && y - style.em < (top + MAGNIFIED * p.height) as f64
            };
            assert!(!layout.pictures.iter().any(|(at, picture)| crossing(*at, picture)), "{text}");
        }
        assert_eq!(layout.texts.iter().filter(|t| t.0 == "no picture").count(), 3);
    }
}
