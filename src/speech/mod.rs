//! A transform codec for speech at 16 kHz whose spectral envelope is vector quantized.

pub mod bands;
mod codec;
mod coder;
mod end_to_end;
mod excerpts;
mod file;
mod magnitudes;
mod mdct;
mod model;
mod operating;
mod opus;
mod rate;
mod settings;
mod steps;
mod stream;
#[cfg(test)]
mod tests;

pub use codec::{Analysis, Codec, Coded};
pub use end_to_end::{EndToEndError, EndToEndSet, train_end_to_end};
pub use excerpts::{EXCERPTS, excerpt, excerpt_name, opus_name, original_name};
pub use model::{Model, features, mean_levels};
pub use opus::{Opus, OpusError};
pub use settings::{BITRATES, CodecSettings, EndToEndSettings};
pub use stream::StreamError;
