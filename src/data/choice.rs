//! The choice of data: what an experiment states about its data, as plain data, and what a cell's key is computed from.
//! Images, speech and descriptors differ in their items and parts, and share the rest: data come from a folder or from
//! a seed, counts have limits, and synthetic data can be written as files.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::error::DataError;
use super::folder::{Made, NewFolder};

/// The part of a choice of data that all kinds have.
pub trait DataChoice {
    /// The kind of data in plural, as in "synthetic images".
    const KIND: &'static str;
    /// The name of synthetic sets.
    const SYNTHETIC: &'static str;
    /// The maximum number of items in a part.
    const MOST: u64;

    /// [`DataChoice::SYNTHETIC`], the name of the data set, or the name of the folder.
    fn name(&self) -> &str;

    /// The parts as named in messages, for instance "training images", and their numbers of items.
    fn counts(&self) -> Vec<(String, u64)>;

    /// The folder of the files.
    fn path(&self) -> Option<&Path>;

    /// The seed of synthetic data.
    fn seed(&self) -> Option<u64>;

    /// Where the data come from.
    ///
    /// # Errors
    /// [`DataError::Choice`] for both a folder and a seed, or neither; [`DataError::Count`] for counts that no set can
    /// have.
    fn origin(&self) -> Result<Origin<'_>, DataError> {
        self.check_counts()?;
        match (self.path(), self.seed()) {
            (Some(path), None) => Ok(Origin::Folder(path)),
            (None, Some(seed)) => Ok(Origin::Seed(seed)),
            (None, None) => Err(DataError::Choice(format!("{}: the settings give no folder", self.name()))),
            (Some(path), Some(_)) => {
                let reason = format!("{}: files have no seed; give either a folder or a seed", path.display());
                Err(DataError::Choice(reason))
            }
        }
    }

    /// Rejects counts that no set can have.
    ///
    /// # Errors
    /// [`DataError::Count`].
    fn check_counts(&self) -> Result<(), DataError> {
        self.counts().into_iter().try_for_each(|(items, asked)| DataError::check_count(items, asked, Self::MOST))
    }
}

/// Where data come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    Folder(&'a Path),
    Seed(u64),
}

/// Synthetic data that can be written as files.
pub trait Make: DataChoice {
    /// The number of steps of [`Make::fill`].
    fn steps(&self) -> usize {
        self.counts().into_iter().map(|(_, count)| count as usize).sum()
    }

    /// Writes the files. `progress` is called with the number of [`Make::steps`] done.
    ///
    /// # Errors
    /// Files that can't be written.
    fn fill(&self, seed: u64, folder: &NewFolder, run: &Run) -> Result<Made, DataError>;
}

/// How a run of [`make`] is stopped and watched.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    pub stop: &'a AtomicBool,
    pub progress: &'a (dyn Fn(usize) + Sync),
}

/// Writes synthetic data into a folder, in the layout of the real data. The folder appears when it is complete. A few
/// items are in memory at once, for any number of them.
///
/// # Errors
/// A folder that is not empty, unless `force`; a full disk; a choice that is not of synthetic data.
pub fn make<D: Make>(data: &D, folder: &Path, force: bool, run: &Run) -> Result<Made, DataError> {
    let Origin::Seed(seed) = data.origin()? else {
        return Err(DataError::Choice(format!("{}: this is not synthetic {}", data.name(), D::KIND)));
    };
    let folder = NewFolder::begin(folder, force)?;
    let made = data.fill(seed, &folder, run).map_err(|error| match error {
        DataError::File(error) => folder.named(error).into(),
        error => error,
    })?;
    if made == Made::Whole {
        folder.commit()?;
    }
    Ok(made)
}

#[cfg(test)]
pub mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Writes synthetic data into a folder that may exist, and checks progress, `force` and stops.
    pub fn check_made(data: &impl Make, target: &Path) {
        let (go, stop, last) = (AtomicBool::new(false), AtomicBool::new(true), AtomicUsize::new(0));
        let progress = |done| last.store(done, Ordering::Relaxed);
        let run = Run { stop: &go, progress: &progress };
        assert_eq!(make(data, target, true, &run).unwrap(), Made::Whole);
        assert_eq!(last.load(Ordering::Relaxed), data.steps());
        assert!(make(data, target, false, &run).unwrap_err().to_string().contains("--force"));
        let other = target.with_file_name("other");
        assert_eq!(make(data, &other, false, &Run { stop: &stop, ..run }).unwrap(), Made::Stopped);
        assert!(!other.exists());
    }
}
