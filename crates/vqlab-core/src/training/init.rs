//! Initialization of codebooks: the paper's Uniform(−1/K, 1/K), and warm starts that a spec must request.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::progress::Stop;
use super::train::{Feed, Setup, train};
use crate::baseline::{self, Progress, kmeans, random_rows, stage_by_stage};
use crate::data::stream::{normal, stream};
use crate::quantizer::{Codebooks, ShapeError};
use crate::quantizer::{Init, Method, QuantizerSettings};
use crate::training::TrainingSettings;

/// Iterations of Lloyd's algorithm per stage for [`Init::Kmeans`].
const KMEANS_ITERATIONS: usize = 20;

/// Why there are no initial codebooks.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error(transparent)]
    Shape(#[from] ShapeError),
    #[error(transparent)]
    Stop(#[from] Stop),
    #[error(transparent)]
    Baseline(baseline::Error),
    #[error("{} can't start from a trained {}", .0.label(), .1.label())]
    WarmStart(Method, Method),
}

impl From<baseline::Error> for InitError {
    fn from(error: baseline::Error) -> Self {
        match error {
            baseline::Error::Stopped => Self::Stop(Stop::Asked),
            error => Self::Baseline(error),
        }
    }
}

/// The initial codebooks of these settings for vectors of `dimension` coordinates. `name` names the random stream.
/// `feed` provides vectors for initializations from data. A warm start reports [`warm_share`] of the whole work.
///
/// # Errors
/// [`InitError`].
pub fn initial_codebooks(
    quantizer: &QuantizerSettings,
    training: &TrainingSettings,
    dimension: usize,
    name: &str,
    feed: &mut Feed,
) -> Result<Codebooks, InitError> {
    let (method, stages, size) = (quantizer.method, quantizer.stages, quantizer.codebook_size());
    let mut books = Codebooks::zeros(method, dimension, stages, size)?;
    let mut rng = stream(&format!("{name}/init"));
    let bound = 1.0 / size as f32;
    match quantizer.init {
        Init::Uniform => books.values_mut().iter_mut().for_each(|v| *v = symmetric(&mut rng) * bound),
        Init::Normal => books.values_mut().iter_mut().for_each(|v| *v = normal(&mut rng) * bound),
        Init::Data => from_data(&mut books, feed, &mut rng, 0)?,
        Init::Kmeans => from_data(&mut books, feed, &mut rng, KMEANS_ITERATIONS)?,
        Init::Pvq | Init::Rvq => {
            let source = if quantizer.init == Init::Pvq { Method::Pvq } else { Method::Rvq };
            if method == source || method.is_product() {
                return Err(InitError::WarmStart(method, source));
            }
            return warm_start(source, quantizer, training, dimension, name, feed);
        }
    }
    Ok(books)
}

/// Uniform on (−1, 1).
fn symmetric(rng: &mut ChaCha8Rng) -> f32 {
    ((rng.next_u32() >> 8) as f32 + 0.5) / (1 << 23) as f32 - 1.0
}

/// Stage by stage from the residuals of a sample: random rows (no iterations) or k-means centroids.
fn from_data(books: &mut Codebooks, feed: &mut Feed, rng: &mut ChaCha8Rng, iterations: usize) -> Result<(), InitError> {
    let size = books.size();
    let sample = if iterations == 0 { 4 * size } else { (64 * size).clamp(4096, 65_536.max(2 * size)) };
    let mut residual = vec![0f32; sample * books.dimension()];
    (feed.next_batch)(&mut residual);
    let mut go_on = |_| (feed.go_on)(0.0);
    stage_by_stage(books, &mut residual, &mut Progress::new(&mut go_on), &mut |points, progress| match iterations {
        0 => Ok(random_rows(points, size, rng)),
        _ => kmeans(points, size, iterations, rng, progress, &[]),
    })?;
    Ok(())
}

/// The share of all updates that belong to the warm start.
pub fn warm_share(quantizer: &QuantizerSettings, training: &TrainingSettings) -> f64 {
    let warm = quantizer.init_updates.unwrap_or(0) as f64;
    warm / (warm + training.updates as f64).max(1.0)
}

/// Trains a PVQ or RVQ first. Both are special cases of the method that follows (a PVQ's codewords have disjoint
/// supports).
fn warm_start(
    source: Method,
    quantizer: &QuantizerSettings,
    training: &TrainingSettings,
    dimension: usize,
    name: &str,
    feed: &mut Feed,
) -> Result<Codebooks, InitError> {
    let share = warm_share(quantizer, training);
    let updates = quantizer.init_updates.unwrap_or(training.updates);
    let learning_rate = quantizer.init_learning_rate.unwrap_or(training.learning_rate);
    let training = TrainingSettings { updates, learning_rate, ..training.clone() };
    let target_method = quantizer.method;
    let quantizer = QuantizerSettings {
        method: source,
        init: Init::Uniform,
        init_updates: None,
        init_learning_rate: None,
        beam_width: None,
        training_beam_width: None,
        search: None,
        ..quantizer.clone()
    };
    let name = format!("{name}/warm-start");
    let mut go_on = |done: f64| (feed.go_on)(share * done);
    let mut feed = Feed { next_batch: &mut *feed.next_batch, go_on: &mut go_on, checkpoint: feed.checkpoint };
    let start = initial_codebooks(&quantizer, &training, dimension, &name, &mut feed)?;
    let setup = Setup { quantizer: &quantizer, training: &training, rng: stream(&format!("{name}/replacement")) };
    let trained = train(start, setup, &mut feed)?.codebooks;
    let mut books = Codebooks::zeros(target_method, dimension, trained.stages(), trained.size())?;
    let words = trained.values().chunks_exact(trained.width());
    for (number, (word, target)) in words.zip(books.values_mut().chunks_exact_mut(dimension)).enumerate() {
        target[trained.span(number / trained.size())].copy_from_slice(word);
    }
    Ok(books)
}
