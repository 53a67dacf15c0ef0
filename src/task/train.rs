//! Training a cell's quantizer by either trainer, whatever the vectors are.

use std::cell::Cell as Flag;
use std::sync::Arc;

use super::{Context, TaskError};
use crate::baseline;
use crate::data::stream::stream;
use crate::quantizer::QuantizerSettings;
use crate::training::{
    Feed, InitError, KmeansSettings, Setup, Shuffled, Stop, Trained, Training, TrainingSettings, initial_codebooks,
    train, warm_share,
};

/// Where training vectors come from.
pub(super) trait TrainingSet {
    /// Writes the next vectors (n × D) of an endless succession.
    fn next_batch(&mut self, out: &mut [f32]);

    /// All vectors, N × D.
    ///
    /// # Errors
    /// There are no bounds to them, or they can't be read.
    fn all(&mut self) -> Result<Arc<Vec<f32>>, TaskError>;
}

impl TrainingSet for Shuffled<Arc<Vec<f32>>> {
    fn next_batch(&mut self, out: &mut [f32]) {
        Shuffled::next_batch(self, out);
    }

    fn all(&mut self) -> Result<Arc<Vec<f32>>, TaskError> {
        Ok(self.vectors().clone())
    }
}

/// Trains the quantizer of the cell called `name` (its key, which names all random streams); the progress goes `from`..`to`.
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
) -> Result<Trained, TaskError> {
    let mut report = |done: f64| {
        (context.progress)(from + (to - from) * done);
        context.check().is_ok()
    };
    match training {
        Training::Nsvq(settings) => nsvq(quantizer, settings, dimension, name, set, &mut report),
        Training::Kmeans(settings) => kmeans(quantizer, settings, dimension, name, set, &mut report),
    }
}

fn nsvq(
    quantizer: &QuantizerSettings,
    training: &TrainingSettings,
    dimension: usize,
    name: &str,
    set: &mut dyn TrainingSet,
    report: &mut dyn FnMut(f64) -> bool,
) -> Result<Trained, TaskError> {
    let (warm, before) = (warm_share(quantizer, training), Flag::new(true));
    let mut go_on = |share: f64| report(if before.get() { share } else { warm + (1.0 - warm) * share });
    let mut feed = Feed { next_batch: &mut |out| set.next_batch(out), go_on: &mut go_on };
    let start = initial_codebooks(quantizer, training, dimension, name, &mut feed).map_err(task_error)?;
    before.set(false);
    let setup = Setup { quantizer, training, rng: stream(&format!("{name}/replacement")) };
    train(start, setup, &mut feed).map_err(|stop| task_error(stop.into()))
}

pub(super) fn task_error(error: InitError) -> TaskError {
    match error {
        InitError::Stop(Stop::Asked) => TaskError::Cancelled,
        InitError::Stop(diverged) => TaskError::Diverged(diverged.to_string()),
        other => TaskError::Failed(other.to_string()),
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
        beam_width: quantizer.training_beam_width.unwrap_or(1),
    };
    let vectors = set.all()?;
    match baseline::train(&settings, &vectors, dimension, &format!("{name}/kmeans"), report) {
        Ok(codebooks) => Ok(Trained { codebooks, log: Vec::new() }),
        Err(baseline::Error::Stopped) => Err(TaskError::Cancelled),
        Err(other) => Err(TaskError::Failed(other.to_string())),
    }
}
