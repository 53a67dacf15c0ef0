//! Error, recall, cost and time of a fitted quantizer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::work::Work;
use super::{Candidate, Estimate, Front, RecommendError, Shape, Split, codebook_bytes, wmops};
use crate::complexity::Model;
use crate::fit::{Fitted, evaluation_search};
use crate::number::short;
use crate::quantizer::kernels::squared_error;
use crate::quantizer::{Codebooks, Search, assigner, codes, residuals};

/// The number of vectors that are encoded to measure the time, and how long the encoding is repeated; the fastest
/// repetition counts.
const TIMED: usize = 512;
const TIMING: Duration = Duration::from_millis(250);

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
