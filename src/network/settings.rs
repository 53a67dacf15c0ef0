//! What the autoencoder is made of and how it is trained, as plain data.

use serde::{Deserialize, Serialize};

use crate::quantizer::{Estimator, Noise};

/// Latent vectors of an image of 32 × 32 pixels: an 8 × 8 grid.
pub const LATENTS: usize = 64;

/// The network alone; cells of one seed with equal settings share its training without a quantizer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NetworkSettings {
    /// Channels inside.
    pub width: usize,
    /// Residual blocks of the encoder, and as many of the decoder.
    pub blocks: usize,
    /// D, the coordinates of a latent vector.
    pub dimension: usize,
    /// Updates without a quantizer, before joint training or before the network is frozen.
    pub updates: u64,
    /// Of the network: in its own updates (falling to a hundredth along a cosine where it is frozen afterwards, else
    /// constant), and in joint training, there along the training's schedule.
    pub learning_rate: f64,
    /// Images, in its own updates.
    pub batch_size: usize,
}

/// How network and codebooks are trained together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct JointSettings {
    pub estimator: Estimator,
    /// Weight β of the commitment loss; only [`Estimator::Ste`] and [`Estimator::Rotation`] have one.
    pub commitment: Option<f64>,
    /// Only for [`Estimator::Nsvq`] and [`Estimator::Diveq`].
    pub noise: Noise,
    /// In the last so many updates the decoder gets the quantized vectors themselves, with encoder and codebooks at rest;
    /// 0 = never.
    pub exact_updates: u64,
}
