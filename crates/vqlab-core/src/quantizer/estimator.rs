//! Gradient estimators: how a gradient passes the choice of a codeword, and which noise replaces the quantization
//! error.

use serde::{Deserialize, Serialize};

/// What the decoder receives in training, and which gradients the encoder and the codebooks receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Estimator {
    /// Noise substitution (Vali and Bäckström, IEEE Access 2022), as in the paper: x + ‖x − q‖·r/‖r‖ with normal r.
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

    /// Whether noise replaces the quantization error or a part of it.
    pub fn has_noise(self) -> bool {
        matches!(self, Estimator::Nsvq | Estimator::Diveq)
    }

    /// Whether a commitment loss draws the encoder to its codewords.
    pub fn has_commitment(self) -> bool {
        matches!(self, Estimator::Ste | Estimator::Rotation)
    }
}

/// The coordinates over which the length of the quantization error is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Noise {
    /// The whole vector, as in the reference code.
    Vector,
    /// The coordinates of each stage: each sub-vector of a PVQ gets noise of its own length.
    Stage,
}
