//! A transform codec for speech at 16 kHz whose spectral envelope is vector quantized.

mod excerpts;
mod settings;

pub use excerpts::{EXCERPTS, excerpt_name, opus_name, original_name};
pub use settings::{CodecSettings, EndToEndSettings};
