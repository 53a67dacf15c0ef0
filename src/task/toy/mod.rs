//! The toy experiment: a quantizer is trained alone on drawn vectors, and its mean squared error is measured.

mod figures;
mod run;
mod sections;
pub mod settings;

use std::ops::Bound::Excluded;

use super::cell::{Cell, CellSettings};
use super::panel::Primary;
use super::settings::field::{COUNT, MOST, POSITIVE, PRIMARY, cell, panel};
use super::settings::{Checked, Fault, Field, Kind, Node, Point, Settings, Span, resolve};
use super::{Codebooks, Context, Outcome, Resolver, Task, TaskError, Wanted, foreign};
use crate::data::Vectors;
use crate::data::cache::Places;

/// Vectors of a known distribution, drawn from named streams.
pub struct Toy;

const LAWS: &[&str] = &["uniform", "uniform-integers", "normal", "laplace", "ar1", "low-rank-mixture", "chained-maps"];

const FIELDS: &[Field] = &[
    cell("data.distribution", Kind::Choice(LAWS)).about("Distribution of the vectors."),
    cell("data.dimension", Kind::Whole(1, 65_536)).about("Dimension D of the vectors.").of_panel(),
    cell("data.rank", Kind::Whole(1, 65_536)).about("Rank of `low-rank-mixture` and `chained-maps`."),
    cell("data.correlation", Kind::Number((Excluded(-1.0), Excluded(1.0)), "a number between -1 and 1, both excluded"))
        .about("Correlation of neighboring coordinates of `ar1`."),
    cell("data.variance", POSITIVE).about("Variance of a coordinate; default: 1."),
    cell("data.vectors", Kind::Vectors)
        .about("Training vectors, or \"stream\" for new vectors in every batch; default: 500,000."),
    cell("data.mixing-seed", Kind::Whole(0, i64::MAX))
        .about("Seed of the mixing matrices of `low-rank-mixture` and `chained-maps`; default: 1."),
    cell("evaluation.vectors", COUNT).about("Test vectors; default: 262,144."),
    cell("evaluation.training-vectors", COUNT)
        .about("Training vectors on which the training set error is measured; default: all."),
    panel("evaluation.metrics", Kind::ChoiceList(&["mse"])).about("Metrics; `mse` is the only choice."),
    PRIMARY,
    cell("evaluation.other-search-vectors", Kind::Whole(0, MOST))
        .about("AVQ: training vectors that are also encoded with the other search, `beam` or `released`; default: 0."),
];

impl Task for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }

    fn purpose(&self) -> &'static str {
        "draws its vectors and measures their error"
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn wanted(&self, settings: &Settings) -> Vec<Wanted> {
        let mut wanted = vec![("data.distribution", "\"normal\""), ("data.dimension", "64")];
        match settings.text("data.distribution") {
            Some("ar1") => wanted.push(("data.correlation", "0.9")),
            Some("low-rank-mixture" | "chained-maps") => wanted.push(("data.rank", "16")),
            Some("uniform-integers") => wanted.push(("data.variance", "140.0")),
            _ => {}
        }
        wanted
    }

    /// The learning rate of Adam follows from the variance of the data, and the number of updates has a default.
    fn wanted_of_training(&self, settings: &Settings) -> Vec<Wanted> {
        match settings.text("training.optimizer") {
            Some("sgd") => vec![("training.learning-rate", "0.01")],
            _ => Vec::new(),
        }
    }

    fn starter(&self) -> &'static [Wanted] {
        &[
            ("sweep.methods", r#"["avq", "rvq", "pvq"]"#),
            ("sweep.stages", "[4]"),
            ("sweep.bits", "[12, 16, 20]"),
            ("sweep.seeds", "2"),
            ("data.distribution", "\"ar1\""),
            ("data.correlation", "0.9"),
            ("data.dimension", "16"),
            ("data.vectors", "20_000"),
            ("quantizer.beam-width", "4"),
            ("quantizer.training-beam-width", "1"),
            ("training.updates", "1_000"),
            ("evaluation.vectors", "10_000"),
        ]
    }

    fn resolver(&self) -> Box<dyn Resolver> {
        Box::new(Drawn)
    }

    fn metric(&self, _: &Settings) -> String {
        "mse".into()
    }

    fn claim_metrics(&self) -> &'static [&'static str] {
        &["mse", "complexity"]
    }

    /// Without published numbers it is the test error, which matters in applications.
    fn primary(&self, settings: &Settings, head: Span, has_published: bool) -> Checked<Primary> {
        let is_stream = settings::vectors(settings) == Vectors::Stream;
        let node = settings.node("evaluation.primary");
        let primary = match node.and_then(Node::text) {
            Some("fresh") => Primary::Fresh,
            None if is_stream || !has_published => Primary::Fresh,
            _ => Primary::Training,
        };
        if is_stream && primary == Primary::Training {
            let span = node.or(settings.node("data.vectors")).map_or(head, |node| node.span);
            let message = "`evaluation.primary` can't be \"training\": a stream is not a training set to measure on";
            return Err(Fault::new(span, message).allowed("\"fresh\" where data.vectors = \"stream\""));
        }
        Ok(primary)
    }

    fn parts(&self) -> Vec<&'static str> {
        vec!["training", "fresh"]
    }

    fn primary_part(&self, primary: Primary) -> Option<&'static str> {
        Some(primary.name())
    }

    fn published_part(&self) -> Option<&'static str> {
        Some("training")
    }

    fn measured_on(&self, primary: Primary) -> Option<&'static str> {
        Some(match primary {
            Primary::Training => "the training set",
            Primary::Fresh => "held-out test vectors",
        })
    }

    fn codebooks(&self) -> Option<Codebooks> {
        Some(Codebooks { folder: "codebooks", ending: "safetensors", if_asked: true })
    }

    fn run(&self, cell: &Cell, context: &Context) -> Result<Outcome, TaskError> {
        let CellSettings::Toy(settings) = &cell.settings else { return Err(foreign(cell)) };
        run::run(settings, cell, context)
    }

    fn cost(&self, cell: &Cell) -> f64 {
        if let CellSettings::Toy(settings) = &cell.settings { run::cost(settings) } else { 0.0 }
    }
}

/// Toy vectors are drawn, so there are no files to open.
struct Drawn;

impl Resolver for Drawn {
    fn dimension(&mut self, settings: &Settings, head: Span, _: &Places) -> Checked<usize> {
        resolve::dimension(settings, head)
    }

    fn cell(&mut self, settings: &Settings, point: Point, _: &Places) -> Checked<CellSettings> {
        settings::resolve(settings, point).map(CellSettings::Toy)
    }
}
