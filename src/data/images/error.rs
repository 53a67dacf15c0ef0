//! Errors of opening and reading images.

use std::path::PathBuf;

use super::{Part, SIDE};
use crate::data::file::FileError;

#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    #[error(transparent)]
    File(#[from] FileError),
    /// The folder doesn't hold exactly one set.
    #[error(
        "{path}: {reason}; accepted: the binary files of CIFAR-10 (data_batch*.bin and test_batch*.bin), or PNG images \
         of {SIDE} × {SIDE} pixels or more in train/ and test/, or two or more in the folder itself, of which every \
         tenth is for the test"
    )]
    Folder { path: PathBuf, reason: String },
    #[error("{asked} {part} images were requested; allowed are 1 to {most}")]
    Count { part: Part, asked: u64, most: u64 },
    /// A picture that is damaged or not accepted.
    #[error("{path}: {reason}")]
    Picture { path: PathBuf, reason: String },
    #[error("{0}")]
    Settings(String),
    #[error("{doing} failed: {reason}")]
    Threads { doing: &'static str, reason: String },
}
