//! What the codec is made of, as plain data.

use serde::{Deserialize, Serialize};

use crate::quantizer::Estimator;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CodecSettings {
    /// Samples from frame to frame, and bins of a frame.
    pub advance: usize,
    /// D, the mel bands of the envelope.
    pub bands: usize,
    /// γ: the noise follows the envelope to this power.
    pub weighting: f64,
    /// Added before truncation; 0.5 is plain rounding, less a dead zone.
    pub rounding: f64,
    /// The level of what fills zeros, as a share of the expected one.
    pub noise_filling: f64,
    /// Milliseconds of the bitrate by which frames may borrow or save; 0 = each frame meets its budget.
    pub reservoir: u32,
}

impl Default for CodecSettings {
    fn default() -> Self {
        Self { advance: 480, bands: 20, weighting: 0.5, rounding: 0.35, noise_filling: 0.5, reservoir: 0 }
    }
}

/// How the codebooks are trained for the decoded signal, after their training on log energies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct EndToEndSettings {
    pub updates: u64,
    pub learning_rate: f64,
    /// Frames.
    pub batch_size: usize,
    pub estimator: Estimator,
}
