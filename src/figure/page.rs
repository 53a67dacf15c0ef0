//! A figure inside a page: one inline SVG per chart, whose lines and points carry names, with classes for the page's
//! style sheet. The keys above the charts are check boxes, so that series can be hidden, and highlighted by pointing at
//! them, without a script.
//!
//! Colors have a second value for dark pages. Charts have one size, at which text is readable on a phone.

use std::cell::RefCell;
use std::fmt::Write as _;

use plotters::prelude::SVGBackend;

use super::FigureError;
use super::canvas::{Canvas, TextStyle};
use super::chart::{Axis, Chart, Color, EndLabel, Figure, LegendPlace, Scale, Series};
use super::keys::Keys;
use super::layout::{FRAME, GRID, Rect, draw_chart};

/// Width and height of a chart in pixels.
pub(super) const SIZE: (f64, f64) = (480.0, 340.0);

/// Values with a larger ratio of largest to smallest are drawn on a logarithmic axis.
const LOG_FROM: f64 = 8.0;

/// The SVG elements that are drawn, in one chart.
#[derive(Default)]
pub(super) struct Sheet {
    svg: RefCell<String>,
}

/// A group of elements.
pub(super) enum Part<'a> {
    /// A series, with its number among the keys.
    Series { key: Option<usize>, published: bool, color: Color },
    /// A point: its name is shown where the pointer rests.
    Point(&'a str),
}

impl Sheet {
    pub fn open(&self, part: &Part) {
        match part {
            Part::Series { key, published, color } => {
                let key = key.map_or(String::new(), |key| format!(" k{key}"));
                let published = if *published { " pub" } else { "" };
                self.push(format_args!("<g class=\"s{key}{published}\"{}>\n", own_color(*color)));
            }
            Part::Point(name) => self.push(format_args!("<g class=\"p\"><title>{}</title>\n", escape(name))),
        }
    }

    pub fn close(&self) {
        self.push(format_args!("</g>\n"));
    }

    /// `dashes`: lengths of dashes and gaps; empty for a solid line.
    pub fn line(&self, points: &[(f64, f64)], color: Color, width: f64, dashes: &[f64]) {
        if points.len() < 2 {
            return;
        }
        let dashes: Vec<String> = dashes.iter().map(|length| short(*length)).collect();
        let pattern = match dashes.is_empty() {
            true => String::new(),
            false => format!(" stroke-dasharray=\"{}\"", dashes.join(" ")),
        };
        let (path, width) = (path(points), short(width));
        self.push(format_args!("<path class=\"l{}\" d=\"{path}\" stroke-width=\"{width}\"{pattern}/>\n", paint(color)));
    }

    pub fn area(&self, outline: &[(f64, f64)], color: Color, opacity: f64) {
        let opacity = if opacity < 1.0 { format!(" fill-opacity=\"{}\"", short(opacity)) } else { String::new() };
        self.push(format_args!("<path class=\"a{}\" d=\"{}Z\"{opacity}/>\n", paint(color), path(outline)));
    }

    pub fn text(&self, text: &str, (x, y): (f64, f64), style: TextStyle) {
        let anchor = match style.anchor {
            anchor if anchor < 0.25 => "",
            anchor if anchor > 0.75 => " text-anchor=\"end\"",
            _ => " text-anchor=\"middle\"",
        };
        let weight = if style.bold { " font-weight=\"600\"" } else { "" };
        let turn = match style.upwards {
            true => format!(" transform=\"rotate(-90 {} {})\"", short(x), short(y)),
            false => String::new(),
        };
        let (x, y, size) = (short(x), short(y), short(style.em));
        let (class, text) = (paint(style.color), escape(text));
        self.push(format_args!(
            "<text class=\"t{class}\" x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{anchor}{weight}{turn}>{text}</text>\n"
        ));
    }

    /// The mark of a point, with room around it for the pointer.
    pub fn target(&self, (x, y): (f64, f64), dot: bool) {
        let (x, y) = (short(x), short(y));
        self.push(format_args!("<circle class=\"hit\" cx=\"{x}\" cy=\"{y}\" r=\"8\"/>"));
        if dot {
            self.push(format_args!("<circle class=\"a\" cx=\"{x}\" cy=\"{y}\" r=\"2.6\"/>"));
        }
        self.push(format_args!("\n"));
    }

    pub fn into_svg(self) -> String {
        self.svg.into_inner()
    }

    fn push(&self, text: std::fmt::Arguments) {
        // Writing to a String can't fail.
        let _ = self.svg.borrow_mut().write_fmt(text);
    }
}

/// The class of a color of the page, or the attributes of another color. Within a series, its own color needs none.
fn paint(color: Color) -> &'static str {
    match color {
        Color::BLACK => " ink",
        Color::GRAY => " soft",
        GRID => " grid",
        FRAME => " frame",
        Color(255, 255, 255) => " back",
        _ => "",
    }
}

/// The color on light and on dark pages. Ink is the page's.
pub(super) fn own_color(color: Color) -> String {
    if color == Color::BLACK {
        return " style=\"--c:var(--text);--d:var(--text)\"".into();
    }
    format!(" style=\"{}\"", shades(color))
}

/// The color on light and on dark pages, as the variables that the page's style sheet chooses from.
pub(crate) fn shades(color: Color) -> String {
    format!("--c:{};--d:{}", hex(color), hex(on_dark(color)))
}

fn hex(Color(red, green, blue): Color) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// The contrast of lines and labels with a dark page that is asked for (WCAG 2.2, 1.4.3).
const CONTRAST: f64 = 4.5;
/// The background of dark pages, as in the style sheet.
const DARK: Color = Color(0x16, 0x18, 0x1b);

/// The color, mixed with white until it stands out from a dark page.
fn on_dark(color: Color) -> Color {
    let mixes = (0..=20).map(|step| color.tint(1.0 - f64::from(step) / 20.0));
    let against = luminance(DARK) + 0.05;
    let is_visible = |color: &Color| (luminance(*color) + 0.05) / against >= CONTRAST;
    mixes.into_iter().find(is_visible).unwrap_or(Color(255, 255, 255))
}

/// Relative luminance (WCAG 2.2).
fn luminance(Color(red, green, blue): Color) -> f64 {
    let linear = |channel: u8| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

/// At most two decimals, without trailing zeros.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

fn path(points: &[(f64, f64)]) -> String {
    let mut out = String::new();
    for (number, (x, y)) in points.iter().enumerate() {
        let command = if number == 0 { "M" } else { "L" };
        let _ = write!(out, "{command}{:.1} {:.1}", x, y);
    }
    out
}

/// Text for HTML, SVG and their attributes.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// The figure as a fragment of HTML: its keys, and one SVG per chart. `title` is its name for screen readers.
///
/// # Errors
/// [`FigureError::Draw`] when the embedded font can't be read.
pub(crate) fn fragment(figure: &Figure, title: &str) -> Result<String, FigureError> {
    super::canvas::register_fonts()?;
    let charts: Vec<&Chart> = figure.rows.iter().flatten().collect();
    let keys = Keys::of(&charts);
    let mut out = keys.html(&charts);
    let many = if charts.len() > 1 { " many" } else { "" };
    let _ = writeln!(out, "<div class=\"charts{many}\">");
    for chart in &charts {
        let name = if chart.title.is_empty() || charts.len() == 1 { title } else { chart.title.as_str() };
        out.push_str(&svg(chart, charts.len() > 1, &keys, name)?);
    }
    out.push_str("</div>");
    Ok(out)
}

fn svg(chart: &Chart, is_titled: bool, keys: &Keys, name: &str) -> Result<String, FigureError> {
    let mut chart = chart.clone();
    chart.legend = LegendPlace::Hidden;
    if !is_titled {
        chart.title.clear();
    }
    if has_decades(&chart) {
        chart.y.scale = Scale::Log;
    }
    let ends: Vec<EndLabel> =
        keys.direct.iter().filter_map(|key| end_label(&chart, &keys.entries[*key].label)).collect();
    chart.end_labels.extend(ends);
    let sheet = Sheet::default();
    let outer = Rect { left: 0.0, top: 0.0, right: SIZE.0, bottom: SIZE.1 };
    let canvas: Canvas<SVGBackend> = Canvas::Page { sheet: &sheet, keys };
    draw_chart(&chart, outer, &canvas)?;
    let (width, height, name) = (SIZE.0, SIZE.1, escape(name));
    let content = sheet.into_svg();
    Ok(format!(
        "<svg class=\"chart\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{name}\">\n{content}</svg>\n"
    ))
}

/// Whether a logarithmic scale shows more: the values are positive and far apart, and the axis is free.
fn has_decades(chart: &Chart) -> bool {
    let Axis { scale, range, ticks, include, .. } = &chart.y;
    let is_free = *scale == Scale::Linear && range.is_none() && ticks.is_none() && include.is_none();
    let is_line = |series: &Series| series.line.is_some() && series.fill_to.is_none() && series.intervals.is_empty();
    let values = chart.series.iter().flat_map(|series| &series.points).map(|point| point.1);
    let (low, high) = values.fold((f64::INFINITY, 0f64), |(low, high), value| (low.min(value), high.max(value)));
    is_free && chart.strips.is_empty() && chart.series.iter().all(is_line) && low > 0.0 && high / low > LOG_FROM
}

/// The label of a series at its last point.
fn end_label(chart: &Chart, label: &str) -> Option<EndLabel> {
    let series = chart.series.iter().find(|series| series.label.as_deref() == Some(label))?;
    let last = series.points.iter().copied().max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(EndLabel { y: last.1, text: label.into(), color: series.color })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::chart::LineStyle;

    fn figure() -> Figure {
        let mut chart = Chart::new("t", Axis::whole("bits", &[12, 16]), Axis::linear("MSE"));
        let color = Color(0x1b, 0x8a, 0x2f);
        let points = vec![(12.0, 4.0), (16.0, 1.0)];
        let ours = Series::line("A & B", color, LineStyle::Dashed, points.clone());
        chart.series.push(ours.band(vec![(12.0, 3.5, 4.5), (16.0, 1.0, 1.0)]));
        let published = Series::line("", color.tint(0.6), LineStyle::Solid, points).unlabeled();
        chart.series.push(Series { published: true, name: Some("A & B".into()), ..published });
        chart.series.push(Series::line("C", Color::BLACK, LineStyle::Solid, vec![(12.0, 9.0), (16.0, 8.0)]));
        Figure::single(chart)
    }

    #[test]
    fn points_have_names_and_series_have_keys() {
        let html = fragment(&figure(), "T <x>").unwrap();
        let page = format!("<div>{html}</div>");
        let tree = roxmltree::Document::parse(&page).unwrap();
        let titles: Vec<&str> =
            tree.descendants().filter(|node| node.has_tag_name("title")).filter_map(|node| node.text()).collect();
        assert_eq!(titles[0], "A & B at bits 12: 4 (3.500 to 4.500)");
        assert!(titles.contains(&"A & B, published at bits 16: 1"), "{titles:?}");
        assert_eq!(titles.len(), 6);
        assert!(html.contains("aria-label=\"T &lt;x&gt;\"") && html.contains("class=\"s k0 pub\""));
        // The ends are apart: labels stand there.
        assert!(html.contains(">C</text>") && !html.contains("class=\"key k0\""), "{html}");
    }

    #[test]
    fn colors_stand_out_from_dark_pages() {
        for color in [Color(0x1b, 0x8a, 0x2f), Color(0x1f, 0x4f, 0xd8), Color(0x7a, 0x2e, 0x2e), Color(0, 0, 0)] {
            let dark = on_dark(color);
            assert!((luminance(dark) + 0.05) / (luminance(DARK) + 0.05) >= CONTRAST, "{dark:?}");
        }
        assert_eq!(on_dark(Color(0xff, 0xc0, 0x60)), Color(0xff, 0xc0, 0x60));
    }
}
