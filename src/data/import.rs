//! Data sets that a user has already: checked against what is known of them, and linked into the folder of the data sets.

use std::path::{Path, PathBuf};

use md5::{Digest, Md5};

use super::cache;
use super::catalogue::KnownData;
use super::descriptors::{DescriptorData, DescriptorError};
use super::file::FileError;
use super::folder::hex;
use crate::temporary;

/// MD5 sums of the binary files of CIFAR-10, as public loaders list them.
const CIFAR10: [(&str, &str); 6] = [
    ("data_batch_1.bin", "5dd7e06a14cb22eb9f671a540d1b7c25"),
    ("data_batch_2.bin", "5ea93a67294ea407fff1d09f752e9692"),
    ("data_batch_3.bin", "942cd6a4bcdd0dd3c604fbe906cb4421"),
    ("data_batch_4.bin", "ae636b3ba5c66a11e91e8cb52e771fcb"),
    ("data_batch_5.bin", "53f37980c15c3d472c316c40844f3f0d"),
    ("test_batch.bin", "803d5f7f4d78ea53de84dbe85f74fb6d"),
];

/// Utterances of the parts of LibriSpeech.
const UTTERANCES: [(&str, usize); 3] =
    [("librispeech-train-clean-100", 28_539), ("librispeech-test-clean", 2_620), ("librispeech-test-other", 2_939)];

/// Learn, base and query vectors.
const VECTORS: [(&str, [u64; 3]); 2] = [("sift1m", [100_000, 1_000_000, 10_000]), ("siftsmall", [25_000, 10_000, 100])];

/// Folders within folders that are counted through.
const DEEPEST: usize = 8;

/// Why a folder is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Descriptors(#[from] DescriptorError),
    #[error("{folder} is not {name}: {reason}")]
    Other { folder: PathBuf, name: &'static str, reason: String },
    #[error("{place} is there already; remove it first, or leave it: experiments find it")]
    There { place: PathBuf },
    #[error("there is no folder for data sets: set {variable}", variable = cache::VARIABLE)]
    NoPlace,
    #[error("{place} can't be made a link to {folder}: {source}; without a link, name the folder above with --data")]
    Link { folder: PathBuf, place: PathBuf, source: std::io::Error },
}

/// Checks that a folder holds the data set and links it into its place, which is returned.
///
/// # Errors
/// [`ImportError`]: another set or a part of it, a place that is taken, no link.
pub fn import(data: &KnownData, folder: &Path) -> Result<PathBuf, ImportError> {
    let place = cache::place(data).ok_or(ImportError::NoPlace)?;
    if place.symlink_metadata().is_ok() {
        return Err(ImportError::There { place });
    }
    let resolved = folder.canonicalize().map_err(|source| FileError::Read { path: folder.into(), source })?;
    let other = |reason: String| ImportError::Other { folder: folder.into(), name: data.name, reason };
    check(data, &resolved)?.map_err(other)?;
    let write = |source| FileError::Write { path: place.clone(), source };
    temporary::make_folder(temporary::folder(&place)).map_err(write)?;
    link(&resolved, &place).map_err(|source| ImportError::Link {
        folder: folder.into(),
        place: place.clone(),
        source,
    })?;
    Ok(place)
}

/// The inner error says why it is another set.
fn check(data: &KnownData, folder: &Path) -> Result<Result<(), String>, ImportError> {
    if data.name == "cifar10" {
        return Ok(is_cifar10(folder)?);
    }
    if let Some((_, expected)) = VECTORS.iter().find(|(name, _)| *name == data.name) {
        let found = DescriptorData::folder(folder, [None; 3])?;
        let counts = [found.learn, found.base, found.queries];
        let is_it = counts == *expected && found.dimension == 128;
        return Ok(if is_it {
            Ok(())
        } else {
            Err(format!(
                "it has {counts:?} learn, base and query vectors of dimension {}, expected are {expected:?} of 128",
                found.dimension
            ))
        });
    }
    let Some((_, expected)) = UTTERANCES.iter().find(|(name, _)| *name == data.name) else {
        return Ok(Err("it is made here, by `vqlab data make`".into()));
    };
    let found = flac_files(folder, 0)?;
    Ok(if found == *expected { Ok(()) } else { Err(format!("it holds {found} FLAC files, expected are {expected}")) })
}

fn is_cifar10(folder: &Path) -> Result<Result<(), String>, FileError> {
    for (name, expected) in CIFAR10 {
        let path = folder.join(name);
        if !path.is_file() {
            return Ok(Err(format!("{name} is missing")));
        }
        let bytes = std::fs::read(&path).map_err(|source| FileError::Read { path, source })?;
        let found = hex(&Md5::digest(&bytes));
        if found != expected {
            return Ok(Err(format!("{name} has the MD5 {found}, expected is {expected}")));
        }
    }
    Ok(Ok(()))
}

fn flac_files(folder: &Path, depth: usize) -> Result<usize, FileError> {
    let read = |source| FileError::Read { path: folder.into(), source };
    let mut count = 0;
    for entry in std::fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        if path.is_dir() && depth < DEEPEST {
            count += flac_files(&path, depth + 1)?;
        } else if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("flac")) {
            count += 1;
        }
    }
    Ok(count)
}

#[cfg(unix)]
fn link(folder: &Path, place: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(folder, place)
}

#[cfg(windows)]
fn link(folder: &Path, place: &Path) -> std::io::Result<()> {
    std::os::windows::fs::symlink_dir(folder, place)
}

#[cfg(not(any(unix, windows)))]
fn link(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
