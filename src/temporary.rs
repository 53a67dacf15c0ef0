//! Temporary files that take the place of a target when they are whole.

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

/// The folder that holds `target`.
pub(crate) fn folder(target: &Path) -> &Path {
    target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
