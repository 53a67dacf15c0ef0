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
use super::chart::{Axis, Chart, Color, EndLabel, Figure, LegendKey, LegendPlace, Scale, Series};
use super::keys::Keys;
use super::layout::{FRAME, GRID, Rect, draw_chart};
use super::shades::own_color;

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
    /// The band of a series.
    Band,
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
            Part::Band => self.push(format_args!("<g class=\"bands\">\n")),
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
    let charts: Vec<Chart> = figure.rows.iter().flatten().cloned().map(on_page).collect();
    let charts: Vec<&Chart> = charts.iter().collect();
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

/// The chart with the scales of pages: a page shows WMOPS where the paper's figures show their logarithms.
fn on_page(mut chart: Chart) -> Chart {
    let is_filled = chart.series.iter().any(|series| series.fill_to.is_some());
    let (label_x, label_y) = (of_powers(&chart.x), of_powers(&chart.y).filter(|_| !is_filled));
    let [x, y] = [&label_x, &label_y].map(|label| if label.is_some() { power } else { |value: f64| value });
    for series in &mut chart.series {
        series.points.iter_mut().for_each(|(at, value)| (*at, *value) = (x(*at), y(*value)));
        let spans = series.band.iter_mut().chain(&mut series.intervals);
        spans.for_each(|(at, low, high)| (*at, *low, *high) = (x(*at), y(*low), y(*high)));
    }
    chart.marks.iter_mut().for_each(|mark| mark.x = x(mark.x));
    chart.strips.iter_mut().for_each(|strip| (strip.low, strip.high) = (y(strip.low), y(strip.high)));
    chart.end_labels.iter_mut().for_each(|label| label.y = y(label.y));
    chart.point_labels.iter_mut().for_each(|label| label.at = (x(label.at.0), y(label.at.1)));
    for (axis, label) in [(&mut chart.x, label_x), (&mut chart.y, label_y)] {
        if let Some(label) = label {
            *axis = Axis { range: axis.range.map(|(low, high)| (power(low), power(high))), ..Axis::log(label) };
        }
    }
    if has_decades(&chart) {
        chart.y.scale = Scale::Log;
    }
    if chart.legend_extra.iter().any(|entry| entry.key == LegendKey::Bands && entry.is_off) {
        chart.y.range = chart.y.range.or_else(|| range_of_curves(&chart));
    }
    chart
}

/// The range of the axis without bands, which would make the curves flat although they are hidden at first.
fn range_of_curves(chart: &Chart) -> Option<(f64, f64)> {
    let mut curves = chart.clone();
    curves.series.iter_mut().for_each(|series| series.band.clear());
    super::layout::range_y(&curves)
}

/// The label of the powers, if the axis has logarithms and no ticks or ends of its own.
fn of_powers(axis: &Axis) -> Option<String> {
    let is_plain = axis.ticks.is_none() && axis.include.is_none();
    (is_plain && axis.label.contains(LOGARITHM)).then(|| axis.label.replace(LOGARITHM, "("))
}

/// Before the unit in labels of axes with logarithms.
const LOGARITHM: &str = "(log10 ";

fn power(logarithm: f64) -> f64 {
    10f64.powf(logarithm)
}

fn svg(chart: &Chart, is_titled: bool, keys: &Keys, name: &str) -> Result<String, FigureError> {
    let mut chart = chart.clone();
    chart.legend = LegendPlace::Hidden;
    if !is_titled {
        chart.title.clear();
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
    use crate::figure::chart::{LegendEntry, LineStyle};

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

    /// Bands of test items are wider than the differences between the curves.
    #[test]
    fn bands_that_are_off_do_not_stretch_the_axis() {
        let chart = |is_off| {
            let mut chart = Chart::new("", Axis::linear("bits"), Axis::linear("PESQ"));
            let points = vec![(8.0, 2.0), (16.0, 3.0)];
            let line = Series::line("RVQ", Color::BLACK, LineStyle::Solid, points);
            chart.series.push(line.band(vec![(8.0, -40.0, 50.0), (16.0, 1.0, 4.0)]));
            chart.legend_extra.push(LegendEntry { is_off, ..LegendEntry::new("middle 95 %", LegendKey::Bands) });
            on_page(chart)
        };
        assert_eq!(chart(false).y.range, None);
        assert_eq!(chart(true).y.range, Some((1.95, 3.05)));
        // The band itself is drawn up to the edge of the axis, and its numbers are kept.
        assert_eq!(chart(true).series[0].band[0], (8.0, -40.0, 50.0));
        let drawn = svg(&chart(true), false, &Keys::of(&[&chart(true)]), "").unwrap();
        let heights =
            drawn.split("class=\"bands\"").nth(1).unwrap().split(" d=\"").nth(1).unwrap().split('Z').next().unwrap();
        let inside = heights
            .split(['M', 'L'])
            .skip(1)
            .all(|point| (0.0..=SIZE.1).contains(&point.split(' ').nth(1).unwrap().parse::<f64>().unwrap()));
        assert!(inside, "{heights}");
    }

    /// Keys end where the style sheet does. All curves are drawn.
    #[test]
    fn forty_methods_and_single_points_are_drawn() {
        let mut chart = Chart::new("", Axis::whole("bits", &[12]), Axis::linear("MSE"));
        for method in 0..40 {
            let points = vec![(12.0, f64::from(method))];
            chart.series.push(Series::line(format!("<M{method}>"), Color(9, 9, 200), LineStyle::Solid, points));
        }
        let html = fragment(&Figure::single(chart), "T").unwrap();
        let page = format!("<div>{html}</div>");
        let tree = roxmltree::Document::parse(&page).unwrap();
        let count = |name: &str| tree.descendants().filter(|node| node.has_tag_name(name)).count();
        assert_eq!((count("title"), count("label")), (40, super::super::MOST_KEYS));
        assert!(!html.contains("NaN") && html.contains("&lt;M39&gt; at bits 12: 39"), "{html}");
    }

    #[test]
    fn logarithms_become_powers_on_pages() {
        let mut chart = Chart::new("", Axis::linear("complexity (log10 WMOPS)"), Axis::linear("MSE"));
        let points = vec![(-2.0, 4.0), (1.0, 1.0)];
        chart.series.push(Series::line("A", Color::BLACK, LineStyle::Solid, points));
        let html = fragment(&Figure::single(chart), "T").unwrap();
        assert!(html.contains(">complexity (WMOPS)</text>") && html.contains(">0.1</text>"), "{html}");
        assert!(html.contains("<title>A at 0.01000 WMOPS: 4</title>") && html.contains("at 10 WMOPS: 1<"), "{html}");
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
}
