//! Codes → vectors.

use std::time::Instant;

use super::windows::{Shape, Threads, WINDOW, chunk_rows};
use super::{CodecError, Mismatch, Work};
use crate::data::file::{CodeFile, VectorWriter};
use crate::quantizer::{CodeError, Codebooks};

/// A checked decoding, ready to run.
#[derive(Debug)]
pub struct Decoder<'a> {
    books: &'a Codebooks,
    codes: &'a CodeFile,
}

/// The result of a decoding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decoded {
    pub vectors: usize,
    pub seconds: f64,
}

impl<'a> Decoder<'a> {
    /// # Errors
    /// [`Mismatch::Stages`].
    pub fn new(books: &'a Codebooks, codes: &'a CodeFile) -> Result<Self, Mismatch> {
        let (found, expected) = (codes.stages(), books.stages());
        if found != expected {
            return Err(Mismatch::Stages { path: codes.path().into(), found, expected });
        }
        Ok(Self { books, codes })
    }

    /// Approximate bytes that [`Decoder::run`] takes on `jobs` threads, without the file.
    pub fn memory(&self, jobs: usize) -> usize {
        let (dimension, books) = (self.books.dimension(), size_of_val(self.books.values()));
        let chunk = chunk_rows(dimension);
        books + jobs.min(self.codes.len().div_ceil(chunk)) * WINDOW * chunk * dimension * size_of::<f32>()
    }

    /// Decodes all codes, in order, into `out`. The caller finishes `out`.
    ///
    /// # Errors
    /// [`CodecError`].
    pub fn run(&self, work: &Work, out: &mut VectorWriter) -> Result<Decoded, CodecError> {
        let dimension = self.books.dimension();
        let shape = Shape { rows: self.codes.len(), chunk: chunk_rows(dimension), columns: dimension };
        let begin = Instant::now();
        Threads::new(work, &shape)?.run(
            work,
            &shape,
            Vec::new,
            |codes, first, vectors| self.decode(codes, first, vectors),
            |vectors| Ok(out.write(vectors)?),
        )?;
        Ok(Decoded { vectors: shape.rows, seconds: begin.elapsed().as_secs_f64() })
    }

    fn decode(&self, codes: &mut Vec<u16>, first: usize, out: &mut [f32]) -> Result<f64, CodecError> {
        codes.resize(out.len() / self.books.dimension() * self.books.stages(), 0);
        self.codes.read(first, codes)?;
        match self.books.decode(codes, out) {
            Ok(()) => Ok(0.0),
            Err(CodeError::OutOfRange { vector, stage, code, size }) => {
                let (path, row) = (self.codes.path().into(), first + vector);
                let offset = self.codes.offset(row, stage);
                Err(CodecError::Code { path, offset, row, stage, code, most: size - 1 })
            }
            Err(error @ CodeError::RepeatedCodebook { vector }) => {
                Err(CodecError::Encode { row: first + vector, reason: error.to_string() })
            }
        }
    }
}
