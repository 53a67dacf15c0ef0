//! What all stochastic trainings share: the loop with its stops and checkpoints, and the account of the updates (use of
//! the codewords, replacement, log). The trainings differ in what an update is: codebooks alone ([`super::train()`]), a
//! network with a quantizer inside, or the envelope of a speech codec.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::log::{Gathered, LogPoint};
use super::settings::TrainingSettings;
use crate::quantizer::{BatchUsage, Codebooks};

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

/// A training, update by update.
pub trait Updates {
    type Error: From<Stop>;

    /// Updates between two pauses. A pause must cost little beside them.
    const PAUSE: u64;

    fn done(&self) -> u64;

    /// One update on the next batch.
    ///
    /// # Errors
    /// The training diverged, or the next batch can't be computed.
    fn update(&mut self) -> Result<(), Self::Error>;

    /// Called in each pause and at the end. Writes the checkpoint if it is due. `ends`: the training stops or is done.
    ///
    /// # Errors
    /// The checkpoint can't be written.
    fn keep(&mut self, ends: bool) -> Result<(), Self::Error>;
}

/// Trains up to `updates` updates. In each pause `go_on` gets the share of the work that is done; false stops the
/// training, after its checkpoint is written.
///
/// # Errors
/// Those of the training; [`Stop::Asked`].
pub fn run<T: Updates>(training: &mut T, updates: u64, go_on: &mut dyn FnMut(f64) -> bool) -> Result<(), T::Error> {
    while training.done() < updates {
        if training.done().is_multiple_of(T::PAUSE) {
            let goes_on = go_on(training.done() as f64 / updates as f64);
            training.keep(!goes_on)?;
            if !goes_on {
                return Err(Stop::Asked.into());
            }
        }
        training.update()?;
    }
    // The work after the training may also take long.
    training.keep(true)
}

/// The account of the updates done. A checkpoint holds it as it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Progress {
    done: u64,
    usage: BatchUsage,
    gathered: Gathered,
    log: Vec<LogPoint>,
}

/// One update.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    /// Indices m·K + k of the batch's codewords. Empty without a quantizer.
    pub indices: &'a [u32],
    pub loss: f64,
    pub learning_rate: f64,
}

impl Progress {
    /// A training without updates, for M·K = `codewords` (0 without a quantizer).
    pub fn new(codewords: usize) -> Self {
        let (usage, gathered) = (BatchUsage::new(codewords), Gathered::new(codewords));
        Self { done: 0, usage, gathered, log: Vec::new() }
    }

    /// Updates done.
    pub fn done(&self) -> u64 {
        self.done
    }

    pub fn log(&self) -> &[LogPoint] {
        &self.log
    }

    /// The log, when the training is done.
    pub fn into_log(self) -> Vec<LogPoint> {
        self.log
    }

    /// Whether a file's account belongs to a training of this size.
    pub fn fits(&self, codewords: usize, updates: u64) -> bool {
        let counts = [self.usage.codewords(), self.gathered.codewords()];
        counts == [codewords; 2] && self.done <= updates
    }

    /// Records an update. Replaces unused codewords of `books` when it is time, but not in the last `fixed` updates,
    /// and writes the log.
    pub fn record(
        &mut self,
        update: Update,
        settings: &TrainingSettings,
        fixed: u64,
        books: Option<(&mut Codebooks, &mut ChaCha8Rng)>,
    ) {
        self.gathered.add(update.indices, update.loss);
        self.done += 1;
        let size = books.as_ref().map_or(1, |(books, _)| books.size());
        if let (Some((books, rng)), Some(replacement)) = (books, &settings.replacement) {
            self.usage.add_batch(update.indices);
            let fixed = fixed.max(replacement.stop_before_end);
            if self.done.is_multiple_of(replacement.every) && self.done + fixed <= settings.updates {
                self.gathered.replaced += self.usage.replace(books, replacement.threshold, rng);
            }
        }
        if self.done.is_multiple_of(settings.log_every) || self.done == settings.updates {
            self.log.push(self.gathered.take(self.done, update.learning_rate, size));
        }
    }
}
