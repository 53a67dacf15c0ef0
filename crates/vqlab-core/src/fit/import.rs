//! Codebooks that another program trained, from an npy file.

use std::path::{Path, PathBuf};

use crate::data::file::{FileError, read_npy};
use crate::quantizer::{Codebooks, Method, ShapeError};

/// Why an npy file is not valid as codebooks.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{path} holds an array of shape {shape:?}; codebooks are M × K × D, those of PVQ M × K × D/M")]
    Shape { path: PathBuf, shape: Vec<usize> },
    #[error("{path}: {source}")]
    Codebooks { path: PathBuf, source: ShapeError },
    #[error(
        "{path}: codebook {stage}, codeword {word}, column {column} (counted from 0) holds {value}; only finite numbers are allowed"
    )]
    NotFinite { path: PathBuf, stage: usize, word: usize, column: usize, value: f32 },
    #[error("codebooks of OPQ need a rotation, which an npy file does not hold; rotate the vectors and import as PVQ")]
    Rotation,
}

/// Reads an npy array of M × K × D numbers (PVQ: M × K × D/M).
///
/// # Errors
/// [`ImportError`].
pub fn import(path: &Path, method: Method) -> Result<Codebooks, ImportError> {
    if method.has_rotation() {
        return Err(ImportError::Rotation);
    }
    let (shape, values) = read_npy(path)?;
    let &[stages, size, width] = &shape[..] else { return Err(ImportError::Shape { path: path.into(), shape }) };
    if let Some(at) = values.iter().position(|v| !v.is_finite()) {
        let (stage, word, column) = (at / (size * width), at / width % size, at % width);
        return Err(ImportError::NotFinite { path: path.into(), stage, word, column, value: values[at] });
    }
    let dimension = if method.is_product() { width.saturating_mul(stages) } else { width };
    let books = Codebooks::new(method, dimension, stages, size, values);
    books.map_err(|source| ImportError::Codebooks { path: path.into(), source })
}
