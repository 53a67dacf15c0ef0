//! The training loop.

use rand_chacha::ChaCha8Rng;

use super::checkpoint::Checkpoint;
use super::log::LogPoint;
use super::optimizer::OptimizerState;
use super::progress::{self, Progress, Stop, Update, Updates};
use super::schedule::rate;
use super::step::accumulate_gradient;
use crate::quantizer::{Assign, Codebooks, QuantizerSettings, Search, training_assigner};
use crate::training::TrainingSettings;

/// The settings and random numbers of a training run.
pub struct Setup<'a> {
    pub quantizer: &'a QuantizerSettings,
    pub training: &'a TrainingSettings,
    /// Random numbers for codebook replacement.
    pub rng: ChaCha8Rng,
}

/// The source of vectors, and the callback that may stop the run.
pub struct Feed<'a> {
    /// Writes the next vectors (n × D).
    pub next_batch: &'a mut dyn FnMut(&mut [f32]),
    /// Called every 16 updates or k-means iteration with the share of the work that is done; false stops the run.
    pub go_on: &'a mut dyn FnMut(f64) -> bool,
    /// The checkpoint of the training.
    pub checkpoint: Option<&'a Checkpoint>,
}

/// Trained codebooks and their log.
#[derive(Clone, Debug)]
pub struct Trained {
    pub codebooks: Codebooks,
    pub log: Vec<LogPoint>,
}

/// A training in progress, one update after the other.
pub struct Run<'a> {
    pub(super) setup: Setup<'a>,
    pub(super) codebooks: Codebooks,
    assign: Box<dyn Assign>,
    pub(super) optimizer: OptimizerState,
    pub(super) progress: Progress,
    /// batch × D, batch × M.
    residual: Vec<f32>,
    indices: Vec<u32>,
    gradient: Vec<f32>,
}

impl<'a> Run<'a> {
    /// A run that starts from these codebooks.
    pub fn new(codebooks: Codebooks, setup: Setup<'a>) -> Self {
        let codewords = codebooks.stages() * codebooks.size();
        let (quantizer, batch) = (setup.quantizer, setup.training.batch_size);
        let width = quantizer.training_beam();
        let beam = Some((quantizer.search.unwrap_or(Search::Beam), width));
        Self {
            assign: training_assigner(quantizer.method, beam, batch),
            optimizer: OptimizerState::new(&setup.training.optimizer, codebooks.values().len()),
            progress: Progress::new(codewords),
            residual: vec![0f32; batch * codebooks.dimension()],
            indices: vec![0u32; batch * codebooks.stages()],
            gradient: vec![0f32; codebooks.values().len()],
            setup,
            codebooks,
        }
    }

    /// The current codebooks.
    pub fn codebooks(&self) -> &Codebooks {
        &self.codebooks
    }

    /// Updates done.
    pub fn done(&self) -> u64 {
        self.progress.done()
    }

    /// One update on the next batch.
    ///
    /// # Errors
    /// [`Stop::Diverged`].
    pub fn update(&mut self, next_batch: &mut dyn FnMut(&mut [f32])) -> Result<(), Stop> {
        let (settings, codebooks) = (self.setup.training, &mut self.codebooks);
        next_batch(&mut self.residual);
        self.assign.prepare(codebooks);
        self.assign.assign(codebooks, &mut self.residual, &mut self.indices);
        let loss = accumulate_gradient(codebooks, &self.residual, &self.indices, &mut self.gradient);
        if !loss.is_finite() {
            return Err(Stop::Diverged { update: self.progress.done() + 1, loss });
        }
        let learning_rate = rate(settings, self.progress.done());
        self.optimizer.step(codebooks.values_mut(), &mut self.gradient, learning_rate);
        let update = Update { indices: &self.indices, loss, learning_rate };
        self.progress.record(update, settings, 0, Some((codebooks, &mut self.setup.rng)));
        Ok(())
    }
}

/// A run with its source of vectors and its checkpoint.
struct Fed<'a, 'b> {
    run: Run<'a>,
    next_batch: &'b mut dyn FnMut(&mut [f32]),
    checkpoint: Option<&'b Checkpoint>,
}

impl Updates for Fed<'_, '_> {
    type Error = Stop;
    const PAUSE: u64 = 16;

    fn done(&self) -> u64 {
        self.run.done()
    }

    fn update(&mut self) -> Result<(), Stop> {
        self.run.update(self.next_batch)
    }

    fn keep(&mut self, ends: bool) -> Result<(), Stop> {
        let Some(checkpoint) = self.checkpoint else { return Ok(()) };
        checkpoint.keep(&self.run, ends).map_err(|error| Stop::Checkpoint(error.to_string()))
    }
}

/// Trains `codebooks` on batches of `feed`, or resumes from the feed's checkpoint.
///
/// # Errors
/// [`Stop`].
pub fn train(codebooks: Codebooks, setup: Setup, feed: &mut Feed) -> Result<Trained, Stop> {
    let updates = setup.training.updates;
    let mut run = Run::new(codebooks, setup);
    if let Some(checkpoint) = feed.checkpoint {
        checkpoint.resume(&mut run);
    }
    let mut fed = Fed { run, next_batch: feed.next_batch, checkpoint: feed.checkpoint };
    progress::run(&mut fed, updates, feed.go_on)?;
    Ok(Trained { codebooks: fed.run.codebooks, log: fed.run.progress.into_log() })
}
