//! Recommends a VQ method for given vectors at a given bitrate. Methods and shapes are fitted to a sample, measured on
//! vectors that no fit has seen, and compared in pairs vector by vector.
//!
//! The sample is split into training vectors, validation vectors that end the fits, and held-out vectors for the
//! reported errors. The results apply to fits of that length on that sample; the times apply to this machine.

mod alternatives;
mod bounds;
mod candidate;
mod candidates;
mod choose;
mod cost;
mod fits;
mod measure;
mod queries;
mod scalar;
mod split;
#[cfg(test)]
mod tests;
mod words;
mod work;

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

pub use alternatives::Alternative;
pub use bounds::Spectrum;
pub use candidate::{Candidate, Estimate, Front, Shape};
pub use choose::{Choice, Difference, Standing};
pub use queries::RECALL_AT;
pub use scalar::scalar_error;
pub use words::{About, Caution, WHITE, WORTH, Words, decibel, plus_minus};

use crate::data::file::{FileError, VectorFile};
use crate::fit::{self, FitError, Sampled, parts};
use crate::memory::{Shortage, available, product, sum};
use crate::quantizer::Method;
use crate::search::SearchError;
use cost::{codebook_bytes, wmops};
use queries::Queries;
use split::{Split, references, variance};
use work::{Clock, Work};

/// A request for a recommendation.
#[derive(Clone, Debug)]
pub struct Request {
    /// Bits of a whole code; each value gets its own choice.
    pub bits: Vec<u32>,
    pub limits: Limits,
    /// The maximum number of vectors in the sample.
    pub sample: usize,
    /// Time for everything: fits, errors, and times.
    pub budget: Duration,
    /// This many updates of NSVQ and all iterations of k-means, instead of a share of the budget: every run gives the
    /// same errors.
    pub updates: Option<u64>,
    /// Threads, at least 1; a fit runs on one thread.
    pub jobs: usize,
    pub seed: u64,
}

/// Limits of the cost of a quantizer; None = no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// Operations for encoding one vector ([`Model::Corrected`](crate::complexity::Model::Corrected), single precision).
    pub wmops: Option<f64>,
    /// Measured milliseconds on one thread.
    pub ms_per_vector: Option<f64>,
    pub codebook_bytes: Option<usize>,
}

impl Limits {
    pub fn allow(&self, candidate: &Candidate) -> bool {
        self.wmops.is_none_or(|most| candidate.wmops <= most)
            && self.ms_per_vector.is_none_or(|most| candidate.ms_per_vector <= most)
            && self.codebook_bytes.is_none_or(|most| candidate.codebook_bytes <= most)
    }
}

/// A shape without a fit, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    pub shape: Shape,
    pub reason: String,
    /// Whether the reason is the time budget.
    pub late: bool,
}

/// References for the choice at one bitrate: mean squared errors per coordinate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct References {
    pub bits: u32,
    /// The bound of a Gaussian source with the data's covariance, and of a white source with its variance, by
    /// rate-distortion theory; None for more than 3072 dimensions.
    pub gaussian: Option<f64>,
    pub white: Option<f64>,
    /// Scalar quantization ([`scalar_error`]) of the coordinates, and of the coordinates along the principal axes.
    pub scalar: f64,
    pub scalar_along_axes: Option<f64>,
}

/// The recommendation.
#[derive(Clone, Debug)]
pub struct Recommendation {
    pub dimension: usize,
    /// The number of vectors in the file; then, of the sample, the numbers of training, validation and held-out
    /// vectors.
    pub of: u64,
    pub training: usize,
    pub validation: usize,
    pub held_out: usize,
    /// The number of queries, and the number of vectors among which their neighbors are searched.
    pub queries: Option<(usize, usize)>,
    /// Variance of the training vectors, per coordinate.
    pub variance: f64,
    /// Spectral flatness of the covariance ([`Spectrum::flatness`]).
    pub flatness: Option<f64>,
    pub limits: Limits,
    /// In the order of the requested bitrates, then by method and shape.
    pub candidates: Vec<Candidate>,
    pub left_out: Vec<LeftOut>,
    /// One choice per bitrate, in the requested order.
    pub choices: Vec<Choice>,
    pub references: Vec<References>,
    pub seconds: f64,
}

/// Why no recommendation is possible.
#[derive(Debug, thiserror::Error)]
pub enum RecommendError {
    #[error(
        "{bits} bits a vector can't be divided evenly among 1 to 16 stages of 2 to 10 bits or 17 to 4096 stages of 4 to 10 bits; {nearest}"
    )]
    Bits { bits: u32, nearest: String },
    #[error("the sample has {found} vectors for training and {held_out} held out; at least {least} and 2 are needed")]
    TooFew { found: usize, held_out: usize, least: usize },
    #[error("{path} holds queries of dimension {found}, the vectors have {expected}")]
    Queries { path: std::path::PathBuf, found: usize, expected: usize },
    #[error("{count} vectors of dimension {dimension} need {shortage}; use a smaller --sample")]
    Memory { count: usize, dimension: usize, shortage: Shortage },
    #[error("no quantizer could be fitted; {0}")]
    NothingFitted(String),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Fit(#[from] FitError),
    #[error(transparent)]
    Search(#[from] SearchError),
    #[error("cannot start {jobs} threads: {reason}; try fewer --jobs")]
    Threads { jobs: usize, reason: String },
    #[error("stopped")]
    Stopped,
}

/// The progress of the work.
#[derive(Clone, Debug)]
pub struct Step {
    pub done: usize,
    pub total: usize,
    /// The last finished step, with its outcome.
    pub text: String,
    /// Seconds left of the time budget.
    pub left: f64,
}

/// Observes the work, from any of its threads.
pub struct Watch<'a> {
    /// Set from outside to stop the work, with [`RecommendError::Stopped`].
    pub stop: &'a AtomicBool,
    pub progress: &'a (dyn Fn(&Step) + Sync),
}

/// The share of the sample that is not trained on: half of it is for validation, half is held out.
const NOT_TRAINED_ON: f64 = 0.2;

/// The share of the budget after which no fit begins or continues; the rest is for the time measurements.
const FITTING: f64 = 0.85;

/// Checks a request against the data, before any work.
///
/// # Errors
/// [`RecommendError::Bits`], [`RecommendError::Queries`].
pub fn check(file: &VectorFile, queries: Option<&VectorFile>, request: &Request) -> Result<(), RecommendError> {
    request.bits.iter().try_for_each(|bits| candidates::shapes(*bits, file.dimension()).map(drop))?;
    match queries.map(|queries| (queries, queries.dimension())) {
        Some((queries, found)) if found != file.dimension() => {
            Err(RecommendError::Queries { path: queries.path().into(), found, expected: file.dimension() })
        }
        _ => Ok(()),
    }
}

/// Approximate bytes that [`recommend`] takes: the sample, and the largest fits that run at the same time. Shapes that
/// do not fit this machine's memory are left out of the fits and of this number.
///
/// # Errors
/// [`RecommendError::Bits`], [`RecommendError::Fit`] for too few vectors.
pub fn memory(file: &VectorFile, request: &Request) -> Result<u64, RecommendError> {
    let dimension = file.dimension();
    let counts = parts(file.len(), request.sample, NOT_TRAINED_ON)?;
    let sample = sample_bytes(counts, dimension);
    let shapes = request.bits.iter().map(|bits| candidates::shapes(*bits, dimension)).collect::<Result<Vec<_>, _>>()?;
    let room = fits::room(available().saturating_sub(sample), request.jobs);
    let fits = shapes.concat().into_iter().map(|shape| fits::memory(&shape, counts, dimension));
    let largest = fits.filter(|needed| *needed <= room).max().unwrap_or(0);
    Ok(sum(&[sample, product(&[request.jobs]).saturating_mul(largest)]))
}

/// Bytes of the training vectors, and twice the bytes of the others, which are split again.
fn sample_bytes([training, others]: [usize; 2], dimension: usize) -> u64 {
    product(&[4, dimension, training.saturating_add(others.saturating_mul(3))])
}

/// Fits and measures all candidates, and chooses. The random numbers depend on the seed alone. With a budget, the
/// length of the fits depends on the machine.
///
/// # Errors
/// [`RecommendError`]. A candidate that can't be fitted is left out with its reason; it is not an error.
pub fn recommend(
    file: &VectorFile,
    queries: Option<&VectorFile>,
    request: &Request,
    watch: &Watch,
) -> Result<Recommendation, RecommendError> {
    let begin = Instant::now();
    check(file, queries, request)?;
    let chosen = choose_sample(file.len(), file.dimension(), request)?;
    let sampled = chosen.gather(file.dimension(), |_, row, out| file.read(row, out))?;
    let queries = |base: &[f32]| queries.map(|file| Queries::read(file, base, file.dimension())).transpose();
    recommend_sampled((begin, request), sampled, queries, &|_| true, watch)
}

/// The rows of the sample of [`recommend_vectors`], for `of` vectors of this dimension that are not in a file. The
/// request is checked against them, and the sample against the available memory.
///
/// # Errors
/// [`RecommendError::Bits`], [`RecommendError::Fit`] for too few vectors, [`RecommendError::Memory`].
pub fn choose_sample(of: usize, dimension: usize, request: &Request) -> Result<fit::Selection, RecommendError> {
    request.bits.iter().try_for_each(|bits| candidates::shapes(*bits, dimension).map(drop))?;
    let counts = parts(of, request.sample, NOT_TRAINED_ON)?;
    crate::memory::check(sample_bytes(counts, dimension), available()).map_err(|shortage| RecommendError::Memory {
        count: counts[0] + counts[1],
        dimension,
        shortage,
    })?;
    Ok(fit::Selection::new(of, request.sample, NOT_TRAINED_ON, request.seed)?)
}

/// As [`recommend`], for a sample ([`choose_sample`]) and queries (n × D) in memory. Of the queries, the first 1000 are
/// used. Only these methods are tried; None = all known ones.
///
/// # Errors
/// [`RecommendError`].
pub fn recommend_vectors(
    sampled: Sampled,
    queries: Option<&[f32]>,
    methods: Option<&[Method]>,
    request: &Request,
    watch: &Watch,
) -> Result<Recommendation, RecommendError> {
    let dimension = sampled.dimension;
    let queries = |base: &[f32]| queries.map(|x| Queries::new(x, base, dimension)).transpose();
    let tried = |method: Method| methods.is_none_or(|methods| methods.contains(&method));
    recommend_sampled((Instant::now(), request), sampled, queries, &tried, watch)
}

/// `queries` finds the neighbors of the queries among the base that it gets; `tried` says which methods are tried.
fn recommend_sampled(
    (begin, request): (Instant, &Request),
    sampled: Sampled,
    queries: impl FnOnce(&[f32]) -> Result<Option<Queries>, RecommendError>,
    tried: &dyn Fn(Method) -> bool,
    watch: &Watch,
) -> Result<Recommendation, RecommendError> {
    let dimension = sampled.dimension;
    let split = Split::new(sampled.training, &sampled.validation, dimension);
    let found = split.training.len() / dimension;
    let held_out = split.held_out().len() / dimension;
    const LEAST: usize = 8;
    if found < LEAST || held_out < 2 {
        return Err(RecommendError::TooFew { found, held_out, least: LEAST });
    }
    let queries = queries(&split.base)?;
    let shapes = request.bits.iter().map(|bits| candidates::shapes(*bits, dimension)).collect::<Result<Vec<_>, _>>()?;
    let shapes: Vec<Shape> = shapes.concat().into_iter().filter(|shape| tried(shape.method)).collect();
    let clock = Clock { begin, until: request.budget.mul_f64(FITTING), end: request.budget };
    let work = Work { split: &split, queries: queries.as_ref(), request, watch, clock };
    let (fitted, left_out) = fits::all(&shapes, &work)?;
    let mut candidates = measure::timed(fitted, &split, &work)?;
    choose::fronts(&mut candidates);
    candidates.iter_mut().for_each(|c| c.allowed = request.limits.allow(c));
    let choices = request.bits.iter().map(|bits| Choice::of(&candidates, *bits, &request.limits)).collect();
    let spectrum = Spectrum::of(&split.training, dimension);
    Ok(Recommendation {
        dimension,
        of: sampled.of,
        training: found,
        validation: split.validation.len() / dimension,
        held_out,
        queries: queries.as_ref().map(|q| (q.len(), split.base.len() / dimension)),
        variance: variance(&split.training, dimension),
        flatness: spectrum.as_ref().map(Spectrum::flatness),
        limits: request.limits,
        candidates,
        left_out,
        choices,
        references: request.bits.iter().map(|bits| references(*bits, &split, spectrum.as_ref())).collect(),
        seconds: begin.elapsed().as_secs_f64(),
    })
}
