//! Codes and queries → ids.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::{CodecError, Encoder, Mismatch, Work};
use crate::data::file::{CodeFile, FileError, IdWriter, VectorFile};
use crate::quantizer::Codebooks;
use crate::search::{Codes, Index, Norms, SearchError};

/// Values of a window of queries or of their ids, whichever are more (16 MiB).
const WINDOW_NUMBERS: usize = 1 << 22;

/// The maximum number of queries of a window, and the maximum number of its distances, so that a stop does not wait
/// long.
const WINDOW_QUERIES: usize = 1 << 12;
const WINDOW_DISTANCES: usize = 1 << 33;

/// Number of codes read at once.
const READ: usize = 1 << 16;

/// The base of a search: codes, or vectors that are encoded first.
#[derive(Debug)]
pub enum BaseFile {
    Codes(CodeFile),
    Vectors(VectorFile),
}

impl BaseFile {
    /// Opens a file. An npy of uint8 or uint16 with M columns holds codes; everything else holds vectors.
    ///
    /// # Errors
    /// Errors of [`VectorFile::open`].
    pub fn open(path: &Path, books: &Codebooks) -> Result<Self, FileError> {
        match CodeFile::open(path) {
            Ok(codes) if codes.stages() == books.stages() || codes.stages() != books.dimension() => {
                Ok(Self::Codes(codes))
            }
            _ => Ok(Self::Vectors(VectorFile::open(path)?)),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Codes(file) => file.path(),
            Self::Vectors(file) => file.path(),
        }
    }

    /// N, at least 1.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        match self {
            Self::Codes(file) => file.len(),
            Self::Vectors(file) => file.len(),
        }
    }
}

/// A checked search, ready to run.
#[derive(Debug)]
pub struct Searcher<'a> {
    books: &'a Codebooks,
    base: &'a BaseFile,
    encoder: Option<Encoder<'a>>,
    queries: &'a VectorFile,
    k: usize,
    norms: Norms,
}

/// The result of a search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Searched {
    pub queries: usize,
    pub base: usize,
    pub bits_per_vector: u32,
    /// Seconds of encoding the base; None for a base of codes.
    pub encode_seconds: Option<f64>,
    /// Seconds of building the index.
    pub index_seconds: f64,
    /// Seconds of the search alone.
    pub seconds: f64,
}

/// Codes in the narrowest type.
enum Owned {
    Bytes(Vec<u8>),
    Words(Vec<u16>),
}

impl Owned {
    fn extend(&mut self, codes: &[u16]) {
        match self {
            Self::Bytes(bytes) => bytes.extend(codes.iter().map(|code| *code as u8)),
            Self::Words(words) => words.extend_from_slice(codes),
        }
    }

    fn view(&self) -> Codes<'_> {
        match self {
            Self::Bytes(bytes) => Codes::U8(bytes),
            Self::Words(words) => Codes::U16(words),
        }
    }
}

impl<'a> Searcher<'a> {
    /// A search for the `k` nearest of `base` for each query. `width` is AVQ's beam width where the base is encoded.
    /// `norms` = None means exact norms; it is always None for PVQ.
    ///
    /// # Errors
    /// [`Mismatch`].
    pub fn new(
        books: &'a Codebooks,
        width: usize,
        base: &'a BaseFile,
        queries: &'a VectorFile,
        k: usize,
        norms: Option<Norms>,
    ) -> Result<Self, Mismatch> {
        let (stages, dimension) = (books.stages(), books.dimension());
        let path = || base.path().to_path_buf();
        let encoder = match base {
            BaseFile::Codes(codes) if codes.stages() != stages => {
                return Err(Mismatch::Base { path: path(), found: codes.stages(), stages, dimension });
            }
            BaseFile::Codes(_) => None,
            BaseFile::Vectors(vectors) => Some(Encoder::new(books, width, None, vectors)?),
        };
        if queries.dimension() != dimension {
            let (path, found) = (queries.path().into(), queries.dimension());
            return Err(Mismatch::Dimension { path, found, expected: dimension });
        }
        let (found, most) = (base.len(), i32::MAX as usize);
        if found > most {
            return Err(Mismatch::TooManyVectors { path: path(), found, most });
        }
        if k > found {
            return Err(Mismatch::TooManyNeighbors { k, path: path(), found });
        }
        if norms.is_some() && books.method().is_product() {
            return Err(Mismatch::NoNorms);
        }
        Ok(Self { books, base, encoder, queries, k, norms: norms.unwrap_or_default() })
    }

    /// The total of the progress: the queries, plus the base where it has to be encoded.
    pub fn total(&self) -> usize {
        self.queries.len() + if self.encoder.is_some() { self.base.len() } else { 0 }
    }

    /// Approximate bytes that [`Searcher::run`] takes on `jobs` threads, without the files: the codes of the base,
    /// twice while they are reordered, and their norms.
    pub fn memory(&self, jobs: usize) -> usize {
        let code = if self.books.size() <= 256 { 1 } else { 2 };
        let norms = if self.books.method().is_product() { 0 } else { size_of::<f32>() };
        let base = self.base.len() * (2 * code * self.books.stages() + norms);
        let books = size_of_val(self.books.values());
        base + self.encoder.as_ref().map_or(books, |encoder| encoder.memory(jobs))
    }

    /// Writes the ids of all queries, in order, into `out`. The caller finishes `out`.
    ///
    /// # Errors
    /// [`CodecError`].
    pub fn run(&self, work: &Work, out: &mut IdWriter) -> Result<Searched, CodecError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(work.jobs).build();
        let pool = pool.map_err(|error| CodecError::Threads { jobs: work.jobs, reason: error.to_string() })?;
        let (codes, encode_seconds) = self.codes(work)?;
        let begin = Instant::now();
        let index = pool.install(|| Index::new_until(self.books, codes.view(), self.norms, work.stop));
        let index = index.map_err(|error| match error {
            SearchError::Stopped => {
                CodecError::Stopped { done: self.total() - self.queries.len(), total: self.total() }
            }
            error => error.into(),
        })?;
        drop(codes);
        let index_seconds = begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let (count, dimension) = (self.queries.len(), self.books.dimension());
        let before = self.total() - count;
        let most = (WINDOW_DISTANCES / self.base.len()).clamp(64, WINDOW_QUERIES);
        let window = (WINDOW_NUMBERS / self.k.max(dimension)).clamp(1, most).min(count);
        let mut queries = vec![0.0; window * dimension];
        for first in (0..count).step_by(window) {
            if work.stop.load(Ordering::Relaxed) {
                return Err(CodecError::Stopped { done: before + first, total: self.total() });
            }
            let queries = &mut queries[..window.min(count - first) * dimension];
            self.queries.read(first, queries)?;
            let found = pool.install(|| index.search(queries, self.k))?;
            let ids: Vec<i32> = found.ids.into_iter().map(|id| id as i32).collect();
            out.write(&ids)?;
            (work.progress)(before + first + queries.len() / dimension);
        }
        Ok(Searched {
            queries: count,
            base: self.base.len(),
            bits_per_vector: index.bits_per_vector(),
            encode_seconds,
            index_seconds,
            seconds: begin.elapsed().as_secs_f64(),
        })
    }

    /// The codes of the base, and the seconds of encoding it.
    fn codes(&self, work: &Work) -> Result<(Owned, Option<f64>), CodecError> {
        let mut codes = if self.books.size() <= 256 { Owned::Bytes(Vec::new()) } else { Owned::Words(Vec::new()) };
        match (&self.encoder, self.base) {
            (Some(encoder), _) => {
                let encoded = encoder.run_into(work, |window| {
                    codes.extend(window);
                    Ok(())
                });
                // The queries are not done, either.
                let encoded = encoded.map_err(|error| match error {
                    CodecError::Stopped { done, .. } => CodecError::Stopped { done, total: self.total() },
                    error => error,
                })?;
                Ok((codes, Some(encoded.seconds)))
            }
            (None, BaseFile::Codes(file)) => self.read(work, file, &mut codes).map(|()| (codes, None)),
            (None, BaseFile::Vectors(_)) => Ok((codes, None)),
        }
    }

    fn read(&self, work: &Work, file: &CodeFile, codes: &mut Owned) -> Result<(), CodecError> {
        let (stages, size) = (self.books.stages(), self.books.size());
        let mut window = vec![0u16; READ.min(file.len()) * stages];
        for first in (0..file.len()).step_by(READ) {
            if work.stop.load(Ordering::Relaxed) {
                return Err(CodecError::Stopped { done: 0, total: self.total() });
            }
            let window = &mut window[..READ.min(file.len() - first) * stages];
            file.read(first, window)?;
            if let Some(at) = window.iter().position(|code| usize::from(*code) >= size) {
                let (row, stage, code) = (first + at / stages, at % stages, usize::from(window[at]));
                let (path, offset) = (file.path().into(), file.offset(row, stage));
                return Err(CodecError::Code { path, offset, row, stage, code, most: size - 1 });
            }
            codes.extend(window);
        }
        Ok(())
    }
}
