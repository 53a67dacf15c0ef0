//! Vectors → codes.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::windows::{Shape, Threads, WINDOW, chunk_rows};
use super::worker::Worker;
use super::{CodecError, Mismatch, Work};
use crate::data::file::{CodeWriter, VectorFile};
use crate::quantizer::kernels::{ROWS, squared_error};
use crate::quantizer::{Codebooks, GRAM_LIMIT, Search, assigner, residuals};

/// Number of vectors on which AVQ's searches are compared.
const TRIED: usize = 1024;

/// A checked encoding, ready to run.
#[derive(Debug)]
pub struct Encoder<'a> {
    books: &'a Codebooks,
    data: &'a VectorFile,
    /// None = chosen on the first vectors.
    search: Option<Search>,
    width: usize,
}

/// The result of an encoding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Encoded {
    pub vectors: usize,
    /// Mean squared error per coordinate.
    pub mse: f64,
    /// AVQ's search.
    pub search: Search,
    pub seconds: f64,
}

/// Of AVQ's searches [`Search::Beam`] and [`Search::Ordered`], the one with the lower error on the first 1024 vectors
/// (n × D); the faster one where both errors are equal.
pub fn better_search(books: &Codebooks, width: usize, vectors: &[f32]) -> Search {
    let vectors = &vectors[..vectors.len().min(TRIED * books.dimension())];
    let error = |search| {
        let mut assign = assigner(books.method(), Some((search, width)));
        squared_error(&residuals(books, assign.as_mut(), vectors).0)
    };
    if error(Search::Ordered) <= error(Search::Beam) { Search::Ordered } else { Search::Beam }
}

impl<'a> Encoder<'a> {
    /// `width` = the requested beam width. The default is `default_width`, the beam width of the codebook file. Only
    /// AVQ has a beam.
    ///
    /// # Errors
    /// [`Mismatch`].
    pub fn new(
        books: &'a Codebooks,
        default_width: usize,
        width: Option<usize>,
        data: &'a VectorFile,
    ) -> Result<Self, Mismatch> {
        let (found, expected) = (data.dimension(), books.dimension());
        if found != expected {
            return Err(Mismatch::Dimension { path: data.path().into(), found, expected });
        }
        if !books.method().has_beam() {
            let method = books.method().label();
            return if width.is_some() {
                Err(Mismatch::NoBeam { method })
            } else {
                Ok(Self { books, data, search: Some(Search::Beam), width: 1 })
            };
        }
        let most = books.method().max_beam(books.stages(), books.size());
        let (found, origin) = match width {
            Some(width) => (width, "--beam-width"),
            None => (default_width, "the codebook file's; --beam-width overrides it"),
        };
        if !(1..=most).contains(&found) {
            return Err(Mismatch::Beam { found, origin, most });
        }
        Ok(Self { books, data, search: None, width: found })
    }

    /// Sets AVQ's search. The default is the one of [`Search::Beam`] and [`Search::Ordered`] with the lower error on
    /// the first vectors: the better one depends on how the codebooks were trained (benches/AVQ_SEARCHES.md).
    ///
    /// # Errors
    /// [`Mismatch::NoBeam`] for RVQ and PVQ.
    pub fn with_search(self, search: Search) -> Result<Self, Mismatch> {
        if !self.books.method().has_beam() {
            return Err(Mismatch::NoBeam { method: self.books.method().label() });
        }
        Ok(Self { search: Some(search), ..self })
    }

    /// The beam width; 1 for RVQ and PVQ.
    pub fn beam_width(&self) -> usize {
        self.width
    }

    /// Approximate bytes that [`Encoder::run`] takes on `jobs` threads, without the file. The system keeps as much of
    /// the file in memory as there is space.
    pub fn memory(&self, jobs: usize) -> usize {
        let (dimension, stages) = (self.books.dimension(), self.books.stages());
        let (chunk, words) = (chunk_rows(dimension), stages * self.books.size());
        let has_products = self.books.method().is_joint() && words <= GRAM_LIMIT;
        let books = size_of_val(self.books.values());
        let tables = 2 * books + if has_products { words * words * size_of::<f32>() } else { 0 };
        let vectors = chunk * (dimension + stages) * size_of::<f32>();
        let codes = WINDOW * chunk * stages * size_of::<u16>();
        // The beam search scores all codewords for a tile of vectors, and keeps the residuals of the beam.
        let beam = match self.books.method().has_beam() {
            true => {
                let scores = ROWS * words * size_of::<f32>();
                let residuals = if has_products { 0 } else { 2 * ROWS * self.width * dimension * size_of::<f32>() };
                scores + residuals
            }
            false => 0,
        };
        books + jobs.min(self.data.len().div_ceil(chunk)) * (tables + vectors + codes + beam)
    }

    /// Encodes all vectors, in order, into `out`. The caller finishes `out`. All vectors are checked before the first
    /// one is encoded. The check costs one more pass over the file and avoids a long run that ends at a NaN.
    ///
    /// # Errors
    /// [`CodecError`].
    pub fn run(&self, work: &Work, out: &mut CodeWriter) -> Result<Encoded, CodecError> {
        self.run_into(work, |codes| Ok(out.write(codes)?))
    }

    /// As [`Encoder::run`], but calls `write` with the codes (rows × M) of each window.
    ///
    /// # Errors
    /// [`CodecError`]; an error of `write`.
    pub fn run_into(
        &self,
        work: &Work,
        write: impl FnMut(&[u16]) -> Result<(), CodecError>,
    ) -> Result<Encoded, CodecError> {
        let (dimension, stages) = (self.books.dimension(), self.books.stages());
        let shape = Shape { rows: self.data.len(), chunk: chunk_rows(dimension), columns: stages };
        let threads = Threads::new(work, &shape)?;
        let begin = Instant::now();
        let search = self.search.map_or_else(|| self.better_search(), Ok)?;
        self.check(work, &threads, search)?;
        let sum = threads.run(
            work,
            &shape,
            || self.worker(search, shape.chunk),
            |worker, first, codes| self.encode(work, worker, first, codes),
            write,
        )?;
        let mse = sum / (shape.rows as f64 * dimension as f64);
        Ok(Encoded { vectors: shape.rows, mse, search, seconds: begin.elapsed().as_secs_f64() })
    }

    /// As [`better_search`], on the first vectors of the file.
    fn better_search(&self) -> Result<Search, CodecError> {
        let mut x = vec![0.0; self.data.len().min(TRIED) * self.books.dimension()];
        self.data.read(0, &mut x)?;
        Ok(better_search(self.books, self.width, &x))
    }

    fn worker(&self, search: Search, chunk: usize) -> Worker {
        let mut worker = Worker::new(self.books, Some((search, self.width)));
        worker.residual.resize(chunk * self.books.dimension(), 0.0);
        worker
    }

    /// Reads all vectors once, with the workers that encode afterwards. It reports no progress.
    fn check(&self, work: &Work, threads: &Threads<Worker>, search: Search) -> Result<(), CodecError> {
        let dimension = self.books.dimension();
        let shape = Shape { rows: self.data.len(), chunk: chunk_rows(dimension), columns: 1 };
        let quiet = Work { progress: &|_| (), ..*work };
        let read = |worker: &mut Worker, first: usize, rows: &mut [()]| {
            self.data.read(first, &mut worker.residual[..rows.len() * dimension])?;
            Ok(0.0)
        };
        let stopped = threads.run(&quiet, &shape, || self.worker(search, shape.chunk), read, |_| Ok(()));
        stopped.map(drop).map_err(|error| match error {
            CodecError::Stopped { total, .. } => CodecError::Stopped { done: 0, total },
            error => error,
        })
    }

    /// Encodes one chunk; returns its squared error.
    fn encode(&self, work: &Work, worker: &mut Worker, first: usize, out: &mut [u16]) -> Result<f64, CodecError> {
        let rows = out.len() / self.books.stages();
        self.data.read(first, &mut worker.residual[..rows * self.books.dimension()])?;
        let check = || match work.stop.load(Ordering::Relaxed) {
            true => Err(CodecError::Stopped { done: first, total: self.data.len() }),
            false => Ok(()),
        };
        let (chosen, error) = worker.encode(self.books, [first, rows], check)?;
        out.copy_from_slice(&chosen);
        Ok(error)
    }
}
