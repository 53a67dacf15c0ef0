//! Slurm's commands. `sbatch` submits, `squeue` lists the jobs in the queue, and `sacct` lists the jobs that have left
//! it, if the cluster keeps accounts.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use super::{JobScript, SlurmError, failed};

/// A job that sbatch has put into the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub number: String,
    /// The cluster's name, if several clusters share the commands.
    pub cluster: Option<String>,
    /// The output of sbatch on stderr, such as warnings.
    pub said: String,
}

/// Submits a script with these options of sbatch and returns its job.
///
/// `SBATCH_WAIT` is ignored. With it, sbatch would answer only after the end of the job.
///
/// # Errors
/// sbatch is missing; sbatch refuses, with its message; or it is unclear whether there is a job.
pub fn submit(script: &JobScript, path: &Path, after: Option<&Job>) -> Result<Job, SlurmError> {
    let mut sbatch = Command::new("sbatch");
    sbatch.env_remove("SBATCH_WAIT").arg("--parsable");
    if let Some(Job { number, cluster, .. }) = after {
        sbatch.args(cluster.iter().map(|cluster| format!("--clusters={cluster}")));
        sbatch.arg(format!("--dependency=afterany:{number}"));
    }
    // A relative path may begin with a dash.
    let path = std::path::absolute(path).map_err(failed("find", path))?;
    sbatch.args(&script.options).arg(path);
    let output = sbatch.output().map_err(|source| SlurmError::Start { program: "sbatch", source })?;
    let [answer, said] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).trim().to_owned());
    job(output.status.code(), &answer, said)
}

/// Interprets the answer of sbatch: a job is in the queue, it was refused, or it is unclear.
///
/// The job number is alone on a line. Sites print greetings and warnings around it.
fn job(code: Option<i32>, answer: &str, said: String) -> Result<Job, SlurmError> {
    let mut jobs: Vec<(&str, Option<&str>)> = answer.lines().filter_map(number).collect();
    jobs.dedup();
    match (code, &jobs[..]) {
        (Some(0), &[(number, cluster)]) => {
            return Ok(Job { number: number.to_owned(), cluster: cluster.map(str::to_owned), said });
        }
        // "Socket timed out on send/recv operation": the controller may have accepted the job.
        (Some(1..), []) if !said.contains("timed out") => {
            let said = if said.is_empty() { format!("exit status {}", code.unwrap_or_default()) } else { said };
            return Err(SlurmError::Refused { program: "sbatch", said });
        }
        _ => {}
    }
    let end = code.map_or("it was killed by a signal".into(), |code| format!("its exit status is {code}"));
    Err(SlurmError::Unclear { said: format!("{end}, its answer is {answer:?}, on stderr {said:?}") })
}

/// The number, and the cluster if the line is `NUMBER;CLUSTER` instead of `NUMBER`.
fn number(line: &str) -> Option<(&str, Option<&str>)> {
    let (number, cluster) = match line.trim().split_once(';') {
        Some((number, cluster)) => (number, Some(cluster)),
        None => (line.trim(), None),
    };
    let is_word = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
    (is_number && cluster.is_none_or(is_word)).then_some((number, cluster))
}

/// The maximum number of tasks in an array on this cluster, if Slurm reports it.
pub fn largest_array() -> Option<usize> {
    let config = output(Command::new("scontrol").args(["show", "config"]), "scontrol").ok()?;
    let value = config.lines().find_map(|line| line.trim().strip_prefix("MaxArraySize")?.trim().strip_prefix('='));
    // Slurm limits the indices, which begin at 0. Indices of our arrays begin at 1.
    value?.trim().parse::<usize>().ok()?.checked_sub(1)
}

/// Slurm's name for the state of a task, such as `PENDING`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaskState(String);

impl TaskState {
    /// Takes the first word, for instance of `CANCELLED by 1000`.
    fn new(text: &str) -> Option<Self> {
        text.split_whitespace().next().map(|word| Self(word.to_owned()))
    }

    pub fn name(&self) -> &str {
        &self.0
    }

    /// Whether the task is still in Slurm's queue: waiting, running or in between.
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

/// The states of jobs. Jobs that Slurm has forgotten are absent.
#[derive(Clone, Debug, Default)]
pub struct States {
    /// States by Slurm's names: `JOB` or `JOB_TASK`.
    by_name: BTreeMap<String, TaskState>,
}

impl States {
    pub fn job(&self, job: &str) -> Option<&TaskState> {
        self.by_name.get(job)
    }

    /// The state of a task; `task` counts from 1.
    pub fn task(&self, job: &str, task: usize) -> Option<&TaskState> {
        self.by_name.get(&format!("{job}_{task}"))
    }

    /// Adds lines of the form `NAME|STATE`.
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
    // Many clusters keep no accounts. Then only the queue is known.
    if let Ok(lines) = output(Command::new("sacct").args(accounts), "sacct") {
        states.add(&lines);
    }
    // The queue comes last and wins, because accounts may lag behind.
    let queue = ["--noheader", "--array", "--states=all", "--format=%i|%T", "--jobs", &list];
    match output(Command::new("squeue").args(queue), "squeue") {
        Ok(lines) => states.add(&lines),
        // squeue's answer if all jobs have left the queue long ago.
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
    fn the_number_is_found_beside_whatever_sbatch_or_the_site_says() {
        let job = |answer: &str| job(Some(0), answer, "a warning".into());
        let found = |answer: &str| job(answer).map(|job| (job.number, job.cluster, job.said)).unwrap();
        let (number, cluster, warning) = ("71".to_owned(), Some("big".to_owned()), "a warning".to_owned());
        for answer in ["71", "71\n", "71\r\n", " 71 ", "Welcome to 3 clusters!\n71\n", "71\n\nbye; see you\n", "71\n71"]
        {
            assert_eq!(found(answer), (number.clone(), None, warning.clone()), "{answer:?}");
        }
        for answer in ["71;big", "a; b\r\n71;big\r\n"] {
            assert_eq!(found(answer), (number.clone(), cluster.clone(), warning.clone()), "{answer:?}");
        }
        for answer in ["", "Submitted batch job 71", "71;", "71;a b", "71 72", "71\n72", "-71", "7\u{661}"] {
            let error = job(answer).unwrap_err();
            assert!(
                matches!(&error, SlurmError::Unclear { said } if said.contains("a warning")),
                "{answer:?}: {error}"
            );
        }
    }

    #[test]
    fn a_job_is_refused_only_where_that_is_sure() {
        let said = |code, answer, said: &str| job(code, answer, said.to_owned()).unwrap_err().to_string();
        assert!(
            said(Some(1), "Welcome\n", "sbatch: error: no such partition").contains("failed: sbatch: error: no such")
        );
        assert!(said(Some(9), "", "").contains("exit status 9"));
        for unclear in [
            said(Some(1), "71\n", "error: what comes after the submission"),
            said(Some(1), "", "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"),
            said(None, "", ""),
            said(Some(0), "", ""),
        ] {
            assert!(unclear.contains("a job may be in the queue"), "{unclear}");
        }
    }

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
