//! Image compression: a quantizer inside a convolutional autoencoder (VQ-VAE; van den Oord, Vinyals, Kavukcuoglu,
//! NeurIPS 2017). Either both are trained together through an estimator such as NSVQ. Or the autoencoder is trained
//! once without a quantizer and frozen; quantizers are then trained on its latent vectors as on any other vectors.
//!
//! Files beside the records' folder: `networks/KEY.safetensors` and `codebooks/KEY.safetensors` of each cell,
//! `checkpoints/` of running trainings, `shared/` with autoencoders that several cells start from, and `pictures/`.

mod autoencoder;
mod batches;
mod evaluate;
mod frozen;
mod joint;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use candle_core::DType;

use crate::data::images::Images;
use crate::network::{Autoencoder, NetworkError, Trainer, load_network, save_network};
use crate::task::cell::{Cell, ImageSettings};
use crate::task::cost::{training_cost, vector_cost};
use crate::task::kept::{Finished, Kept};
use crate::task::{Context, Outcome, TaskError};
use crate::training::{self, LogPoint, Updates};

use batches::Batches;

/// Share of the progress at the end of training.
const TRAINED: f64 = 0.9;

/// Time between two checkpoints.
const CHECKPOINT: Duration = Duration::from_secs(30);

/// A loss from which no training recovers: four times that of gray pictures.
const HOPELESS: f64 = 4.0;

pub(super) fn run(settings: &ImageSettings, cell: &Cell, context: &Context) -> Result<Outcome, TaskError> {
    let (seed, key) = (cell.seed, cell.key());
    let images = Images::open(&settings.data).map_err(failed)?;
    let work = Work { settings, seed, key: &key, images: &images, context };
    let (kept, since) = (Kept::new(context, &key), Instant::now());
    let (network, finished) = match work.finished(&kept)? {
        Some(both) => both,
        None => work.train(&kept)?,
    };
    let earlier_seconds = finished.earlier_seconds(since);
    let mut timings = BTreeMap::from([("train-seconds".to_string(), finished.seconds)]);
    if let Some(training) = settings.joint.as_ref().and(settings.training.nsvq()) {
        timings.insert("step-ms".to_string(), 1e3 * finished.seconds / training.updates.max(1) as f64);
    }
    let metrics = evaluate::all(&work, &network, &finished.codebooks, &mut timings)?;
    Ok(Outcome { metrics, log: finished.log, timings, earlier_seconds, ..Outcome::default() })
}

/// A running cell.
struct Work<'a> {
    settings: &'a ImageSettings,
    seed: u64,
    key: &'a str,
    images: &'a Arc<Images>,
    context: &'a Context<'a>,
}

impl Work<'_> {
    /// A new network, drawn by data settings and seed, so that all methods start from the same network.
    fn fresh(&self) -> Result<Autoencoder, TaskError> {
        let name = format!("network/{}/{}", self.settings.data.name, self.seed);
        Autoencoder::new(&self.settings.network, &name, DType::F32).map_err(failed)
    }

    /// A file of this cell.
    fn file(&self, folder: &str, ending: &str) -> Option<PathBuf> {
        self.context.kept.map(|kept| kept.join(folder).join(format!("{}.{ending}", self.key)))
    }

    /// The trained network and codebooks of an interrupted attempt. Damaged files count as missing.
    fn finished(&self, kept: &Kept) -> Result<Option<(Autoencoder, Finished)>, TaskError> {
        let Some(finished) = kept.load() else { return Ok(None) };
        if self.settings.joint.is_none() {
            return Ok(Some((autoencoder::trained(self, TRAINED)?, finished)));
        }
        let network = self.fresh()?;
        let path = self.file("networks", "safetensors");
        let loaded = path.is_some_and(|path| load_network(&path, &network, self.key).is_ok());
        Ok(loaded.then_some((network, finished)))
    }

    fn train(&self, kept: &Kept) -> Result<(Autoencoder, Finished), TaskError> {
        let network = autoencoder::trained(self, self.own_share())?;
        let (quantizer, trainer) = (&self.settings.quantizer, self.settings.training.trainer());
        let since = Instant::now();
        let (network, trained, seconds) = match &self.settings.joint {
            Some(joint) => joint::trained(self, network, joint)?,
            None => {
                let (trained, earlier) = frozen::trained(self, &network)?;
                (network, trained, earlier + since.elapsed().as_secs_f64())
            }
        };
        if let Some(path) = self.file("networks", "safetensors").filter(|_| self.settings.joint.is_some()) {
            save_network(&path, &network, self.key).map_err(failed)?;
        }
        let finished = kept.save(trained, quantizer, trainer, seconds).map_err(failed)?;
        crate::task::forget_checkpoint(self.key, self.context.kept);
        Ok((network, finished))
    }

    /// Share of the progress at the end of the autoencoder's own updates.
    fn own_share(&self) -> f64 {
        let own = own_seconds(self.settings);
        TRAINED * own / (own + training_seconds(self.settings)).max(1e-9)
    }

    /// Runs the trainer to its last update, from the checkpoint at `path` if there is one. The progress goes
    /// `from`..`to`.
    fn advance(
        &self,
        trainer: &mut Trainer,
        batches: &mut Batches,
        path: Option<PathBuf>,
        (from, to): (f64, f64),
    ) -> Result<(), TaskError> {
        if let Some(path) = path.as_ref().filter(|path| !self.context.anew && path.exists()) {
            // Checkpoints that are damaged or of another version are ignored.
            let _ = trainer.restore(path);
        }
        let (updates, before) = (trainer.updates(), trainer.seconds);
        let mut advance = Advance { trainer, batches, path, saved: Instant::now(), since: Instant::now(), before };
        training::run(&mut advance, updates, &mut |share| {
            (self.context.progress)(from + (to - from) * share);
            self.context.check().is_ok()
        })
    }
}

/// A trainer with its images and its checkpoint.
struct Advance<'a> {
    trainer: &'a mut Trainer,
    batches: &'a mut Batches,
    path: Option<PathBuf>,
    /// The time of the last checkpoint.
    saved: Instant,
    since: Instant,
    /// Seconds of earlier attempts.
    before: f64,
}

impl Updates for Advance<'_> {
    type Error = TaskError;
    const PAUSE: u64 = 1;

    fn done(&self) -> u64 {
        self.trainer.done()
    }

    fn update(&mut self) -> Result<(), TaskError> {
        let blocks = self.batches.blocks(self.trainer.done()).map_err(failed)?;
        let loss = self.trainer.step(&blocks).map_err(failed)?;
        self.trainer.seconds = self.before + self.since.elapsed().as_secs_f64();
        check(loss, self.trainer)
    }

    fn keep(&mut self, ends: bool) -> Result<(), TaskError> {
        // The network and the codebooks of a finished training have files of their own.
        let is_done = self.trainer.done() == self.trainer.updates();
        let is_due = ends || self.saved.elapsed() > CHECKPOINT;
        if let Some(path) = self.path.as_ref().filter(|_| is_due && !is_done) {
            self.trainer.save(path)?;
            self.saved = Instant::now();
        }
        Ok(())
    }
}

/// Rejects a loss that is NaN or infinite, or a hopeless mean in the log.
fn check(loss: f64, trainer: &Trainer) -> Result<(), TaskError> {
    let update = trainer.done();
    let hopeless = |point: &LogPoint| point.update == update && point.loss > HOPELESS;
    match trainer.log().get(1..).unwrap_or_default().last() {
        _ if !loss.is_finite() => Err(TaskError::Diverged(format!(
            "the loss was {loss} at update {update}; a lower `network.learning-rate` or `training.learning-rate` may help"
        ))),
        Some(point) if hopeless(point) => Err(TaskError::Diverged(format!(
            "at update {update} the images' error was {:.1} times that of gray pictures; a lower \
             `network.learning-rate` or `training.learning-rate` may help",
            point.loss
        ))),
        _ => Ok(()),
    }
}

fn failed(error: impl std::fmt::Display) -> TaskError {
    TaskError::Failed(error.to_string())
}

impl From<NetworkError> for TaskError {
    fn from(error: NetworkError) -> Self {
        failed(error)
    }
}

/// Seconds of the network alone for one image, forward and backward.
fn image_seconds(settings: &ImageSettings) -> f64 {
    // Multiplications with the weights, once per position of the grid, three times for both directions.
    3.0 * 64.0 * settings.network.parameters() as f64 * 2.0 / 6e10
}

fn own_seconds(settings: &ImageSettings) -> f64 {
    let network = &settings.network;
    (network.updates * network.batch_size as u64) as f64 * image_seconds(settings)
}

fn training_seconds(settings: &ImageSettings) -> f64 {
    let (quantizer, dimension) = (&settings.quantizer, settings.network.dimension);
    match (&settings.joint, settings.training.nsvq()) {
        (Some(_), Some(training)) => {
            let beam = quantizer.training_beam_width;
            let vector = vector_cost(quantizer, dimension, beam, true) + 1e-6;
            let images = (training.updates * training.batch_size as u64) as f64;
            images * (image_seconds(settings) + 64.0 * vector)
        }
        (_, Some(_)) => training_cost(quantizer, &settings.training, dimension),
        // k-means on the latent vectors.
        _ => {
            let vectors = frozen::vectors(settings) as f64;
            let each =
                if quantizer.method.is_joint() { 5e-5 } else { 1.5 * vector_cost(quantizer, dimension, None, true) };
            let iterations = settings.training.kmeans().map_or(25.0, |kmeans| kmeans.kmeans_iterations as f64);
            iterations * vectors * each
        }
    }
}

/// Estimated seconds on one core, correct to a factor of two.
pub(super) fn cost(settings: &ImageSettings) -> f64 {
    let (quantizer, dimension) = (&settings.quantizer, settings.network.dimension);
    let vector = vector_cost(quantizer, dimension, quantizer.beam_width, true);
    let images = (settings.data.test + settings.data.training.min(evaluate::MEASURED)) as f64;
    let evaluation = images * (64.0 * vector + image_seconds(settings) + 3e-4);
    own_seconds(settings) + training_seconds(settings) + evaluation
}
