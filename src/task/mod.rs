//! Tasks: what a cell computes. A task knows data, quantizers, training and metrics, and nothing of sweeps, files or figures.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::spec::{Cell, CellSettings};
use crate::training::LogPoint;

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
    match &cell.settings {
        CellSettings::Toy(settings) => toy::run(settings, cell.seed, context),
        CellSettings::Search(settings) => search::run(settings, cell.seed, context),
        CellSettings::Image(settings) => image::run(settings, cell.seed, context),
        CellSettings::Speech(settings) => speech::run(settings, cell.seed, context),
        CellSettings::Complexity(settings) => complexity::run(settings),
    }
}

/// Estimated seconds on one core of the machine that the cost model was fitted on, from operation counts: the same on every machine,
/// since shards are cut by it. [`pace`] says how much this one differs.
pub fn cost(cell: &Cell) -> f64 {
    match &cell.settings {
        CellSettings::Toy(settings) => toy::cost(settings),
        CellSettings::Search(settings) => search::cost(settings),
        CellSettings::Image(settings) => image::cost(settings),
        CellSettings::Speech(settings) => speech::cost(settings),
        CellSettings::Complexity(_) => 1e-4,
    }
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

mod complexity;
mod image;
mod kept;
pub mod pace;
mod search;
mod speech;
mod toy;
mod train;
