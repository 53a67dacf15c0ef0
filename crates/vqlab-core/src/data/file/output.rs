//! Output files: rejected where a file exists, written beside the target, and moved to the target when complete.

use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::error::FileError;
use crate::temporary::{self, Temporary};

/// The path of an output, and what it may replace.
#[derive(Clone, Debug)]
pub struct Output {
    path: PathBuf,
    force: bool,
    inputs: Vec<PathBuf>,
}

impl Output {
    /// An output that replaces nothing.
    pub fn new(path: &Path) -> Self {
        Self { path: path.into(), force: false, inputs: Vec::new() }
    }

    /// Whether an existing file is replaced.
    pub fn force(self, force: bool) -> Self {
        Self { force, ..self }
    }

    /// Files that are never replaced, not even with `force`, because the output is made from them.
    pub fn made_from(self, inputs: &[&Path]) -> Self {
        Self { inputs: inputs.iter().map(|path| (*path).into()).collect(), ..self }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Rejects a target that can't be written, as far as this can be checked without writing.
    ///
    /// # Errors
    /// [`FileError::Exists`]; [`FileError::Kind`] where the target is stdout, an input, a folder or device, or a
    /// symbolic link that leads nowhere.
    pub fn check(&self) -> Result<(), FileError> {
        self.check_place()?;
        if let Some(to) = temporary::dangling(&self.path) {
            return Err(FileError::kind(&self.path, temporary::no_end(&to)));
        }
        match std::fs::metadata(&self.path) {
            Ok(_) if !self.force => Err(FileError::Exists { path: self.path.clone() }),
            Ok(_) if self.is_input() => {
                Err(FileError::kind(&self.path, "it is an input of this command, which its output must not replace"))
            }
            Ok(_) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            // For example, a name that is too long.
            Err(source) => Err(FileError::Write { path: self.path.clone(), source }),
        }
    }

    /// The part of [`Output::check`] that comes before the check of the file ending.
    ///
    /// # Errors
    /// [`FileError::Kind`] where the target is stdout, a device or a folder.
    pub fn check_place(&self) -> Result<(), FileError> {
        refuse_stream(&self.path)?;
        match std::fs::metadata(&self.path) {
            Ok(found) if found.is_dir() => Err(FileError::kind(&self.path, "it is a folder; name a file in it")),
            Ok(found) if !found.is_file() => {
                Err(FileError::kind(&self.path, "it is not a regular file, so nothing is written there; name a file"))
            }
            _ => Ok(()),
        }
    }

    fn is_input(&self) -> bool {
        let same = |input: &PathBuf| {
            input.canonicalize().is_ok_and(|input| self.path.canonicalize().is_ok_and(|path| path == input))
        };
        self.inputs.iter().any(same)
    }

    /// Begins the file as a temporary file in the same folder, which is removed unless it is committed.
    ///
    /// # Errors
    /// Those of [`Output::check`]; [`FileError::Write`] where the folder is missing or can't be written to.
    pub fn begin(self) -> Result<OutputFile, FileError> {
        self.check()?;
        let temporary = temporary::beside(&self.path);
        let temporary = temporary.map_err(|source| FileError::Write { path: self.path.clone(), source })?;
        Ok(OutputFile { file: BufWriter::with_capacity(1 << 18, temporary), path: self.path, force: self.force })
    }
}

/// Rejects stdout as an output, under any of its names: output files appear only when they are complete, which a stream
/// can't do.
///
/// # Errors
/// [`FileError::Kind`].
pub fn refuse_stream(path: &Path) -> Result<(), FileError> {
    let is_stream = path == Path::new("-")
        || ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc"].iter().any(|stream| path.starts_with(stream));
    let reason = "outputs are files that appear when they are whole; nothing is written to stdout: name a file";
    if is_stream { Err(FileError::kind(path, reason)) } else { Ok(()) }
}

/// An output in progress. Dropped without [`OutputFile::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct OutputFile {
    file: BufWriter<Temporary>,
    path: PathBuf,
    force: bool,
}

impl OutputFile {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// [`FileError::Write`], such as a full disk.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.file.write_all(bytes).map_err(|source| self.failed(source))
    }

    /// Overwrites the first bytes.
    ///
    /// # Errors
    /// [`FileError::Write`].
    pub fn rewrite_start(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let back = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.write_all(bytes));
        back.and_then(|()| self.file.seek(SeekFrom::End(0)).map(drop)).map_err(|source| self.failed(source))
    }

    /// Syncs the file and moves it to its target. If this fails, an existing target stays unchanged.
    ///
    /// # Errors
    /// [`FileError::Write`]; [`FileError::Exists`] where another process has created the target meanwhile.
    pub fn commit(self) -> Result<(), FileError> {
        let Self { file, path, force } = self;
        let failed = |source| FileError::Write { path: path.clone(), source };
        let temporary = file.into_inner().map_err(|error| failed(error.into_error()))?;
        if force {
            return temporary.replace().map_err(failed);
        }
        temporary.place().map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => FileError::Exists { path: path.clone() },
            _ => failed(error),
        })
    }

    fn failed(&self, source: std::io::Error) -> FileError {
        FileError::Write { path: self.path.clone(), source }
    }
}
