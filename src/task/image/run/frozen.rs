//! Quantizers on the latent vectors of a frozen network.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::{TRAINED, Work, failed};
use crate::network::{Autoencoder, IMAGE_BYTES, LATENTS, to_blocks};
use crate::task::TaskError;
use crate::task::cell::ImageSettings;
use crate::task::train::trained as train;
use crate::training::{Shuffled, Trained};

/// The maximum number of training images whose latent vectors are used. All of them are in memory (164 MB at D = 64).
const MOST: u64 = 10_000;

/// Images encoded at once.
const CHUNK: usize = 100;

/// Latent vectors in use in this process, with the name of the network that produced them.
static HELD: Mutex<Vec<(String, Weak<Vec<f32>>)>> = Mutex::new(Vec::new());

/// The number of training vectors.
pub(super) fn vectors(settings: &ImageSettings) -> u64 {
    settings.data.training.min(MOST) * LATENTS as u64
}

/// The codebooks, and the seconds of earlier attempts from which their training resumed.
///
/// # Errors
/// [`TaskError`].
pub(super) fn trained(work: &Work, network: &Autoencoder) -> Result<(Trained, f64), TaskError> {
    let settings = work.settings;
    let dimension = settings.network.dimension;
    let latents = latents(work, network)?;
    let mut set = Shuffled::new(latents, dimension, &format!("order/latents/{}/{}", settings.data.name, work.seed));
    let pair = (&settings.quantizer, &settings.training);
    train(pair, dimension, work.key, &mut set, work.context, (work.own_share(), TRAINED))
}

/// The latent vectors of the training images, shared by the cells with the same network.
fn latents(work: &Work, network: &Autoencoder) -> Result<Arc<Vec<f32>>, TaskError> {
    let settings = work.settings;
    let name = serde_json::json!([settings.data, settings.network, work.seed]).to_string();
    // A panic elsewhere can't damage the list.
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    held.retain(|(_, vectors)| vectors.strong_count() > 0);
    if let Some(vectors) = held.iter().find(|(known, _)| *known == name).and_then(|(_, vectors)| vectors.upgrade()) {
        return Ok(vectors);
    }
    let mut vectors = Vec::with_capacity(vectors(settings) as usize * settings.network.dimension);
    let images = settings.data.training.min(MOST) as usize;
    for pixels in work.images.training()[..images * IMAGE_BYTES].chunks(CHUNK * IMAGE_BYTES) {
        work.context.check()?;
        let latents = to_blocks(pixels).and_then(|blocks| network.encode(&blocks)).map_err(failed)?;
        vectors.extend(latents.flatten_all().and_then(|all| all.to_vec1::<f32>()).map_err(failed)?);
    }
    let vectors = Arc::new(vectors);
    held.push((name, Arc::downgrade(&vectors)));
    Ok(vectors)
}
