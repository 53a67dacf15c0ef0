//! Size and checksums.

use crate::data::folder::hex;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use md5::Md5;
use sha2::{Digest, Sha256};

use super::{Archive, FetchError};
use crate::data::file::FileError;

/// Whether the file exists and has the known size and checksums. Without a known checksum, the file is not trusted.
pub fn is_whole(archive: &Archive, path: &Path) -> Result<bool, FileError> {
    if !path.is_file() || (archive.md5.is_none() && archive.sha256.is_none()) {
        return Ok(false);
    }
    Ok(fault(archive, path)?.is_none())
}

/// Removes a file that differs from the known size or checksums.
///
/// # Errors
/// [`FetchError::Check`]; a file that can't be read.
pub fn check(archive: &Archive, path: &Path) -> Result<(), FetchError> {
    let Some((what, found, expected)) = fault(archive, path)? else { return Ok(()) };
    std::fs::remove_file(path).map_err(|source| FileError::Write { path: path.into(), source })?;
    Err(FetchError::Check { path: path.into(), url: archive.url.into(), what, found, expected })
}

/// The first difference, with the found and the expected value.
fn fault(archive: &Archive, path: &Path) -> Result<Option<(&'static str, String, String)>, FileError> {
    let read = |source| FileError::Read { path: path.into(), source };
    let mut file = File::open(path).map_err(read)?;
    let bytes = file.metadata().map_err(read)?.len();
    if let Some(expected) = archive.bytes.filter(|expected| *expected != bytes) {
        return Ok(Some(("a length in bytes of", bytes.to_string(), expected.to_string())));
    }
    let (mut md5, mut sha256) = (Md5::new(), Sha256::new());
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n = file.read(&mut buffer).map_err(read)?;
        if n == 0 {
            break;
        }
        if archive.md5.is_some() {
            md5.update(&buffer[..n]);
        }
        if archive.sha256.is_some() {
            sha256.update(&buffer[..n]);
        }
    }
    let sums =
        [("the MD5", hex(&md5.finalize()), archive.md5), ("the SHA-256", hex(&sha256.finalize()), archive.sha256)];
    Ok(sums.into_iter().find_map(|(what, found, expected)| {
        let expected = expected.filter(|expected| *expected != found)?;
        Some((what, found, expected.to_string()))
    }))
}
