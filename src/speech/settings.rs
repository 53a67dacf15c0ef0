//! The settings of a codec, as plain data.

use serde::{Deserialize, Serialize};

use crate::quantizer::Estimator;

/// The parts of the codec that do not concern vector quantization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CodecSettings {
    /// N: samples from one frame to the next, and coefficients per frame; even.
    pub advance: usize,
    /// D: mel bands of the envelope.
    pub bands: usize,
    /// γ, 0..=1: the coding noise follows the envelope to this power.
    pub weighting: f64,
    /// 0..=0.5: added to a magnitude in steps before it is truncated to an integer. Below 0.5 the dead zone is wider.
    pub rounding: f64,
    /// 0..=1: the level of the noise in place of coefficients quantized to 0, relative to their expected magnitude.
    pub noise_filling: f64,
    /// Frames may have spent up to this many milliseconds' worth of bits more or less than their share. With 0, every
    /// frame keeps to its own share.
    pub reservoir: u32,
}

pub use crate::data::speech::RATE;

/// Limits of [`CodecSettings`].
pub const ADVANCES: std::ops::RangeInclusive<usize> = 320..=512;
pub const BANDS: std::ops::RangeInclusive<usize> = 4..=64;
pub const MOST_RESERVOIR: u32 = 5_000;
/// Bitrates, bit/s.
pub const BITRATES: std::ops::RangeInclusive<u32> = 6_000..=64_000;

impl Default for CodecSettings {
    fn default() -> Self {
        Self { advance: 320, bands: 24, weighting: 0.4, rounding: 0.35, noise_filling: 0.5, reservoir: 500 }
    }
}

impl CodecSettings {
    /// What is wrong with settings that the checks of a spec have not seen, such as those of a file.
    pub fn fault(&self) -> Option<String> {
        let outside = |name: &str, value: f64, low: f64, high: f64| {
            (!(low..=high).contains(&value)).then(|| format!("{name} is {value}, allowed are {low} to {high}"))
        };
        if !self.advance.is_multiple_of(2) {
            return Some(format!("advance is {}, allowed are even numbers", self.advance));
        }
        outside("advance", self.advance as f64, *ADVANCES.start() as f64, *ADVANCES.end() as f64)
            .or(outside("bands", self.bands as f64, *BANDS.start() as f64, *BANDS.end() as f64))
            .or(outside("weighting", self.weighting, 0.0, 1.0))
            .or(outside("rounding", self.rounding, 0.0, 0.5))
            .or(outside("noise-filling", self.noise_filling, 0.0, 1.0))
            .or(outside("reservoir", f64::from(self.reservoir), 0.0, f64::from(MOST_RESERVOIR)))
    }
}

/// Trains the envelope's codebooks for the weighted error at the bitrate, after the training on log energies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct EndToEndSettings {
    pub updates: u64,
    pub learning_rate: f64,
    /// Frames per batch.
    pub batch_size: usize,
    pub estimator: Estimator,
}
