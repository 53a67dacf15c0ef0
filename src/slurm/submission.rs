//! The folders of submissions and their files.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Deal, JobScripts, SlurmError, failed, read_json, write_json};

const FORMAT: &str = "vqlab-submission";

/// The record of a submission.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Submission {
    format: String,
    version: u32,
    /// The arguments of `vqlab run`.
    pub arguments: Vec<String>,
    /// Slurm's number of the array. None if sbatch gave none, or if the submission was killed before sbatch answered.
    pub array_job: Option<String>,
    /// Slurm's number of the gathering job.
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
        let last = numbers(slurm).last().copied().unwrap_or(0);
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
                // Another submission was faster.
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

    pub fn record_file(&self) -> PathBuf {
        self.0.join("submission.json")
    }

    /// The log of a task, from 1.
    pub fn log(&self, task: usize) -> PathBuf {
        self.0.join(format!("{task}.log"))
    }

    /// # Errors
    /// A file can't be written.
    pub fn write(&self, deal: &Deal, scripts: &JobScripts) -> Result<(), SlurmError> {
        deal.write(&self.0.join("shards.json"))?;
        for (path, text) in [(self.array_script(), &scripts.array.text), (self.gather_script(), &scripts.gather.text)] {
            crate::temporary::replace(&path, text.as_bytes()).map_err(failed("write", &path))?;
        }
        Ok(())
    }

    /// # Errors
    /// The file can't be written.
    pub fn record(&self, submission: &Submission) -> Result<(), SlurmError> {
        write_json(&self.record_file(), submission)
    }

    /// Removes a submission that Slurm refused.
    pub fn remove(&self) {
        // Remaining files have no job number and are skipped.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The numbers of the submissions, in ascending order.
fn numbers(slurm: &Path) -> Vec<u64> {
    let entries = fs::read_dir(slurm).into_iter().flatten().flatten();
    let mut numbers: Vec<u64> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

/// All submissions below `slurm`, oldest first.
fn recorded(slurm: &Path) -> Result<Vec<(Folder, Submission)>, SlurmError> {
    let folders = numbers(slurm).into_iter().map(|number| Folder(slurm.join(number.to_string())));
    let read = |folder: Folder| {
        let path = folder.record_file();
        path.exists().then(|| Ok((folder, read_json(&path, FORMAT)?)))
    };
    folders.filter_map(read).collect()
}

/// The folders below `slurm` that may have a job with an unknown number in the queue.
///
/// # Errors
/// A file of a submission can't be read.
pub fn unnumbered(slurm: &Path) -> Result<Vec<Folder>, SlurmError> {
    let all = recorded(slurm)?.into_iter();
    Ok(all.filter(|(_, submission)| submission.array_job.is_none()).map(|(folder, _)| folder).collect())
}

/// All submissions below `slurm` that have a job, oldest first.
///
/// # Errors
/// A file of these submissions can't be read.
pub fn submissions(slurm: &Path) -> Result<Vec<(Folder, Submission, Deal)>, SlurmError> {
    let with_job = recorded(slurm)?.into_iter().filter(|(_, submission)| submission.array_job.is_some());
    let with_deal = |(folder, submission): (Folder, Submission)| {
        let deal = Deal::read(&folder.0.join("shards.json"))?;
        Ok((folder, submission, deal))
    };
    with_job.map(with_deal).collect()
}
