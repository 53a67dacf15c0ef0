//! How a gradient gets through the choice of a codeword, and what noise stands in for the quantization error.

use serde::{Deserialize, Serialize};

/// What the decoder gets in training, and what gradient the encoder and the codebooks get from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Estimator {
    /// Noise substitution (Vali and Bäckström, IEEE Access 2022), the paper's: x + ‖x − q‖·r/‖r‖ with normal r.
    Nsvq,
    /// Straight-through with codebook and commitment losses (van den Oord and others, NeurIPS 2017).
    Ste,
    /// The rotation trick (Fifty and others, 2024): q as x rotated and scaled, whose gradient is that of the rotation.
    Rotation,
    /// Differentiable VQ by the direction of the error (Vali and others, DiVeQ, 2025).
    Diveq,
}

impl Estimator {
    pub const ALL: [Estimator; 4] = [Estimator::Nsvq, Estimator::Ste, Estimator::Rotation, Estimator::Diveq];

    /// The name in specs and records.
    pub fn name(self) -> &'static str {
        match self {
            Estimator::Nsvq => "nsvq",
            Estimator::Ste => "ste",
            Estimator::Rotation => "rotation",
            Estimator::Diveq => "diveq",
        }
    }

    /// The name in sentences and tables.
    pub fn label(self) -> &'static str {
        match self {
            Estimator::Nsvq => "NSVQ",
            Estimator::Ste => "straight-through",
            Estimator::Rotation => "rotation trick",
            Estimator::Diveq => "DiVeQ",
        }
    }

    /// Whether noise stands in for the quantization error, or for a part of it.
    pub fn has_noise(self) -> bool {
        matches!(self, Estimator::Nsvq | Estimator::Diveq)
    }

    /// Whether a commitment loss draws the encoder to its codewords.
    pub fn has_commitment(self) -> bool {
        matches!(self, Estimator::Ste | Estimator::Rotation)
    }
}

/// Over which coordinates one length of the quantization error is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Noise {
    /// The whole vector, as in the reference code.
    Vector,
    /// Each stage's own coordinates: the sub-vectors of a PVQ get noise of their own length.
    Stage,
}
