//! The binary files of CIFAR-10 (A. Krizhevsky, *Learning multiple layers of features from tiny images*, 2009). A
//! record holds a label, 0 to 9, and then the red, the green and the blue values of an image, each row by row.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::{BYTES, CHANNELS, PIXELS};
use crate::data::file::FileError;

/// Bytes of a record.
pub const RECORD: usize = 1 + BYTES;

/// The largest label.
const LAST_LABEL: u8 = 9;

/// The number of images in a file, from its length.
///
/// # Errors
/// [`FileError::Content`] for a file that is empty or ends within a record; [`FileError::Read`].
pub fn count(path: &Path) -> Result<u64, FileError> {
    let found = std::fs::metadata(path).map_err(|source| FileError::Read { path: path.into(), source })?;
    if !found.is_file() {
        return Err(FileError::Kind { path: path.into(), reason: "it is not a regular file".into() });
    }
    let (images, rest) = (found.len() / RECORD as u64, found.len() % RECORD as u64);
    let refused = |offset: u64, reason: String| Err(FileError::Content { path: path.into(), offset, reason });
    if rest != 0 {
        let reason = format!(
            "the file ends {rest} bytes into record {images} (counted from 0), but a record has {RECORD}: it is \
             truncated or not a CIFAR-10 file; fetch it again"
        );
        return refused(images * RECORD as u64, reason);
    }
    if images == 0 {
        return refused(0, "the file is empty; fetch it again".into());
    }
    Ok(images)
}

/// Reads the first images of several files, one file after the other, until `out` (n × 32 × 32 × 3, interleaved RGB) is
/// full.
///
/// # Errors
/// [`FileError::Content`] for a label above 9; [`FileError::Read`], also for files that have become shorter.
pub fn read(paths: &[PathBuf], out: &mut [u8]) -> Result<(), FileError> {
    let mut images = out.chunks_exact_mut(BYTES);
    for path in paths {
        let failed = |source| FileError::Read { path: path.clone(), source };
        let in_file = count(path)?;
        let mut file = BufReader::with_capacity(1 << 18, File::open(path).map_err(failed)?);
        let mut record = [0; RECORD];
        for number in 0..in_file {
            let Some(image) = images.next() else { return Ok(()) };
            file.read_exact(&mut record).map_err(failed)?;
            if record[0] > LAST_LABEL {
                let (offset, label) = (number * RECORD as u64, record[0]);
                let reason = format!(
                    "record {number} (counted from 0) has label {label}, allowed are 0 to {LAST_LABEL}: the file is \
                     damaged or not a CIFAR-10 file"
                );
                return Err(FileError::Content { path: path.clone(), offset, reason });
            }
            interleave(&record[1..], image);
        }
    }
    Ok(())
}

/// Converts three planes to interleaved pixels.
fn interleave(planes: &[u8], image: &mut [u8]) {
    let (pixels, _) = image.as_chunks_mut::<CHANNELS>();
    for (i, pixel) in pixels.iter_mut().enumerate() {
        *pixel = [planes[i], planes[PIXELS + i], planes[2 * PIXELS + i]];
    }
}

/// A record of an image, with label 0.
pub fn record(image: &[u8]) -> Vec<u8> {
    let plane = |channel: usize| image.iter().skip(channel).step_by(CHANNELS);
    std::iter::once(&0).chain((0..CHANNELS).flat_map(plane)).copied().collect()
}
