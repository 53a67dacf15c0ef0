//! Trains codebooks for your own vectors. A random sample of a file is split in two: a quantizer is trained on one part
//! and measured on the other.
//!
//! The data may have any offset and scale. Vectors are centered and scaled for the training, and this is undone in the
//! codebooks. Both parts are held in memory, the training part twice.
//!
//! ```
//! use vqlab_core::fit::{FitSettings, fit};
//! use vqlab_core::quantizer::Method;
//!
//! let vectors: Vec<f32> = (0..4000).map(|i| (i * i % 97) as f32).collect();
//! let (training, validation) = vectors.split_at(3200);
//! let fitted = fit(training, validation, 4, &FitSettings::new(Method::Rvq, 2, 4), &mut |_done| true)?;
//! assert_eq!((fitted.codebooks.stages(), fitted.codebooks.size()), (2, 16));
//! assert!(fitted.validation_mse < Some(200.0));
//! # Ok::<(), vqlab_core::fit::FitError>(())
//! ```

mod error;
mod evaluate;
mod import;
mod kmeans;
mod nsvq;
mod sample;

use std::time::{Duration, Instant};

pub use error::FitError;
pub use evaluate::{evaluation_search, squared_errors};
pub use import::{ImportError, import};
pub use sample::{Sampled, Selection, parts, sample};

// Types in the signatures of this module.
pub use crate::quantizer::{Codebooks, Method, Search};
pub use crate::training::Trainer;

use crate::baseline::{self, Kept, Scaling};
use crate::memory::{available, check, product, sum};
use crate::number::not_finite;

/// The method, its shape, its trainer, and the limits of the training.
#[derive(Clone, Debug, PartialEq)]
pub struct FitSettings {
    pub method: Method,
    /// M.
    pub stages: usize,
    /// b; K = 2^b codewords a stage.
    pub bits_per_stage: u32,
    /// OPQ and LSQ support k-means only.
    pub trainer: Trainer,
    /// AVQ's beam width at evaluation; 1 for other methods.
    pub beam_width: usize,
    /// AVQ's beam width in training; 1 for other methods.
    pub training_beam_width: usize,
    /// Wall time of the training. It is exceeded by at most the last iteration of one part of the training. With a
    /// budget, the result depends on the speed of the machine. Without a budget, the same settings and vectors give
    /// bit-identical codebooks.
    pub budget: Option<Duration>,
    /// Updates of NSVQ, or iterations of k-means; None = as many as the vectors and the method need.
    pub updates: Option<u64>,
    /// Trains a second time on all vectors, training and validation, with the number of iterations or updates that was
    /// the best on the validation vectors. These codebooks are kept where they have a lower error on all vectors
    /// together. With a budget, the second training runs only where the remaining time is at least as long as the first
    /// training.
    pub refit: bool,
    pub seed: u64,
}

impl FitSettings {
    /// k-means without limits; AVQ with a beam width of 16.
    pub fn new(method: Method, stages: usize, bits_per_stage: u32) -> Self {
        let most = stages.saturating_mul(1 << bits_per_stage.min(16)).max(1);
        let width = |beam: usize| if method.has_beam() { beam.min(most) } else { 1 };
        let (beam_width, training_beam_width) = (width(method.default_beam()), width(4));
        let trainer = Trainer::Kmeans;
        let (budget, updates, refit, seed) = (None, None, false, 1);
        Self { method, stages, bits_per_stage, trainer, beam_width, training_beam_width, budget, updates, refit, seed }
    }

    /// K.
    pub fn codebook_size(&self) -> usize {
        1 << self.bits_per_stage
    }

    /// Rejects settings that can't train on vectors of this dimension.
    ///
    /// # Errors
    /// [`FitError`].
    pub fn check(&self, dimension: usize) -> Result<(), FitError> {
        if !(1..=16).contains(&self.bits_per_stage) {
            return Err(FitError::Bits(self.bits_per_stage));
        }
        Codebooks::check(self.method, dimension, self.stages, self.codebook_size())?;
        if self.trainer == Trainer::Nsvq && !self.method.has_nsvq() {
            return Err(FitError::Trainer(self.method));
        }
        if self.updates == Some(0) {
            return Err(FitError::NoUpdates);
        }
        let most = self.method.max_beam(self.stages, self.codebook_size());
        for found in [self.beam_width, self.training_beam_width] {
            if !(1..=most).contains(&found) {
                return Err(FitError::Beam { method: self.method, found, most });
            }
        }
        Ok(())
    }
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The validation error no longer fell.
    Converged,
    /// The time budget was used up.
    Budget,
    /// All updates or iterations were done.
    Updates,
}

impl Ended {
    /// `converged`, `budget`, `updates`.
    pub fn name(self) -> &'static str {
        match self {
            Ended::Converged => "converged",
            Ended::Budget => "budget",
            Ended::Updates => "updates",
        }
    }
}

/// Trained codebooks and their errors.
#[derive(Clone, Debug)]
pub struct Fitted {
    pub codebooks: Codebooks,
    /// Mean squared error per coordinate, with the search of the evaluation, on at most [`MEASURED`] of the vectors on
    /// which the codebooks were trained.
    pub training_mse: f64,
    /// The same error on all validation vectors; None without validation vectors. For [refitted](FitSettings::refit)
    /// codebooks, this is the error of the first codebooks, which were not trained on the validation vectors.
    pub validation_mse: Option<f64>,
    /// Whether the codebooks are trained on all vectors.
    pub refitted: bool,
    /// Mean variance of the coordinates of the training vectors.
    pub variance: f64,
    /// AVQ's search at evaluation: the better one of [`Search::Ordered`] and [`Search::Beam`].
    pub search: Option<Search>,
    /// The number of updates or iterations, and the error on at most [`CHECKED`] validation vectors at that point, with
    /// the search of the training. PVQ and RVQ by k-means are trained stage by stage: their curve has one point at the
    /// end, with the iterations of a stage (some stages may have had fewer).
    pub curve: Vec<(u64, f64)>,
    /// Seconds of the training, without the evaluation.
    pub seconds: f64,
    pub ended: Ended,
}

/// The maximum number of training vectors on which the training error is measured.
pub const MEASURED: usize = 10_000;

/// The maximum number of validation vectors on which a training is checked.
pub const CHECKED: usize = 2048;

/// Trains a quantizer on `training` (n × D) and measures it on `validation` (n × D). `go_on` is called several times a
/// second with the share of the work that is done; where it returns false, the training stops. The training ends early
/// when the validation error no longer falls. It keeps the codebooks with the lowest validation error (PVQ and RVQ by
/// k-means: for each stage). NSVQ starts from k-means (AVQ: from an RVQ by k-means). Without validation vectors,
/// k-means runs all its iterations, and NSVQ is checked on training vectors.
///
/// # Errors
/// [`FitError`].
pub fn fit(
    training: &[f32],
    validation: &[f32],
    dimension: usize,
    settings: &FitSettings,
    go_on: &mut dyn FnMut(f64) -> bool,
) -> Result<Fitted, FitError> {
    settings.check(dimension)?;
    let size = settings.codebook_size();
    check_vectors(training, dimension, "training", size)?;
    check_vectors(validation, dimension, "validation", 0)?;
    let counts = [training.len() / dimension, validation.len() / dimension];
    let held = product(&[4, training.len() + validation.len()]);
    check_memory(settings, counts, dimension, held, available())?;
    let since = Instant::now();
    let scaling = Scaling::of(training, dimension)?;
    let scaling = if settings.method.is_linear() { scaling } else { scaling.none() };
    let first_share = if settings.refit { 0.5 } else { 1.0 };
    let first =
        first_fit((training, validation), dimension, settings, &scaling, since, &mut |done| go_on(first_share * done))?;
    let mut codebooks = scaling.undo(first.codebooks);
    let search = |books: &Codebooks| {
        let tried = if validation.is_empty() { training } else { validation };
        evaluation_search(books, settings.beam_width, tried)
    };
    let mse = |books: &Codebooks, vectors: &[f32]| evaluate::mse(books, search(books), vectors);
    let validation_mse = (!validation.is_empty()).then(|| mse(&codebooks, validation));
    let mut training_mse = mse(&codebooks, &evaluate::part(training, dimension, MEASURED));
    let mut refitted = false;
    let took = since.elapsed();
    let in_time = settings.budget.is_none_or(|budget| budget.saturating_sub(took) >= took);
    if settings.refit && !(validation.is_empty() || first.kept.iterations.is_empty()) && in_time {
        let all = [training, validation].concat();
        let scaled = scaling.apply(&all);
        let work = Work { settings, training: &scaled, dimension, since };
        let go_on = &mut |done| go_on(0.5 + 0.5 * done);
        let again = scaling.undo(match settings.trainer {
            Trainer::Kmeans => kmeans::again(&work, first.kept, go_on)?,
            Trainer::Nsvq => nsvq::again(&work, &first.kept.iterations, go_on)?,
        });
        // The second training can end in a worse optimum, and no validation vectors remain to detect this.
        let measured = evaluate::part(&all, dimension, MEASURED);
        let error = mse(&again, &measured);
        if error < mse(&codebooks, &measured) {
            (codebooks, training_mse, refitted) = (again, error, true);
        }
    }
    if not_finite(codebooks.values(), codebooks.width()).is_some() {
        return Err(FitError::Overflow);
    }
    let seconds = since.elapsed().as_secs_f64();
    let unit = f64::from(scaling.scale).powi(2);
    let mut curve: Vec<(u64, f64)> = first.curve.iter().map(|(update, mse)| (*update, mse * unit)).collect();
    if curve.is_empty() {
        curve.push((first.done, validation_mse.unwrap_or(training_mse)));
    }
    let search = search(&codebooks).map(|(search, _)| search);
    let (variance, ended) = (scaling.variance, first.ended);
    Ok(Fitted { codebooks, training_mse, validation_mse, refitted, variance, search, curve, seconds, ended })
}

/// Codebooks for scaled vectors, checked on validation vectors.
fn first_fit(
    (training, validation): (&[f32], &[f32]),
    dimension: usize,
    settings: &FitSettings,
    scaling: &Scaling,
    since: Instant,
    go_on: &mut dyn FnMut(f64) -> bool,
) -> Result<Trained, FitError> {
    let scaled = scaling.apply(training);
    let work = Work { settings, training: &scaled, dimension, since };
    let watched = if validation.is_empty() && settings.trainer == Trainer::Nsvq { training } else { validation };
    let watched = scaling.apply(&evaluate::part(watched, dimension, CHECKED));
    match settings.trainer {
        Trainer::Kmeans => kmeans::train(&work, watched, go_on),
        Trainer::Nsvq => nsvq::train(&work, &watched, go_on),
    }
}

/// Approximate bytes that [`fit`] takes, including its vectors, for these numbers of training and validation vectors on
/// the threads of the current pool; `u64::MAX` for more than any machine has.
pub fn memory(settings: &FitSettings, [training, validation]: [usize; 2], dimension: usize) -> u64 {
    let plan = kmeans::plan(settings);
    // Both parts, the scaled vectors, and the measured vectors. A refit holds all vectors once more, and their scaled
    // copy.
    let copies = if settings.refit { 4 } else { 2 };
    let vectors = product(&[4, dimension, copies, training.saturating_add(validation)]);
    let width = if settings.method.is_product() { dimension / settings.stages.max(1) } else { dimension };
    let books = product(&[4, settings.stages, settings.codebook_size(), width]);
    // The moments and the gradient of the optimizer, and the best codebooks.
    let optimizer = if settings.trainer == Trainer::Nsvq { books.saturating_mul(5) } else { 0 };
    sum(&[vectors, baseline::memory(&plan, training, dimension), optimizer])
}

/// Rejects a training that needs more than `available` bytes in addition to the `held` bytes of its vectors.
///
/// # Errors
/// [`FitError::Memory`].
pub fn check_memory(
    settings: &FitSettings,
    counts: [usize; 2],
    dimension: usize,
    held: u64,
    available: u64,
) -> Result<(), FitError> {
    let needed = memory(settings, counts, dimension).saturating_sub(held);
    check(needed, available).map_err(|shortage| FitError::Memory { settings: settings.clone(), dimension, shortage })
}

fn check_vectors(vectors: &[f32], dimension: usize, part: &'static str, needed: usize) -> Result<(), FitError> {
    if !vectors.len().is_multiple_of(dimension) {
        return Err(FitError::Rows { part, values: vectors.len(), dimension });
    }
    let found = vectors.len() / dimension;
    if found < needed {
        return Err(FitError::TooFew { part, found, needed });
    }
    match not_finite(vectors, dimension) {
        Some((row, column, value)) => Err(FitError::NotFinite { part, row, column, value }),
        None => Ok(()),
    }
}

/// The input of the trainers.
struct Work<'a> {
    settings: &'a FitSettings,
    /// Scaled, n × D.
    training: &'a Vec<f32>,
    dimension: usize,
    since: Instant,
}

impl Work<'_> {
    /// The name of the random stream for a purpose.
    fn name(&self, purpose: &str) -> String {
        let FitSettings { method, stages, bits_per_stage, seed, .. } = self.settings;
        format!("fit/{seed}/{}/{stages}/{bits_per_stage}/{purpose}", method.label())
    }

    /// Seconds left of this share of the budget, counted from the beginning; None = no limit.
    fn left(&self, share: f64) -> Option<f64> {
        self.settings.budget.map(|budget| (share * budget.as_secs_f64() - self.since.elapsed().as_secs_f64()).max(0.0))
    }
}

/// The result of a trainer, for scaled vectors.
struct Trained {
    codebooks: Codebooks,
    curve: Vec<(u64, f64)>,
    done: u64,
    ended: Ended,
    /// Chosen by the validation vectors: iterations of k-means for each stage, or for all stages together; updates for
    /// each round of NSVQ.
    kept: Kept,
}
