//! Errors of files of vectors, codes or ids.

use std::path::{Path, PathBuf};

/// Why a file can't be read or written. Rows and columns are counted from 0, offsets in bytes from the start of the
/// file. Lines of text and their columns are counted from 1, as in editors.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: std::io::Error },
    /// The file ending, or the kind of the file (a folder, a pipe), is not valid for this use.
    #[error("{path}: {reason}")]
    Kind { path: PathBuf, reason: String },
    #[error("{path} exists; choose another name, or overwrite it with --force")]
    Exists { path: PathBuf },
    /// The bytes at `offset` are not what the format requires.
    #[error("{path}, byte {offset}: {reason}")]
    Content { path: PathBuf, offset: u64, reason: String },
    /// A line of text is not a vector like the others.
    #[error("{path}, line {line}, column {column} (counted from 1): {reason}")]
    Line { path: PathBuf, line: u64, column: u64, reason: String },
    /// A number that no method accepts.
    #[error("{path}, byte {offset}: row {row}, column {column} (counted from 0) holds {value}; {allowed}")]
    Value { path: PathBuf, offset: u64, row: usize, column: usize, value: String, allowed: &'static str },
    /// The caller asked for rows that do not exist, or not for whole rows.
    #[error("{path}: {wanted} numbers from row {first} on are not whole rows of the {rows} rows × {columns} columns")]
    Rows { path: PathBuf, first: usize, wanted: usize, rows: usize, columns: usize },
}

impl FileError {
    pub(super) fn content(path: &Path, offset: usize, reason: impl Into<String>) -> Self {
        Self::Content { path: path.into(), offset: offset as u64, reason: reason.into() }
    }

    /// The path of the file with the error.
    pub fn path(&self) -> &Path {
        match self {
            Self::Read { path, .. } | Self::Write { path, .. } | Self::Kind { path, .. } | Self::Exists { path } => {
                path
            }
            Self::Content { path, .. }
            | Self::Line { path, .. }
            | Self::Value { path, .. }
            | Self::Rows { path, .. } => path,
        }
    }

    /// The same error with another path.
    pub fn with_path(mut self, new: PathBuf) -> Self {
        match &mut self {
            Self::Read { path, .. } | Self::Write { path, .. } | Self::Kind { path, .. } | Self::Exists { path } => {
                *path = new
            }
            Self::Content { path, .. }
            | Self::Line { path, .. }
            | Self::Value { path, .. }
            | Self::Rows { path, .. } => {
                *path = new;
            }
        }
        self
    }

    pub(super) fn kind(path: &Path, reason: impl Into<String>) -> Self {
        Self::Kind { path: path.into(), reason: reason.into() }
    }
}
