//! The convolutional autoencoder of images, in which a quantizer is trained, on candle: its own convolutions
//! ([`Conv`]), encoder and decoder ([`Autoencoder`]), joint training ([`Trainer`]) and its checkpoints.

mod blocks;
mod checkpoint;
mod conv;
mod maps;
mod model;
mod plain;
mod settings;
#[cfg(test)]
mod tests;
mod tile;
mod tiled;
mod trainer;

pub use blocks::{IMAGE_BYTES, to_blocks, to_pixels};
pub use checkpoint::{NetworkError, load_network, save_network};
pub use conv::{Conv, ConvConfig};
pub use model::{Autoencoder, BLOCK, BLOCK_VALUES, GRID};
pub use settings::{JointSettings, LATENTS, NetworkSettings};
pub use trainer::{Layer, Trainer, TrainerPlan};
