//! Error over cost, for the quantizers of a recommendation: one row per bitrate, with operations, time and codebook
//! size side by side.

use std::path::Path;

use super::chart::{Axis, Chart, Color, Figure, LegendPlace, LineStyle, Marker, Series, VerticalMark};
use super::curves::method_color;
use super::keys::number;
use super::{Drawn, FigureError, Format, Sketch};
use crate::quantizer::Method;
use crate::recommend::{Candidate, Choice, Recommendation};

type Cost = (&'static str, fn(&Candidate) -> f64, fn(&Candidate) -> bool);

const COSTS: [Cost; 3] = [
    ("operations of encoding one vector (WMOPS)", |c| c.wmops, |c| c.front.wmops),
    ("encoding time of one vector (ms)", |c| c.ms_per_vector, |c| c.front.ms),
    ("codebooks (KiB)", |c| c.codebook_bytes as f64 / 1024.0, |c| c.front.bytes),
];

/// Errors with a larger ratio of largest to smallest are drawn on a logarithmic axis.
const LOG_FROM: f64 = 2.0;

/// Draws `DIR/pareto.png`.
///
/// # Errors
/// [`FigureError`]
pub fn draw_recommendation(found: &Recommendation, dir: &Path, formats: &[Format]) -> Result<Drawn, FigureError> {
    let row = |choice: &Choice| COSTS.iter().map(|cost| chart(found, choice, cost)).collect();
    let figure = Figure { rows: found.choices.iter().map(row).collect(), width: 1290, row_height: 440 };
    let caption =
        "Mean squared error of held-out vectors over the cost of encoding, on logarithmic cost axes. Each dot is a \
        quantizer. Gray lines are the Pareto fronts. The vertical line marks the recommended quantizer."
            .to_string();
    let title = "Error over operations, time and size of the codebooks".to_string();
    Sketch { id: "pareto".into(), title, caption, figure }.finish(dir, formats)
}

fn chart(found: &Recommendation, choice: &Choice, (label, cost, on_front): &Cost) -> Chart {
    let own: Vec<&Candidate> = found.candidates.iter().filter(|c| c.shape.bits() == choice.bits).collect();
    let place = |c: &&Candidate| (cost(c), c.mse.mean);
    let errors = own.iter().map(|c| c.mse.mean);
    let (low, high) = errors.fold((f64::INFINITY, 0f64), |(low, high), error| (low.min(error), high.max(error)));
    let name = "MSE per coordinate";
    let y = if low > 0.0 && high / low > LOG_FROM { Axis::log(name) } else { Axis::linear(name) };
    let mut chart = Chart::new(format!("{} bits per vector", choice.bits), Axis::log(*label), y);
    let mut front: Vec<(f64, f64)> = own.iter().filter(|c| on_front(c)).map(place).collect();
    front.sort_by(|a, b| a.0.total_cmp(&b.0));
    chart.series.push(Series::line("", Color::GRAY.tint(0.6), LineStyle::Solid, front).width(1.2).unlabeled());
    for method in Method::known() {
        let points: Vec<(f64, f64)> = own.iter().filter(|c| c.shape.method == method).map(place).collect();
        if !points.is_empty() {
            let named = own.iter().filter(|c| c.shape.method == method);
            let name = |c: &&&Candidate| format!("{}: MSE {} at {}", c.label(), number(c.mse.mean), number(cost(c)));
            let series = Series::line(method.label(), method_color(method), LineStyle::Solid, points);
            let series = series.names(named.map(|c| name(&c)).collect());
            chart.series.push(Series { line: None, ..series }.marker(Marker::Circle));
        }
    }
    if let Some(chosen) = choice.chosen.map(|place| &found.candidates[place]) {
        chart.marks.push(VerticalMark { x: cost(chosen), label: chosen.label() });
    }
    chart.legend = LegendPlace::Below;
    chart
}
