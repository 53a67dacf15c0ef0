//! A cell is one point of a sweep with one seed: the unit of parallel work, of resume and of provenance.
//! It holds every setting that influences its numbers, spelled out and normalized (a PVQ cell has no beam), so that
//! equal work has an equal key, whichever spec asked for it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use crate::data::descriptors::DescriptorData;
use crate::data::folder::hex;
pub use crate::data::images::ImageData;
pub use crate::data::speech::SpeechData;
pub use crate::data::{Distribution, ToyData, Vectors};
pub use crate::network::{JointSettings, NetworkSettings};
pub use crate::quantizer::{Estimator, Init, Method, Noise, QuantizerSettings, Search};
pub use crate::search::Norms;
pub use crate::speech::{CodecSettings, EndToEndSettings};

use super::plan::Contender;
pub use crate::training::{KmeansSettings, Optimizer, Replacement, Schedule, Trainer, Training, TrainingSettings};

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
    pub training: Training,
    pub evaluation: EvaluationSettings,
}

/// Nearest-neighbor search: train on the learn set, encode the base, search for the queries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SearchSettings {
    pub data: DescriptorData,
    pub quantizer: QuantizerSettings,
    pub training: Training,
    pub evaluation: RecallSettings,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RecallSettings {
    /// T, ascending.
    pub recall_at: Vec<u32>,
    /// What AVQ and RVQ store of the length of a decoded vector.
    pub norms: Norms,
}

/// Image compression: a quantizer between the encoder and the decoder of an autoencoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ImageSettings {
    pub data: ImageData,
    pub network: NetworkSettings,
    pub quantizer: QuantizerSettings,
    /// None: the network is trained alone and then frozen, and `training` makes the codebooks from its latent vectors.
    pub joint: Option<JointSettings>,
    /// Of the codebooks. In joint training always [`Training::Nsvq`], whatever the estimator, with its batches in images.
    pub training: Training,
}

/// Speech coding: a quantizer for the spectral envelopes of a transform codec.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SpeechSettings {
    pub data: SpeechData,
    pub codec: CodecSettings,
    pub quantizer: QuantizerSettings,
    /// Of the codebooks, on the log energies of envelopes.
    pub training: Training,
    /// What follows for the error of the decoded signal; None: nothing.
    pub end_to_end: Option<EndToEndSettings>,
    pub evaluation: SpeechEvaluation,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SpeechEvaluation {
    /// Bit/s, ascending.
    pub bitrates: Vec<u32>,
    /// Whether Opus codes the same utterances at the same bitrates, where its tools are installed.
    pub opus: bool,
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
pub enum CellSettings {
    Toy(ToySettings),
    Search(SearchSettings),
    Image(ImageSettings),
    Speech(SpeechSettings),
    Complexity(ComplexitySettings),
}

impl CellSettings {
    /// The quantizer, where one is trained.
    pub fn quantizer(&self) -> Option<&QuantizerSettings> {
        match self {
            CellSettings::Toy(toy) => Some(&toy.quantizer),
            CellSettings::Search(search) => Some(&search.quantizer),
            CellSettings::Image(image) => Some(&image.quantizer),
            CellSettings::Speech(speech) => Some(&speech.quantizer),
            CellSettings::Complexity(_) => None,
        }
    }

    /// Whether its codebooks are trained together with a network.
    pub fn is_joint(&self) -> bool {
        matches!(self, CellSettings::Image(image) if image.joint.is_some())
    }

    /// Its training.
    pub fn training(&self) -> Option<&Training> {
        match self {
            CellSettings::Toy(toy) => Some(&toy.training),
            CellSettings::Search(search) => Some(&search.training),
            CellSettings::Image(image) => Some(&image.training),
            CellSettings::Speech(speech) => Some(&speech.training),
            CellSettings::Complexity(_) => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub settings: CellSettings,
    pub seed: u64,
}

impl Cell {
    /// SHA-256 of the canonical JSON of format version, settings and seed, as 64 hexadecimal digits.
    pub fn key(&self) -> String {
        #[derive(Serialize)]
        struct Canonical<'a> {
            format: u32,
            settings: &'a CellSettings,
            seed: u64,
        }
        let canonical = Canonical { format: CELL_FORMAT, settings: &self.settings, seed: self.seed };
        // Cells are plain data, which JSON always holds.
        let text = serde_json::to_vec(&canonical).expect("a cell as JSON");
        hex(&Sha256::digest(text))
    }

    pub fn method(&self) -> Method {
        match &self.settings {
            CellSettings::Complexity(s) => s.method,
            settings => settings.quantizer().map_or(Method::Avq, |quantizer| quantizer.method),
        }
    }

    /// Whose point it is.
    pub fn contender(&self) -> Contender {
        let trainer = self.settings.training().map_or(Trainer::Nsvq, Training::trainer);
        Contender { method: self.method(), trainer }
    }

    /// B, the bits of one code.
    pub fn total_bits(&self) -> u32 {
        match &self.settings {
            CellSettings::Complexity(s) => s.stages as u32 * s.bits_per_stage,
            settings => settings.quantizer().map_or(0, QuantizerSettings::total_bits),
        }
    }

    /// A readable name for messages and logs; the key is the identity.
    pub fn label(&self) -> String {
        format!("{} {} bits seed {} ({})", self.contender().label(), self.total_bits(), self.seed, &self.key()[..8])
    }
}
