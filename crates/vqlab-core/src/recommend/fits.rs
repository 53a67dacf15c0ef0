//! The fits, one thread each, within the time budget.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::measure::{Measured, measured};
use super::work::Work;
use super::{LeftOut, RecommendError, Shape, candidates, wmops};
use crate::complexity::Model;
use crate::fit::{Ended, FitError, FitSettings, fit};
use crate::memory::{Shortage, available, product};
use crate::number::short;
use crate::training::Trainer;

/// The candidates of a shape, or the reason why there are none.
type Outcome = Result<Vec<Measured>, Reason>;

struct Reason {
    text: String,
    /// Whether more time would help.
    late: bool,
}

impl Reason {
    fn late(text: &str) -> Self {
        Self { text: format!("{text}; give a larger --budget"), late: true }
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Self { text, late: false }
    }
}

/// AVQ's beam width in training.
const TRAINING_BEAM: usize = 4;

/// Fits and measures all shapes. The results are in the order of the shapes for any order of the threads.
///
/// # Errors
/// [`RecommendError::Stopped`], [`RecommendError::Threads`], [`RecommendError::NothingFitted`].
pub(super) fn all(shapes: &[Shape], work: &Work) -> Result<(Vec<Measured>, Vec<LeftOut>), RecommendError> {
    let counts = [&work.split.training, &work.split.validation].map(|part| part.len() / work.split.dimension);
    let room = room(available(), work.request.jobs);
    let (shapes, too_large): (Vec<Shape>, Vec<Shape>) =
        shapes.iter().partition(|shape| memory(shape, counts, work.split.dimension) <= room);
    let refused = |shape: Shape| {
        let shortage = Shortage { needed: memory(&shape, counts, work.split.dimension), available: room };
        LeftOut { shape, reason: too_large_for(&shape, shortage, work.request.jobs), late: false }
    };
    let mut left_out: Vec<LeftOut> = too_large.into_iter().map(refused).collect();
    // The fast fits run first, so that the slow ones get the time that they leave unused.
    let cost = |shape: &Shape| wmops(shape, work.split.dimension, TRAINING_BEAM, Model::Corrected).unwrap_or(0.0);
    let mut order: Vec<usize> = (0..shapes.len()).collect();
    order.sort_by(|a, b| {
        let key = |place: usize| (weight(&shapes[place]), cost(&shapes[place]));
        key(*a).partial_cmp(&key(*b)).unwrap_or(std::cmp::Ordering::Equal)
    });
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let jobs = work.request.jobs.min(shapes.len()).max(1);
    let results: Mutex<Vec<(usize, Outcome)>> = Mutex::new(Vec::new());
    let worker = || {
        loop {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            let Some(place) = order.get(turn) else { return };
            if work.stopped() {
                return;
            }
            let left = work.clock.left(work.clock.until);
            let rest: f64 = order[turn..].iter().map(|place| weight(&shapes[*place])).sum();
            let share = left.mul_f64((jobs as f64 * weight(&shapes[*place]) / rest).min(1.0));
            let result = one(&shapes[*place], share, work);
            let text = match &result {
                Ok(measured) => told(&shapes[*place], measured),
                Err(reason) => format!("{}: {}", shapes[*place].label(), reason.text),
            };
            work.say(1 + done.fetch_add(1, Ordering::Relaxed), shapes.len(), text);
            results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((*place, result));
        }
    };
    let pools = (0..jobs).map(|_| work.pool()).collect::<Result<Vec<_>, _>>()?;
    std::thread::scope(|scope| {
        for pool in &pools {
            scope.spawn(|| pool.install(worker));
        }
    });
    if work.stopped() {
        return Err(RecommendError::Stopped);
    }
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(place, _)| *place);
    let mut fitted = Vec::new();
    for (place, result) in results {
        match result {
            Ok(measured) => fitted.extend(measured),
            Err(Reason { text, late }) => left_out.push(LeftOut { shape: shapes[place], reason: text, late }),
        }
    }
    if fitted.is_empty() {
        let first = left_out.into_iter().next().map(|left_out| left_out.reason);
        return Err(RecommendError::NothingFitted(first.unwrap_or_else(|| {
            let dimension = work.split.dimension;
            format!(
                "the methods have no shape of these bits for vectors of dimension {dimension}: the stages of products \
                 must divide it, and a single stage is tried as RVQ alone"
            )
        })));
    }
    Ok((fitted, left_out))
}

/// The share of the available memory for each of `jobs` concurrent fits.
pub(super) fn room(available: u64, jobs: usize) -> u64 {
    available / jobs.max(1) as u64
}

/// Bytes that a fit takes on one thread in addition to its vectors, which all fits share.
pub(super) fn memory(shape: &Shape, counts: [usize; 2], dimension: usize) -> u64 {
    let settings = settings(shape);
    let vectors = product(&[4, dimension, counts[0].saturating_add(counts[1])]);
    crate::fit::memory(&settings, counts, dimension).saturating_sub(vectors)
}

fn too_large_for(shape: &Shape, shortage: Shortage, jobs: usize) -> String {
    let fewer =
        if jobs > 1 { format!(" for each of {jobs} fits at once; --jobs 1 leaves more") } else { String::new() };
    let squares = if shape.method.has_rotation() { ", most of it for D × D matrices," } else { "" };
    format!("the fit needs{squares} {shortage}{fewer}")
}

/// The relative share of the time for a fit: about the seconds of a complete fit on 45,000 vectors of SIFT with 64
/// bits.
fn weight(shape: &Shape) -> f64 {
    (shape.method.definition().cost.fit)(shape.size())
}

/// `RVQ 8 × 8: MSE 123.4, 12 s`.
fn told(shape: &Shape, measured: &[Measured]) -> String {
    let best = measured.iter().map(|m| &m.candidate).min_by(|a, b| a.mse.mean.total_cmp(&b.mse.mean));
    let (mse, seconds) = best.map_or((f64::NAN, 0.0), |c| (c.mse.mean, c.fit_seconds));
    format!("{}: MSE {}, {seconds:.1} s", shape.label(), short(mse))
}

/// The settings of a fit without its length.
fn settings(shape: &Shape) -> FitSettings {
    let Shape { method, stages, bits_per_stage } = *shape;
    FitSettings {
        trainer: shape.trainer(),
        beam_width: candidates::beams(shape).last().copied().unwrap_or(1),
        training_beam_width: if method.has_beam() { TRAINING_BEAM.min(shape.size()) } else { 1 },
        ..FitSettings::new(method, stages, bits_per_stage)
    }
}

/// One fit with its measurements, or the reason why there is none.
fn one(shape: &Shape, share: Duration, work: &Work) -> Outcome {
    let (updates, seed) = (work.request.updates, work.request.seed);
    if updates.is_none() && share.is_zero() {
        return Err(Reason::late("no time was left for the fit"));
    }
    let beams = candidates::beams(shape);
    let settings = FitSettings {
        budget: updates.is_none().then_some(share),
        updates: updates.filter(|_| shape.trainer() == Trainer::Nsvq),
        seed,
        ..settings(shape)
    };
    let split = work.split;
    let late = || updates.is_none() && work.clock.left(work.clock.end).is_zero();
    let mut go_on = |_| !work.stopped() && !late();
    let fitted = fit(&split.training, &split.validation, split.dimension, &settings, &mut go_on);
    let fitted = fitted.map_err(|error| match error {
        FitError::Stopped => Reason::late("the fit did not finish within the budget"),
        error => error.to_string().into(),
    })?;
    // A fit that was cut short may be worse than none at all.
    if fitted.ended == Ended::Budget && fitted.training_mse >= fitted.variance {
        return Err(Reason::late("the budget ended the fit before it was better than no quantizer"));
    }
    beams
        .into_iter()
        .map(|beam| measured(shape, &fitted, beam, work))
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string().into())
}
