//! A transform codec for speech at 16 kHz with a vector-quantized spectral envelope. It is of the same kind as the
//! codec in the paper's Figure 1, which is not published in full. Files hold whole signals, and decode to samples that
//! are bit-identical to the encoder's.
//!
//! | part | what |
//! |---|---|
//! | transform | MDCT with a sine window, N = 320 new samples (20 ms) a frame (`mdct`) |
//! | envelope | D = 24 mel bands; the logarithm of each band's mean magnitude in dB, less the mean of the training set, scaled by the root of the band's number of coefficients ([`bands`], `model`); M stages of b bits |
//! | noise shaping | a coefficient's step is proportional to the *decoded* envelope to the power γ = 0.4 (in amplitude), so that the decoder knows it |
//! | fine structure | uniform quantizer with a dead zone, values at the centers of Laplace's law; zeros become noise of half their expected magnitude (`magnitudes`) |
//! | code | range coder of the crate constriction; the probabilities of magnitudes depend on the ratio of decoded envelope to step, in classes of half a dB, by tables that are the same on every machine (`magnitudes`, `coder`) |
//! | rate | one step of 0.75 dB resolution a frame, written as the change from the frame before (`steps`); a common step for the whole file, found by bisection over real code lengths, as far as the reservoir lets frames differ from their share; where the coarsest step takes too many bits, frames keep their lower coefficients alone (`rate`) |
//! | file | header of 21 bytes with the codec's digest, samples and a checksum (`stream`); all bytes count |
//!
//! Codebooks are trained on features (levels as above). [`train_end_to_end`] can train them further for a weighted
//! error, which a smooth model of quantizer, code and rate loop (`operating`) predicts.

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
pub use opus::{LISTENING_BITRATE, Opus, OpusError};
pub use settings::{BITRATES, CodecSettings, EndToEndSettings};
pub use stream::StreamError;
pub(crate) use stream::{Header, MAGIC};
