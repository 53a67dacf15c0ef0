//! Images as a kind of data: read, generated, written.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use sha2::{Digest, Sha256};

use super::folder::Layout;
use super::{BYTES, ImageData, Part, cifar, synthetic};
use crate::data::choice::Run;
use crate::data::error::DataError;
use crate::data::file::Output;
use crate::data::folder::{Made, NewFolder};
use crate::data::parts::{InUse, Kind, items};
use crate::data::threads::on_all_cores;

/// Images per training file, as in CIFAR-10.
const BATCH: u64 = 10_000;

/// Images held in memory at once while files are written.
const WINDOW: u64 = 1000;

/// The kind of [`ImageData`].
#[derive(Debug)]
pub enum ImageKind {}

impl Kind for ImageKind {
    type Element = u8;

    const KIND: &'static str = "images";
    const ITEMS: &'static str = "images";
    const SYNTHETIC: &'static str = super::SYNTHETIC;
    /// About 50 GB.
    const MOST: u64 = 1 << 24;

    fn read(choice: &ImageData, folder: &Path) -> Result<[Vec<u8>; 2], DataError> {
        let layout = Layout::find(folder)?;
        for (part, most) in Part::ALL.into_iter().zip(layout.counts()?) {
            DataError::check_count(items::<Self>(part), choice.count(part), most)?;
        }
        read(choice, &layout)
    }

    fn generate(choice: &ImageData, seed: u64) -> Result<[Vec<u8>; 2], DataError> {
        filled(choice, |part, out| on_all_cores("making images", || synthetic::fill(part, seed, 0, out)))
    }

    /// The pixels.
    fn hash(pixels: &[u8], hash: &mut Sha256) {
        hash.update(((pixels.len() / BYTES) as u64).to_le_bytes());
        hash.update(pixels);
    }

    /// Writes the binary layout of CIFAR-10: training files of 10,000 images and one test file, with label 0
    /// everywhere.
    fn fill(choice: &ImageData, seed: u64, folder: &NewFolder, run: &Run) -> Result<Made, DataError> {
        let mut done = 0;
        for (part, first, end, name) in files(choice) {
            let mut file = Output::new(&folder.path().join(name)).begin()?;
            for window in (first..end).step_by(WINDOW as usize) {
                if run.stop.load(Ordering::Relaxed) {
                    return Ok(Made::Stopped);
                }
                let mut images = vec![0; WINDOW.min(end - window) as usize * BYTES];
                on_all_cores("making images", || synthetic::fill(part, seed, window, &mut images))?;
                for image in images.chunks_exact(BYTES) {
                    file.write(&cifar::record(image))?;
                }
                done += images.len() / BYTES;
                (run.progress)(done);
            }
            file.commit()?;
        }
        Ok(Made::Whole)
    }

    fn in_use() -> &'static InUse<Self> {
        static IN_USE: InUse<ImageKind> = Mutex::new(Vec::new());
        &IN_USE
    }
}

/// Reads the number of images that `choice` gives. The files must hold that many.
pub(super) fn read(choice: &ImageData, layout: &Layout) -> Result<[Vec<u8>; 2], DataError> {
    filled(choice, |part, out| layout.read(part, out))
}

/// Allocates the parts and fills each of them.
fn filled(
    choice: &ImageData,
    fill: impl Fn(Part, &mut [u8]) -> Result<(), DataError>,
) -> Result<[Vec<u8>; 2], DataError> {
    let mut parts = [Vec::new(), Vec::new()];
    for (part, pixels) in Part::ALL.into_iter().zip(&mut parts) {
        // At most 2^24 images of 3 KiB: the number fits into usize, but the memory may be too small.
        let n = choice.count(part) as usize * BYTES;
        pixels.try_reserve_exact(n).map_err(|_| {
            DataError::Choice(format!("not enough memory for {} MiB of {part} images; use fewer", n >> 20))
        })?;
        pixels.resize(n, 0);
        fill(part, pixels)?;
    }
    Ok(parts)
}

/// Part, first image, image after the last, and name of every file.
fn files(choice: &ImageData) -> impl Iterator<Item = (Part, u64, u64, String)> {
    let training = (0..choice.training.div_ceil(BATCH)).map(|i| {
        let end = choice.training.min((i + 1) * BATCH);
        (Part::Training, i * BATCH, end, format!("data_batch_{}.bin", i + 1))
    });
    training.chain([(Part::Test, 0, choice.test, "test_batch.bin".into())])
}
