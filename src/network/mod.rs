//! The convolutional autoencoder of images (encoder, decoder) that a quantizer is trained in, on candle.

mod conv;
mod patches;
mod settings;

pub use conv::{Conv, ConvConfig};
pub use settings::{JointSettings, LATENTS, NetworkSettings};
