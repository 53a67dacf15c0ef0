//! Error over one cost: a dot for each quantizer, the Pareto front, and the choice.

use super::chart::{Axis, Chart, Color, LegendPlace, LineStyle, Marker, PointLabel, Scale, Series, VerticalMark};

/// A quantizer in a chart.
#[derive(Clone, Debug)]
pub(crate) struct Dot {
    /// Beside the dot, if it is on the front or chosen.
    pub label: String,
    /// The entry in the legend, which quantizers of a method share.
    pub method: String,
    pub color: Color,
    /// The cost and the error.
    pub at: (f64, f64),
    /// For pages.
    pub name: String,
    pub on_front: bool,
    pub is_chosen: bool,
}

/// The chart of dots. Dots of a method have one color. The front is a gray line, the choice has a vertical one.
pub(crate) fn pareto(title: impl Into<String>, [x, y]: [Axis; 2], dots: &[Dot]) -> Chart {
    let values = |of: fn(&Dot) -> f64| dots.iter().map(of).collect::<Vec<f64>>();
    let (x, y) = (with_room(x, &values(|dot| dot.at.0)), with_room(y, &values(|dot| dot.at.1)));
    let mut chart = Chart::new(title, x, y);
    chart.series.push(front(dots));
    let mut methods: Vec<&str> = Vec::new();
    for dot in dots {
        if !methods.contains(&dot.method.as_str()) {
            methods.push(&dot.method);
        }
    }
    chart.series.extend(methods.into_iter().map(|method| of_method(dots, method)));
    let chosen = dots.iter().filter(|dot| dot.is_chosen);
    chart.marks.extend(chosen.map(|dot| VerticalMark { x: dot.at.0, label: String::new() }));
    let named = dots.iter().filter(|dot| dot.on_front || dot.is_chosen);
    let label = |dot: &Dot| PointLabel { at: dot.at, text: dot.label.clone(), bold: dot.is_chosen };
    chart.point_labels.extend(named.map(label));
    chart.legend = LegendPlace::Below;
    chart
}

/// The axis with room for names beside the outermost points.
fn with_room(axis: Axis, values: &[f64]) -> Axis {
    const ROOM: f64 = 0.12;
    let (low, high) = ends(values);
    let range = match axis.scale {
        Scale::Linear => (low - ROOM * (high - low), high + ROOM * (high - low)),
        Scale::Log => (low * (low / high).powf(ROOM), high * (high / low).powf(ROOM)),
    };
    let is_usable = range.0.is_finite() && range.1.is_finite() && range.0 < range.1;
    Axis { range: is_usable.then_some(range), ..axis }
}

/// The lowest and the highest value.
pub(super) fn ends(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)))
}

fn front(dots: &[Dot]) -> Series {
    let mut front: Vec<(f64, f64)> = dots.iter().filter(|dot| dot.on_front).map(|dot| dot.at).collect();
    front.sort_by(|a, b| a.0.total_cmp(&b.0));
    Series::line("", Color::GRAY.tint(0.6), LineStyle::Solid, front).width(1.2).unlabeled()
}

fn of_method(dots: &[Dot], method: &str) -> Series {
    let own: Vec<&Dot> = dots.iter().filter(|dot| dot.method == method).collect();
    let color = own.first().map_or(Color::BLACK, |dot| dot.color);
    let points = own.iter().map(|dot| dot.at).collect();
    let names = own.iter().map(|dot| dot.name.clone()).collect();
    let series = Series::line(method, color, LineStyle::Solid, points).names(names);
    Series { line: None, ..series }.marker(Marker::Circle)
}
