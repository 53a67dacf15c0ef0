//! Folders of data: new folders that appear only when they are complete, and the content of folders.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::file::{FileError, refuse_stream};
use crate::temporary;

/// A folder in preparation, beside its target. Dropped without [`NewFolder::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct NewFolder {
    target: PathBuf,
    /// The target with symbolic links resolved.
    resolved: PathBuf,
    /// The folder inside a temporary folder, because a temporary folder is private to its owner.
    inner: PathBuf,
    // Removed when dropped.
    _temporary: TempDir,
}

impl NewFolder {
    /// Begins a folder; missing parent folders are created.
    ///
    /// # Errors
    /// [`FileError::Exists`] for a target that is not empty, unless `force`; [`FileError::Kind`] for a target that is
    /// not a folder; [`FileError::Write`], [`FileError::Read`].
    pub fn begin(target: &Path, force: bool) -> Result<Self, FileError> {
        check(target, force)?;
        let write = |source| FileError::Write { path: target.into(), source };
        let resolved = temporary::resolved(target).map_err(write)?;
        let above = temporary::folder(&resolved);
        temporary::make_folder(above).map_err(write)?;
        let inside = tempfile::Builder::new().prefix(".").suffix(".tmp").tempdir_in(above);
        let inside = inside.map_err(|error| write(temporary::plain(error)))?;
        let inner = inside.path().join("data");
        std::fs::create_dir(&inner).map_err(write)?;
        Ok(Self { target: target.into(), resolved, inner, _temporary: inside })
    }

    /// The path of the files until the commit.
    pub fn path(&self) -> &Path {
        &self.inner
    }

    /// Creates a folder inside this one.
    ///
    /// # Errors
    /// [`FileError::Write`].
    pub fn below(&self, name: &str) -> Result<PathBuf, FileError> {
        let path = self.inner.join(name);
        std::fs::create_dir_all(&path).map_err(|source| FileError::Write { path: self.target.join(name), source })?;
        Ok(path)
    }

    /// The final path of the folder.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// An error of a file in the folder, with the final path of the file.
    pub fn named(&self, error: FileError) -> FileError {
        match error.path().strip_prefix(&self.inner).map(|below| self.target.join(below)) {
            Ok(path) => error.with_path(path),
            Err(_) => error,
        }
    }

    /// Moves the folder to its target. In a target that is not empty, files of the same names are replaced, and others
    /// stay.
    ///
    /// # Errors
    /// [`FileError::Write`].
    pub fn commit(self) -> Result<(), FileError> {
        place(&self.inner, &self.resolved)
    }
}

/// Moves a folder to its target, or its files into an existing target folder.
fn place(from: &Path, to: &Path) -> Result<(), FileError> {
    let write = |path: &Path| {
        let path = path.to_path_buf();
        move |source| FileError::Write { path, source }
    };
    if !holds_something(to) {
        // Not every system renames over an empty folder.
        let _ = std::fs::remove_dir(to);
        return std::fs::rename(from, to).map_err(write(to));
    }
    for entry in std::fs::read_dir(from).map_err(write(to))? {
        let entry = entry.map_err(write(to))?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            place(&from, &to)?;
        } else {
            std::fs::rename(&from, &to).map_err(write(&to))?;
        }
    }
    Ok(())
}

/// How the creation of files ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    Whole,
    /// Stopped on request; nothing was written.
    Stopped,
}

/// Rejects a target that can't become a new folder, before any work.
///
/// # Errors
/// Those of [`NewFolder::begin`].
pub fn check(target: &Path, force: bool) -> Result<(), FileError> {
    refuse_stream(target)?;
    if let Some(to) = temporary::dangling(target) {
        return Err(FileError::Kind { path: target.into(), reason: temporary::no_end(&to) });
    }
    match std::fs::metadata(target) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(FileError::Read { path: target.into(), source }),
        Ok(found) if !found.is_dir() => Err(FileError::Kind {
            path: target.into(),
            reason: "it is not a folder, but a folder is to be created there".into(),
        }),
        Ok(_) if !force && holds_something(target) => Err(FileError::Exists { path: target.into() }),
        Ok(_) => Ok(()),
    }
}

fn holds_something(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

/// The names in a folder, sorted. Names that are not Unicode are ignored: they belong to no data set.
pub fn names(folder: &Path) -> Result<Vec<String>, FileError> {
    let read = |source| FileError::Read { path: folder.into(), source };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read)? {
        names.extend(entry.map_err(read)?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// `a, b, c and 7 more`.
pub fn holds(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    match names.len() {
        0 => "nothing".into(),
        n if n > SHOWN => format!("{shown} and {} more", n - SHOWN),
        _ => shown,
    }
}

/// The name of a folder, also for `.` and similar paths; the root has none.
pub fn name_of(folder: &Path) -> Result<Option<String>, FileError> {
    // Only a resolved path has a name.
    let resolved = folder.canonicalize().map_err(|source| FileError::Read { path: folder.into(), source })?;
    Ok(resolved.file_name().map(|name| name.to_string_lossy().into_owned()))
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Compares names by their characters, but numbers in names by their value, so that 10 comes after 9.
pub fn by_number(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    while let (Some(x), Some(y)) = (left.chars().next(), right.chars().next()) {
        let (first, second) = (digits(left), digits(right));
        let order = match first.is_empty() || second.is_empty() {
            true => x.cmp(&y),
            false => {
                let (n, m) = (first.trim_start_matches('0'), second.trim_start_matches('0'));
                n.len().cmp(&m.len()).then_with(|| n.cmp(m))
            }
        };
        if order.is_ne() {
            return order;
        }
        left = &left[first.len().max(x.len_utf8())..];
        right = &right[second.len().max(y.len_utf8())..];
    }
    // 1 and 01 are equal so far.
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

/// The leading digits of a text.
fn digits(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_appears_when_whole_and_replaces_only_its_own_files() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("a/b");
        let make = |force: bool, text: &str| {
            let new = NewFolder::begin(&target, force)?;
            std::fs::write(new.path().join("x"), text).unwrap();
            new.commit()
        };
        drop(NewFolder::begin(&target, false).unwrap());
        assert!(!target.exists());
        std::fs::create_dir_all(&target).unwrap();
        make(false, "1").unwrap();
        assert!(matches!(make(false, "2"), Err(FileError::Exists { .. })));
        std::fs::write(target.join("y"), "mine").unwrap();
        make(true, "3").unwrap();
        let read = |name: &str| std::fs::read_to_string(target.join(name)).unwrap();
        assert_eq!((read("x").as_str(), read("y").as_str()), ("3", "mine"));
        assert_eq!(std::fs::read_dir(place.path().join("a")).unwrap().count(), 1);
        let file = target.join("x");
        assert!(matches!(NewFolder::begin(&file, true), Err(FileError::Kind { .. })));
    }
}
