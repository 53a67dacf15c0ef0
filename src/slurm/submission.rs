//! The folders of submissions and what they hold.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Deal, JobScripts, SlurmError, failed, read_json, write_json};

const FORMAT: &str = "vqlab-submission";

/// What was submitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Submission {
    format: String,
    version: u32,
    /// What followed `vqlab run`.
    pub arguments: Vec<String>,
    /// Slurm's number of the array; none if the submission was killed before sbatch answered.
    pub array_job: Option<String>,
    /// Of the job that gathers.
    pub gather_job: Option<String>,
    /// Seconds since 1970-01-01 UTC.
    pub submitted_unix: u64,
}

impl Submission {
    pub fn new(arguments: Vec<String>, submitted_unix: u64) -> Self {
        let format = FORMAT.into();
        Self { format, version: 1, arguments, array_job: None, gather_job: None, submitted_unix }
    }
}

/// The folder of one submission.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder that [`Self::make`] would make below `slurm` now.
    pub fn next(slurm: &Path) -> Self {
        let last = numbers(slurm).into_iter().max().unwrap_or(0);
        Self(slurm.join((last + 1).to_string()))
    }

    /// Makes a folder that no other submission has.
    ///
    /// # Errors
    /// It can't be made.
    pub fn make(slurm: &Path) -> Result<Self, SlurmError> {
        fs::create_dir_all(slurm).map_err(failed("make the folder", slurm))?;
        loop {
            let folder = Self::next(slurm);
            match fs::create_dir(&folder.0) {
                Ok(()) => return Ok(folder),
                // Another submission was quicker.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed("make the folder", &folder.0)(error)),
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn array_script(&self) -> PathBuf {
        self.0.join("array.sh")
    }

    pub fn gather_script(&self) -> PathBuf {
        self.0.join("gather.sh")
    }

    /// The log of a task, from 1.
    pub fn log(&self, task: usize) -> PathBuf {
        self.0.join(format!("{task}.log"))
    }

    /// # Errors
    /// A file can't be written.
    pub fn write(&self, deal: &Deal, scripts: &JobScripts) -> Result<(), SlurmError> {
        deal.write(&self.0.join("shards.json"))?;
        for (path, text) in [(self.array_script(), &scripts.array), (self.gather_script(), &scripts.gather)] {
            crate::temporary::replace(&path, text.as_bytes()).map_err(failed("write", &path))?;
        }
        Ok(())
    }

    /// # Errors
    /// The file can't be written.
    pub fn record(&self, submission: &Submission) -> Result<(), SlurmError> {
        write_json(&self.0.join("submission.json"), submission)
    }

    /// Takes back a submission that Slurm refused.
    pub fn remove(&self) {
        // What stays has no job number, and is passed over.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn numbers(slurm: &Path) -> Vec<u64> {
    let entries = fs::read_dir(slurm).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// All submissions below `slurm` that have a job, oldest first.
///
/// # Errors
/// A file of theirs can't be read.
pub fn submissions(slurm: &Path) -> Result<Vec<(Folder, Submission, Deal)>, SlurmError> {
    let mut numbers = numbers(slurm);
    numbers.sort_unstable();
    let mut found = Vec::new();
    for number in numbers {
        let folder = Folder(slurm.join(number.to_string()));
        let path = folder.0.join("submission.json");
        if !path.exists() {
            continue;
        }
        let submission: Submission = read_json(&path, FORMAT)?;
        if submission.array_job.is_some() {
            let deal = Deal::read(&folder.0.join("shards.json"))?;
            found.push((folder, submission, deal));
        }
    }
    Ok(found)
}
