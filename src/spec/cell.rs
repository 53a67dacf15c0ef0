//! A cell is one point of a sweep with one seed: the unit of parallel work, of resume and of provenance.
//! It holds every setting that influences its numbers, spelled out and normalised (a PVQ cell has no beam), so that
//! equal work has an equal key, whichever spec asked for it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use crate::data::{Distribution, ToyData, Vectors};
pub use crate::quantizer::{Init, Method, QuantizerSettings, Search};
pub use crate::training::{Optimizer, Replacement, Schedule, TrainingSettings};

/// Raised whenever the same settings would give other numbers than before.
pub const CELL_FORMAT: u32 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct EvaluationSettings {
    /// Fresh vectors, beside the training set.
    pub vectors: u64,
    /// So many training vectors are also encoded with the other AVQ search, on the same codebooks; 0 = none.
    pub other_search_vectors: u64,
    /// The training error is measured on the first so many training vectors; None = on all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training_vectors: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ToySettings {
    pub data: ToyData,
    pub quantizer: QuantizerSettings,
    pub training: TrainingSettings,
    pub evaluation: EvaluationSettings,
}

/// Operation counts need no training: only the shape of the quantizer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ComplexitySettings {
    pub method: Method,
    pub dimension: usize,
    pub stages: usize,
    pub bits_per_stage: u32,
    /// AVQ only.
    pub beam_width: Option<usize>,
}

/// What a cell computes, by task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "kebab-case")]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all cells are toy cells, and a plan holds thousands, not millions"
)]
pub enum CellSettings {
    Toy(ToySettings),
    Complexity(ComplexitySettings),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub settings: CellSettings,
    pub seed: u64,
}

impl Cell {
    /// SHA-256 of the canonical JSON of format version, settings and seed, as 64 hexadecimal digits.
    pub fn key(&self) -> String {
        let canonical = serde_json::json!({ "format": CELL_FORMAT, "settings": self.settings, "seed": self.seed });
        Sha256::digest(canonical.to_string()).iter().map(|b| format!("{b:02x}")).collect()
    }

    pub fn method(&self) -> Method {
        match &self.settings {
            CellSettings::Toy(s) => s.quantizer.method,
            CellSettings::Complexity(s) => s.method,
        }
    }

    /// B, the bits of one code.
    pub fn total_bits(&self) -> u32 {
        match &self.settings {
            CellSettings::Toy(s) => s.quantizer.total_bits(),
            CellSettings::Complexity(s) => s.stages as u32 * s.bits_per_stage,
        }
    }

    /// A readable name for messages and logs; the key is the identity.
    pub fn label(&self) -> String {
        format!("{} {} bits seed {} ({})", self.method().label(), self.total_bits(), self.seed, &self.key()[..8])
    }
}
