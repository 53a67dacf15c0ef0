//! Error, recall, cost and time of a fitted quantizer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::fits::Work;
use super::{Candidate, Estimate, Front, RecommendError, Shape, Split, codebook_bytes, wmops};
use crate::complexity::Model;
use crate::data::file::VectorFile;
use crate::fit::{Fitted, evaluation_search};
use crate::number::short;
use crate::quantizer::kernels::squared_error;
use crate::quantizer::{Codebooks, Search, assigner, codes, residuals};
use crate::recall::recall_at;
use crate::search::{Codes, Index, Norms, exact_neighbors};

/// T of the recalls; values above the size of the base are omitted.
pub const RECALL_AT: [usize; 3] = [1, 10, 100];

/// The maximum number of queries that are read from the file.
const MOST_QUERIES: usize = 1000;

/// The number of vectors that are encoded to measure the time, and how long the encoding is repeated; the fastest
/// repetition counts.
const TIMED: usize = 512;
const TIMING: Duration = Duration::from_millis(250);

/// Queries with their true nearest neighbors among the base.
pub(super) struct Queries {
    vectors: Vec<f32>,
    nearest: Vec<u32>,
    /// Neighbors per query.
    k: usize,
}

impl Queries {
    /// Reads the first 1000 queries of the file, for this base (n × D).
    pub fn read(file: &VectorFile, base: &[f32], dimension: usize) -> Result<Self, RecommendError> {
        let mut vectors = vec![0.0; file.len().min(MOST_QUERIES) * dimension];
        file.read(0, &mut vectors)?;
        Self::of(vectors, base, dimension)
    }

    /// As [`Queries::read`], of queries in memory (n × D).
    pub fn new(queries: &[f32], base: &[f32], dimension: usize) -> Result<Self, RecommendError> {
        Self::of(queries[..queries.len().min(MOST_QUERIES * dimension)].to_vec(), base, dimension)
    }

    fn of(vectors: Vec<f32>, base: &[f32], dimension: usize) -> Result<Self, RecommendError> {
        let nearest = exact_neighbors(base, &vectors, dimension, 1)?.ids;
        let most = base.len() / dimension;
        let k = RECALL_AT.into_iter().filter(|t| *t <= most).max().unwrap_or(1);
        Ok(Self { vectors, nearest, k })
    }

    pub fn len(&self) -> usize {
        self.nearest.len()
    }

    fn recall(&self, books: &Codebooks, codes: &[u16]) -> Result<Vec<Estimate>, String> {
        let index = Index::new(books, Codes::U16(codes), Norms::Exact).map_err(|e| e.to_string())?;
        let found = index.search(&self.vectors, self.k).map_err(|e| e.to_string())?;
        let at = RECALL_AT.into_iter().filter(|t| *t <= self.k);
        at.map(|t| {
            let mean = recall_at(&found.ids, &self.nearest, t).map_err(|e| e.to_string())?;
            let others = (self.len() as f64 - 1.0).max(1.0);
            Ok(Estimate { mean, standard_error: (mean * (1.0 - mean) / others).sqrt() })
        })
        .collect()
    }
}

/// A candidate before its time is known.
pub(super) struct Measured {
    pub candidate: Candidate,
    books: Arc<Codebooks>,
}

/// Measures everything except the time.
pub(super) fn measured(shape: &Shape, fitted: &Fitted, beam_width: usize, work: &Work) -> Result<Measured, String> {
    let (books, split) = (&fitted.codebooks, work.split);
    let beam = evaluation_search(books, beam_width, &split.validation);
    let (errors, codes) = encoded(books, beam, if work.queries.is_some() { &split.base } else { split.held_out() })?;
    let held_out = split.held_out().len() / split.dimension;
    let errors = errors[errors.len() - held_out..].to_vec();
    let dimension = split.dimension;
    let count = |model| wmops(shape, dimension, beam_width, model);
    let candidate = Candidate {
        shape: *shape,
        beam_width,
        search: beam.map(|(search, _)| search),
        mse: Estimate::of(errors.iter().copied()),
        errors,
        recall: work.queries.map(|queries| queries.recall(books, &codes)).transpose()?,
        wmops: count(Model::Corrected).ok_or("the operations can't be counted")?,
        wmops_published: count(Model::Published),
        wmops_lookup: count(Model::Lookup),
        ms_per_vector: 0.0,
        codebook_bytes: codebook_bytes(books),
        fit_seconds: fitted.seconds,
        ended: fitted.ended,
        allowed: true,
        front: Front::default(),
    };
    Ok(Measured { candidate, books: Arc::new(books.clone()) })
}

/// The mean squared error per coordinate of each vector (n × D), and the codes (n × M).
fn encoded(books: &Codebooks, beam: Option<(Search, usize)>, x: &[f32]) -> Result<(Vec<f64>, Vec<u16>), String> {
    let dimension = books.dimension();
    let (residual, indices) = residuals(books, assigner(books.method(), beam).as_mut(), x);
    let error = |e: &[f32]| squared_error(e) / dimension as f64;
    let codes = codes(books, &indices).map_err(|error| error.to_string())?;
    Ok((residual.chunks_exact(dimension).map(error).collect(), codes))
}

/// Adds the times. They are measured when nothing else runs.
///
/// # Errors
/// [`RecommendError::Stopped`], [`RecommendError::Threads`].
pub(super) fn timed(all: Vec<Measured>, split: &Split, work: &Work) -> Result<Vec<Candidate>, RecommendError> {
    let total = all.len();
    let pool = work.pool()?;
    let time = |(at, Measured { mut candidate, books }): (usize, Measured)| {
        if work.stopped() {
            return Err(RecommendError::Stopped);
        }
        let beam = candidate.search.map(|search| (search, candidate.beam_width));
        candidate.ms_per_vector = 1e3 * pool.install(|| seconds_per_vector(&books, beam, split));
        work.say(at + 1, total, format!("{}: {} ms a vector", candidate.label(), short(candidate.ms_per_vector)));
        Ok(candidate)
    };
    all.into_iter().enumerate().map(time).collect()
}

fn seconds_per_vector(books: &Codebooks, beam: Option<(Search, usize)>, split: &Split) -> f64 {
    let count = (split.held_out().len() / split.dimension).min(TIMED);
    let x = &split.held_out()[..count * split.dimension];
    let mut assign = assigner(books.method(), beam);
    assign.prepare(books);
    let mut indices = vec![0; count * books.stages()];
    let (since, mut quickest) = (Instant::now(), f64::INFINITY);
    while quickest.is_infinite() || since.elapsed() < TIMING {
        let mut residual = x.to_vec();
        let turn = Instant::now();
        assign.assign(books, &mut residual, &mut indices);
        quickest = quickest.min(turn.elapsed().as_secs_f64() / count as f64);
    }
    quickest
}
