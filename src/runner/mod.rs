//! The runner computes the cells of a plan in parallel, keeps their records, and resumes interrupted runs.
//!
//! A record is one file: written to a temporary file, synced and renamed. A cell is computed only under a lock, which
//! ends with its process. Any number of runs and shards may therefore share one folder, and a kill loses only the
//! running cells.

mod estimate;
mod options;
mod progress;
mod record;
mod running;
mod schedule;
mod shard;
mod store;

pub use crate::level::cpu;
pub use estimate::{Estimator, human_seconds, time_left};
pub use options::Options;
pub use progress::{CellAtWork, CellEnd, Overview, Plain, Progress, Quiet, Sink, cell_text, overview_line};
pub use record::*;
pub use schedule::{Summary, TaskFns, run};
pub use shard::{Shard, by_cost, deal};
pub use store::{Claim, Loaded, Store, StoreError, parse_record};
