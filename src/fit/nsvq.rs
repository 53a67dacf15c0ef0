//! Stochastic optimisation (NSVQ) from k-means on, watched on validation vectors.

use std::time::Instant;

use super::{Ended, FitError, Trained, Work, evaluate, kmeans};
use crate::data::stream::stream;
use crate::quantizer::{Codebooks, Init, Method, QuantizerSettings, Search};
use crate::training::{Optimizer, Run, Schedule, Setup, Shuffled, TrainingSettings};

/// Validation vectors that the training is watched on, at most.
pub(super) const CHECKED: usize = 2048;

/// Of vectors with variance 1: the rate of experiments/search.toml after k-means; a higher one would undo the start.
const LEARNING_RATE: f64 = 0.0125;
const FINAL_RATE: f64 = 1e-4;
const BATCH: usize = 256;

/// Looks at the validation vectors, and those over which the error must fall.
const CHECKS: u64 = 40;
const WINDOW: usize = 8;
/// The most of the budget's time that the looks take.
const LOOKING: f64 = 0.2;

/// A fall of the error that is none.
const NOTHING: f64 = 5e-4;

/// Without a number: passes over the vectors, within these bounds.
const PASSES: u64 = 40;
const UPDATES: std::ops::RangeInclusive<u64> = 3_000..=20_000;
/// The most that a budget is spent on, in terms of the same.
const MOST: u64 = 5;

/// Of the start.
const ITERATIONS: usize = 8;
/// Its share of the budget and of the progress.
const START: f64 = 0.3;

pub(super) fn train(work: &Work, validation: &[f32], go_on: &mut dyn FnMut(f64) -> bool) -> Result<Trained, FitError> {
    let books = start(work, &mut |done| go_on(START * done))?;
    let settings = work.settings;
    let quantizer = QuantizerSettings {
        method: settings.method,
        stages: settings.stages,
        bits_per_stage: settings.bits_per_stage,
        beam_width: Some(settings.beam_width),
        training_beam_width: Some(settings.training_beam_width),
        // The better one on codebooks that began as an RVQ (benches/AVQ_SEARCHES.md).
        search: Some(Search::Ordered),
        init: Init::Kmeans,
        init_updates: None,
        init_learning_rate: None,
    };
    let beam = (settings.method == Method::Avq).then_some((Search::Ordered, settings.training_beam_width));
    let error = |books: &Codebooks| evaluate::mse(books, beam, validation);
    let (updates, looks) = plan(work, go_on, &books, &quantizer, &error)?;
    let training = training(updates);
    let first = error(&books);
    if training.updates == 0 {
        return Ok(Trained { codebooks: books, curve: vec![(0, first)], done: 0, ended: Ended::Budget });
    }
    let mut best = (first, books.clone());
    let mut curve = vec![(0, first)];
    let mut batches = Shuffled::new(work.training, work.dimension, &work.name("order"));
    let mut run = Run::new(books, setup(work, &quantizer, &training));
    let every = training.updates.div_ceil(looks);
    let mut ended =
        if settings.updates.is_none() && settings.budget.is_some() { Ended::Budget } else { Ended::Updates };
    while run.done() < training.updates {
        let share = run.done() as f64 / training.updates as f64;
        if run.done().is_multiple_of(16) && !go_on(START + (1.0 - START) * share) {
            return Err(FitError::Stopped);
        }
        run.update(&mut |batch| batches.next_batch(batch)).map_err(FitError::Diverged)?;
        let late = run.done().is_multiple_of(16) && work.left(1.0).is_some_and(|left| left <= 0.0);
        if !late && run.done() < training.updates && !run.done().is_multiple_of(every) {
            continue;
        }
        let found = error(run.codebooks());
        curve.push((run.done(), found));
        if found < best.0 {
            best = (found, run.codebooks().clone());
        }
        if late {
            ended = Ended::Budget;
            break;
        }
        if run.done() < training.updates && converged(&curve[1..]) {
            ended = Ended::Converged;
            break;
        }
    }
    Ok(Trained { codebooks: best.1, curve, done: run.done(), ended })
}

fn training(updates: u64) -> TrainingSettings {
    TrainingSettings {
        optimizer: Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        learning_rate: LEARNING_RATE,
        schedule: Schedule::Exponential { final_rate: FINAL_RATE },
        batch_size: BATCH,
        updates,
        log_every: u64::MAX,
        replacement: None,
    }
}

fn setup<'a>(work: &Work, quantizer: &'a QuantizerSettings, training: &'a TrainingSettings) -> Setup<'a> {
    Setup { quantizer, training, rng: stream(&work.name("replacement")) }
}

/// Codebooks by k-means; AVQ's are those of an RVQ, which is an AVQ too.
fn start(work: &Work, go_on: &mut dyn FnMut(f64) -> bool) -> Result<Codebooks, FitError> {
    let method = work.settings.method;
    let source = if method == Method::Avq { Method::Rvq } else { method };
    let books = kmeans::start(work, source, ITERATIONS, START, go_on)?;
    let (stages, size) = (books.stages(), books.size());
    Ok(Codebooks::new(method, work.dimension, stages, size, books.values().to_vec())?)
}

/// Updates that are asked for, that the budget is good for, or that the number of vectors calls for; and looks at the
/// validation vectors meanwhile.
fn plan(
    work: &Work,
    go_on: &mut dyn FnMut(f64) -> bool,
    books: &Codebooks,
    quantizer: &QuantizerSettings,
    error: &dyn Fn(&Codebooks) -> f64,
) -> Result<(u64, u64), FitError> {
    let count = (work.training.len() / work.dimension) as u64;
    let usual = (PASSES * count / BATCH as u64).clamp(*UPDATES.start(), *UPDATES.end());
    if let Some(updates) = work.settings.updates {
        return Ok((updates, CHECKS));
    }
    let Some(budget) = work.settings.budget else { return Ok((usual, CHECKS)) };
    // Some updates that count for nothing, and one look at the validation vectors, tell how many there is time for.
    let since = Instant::now();
    error(books);
    let look = since.elapsed().as_secs_f64();
    let training = training(usual);
    let mut batches = Shuffled::new(work.training, work.dimension, &work.name("trial"));
    let mut run = Run::new(books.clone(), setup(work, quantizer, &training));
    let since = Instant::now();
    while run.done() < 4 || (run.done() < 64 && since.elapsed() < budget.mul_f64(0.03)) {
        if !go_on(START) {
            return Err(FitError::Stopped);
        }
        run.update(&mut |batch| batches.next_batch(batch)).map_err(FitError::Diverged)?;
    }
    let update = since.elapsed().as_secs_f64() / run.done() as f64;
    let left = work.left(0.95).unwrap_or_default();
    let looks = ((LOOKING * left / look.max(1e-9)) as u64).clamp(2, CHECKS);
    let updates = (left - looks as f64 * look) / update.max(1e-9);
    Ok(((updates as u64).min(MOST * usual), looks))
}

/// Whether the least error of the last looks is hardly below that of those before.
fn converged(curve: &[(u64, f64)]) -> bool {
    let least = |points: &[(u64, f64)]| points.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let Some(rest) = curve.len().checked_sub(WINDOW).filter(|rest| *rest >= WINDOW) else { return false };
    let (before, last) = curve.split_at(rest);
    least(last) > least(&before[rest - WINDOW..]) * (1.0 - NOTHING)
}
