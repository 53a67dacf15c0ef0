//! The training loop.

use rand_chacha::ChaCha8Rng;

use super::log::{Gathered, LogPoint};
use super::optimizer::OptimizerState;
use super::schedule::rate;
use super::step::accumulate_gradient;
use crate::quantizer::{BatchUsage, Codebooks, QuantizerSettings, Search, training_assigner};
use crate::training::TrainingSettings;

/// What a training run needs beside the codebooks and the vectors.
pub struct Setup<'a> {
    pub quantizer: &'a QuantizerSettings,
    pub training: &'a TrainingSettings,
    /// Random numbers for codebook replacement.
    pub rng: ChaCha8Rng,
}

/// Where vectors come from, and who may stop the run.
pub struct Feed<'a> {
    /// Writes the next vectors (n × D).
    pub next_batch: &'a mut dyn FnMut(&mut [f32]),
    /// Told the share of the work that is done, every 16 updates or k-means iteration; false stops the run.
    pub go_on: &'a mut dyn FnMut(f64) -> bool,
}

/// Why a training run ended early.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum Stop {
    /// The callback asked for it.
    #[error("stopped")]
    Asked,
    #[error("the loss was {loss} at update {update}; a lower learning rate may help")]
    Diverged { update: u64, loss: f64 },
}

/// Trained codebooks and their log.
#[derive(Clone, Debug)]
pub struct Trained {
    pub codebooks: Codebooks,
    pub log: Vec<LogPoint>,
}

/// Trains `codebooks` on batches of `feed`.
///
/// # Errors
/// [`Stop`].
pub fn train(mut codebooks: Codebooks, mut setup: Setup, feed: &mut Feed) -> Result<Trained, Stop> {
    let settings = setup.training;
    let codewords = codebooks.stages() * codebooks.size();
    let quantizer = setup.quantizer;
    let width = quantizer.training_beam_width.or(quantizer.beam_width).unwrap_or(16);
    let beam = Some((quantizer.search.unwrap_or(Search::Beam), width));
    let mut assign = training_assigner(quantizer.method, beam, settings.batch_size);
    let mut optimizer = OptimizerState::new(&settings.optimizer, codebooks.values().len());
    let mut usage = BatchUsage::new(codewords);
    let mut gathered = Gathered::new(codewords);
    let mut remainder = vec![0f32; settings.batch_size * codebooks.dimension()];
    let mut picks = vec![0u32; settings.batch_size * codebooks.stages()];
    let mut gradient = vec![0f32; codebooks.values().len()];
    let mut log = Vec::new();
    for update in 0..settings.updates {
        if update % 16 == 0 && !(feed.go_on)(update as f64 / settings.updates as f64) {
            return Err(Stop::Asked);
        }
        (feed.next_batch)(&mut remainder);
        assign.prepare(&codebooks);
        assign.assign(&codebooks, &mut remainder, &mut picks);
        let loss = accumulate_gradient(&codebooks, &remainder, &picks, &mut gradient);
        if !loss.is_finite() {
            return Err(Stop::Diverged { update: update + 1, loss });
        }
        let learning_rate = rate(settings, update);
        optimizer.step(codebooks.values_mut(), &mut gradient, learning_rate);
        gathered.add(&picks, loss);
        let done = update + 1;
        if let Some(replacement) = &settings.replacement {
            usage.add_batch(&picks);
            if done % replacement.every == 0 && done + replacement.stop_before_end <= settings.updates {
                gathered.replaced += usage.replace(&mut codebooks, replacement.threshold, &mut setup.rng);
            }
        }
        if done % settings.log_every == 0 || done == settings.updates {
            log.push(gathered.take(done, learning_rate, codebooks.size()));
        }
    }
    Ok(Trained { codebooks, log })
}
