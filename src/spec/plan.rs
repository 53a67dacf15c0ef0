//! The plan: a checked spec under one profile, expanded into panels, points and cells. Everything after the spec
//! (runner, aggregation, comparison, figures, reports) reads the plan and never the TOML.

use std::path::PathBuf;

use super::cell::{Cell, Method};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    Toy,
    Complexity,
}

/// Which measurement goes into the Results file under the published name; the other one stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Primary {
    /// On the training set itself, as the published toy numbers are.
    Training,
    /// On fresh vectors.
    Fresh,
}

impl Primary {
    pub fn name(self) -> &'static str {
        match self {
            Primary::Training => "training",
            Primary::Fresh => "fresh",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Plan {
    /// `[experiment] name`; names the report files.
    pub name: String,
    pub title: String,
    /// One paragraph from `[experiment] description`, for the report.
    pub description: String,
    /// The spec file and its text, for provenance.
    pub source: PathBuf,
    pub source_text: String,
    pub task: TaskKind,
    /// `default` where none was asked for; names the folder under results/ and reports/.
    pub profile: String,
    /// Figures that this experiment draws: `2a`, `2b`, `3`, `4c`, `6b`.
    pub figures: Vec<String>,
    /// The record metric that is aggregated, without the `-training`/`-fresh` ending: `mse` or `log10-wmops`.
    pub metric: String,
    pub primary: Primary,
    /// In spec order (= order of the series in the Results files).
    pub methods: Vec<Method>,
    pub seeds: Vec<u64>,
    pub panels: Vec<Panel>,
    pub claims: Vec<Claim>,
}

/// One curve family: a data set (variant) or one value of a further axis; one Results file.
#[derive(Clone, Debug)]
pub struct Panel {
    /// `correlated`, `uncorrelated`, `64`, …; unique within the plan; key of `[output.results]`.
    pub name: String,
    /// First entries of the Results file: ("Data", "Correlated"), …; "Metric" is added after them.
    pub labels: Vec<(String, String)>,
    /// D, for axis titles and complexity.
    pub dimension: usize,
    /// `Figure 2/correlated_dataset_Fig2-a.json`, below results/PROFILE/.
    pub results_file: String,
    /// The published file it stands against (usually the same name), if there is one: a key of
    /// [`crate::results::published`].
    pub published_file: Option<String>,
    /// The figure it is drawn in: `2a`; None = tables and reports only.
    pub figure: Option<String>,
    pub comparison: Comparison,
    /// Ordered by method (spec order), then total bits ascending.
    pub points: Vec<PlannedPoint>,
}

#[derive(Clone, Debug)]
pub struct Comparison {
    /// Equivalence margin relative to the published mean: 0.005 = ±0.5 %.
    pub margin: f64,
    /// Other margins for single points: (method, total bits, margin).
    pub point_margins: Vec<(Method, u32, f64)>,
    /// None: verdicts are given. Some(reason): not comparable (other data, a reduced profile): trends and claims only.
    pub not_comparable: Option<String>,
    /// Known anomalies of the published data, listed with the figure.
    pub anomalies: Vec<String>,
}

/// One point of a curve with its cells, one a seed.
#[derive(Clone, Debug)]
pub struct PlannedPoint {
    pub method: Method,
    /// B = M·b.
    pub bits: u32,
    pub stages: usize,
    pub bits_per_stage: u32,
    /// AVQ's beam width at evaluation.
    pub beam_width: Option<usize>,
    pub cells: Vec<Cell>,
}

/// A statement of the paper, checked on our results and on the published ones.
#[derive(Clone, Debug)]
pub struct Claim {
    pub text: String,
    pub kind: ClaimKind,
    /// Panels it speaks of; empty = all.
    pub panels: Vec<String>,
    /// Smallest and largest total bits it speaks of.
    pub min_bits: Option<u32>,
    pub max_bits: Option<u32>,
}

#[derive(Clone, Debug)]
pub enum ClaimKind {
    /// Values rise strictly along the list at every bitrate: first = smallest.
    Order(Vec<Method>),
    Lowest(Method),
    Highest(Method),
    /// The relative gap (max − min)/min between methods falls strictly along `panels`, at every bitrate.
    GapShrinks,
}

impl Plan {
    /// All cells, each key once, in plan order (equal cells of two panels share a record).
    pub fn cells(&self) -> Vec<Cell> {
        let mut seen = std::collections::HashSet::new();
        let all = self.panels.iter().flat_map(|p| &p.points).flat_map(|p| &p.cells);
        all.filter(|c| seen.insert(c.key())).cloned().collect()
    }
}
