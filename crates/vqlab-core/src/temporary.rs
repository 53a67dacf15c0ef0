//! Temporary files that replace a target when they are complete. Errors never name the temporary file; they name the
//! target. A target that is a symbolic link stays a link; the file that it points to is replaced.

use std::io::{Error, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

const PREFIX: &str = ".";
const SUFFIX: &str = ".tmp";

/// A temporary file in the folder of its target; removed when dropped.
#[derive(Debug)]
pub struct Temporary {
    file: NamedTempFile,
    /// The target with symbolic links resolved.
    target: PathBuf,
}

impl Temporary {
    /// Syncs the file and moves it to its target, which may exist.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn replace(self) -> std::io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist(self.target).map(drop).map_err(|error| error.error)
    }

    /// As [`Temporary::replace`], for a target that must not exist.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`], and those of the file system.
    pub fn place(self) -> std::io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist_noclobber(self.target).map(drop).map_err(|error| error.error)
    }
}

// Through the file itself: errors of [`NamedTempFile`] contain its name.
impl Write for Temporary {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.as_file_mut().flush()
    }
}

impl Seek for Temporary {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.file.as_file_mut().seek(to)
    }
}

/// An empty temporary file in the folder of `target`, so that it can be renamed to the target. It is locked while its
/// process lives, so that [`sweep`] recognizes it.
///
/// # Errors
/// The folder is missing or can't be written to; a symbolic link that leads nowhere.
pub fn beside(target: &Path) -> std::io::Result<Temporary> {
    let target = resolved(target)?;
    loop {
        let file = make_beside(&target)?;
        // On systems without locks, nothing is swept either.
        let is_locked = file.as_file().try_lock().is_ok();
        // It may have been swept before it was locked.
        if !is_locked || file.path().exists() {
            return Ok(Temporary { file, target });
        }
    }
}

/// The target of a symbolic link; any other path unchanged.
///
/// # Errors
/// The link leads nowhere.
pub fn resolved(path: &Path) -> std::io::Result<PathBuf> {
    match dangling(path) {
        Some(to) => Err(Error::new(ErrorKind::NotFound, no_end(&to))),
        None if path.is_symlink() => path.canonicalize(),
        None => Ok(path.into()),
    }
}

/// The target of a symbolic link, where it does not exist.
pub fn dangling(path: &Path) -> Option<PathBuf> {
    let to = std::fs::read_link(path).ok()?;
    std::fs::metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound).then_some(to)
}

/// The message for such a link.
pub fn no_end(to: &Path) -> String {
    format!("it is a symbolic link to {}, which does not exist; remove the link or choose another name", to.display())
}

/// Creates a folder and its missing parents.
///
/// # Errors
/// Errors of the file system; a file in the way is named.
pub fn make_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| obstacle(folder).unwrap_or(error))
}

/// Creates a folder and checks that it can be written to, so that an error comes before hours of work and not after.
///
/// # Errors
/// The action that failed (`make`, `write to`), and why.
pub fn try_folder(folder: &Path) -> Result<(), (&'static str, Error)> {
    make_folder(folder).map_err(|error| ("make", error))?;
    // A file without a name, so that a kill leaves nothing behind.
    tempfile::tempfile_in(folder).map(drop).map_err(|error| ("write to", plain(error)))
}

/// The lowest of a folder and its parents that exists and is not a folder.
fn obstacle(folder: &Path) -> Option<Error> {
    let there = folder.ancestors().find(|path| path.symlink_metadata().is_ok())?;
    let reason = match dangling(there) {
        Some(to) => no_end(&to),
        None if there.is_dir() => return None,
        None => "it is a file, and a folder is needed there; choose another name".into(),
    };
    let reason = if there == folder { reason } else { format!("{}: {reason}", there.display()) };
    Some(Error::new(ErrorKind::NotADirectory, reason))
}

/// An error of the crate tempfile without the name of the temporary file, which the crate appends to the system's text.
pub fn plain(error: Error) -> Error {
    let text = error.to_string();
    match text.find(" at path ") {
        Some(end) if error.raw_os_error().is_none() => Error::new(error.kind(), text[..end].to_owned()),
        _ => error,
    }
}

/// Removes the temporary files that killed processes left in a folder; files of running processes stay.
pub fn sweep(folder: &Path) {
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_ours = name.starts_with(PREFIX) && name.ends_with(SUFFIX);
        if let Some(file) = is_ours.then(|| std::fs::File::open(&path).ok()).flatten()
            && file.try_lock().is_ok()
        {
            // A file that can't be removed does no harm.
            let _ = std::fs::remove_file(&path);
        }
    }
}

fn make_beside(target: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    // Temporary files are private by default; results must be readable by others, as far as the umask allows.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let folder = folder(target);
    builder.tempfile_in(folder).map_err(|error| match folder.symlink_metadata() {
        Err(missing) if missing.kind() == ErrorKind::NotFound => {
            let reason = format!("the folder {} does not exist; make it first", folder.display());
            Error::new(ErrorKind::NotFound, reason)
        }
        _ => plain(error),
    })
}

/// Replaces a file completely or not at all: temporary file in the same folder, sync, rename. Missing folders are
/// created. A file that already has this content is not written.
///
/// # Errors
/// Those of the file system.
pub fn replace(target: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if std::fs::read(target).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    make_folder(folder(target))?;
    let mut file = beside(target)?;
    file.write_all(bytes)?;
    file.replace()
}

/// The folder that holds `target`.
pub fn folder(target: &Path) -> &Path {
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
        assert!(living.file.path().exists() && !dead.exists() && folder.path().join("other.tmp").exists());
        living.place().unwrap();
        assert!(folder.path().join("target").exists());
        sweep(&folder.path().join("missing"));
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_stays_and_what_it_leads_to_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("below/file"), folder.path().join("link"));
        std::fs::create_dir(folder.path().join("below")).unwrap();
        std::os::unix::fs::symlink("below/file", &link).unwrap();
        let said = replace(&link, b"new").unwrap_err().to_string();
        assert!(said.starts_with("it is a symbolic link to below/file, which does not exist"), "{said}");
        std::fs::write(&file, "old").unwrap();
        replace(&link, b"new").unwrap();
        assert!(link.is_symlink() && std::fs::read(&file).unwrap() == b"new");
    }

    /// Errors of the crate tempfile name the temporary file; errors of this module do not, whichever step fails.
    #[test]
    fn errors_name_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let own = tempfile::Builder::new().prefix(".abc").tempfile_in(folder.path().join("none")).unwrap_err();
        assert!(own.to_string().contains(".abc"), "the crate has changed: {own}");
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let long = folder.path().join("x".repeat(300));
        let said = [
            plain(own),
            beside(&folder.path().join("none/x")).unwrap_err(),
            beside(&file.join("x")).unwrap_err(),
            replace(&file.join("below/x"), b"").unwrap_err(),
            replace(&long, b"").unwrap_err(),
            try_folder(&file.join("x")).unwrap_err().1,
        ];
        let said = said.map(|error| error.to_string());
        assert!(said.iter().all(|said| !said.contains(".abc") && !said.contains(" at path ")), "{said:?}");
        assert!(
            said[0].starts_with("No such file") && said[1].ends_with("none does not exist; make it first"),
            "{said:?}"
        );
        assert!(said[3].contains("file: it is a file, and a folder is needed there"), "{said:?}");
    }
}
