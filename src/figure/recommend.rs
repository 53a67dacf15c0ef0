//! Error over cost, for the quantizers of a recommendation: one row per bitrate, with operations, time and codebook
//! size side by side.

use std::path::{Path, PathBuf};

use super::chart::{Axis, Chart, Figure};
use super::curves::method_color;
use super::keys::number;
use super::pareto::{Dot, ends, pareto};
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
    let known = Method::known();
    let place = |candidate: &Candidate| known.iter().position(|method| *method == candidate.shape.method);
    let mut own: Vec<&Candidate> = found.of_bits(choice).collect();
    // The order of the legend.
    own.sort_by_key(|candidate| place(candidate));
    let chosen = choice.chosen.map(|place| &found.candidates[place]);
    let dot = |candidate: &&Candidate| {
        let at = ((cost.of)(candidate), candidate.mse.mean);
        Dot {
            label: candidate.label(),
            method: candidate.shape.method.label().to_string(),
            color: method_color(candidate.shape.method),
            at,
            name: format!("{}: MSE {} at {}", candidate.label(), number(at.1), number(at.0)),
            on_front: (cost.on_front)(candidate),
            is_chosen: chosen.is_some_and(|chosen| std::ptr::eq(chosen, *candidate)),
        }
    };
    let dots: Vec<Dot> = own.iter().map(dot).collect();
    let (low, high) = ends(&dots.iter().map(|dot| dot.at.1).collect::<Vec<_>>());
    let name = "MSE per coordinate";
    let y = if low > 0.0 && high / low > LOG_FROM { Axis::log(name) } else { Axis::linear(name) };
    pareto(format!("{} bits per vector", choice.bits), [Axis::log(cost.axis), y], &dots)
}
