//! The submissions of a results folder, with their current state in Slurm.

use std::collections::HashMap;
use std::path::Path;

use super::command::{States, TaskState, states};
use super::{Deal, Folder, SlurmError, Submission, submissions};

/// One submission and the states of its jobs.
#[derive(Clone, Debug)]
pub struct Queued {
    pub folder: Folder,
    pub submission: Submission,
    /// By task, from the first. None if Slurm has forgotten the task.
    pub tasks: Vec<Option<TaskState>>,
    /// The state of the gathering job.
    pub gather: Option<TaskState>,
    pub deal: Deal,
}

impl Queued {
    pub fn is_live(&self) -> bool {
        self.tasks.iter().chain([&self.gather]).flatten().any(TaskState::is_live)
    }
}

/// All submissions below `slurm`, oldest first. Slurm is asked only if there are any.
///
/// # Errors
/// A file of a submission can't be read, or squeue can't be run.
pub fn queue(slurm: &Path) -> Result<Vec<Queued>, SlurmError> {
    let found = submissions(slurm)?;
    let jobs: Vec<&str> =
        found.iter().flat_map(|(_, s, _)| [&s.array_job, &s.gather_job]).flatten().map(String::as_str).collect();
    let states = states(&jobs)?;
    Ok(found.into_iter().map(|(folder, submission, deal)| queued(folder, submission, deal, &states)).collect())
}

fn queued(folder: Folder, submission: Submission, deal: Deal, states: &States) -> Queued {
    let array = submission.array_job.as_deref().unwrap_or_default();
    let tasks = (1..=deal.shards.len()).map(|task| states.task(array, task).cloned()).collect();
    let gather = submission.gather_job.as_deref().and_then(|job| states.job(job)).cloned();
    Queued { folder, submission, tasks, gather, deal }
}

/// The cells of tasks in Slurm's queue, by key: Slurm's name of the task, and its state.
pub fn cells_in_queue(queue: &[Queued]) -> HashMap<&str, (String, &TaskState)> {
    let mut cells = HashMap::new();
    for queued in queue {
        let array = queued.submission.array_job.as_deref().unwrap_or_default();
        for (task, (state, keys)) in queued.tasks.iter().zip(&queued.deal.shards).enumerate() {
            let Some(state) = state.as_ref().filter(|state| state.is_live()) else { continue };
            let name = format!("{array}_{}", task + 1);
            cells.extend(keys.iter().map(|key| (key.as_str(), (name.clone(), state))));
        }
    }
    cells
}
