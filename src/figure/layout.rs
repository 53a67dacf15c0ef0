//! Lays out one chart in its rectangle and draws it. Text widths determine the margins, the legend is placed away from
//! the curves, and the text of a mark is on the freer side.

use plotters::prelude::DrawingBackend;

use super::FigureError;
use super::canvas::{Canvas, TextStyle, text_width};
use super::chart::{Axis, Chart, Color, Figure, LineStyle, Series};
use super::legend::{self, Legend};
use super::point_labels;
use super::scale::Mapping;

pub(super) const TITLE_EM: f64 = 15.0;
pub(super) const LABEL_EM: f64 = 13.0;
pub(super) const TICK_EM: f64 = 12.0;
/// The share of a chart's width that labels at the left or the right may take.
const MOST_MARGIN: f64 = 0.35;
pub(super) const GRID: Color = Color(0xe4, 0xe4, 0xe4);
pub(super) const FRAME: Color = Color(0x8a, 0x8a, 0x8a);

/// Left, top, right, bottom in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rect {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Rect {
    pub fn holds(&self, (x, y): (f64, f64), margin: f64) -> bool {
        x > self.left - margin && x < self.right + margin && y > self.top - margin && y < self.bottom + margin
    }

    pub fn width(&self) -> f64 {
        self.right - self.left
    }
}

/// The drawn lines as points some pixels apart, so that texts can avoid them.
#[derive(Default)]
pub(super) struct Ink(Vec<(f64, f64)>);

impl Ink {
    pub fn add_line(&mut self, points: &[(f64, f64)]) {
        for pair in points.windows(2) {
            let length = (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1);
            let steps = (length / 4.0).ceil().max(1.0);
            for i in 0..=steps as usize {
                let t = i as f64 / steps;
                self.0.push((pair[0].0 + t * (pair[1].0 - pair[0].0), pair[0].1 + t * (pair[1].1 - pair[0].1)));
            }
        }
        self.0.extend(points);
    }

    pub fn add_box(&mut self, r: Rect) {
        let mut y = r.top;
        while y <= r.bottom {
            self.add_line(&[(r.left, y), (r.right, y)]);
            y += 4.0;
        }
    }

    /// The amount of ink in a box or within `margin` pixels around it.
    pub fn under(&self, rect: Rect, margin: f64) -> usize {
        self.0.iter().filter(|p| rect.holds(**p, margin)).count()
    }
}

pub(super) fn draw_figure<B: DrawingBackend>(figure: &Figure, canvas: &Canvas<B>) -> Result<(), FigureError> {
    let (width, height) = (f64::from(figure.width), f64::from(figure.height()));
    canvas.rectangle((0.0, 0.0), (width, height), Color(255, 255, 255), 1.0)?;
    for (i, row) in figure.rows.iter().enumerate() {
        let top = f64::from(figure.row_height) * i as f64;
        let columns = figure.rows.iter().map(Vec::len).max().unwrap_or(1).max(1);
        // A short last row keeps the size of the charts above. A single chart, such as the loss below histograms, is
        // full width.
        let share = if row.len() == 1 { width } else { width / columns as f64 };
        for (j, chart) in row.iter().enumerate() {
            let left = share * j as f64;
            let rect = Rect { left, top, right: left + share, bottom: top + f64::from(figure.row_height) };
            draw_chart(chart, rect, canvas)?;
        }
    }
    Ok(())
}

/// The heights in pixels at which a chart of this size shows points.
pub(super) fn heights(chart: &Chart, (right, bottom): (f64, f64), points: &[(f64, f64)]) -> Vec<f64> {
    let frame = Frame::new(chart, Rect { left: 0.0, top: 0.0, right, bottom }, 0.0);
    points.iter().filter_map(|point| Some(frame.point(*point)?.1)).collect()
}

/// The range of the vertical axis. `None` without values.
pub(super) fn range_y(chart: &Chart) -> Option<(f64, f64)> {
    let mut values = chart.series.iter().flat_map(values_y).chain(strip_values(chart)).peekable();
    values.peek()?;
    Some(Mapping::new(&chart.y, values, 0.0, 1.0).range())
}

/// The plot's rectangle and the mapping of data to pixels.
pub(super) struct Frame {
    pub plot: Rect,
    pub x: Mapping,
    pub y: Mapping,
    x_ticks: Vec<(f64, String)>,
    y_ticks: Vec<(f64, String)>,
}

impl Frame {
    pub fn new(chart: &Chart, outer: Rect, legend_height: f64) -> Frame {
        let title = if chart.title.is_empty() { 12.0 } else { 36.0 };
        let (top, bottom) = (outer.top + title, outer.bottom - 54.0 - legend_height);
        let y = Mapping::new(&chart.y, chart.series.iter().flat_map(values_y).chain(strip_values(chart)), bottom, top);
        let mut y_ticks = y.ticks(&chart.y, ((bottom - top) / 46.0) as usize);
        // Names of panels can be longer than the chart.
        let room = MOST_MARGIN * (outer.right - outer.left);
        y_ticks.iter_mut().for_each(|tick| tick.1 = shortened(&tick.1, false, room));
        let widest = y_ticks.iter().map(|t| text_width(&t.1, TICK_EM, false)).fold(0.0, f64::max);
        let end = chart.end_labels.iter().map(|l| text_width(&l.text, TICK_EM, true)).fold(0.0, f64::max).min(room);
        let left = outer.left + 34.0 + widest + 8.0;
        let right = outer.right - if end > 0.0 { end + 16.0 } else { 18.0 };
        let plot = Rect { left, top, right, bottom };
        let values_x = chart.series.iter().flat_map(values_x).chain(chart.marks.iter().map(|m| m.x));
        let x = Mapping::new(&chart.x, values_x, left, right);
        let x_ticks = x.ticks(&chart.x, (plot.width() / 75.0) as usize);
        Frame { plot, x, y, x_ticks, y_ticks }
    }

    pub fn point(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        Some((self.x.pixel(x)?, self.y.pixel(y)?))
    }

    /// The points within the axes, in pixels.
    pub fn path(&self, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
        points.iter().filter_map(|p| self.point(*p)).collect()
    }
}

/// The text of a tick or at the end of a curve, cut at the end if it is wider than `room`.
fn shortened(text: &str, bold: bool, room: f64) -> String {
    if text_width(text, TICK_EM, bold) <= room {
        return text.to_owned();
    }
    let cut = |length: usize| text.chars().take(length).collect::<String>() + "…";
    let lengths = (0..text.chars().count()).rev();
    lengths.map(cut).find(|cut| text_width(cut, TICK_EM, bold) <= room).unwrap_or_default()
}

fn values_x(series: &Series) -> impl Iterator<Item = f64> {
    let points = series.points.iter().map(|p| p.0);
    points.chain(series.band.iter().chain(&series.intervals).map(|b| b.0))
}

fn values_y(series: &Series) -> impl Iterator<Item = f64> {
    let points = series.points.iter().map(|p| p.1);
    let spans = series.band.iter().chain(&series.intervals).flat_map(|b| [b.1, b.2]);
    points.chain(spans).chain(series.fill_to)
}

fn strip_values(chart: &Chart) -> impl Iterator<Item = f64> {
    chart.strips.iter().flat_map(|s| [s.low, s.high])
}

pub(super) fn draw_chart<B: DrawingBackend>(chart: &Chart, outer: Rect, canvas: &Canvas<B>) -> Result<(), FigureError> {
    let mut frame = Frame::new(chart, outer, 0.0);
    let legend = Legend::place(chart, &frame, &ink(chart, &frame));
    if let Legend::Below { height, .. } = &legend {
        frame = Frame::new(chart, outer, *height);
    }
    draw_axes(chart, &frame, outer, canvas)?;
    for strip in &chart.strips {
        if let (Some(low), Some(high)) = (frame.y.pixel(strip.low), frame.y.pixel(strip.high)) {
            canvas.rectangle((frame.plot.left, high), (frame.plot.right, low), strip.color, 0.18)?;
        }
    }
    for series in &chart.series {
        canvas.open(series);
        draw_area(series, &frame, canvas)?;
        canvas.close();
    }
    for series in &chart.series {
        canvas.open(series);
        draw_series(series, chart, &frame, canvas)?;
        canvas.close();
    }
    draw_end_labels(chart, &frame, outer, canvas)?;
    point_labels::draw(chart, &frame, canvas)?;
    let mut ink = ink(chart, &frame);
    legend::draw(&legend, &frame, outer, &mut ink, canvas)?;
    draw_marks(chart, &frame, &mut ink, canvas)
}

fn ink(chart: &Chart, frame: &Frame) -> Ink {
    let mut ink = Ink::default();
    for series in &chart.series {
        ink.add_line(&frame.path(&series.points));
        ink.add_line(&frame.path(&series.band.iter().map(|b| (b.0, b.1)).collect::<Vec<_>>()));
        ink.add_line(&frame.path(&series.band.iter().map(|b| (b.0, b.2)).collect::<Vec<_>>()));
        for (x, low, high) in series.band.iter().chain(&series.intervals) {
            ink.add_line(&frame.path(&[(*x, *low), (*x, *high)]));
        }
        if let Some(base) = series.fill_to {
            for p in &series.points {
                ink.add_line(&frame.path(&[*p, (p.0, base)]));
            }
        }
    }
    for x in chart.marks.iter().filter_map(|m| frame.x.pixel(m.x)) {
        ink.add_line(&[(x, frame.plot.top), (x, frame.plot.bottom)]);
    }
    ink
}

fn draw_axes<B: DrawingBackend>(chart: &Chart, f: &Frame, outer: Rect, canvas: &Canvas<B>) -> Result<(), FigureError> {
    let p = f.plot;
    let solid = LineStyle::Solid;
    let mut free_from = f64::NEG_INFINITY;
    for (value, label) in &f.x_ticks {
        let Some(x) = f.x.pixel(*value) else { continue };
        canvas.line(&[(x, p.top), (x, p.bottom)], GRID, 1.0, solid)?;
        canvas.line(&[(x, p.bottom), (x, p.bottom + 4.0)], FRAME, 1.0, solid)?;
        let half = text_width(label, TICK_EM, false) / 2.0;
        if x - half > free_from {
            canvas.text(label, (x, p.bottom + 17.0), TextStyle::new(TICK_EM, 0.5))?;
            free_from = x + half + 5.0;
        }
    }
    for (value, label) in &f.y_ticks {
        let Some(y) = f.y.pixel(*value) else { continue };
        canvas.line(&[(p.left, y), (p.right, y)], GRID, 1.0, solid)?;
        canvas.line(&[(p.left - 4.0, y), (p.left, y)], FRAME, 1.0, solid)?;
        canvas.text(label, (p.left - 8.0, y + 0.36 * TICK_EM), TextStyle::new(TICK_EM, 1.0))?;
    }
    let frame = [(p.left, p.top), (p.right, p.top), (p.right, p.bottom), (p.left, p.bottom), (p.left, p.top)];
    frame.windows(2).try_for_each(|side| canvas.line(side, FRAME, 1.0, solid))?;
    let middle = ((p.left + p.right) / 2.0, (p.top + p.bottom) / 2.0);
    canvas.text(&chart.x.label, (middle.0, p.bottom + 40.0), fitted(&chart.x, p.width()))?;
    let side = TextStyle { upwards: true, ..fitted(&chart.y, p.bottom - p.top + 30.0) };
    canvas.text(&chart.y.label, (outer.left + 20.0, middle.1), side)?;
    let room = outer.right - outer.left - 20.0;
    let em = TITLE_EM.min(TITLE_EM * room / text_width(&chart.title, TITLE_EM, true).max(1.0));
    let title = TextStyle { bold: true, ..TextStyle::new(em, 0.5) };
    canvas.text(&chart.title, ((outer.left + outer.right) / 2.0, outer.top + 24.0), title)
}

/// The label's style, smaller if the label would be longer than its axis.
fn fitted(axis: &Axis, room: f64) -> TextStyle {
    TextStyle::new(LABEL_EM.min(LABEL_EM * room / text_width(&axis.label, LABEL_EM, false).max(1.0)), 0.5)
}

fn draw_area<B: DrawingBackend>(series: &Series, frame: &Frame, canvas: &Canvas<B>) -> Result<(), FigureError> {
    if series.band.len() > 1 {
        // A band may be wider than the axis, which is then made for the curves.
        let low = series.band.iter().filter_map(|b| frame.point((b.0, frame.y.nearest(b.1))));
        let high = series.band.iter().rev().filter_map(|b| frame.point((b.0, frame.y.nearest(b.2))));
        canvas.open_band();
        canvas.area(&low.chain(high).collect::<Vec<_>>(), series.color, 0.15)?;
        canvas.close();
    }
    if let (Some(base), [first, .., last]) = (series.fill_to, series.points.as_slice()) {
        let outline = [&[(first.0, base)], series.points.as_slice(), &[(last.0, base)]].concat();
        canvas.area(&frame.path(&outline), series.color, 0.22)?;
    }
    Ok(())
}

fn draw_series<B: DrawingBackend>(
    series: &Series,
    chart: &Chart,
    frame: &Frame,
    canvas: &Canvas<B>,
) -> Result<(), FigureError> {
    let path = frame.path(&series.points);
    if let Some(style) = series.line {
        canvas.line(&path, series.color, series.width, style)?;
    }
    for (x, low, high) in &series.intervals {
        let (Some((x, low)), Some(high)) = (frame.point((*x, *low)), frame.y.pixel(*high)) else { continue };
        canvas.line(&[(x, low), (x, high)], series.color, 1.4, LineStyle::Solid)?;
        for end in [low, high] {
            canvas.line(&[(x - 4.0, end), (x + 4.0, end)], series.color, 1.4, LineStyle::Solid)?;
        }
    }
    let names = canvas.names(series, chart);
    for (place, at) in series.points.iter().enumerate().filter_map(|(i, point)| Some((i, frame.point(*point)?))) {
        canvas.point(at, series.marker, series.color, names.get(place).map_or("", String::as_str))?;
    }
    Ok(())
}

fn draw_end_labels<B: DrawingBackend>(
    chart: &Chart,
    frame: &Frame,
    outer: Rect,
    canvas: &Canvas<B>,
) -> Result<(), FigureError> {
    let placed = chart.end_labels.iter().filter_map(|l| Some((frame.y.pixel(l.y)?, l)));
    let mut labels: Vec<_> = placed.collect();
    labels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut free_from = frame.plot.top;
    for (y, label) in labels {
        let y = (y + 0.36 * TICK_EM).max(free_from);
        let style = TextStyle { color: label.color, bold: true, ..TextStyle::new(TICK_EM, 0.0) };
        canvas.open_label(label);
        let text = shortened(&label.text, true, outer.right - frame.plot.right - 8.0);
        canvas.text(&text, (frame.plot.right + 8.0, y), style)?;
        canvas.close();
        free_from = y + 1.25 * TICK_EM;
    }
    Ok(())
}

fn draw_marks<B: DrawingBackend>(
    chart: &Chart,
    f: &Frame,
    ink: &mut Ink,
    canvas: &Canvas<B>,
) -> Result<(), FigureError> {
    for mark in &chart.marks {
        let Some(x) = f.x.pixel(mark.x) else { continue };
        canvas.line(&[(x, f.plot.top), (x, f.plot.bottom)], Color::GRAY, 1.2, LineStyle::Solid)?;
        if mark.label.is_empty() {
            continue;
        }
        let length = text_width(&mark.label, TICK_EM, false);
        let starts = [f.plot.top + 8.0 + length, f.plot.bottom - 8.0, (f.plot.top + f.plot.bottom + length) / 2.0];
        // Upward text is left of its baseline.
        let baselines = [x + 5.0 + 0.8 * TICK_EM, x - 6.0];
        let candidates = starts.iter().flat_map(|start| baselines.iter().map(move |b| (*b, *start)));
        let taken = |(b, start): (f64, f64)| Rect {
            left: b - 0.8 * TICK_EM,
            top: start - length,
            right: b + 2.0,
            bottom: start,
        };
        let inside = |r: &Rect| r.left > f.plot.left && r.right < f.plot.right;
        let best = candidates.filter(|c| inside(&taken(*c))).min_by_key(|c| ink.under(taken(*c), 2.0));
        if let Some(at) = best {
            ink.add_box(taken(at));
            canvas.text(&mark.label, at, TextStyle { upwards: true, ..TextStyle::new(TICK_EM, 0.0) })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_leave_room_for_the_chart() {
        super::super::canvas::register_fonts().unwrap();
        let name = "APanelNameWithoutSpacesThatIsFarLongerThanTheChartIsWide".repeat(2);
        let y = Axis { ticks: Some(vec![(1.0, name.clone()), (2.0, "short".into())]), ..Axis::linear("") };
        let mut chart = Chart::new("", Axis::linear("x"), y);
        chart.series.push(Series::line("a", Color::BLACK, LineStyle::Solid, vec![(0.0, 1.0), (1.0, 2.0)]));
        let outer = Rect { left: 0.0, top: 0.0, right: 480.0, bottom: 340.0 };
        let frame = Frame::new(&chart, outer, 0.0);
        assert!(frame.plot.width() > 0.4 * outer.right, "{:?}", frame.plot);
        assert!(frame.y_ticks[0].1.starts_with("APanel") && frame.y_ticks[0].1.ends_with('…'));
        assert_eq!(frame.y_ticks[1].1, "short");
        chart.end_labels.push(super::super::chart::EndLabel { y: 1.0, text: name, color: Color::BLACK });
        assert!(Frame::new(&chart, outer, 0.0).plot.width() > 0.1 * outer.right);
    }
}
