//! Errors of fitting codebooks.

use super::FitSettings;
use crate::baseline;
use crate::data::file::FileError;
use crate::memory::Shortage;
use crate::quantizer::{Method, ShapeError};
use crate::training::Stop;

/// Why codebooks could not be trained. Rows and columns are counted from 0.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Shape(#[from] ShapeError),
    #[error("{0} bits per stage are not possible; allowed are 1 to 16")]
    Bits(u32),
    #[error("NSVQ cannot train {}, only AVQ, RVQ and PVQ; use the trainer kmeans", .0.label())]
    Trainer(Method),
    #[error("0 updates are not possible; allowed are 1 and more")]
    NoUpdates,
    #[error("a beam width of {found} is not possible; allowed for {} of this shape are 1 to {most}", .method.label())]
    Beam { method: Method, found: usize, most: usize },
    #[error("a validation share of {0} is not possible; allowed are 0 (none) and values between 0 and 1")]
    Share(f64),
    #[error("{values} {part} values are not a whole number of vectors of dimension {dimension}")]
    Rows { part: &'static str, values: usize, dimension: usize },
    #[error("{}", too_few(.part, *.found, *.needed))]
    TooFew { part: &'static str, found: usize, needed: usize },
    #[error(
        "{} of {} × {} for vectors of dimension {dimension} needs {shortage}; {}",
        .settings.method.label(), .settings.stages, .settings.codebook_size(), baseline::less(.settings.method)
    )]
    Memory { settings: FitSettings, dimension: usize, shortage: Shortage },
    #[error("{part} vector {row}, column {column} (counted from 0) holds {value}; remove or replace such vectors")]
    NotFinite { part: &'static str, row: usize, column: usize, value: f32 },
    #[error(
        "the values are too large: squared distances overflow float32 and the codebooks are not finite; scale the vectors down"
    )]
    Overflow,
    #[error(transparent)]
    Kmeans(baseline::Error),
    #[error(transparent)]
    Diverged(Stop),
    #[error("stopped; nothing was written")]
    Stopped,
}

fn too_few(part: &str, found: usize, needed: usize) -> String {
    let there =
        if found == 1 { format!("there is 1 {part} vector") } else { format!("there are {found} {part} vectors") };
    let why = match part {
        "training" => "as many as codewords a stage; use more vectors or fewer bits per stage",
        "sampled" => "one to train on and one to validate; use more vectors",
        _ => "use more vectors",
    };
    format!("{there}, at least {needed} {} needed: {why}", if needed == 1 { "is" } else { "are" })
}

impl From<Stop> for FitError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Asked => Self::Stopped,
            stop => Self::Diverged(stop),
        }
    }
}

impl From<baseline::Error> for FitError {
    fn from(error: baseline::Error) -> Self {
        match error {
            baseline::Error::Stopped => Self::Stopped,
            error => Self::Kmeans(error),
        }
    }
}
