//! Encoding, decoding and search of whole files: streamed by chunks of vectors over all threads, written in order. A
//! search keeps the codes of its base in memory.
//!
//! The results depend on neither the threads nor the chunks: every vector is encoded alone, and the errors of fixed
//! chunks are summed in order.
//!
//! Memory, in addition to the mapped input: a thread holds one chunk of vectors (256 KiB, at least 64 vectors) and the
//! scratch memory of its search (512 bytes × K for PVQ and RVQ; for AVQ 512 bytes × M·K, and up to 512 bytes × W·D or 4
//! MiB more). For every thread, [`WINDOW`] chunks of output wait to be written (2 bytes a code, or 4 MiB of decoded
//! vectors). Measured with a million 128-dimensional vectors and 8 × 8 bits on two threads: 2 MiB for PVQ, 6 MiB for
//! RVQ, 9 MiB decoding.

mod arrays;
mod decode;
mod encode;
mod search;
#[cfg(test)]
mod tests;
mod windows;
mod worker;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

pub use arrays::{ArrayEncoder, CodesMut, Idle, Watch, decode_array};
pub use decode::{Decoded, Decoder};
pub use encode::{Encoded, Encoder, better_search};
pub use search::{BaseFile, Searched, Searcher};
pub use windows::WINDOW;

use crate::data::file::FileError;
use crate::quantizer::CodeError;
use crate::search::SearchError;

/// Threads, stop flag and progress of the work on a file.
pub struct Work<'a> {
    /// Threads, at least 1. No more threads than chunks are started.
    pub jobs: usize,
    /// Set from outside to end the work early, with [`CodecError::Stopped`].
    pub stop: &'a AtomicBool,
    /// Called now and then, from any thread, with the number of vectors done.
    pub progress: &'a (dyn Fn(usize) + Sync),
}

/// Why codebooks and a file or an option don't match; found before any work.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum Mismatch {
    #[error(
        "{path} holds vectors of dimension {found}, the codebooks are for dimension {expected}; use codebooks that were trained on such vectors"
    )]
    Dimension { path: PathBuf, found: usize, expected: usize },
    #[error(
        "{path} holds codes of {found} stages, the codebooks have {expected}; use the codebooks that it was encoded with"
    )]
    Stages { path: PathBuf, found: usize, expected: usize },
    #[error("{method} has no beam; --beam-width and --search are for AVQ alone")]
    NoBeam { method: &'static str },
    #[error(
        "{path} holds rows of {found} integers, the codebooks are for codes of {stages} stages and vectors of dimension {dimension}; use the codebooks that it belongs to"
    )]
    Base { path: PathBuf, found: usize, stages: usize, dimension: usize },
    #[error("k = {k} is more than the {found} vectors of {path}; allowed are 1 to {found}")]
    TooManyNeighbors { k: usize, path: PathBuf, found: usize },
    #[error("{path} holds {found} vectors, but ids in a file go up to {most} only; split the file")]
    TooManyVectors { path: PathBuf, found: usize, most: usize },
    #[error("codes of PVQ and OPQ need no norms; leave out --norms, which is for AVQ, RVQ and LSQ only")]
    NoNorms,
    #[error("a beam width of {found} ({origin}) is not possible; allowed with these codebooks are 1 to {most}")]
    Beam { found: usize, origin: &'static str, most: usize },
}

/// Why work on a file ended early.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(
        "{path}, byte {offset}: row {row}, stage {stage} (counted from 0) holds code {code}; allowed with these codebooks are 0 to {most}"
    )]
    Code { path: PathBuf, offset: u64, row: usize, stage: usize, code: usize, most: usize },
    #[error(transparent)]
    Codes(#[from] CodeError),
    #[error(transparent)]
    Search(#[from] SearchError),
    #[error("vector {row} (counted from 0) can't be encoded: {reason}")]
    Encode { row: usize, reason: String },
    #[error("cannot start {jobs} threads: {reason}; try fewer --jobs")]
    Threads { jobs: usize, reason: String },
    #[error("stopped with {done} of {total} vectors done; nothing was written")]
    Stopped { done: usize, total: usize },
}

/// Why a vector's error is not finite.
const TOO_FAR: &str = "it is so far from the codewords that float32 can't hold the difference; \
                       do the vectors belong to these codebooks?";

/// The error of a vector with NaN or infinity.
fn unfit(row: usize, column: usize, value: f32) -> CodecError {
    CodecError::Encode { row, reason: format!("column {column} holds {value}; only finite numbers are allowed") }
}
