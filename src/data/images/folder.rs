//! Folders of images.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::open::Pixels;
use super::{ImageData, ImageError, Part, cifar};
use crate::data::folder::{hex, holds, name_of, names};

/// The files of a set, those of a part sorted, in the order of [`Part::ALL`].
#[derive(Debug)]
pub enum Layout {
    Cifar([Vec<PathBuf>; 2]),
}

impl Layout {
    /// Finds the files of the one set that a folder holds.
    ///
    /// # Errors
    /// [`ImageError::Folder`] with what is there and what is accepted; [`FileError::Read`](crate::data::file::FileError).
    pub fn find(folder: &Path) -> Result<Self, ImageError> {
        let names = names(folder)?;
        let refused = |reason: String| ImageError::Folder { path: folder.into(), reason };
        let batches = |prefix: &str| sorted(&names, folder, |name| name.starts_with(prefix) && name.ends_with(".bin"));
        let batches = [batches("data_batch"), batches("test_batch")];
        match batches.each_ref().map(Vec::is_empty) {
            [false, false] => Ok(Self::Cifar(batches)),
            [false, true] => Err(refused(format!("test_batch.bin is missing, it holds {}", holds(&names)))),
            [true, false] => Err(refused(format!("data_batch_1.bin is missing, it holds {}", holds(&names)))),
            [true, true] => Err(refused(format!("it holds {}", holds(&names)))),
        }
    }

    /// The number of images of each part.
    ///
    /// # Errors
    /// Files that are torn or can't be read.
    pub fn counts(&self) -> Result<[u64; 2], ImageError> {
        let mut counts = [0; 2];
        match self {
            Self::Cifar(parts) => {
                for (count, files) in counts.iter_mut().zip(parts) {
                    for file in files {
                        *count += cifar::count(file)?;
                    }
                }
            }
        }
        Ok(counts)
    }

    /// Reads the first images of a part, as many as `out` (n × 32 × 32 × 3) takes.
    ///
    /// # Errors
    /// Files that are damaged or can't be read.
    pub fn read(&self, part: Part, out: &mut [u8]) -> Result<(), ImageError> {
        match self {
            Self::Cifar(parts) => Ok(cifar::read(&parts[part as usize], out)?),
        }
    }
}

/// The files whose names are wanted, sorted.
fn sorted(names: &[String], folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut names: Vec<&String> = names.iter().filter(|name| wanted(name)).collect();
    names.sort_by(|a, b| by_number(a, b));
    names.into_iter().map(|name| folder.join(name)).collect()
}

/// Names by their characters, but numbers in them by their value, so that 10 comes after 9.
fn by_number(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    while let (Some(x), Some(y)) = (left.chars().next(), right.chars().next()) {
        let (first, second) = (digits(left), digits(right));
        let order = match first.is_empty() || second.is_empty() {
            true => x.cmp(&y),
            false => {
                let (n, m) = (first.trim_start_matches('0'), second.trim_start_matches('0'));
                n.len().cmp(&m.len()).then_with(|| n.cmp(m))
            }
        };
        if order.is_ne() {
            return order;
        }
        left = &left[first.len().max(x.len_utf8())..];
        right = &right[second.len().max(y.len_utf8())..];
    }
    // 1 and 01 are equal so far.
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

/// The digits that a text begins with.
fn digits(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    &text[..end]
}

impl ImageData {
    /// Looks into a folder, and reads all the images that are used once, for the digest. It may hold
    /// - the binary files of CIFAR-10, any number of `data_batch*.bin` and of `test_batch*.bin`, sorted by name, numbers by
    ///   their value.
    ///
    /// `limits` (training, test) takes only the first so many images of a part, None all of them.
    ///
    /// # Errors
    /// [`ImageError::Folder`]; files that are torn or damaged; limits above what is there.
    pub fn folder(path: &Path, limits: [Option<u64>; 2]) -> Result<Self, ImageError> {
        let layout = Layout::find(path)?;
        let mut counts = layout.counts()?;
        for ((part, count), limit) in Part::ALL.into_iter().zip(&mut counts).zip(limits) {
            let most = *count;
            *count = limit.unwrap_or(most);
            if !(1..=most).contains(count) {
                return Err(ImageError::Count { part, asked: *count, most });
            }
        }
        let [training, test] = counts;
        let name = name_of(path)?.unwrap_or("images".into());
        let mut data = Self { name, training, test, digest: None, seed: None, path: Some(path.into()) };
        data.check_counts()?;
        data.digest = Some(digest(&Pixels::read(&data, &layout)?));
        Ok(data)
    }
}

/// See [`ImageData::digest`].
pub fn digest(pixels: &Pixels) -> String {
    let mut hash = Sha256::new();
    for part in Part::ALL {
        let values = pixels.part(part);
        hash.update(((values.len() / super::BYTES) as u64).to_le_bytes());
        hash.update(values);
    }
    hex(&hash.finalize())
}
