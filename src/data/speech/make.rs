//! Synthetic speech as files.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::{Part, SpeechData, SpeechError, synthetic, wav_bytes};
use crate::data::file::Output;
use crate::data::folder::{Made, NewFolder};
use crate::data::threads::on_all_cores;

/// Utterances held in memory at once.
const WINDOW: usize = 64;

/// The number of steps that [`make`] reports: written utterances.
pub fn steps(data: &SpeechData) -> usize {
    (data.training + data.test) as usize
}

/// Writes synthetic speech (see [`SpeechData::synthetic`]) into the folders `train` and `test` of a folder, as 16-bit
/// WAV files. The files hold exactly the samples of [`Speech::open`](super::Speech::open). `progress` is called with
/// the number of [`steps`] done.
///
/// # Errors
/// A folder that is not empty, unless `force`; a full disk; settings that are not for synthetic speech.
pub fn make(
    data: &SpeechData,
    folder: &Path,
    force: bool,
    stop: &AtomicBool,
    progress: &dyn Fn(usize),
) -> Result<Made, SpeechError> {
    data.check_counts()?;
    let Some(seed) = data.seed.filter(|_| data.path.is_none()) else {
        return Err(SpeechError::Settings(format!("{} is not synthetic speech", data.name)));
    };
    let folder = NewFolder::begin(folder, force)?;
    let made = fill(data, seed, &folder, stop, progress).map_err(|error| match error {
        SpeechError::File(error) => folder.named(error).into(),
        error => error,
    })?;
    if made == Made::Whole {
        folder.commit()?;
    }
    Ok(made)
}

fn fill(
    data: &SpeechData,
    seed: u64,
    folder: &NewFolder,
    stop: &AtomicBool,
    progress: &dyn Fn(usize),
) -> Result<Made, SpeechError> {
    let mut done = 0;
    for (part, name) in Part::ALL.into_iter().zip(["train", "test"]) {
        let inner = folder.below(name)?;
        for first in (0..data.count(part)).step_by(WINDOW) {
            if stop.load(Ordering::Relaxed) {
                return Ok(Made::Stopped);
            }
            let numbers = first..data.count(part).min(first + WINDOW as u64);
            let doing = "making speech";
            let make = || numbers.into_par_iter().map(|i| synthetic::utterance(part, seed, i)).collect::<Vec<_>>();
            for utterance in on_all_cores(make).map_err(|reason| SpeechError::Threads { doing, reason })? {
                let mut file = Output::new(&inner.join(format!("{}.wav", utterance.name))).begin()?;
                file.write(&wav_bytes(&utterance.samples))?;
                file.commit()?;
                done += 1;
            }
            progress(done);
        }
    }
    Ok(Made::Whole)
}
