//! Output files: refused where one exists already, written beside the target, and put in its place when whole.

use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::error::FileError;

/// Where an output goes, and what it may replace.
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

    /// Whether a file that exists is replaced.
    pub fn force(self, force: bool) -> Self {
        Self { force, ..self }
    }

    /// Files that it must not replace even then, because it is made from them.
    pub fn made_from(self, inputs: &[&Path]) -> Self {
        Self { inputs: inputs.iter().map(|path| (*path).into()).collect(), ..self }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins the file: a temporary one in the same folder, which goes away unless it is committed.
    ///
    /// # Errors
    /// [`FileError::Exists`]; [`FileError::Kind`] where the target is an input or no regular file;
    /// [`FileError::Write`] where the folder is missing or can't be written to.
    pub fn begin(self) -> Result<OutputFile, FileError> {
        match std::fs::metadata(&self.path) {
            Ok(found) if !found.is_file() => {
                return Err(FileError::kind(&self.path, "it is no regular file, so nothing is written there"));
            }
            Ok(_) if !self.force => return Err(FileError::Exists { path: self.path }),
            Ok(_) => {
                let same = |input: &PathBuf| {
                    input.canonicalize().is_ok_and(|input| self.path.canonicalize().is_ok_and(|path| path == input))
                };
                if self.inputs.iter().any(same) {
                    let reason = "it is an input of this command, which its output must not replace";
                    return Err(FileError::kind(&self.path, reason));
                }
            }
            Err(_) => {}
        }
        let temporary = crate::temporary::beside(&self.path);
        let temporary = temporary.map_err(|source| FileError::Write { path: self.path.clone(), source })?;
        Ok(OutputFile { file: BufWriter::with_capacity(1 << 18, temporary), path: self.path, force: self.force })
    }
}

/// An output at work. Dropped without [`OutputFile::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct OutputFile {
    file: BufWriter<NamedTempFile>,
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

    /// Writes the first bytes anew.
    ///
    /// # Errors
    /// [`FileError::Write`].
    pub fn rewrite_start(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let back = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.write_all(bytes));
        back.and_then(|()| self.file.seek(SeekFrom::End(0)).map(drop)).map_err(|source| self.failed(source))
    }

    /// Puts the file in its place, synced. What stood there stays untouched if that fails.
    ///
    /// # Errors
    /// [`FileError::Write`]; [`FileError::Exists`] where another process made the target meanwhile.
    pub fn commit(self) -> Result<(), FileError> {
        let Self { file, path, force } = self;
        let failed = |source| FileError::Write { path: path.clone(), source };
        let temporary = file.into_inner().map_err(|error| failed(error.into_error()))?;
        temporary.as_file().sync_all().map_err(failed)?;
        if force {
            temporary.persist(&path).map_err(|error| failed(error.error))?;
            return Ok(());
        }
        match temporary.persist_noclobber(&path) {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Err(FileError::Exists { path }),
            Err(error) => Err(failed(error.error)),
        }
    }

    fn failed(&self, source: std::io::Error) -> FileError {
        FileError::Write { path: self.path.clone(), source }
    }
}
