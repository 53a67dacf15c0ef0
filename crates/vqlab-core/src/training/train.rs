//! The training loop.

use rand_chacha::ChaCha8Rng;

use super::checkpoint::Checkpoint;
use super::log::{Gathered, LogPoint};
use super::optimizer::OptimizerState;
use super::schedule::rate;
use super::step::accumulate_gradient;
use crate::quantizer::{Assign, BatchUsage, Codebooks, QuantizerSettings, Search, training_assigner};
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

/// Why a training run ended early.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum Stop {
    /// The callback asked for it.
    #[error("stopped")]
    Asked,
    #[error("the loss was {loss} at update {update}; a lower learning rate may help")]
    Diverged { update: u64, loss: f64 },
    /// The checkpoint can't be written.
    #[error("the checkpoint of the training can't be written: {0}")]
    Checkpoint(String),
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
    pub(super) usage: BatchUsage,
    pub(super) gathered: Gathered,
    /// batch × D, batch × M.
    residual: Vec<f32>,
    picks: Vec<u32>,
    gradient: Vec<f32>,
    pub(super) done: u64,
    learning_rate: f64,
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
            usage: BatchUsage::new(codewords),
            gathered: Gathered::new(codewords),
            residual: vec![0f32; batch * codebooks.dimension()],
            picks: vec![0u32; batch * codebooks.stages()],
            gradient: vec![0f32; codebooks.values().len()],
            done: 0,
            learning_rate: setup.training.learning_rate,
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
        self.done
    }

    /// One update on the next batch.
    ///
    /// # Errors
    /// [`Stop::Diverged`].
    pub fn update(&mut self, next_batch: &mut dyn FnMut(&mut [f32])) -> Result<(), Stop> {
        let (settings, codebooks) = (self.setup.training, &mut self.codebooks);
        next_batch(&mut self.residual);
        self.assign.prepare(codebooks);
        self.assign.assign(codebooks, &mut self.residual, &mut self.picks);
        let loss = accumulate_gradient(codebooks, &self.residual, &self.picks, &mut self.gradient);
        if !loss.is_finite() {
            return Err(Stop::Diverged { update: self.done + 1, loss });
        }
        self.learning_rate = rate(settings, self.done);
        self.optimizer.step(codebooks.values_mut(), &mut self.gradient, self.learning_rate);
        self.gathered.add(&self.picks, loss);
        self.done += 1;
        if let Some(replacement) = &settings.replacement {
            self.usage.add_batch(&self.picks);
            if self.done.is_multiple_of(replacement.every)
                && self.done + replacement.stop_before_end <= settings.updates
            {
                self.gathered.replaced += self.usage.replace(codebooks, replacement.threshold, &mut self.setup.rng);
            }
        }
        Ok(())
    }

    /// The statistics since the last log point.
    fn log_point(&mut self) -> LogPoint {
        self.gathered.take(self.done, self.learning_rate, self.codebooks.size())
    }
}

/// Trains `codebooks` on batches of `feed`, or resumes from the feed's checkpoint.
///
/// # Errors
/// [`Stop`].
pub fn train(codebooks: Codebooks, setup: Setup, feed: &mut Feed) -> Result<Trained, Stop> {
    let settings = setup.training;
    let mut run = Run::new(codebooks, setup);
    let mut log = feed.checkpoint.and_then(|checkpoint| checkpoint.resume(&mut run)).unwrap_or_default();
    while run.done < settings.updates {
        if run.done.is_multiple_of(16) {
            let go_on = (feed.go_on)(run.done as f64 / settings.updates as f64);
            keep(feed.checkpoint, &run, &log, !go_on)?;
            if !go_on {
                return Err(Stop::Asked);
            }
        }
        run.update(&mut feed.next_batch)?;
        if run.done.is_multiple_of(settings.log_every) || run.done == settings.updates {
            log.push(run.log_point());
        }
    }
    // The work after the training may also take long.
    keep(feed.checkpoint, &run, &log, true)?;
    Ok(Trained { codebooks: run.codebooks, log })
}

fn keep(checkpoint: Option<&Checkpoint>, run: &Run, log: &[LogPoint], ends: bool) -> Result<(), Stop> {
    let Some(checkpoint) = checkpoint else { return Ok(()) };
    checkpoint.keep(run, log, ends).map_err(|error| Stop::Checkpoint(error.to_string()))
}
