//! The search of one thread, for files and arrays alike.

use super::{CodecError, TOO_FAR};
use crate::quantizer::kernels::{ROWS, squared_error};
use crate::quantizer::{Assign, CodeError, Codebooks, Search, assigner, codes};

/// A prepared search and its scratch memory.
pub(super) struct Worker {
    assign: Box<dyn Assign>,
    /// The vectors of a chunk, then their residuals; at least rows × D.
    pub residual: Vec<f32>,
    /// Codeword indices m·K + k, rows × M.
    indices: Vec<u32>,
}

impl Worker {
    /// `beam` is AVQ's search and width; other methods ignore it.
    pub fn new(books: &Codebooks, beam: Option<(Search, usize)>) -> Self {
        let mut assign = assigner(books.method(), beam);
        assign.prepare(books);
        Self { assign, residual: Vec::new(), indices: Vec::new() }
    }

    /// Encodes the first `rows` vectors of `residual`, which are the vectors from `first` on. Returns their codes (rows × M)
    /// and squared error. `check` is called between blocks of vectors, so that a stop does not wait for a whole chunk of a
    /// slow search.
    ///
    /// # Errors
    /// [`CodecError::Encode`]; the error of `check`.
    pub fn encode(
        &mut self,
        books: &Codebooks,
        [first, rows]: [usize; 2],
        check: impl Fn() -> Result<(), CodecError>,
    ) -> Result<(Vec<u16>, f64), CodecError> {
        let (dimension, stages) = (books.dimension(), books.stages());
        let residual = &mut self.residual[..rows * dimension];
        self.indices.resize(rows * stages, 0);
        for (x, indices) in residual.chunks_mut(ROWS * dimension).zip(self.indices.chunks_mut(ROWS * stages)) {
            check()?;
            self.assign.assign(books, x, indices);
        }
        let chosen = codes(books, &self.indices).map_err(|error| {
            let (CodeError::RepeatedCodebook { vector } | CodeError::OutOfRange { vector, .. }) = error;
            CodecError::Encode { row: first + vector, reason: error.to_string() }
        })?;
        let error = squared_error(residual);
        if !error.is_finite() {
            let far = |x: &[f32]| x.iter().any(|v| !v.is_finite());
            let row = first + residual.chunks_exact(dimension).position(far).unwrap_or(0);
            return Err(CodecError::Encode { row, reason: TOO_FAR.into() });
        }
        Ok((chosen, error))
    }
}
