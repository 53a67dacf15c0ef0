//! Encoding and decoding of arrays in memory, on the threads of the current rayon pool.
//!
//! The codes equal those of [`super::Encoder`]. Prepared searches are kept from call to call, so that many small calls
//! do not prepare each time.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::windows::chunk_rows;
use super::worker::Worker;
use super::{CodecError, unfit};
use crate::number::not_finite;
use crate::quantizer::{CodeError, Codebooks, Search};
use crate::search::Codes;

/// Stop flag and progress of the work on an array.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Set from outside to end the work early, with [`CodecError::Stopped`].
    pub stop: &'a AtomicBool,
    /// Called now and then, from any thread, with the number of vectors done.
    pub progress: &'a (dyn Fn(usize) + Sync),
}

/// Space for codes (n × M).
pub enum CodesMut<'a> {
    /// For up to 256 codewords a stage.
    U8(&'a mut [u8]),
    U16(&'a mut [u16]),
}

/// Encodes arrays with the same codebooks, from any number of threads at once.
pub struct ArrayEncoder<'a> {
    books: &'a Codebooks,
    beam: Option<(Search, usize)>,
    idle: &'a Idle,
}

/// Prepared searches that wait for the next call. They belong to one pair of codebooks and beam.
#[derive(Default)]
pub struct Idle(Mutex<Vec<Worker>>);

impl<'a> ArrayEncoder<'a> {
    /// `beam` is AVQ's search and width, None for other methods.
    pub fn new(books: &'a Codebooks, beam: Option<(Search, usize)>, idle: &'a Idle) -> Self {
        Self { books, beam, idle }
    }

    /// Writes the codes of vectors (n × D), and returns their mean squared error per coordinate.
    ///
    /// # Errors
    /// [`CodecError::Encode`] with the first vector that holds NaN or infinity, or is too far from the codewords;
    /// [`CodecError::Stopped`].
    pub fn encode(&self, vectors: &[f32], out: CodesMut, watch: &Watch) -> Result<f64, CodecError> {
        match out {
            CodesMut::U8(out) => self.encode_as(vectors, out, watch),
            CodesMut::U16(out) => self.encode_as(vectors, out, watch),
        }
    }

    /// Mean squared error per coordinate of vectors (n × D); 0 for none.
    ///
    /// # Errors
    /// As [`ArrayEncoder::encode`].
    pub fn mse(&self, vectors: &[f32], watch: &Watch) -> Result<f64, CodecError> {
        let stages = self.books.stages();
        let rows = vectors.len() / self.books.dimension();
        let chunk = chunk_rows(self.books.dimension());
        let task = Task { total: rows, done: AtomicUsize::new(0), watch };
        // No space for codes is needed: they are computed chunk by chunk.
        let sums = (0..rows.div_ceil(chunk)).into_par_iter().map(|i| {
            let mut codes = vec![0u16; chunk.min(rows - i * chunk) * stages];
            self.chunk(vectors, i * chunk, &mut codes, &task)
        });
        self.mean(vectors, sums.collect())
    }

    fn encode_as<C: Send + TryFrom<u16>>(
        &self,
        vectors: &[f32],
        out: &mut [C],
        watch: &Watch,
    ) -> Result<f64, CodecError> {
        let chunk = chunk_rows(self.books.dimension());
        let task = Task { total: vectors.len() / self.books.dimension(), done: AtomicUsize::new(0), watch };
        let chunks = out.par_chunks_mut(chunk * self.books.stages()).enumerate().with_max_len(1);
        self.mean(vectors, chunks.map(|(i, out)| self.chunk(vectors, i * chunk, out, &task)).collect())
    }

    /// Adds the sums in the order of the chunks, so that the threads do not change the result.
    fn mean(&self, vectors: &[f32], sums: Vec<Result<f64, CodecError>>) -> Result<f64, CodecError> {
        let total = sums.into_iter().try_fold(0.0, |total, sum| Ok::<_, CodecError>(total + sum?))?;
        Ok(total / vectors.len().max(1) as f64)
    }

    /// Encodes the vectors from `first` on; returns their squared error.
    fn chunk<C: TryFrom<u16>>(
        &self,
        vectors: &[f32],
        first: usize,
        out: &mut [C],
        task: &Task,
    ) -> Result<f64, CodecError> {
        let (dimension, stages) = (self.books.dimension(), self.books.stages());
        let rows = out.len() / stages;
        task.check()?;
        let vectors = &vectors[first * dimension..(first + rows) * dimension];
        if let Some((row, column, value)) = not_finite(vectors, dimension) {
            return Err(unfit(first + row, column, value));
        }
        let mut worker = self.idle.take().unwrap_or_else(|| Worker::new(self.books, self.beam));
        worker.residual.clear();
        worker.residual.extend_from_slice(vectors);
        let encoded = worker.encode(self.books, [first, rows], || task.check());
        self.idle.put(worker);
        task.add(rows);
        let (chosen, error) = encoded?;
        for (out, code) in out.iter_mut().zip(chosen) {
            // Codes are below K, which the type was chosen for.
            if let Ok(code) = C::try_from(code) {
                *out = code;
            }
        }
        Ok(error)
    }
}

impl Idle {
    fn take(&self) -> Option<Worker> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put(&self, worker: Worker) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
    }
}

/// Writes the vectors of codes (n × M) into `out` (n × D).
///
/// # Errors
/// [`CodecError::Codes`] with the first code outside the codebooks; [`CodecError::Stopped`].
pub fn decode_array(books: &Codebooks, codes: Codes, out: &mut [f32], watch: &Watch) -> Result<(), CodecError> {
    let (dimension, stages) = (books.dimension(), books.stages());
    let chunk = chunk_rows(dimension);
    let task = Task { total: out.len() / dimension, done: AtomicUsize::new(0), watch };
    let decode = |(i, out): (usize, &mut [f32])| {
        task.check()?;
        let (first, rows) = (i * chunk, out.len() / dimension);
        let range = first * stages..(first + rows) * stages;
        let found = match codes {
            Codes::U8(codes) => {
                let codes: Vec<u16> = codes[range].iter().map(|code| u16::from(*code)).collect();
                books.decode(&codes, out)
            }
            Codes::U16(codes) => books.decode(&codes[range], out),
        };
        found.map_err(|error| match error {
            CodeError::OutOfRange { vector, stage, code, size } => {
                CodeError::OutOfRange { vector: first + vector, stage, code, size }
            }
            error => error,
        })?;
        task.add(rows);
        Ok(())
    };
    let chunks = out.par_chunks_mut(chunk * dimension).enumerate().with_max_len(1);
    // In order, so that the first fault is the one that is named.
    chunks.map(decode).collect::<Vec<Result<(), CodecError>>>().into_iter().collect()
}

struct Task<'a> {
    total: usize,
    done: AtomicUsize,
    watch: &'a Watch<'a>,
}

impl Task<'_> {
    fn check(&self) -> Result<(), CodecError> {
        if self.watch.stop.load(Ordering::Relaxed) {
            return Err(CodecError::Stopped { done: self.done.load(Ordering::Relaxed), total: self.total });
        }
        Ok(())
    }

    fn add(&self, rows: usize) {
        (self.watch.progress)(self.done.fetch_add(rows, Ordering::Relaxed) + rows);
    }
}
