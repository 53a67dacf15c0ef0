//! Temporary files that take the place of a target when they are whole.

use std::io::Write;
use std::path::Path;

use tempfile::NamedTempFile;

/// An empty temporary file in the folder of `target`, so that it can be renamed to it; removed when dropped.
///
/// # Errors
/// The folder is missing or can't be written to.
pub(crate) fn beside(target: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".").suffix(".tmp");
    // Temporary files are private by default; results are to be read by others, as far as the umask lets them.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder(target))
}

/// Replaces a file whole or not at all: temporary file in the same folder, sync, rename. Missing folders are made; a file
/// that holds these bytes already is left alone.
///
/// # Errors
/// Those of the file system.
pub(crate) fn replace(target: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if std::fs::read(target).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    std::fs::create_dir_all(folder(target))?;
    let mut file = beside(target)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(target)?;
    Ok(())
}

/// The folder that holds `target`.
pub(crate) fn folder(target: &Path) -> &Path {
    target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
