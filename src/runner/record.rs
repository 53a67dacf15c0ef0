//! A record is what stays of one finished (or failed) cell: its settings, metrics, training log and provenance, as one
//! JSON file named after the cell's key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::level::cpu;
use crate::spec::Cell;
pub use crate::training::{HISTOGRAM_BIN, LogPoint, StageUse};

pub const RECORD_FORMAT: &str = "vqlab-record";
pub const RECORD_VERSION: u32 = 1;

/// Everything but `run` is bit-identical for the same cell on the same machine, for any number of jobs.
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
    /// Why it failed or diverged.
    pub reason: Option<String>,
    /// By name (`mse-training`, `mse-fresh`, …; table in [`crate::metric`]); finite numbers only.
    pub metrics: BTreeMap<String, f64>,
    pub log: Vec<LogPoint>,
    /// Values of single test items (utterances), in the order of the data, under the names of the metrics that sum them up;
    /// finite numbers only. Empty for most tasks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub samples: BTreeMap<String, Vec<f64>>,
    pub run: RunInfo,
}

impl Record {
    /// Whether its metrics count.
    pub fn is_done(&self) -> bool {
        self.status == Status::Done
    }

    /// Whether its wall time says how fast this machine is.
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

/// Where and how long a cell ran; the only part of a record that differs from run to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunInfo {
    /// With those of killed attempts whose training this one went on from.
    pub wall_seconds: f64,
    pub program_version: String,
    /// Seconds since 1970-01-01 UTC, when the cell ended.
    pub finished_unix: u64,
    /// The widest vector instructions the kernels used: `avx512`, `avx2`, `portable`, and the CPU's name.
    pub cpu: String,
    /// What the task took the time of; empty for most.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub timings: BTreeMap<String, f64>,
}
