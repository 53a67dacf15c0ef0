//! Errors of the trainers.

use super::Settings;
use crate::memory::Shortage;
use crate::quantizer::{GRAM_LIMIT, Method, ShapeError};

/// Why codebooks could not be trained.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Shape(#[from] ShapeError),
    #[error("{values} values are not a whole number of vectors of dimension {dimension}")]
    Rows { values: usize, dimension: usize },
    #[error("there are no vectors to train on")]
    NoVectors,
    #[error("vector {row}, coordinate {column} is {value}; remove or replace such vectors")]
    NotFinite { row: usize, column: usize, value: f32 },
    #[error(
        "the vectors differ by about {spread:.1e} (standard deviation of a coordinate), which float32 can't resolve: allowed is 1.2e-38 to 3.4e38; multiply all vectors by a constant"
    )]
    Spread { spread: f64 },
    #[error(
        "a training vector holds {value:.1e} in column {column} (counted from 0), more than 1e15 times as far from the center as usual vectors ({usual:.1e}); remove or replace such vectors"
    )]
    Outlier { column: usize, value: f32, usual: f64 },
    #[error(
        "the least-squares fit of all M·K codewords takes at most {max} codewords, found M = {stages}, K = {size}; RVQ, PVQ and OPQ have no such limit",
        max = GRAM_LIMIT
    )]
    TooManyCodewords { stages: usize, size: usize },
    #[error("the least-squares fit of the codebooks has no solution in floating point; scale the vectors")]
    LeastSquares,
    #[error(
        "{} of {} × {} for vectors of dimension {dimension} needs {shortage}; {}",
        .settings.method.label(), .settings.stages, .settings.size, less(.settings.method)
    )]
    Memory { settings: Settings, dimension: usize, shortage: Shortage },
    #[error("{label} has no trainer of its own")]
    NoTrainer { label: &'static str },
    /// A reason of the method's own.
    #[error("{label}: {reason}")]
    Method { label: &'static str, reason: String },
    #[error("stopped")]
    Stopped,
}

/// Advice to reduce memory, for the end of a message.
pub fn less(method: Method) -> &'static str {
    if method.has_rotation() {
        "it holds D × D matrices: use RVQ or PVQ, or vectors of fewer dimensions"
    } else {
        "use fewer vectors (--sample), fewer stages or bits, or vectors of fewer dimensions"
    }
}
