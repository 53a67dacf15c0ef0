//! Expectation maximisation within a time.

use std::time::Instant;

use super::{Ended, FitError, Trained, Work};
use crate::baseline::{self, Error, Settings};
use crate::quantizer::{Codebooks, Method};

/// The fewest iterations that make sense; where there is no time for them, fewer vectors are taken.
const LEAST: usize = 3;

/// The share of the work after which the time of the whole is believed.
const BELIEVED: f64 = 0.02;

/// How often the work is begun anew, with less to do.
const TRIES: usize = 5;

pub(super) fn train(work: &Work, go_on: &mut dyn FnMut(f64) -> bool) -> Result<Trained, FitError> {
    let settings = work.settings;
    let mut plan = Settings::new(settings.method, settings.stages, settings.codebook_size());
    plan.beam_width = settings.training_beam_width;
    if let Some(updates) = settings.updates {
        plan.iterations = updates.try_into().unwrap_or(usize::MAX);
    }
    let (codebooks, done, cut) = within(work, plan, 1.0, go_on)?;
    let ended = if cut { Ended::Budget } else { Ended::Updates };
    Ok(Trained { codebooks, curve: Vec::new(), done: done as u64, ended })
}

/// Where stochastic optimisation of `method` starts, within this share of the budget.
pub(super) fn start(
    work: &Work,
    method: Method,
    iterations: usize,
    share: f64,
    go_on: &mut dyn FnMut(f64) -> bool,
) -> Result<Codebooks, FitError> {
    let mut plan = Settings::new(method, work.settings.stages, work.settings.codebook_size());
    plan.iterations = iterations;
    Ok(within(work, plan, share, go_on)?.0)
}

/// Trains; where the time of the budget's share would not do, with fewer iterations, and then on fewer vectors. Gives the
/// codebooks, the iterations, and whether the time cut them.
fn within(
    work: &Work,
    mut plan: Settings,
    share: f64,
    go_on: &mut dyn FnMut(f64) -> bool,
) -> Result<(Codebooks, usize, bool), FitError> {
    let name = work.name("kmeans");
    let all = work.training.len() / work.dimension;
    let mut rows = all;
    let mut cut = false;
    for attempt in 0..TRIES {
        let (since, left) = (Instant::now(), work.left(share));
        // Of the whole, in terms of the time that is left.
        let mut excess = None;
        let mut watch = |done: f64| {
            if !go_on(done) {
                return false;
            }
            let elapsed = since.elapsed().as_secs_f64();
            if let Some(left) = left.filter(|_| attempt + 1 < TRIES)
                && (done >= BELIEVED || elapsed > 0.1 * left)
            {
                let expected = elapsed / done.max(BELIEVED) / left.max(1e-3);
                excess = Some(expected).filter(|expected| *expected > 1.1);
            }
            excess.is_none()
        };
        let vectors = &work.training[..rows * work.dimension];
        match baseline::train(&plan, vectors, work.dimension, &name, &mut watch) {
            Ok(books) => return Ok((books, plan.iterations, cut)),
            Err(Error::Stopped) => {
                let excess = excess.ok_or(FitError::Stopped)?;
                let fewer = (plan.iterations as f64 / excess * 0.85) as usize;
                cut = true;
                if fewer < LEAST {
                    let part = plan.iterations as f64 / excess * 0.85 / LEAST as f64;
                    rows = ((rows as f64 * part) as usize).clamp(plan.size.min(all), rows);
                }
                plan.iterations = fewer.clamp(LEAST.min(plan.iterations), plan.iterations);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(FitError::Stopped)
}
