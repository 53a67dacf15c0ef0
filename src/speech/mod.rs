//! A transform codec for speech at 16 kHz whose spectral envelope is vector quantized.

pub mod bands;
mod codec;
mod coder;
mod excerpts;
mod magnitudes;
mod mdct;
mod model;
mod rate;
mod settings;
mod steps;
mod stream;

pub use codec::{Analysis, Codec, Coded};
pub use excerpts::{EXCERPTS, excerpt_name, opus_name, original_name};
pub use model::{Model, features, mean_levels};
pub use settings::{CodecSettings, EndToEndSettings};
pub use stream::StreamError;
