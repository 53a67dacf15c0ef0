//! Error over cost, for the quantizers of a recommendation: one row per bitrate, with operations, time and codebook
//! size side by side.

use std::path::{Path, PathBuf};

use super::chart::{Axis, Chart, Color, Figure, LegendPlace, LineStyle, Marker, PointLabel, Series, VerticalMark};
use super::curves::method_color;
use super::page::number;
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

/// The Pareto fronts as drawn.
#[derive(Clone, Debug)]
pub struct Pareto {
    /// `pareto.png` with all costs.
    pub files: Vec<PathBuf>,
    /// For pages: error over operations, and error over time and codebook size.
    pub operations: Drawn,
    pub others: Drawn,
}

/// Draws `DIR/pareto.png`.
///
/// # Errors
/// [`FigureError`]
pub fn draw_recommendation(found: &Recommendation, dir: &Path, formats: &[Format]) -> Result<Pareto, FigureError> {
    let all = sketch(found, &COSTS, "operations, time and size of the codebooks").finish(dir, formats)?;
    let part = |costs: &[Cost], over: &str| sketch(found, costs, over).finish(dir, &[]);
    Ok(Pareto {
        files: all.files,
        operations: part(&COSTS[..1], "operations")?,
        others: part(&COSTS[1..], "time and size of the codebooks")?,
    })
}

fn sketch(found: &Recommendation, costs: &[Cost], over: &str) -> Sketch {
    let row = |choice: &Choice| costs.iter().map(|cost| chart(found, choice, cost)).collect();
    let width = 430 * costs.len() as u32;
    let figure = Figure { rows: found.choices.iter().map(row).collect(), width, row_height: 440 };
    let caption =
        "Mean squared error of held-out vectors over the cost of encoding, on logarithmic cost axes. Each dot \
                   is a quantizer. The gray line is the Pareto front, and its points have names. The vertical line \
                   and the bold name mark the recommended quantizer."
            .to_string();
    Sketch { id: "pareto".into(), title: format!("Error over {over}"), caption, figure }
}

fn chart(found: &Recommendation, choice: &Choice, cost: &Cost) -> Chart {
    let own: Vec<&Candidate> = found.candidates.iter().filter(|c| c.shape.bits() == choice.bits).collect();
    let (label, value, _) = cost;
    let errors = own.iter().map(|c| c.mse.mean);
    let (low, high) = errors.fold((f64::INFINITY, 0f64), |(low, high), error| (low.min(error), high.max(error)));
    let name = "MSE per coordinate";
    let y = if low > 0.0 && high / low > LOG_FROM { Axis::log(name) } else { Axis::linear(name) };
    let mut chart = Chart::new(format!("{} bits per vector", choice.bits), Axis::log(*label), y);
    chart.series.push(front(&own, cost));
    chart.series.extend(Method::known().into_iter().filter_map(|method| dots(&own, method, *value)));
    let chosen = choice.chosen.map(|place| &found.candidates[place]);
    if let Some(chosen) = chosen {
        chart.marks.push(VerticalMark { x: value(chosen), label: String::new() });
    }
    chart.point_labels = names(&own, chosen, cost);
    chart.legend = LegendPlace::Below;
    chart
}

fn at(candidate: &Candidate, cost: fn(&Candidate) -> f64) -> (f64, f64) {
    (cost(candidate), candidate.mse.mean)
}

fn front(own: &[&Candidate], (_, cost, on_front): &Cost) -> Series {
    let mut front: Vec<(f64, f64)> = own.iter().filter(|c| on_front(c)).map(|c| at(c, *cost)).collect();
    front.sort_by(|a, b| a.0.total_cmp(&b.0));
    Series::line("", Color::GRAY.tint(0.6), LineStyle::Solid, front).width(1.2).unlabeled()
}

/// The quantizers of a method.
fn dots(own: &[&Candidate], method: Method, cost: fn(&Candidate) -> f64) -> Option<Series> {
    let own: Vec<&&Candidate> = own.iter().filter(|c| c.shape.method == method).collect();
    let points: Vec<(f64, f64)> = own.iter().map(|c| at(c, cost)).collect();
    let name = |c: &&&Candidate| format!("{}: MSE {} at {}", c.label(), number(c.mse.mean), number(cost(c)));
    let names = own.iter().map(name).collect();
    let series = Series::line(method.label(), method_color(method), LineStyle::Solid, points).names(names);
    (!own.is_empty()).then(|| Series { line: None, ..series }.marker(Marker::Circle))
}

/// The names of the quantizers on the front and of the choice.
fn names(own: &[&Candidate], chosen: Option<&Candidate>, (_, cost, on_front): &Cost) -> Vec<PointLabel> {
    let is_chosen = |c: &Candidate| chosen.is_some_and(|chosen| std::ptr::eq(chosen, c));
    let named = own.iter().filter(|c| on_front(c) || is_chosen(c));
    named.map(|c| PointLabel { at: at(c, *cost), text: c.label(), bold: is_chosen(c) }).collect()
}
