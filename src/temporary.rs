//! Temporary files that take the place of a target when they are whole.

use std::io::Write;
use std::path::Path;

use tempfile::NamedTempFile;

const PREFIX: &str = ".";
const SUFFIX: &str = ".tmp";

/// An empty temporary file in the folder of `target`, so that it can be renamed to it; removed when dropped. It is locked as
/// long as its process lives, so that [`sweep`] knows it.
///
/// # Errors
/// The folder is missing or can't be written to.
pub(crate) fn beside(target: &Path) -> std::io::Result<NamedTempFile> {
    loop {
        let file = make_beside(target)?;
        // Where there are no locks, nothing is swept either.
        let is_locked = file.as_file().try_lock().is_ok();
        // It may have been swept before it was locked.
        if !is_locked || file.path().exists() {
            return Ok(file);
        }
    }
}

/// Removes the temporary files that killed processes left in a folder; those of living ones stay.
pub(crate) fn sweep(folder: &Path) {
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_ours = name.starts_with(PREFIX) && name.ends_with(SUFFIX);
        if let Some(file) = is_ours.then(|| std::fs::File::open(&path).ok()).flatten()
            && file.try_lock().is_ok()
        {
            // What can't be removed does no harm.
            let _ = std::fs::remove_file(&path);
        }
    }
}

fn make_beside(target: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_process_left_is_swept_and_what_a_living_one_writes_stays() {
        let folder = tempfile::tempdir().unwrap();
        let living = beside(&folder.path().join("target")).unwrap();
        let dead = folder.path().join(".dead.tmp");
        std::fs::write(&dead, "half").unwrap();
        std::fs::write(folder.path().join("other.tmp"), "not ours").unwrap();
        sweep(folder.path());
        assert!(living.path().exists() && !dead.exists() && folder.path().join("other.tmp").exists());
        living.persist(folder.path().join("target")).unwrap();
        sweep(&folder.path().join("missing"));
    }
}
