//! The settings of the autoencoder and its training, as plain data.

use serde::{Deserialize, Serialize};

use crate::quantizer::{Estimator, Noise};

/// Latent vectors per image of 32 × 32 pixels: an 8 × 8 grid.
pub const LATENTS: usize = 64;

/// The network alone. Cells with one seed and equal settings share its training without a quantizer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NetworkSettings {
    /// Channels inside the network.
    pub width: usize,
    /// Residual blocks in the encoder, and the same number in the decoder.
    pub blocks: usize,
    /// D, the coordinates of a latent vector.
    pub dimension: usize,
    /// Updates without a quantizer, before joint training or before the network is frozen.
    pub updates: u64,
    /// Learning rate of the network. In its own updates it is constant, or falls to a hundredth along a cosine if the
    /// network is frozen afterwards. In joint training it follows the training's schedule.
    pub learning_rate: f64,
    /// Images per batch in its own updates.
    pub batch_size: usize,
}

/// How network and codebooks are trained together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct JointSettings {
    pub estimator: Estimator,
    /// Weight β of the commitment loss; only for [`Estimator::Ste`] and [`Estimator::Rotation`].
    pub commitment: Option<f64>,
    /// Only for [`Estimator::Nsvq`] and [`Estimator::Diveq`].
    pub noise: Noise,
    /// The number of last updates in which the decoder gets the quantized vectors themselves, with frozen encoder and
    /// codebooks; 0 = none.
    pub exact_updates: u64,
}
