//! The plan: a checked spec under one profile, expanded into panels, points and cells. Everything after the spec
//! (runner, aggregation, comparison, figures, reports) reads the plan and never the TOML.

use std::path::{Path, PathBuf};

use super::{Cell, CellSettings, FIGURES, LoadOptions, Method, Trainer, WantedSet};
use crate::task::Task;
pub use crate::task::panel::{Contender, PanelAxis, Primary};

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
    pub task: &'static dyn Task,
    /// `default` where none was asked for.
    pub profile: String,
    /// The folder under results/ and reports/: the profile, or the profile and the name of the user's own data.
    pub folder: String,
    /// Figures that this experiment draws: those of the paper ([`Panel::paper_figure`]), or others of any name.
    pub figures: Vec<String>,
    pub primary: Primary,
    /// In spec order (= order of the series in the Results files).
    pub contenders: Vec<Contender>,
    pub seeds: Vec<u64>,
    pub panels: Vec<Panel>,
    pub claims: Vec<Claim>,
    /// `output.codebooks`: toy cells keep their codebooks, as those of other tasks always do.
    pub codebooks: bool,
    /// What the command line added to the spec.
    pub options: LoadOptions,
    /// The known data sets that the spec asks for.
    pub data_sets: Vec<WantedSet>,
    /// Whom the reports name for data of others: `data.attribution`.
    pub attributions: Vec<String>,
}

/// One curve family: a data set (variant) or one value of a further axis; one Results file.
#[derive(Clone, Debug)]
pub struct Panel {
    /// `correlated`, `uncorrelated`, `64`, …; unique within the plan; key of `[output.results]`.
    pub name: String,
    /// First entries of the Results file: ("Data", "Correlated"), …; "Metric" is added after them.
    pub labels: Vec<(String, String)>,
    /// The record metric that is shown, without its ending: `mse`, `psnr`, `ssim`, …, `log10-wmops`, `recall`, `pesq` or `psnr-perceptual`.
    pub metric: String,
    /// D, for axis titles and complexity.
    pub dimension: usize,
    /// `Figure 2/correlated_dataset_Fig2-a.json`, below results/PROFILE/.
    pub results_file: String,
    /// The published file it stands against (usually the same name), if there is one: a key of
    /// [`crate::results::published`].
    pub published_file: Option<String>,
    /// The figure it is drawn in, `2a`, or another one of any name; None = a figure of its own.
    pub figure: Option<String>,
    pub comparison: Comparison,
    pub axis: PanelAxis,
    /// The T of recall@T, or the bitrates of speech in bit/s, that are shown, as the spec lists them; over bits, the first is
    /// the one of the figure. None where neither is measured.
    pub measured_at: Vec<u32>,
    /// Ordered by contender (spec order), then total bits ascending.
    pub points: Vec<PlannedPoint>,
}

/// How far from the published mean a mean may lie and still count as equivalent. Differences are given in the same unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Margin {
    /// To the published mean: 0.005 = ±0.5 %.
    Relative(f64),
    /// In dB: a ratio of two values that are logarithms already would say nothing.
    Decibel(f64),
    /// In points of a score, the mean opinion score (MOS) of PESQ.
    Score(f64),
}

impl Margin {
    /// Half the width of the margin.
    pub fn width(self) -> f64 {
        match self {
            Margin::Relative(width) | Margin::Decibel(width) | Margin::Score(width) => width,
        }
    }

    /// What a difference to the published mean is divided by.
    pub fn scale(self, published: f64) -> f64 {
        match self {
            Margin::Relative(_) => published.abs(),
            Margin::Decibel(_) | Margin::Score(_) => 1.0,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Comparison {
    pub margin: Margin,
    /// Other margins for single points: (contender, total bits, margin).
    pub point_margins: Vec<(Contender, u32, Margin)>,
    /// None: verdicts are given. Some(reason): not comparable (other data, a reduced profile): trends and claims only.
    pub not_comparable: Option<String>,
    /// Known anomalies of the published data, listed with the figure.
    pub anomalies: Vec<String>,
}

/// One point of a curve with its cells, one a seed.
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

/// A statement of the paper, checked on our results and on the published ones.
#[derive(Clone, Debug)]
pub struct Claim {
    pub text: String,
    pub kind: ClaimKind,
    pub metric: ClaimMetric,
    /// Panels it speaks of; empty = all.
    pub panels: Vec<String>,
    /// The smallest and the largest place on the panels' axis that it speaks of: total bits, T, or bit/s.
    pub min: Option<u32>,
    pub max: Option<u32>,
    /// How far apart values have to lie at least: a share of the larger one, or in dB or points of a score where the metric
    /// is in these. Of [`ClaimKind::Order`], [`ClaimKind::Lowest`] and [`ClaimKind::Highest`].
    pub margin: Option<f64>,
}

/// A curve that a claim names: `rvq`, or `rvq:kmeans` for the baseline beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    pub method: Method,
    /// `None`: the panel's own trainer ([`Panel::trainer`]), or the only one that the method has there.
    pub trainer: Option<Trainer>,
}

impl From<Method> for Named {
    fn from(method: Method) -> Self {
        Named { method, trainer: None }
    }
}

/// What a claim is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimMetric {
    /// The panel's own metric.
    Primary,
    /// The paper's count of operations for encoding one vector.
    Complexity,
}

#[derive(Clone, Debug)]
pub enum ClaimKind {
    /// Values rise strictly along the list everywhere on the axis, first = smallest; where `best_first`, they get strictly
    /// worse along it.
    Order { order: Vec<Named>, best_first: bool },
    /// Below all others of the same trainer.
    Lowest(Named),
    /// Above all others of the same trainer.
    Highest(Named),
    /// Every method's values rise strictly along the axis.
    Rises,
    /// The relative gap (max − min)/min between methods falls strictly along `panels`, at every bitrate.
    GapShrinks,
    /// As the operations that may be spent grow, the best method goes through the list, each once.
    BestByComplexity(Vec<Method>),
    /// The method is no further than `margin`, in the unit of the metric, from its baseline trained by expectation
    /// maximization.
    NearBaseline { method: Method, margin: f64 },
}

impl Panel {
    /// The contender's name in Results files. In a panel that has both trainers the baselines are `AVQ baseline`, and over T
    /// the others are `AVQ proposed`, as in the published files; else plainly `AVQ`.
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

    /// The figure of the paper that it is drawn in: `1`, `1a`, `1b`, `2a`, `2b`, `3`, `4a`, `4b`, `4c`, `5`, `6a` or `6b`.
    pub fn paper_figure(&self) -> Option<&str> {
        self.figure.as_deref().filter(|figure| FIGURES.contains(figure))
    }

    /// The trainer that the panel's statements about methods speak of: the paper's, unless there is only the other one.
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

    /// The contenders with their planned points' places on the axis, in the panel's order.
    pub fn places(&self) -> Vec<(Contender, u32)> {
        let places = |point: &PlannedPoint| match &self.axis {
            PanelAxis::Bits => vec![(point.contender, point.bits)],
            PanelAxis::Rank(places) | PanelAxis::Bitrate(places) => {
                places.iter().map(|at| (point.contender, *at)).collect()
            }
        };
        self.points.iter().flat_map(places).collect()
    }

    /// The planned point behind a place on the axis.
    pub fn planned(&self, contender: Contender, at: u32) -> Option<&PlannedPoint> {
        let is_there = |p: &&PlannedPoint| p.contender == contender && (self.axis != PanelAxis::Bits || p.bits == at);
        self.points.iter().find(is_there)
    }
}

impl Plan {
    /// Whether every cell of the panel belongs to one earlier panel too, so that it shows a part of the same numbers.
    pub fn is_part_of_earlier(&self, panel: &Panel) -> bool {
        let earlier = self.panels.iter().take_while(|p| p.name != panel.name);
        let cells = |panel: &Panel| panel.points.iter().flat_map(|p| p.cells.clone()).collect::<Vec<_>>();
        let own = cells(panel);
        earlier.map(cells).any(|cells| own.iter().all(|cell| cells.contains(cell)))
    }

    /// Whether any panel stands against published numbers; else the experiment is somebody's own.
    pub fn has_published(&self) -> bool {
        self.panels.iter().any(|panel| panel.published_file.is_some())
    }

    /// The command that computes this plan: `vqlab run experiments/toy.toml --profile paper --seeds 2`.
    pub fn command(&self) -> String {
        self.command_with(&self.source, &self.options.set)
    }

    /// As [`Plan::command`], for files that others read: without the folders of this machine.
    pub fn command_elsewhere(&self) -> String {
        let source = if self.source.is_absolute() { self.source.file_name().map(Path::new) } else { None };
        self.command_with(source.unwrap_or(&self.source), &self.set_elsewhere())
    }

    /// `--set` with the names of folders and files alone.
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

/// A word of a command as a POSIX shell takes it.
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
