//! Errors of opening, reading and searching descriptors.

use std::path::PathBuf;

use super::Part;
use crate::data::file::FileError;
use crate::search::SearchError;

/// Rows are counted from 0.
#[derive(Debug, thiserror::Error)]
pub enum DescriptorError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The folder doesn't hold exactly one set.
    #[error(
        "{path}: {reason}; required: PREFIX_learn, PREFIX_base and PREFIX_query (.fvecs, .bvecs or .npy), as in \
         SIFT1M, and optionally PREFIX_groundtruth.ivecs"
    )]
    Folder { path: PathBuf, reason: String },
    #[error(
        "{path} has vectors of dimension {found}, {other} of dimension {expected}; all three parts need the same one"
    )]
    Dimension { path: PathBuf, found: usize, other: PathBuf, expected: usize },
    #[error("{asked} {part} were requested; allowed are 1 to {most}")]
    Count { part: Part, asked: u64, most: u64 },
    #[error("{wanted} numbers from row {first} on are not whole rows of the {rows} {part} × {dimension} numbers")]
    Rows { part: Part, first: u64, wanted: usize, rows: u64, dimension: usize },
    /// The ground truth doesn't belong to these vectors.
    #[error("{path}, row {row}: {reason}; the file belongs to other vectors; hint: remove it to compute the neighbors")]
    Truth { path: PathBuf, row: usize, reason: String },
    #[error("{0}")]
    Settings(String),
    #[error("{doing} failed: {reason}")]
    Threads { doing: &'static str, reason: String },
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: std::io::Error },
}
