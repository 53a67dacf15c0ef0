//! Fetching data sets: by the system's curl, which knows FTP, TLS, proxies and redirects, to a file that a later call goes on
//! with; checked; unpacked.

mod check;
mod curl;
mod unpack;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::file::FileError;
use super::folder::NewFolder;

/// A .tar.gz to be fetched and what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Archive<'a> {
    pub url: &'a str,
    pub bytes: Option<u64>,
    /// Lower-case hexadecimal digits.
    pub md5: Option<&'a str>,
    pub sha256: Option<&'a str>,
    /// The folder of the archive below which files keep their own folders; without, none does.
    pub root: Option<&'a str>,
    /// Files that it has to hold.
    pub files: &'a [&'a str],
}

/// Why a data set can't be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(
        "curl can't be started ({source}); install it, or fetch {url} by hand, put it at {part} and call again: it is then \
         checked and unpacked"
    )]
    NoCurl { url: String, part: PathBuf, source: std::io::Error },
    #[error("{url} can't be fetched: {reason}; {kept}")]
    Download { url: String, reason: String, kept: String },
    #[error("stopped; {0}")]
    Stopped(String),
    #[error(
        "{path} from {url} has {what} {found}, expected is {expected}: it is damaged or another file, and was removed; call \
         again, or name another source with --from"
    )]
    Check { path: PathBuf, url: String, what: &'static str, found: String, expected: String },
    #[error("{path} can't be unpacked: {reason}")]
    Unpack { path: PathBuf, reason: String },
}

/// Fetches an archive and unpacks it into the folder `target`. What
/// has come is kept in the file [`part`] if the connection breaks. `progress` is called with the bytes that are there.
///
/// # Errors
/// [`FetchError`]. A target that holds something is refused unless `force`.
pub fn fetch(
    archive: &Archive,
    target: &Path,
    force: bool,
    stop: &AtomicBool,
    progress: &dyn Fn(u64),
) -> Result<(), FetchError> {
    let folder = NewFolder::begin(target, force)?;
    let part = part(target);
    // A whole file, fetched by hand or before a crash, is not fetched again.
    if !check::is_whole(archive, &part)? {
        curl::download(archive, &part, stop, progress)?;
        check::check(archive, &part)?;
    }
    unpack::unpack(&part, &folder, archive)?;
    folder.commit()?;
    std::fs::remove_file(&part).map_err(|source| FileError::Write { path: part, source })?;
    Ok(())
}

/// Where the archive of a folder is kept until it is unpacked: `DIR.tar.gz.part`, beside it.
pub fn part(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let name = if name.is_empty() { "archive".into() } else { name };
    crate::temporary::folder(target).join(format!("{name}.tar.gz.part"))
}
