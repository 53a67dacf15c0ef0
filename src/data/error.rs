//! The error of opening, reading, making and searching data: images, speech and descriptors.

use std::path::PathBuf;

use stand_in::speech::RATE;

use super::file::FileError;
use crate::search::SearchError;

/// Rows are counted from 0.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The folder doesn't hold exactly one set.
    #[error("{path}: {reason}; accepted: {accepted}")]
    Folder { path: PathBuf, reason: String, accepted: &'static str },
    /// `items` has the part, as in "training images".
    #[error("{asked} {items} were requested; allowed are 1 to {most}")]
    Count { items: String, asked: u64, most: u64 },
    /// A picture or an utterance that is damaged or can't be used.
    #[error("{path}: {reason}")]
    Item { path: PathBuf, reason: String },
    /// An audio file that is damaged or not accepted.
    #[error("{path}: {reason}; accepted: WAV (8 to 32 bits, floats, A-law, µ-law) and FLAC files")]
    Audio { path: PathBuf, reason: String },
    /// A file whose rate is too low for metrics of wideband speech.
    #[error(
        "{path}: its rate is {rate} Hz, but wideband PESQ and perceptual SNR are defined for speech of {RATE} Hz or \
         more; hint: `ffmpeg -i {path} -ar {RATE} new.wav` resamples it, and the values are then those of wideband \
         speech with nothing above {} Hz", rate / 2
    )]
    Narrowband { path: PathBuf, rate: u32 },
    #[error(
        "{path} has vectors of dimension {found}, {other} of dimension {expected}; all three parts need the same one"
    )]
    Dimension { path: PathBuf, found: usize, other: PathBuf, expected: usize },
    #[error("{wanted} numbers from row {first} on are not whole rows of the {rows} {items} × {dimension} numbers")]
    Rows { items: String, first: u64, wanted: usize, rows: u64, dimension: usize },
    /// The ground truth doesn't belong to these vectors.
    #[error("{path}, row {row}: {reason}; the file belongs to other vectors; hint: remove it to compute the neighbors")]
    Truth { path: PathBuf, row: usize, reason: String },
    /// A choice that contradicts itself or its files, or that is too large for the memory.
    #[error("{0}")]
    Choice(String),
    #[error("{doing} failed: {reason}")]
    Threads { doing: &'static str, reason: String },
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: std::io::Error },
}

impl DataError {
    /// The error for a `count` of items outside 1 to `most`.
    pub(super) fn check_count(items: String, asked: u64, most: u64) -> Result<(), Self> {
        if (1..=most).contains(&asked) { Ok(()) } else { Err(Self::Count { items, asked, most }) }
    }
}
