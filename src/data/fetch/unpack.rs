//! Unpacks .tar.gz archives without trusting them.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use tar::EntryType;

use super::{Archive, FetchError};
use crate::data::file::FileError;
use crate::data::folder::NewFolder;

/// Accepted bytes and files. An archive with more may be meant to fill the disk.
const MOST_BYTES: u64 = 8 << 30;
const MOST_FILES: usize = 100_000;

/// Unpacks an archive into a folder. Files below the archive's root keep their subfolders; every other file goes into
/// the folder itself.
///
/// # Errors
/// [`FetchError::Unpack`] for an archive that is damaged, holds links or devices, has paths that leave the folder or
/// two files with one name, or lacks a required file; a full disk.
pub fn unpack(path: &Path, folder: &NewFolder, archive: &Archive) -> Result<(), FetchError> {
    let read = |source| FileError::Read { path: path.into(), source };
    let refused = |reason: String| FetchError::Unpack { path: path.into(), reason };
    let damaged = |error: std::io::Error| refused(format!("it is damaged ({error}); remove it and call again"));
    let file = File::open(path).map_err(read)?;
    let mut tar = tar::Archive::new(MultiGzDecoder::new(BufReader::new(file)));
    let (mut bytes, mut count) = (0u64, 0);
    for entry in tar.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let within = entry.path().map_err(damaged)?.into_owned();
        let kind = entry.header().entry_type();
        let name = name(&within, archive.root).map_err(refused)?;
        if matches!(kind, EntryType::Directory | EntryType::XGlobalHeader) {
            continue;
        }
        if !matches!(kind, EntryType::Regular | EntryType::Continuous) {
            return Err(refused(format!(
                "{} is not a regular file; only regular files are unpacked",
                within.display()
            )));
        }
        bytes = bytes.saturating_add(entry.size());
        count += 1;
        if bytes > MOST_BYTES || count > MOST_FILES {
            let reason = format!("it holds more than {} GiB or {MOST_FILES} files", MOST_BYTES >> 30);
            return Err(refused(reason));
        }
        let target = folder.path().join(&name);
        if target.exists() {
            return Err(refused(format!("it holds more than one file {}", name.display())));
        }
        let shown = folder.target().join(&name);
        let write = |source| FileError::Write { path: shown.clone(), source };
        if let Some(above) = target.parent() {
            std::fs::create_dir_all(above).map_err(write)?;
        }
        let mut out = File::create_new(&target).map_err(write)?;
        let (mut buffer, mut left) = (vec![0; 1 << 18], entry.size());
        loop {
            let n = entry.read(&mut buffer).map_err(damaged)?;
            if n == 0 {
                break;
            }
            left = left.saturating_sub(n as u64);
            out.write_all(&buffer[..n]).map_err(write)?;
        }
        if left > 0 {
            return Err(refused(format!("{} lacks {left} bytes; remove it and call again", within.display())));
        }
        out.sync_all().map_err(write)?;
    }
    // The checksum follows the end of the tar.
    let rest = std::io::copy(&mut tar.into_inner().take(1 << 20), &mut std::io::sink());
    rest.map_err(damaged)?;
    match archive.files.iter().find(|file| !folder.path().join(file).is_file()) {
        Some(file) => Err(refused(format!("it does not hold {file}; it is another archive"))),
        None => Ok(()),
    }
}

/// The path of an archive's file below the folder: its last component, or everything below the root.
fn name(path: &Path, root: Option<&str>) -> Result<PathBuf, String> {
    if path.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(format!("the path {} leaves the folder", path.display()));
    }
    let plain: PathBuf = path.components().filter(|part| matches!(part, Component::Normal(_))).collect();
    match root.and_then(|root| plain.strip_prefix(root).ok()) {
        Some(below) => Ok(below.into()),
        None => Ok(plain.file_name().map(PathBuf::from).unwrap_or_default()),
    }
}
