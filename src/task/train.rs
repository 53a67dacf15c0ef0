//! Trains a cell's quantizer with either trainer, on any kind of vectors.

use std::cell::Cell as Flag;
use std::sync::Arc;
use std::time::Duration;

use super::{Context, TaskError};
use crate::baseline;
use crate::data::stream::stream;
use crate::level::cpu;
use crate::quantizer::{Codebooks, QuantizerSettings};
use crate::training::{
    Checkpoint, Feed, InitError, KmeansSettings, Setup, Shuffled, Stop, Trained, Training, TrainingSettings,
    initial_codebooks, train, warm_share,
};

/// Seconds between two checkpoints instead of [`EVERY`], for tests and for machines with frequent preemption.
const CHECKPOINT_SECONDS: &str = "VQLAB_CHECKPOINT_SECONDS";

/// Time between two checkpoints. They are rare enough for a file system that thousands of cells share.
const EVERY: Duration = Duration::from_secs(300);

/// A source of training vectors.
pub(super) trait TrainingSet {
    /// Writes the next vectors (n × D) of an endless sequence.
    fn next_batch(&mut self, out: &mut [f32]);

    /// Skips this many vectors of that sequence.
    fn skip(&mut self, count: u64);

    /// All vectors, N × D.
    ///
    /// # Errors
    /// The sequence has no end, or the vectors can't be read.
    fn all(&mut self) -> Result<Arc<Vec<f32>>, TaskError>;
}

impl TrainingSet for Shuffled<Arc<Vec<f32>>> {
    fn next_batch(&mut self, out: &mut [f32]) {
        Shuffled::next_batch(self, out);
    }

    fn skip(&mut self, count: u64) {
        Shuffled::skip(self, count);
    }

    fn all(&mut self) -> Result<Arc<Vec<f32>>, TaskError> {
        Ok(self.vectors().clone())
    }
}

/// Trains the quantizer of the cell called `name` (its key, which names all random streams). The progress goes
/// `from`..`to`. Also returns the seconds of earlier attempts from which it resumed.
///
/// # Errors
/// [`TaskError`].
pub(super) fn trained(
    (quantizer, training): (&QuantizerSettings, &Training),
    dimension: usize,
    name: &str,
    set: &mut dyn TrainingSet,
    context: &Context,
    (from, to): (f64, f64),
) -> Result<(Trained, f64), TaskError> {
    let mut report = |done: f64| {
        (context.progress)(from + (to - from) * done);
        context.check().is_ok()
    };
    match training {
        Training::Nsvq(settings) => {
            let checkpoint = checkpoint(name, context)?;
            let kept = checkpoint.as_ref();
            let trained = nsvq(quantizer, settings, dimension, name, set, kept, &mut report)?;
            Ok((trained, kept.map_or(0.0, Checkpoint::earlier_seconds)))
        }
        Training::Kmeans(settings) => Ok((kmeans(quantizer, settings, dimension, name, set, &mut report)?, 0.0)),
    }
}

fn nsvq(
    quantizer: &QuantizerSettings,
    training: &TrainingSettings,
    dimension: usize,
    name: &str,
    set: &mut dyn TrainingSet,
    checkpoint: Option<&Checkpoint>,
    report: &mut dyn FnMut(f64) -> bool,
) -> Result<Trained, TaskError> {
    let (warm, before) = (warm_share(quantizer, training), Flag::new(true));
    let mut go_on = |share: f64| report(if before.get() { share } else { warm + (1.0 - warm) * share });
    set.skip(checkpoint.map_or(0, Checkpoint::drawn));
    let mut next_batch = |out: &mut [f32]| {
        set.next_batch(out);
        checkpoint.inspect(|checkpoint| checkpoint.count(out.len() / dimension));
    };
    let mut feed = Feed { next_batch: &mut next_batch, go_on: &mut go_on, checkpoint };
    let setup = Setup { quantizer, training, rng: stream(&format!("{name}/replacement")) };
    let start = if checkpoint.is_some_and(|checkpoint| checkpoint.holds(&setup)) {
        let (stages, size) = (quantizer.stages, quantizer.codebook_size());
        Codebooks::zeros(quantizer.method, dimension, stages, size).map_err(InitError::from)
    } else {
        initial_codebooks(quantizer, training, dimension, name, &mut feed)
    };
    let start = start.map_err(task_error)?;
    before.set(false);
    train(start, setup, &mut feed).map_err(TaskError::from)
}

/// The checkpoint of a cell. None if nothing is kept. Its identity is the cell, the program and the processor, because
/// the bits depend on them.
fn checkpoint(name: &str, context: &Context) -> Result<Option<Checkpoint>, TaskError> {
    let every = match std::env::var(CHECKPOINT_SECONDS) {
        Err(_) => EVERY,
        Ok(text) => text.parse().ok().and_then(|s| Duration::try_from_secs_f64(s).ok()).ok_or_else(|| {
            TaskError::Failed(format!("{CHECKPOINT_SECONDS} is {text:?}; allowed: a number of seconds, 0 or more"))
        })?,
    };
    let identity = format!("{name}, vqlab {}, {}", env!("CARGO_PKG_VERSION"), cpu());
    Ok(super::checkpoint_path(name, context.kept).map(|path| Checkpoint::new(path, identity, every, context.anew)))
}

pub(super) fn task_error(error: InitError) -> TaskError {
    match error {
        InitError::Stop(Stop::Asked) => TaskError::Cancelled,
        InitError::Stop(unwritten @ Stop::Checkpoint(_)) => TaskError::Failed(unwritten.to_string()),
        InitError::Stop(diverged) => TaskError::Diverged(diverged.to_string()),
        other => TaskError::Failed(other.to_string()),
    }
}

impl From<Stop> for TaskError {
    fn from(stop: Stop) -> Self {
        task_error(stop.into())
    }
}

fn kmeans(
    quantizer: &QuantizerSettings,
    training: &KmeansSettings,
    dimension: usize,
    name: &str,
    set: &mut dyn TrainingSet,
    report: &mut dyn FnMut(f64) -> bool,
) -> Result<Trained, TaskError> {
    let settings = baseline::Settings {
        method: quantizer.method,
        stages: quantizer.stages,
        size: quantizer.codebook_size(),
        iterations: training.kmeans_iterations as usize,
        beam_width: quantizer.training_beam(),
    };
    let vectors = set.all()?;
    match baseline::train(&settings, &vectors, dimension, &format!("{name}/kmeans"), report) {
        Ok(codebooks) => Ok(Trained { codebooks, log: Vec::new() }),
        Err(baseline::Error::Stopped) => Err(TaskError::Cancelled),
        Err(other) => Err(TaskError::Failed(other.to_string())),
    }
}
