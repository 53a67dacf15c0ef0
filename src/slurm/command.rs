//! Slurm's commands: `sbatch` submits, `squeue` knows the jobs in the queue, `sacct` those that have left it, where the
//! cluster keeps accounts.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use super::SlurmError;

/// Submits a script and gives the number of its job.
///
/// # Errors
/// sbatch is missing or refuses; its own words are in the error.
pub fn submit(script: &Path, after: Option<&str>) -> Result<String, SlurmError> {
    let mut sbatch = Command::new("sbatch");
    sbatch.arg("--parsable");
    if let Some(job) = after {
        sbatch.arg(format!("--dependency=afterany:{job}"));
    }
    let said = output(sbatch.arg(script), "sbatch")?;
    // `NUMBER` or `NUMBER;CLUSTER`.
    let job = said.trim().split(';').next().unwrap_or_default();
    if !job.is_empty() && job.chars().all(|c| c.is_ascii_digit()) {
        return Ok(job.to_owned());
    }
    Err(SlurmError::Refused { program: "sbatch", said: format!("no job number in its answer {said:?}") })
}

/// Slurm's word for the state of a task, such as `PENDING`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaskState(String);

impl TaskState {
    /// Of `CANCELLED by 1000` the first word.
    fn new(text: &str) -> Option<Self> {
        text.split_whitespace().next().map(|word| Self(word.to_owned()))
    }

    pub fn name(&self) -> &str {
        &self.0
    }

    /// Whether Slurm still has it in the queue: waiting, at work or between the two.
    pub fn is_live(&self) -> bool {
        const ENDED: [&str; 10] = [
            "BOOT_FAIL",
            "CANCELLED",
            "COMPLETED",
            "DEADLINE",
            "FAILED",
            "NODE_FAIL",
            "OUT_OF_MEMORY",
            "PREEMPTED",
            "REVOKED",
            "TIMEOUT",
        ];
        !ENDED.contains(&self.0.as_str())
    }
}

/// States of jobs; those that Slurm has forgotten are not in it.
#[derive(Clone, Debug, Default)]
pub struct States {
    /// By what Slurm calls them: `JOB` or `JOB_TASK`.
    by_name: BTreeMap<String, TaskState>,
}

impl States {
    pub fn job(&self, job: &str) -> Option<&TaskState> {
        self.by_name.get(job)
    }

    /// `task` from 1.
    pub fn task(&self, job: &str, task: usize) -> Option<&TaskState> {
        self.by_name.get(&format!("{job}_{task}"))
    }

    /// Lines `NAME|STATE`.
    fn add(&mut self, lines: &str) {
        for (name, state) in lines.lines().filter_map(|line| line.split_once('|')) {
            if let Some(state) = TaskState::new(state) {
                self.by_name.insert(name.trim().to_owned(), state);
            }
        }
    }
}

/// The states of these jobs and their tasks.
///
/// # Errors
/// squeue is missing or fails.
pub fn states(jobs: &[&str]) -> Result<States, SlurmError> {
    let mut states = States::default();
    if jobs.is_empty() {
        return Ok(states);
    }
    let list = jobs.join(",");
    let accounts = ["--noheader", "--parsable2", "--allocations", "--array", "--format=JobID,State", "--jobs", &list];
    // Many clusters keep no accounts; then only the queue is known.
    if let Ok(lines) = output(Command::new("sacct").args(accounts), "sacct") {
        states.add(&lines);
    }
    // The last word, because accounts may lag behind.
    let queue = ["--noheader", "--array", "--states=all", "--format=%i|%T", "--jobs", &list];
    match output(Command::new("squeue").args(queue), "squeue") {
        Ok(lines) => states.add(&lines),
        // Its answer where all jobs have left the queue long ago.
        Err(SlurmError::Refused { said, .. }) if said.contains("Invalid job id") => {}
        Err(error) => return Err(error),
    }
    Ok(states)
}

fn output(command: &mut Command, program: &'static str) -> Result<String, SlurmError> {
    let output = command.output().map_err(|source| SlurmError::Start { program, source })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let said = if said.is_empty() { output.status.to_string() } else { said };
        return Err(SlurmError::Refused { program, said });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_line_by_line_and_the_later_word_counts() {
        let mut states = States::default();
        states.add("17_1|COMPLETED\n17_2|CANCELLED by 1000\n17_3|NODE_FAIL\n18|PENDING\n17_[4-9]|PENDING\n");
        states.add("17_3|PENDING\n");
        let task = |task| states.task("17", task).map(|state| (state.name(), state.is_live()));
        let (done, cancelled, pending) = (("COMPLETED", false), ("CANCELLED", false), ("PENDING", true));
        assert_eq!([task(1), task(2), task(3), task(7)], [Some(done), Some(cancelled), Some(pending), None]);
        assert!(states.job("18").is_some_and(TaskState::is_live));
    }
}
