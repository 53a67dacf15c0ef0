//! Runs cells on a cluster: job arrays for Slurm, and their state in Slurm. Slurm queues, starts and requeues the jobs;
//! nothing here schedules.
//!
//! A [`Submission`] is a folder, `results/slurm/N`: what was submitted (`submission.json`), which cells belong to which
//! task of the array ([`Deal`], `shards.json`), the job scripts ([`JobScripts`]) and the tasks' logs.

mod command;
mod deal;
mod queue;
mod script;
mod submission;

pub use command::{Job, TaskState, largest_array, submit};
pub use deal::Deal;
pub use queue::{Queued, cells_in_queue, queue};
pub use script::{JobScript, JobScripts, Request, Resources, quoted};
use submission::submissions;
pub use submission::{Folder, Submission, unnumbered};

use std::path::{Path, PathBuf};

/// Errors of Slurm's commands and of the files of submissions.
#[derive(Debug, thiserror::Error)]
pub enum SlurmError {
    #[error("cannot {action} {}: {source}", path.display())]
    File { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{}: {reason}", path.display())]
    Malformed { path: PathBuf, reason: String },
    #[error("cannot run {program}: {source}; Slurm's commands must be installed on this machine and be in the PATH")]
    Start { program: &'static str, source: std::io::Error },
    #[error("{program} failed: {said}")]
    Refused { program: &'static str, said: String },
    #[error("sbatch gave no job number, but a job may be in the queue: {said}")]
    Unclear { said: String },
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> SlurmError {
    let path = path.to_path_buf();
    move |source| SlurmError::File { action, path, source }
}

/// Reads a JSON file of `format`, version 1. The file states both.
fn read_json<T: serde::de::DeserializeOwned>(path: &Path, format: &str) -> Result<T, SlurmError> {
    let bytes = std::fs::read(path).map_err(failed("read", path))?;
    let malformed = |reason: String| SlurmError::Malformed { path: path.into(), reason };
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|e| malformed(format!("not JSON: {e}")))?;
    if value["format"] != format || value["version"] != 1 {
        let found = format!("of format {} {}", value["format"], value["version"]);
        return Err(malformed(format!("{found}, this program reads {format} 1")));
    }
    serde_json::from_value(value).map_err(|e| malformed(e.to_string()))
}

fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), SlurmError> {
    let text = serde_json::to_string_pretty(value).map_err(|e| failed("write", path)(e.into()))?;
    crate::temporary::replace(path, format!("{text}\n").as_bytes()).map_err(failed("write", path))
}
