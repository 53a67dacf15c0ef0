//! Tasks: what a cell computes, and what the harness knows of it. A folder a task, a trait ([`Task`]), one list ([`all`]).
//!
//! A task says which settings its specs have ([`Task::fields`]), makes cells of them ([`Resolver`]), computes a cell
//! ([`Task::run`]), and names what is measured. It knows data, quantizers, training and metrics, and nothing of sweeps,
//! Results files or figures. A task of one's own is made known by [`register`].

pub mod cell;
pub mod complexity;
mod cost;
pub mod image;
mod kept;
pub mod pace;
pub mod panel;
pub mod search;
pub mod settings;
pub mod speech;
pub mod toy;
mod train;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::data::cache::Places;
use crate::training::LogPoint;
use cell::{Cell, CellSettings};
use panel::{AxisField, Primary};
use settings::{Checked, Field, Point, Settings, Span};

/// A field of a spec, and a value to suggest where it is missing, as TOML.
pub type Wanted = (&'static str, &'static str);

/// What the harness knows of a task.
pub trait Task: Sync {
    /// `[experiment] task`.
    fn name(&self) -> &'static str;

    /// What it does, as the end of a sentence: `draws its vectors and measures their error`.
    fn purpose(&self) -> &'static str;

    /// The settings that it has beside the common ones ([`settings::COMMON`]); a row here replaces a common one of its path.
    fn fields(&self) -> &'static [Field];

    /// Whether its cells train a quantizer. Others have one cell a point, without a seed, and no spread.
    fn trains(&self) -> bool {
        true
    }

    /// Fields that its specs must have.
    fn wanted(&self, settings: &Settings) -> Vec<Wanted> {
        let _ = settings;
        Vec::new()
    }

    /// Fields that its specs must have where a quantizer is trained by NSVQ.
    fn wanted_of_training(&self, settings: &Settings) -> Vec<Wanted> {
        let _ = settings;
        vec![("training.learning-rate", "0.01"), ("training.updates", "10_000")]
    }

    /// Makes cells of the settings of one spec.
    fn resolver(&self) -> Box<dyn Resolver>;

    /// The record metric that a panel shows, without its ending: `mse`.
    fn metric(&self, settings: &Settings) -> String;

    /// Metrics that a claim may name, beside the panel's own.
    fn claim_metrics(&self) -> &'static [&'static str] {
        &["complexity"]
    }

    /// The largest value of its metric, where it has one: methods that both reach it are equally good.
    fn ceiling(&self) -> Option<f64> {
        None
    }

    /// The list in the spec at whose entries a cell is measured: T, or bitrates.
    fn axis(&self) -> Option<&'static AxisField> {
        None
    }

    /// The measurement that goes under the published names; `has_published`: whether there are published numbers.
    ///
    /// # Errors
    /// Settings that exclude the measurement that the spec asks for.
    fn primary(&self, settings: &Settings, head: Span, has_published: bool) -> Checked<Primary> {
        let _ = (settings, head, has_published);
        Ok(Primary::Training)
    }

    /// Endings of the record metrics that a panel's Results files hold, `mse-training` and `mse-fresh`; empty where a metric
    /// stands without an ending, or at the entries of [`Task::axis`].
    fn parts(&self) -> &'static [&'static str] {
        &[]
    }

    /// The ending of the metric that goes under the published name.
    fn primary_part(&self, primary: Primary) -> Option<&'static str> {
        let _ = primary;
        None
    }

    /// Which part the published files show without saying so; None where there is one measurement only.
    fn published_part(&self) -> Option<&'static str> {
        None
    }

    /// What the primary measurement is made on, where there is a choice or a reader would ask: `the training set itself`.
    fn measured_on(&self, primary: Primary) -> Option<&'static str> {
        let _ = primary;
        None
    }

    /// The codebooks that its cells keep.
    fn codebooks(&self) -> Option<Codebooks> {
        None
    }

    /// What a verdict is counted over: `seeds`, or `utterances`.
    fn runs(&self) -> &'static str {
        "seeds"
    }

    /// Sentences of the report.
    fn words(&self, primary: Primary) -> Words;

    /// Computes one cell on the calling thread.
    ///
    /// # Errors
    /// See [`TaskError`].
    fn run(&self, cell: &Cell, context: &Context) -> Result<Outcome, TaskError>;

    /// Estimated seconds on one core of the machine that the cost model was fitted on, from operation counts.
    fn cost(&self, cell: &Cell) -> f64;
}

impl PartialEq for dyn Task {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl fmt::Debug for dyn Task {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Makes cells of the settings of one spec. It opens each data set once.
pub trait Resolver {
    /// D of a panel.
    fn dimension(&mut self, settings: &Settings, head: Span, places: &Places) -> Checked<usize>;

    /// What a cell of this point computes.
    fn cell(&mut self, settings: &Settings, point: Point, places: &Places) -> Checked<CellSettings>;

    /// What is to be said of a panel's data.
    fn notes(&mut self, settings: &Settings, places: &Places) -> Checked<DataNotes> {
        let _ = (settings, places);
        Ok(DataNotes::default())
    }

    /// The name of the user's own data, if any are used: results on them get a folder of their own.
    fn own_name(&self) -> Option<String> {
        None
    }
}

/// What is to be said of a panel's data.
#[derive(Clone, Debug, Default)]
pub struct DataNotes {
    /// Why numbers on them can't stand against the published ones.
    pub not_comparable: Option<String>,
    /// What to say beside a comparison.
    pub remark: Option<String>,
    /// The name of synthetic data, which every file names.
    pub synthetic: Option<String>,
    /// Test items whose spread the comparison takes: utterances.
    pub items: u64,
}

/// The codebooks that the cells of a task keep.
#[derive(Clone, Copy, Debug)]
pub struct Codebooks {
    /// The folder beside the records' folder.
    pub folder: &'static str,
    /// The ending of the links under readable names.
    pub ending: &'static str,
    /// Only with `output.codebooks = true`.
    pub if_asked: bool,
}

/// Sentences of the report.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// What the table of points shows.
    pub points: &'static str,
    /// What its differences to published numbers are.
    pub difference: &'static str,
    /// What stands against published numbers.
    pub verdicts: String,
    /// Titles of the columns beside the primary metric, and the endings of their metrics.
    pub beside: &'static [(&'static str, &'static str)],
    /// What is measured, where it is not the label of the metric.
    pub shows: Option<&'static str>,
    /// The data, where they are no named set.
    pub data: Option<&'static str>,
}

/// The built-in tasks.
const BUILT_IN: [&'static dyn Task; 5] =
    [&toy::Toy, &search::Search, &image::Image, &speech::Speech, &complexity::Complexity];

static REGISTERED: RwLock<Vec<&'static dyn Task>> = RwLock::new(Vec::new());

/// All tasks, the built-in ones first.
pub fn all() -> Vec<&'static dyn Task> {
    let registered = REGISTERED.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    BUILT_IN.into_iter().chain(registered.iter().copied()).collect()
}

/// The task of this name.
pub fn find(name: &str) -> Option<&'static dyn Task> {
    all().into_iter().find(|task| task.name() == name)
}

/// Makes a task of one's own known to specs; see `tests/adding_a_task.rs`.
///
/// # Errors
/// The name, where a task has it already.
pub fn register(task: &'static dyn Task) -> Result<(), &'static str> {
    let mut registered = REGISTERED.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    if BUILT_IN.iter().chain(registered.iter()).any(|known| known.name() == task.name()) {
        return Err(task.name());
    }
    registered.push(task);
    Ok(())
}

/// What a finished cell gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    pub metrics: BTreeMap<String, f64>,
    pub log: Vec<LogPoint>,
    /// Values of single test items (utterances), in the order of the data, under the names of the metrics that sum them up.
    pub samples: BTreeMap<String, Vec<f64>>,
    /// Of earlier attempts, whose work this one went on from.
    pub earlier_seconds: f64,
    /// What the clock said (`train-seconds`, `encode-us`, `search-us`): it differs from run to run.
    pub timings: BTreeMap<String, f64>,
}

/// Why a cell gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// The user stopped the run; no record is kept.
    #[error("cancelled")]
    Cancelled,
    /// The loss left the finite numbers.
    #[error("diverged: {0}")]
    Diverged(String),
    #[error("{0}")]
    Failed(String),
}

/// What a running cell gets from the runner.
pub struct Context<'a> {
    /// Set when the run is to stop; look at it at least every second.
    pub cancel: &'a AtomicBool,
    /// Told the share of the cell's work that is done, 0..1.
    pub progress: &'a (dyn Fn(f64) + Sync),
    /// The folder that holds the records' folder: cells may keep there what they have finished, and what others need too.
    pub kept: Option<&'a Path>,
    /// Nothing of an earlier attempt at this cell may be used.
    pub anew: bool,
    /// Keep the codebooks where the task would not.
    pub codebooks: bool,
}

impl Context<'_> {
    /// Where cells leave what other cells need too.
    pub fn shared_folder(&self) -> Option<PathBuf> {
        self.kept.map(|folder| folder.join("shared"))
    }

    /// # Errors
    /// [`TaskError::Cancelled`] once the run is to stop.
    pub fn check(&self) -> Result<(), TaskError> {
        if self.cancel.load(Ordering::Relaxed) { Err(TaskError::Cancelled) } else { Ok(()) }
    }
}

/// Computes one cell on the calling thread.
///
/// # Errors
/// See [`TaskError`].
pub fn run(cell: &Cell, context: &Context) -> Result<Outcome, TaskError> {
    task_of(cell)?.run(cell, context)
}

/// Estimated seconds on one core of the machine that the cost model was fitted on: the same on every machine, since shards
/// are cut by it. [`pace`] says how much this one differs.
pub fn cost(cell: &Cell) -> f64 {
    task_of(cell).map_or(0.0, |task| task.cost(cell))
}

fn task_of(cell: &Cell) -> Result<&'static dyn Task, TaskError> {
    let name = cell.settings.task();
    find(name).ok_or_else(|| TaskError::Failed(format!("this program has no task \"{name}\"")))
}

/// A cell of another task.
fn foreign(cell: &Cell) -> TaskError {
    TaskError::Failed(format!("a cell of the task \"{}\" came to another one", cell.settings.task()))
}

/// Where the training of a cell is kept on its way.
fn checkpoint_path(key: &str, kept: Option<&Path>) -> Option<PathBuf> {
    kept.map(|folder| folder.join("checkpoints").join(format!("{key}.safetensors")))
}

/// Removes what was kept of a cell's training on its way: its record is on disk.
pub(crate) fn forget_checkpoint(key: &str, kept: Option<&Path>) {
    if let Some(path) = checkpoint_path(key, kept) {
        // One that stays does no harm, and most cells have none.
        let _ = std::fs::remove_file(path);
    }
}
