//! Nearest-neighbor search: codebooks are trained on a learn set, a base is encoded, and queries are searched among the
//! codes; recall@T is measured.

pub mod data;
mod figures;
mod run;
mod sections;
pub mod settings;

use super::cell::{Cell, CellSettings, DescriptorData};
use super::panel::{AxisField, PanelAxis};
use super::settings::data_set::Opened;
use super::settings::field::{DATA_PATH, DATA_SEED, MOST_VECTORS, cell, panel};
use super::settings::{Field, Kind, Settings};
use super::{Codebooks, Context, Outcome, Resolver, Task, TaskError, Wanted, foreign};

/// Descriptors and their nearest neighbors.
pub struct Search;

/// The largest T of a recall@T.
const MOST_RANK: i64 = 1_000_000;

const FIELDS: &[Field] = &[
    DATA_PATH,
    cell("data.set", Kind::Choice(&["sift1m", "siftsmall"]))
        .about("Known data set, used if it is found (`vqlab data fetch`).")
        .of_panel(),
    cell("data.learn", Kind::Whole(1, MOST_VECTORS))
        .about("Vectors to train on; default: all; 20,000 of synthetic data.")
        .of_panel(),
    cell("data.base", Kind::Whole(1, MOST_VECTORS))
        .about("Vectors to search among; default: all; 20,000 of synthetic data.")
        .of_panel(),
    cell("data.queries", Kind::Whole(1, MOST_VECTORS))
        .about("Queries; default: all; 1,000 of synthetic data.")
        .of_panel(),
    DATA_SEED,
    panel("evaluation.recall-at", Kind::WholeList(1, MOST_RANK))
        .about("T of recall@T. Figures over bits show the first one."),
    panel("evaluation.also-recall-at", Kind::WholeList(1, MOST_RANK))
        .about("Further T, recorded but not shown in figures."),
    cell("evaluation.norms", Kind::Choice(&["exact", "byte", "omitted"]))
        .about("What AVQ and RVQ store of the squared length of each decoded vector; default: exact.")
        .of_panel(),
];

const AXIS: AxisField = AxisField {
    path: "evaluation.recall-at",
    unit: "T",
    axis: PanelAxis::Rank,
    bounds: (["min-t", "max-t"], MOST_RANK),
    ending: "T",
};

impl Task for Search {
    fn name(&self) -> &'static str {
        "search"
    }

    fn purpose(&self) -> &'static str {
        "takes descriptors from a folder, or synthetic ones, and measures recall"
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn wanted(&self, _: &Settings) -> Vec<Wanted> {
        vec![("evaluation.recall-at", "[1, 10, 100]")]
    }

    fn starter(&self) -> &'static [Wanted] {
        &[
            ("sweep.methods", r#"["avq", "rvq"]"#),
            ("sweep.baselines", r#"["pvq"]"#),
            ("sweep.stages", "[4]"),
            ("sweep.bits", "[16, 24]"),
            ("sweep.seeds", "2"),
            ("data.learn", "5_000"),
            ("data.base", "5_000"),
            ("data.queries", "200"),
            ("quantizer.beam-width", "8"),
            ("training.updates", "500"),
            ("training.learning-rate", "3.0"),
        ]
    }

    fn resolver(&self) -> Box<dyn Resolver> {
        Box::new(Opened::<DescriptorData>::default())
    }

    fn metric(&self, _: &Settings) -> String {
        "recall".into()
    }

    fn claim_metrics(&self) -> &'static [&'static str] {
        &["recall", "complexity"]
    }

    fn axis(&self) -> Option<&'static AxisField> {
        Some(&AXIS)
    }

    fn codebooks(&self) -> Option<Codebooks> {
        Some(Codebooks { folder: "codebooks", ending: "safetensors", if_asked: false })
    }

    fn run(&self, cell: &Cell, context: &Context) -> Result<Outcome, TaskError> {
        let CellSettings::Search(settings) = &cell.settings else { return Err(foreign(cell)) };
        run::run(settings, cell, context)
    }

    fn cost(&self, cell: &Cell) -> f64 {
        if let CellSettings::Search(settings) = &cell.settings { run::cost(settings) } else { 0.0 }
    }
}
