//! Tasks: the computation of a cell, and the facts about it that the harness needs. Each task is one folder and
//! implements three traits: [`Task`], [`Figures`] and [`Sections`]. One list has all tasks ([`all`]).
//!
//! A task lists the settings of its specs ([`Task::fields`]), makes cells from them ([`Resolver`]), computes a cell
//! ([`Task::run`]), and names its measurements. It uses data, quantizers, training and metrics. It does not know sweeps
//! and Results files. Only `figures.rs` and `sections.rs` of its folder do: they show the results, and import `figure`
//! and `report`. [`register`] adds a user-defined task.

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
use crate::figure::Figures;
use crate::report::Sections;
use crate::training::LogPoint;
use cell::{Cell, CellSettings};
use panel::{AxisField, Primary};
use settings::{Checked, Field, Point, Settings, Span};

/// A field of a spec, with a suggested value as TOML for specs that lack it.
pub type Wanted = (&'static str, &'static str);

/// The facts about a task that the harness needs. How its results are shown is in [`Figures`] and [`Sections`].
pub trait Task: Figures + Sections + Sync {
    /// `[experiment] task`.
    fn name(&self) -> &'static str;

    /// What the task does, as the end of a sentence: `draws its vectors and measures their error`.
    fn purpose(&self) -> &'static str;

    /// The settings of the task in addition to the common ones ([`settings::COMMON`]). A row here replaces the common
    /// row with the same path.
    fn fields(&self) -> &'static [Field];

    /// Whether its cells train a quantizer. Other tasks have one cell per point, without a seed, and no spread.
    fn trains(&self) -> bool {
        true
    }

    /// Required fields of its specs.
    fn wanted(&self, settings: &Settings) -> Vec<Wanted> {
        let _ = settings;
        Vec::new()
    }

    /// Required fields of its specs if a quantizer is trained by NSVQ.
    fn wanted_of_training(&self, settings: &Settings) -> Vec<Wanted> {
        let _ = settings;
        vec![("training.learning-rate", "0.01"), ("training.updates", "10_000")]
    }

    /// Makes cells from the settings of one spec.
    fn resolver(&self) -> Box<dyn Resolver>;

    /// Fields of the spec that `vqlab init` writes, each with a value in TOML: an experiment that runs in seconds.
    fn starter(&self) -> &'static [Wanted] {
        &[("sweep.methods", r#"["rvq", "pvq"]"#), ("sweep.stages", "[2]"), ("sweep.bits", "[8]"), ("sweep.seeds", "2")]
    }

    /// The record metric that a panel shows, without its ending: `mse`.
    fn metric(&self, settings: &Settings) -> String;

    /// Metrics that a claim may name, in addition to the panel's own.
    fn claim_metrics(&self) -> &'static [&'static str] {
        &["complexity"]
    }

    /// The list in the spec with the positions at which a cell is measured: T, or bitrates.
    fn axis(&self) -> Option<&'static AxisField> {
        None
    }

    /// The measurement that is shown under the published names. `has_published` says whether there are published
    /// numbers.
    ///
    /// # Errors
    /// Settings that exclude the measurement that the spec requests.
    fn primary(&self, settings: &Settings, head: Span, has_published: bool) -> Checked<Primary> {
        let _ = (settings, head, has_published);
        Ok(Primary::Training)
    }

    /// Endings of the record metrics in a panel's Results files, as in `mse-training` and `mse-fresh`. Empty if the
    /// metric has no ending, or is measured at the entries of [`Task::axis`].
    fn parts(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// The ending of the metric that is shown under the published name.
    fn primary_part(&self, primary: Primary) -> Option<&'static str> {
        let _ = primary;
        None
    }

    /// The part that the published files show without stating it. None if there is only one measurement.
    fn published_part(&self) -> Option<&'static str> {
        None
    }

    /// What the primary measurement is made on, if there is a choice or a reader would ask: `the training set`.
    fn measured_on(&self, primary: Primary) -> Option<&'static str> {
        let _ = primary;
        None
    }

    /// The codebooks that its cells keep.
    fn codebooks(&self) -> Option<Codebooks> {
        None
    }

    /// The folder of the files that its cells write for reports, beside the records' folder: `pictures`.
    fn files_folder(&self) -> Option<&'static str> {
        None
    }

    /// The names of a cell's files in that folder. `measured_at` has the panel's entries of [`Task::axis`].
    fn files(&self, cell: &Cell, measured_at: &[u32]) -> Vec<String> {
        let _ = (cell, measured_at);
        Vec::new()
    }

    /// Computes one cell on the calling thread.
    ///
    /// # Errors
    /// See [`TaskError`].
    fn run(&self, cell: &Cell, context: &Context) -> Result<Outcome, TaskError>;

    /// Estimated seconds on one core of the machine on which the cost model was fitted, from operation counts.
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

/// Makes cells from the settings of one spec. It opens each data set once.
pub trait Resolver {
    /// D of a panel.
    fn dimension(&mut self, settings: &Settings, head: Span, places: &Places) -> Checked<usize>;

    /// The settings of a cell at this point.
    fn cell(&mut self, settings: &Settings, point: Point, places: &Places) -> Checked<CellSettings>;

    /// Notes on a panel's data.
    fn notes(&mut self, settings: &Settings, places: &Places) -> Checked<DataNotes> {
        let _ = (settings, places);
        Ok(DataNotes::default())
    }

    /// The name of the user's own data, if any are used. Results on them get a folder of their own.
    fn own_name(&self) -> Option<String> {
        None
    }
}

/// Notes on a panel's data.
#[derive(Clone, Debug, Default)]
pub struct DataNotes {
    /// Why numbers on these data can't be compared with the published ones.
    pub not_comparable: Option<String>,
    /// A remark beside the comparison.
    pub remark: Option<String>,
    /// The name of synthetic data, which every file states.
    pub synthetic: Option<String>,
    /// Test items (utterances) over which the comparison takes the spread.
    pub items: u64,
}

/// The codebooks that the cells of a task keep.
#[derive(Clone, Copy, Debug)]
pub struct Codebooks {
    /// The folder beside the records' folder.
    pub folder: &'static str,
    /// The ending of the links with readable names.
    pub ending: &'static str,
    /// Only with `output.codebooks = true`.
    pub if_asked: bool,
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

/// Makes a user-defined task known to specs; see `tests/adding_a_task.rs`.
///
/// # Errors
/// The name, if a task already has it.
pub fn register(task: &'static dyn Task) -> Result<(), &'static str> {
    let mut registered = REGISTERED.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    if BUILT_IN.iter().chain(registered.iter()).any(|known| known.name() == task.name()) {
        return Err(task.name());
    }
    registered.push(task);
    Ok(())
}

/// The result of a finished cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    pub metrics: BTreeMap<String, f64>,
    pub log: Vec<LogPoint>,
    /// Values of single test items (utterances), in the order of the data, by the names of the metrics that summarize
    /// them.
    pub samples: BTreeMap<String, Vec<f64>>,
    /// Seconds of earlier attempts whose work this one resumed.
    pub earlier_seconds: f64,
    /// Measured times (`train-seconds`, `encode-us`, `search-us`). They differ from run to run.
    pub timings: BTreeMap<String, f64>,
}

/// Why a cell has no result.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// The user stopped the run; no record is kept.
    #[error("cancelled")]
    Cancelled,
    /// The loss became NaN or infinite.
    #[error("diverged: {0}")]
    Diverged(String),
    #[error("{0}")]
    Failed(String),
}

/// The runner's data for a running cell.
pub struct Context<'a> {
    /// Set when the run is to stop. Check it at least every second.
    pub cancel: &'a AtomicBool,
    /// Receives the share of the cell's work that is done, 0..1.
    pub progress: &'a (dyn Fn(f64) + Sync),
    /// The folder that contains the records' folder. Cells may keep finished work there, and files that other cells
    /// need.
    pub kept: Option<&'a Path>,
    /// Use nothing of an earlier attempt at this cell.
    pub anew: bool,
    /// Keep the codebooks even if the task would not.
    pub codebooks: bool,
}

impl Context<'_> {
    /// The folder for files that other cells need.
    pub fn shared_folder(&self) -> Option<PathBuf> {
        self.kept.map(|folder| folder.join("shared"))
    }

    /// # Errors
    /// [`TaskError::Cancelled`] if the run is to stop.
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

/// Estimated seconds on one core of the machine on which the cost model was fitted. They are equal on every machine,
/// because they divide cells among shards. [`pace`] gives the difference of this machine.
pub fn cost(cell: &Cell) -> f64 {
    task_of(cell).map_or(0.0, |task| task.cost(cell))
}

fn task_of(cell: &Cell) -> Result<&'static dyn Task, TaskError> {
    let name = cell.settings.task();
    find(name).ok_or_else(|| TaskError::Failed(format!("this program has no task \"{name}\"")))
}

/// The error for a cell of another task.
fn foreign(cell: &Cell) -> TaskError {
    TaskError::Failed(format!("a cell of the task \"{}\" was given to another task", cell.settings.task()))
}

/// The path of the checkpoint of a cell's training.
fn checkpoint_path(key: &str, kept: Option<&Path>) -> Option<PathBuf> {
    kept.map(|folder| folder.join("checkpoints").join(format!("{key}.safetensors")))
}

/// Removes the checkpoint of a cell's training. Its record is on disk.
pub(crate) fn forget_checkpoint(key: &str, kept: Option<&Path>) {
    if let Some(path) = checkpoint_path(key, kept) {
        // A file that remains does no harm, and most cells have none.
        let _ = std::fs::remove_file(path);
    }
}
