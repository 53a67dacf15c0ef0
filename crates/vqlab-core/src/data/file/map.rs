//! The memory map, the only unsafe code of the file readers.

use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

use super::error::FileError;

/// Maps a regular file that is not empty.
///
/// # Errors
/// [`FileError::Read`] where the system refuses; [`FileError::Kind`] for folders, pipes and devices (a pipe would block
/// forever); [`FileError::Content`] for an empty file.
pub fn map(path: &Path) -> Result<Mmap, FileError> {
    let read = |source| FileError::Read { path: path.into(), source };
    if !std::fs::metadata(path).map_err(read)?.is_file() {
        return Err(FileError::kind(path, "it is not a regular file and can't be mapped; copy the data to a file"));
    }
    let file = File::open(path).map_err(read)?;
    map_file(path, &file)
}

/// As [`map`], for a file that is already open; `path` is for errors.
///
/// # Errors
/// As [`map`].
pub fn map_file(path: &Path, file: &File) -> Result<Mmap, FileError> {
    let read = |source| FileError::Read { path: path.into(), source };
    if file.metadata().map_err(read)?.len() == 0 {
        return Err(FileError::content(path, 0, "the file is empty; at least one row is needed"));
    }
    // SAFETY: the map is private and read-only. Its bytes are only turned into numbers for which every bit pattern is
    // valid, after checks against the length of this map; no reference to it is handed out. One condition can't be
    // enforced here: no other process may shorten the file meanwhile. If a process does, a read behind the new end
    // raises SIGBUS and this process dies, which loses nothing (outputs appear only when they are complete). If a
    // process changes bytes in place, other numbers are read, and each number is checked when it is read.
    let map = unsafe { Mmap::map(file) }.map_err(read)?;
    Ok(map)
}
