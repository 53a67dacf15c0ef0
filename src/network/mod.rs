//! The autoencoder of the image experiment.

mod settings;

pub use settings::{JointSettings, LATENTS, NetworkSettings};
