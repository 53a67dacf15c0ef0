//! Synthetic images as files.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{BYTES, ImageData, ImageError, Part, cifar, synthetic};
use crate::data::file::Output;
use crate::data::folder::{Made, NewFolder};
use crate::data::threads::on_all_cores;

/// Images per training file, as in CIFAR-10.
const BATCH: u64 = 10_000;

/// Images held in memory at once.
const WINDOW: u64 = 1000;

/// The number of steps that [`make`] reports: written images.
pub fn steps(data: &ImageData) -> usize {
    (data.training + data.test) as usize
}

/// Writes synthetic images (see [`ImageData::synthetic`]) into a folder in the binary layout of CIFAR-10: training
/// files of 10,000 images and one test file, with label 0 everywhere. It takes a few MiB of memory for any number of
/// images. `progress` is called with the number of [`steps`] done.
///
/// # Errors
/// A folder that is not empty, unless `force`; a full disk; settings that are not for synthetic images.
pub fn make(
    data: &ImageData,
    folder: &Path,
    force: bool,
    stop: &AtomicBool,
    progress: &dyn Fn(usize),
) -> Result<Made, ImageError> {
    data.check_counts()?;
    let Some(seed) = data.seed.filter(|_| data.path.is_none()) else {
        return Err(ImageError::Settings(format!("{} are not synthetic images", data.name)));
    };
    let folder = NewFolder::begin(folder, force)?;
    let made = fill(data, seed, &folder, stop, progress).map_err(|error| match error {
        ImageError::File(error) => folder.named(error).into(),
        error => error,
    })?;
    if made == Made::Whole {
        folder.commit()?;
    }
    Ok(made)
}

fn fill(
    data: &ImageData,
    seed: u64,
    folder: &NewFolder,
    stop: &AtomicBool,
    progress: &dyn Fn(usize),
) -> Result<Made, ImageError> {
    let mut done = 0;
    for (part, first, end, name) in files(data) {
        let mut file = Output::new(&folder.path().join(name)).begin()?;
        for window in (first..end).step_by(WINDOW as usize) {
            if stop.load(Ordering::Relaxed) {
                return Ok(Made::Stopped);
            }
            let mut images = vec![0; WINDOW.min(end - window) as usize * BYTES];
            let doing = "making images";
            let work = || synthetic::fill(part, seed, window, &mut images);
            on_all_cores(work).map_err(|reason| ImageError::Threads { doing, reason })?;
            for image in images.chunks_exact(BYTES) {
                file.write(&cifar::record(image))?;
            }
            done += images.len() / BYTES;
            progress(done);
        }
        file.commit()?;
    }
    Ok(Made::Whole)
}

/// Part, first image, image after the last, and name of every file.
fn files(data: &ImageData) -> impl Iterator<Item = (Part, u64, u64, String)> {
    let training = (0..data.training.div_ceil(BATCH)).map(|i| {
        let end = data.training.min((i + 1) * BATCH);
        (Part::Training, i * BATCH, end, format!("data_batch_{}.bin", i + 1))
    });
    training.chain([(Part::Test, 0, data.test, "test_batch.bin".into())])
}
