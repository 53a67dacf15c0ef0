//! k-means within a time budget, checked on validation vectors.

use std::time::{Duration, Instant};

use super::{Ended, FitError, FitSettings, Trained, Work};
use crate::baseline::{Kept, Progress, Settings, Watch, train_watched};
use crate::quantizer::{Codebooks, Method};

pub(super) fn train(
    work: &Work,
    validation: Vec<f32>,
    go_on: &mut dyn FnMut(f64) -> bool,
) -> Result<Trained, FitError> {
    let plan = plan(work.settings);
    let mut watch = Watch::new(validation);
    let (codebooks, cut) = within(work, &plan, 1.0, &mut watch, go_on)?;
    let ended = match (watch.converged, cut) {
        (true, _) => Ended::Converged,
        (false, true) => Ended::Budget,
        (false, false) => Ended::Updates,
    };
    let done = watch.curve.last().map_or(plan.iterations as u64, |last| last.0);
    Ok(Trained { codebooks, curve: watch.curve, done, ended, kept: watch.kept })
}

/// Trains with the number of iterations that was the best in a training on part of the vectors.
pub(super) fn again(work: &Work, kept: Kept, go_on: &mut dyn FnMut(f64) -> bool) -> Result<Codebooks, FitError> {
    let settings = work.settings;
    let mut plan = Settings::new(settings.method, settings.stages, settings.codebook_size());
    plan.beam_width = settings.training_beam_width;
    plan.iterations = kept.iterations.iter().copied().max().unwrap_or(plan.iterations);
    Ok(within(work, &plan, 1.0, &mut Watch::again(kept), go_on)?.0)
}

/// The settings of the k-means training.
pub(super) fn plan(settings: &FitSettings) -> Settings {
    let mut plan = Settings::new(settings.method, settings.stages, settings.codebook_size());
    plan.beam_width = settings.training_beam_width;
    if let Some(updates) = settings.updates {
        plan.iterations = updates.try_into().unwrap_or(usize::MAX);
    }
    plan
}

/// The initial codebooks for stochastic optimization of `method`, trained within this share of the budget.
pub(super) fn start(
    work: &Work,
    method: Method,
    iterations: usize,
    share: f64,
    go_on: &mut dyn FnMut(f64) -> bool,
) -> Result<Codebooks, FitError> {
    let mut plan = Settings::new(method, work.settings.stages, work.settings.codebook_size());
    plan.iterations = iterations;
    Ok(within(work, &plan, share, &mut Watch::default(), go_on)?.0)
}

/// Trains, with fewer iterations where the share of the time budget is too short. Returns the codebooks, and whether
/// the time was used up.
fn within(
    work: &Work,
    plan: &Settings,
    share: f64,
    watch: &mut Watch,
    go_on: &mut dyn FnMut(f64) -> bool,
) -> Result<(Codebooks, bool), FitError> {
    // The deadline is checked between iterations, so that it is exceeded by less than one iteration.
    let deadline =
        work.left(0.95 * share).and_then(|left| Instant::now().checked_add(Duration::try_from_secs_f64(left).ok()?));
    let mut progress = Progress::until(deadline, go_on);
    let name = work.name("kmeans");
    let books = train_watched(plan, work.training, work.dimension, &name, &mut progress, watch)?;
    let cut = progress.late() || deadline.is_some_and(|d| d.saturating_duration_since(Instant::now()) < CLOSE);
    Ok((books, cut))
}

/// A training that ends this close to the deadline was probably ended by the deadline.
const CLOSE: Duration = Duration::from_millis(50);
