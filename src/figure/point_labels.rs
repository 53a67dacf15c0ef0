//! Names beside points, without overlaps: each label takes the freest place around its point, or none.

use plotters::prelude::DrawingBackend;

use super::FigureError;
use super::canvas::{Canvas, TextStyle, text_width};
use super::chart::{Chart, PointLabel};
use super::layout::{Frame, Ink, Rect};

const EM: f64 = 11.0;
/// The height of a label without descenders, in em.
const HEIGHT: f64 = 0.95;
/// The distance of a label from the center of its point.
const GAP: f64 = 7.0;
/// The room of a marker.
const MARKER: f64 = 4.0;

pub(super) fn draw<B: DrawingBackend>(chart: &Chart, frame: &Frame, canvas: &Canvas<B>) -> Result<(), FigureError> {
    place(chart, frame).into_iter().try_for_each(|(label, rect)| {
        let style = TextStyle { bold: label.bold, ..TextStyle::new(EM, 0.0) };
        canvas.text(&label.text, (rect.left, rect.bottom - 0.12 * EM), style)
    })
}

/// The labels that have room, with their rectangles.
fn place<'a>(chart: &'a Chart, frame: &Frame) -> Vec<(&'a PointLabel, Rect)> {
    let ink = ink(chart, frame);
    let marked = chart.series.iter().filter(|series| series.marker.is_some());
    let markers: Vec<(f64, f64)> = marked.flat_map(|series| frame.path(&series.points)).collect();
    let mut placed: Vec<(&PointLabel, Rect)> = Vec::new();
    let mut labels: Vec<&PointLabel> = chart.point_labels.iter().collect();
    labels.sort_by_key(|label| !label.bold);
    for label in labels {
        let Some(at) = frame.point(label.at) else { continue };
        let inside = around(at, label).into_iter().filter(|rect| is_inside(rect, &frame.plot));
        let apart = inside.filter(|rect| placed.iter().all(|(_, other)| !overlaps(rect, other)));
        // Nearer to another point, it would be read as that point's name.
        let own = apart.filter(|rect| {
            let others = markers.iter().filter(|other| distance(at, **other) > MARKER);
            others.map(|other| to_rect(*other, rect)).all(|other| other > to_rect(at, rect) + 2.0)
        });
        // Lines may pass below a label, if nothing else is free; markers of other points may not.
        let free = own.min_by_key(|rect| ink.under(*rect, 1.0));
        let room = |rect: &Rect| label.bold || ink.under(*rect, 1.0) <= MOST_INK;
        if let Some(rect) = free.filter(room) {
            placed.push((label, rect));
        }
    }
    placed
}

/// The points of ink below a label that is still readable.
const MOST_INK: usize = 6;

/// The places for a label around its point, best first.
fn around((x, y): (f64, f64), label: &PointLabel) -> Vec<Rect> {
    let (width, height) = (1.06 * text_width(&label.text, EM, label.bold), HEIGHT * EM);
    let rect = |left: f64, middle: f64| Rect {
        left,
        right: left + width,
        top: middle - height / 2.0,
        bottom: middle + height / 2.0,
    };
    let (right, left, center) = (x + GAP, x - GAP - width, x - width / 2.0);
    let (above, below) = (y - GAP - height / 2.0, y + GAP + height / 2.0);
    let near = [(right, y), (right - 3.0, above), (right - 3.0, below), (center, above), (center, below), (left, y)];
    let far = [(left + 3.0, above), (left + 3.0, below), (right, above - height), (right, below + height)];
    let farther = [(center, above - height), (center, below + height), (left, above - height), (left, below + height)];
    near.into_iter().chain(far).chain(farther).map(|(left, middle)| rect(left, middle)).collect()
}

/// The markers and the lines of the chart.
fn ink(chart: &Chart, frame: &Frame) -> Ink {
    let mut ink = Ink::default();
    for series in &chart.series {
        let path = frame.path(&series.points);
        if series.line.is_some() {
            ink.add_line(&path);
        }
        if series.marker.is_some() {
            for (x, y) in path {
                ink.add_box(Rect { left: x - MARKER, right: x + MARKER, top: y - MARKER, bottom: y + MARKER });
            }
        }
    }
    for x in chart.marks.iter().filter_map(|mark| frame.x.pixel(mark.x)) {
        ink.add_line(&[(x, frame.plot.top), (x, frame.plot.bottom)]);
    }
    ink
}

fn distance((x, y): (f64, f64), (other_x, other_y): (f64, f64)) -> f64 {
    (x - other_x).hypot(y - other_y)
}

/// The distance of a point from a rectangle.
fn to_rect((x, y): (f64, f64), rect: &Rect) -> f64 {
    distance((x, y), (x.clamp(rect.left, rect.right), y.clamp(rect.top, rect.bottom)))
}

fn is_inside(rect: &Rect, plot: &Rect) -> bool {
    rect.left > plot.left + 2.0
        && rect.right < plot.right - 2.0
        && rect.top > plot.top + 2.0
        && rect.bottom < plot.bottom - 2.0
}

fn overlaps(a: &Rect, b: &Rect) -> bool {
    a.left < b.right + 3.0 && b.left < a.right + 3.0 && a.top < b.bottom + 1.0 && b.top < a.bottom + 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::chart::{Axis, Color, Figure, LineStyle, Marker, Series};

    #[test]
    fn labels_are_apart_and_inside_and_the_bold_one_is_drawn() {
        let points: Vec<(f64, f64)> = (0..12).map(|i| (f64::from(i % 4), f64::from(i) / 10.0)).collect();
        let mut chart = Chart::new("", Axis::linear("x"), Axis::linear("y"));
        let series = Series::line("s", Color::BLACK, LineStyle::Solid, points.clone());
        chart.series.push(Series { line: None, ..series }.marker(Marker::Circle));
        let label = |(i, at): (usize, &(f64, f64))| PointLabel {
            at: *at,
            text: format!("AVQ {i} × 10, beam 16"),
            bold: i == 5,
        };
        chart.point_labels = points.iter().enumerate().map(label).collect();
        crate::figure::canvas::register_fonts().unwrap();
        let outer = Rect { left: 0.0, top: 0.0, right: 480.0, bottom: 340.0 };
        let frame = Frame::new(&chart, outer, 0.0);
        let placed = place(&chart, &frame);
        assert!(placed.len() >= 4 && placed[0].0.bold, "{}", placed.len());
        let at = |point: &(f64, f64)| frame.point(*point).unwrap();
        for (i, (label, rect)) in placed.iter().enumerate() {
            let nearest = points.iter().min_by(|a, b| to_rect(at(a), rect).total_cmp(&to_rect(at(b), rect)));
            assert_eq!(nearest, Some(&label.at), "{}", label.text);
            assert!(is_inside(rect, &frame.plot));
            assert!(placed[..i].iter().all(|(_, other)| !overlaps(rect, other)));
        }
        assert!(crate::figure::to_svg(&Figure::single(chart)).unwrap().contains("AVQ 5 × 10, beam 16"));
    }
}
