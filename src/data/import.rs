//! Data sets that a user has already: checked against what is known of them, and linked into the folder of the data sets.

use std::path::{Path, PathBuf};

use md5::{Digest, Md5};

use super::cache;
use super::catalogue::{Contents, KnownData};
use super::descriptors::{DescriptorData, DescriptorError};
use super::file::FileError;
use super::folder::hex;
use crate::temporary;

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
    let reason = match data.contents {
        None => Some("it is made here, by `vqlab data make`".into()),
        Some(Contents::Files(files)) => other_files(files, &resolved)?,
        Some(Contents::Descriptors(counts)) => other_descriptors(counts, &resolved)?,
        Some(Contents::Utterances(count)) => other_utterances(count, &resolved)?,
    };
    if let Some(reason) = reason {
        return Err(ImportError::Other { folder: folder.into(), name: data.name, reason });
    }
    let write = |source| FileError::Write { path: place.clone(), source };
    temporary::make_folder(temporary::folder(&place)).map_err(write)?;
    link(&resolved, &place).map_err(|source| ImportError::Link {
        folder: folder.into(),
        place: place.clone(),
        source,
    })?;
    Ok(place)
}

/// Why these are other files, if they are; so for the next two.
fn other_files(files: &[(&str, &str)], folder: &Path) -> Result<Option<String>, FileError> {
    for (name, expected) in files {
        let path = folder.join(name);
        if !path.is_file() {
            return Ok(Some(format!("{name} is missing")));
        }
        let bytes = std::fs::read(&path).map_err(|source| FileError::Read { path, source })?;
        let found = hex(&Md5::digest(&bytes));
        if found != *expected {
            return Ok(Some(format!("{name} has the MD5 {found}, expected is {expected}")));
        }
    }
    Ok(None)
}

fn other_descriptors(expected: [u64; 3], folder: &Path) -> Result<Option<String>, DescriptorError> {
    let found = DescriptorData::folder(folder, [None; 3])?;
    let (counts, dimension) = ([found.learn, found.base, found.queries], found.dimension);
    Ok((counts != expected || dimension != 128).then(|| {
        format!(
            "it has {counts:?} learn, base and query vectors of dimension {dimension}, expected are {expected:?} of 128"
        )
    }))
}

fn other_utterances(expected: usize, folder: &Path) -> Result<Option<String>, FileError> {
    let found = flac_files(folder, 0)?;
    Ok((found != expected).then(|| format!("it holds {found} FLAC files, expected are {expected}")))
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
