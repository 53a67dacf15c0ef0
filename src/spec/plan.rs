//! The plan: a checked spec under one profile, expanded into panels, points and cells. All later steps (runner,
//! aggregation, comparison, figures, reports) read the plan and never the TOML.

use std::path::{Path, PathBuf};

use super::{Cell, CellSettings, FIGURES, LoadOptions, Method, Trainer, WantedSet};
pub use crate::metric::Margin;
use crate::task::Task;
pub use crate::task::panel::{Contender, PanelAxis, Primary};

#[derive(Clone, Debug)]
pub struct Plan {
    /// `[experiment] name`. It names the report files.
    pub name: String,
    pub title: String,
    /// One paragraph from `[experiment] description`, for the report.
    pub description: String,
    /// The spec file and its text, for provenance.
    pub source: PathBuf,
    pub source_text: String,
    pub task: &'static dyn Task,
    /// `default` if no profile was requested.
    pub profile: String,
    /// The folder under results/ and reports/: the profile, and the name of the user's own data if they are used.
    pub folder: String,
    /// Figures that this experiment draws: figures of the paper ([`Panel::paper_figure`]), or others with any name.
    pub figures: Vec<String>,
    pub primary: Primary,
    /// In spec order (= order of the series in the Results files).
    pub contenders: Vec<Contender>,
    pub seeds: Vec<u64>,
    pub panels: Vec<Panel>,
    pub claims: Vec<Claim>,
    /// `output.codebooks`: toy cells keep their codebooks. Cells of other tasks always do.
    pub codebooks: bool,
    /// The options that the command line added to the spec.
    pub options: LoadOptions,
    /// The known data sets that the spec requests.
    pub data_sets: Vec<WantedSet>,
    /// Sources of the data, named in the reports: `data.attribution`.
    pub attributions: Vec<String>,
}

/// One curve family: a data set (variant) or one value of a further axis; one Results file.
#[derive(Clone, Debug)]
pub struct Panel {
    /// `correlated`, `uncorrelated`, `64`, …; unique within the plan; key of `[output.results]`.
    pub name: String,
    /// First entries of the Results file: ("Data", "Correlated"), …; "Metric" is added after them.
    pub labels: Vec<(String, String)>,
    /// The record metric of the panel, without its ending: `mse`, `psnr`, `ssim`, …, `log10-wmops`, `recall`, `pesq` or
    /// `psnr-perceptual`.
    pub metric: String,
    /// D, for axis titles and complexity.
    pub dimension: usize,
    /// `Figure 2/correlated_dataset_Fig2-a.json`, below results/PROFILE/.
    pub results_file: String,
    /// The published file for the comparison (usually with the same name), if there is one: a key of
    /// [`crate::results::published`].
    pub published_file: Option<String>,
    /// The figure of the panel, such as `2a`, or another one with any name. None = a figure of its own.
    pub figure: Option<String>,
    pub comparison: Comparison,
    pub axis: PanelAxis,
    /// The T of recall@T, or the bitrates of speech in bit/s, in the order of the spec. Figures over bits show the
    /// first one. Empty if neither is measured.
    pub measured_at: Vec<u32>,
    /// Ordered by contender (spec order), then total bits ascending.
    pub points: Vec<PlannedPoint>,
}

#[derive(Clone, Debug)]
pub struct Comparison {
    pub margin: Margin,
    /// Different margins for single points: (contender, total bits, margin).
    pub point_margins: Vec<(Contender, u32, Margin)>,
    /// None: verdicts are given. Some(reason): not comparable (other data, a reduced profile); only trends and claims
    /// are checked.
    pub not_comparable: Option<String>,
    /// Known anomalies of the published data, listed with the figure.
    pub anomalies: Vec<String>,
}

/// One point of a curve with its cells, one per seed.
#[derive(Clone, Debug)]
pub struct PlannedPoint {
    pub contender: Contender,
    /// B = M·b.
    pub bits: u32,
    pub stages: usize,
    pub bits_per_stage: u32,
    /// AVQ's beam width at evaluation.
    pub beam_width: Option<usize>,
    pub cells: Vec<Cell>,
}

/// A statement of the paper that is checked on our results and on the published results.
#[derive(Clone, Debug)]
pub struct Claim {
    pub text: String,
    pub kind: ClaimKind,
    pub metric: ClaimMetric,
    /// The panels of the claim; empty = all.
    pub panels: Vec<String>,
    /// The smallest and the largest position of the claim on the panels' axis: total bits, T, or bit/s.
    pub min: Option<u32>,
    pub max: Option<u32>,
    /// The minimum difference between values: a share of the larger one, or in dB or points of a score according to the
    /// metric. Only for [`ClaimKind::Order`], [`ClaimKind::Lowest`] and [`ClaimKind::Highest`].
    pub margin: Option<f64>,
}

/// A curve that a claim names: `rvq`, or `rvq:kmeans` for the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    pub method: Method,
    /// `None`: the panel's own trainer ([`Panel::trainer`]), or the method's only trainer in the panel.
    pub trainer: Option<Trainer>,
}

impl From<Method> for Named {
    fn from(method: Method) -> Self {
        Named { method, trainer: None }
    }
}

/// The metric of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimMetric {
    /// The panel's own metric.
    Primary,
    /// The paper's count of operations for encoding one vector.
    Complexity,
}

#[derive(Clone, Debug)]
pub enum ClaimKind {
    /// Values rise strictly along the list everywhere on the axis; the first is the smallest. With `best_first`, values
    /// get strictly worse along the list.
    Order { order: Vec<Named>, best_first: bool },
    /// Below all other methods with the same trainer.
    Lowest(Named),
    /// Above all other methods with the same trainer.
    Highest(Named),
    /// Every method's values rise strictly along the axis.
    Rises,
    /// The relative gap (max − min)/min between methods falls strictly along `panels`, at every bitrate.
    GapShrinks,
    /// As the budget of operations grows, the best method follows the list, each method once.
    BestByComplexity(Vec<Method>),
    /// The difference between the method and its baseline trained by k-means is at most `margin`, in the unit of the
    /// metric.
    NearBaseline { method: Method, margin: f64 },
}

impl Panel {
    /// The contender's name in Results files. In a panel with both trainers, baselines are named like `AVQ baseline`.
    /// In panels over T, the others are named like `AVQ proposed`, as in the published files. All other names are
    /// plain, like `AVQ`.
    pub fn curve_name(&self, contender: Contender) -> String {
        let trainers = |trainer| self.points.iter().any(|p| p.contender.trainer == trainer);
        let both = trainers(Trainer::Nsvq) && trainers(Trainer::Kmeans);
        match contender.trainer {
            Trainer::Nsvq if both && matches!(self.axis, PanelAxis::Rank(_)) => {
                format!("{} proposed", contender.method.label())
            }
            Trainer::Kmeans if both => format!("{} baseline", contender.method.label()),
            _ => contender.method.label().to_owned(),
        }
    }

    /// The paper's figure that shows the panel: `1`, `1a`, `1b`, `2a`, `2b`, `3`, `4a`, `4b`, `4c`, `5`, `6a` or `6b`.
    pub fn paper_figure(&self) -> Option<&str> {
        self.figure.as_deref().filter(|figure| FIGURES.contains(figure))
    }

    /// The trainer in the panel's statements about methods: the paper's, unless only the other one is present.
    pub fn trainer(&self) -> Trainer {
        let all = self.points.iter().map(|p| p.contender.trainer);
        all.min().unwrap_or(Trainer::Nsvq)
    }

    /// The settings of its first cell.
    pub fn settings(&self) -> Option<&CellSettings> {
        self.points.iter().flat_map(|p| &p.cells).map(|cell| &cell.settings).next()
    }

    /// The name of the descriptors searched, the images compressed, or the speech coded.
    pub fn data_name(&self) -> Option<&str> {
        self.settings()?.data_name()
    }

    /// The contenders and the positions of their planned points on the axis, in the panel's order.
    pub fn places(&self) -> Vec<(Contender, u32)> {
        let places = |point: &PlannedPoint| match &self.axis {
            PanelAxis::Bits => vec![(point.contender, point.bits)],
            PanelAxis::Rank(places) | PanelAxis::Bitrate(places) => {
                places.iter().map(|at| (point.contender, *at)).collect()
            }
        };
        self.points.iter().flat_map(places).collect()
    }

    /// The planned point at a position on the axis.
    pub fn planned(&self, contender: Contender, at: u32) -> Option<&PlannedPoint> {
        let is_there = |p: &&PlannedPoint| p.contender == contender && (self.axis != PanelAxis::Bits || p.bits == at);
        self.points.iter().find(is_there)
    }
}

impl Plan {
    /// Whether every cell of the panel also belongs to one earlier panel. The panel then shows a part of the same
    /// numbers.
    pub fn is_part_of_earlier(&self, panel: &Panel) -> bool {
        let earlier = self.panels.iter().take_while(|p| p.name != panel.name);
        let cells = |panel: &Panel| panel.points.iter().flat_map(|p| p.cells.clone()).collect::<Vec<_>>();
        let own = cells(panel);
        earlier.map(cells).any(|cells| own.iter().all(|cell| cells.contains(cell)))
    }

    /// Whether any panel has published numbers for comparison. Otherwise the experiment is a user's own.
    pub fn has_published(&self) -> bool {
        self.panels.iter().any(|panel| panel.published_file.is_some())
    }

    /// The command that computes this plan: `vqlab run experiments/toy.toml --profile paper --seeds 2`.
    pub fn command(&self) -> String {
        self.command_with(&self.source, &self.options.set)
    }

    /// Like [`Plan::command`], for files with other readers: without the folders of this machine.
    pub fn command_elsewhere(&self) -> String {
        let source = if self.source.is_absolute() { self.source.file_name().map(Path::new) } else { None };
        self.command_with(source.unwrap_or(&self.source), &self.set_elsewhere())
    }

    /// `--set` with folders and files reduced to their names.
    pub fn set_elsewhere(&self) -> Vec<String> {
        let shortened = |set: &String| match set.split_once('=') {
            Some((key, value)) if key.trim() == "data.path" || key.trim().ends_with(".data.path") => {
                let path = Path::new(value.trim().trim_matches(['"', '\'']));
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                format!("{key}={name}")
            }
            _ => set.clone(),
        };
        self.options.set.iter().map(shortened).collect()
    }

    fn command_with(&self, source: &Path, set: &[String]) -> String {
        let mut words = vec!["vqlab".to_owned(), "run".to_owned(), source.display().to_string()];
        if self.profile != "default" {
            words.extend(["--profile".to_owned(), self.profile.clone()]);
        }
        words.extend(set.iter().flat_map(|set| ["--set".to_owned(), set.clone()]));
        words.extend(self.options.seeds.iter().flat_map(|seeds| ["--seeds".to_owned(), seeds.to_string()]));
        words.iter().map(|word| in_shell(word)).collect::<Vec<_>>().join(" ")
    }

    /// All cells, each key once, in plan order (equal cells of two panels share a record).
    pub fn cells(&self) -> Vec<Cell> {
        let mut seen = std::collections::HashSet::new();
        let all = self.panels.iter().flat_map(|p| &p.points).flat_map(|p| &p.cells);
        all.filter(|c| seen.insert(c.key())).cloned().collect()
    }
}

/// Quotes a word of a command for a POSIX shell.
fn in_shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::in_shell;

    #[test]
    fn words_survive_the_shell() {
        assert_eq!(in_shell("data.rank=8"), "data.rank=8");
        assert_eq!(in_shell("sweep.methods=[\"rvq\"]"), "'sweep.methods=[\"rvq\"]'");
        assert_eq!(in_shell("it's"), "'it'\\''s'");
    }
}
