//! Fetches data sets with the system's curl, which supports FTP, TLS, proxies and redirects. A later call resumes a
//! partial file. A complete file is checked and unpacked.

mod check;
mod curl;
mod unpack;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::file::FileError;
use super::folder::NewFolder;

/// A .tar.gz archive to fetch, and its known properties.
#[derive(Clone, Copy, Debug)]
pub struct Archive<'a> {
    pub url: &'a str,
    pub bytes: Option<u64>,
    /// Lower-case hexadecimal digits.
    pub md5: Option<&'a str>,
    pub sha256: Option<&'a str>,
    /// Files below this folder of the archive keep their subfolders. Without it, no file does.
    pub root: Option<&'a str>,
    /// Files that it must hold.
    pub files: &'a [&'a str],
}

/// Why a data set can't be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(
        "curl can't be started ({source}); hint: install it, or download {url} to {part} and call again: it is then \
         checked and unpacked"
    )]
    NoCurl { url: String, part: PathBuf, source: std::io::Error },
    #[error("{url} can't be fetched: {reason}; {kept}")]
    Download { url: String, reason: String, kept: String },
    #[error("stopped; {0}")]
    Stopped(String),
    #[error(
        "{path} from {url} has {what} {found}, expected {expected}: it is damaged or another file, and was removed; \
         call again, or name another source with --from"
    )]
    Check { path: PathBuf, url: String, what: &'static str, found: String, expected: String },
    #[error("{path} can't be unpacked: {reason}")]
    Unpack { path: PathBuf, reason: String },
}

/// Fetches an archive and unpacks it into the folder `target`. If the connection breaks, the received bytes are kept in
/// the file [`part`]. `progress` is called with the number of bytes in that file.
///
/// # Errors
/// [`FetchError`]. A target that is not empty is refused unless `force`.
pub fn fetch(
    archive: &Archive,
    target: &Path,
    force: bool,
    stop: &AtomicBool,
    progress: &dyn Fn(u64),
) -> Result<(), FetchError> {
    let folder = NewFolder::begin(target, force)?;
    let part = part(target);
    // A complete file, fetched by hand or before a crash, is not fetched again.
    if !check::is_whole(archive, &part)? {
        curl::download(archive, &part, stop, progress)?;
        check::check(archive, &part)?;
    }
    unpack::unpack(&part, &folder, archive)?;
    folder.commit()?;
    std::fs::remove_file(&part).map_err(|source| FileError::Write { path: part, source })?;
    Ok(())
}

/// The file that keeps the archive of a folder until it is unpacked: `DIR.tar.gz.part`, beside the folder.
pub fn part(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let name = if name.is_empty() { "archive".into() } else { name };
    crate::temporary::folder(target).join(format!("{name}.tar.gz.part"))
}
