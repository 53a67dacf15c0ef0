//! Error over cost, for the quantizers of a recommendation: one row per bitrate, with operations, time and codebook
//! size side by side.

use std::path::{Path, PathBuf};

use super::chart::{
    Axis, Chart, Color, Figure, LegendPlace, LineStyle, Marker, PointLabel, Scale, Series, VerticalMark,
};
use super::curves::method_color;
use super::keys::number;
use super::{Drawn, FigureError, Format, Sketch};
use crate::quantizer::Method;
use crate::recommend::{Candidate, Choice, Recommendation};

struct Cost {
    /// In titles.
    name: &'static str,
    axis: &'static str,
    of: fn(&Candidate) -> f64,
    on_front: fn(&Candidate) -> bool,
}

const COSTS: [Cost; 3] = [
    Cost {
        name: "operations",
        axis: "operations of encoding one vector (WMOPS)",
        of: |c| c.wmops,
        on_front: |c| c.front.wmops,
    },
    Cost { name: "time", axis: "encoding time of one vector (ms)", of: |c| c.ms_per_vector, on_front: |c| c.front.ms },
    Cost {
        name: "codebook size",
        axis: "codebooks (KiB)",
        of: |c| c.codebook_bytes as f64 / 1024.0,
        on_front: |c| c.front.bytes,
    },
];

/// Errors with a larger ratio of largest to smallest are drawn on a logarithmic axis.
const LOG_FROM: f64 = 2.0;

/// The Pareto fronts as drawn.
#[derive(Clone, Debug)]
pub struct Pareto {
    /// `pareto.png`, with all costs.
    pub files: Vec<PathBuf>,
    /// For pages: error over operations, over time, and over codebook size.
    pub by_cost: Vec<Drawn>,
}

/// Draws `DIR/pareto.png`.
///
/// # Errors
/// [`FigureError`]
pub fn draw_recommendation(found: &Recommendation, dir: &Path, formats: &[Format]) -> Result<Pareto, FigureError> {
    let all = sketch(found, &COSTS, "operations, time and codebook size").finish(dir, formats)?;
    let by_cost = COSTS.chunks(1).map(|cost| sketch(found, cost, cost[0].name).finish(dir, &[]));
    Ok(Pareto { files: all.files, by_cost: by_cost.collect::<Result<_, _>>()? })
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
    let own: Vec<&Candidate> = found.of_bits(choice).collect();
    let errors: Vec<f64> = own.iter().map(|c| c.mse.mean).collect();
    let (low, high) = ends(&errors);
    let name = "MSE per coordinate";
    let y = if low > 0.0 && high / low > LOG_FROM { Axis::log(name) } else { Axis::linear(name) };
    let costs: Vec<f64> = own.iter().map(|c| (cost.of)(c)).collect();
    let (x, y) = (with_room(Axis::log(cost.axis), &costs), with_room(y, &errors));
    let mut chart = Chart::new(format!("{} bits per vector", choice.bits), x, y);
    chart.series.push(front(&own, cost));
    chart.series.extend(Method::known().into_iter().filter_map(|method| dots(&own, method, cost)));
    let chosen = choice.chosen.map(|place| &found.candidates[place]);
    if let Some(chosen) = chosen {
        chart.marks.push(VerticalMark { x: (cost.of)(chosen), label: String::new() });
    }
    chart.point_labels = names(&own, chosen, cost);
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

fn ends(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)))
}

fn at(candidate: &Candidate, cost: &Cost) -> (f64, f64) {
    ((cost.of)(candidate), candidate.mse.mean)
}

fn front(own: &[&Candidate], cost: &Cost) -> Series {
    let mut front: Vec<(f64, f64)> = own.iter().filter(|c| (cost.on_front)(c)).map(|c| at(c, cost)).collect();
    front.sort_by(|a, b| a.0.total_cmp(&b.0));
    Series::line("", Color::GRAY.tint(0.6), LineStyle::Solid, front).width(1.2).unlabeled()
}

/// The quantizers of a method.
fn dots(own: &[&Candidate], method: Method, cost: &Cost) -> Option<Series> {
    let own: Vec<&&Candidate> = own.iter().filter(|c| c.shape.method == method).collect();
    let points: Vec<(f64, f64)> = own.iter().map(|c| at(c, cost)).collect();
    let name = |c: &&&Candidate| format!("{}: MSE {} at {}", c.label(), number(c.mse.mean), number((cost.of)(c)));
    let names = own.iter().map(name).collect();
    let series = Series::line(method.label(), method_color(method), LineStyle::Solid, points).names(names);
    (!own.is_empty()).then(|| Series { line: None, ..series }.marker(Marker::Circle))
}

/// The names of the quantizers on the front and of the choice.
fn names(own: &[&Candidate], chosen: Option<&Candidate>, cost: &Cost) -> Vec<PointLabel> {
    let is_chosen = |c: &Candidate| chosen.is_some_and(|chosen| std::ptr::eq(chosen, c));
    let named = own.iter().filter(|c| (cost.on_front)(c) || is_chosen(c));
    named.map(|c| PointLabel { at: at(c, cost), text: c.label(), bold: is_chosen(c) }).collect()
}
