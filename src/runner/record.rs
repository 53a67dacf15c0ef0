//! A record holds the results of one finished (or failed) cell: its settings, metrics, training log and provenance. It
//! is one JSON file, named after the cell's key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::level::cpu;
use crate::spec::Cell;
pub use crate::training::{HISTOGRAM_BIN, LogPoint, StageUse};

pub const RECORD_FORMAT: &str = "vqlab-record";
pub const RECORD_VERSION: u32 = 1;

/// Everything except `run` is bit-identical for the same cell on the same machine, for any number of jobs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Record {
    /// [`RECORD_FORMAT`].
    pub format: String,
    pub version: u32,
    /// [`Cell::key`] of `cell`.
    pub key: String,
    pub cell: Cell,
    pub status: Status,
    /// Why the cell failed or diverged.
    pub reason: Option<String>,
    /// Metrics by name (`mse-training`, `mse-fresh`, …; table in [`crate::metric`]); finite numbers only.
    pub metrics: BTreeMap<String, f64>,
    pub log: Vec<LogPoint>,
    /// Values of single test items (utterances), in the order of the data, by the names of the metrics that summarize
    /// them; finite numbers only. Empty for most tasks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub samples: BTreeMap<String, Vec<f64>>,
    pub run: RunInfo,
}

impl Record {
    /// Whether its metrics are valid.
    pub fn is_done(&self) -> bool {
        self.status == Status::Done
    }

    /// Whether its wall time indicates the speed of this machine.
    pub fn tells_pace(&self) -> bool {
        self.is_done() && self.run.cpu == cpu()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Done,
    /// The loss became infinite or NaN.
    Diverged,
    Failed,
}

/// The place and duration of a cell's run. This is the only part of a record that differs between runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunInfo {
    /// Includes the seconds of interrupted attempts whose training was resumed.
    pub wall_seconds: f64,
    pub program_version: String,
    /// Seconds from 1970-01-01 UTC to the end of the cell.
    pub finished_unix: u64,
    /// The widest vector instructions that the kernels used (`avx512`, `avx2` or `portable`), and the CPU's name.
    pub cpu: String,
    /// Times that the task measured. Empty for most tasks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub timings: BTreeMap<String, f64>,
}
