//! Drawing in fractional pixels on a plotters back end: dashed lines, areas, markers and text. Text is placed by its
//! baseline, because plotters sizes and anchors fonts differently in SVG and bitmap.

use std::sync::OnceLock;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontTransform, register_font};

use super::FigureError;
use super::chart::{Chart, Color, EndLabel, LineStyle, Marker, Series};
use super::keys::{self, Keys};
use super::page::{Part, Sheet};

/// The name in plotters' font table and the `font-family` in SVG, with substitutes.
pub(super) const FONT: &str = "Noto Sans, Helvetica, Arial, DejaVu Sans, sans-serif";

/// Ascender minus descender of Noto Sans in em. plotters sizes bitmap fonts by it.
const LINE_EM: f64 = 1.362;

/// Height of an x in em.
const EX_EM: f64 = 0.536;

/// Registers Noto Sans with plotters, once per process.
pub(super) fn register_fonts() -> Result<(), FigureError> {
    static DONE: OnceLock<bool> = OnceLock::new();
    let registered = *DONE.get_or_init(|| {
        register_font(FONT, FontStyle::Normal, notosans::REGULAR_TTF).is_ok()
            && register_font(FONT, FontStyle::Bold, notosans::BOLD_TTF).is_ok()
    });
    if registered { Ok(()) } else { Err(FigureError::Draw("the embedded font can't be read".into())) }
}

/// The relation of a back end's font size and vertical anchor to em and baseline.
#[derive(Clone, Copy)]
pub(super) struct FontUse {
    /// plotters' size of a font of 1 em.
    pub size_per_em: f64,
    /// The distance from the anchor (vertical center) down to the baseline, in em.
    pub baseline: f64,
}

impl FontUse {
    /// plotters-svg divides by 1.24 and lowers the baseline by .5 ex.
    pub const SVG: FontUse = FontUse { size_per_em: 1.24, baseline: 0.5 * EX_EM };
    /// Our back end: the size is the em, and the anchor is the baseline.
    pub const PDF: FontUse = FontUse { size_per_em: 1.0, baseline: 0.0 };
    /// plotters' ab_glyph scales to the line height, centers a box of size/1.24 and puts the baseline at size/2.
    pub const BITMAP: FontUse = FontUse { size_per_em: LINE_EM, baseline: LINE_EM * (0.5 - 0.5 / 1.24) };
}

#[derive(Clone, Copy, Debug)]
pub(super) struct TextStyle {
    /// Em in pixels.
    pub em: f64,
    pub bold: bool,
    pub color: Color,
    /// The anchor along the text: 0 start, 0.5 middle, 1 end.
    pub anchor: f64,
    /// Whether the text runs from bottom to top.
    pub upwards: bool,
}

impl TextStyle {
    pub fn new(em: f64, anchor: f64) -> Self {
        TextStyle { em, bold: false, color: Color::BLACK, anchor, upwards: false }
    }
}

/// Width of a line of text in pixels, the same for all back ends.
pub(super) fn text_width(text: &str, em: f64, bold: bool) -> f64 {
    let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
    let font = FontDesc::new(FontFamily::Name(FONT), 100.0 * LINE_EM, style);
    font.layout_box(text)
        .map_or(0.6 * em * text.chars().count() as f64, |((x0, _), (x1, _))| f64::from(x1 - x0) * em / 100.0)
}

/// What is drawn on: a back end of plotters for files, or the sheet of a page, which keeps the names of series and points.
pub(super) enum Canvas<'a, B: DrawingBackend> {
    File {
        area: &'a DrawingArea<B, Shift>,
        /// Back-end units per pixel.
        scale: f64,
        font: FontUse,
    },
    Page {
        sheet: &'a Sheet,
        keys: &'a Keys,
    },
}

impl<'a, B: DrawingBackend> Canvas<'a, B> {
    /// `scale`: back-end units per pixel.
    pub fn new(area: &'a DrawingArea<B, Shift>, scale: f64, font: FontUse) -> Self {
        Canvas::File { area, scale, font }
    }

    /// The elements until [`Canvas::close`] are of this series.
    pub fn open(&self, series: &Series) {
        if let Canvas::Page { sheet, keys } = self {
            sheet.open(&Part::Series { key: keys.of_series(series), published: series.published, color: series.color });
        }
    }

    /// As [`Canvas::open`], for a label.
    pub fn open_label(&self, label: &EndLabel) {
        if let Canvas::Page { sheet, keys } = self {
            sheet.open(&Part::Series { key: keys.of_label(&label.text), published: false, color: label.color });
        }
    }

    /// As [`Canvas::open`], for a band inside a series.
    pub fn open_band(&self) {
        if let Canvas::Page { sheet, .. } = self {
            sheet.open(&Part::Band);
        }
    }

    pub fn close(&self) {
        if let Canvas::Page { sheet, .. } = self {
            sheet.close();
        }
    }

    pub fn line(&self, points: &[(f64, f64)], color: Color, width: f64, style: LineStyle) -> Result<(), FigureError> {
        let pattern = dashes(style, width);
        match self {
            Canvas::File { area, scale, .. } => {
                for piece in cut(points, &pattern) {
                    let mut path: Vec<_> = piece.into_iter().map(|p| units(p, *scale)).collect();
                    // plotters' joints divide by the length of a segment.
                    path.dedup();
                    if path.len() > 1 {
                        let style = stroke(color, width * scale);
                        area.draw(&PathElement::new(path, style)).map_err(FigureError::draw)?;
                    }
                }
            }
            Canvas::Page { sheet, .. } => sheet.line(points, color, width, &pattern),
        }
        Ok(())
    }

    pub fn area(&self, outline: &[(f64, f64)], color: Color, opacity: f64) -> Result<(), FigureError> {
        match self {
            Canvas::File { area, scale, .. } => {
                let points: Vec<_> = outline.iter().map(|p| units(*p, *scale)).collect();
                area.draw(&Polygon::new(points, fill(color, opacity))).map_err(FigureError::draw)
            }
            Canvas::Page { sheet, .. } => {
                sheet.area(outline, color, opacity);
                Ok(())
            }
        }
    }

    pub fn rectangle(
        &self,
        (x0, y0): (f64, f64),
        (x1, y1): (f64, f64),
        color: Color,
        opacity: f64,
    ) -> Result<(), FigureError> {
        self.area(&[(x0, y0), (x1, y0), (x1, y1), (x0, y1)], color, opacity)
    }

    /// The point of a series, with its name on pages: a marker, or a spot that the pointer finds.
    pub fn point(&self, at: (f64, f64), marker: Option<Marker>, color: Color, name: &str) -> Result<(), FigureError> {
        if let Canvas::Page { sheet, .. } = self
            && !name.is_empty()
        {
            sheet.open(&Part::Point(name));
            sheet.target(at, marker.is_none());
        }
        if let Some(marker) = marker {
            self.marker(at, marker, 4.0, color)?;
        }
        if !name.is_empty() {
            self.close();
        }
        Ok(())
    }

    /// The names of a series' points. Empty strings for files.
    pub fn names(&self, series: &Series, chart: &Chart) -> Vec<String> {
        match self {
            Canvas::File { .. } => Vec::new(),
            Canvas::Page { .. } => keys::names(series, chart),
        }
    }

    pub fn marker(&self, (x, y): (f64, f64), marker: Marker, radius: f64, color: Color) -> Result<(), FigureError> {
        let r = radius;
        match marker {
            Marker::Circle => {
                let circle: Vec<_> = (0..24)
                    .map(|i| f64::from(i) * std::f64::consts::TAU / 24.0)
                    .map(|a| (x + r * a.cos(), y + r * a.sin()))
                    .collect();
                self.area(&circle, color, 1.0)
            }
            Marker::Square => self.rectangle((x - 0.85 * r, y - 0.85 * r), (x + 0.85 * r, y + 0.85 * r), color, 1.0),
            Marker::Triangle => self.area(&[(x, y - 1.1 * r), (x + r, y + 0.8 * r), (x - r, y + 0.8 * r)], color, 1.0),
            Marker::Cross => {
                self.line(&[(x - r, y - r), (x + r, y + r)], color, 1.4, LineStyle::Solid)?;
                self.line(&[(x - r, y + r), (x + r, y - r)], color, 1.4, LineStyle::Solid)
            }
        }
    }

    /// `at` is the point on the baseline at `style.anchor`.
    pub fn text(&self, text: &str, at: (f64, f64), style: TextStyle) -> Result<(), FigureError> {
        match self {
            Canvas::Page { sheet, .. } => sheet.text(text, at, style),
            Canvas::File { area, scale, font } => {
                let raise = font.baseline * style.em;
                // The baseline is below the middle of the text, or right of it.
                let middle = if style.upwards { (at.0 - raise, at.1) } else { (at.0, at.1 - raise) };
                let styled = style.in_font(font.size_per_em * scale);
                area.draw_text(text, &styled, units(middle, *scale)).map_err(FigureError::draw)?;
            }
        }
        Ok(())
    }
}

impl TextStyle {
    /// For plotters, with this many pixels of font size per pixel of em.
    fn in_font(self, size_per_em: f64) -> plotters::style::TextStyle<'static> {
        let anchor = match self.anchor {
            a if a < 0.25 => HPos::Left,
            a if a > 0.75 => HPos::Right,
            _ => HPos::Center,
        };
        let turn = if self.upwards { FontTransform::Rotate270 } else { FontTransform::None };
        let weight = if self.bold { FontStyle::Bold } else { FontStyle::Normal };
        let desc = FontDesc::new(FontFamily::Name(FONT), self.em * size_per_em, weight).transform(turn);
        let color = RGBColor(self.color.0, self.color.1, self.color.2).to_backend_color();
        plotters::style::TextStyle { font: desc, color, pos: Pos::new(anchor, VPos::Center) }
    }
}

fn units((x, y): (f64, f64), scale: f64) -> (i32, i32) {
    ((x * scale).round() as i32, (y * scale).round() as i32)
}

fn stroke(color: Color, width: f64) -> ShapeStyle {
    let stroke_width = width.round().max(1.0) as u32;
    ShapeStyle { color: RGBColor(color.0, color.1, color.2).to_rgba(), filled: false, stroke_width }
}

fn fill(color: Color, opacity: f64) -> ShapeStyle {
    RGBColor(color.0, color.1, color.2).mix(opacity).filled()
}

/// Alternating lengths of dashes and gaps, in pixels. Empty = solid.
fn dashes(style: LineStyle, width: f64) -> Vec<f64> {
    let unit = width.max(1.2);
    match style {
        LineStyle::Solid => Vec::new(),
        LineStyle::Dashed => vec![4.2 * unit, 2.2 * unit],
        LineStyle::Dotted => vec![1.1 * unit, 1.7 * unit],
        LineStyle::DashDot => vec![4.2 * unit, 1.6 * unit, 1.1 * unit, 1.6 * unit],
    }
}

/// Cuts a polyline into the dashes of a pattern. The pattern continues through corners.
fn cut(points: &[(f64, f64)], pattern: &[f64]) -> Vec<Vec<(f64, f64)>> {
    if pattern.is_empty() || points.len() < 2 {
        return vec![points.to_vec()];
    }
    let mut pieces = Vec::new();
    let mut current = vec![points[0]];
    let (mut at, mut left) = (0, pattern[0]);
    for pair in points.windows(2) {
        let (dx, dy) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        let length = dx.hypot(dy);
        let mut done = 0.0;
        while length - done > left {
            done += left;
            let point = (pair[0].0 + dx * done / length, pair[0].1 + dy * done / length);
            if at % 2 == 0 {
                current.push(point);
                pieces.push(std::mem::take(&mut current));
            } else {
                current = vec![point];
            }
            at = (at + 1) % pattern.len();
            left = pattern[at];
        }
        left -= length - done;
        if at % 2 == 0 {
            current.push(pair[1]);
        }
    }
    if current.len() > 1 {
        pieces.push(current);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_run_through_corners_and_cover_their_share() {
        let corner = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)];
        let pieces = cut(&corner, &[6.0, 2.0]);
        assert_eq!(pieces.len(), 3);
        assert_eq!(pieces[1], [(8.0, 0.0), (10.0, 0.0), (10.0, 4.0)]);
        let length: f64 = pieces
            .iter()
            .flat_map(|p| p.windows(2).map(|w| (w[1].0 - w[0].0).hypot(w[1].1 - w[0].1)).collect::<Vec<_>>())
            .sum();
        assert!((length - 16.0).abs() < 1e-9, "{length}");
        assert_eq!(cut(&corner, &[]), [corner.to_vec()]);
    }

    #[test]
    fn text_is_measured_with_the_embedded_font() {
        register_fonts().unwrap();
        let width = text_width("MSE", 10.0, false);
        // Noto Sans: M 907, S 549, E 556 thousandths of an em.
        assert!((width - 20.1).abs() < 0.4, "{width}");
        assert!(text_width("MSE", 10.0, true) > width);
    }
}
