//! What can be wrong with a file of vectors, codes or ids.

use std::path::{Path, PathBuf};

/// Why a file can't be read or written. Rows and columns are counted from 0, offsets in bytes from the file's start; lines of
/// text and columns in them from 1, as editors do.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: std::io::Error },
    /// Neither by its ending nor by its kind (a folder, a pipe) a file for this use.
    #[error("{path}: {reason}")]
    Kind { path: PathBuf, reason: String },
    #[error("{path} exists; choose another name, or overwrite it with --force")]
    Exists { path: PathBuf },
    /// The bytes at `offset` are not what the format demands.
    #[error("{path}, byte {offset}: {reason}")]
    Content { path: PathBuf, offset: u64, reason: String },
    /// What stands in a line of text is no vector like the others.
    #[error("{path}, line {line}, column {column} (counted from 1): {reason}")]
    Line { path: PathBuf, line: u64, column: u64, reason: String },
    /// A number that no method can take.
    #[error("{path}, byte {offset}: row {row}, column {column} (counted from 0) holds {value}; {allowed}")]
    Value { path: PathBuf, offset: u64, row: usize, column: usize, value: String, allowed: &'static str },
    /// The caller asked for rows that are not there, or not for whole rows.
    #[error("{path}: {wanted} numbers from row {first} on are no whole rows of its {rows} rows × {columns} columns")]
    Rows { path: PathBuf, first: usize, wanted: usize, rows: usize, columns: usize },
}

impl FileError {
    pub(super) fn content(path: &Path, offset: usize, reason: impl Into<String>) -> Self {
        Self::Content { path: path.into(), offset: offset as u64, reason: reason.into() }
    }

    /// The file that it is about.
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

    /// The same of a file that goes by another name.
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
