//! Joint training of network and codebooks.

use super::autoencoder::batches;
use super::batches::variance;
use super::{TRAINED, Work, failed};
use crate::network::{Autoencoder, JointSettings, LATENTS, Layer, Trainer, TrainerPlan};
use crate::quantizer::Codebooks;
use crate::task::train::task_error;
use crate::task::{TaskError, checkpoint_path};
use crate::training::{Feed, Trained, TrainingSettings, initial_codebooks};

/// The network, the codebooks with their log, and the seconds of the updates.
///
/// # Errors
/// [`TaskError`].
pub(super) fn trained(
    work: &Work,
    network: Autoencoder,
    joint: &JointSettings,
) -> Result<(Autoencoder, Trained, f64), TaskError> {
    let settings = work.settings;
    let Some(training) = settings.training.nsvq() else {
        return Err(TaskError::Failed("joint training has no k-means".into()));
    };
    let mut batches = batches(work, training.batch_size);
    let vectors = training.batch_size * LATENTS;
    let books = start(work, &network, training)?;
    let layer = Layer::new(books, &settings.quantizer, joint, training, vectors);
    let plan = TrainerPlan {
        training: training.clone(),
        learning_rate: settings.network.learning_rate,
        variance: variance(work.images.training()),
    };
    let mut trainer = Trainer::new(network, Some(layer), plan, work.key).map_err(failed)?;
    let path = checkpoint_path(work.key, work.context.kept);
    work.advance(&mut trainer, &mut batches, path, (work.own_share(), TRAINED))?;
    let log = trainer.log().to_vec();
    let Some(layer) = trainer.quantizer else { return Err(TaskError::Failed("the quantizer is missing".into())) };
    Ok((trainer.network, Trained { codebooks: layer.books, log }, trainer.seconds))
}

/// The initial codebooks. Initializations from data get the encoder's outputs for new images at each call.
fn start(work: &Work, network: &Autoencoder, training: &TrainingSettings) -> Result<Codebooks, TaskError> {
    let settings = work.settings;
    let dimension = settings.network.dimension;
    let mut images = batches(work, training.batch_size);
    let (mut update, mut rest, mut error) = (0, Vec::new(), None);
    let mut next_batch = |out: &mut [f32]| {
        let mut filled = 0;
        while filled < out.len() && error.is_none() {
            if rest.is_empty() {
                let latents = images.blocks(update).and_then(|blocks| network.encode(&blocks));
                match latents.and_then(|latents| latents.flatten_all()?.to_vec1::<f32>()) {
                    Ok(values) => rest = values,
                    Err(failure) => error = Some(failure),
                }
                update += 1;
            }
            let count = rest.len().min(out.len() - filled);
            out[filled..filled + count].copy_from_slice(&rest[rest.len() - count..]);
            rest.truncate(rest.len() - count);
            filled += count;
        }
    };
    let mut feed = Feed { next_batch: &mut next_batch, go_on: &mut |_| work.context.check().is_ok(), checkpoint: None };
    let books = initial_codebooks(&settings.quantizer, training, dimension, work.key, &mut feed);
    match error {
        Some(failure) => Err(failed(failure)),
        None => books.map_err(task_error),
    }
}
