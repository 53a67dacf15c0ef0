//! A cell is one point of a sweep with one seed. It is the unit of parallel work, of resume and of provenance. It holds
//! every setting that influences its results. Settings are explicit and normalized (a PVQ cell has no beam), so that
//! equal work has an equal key for every spec.

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

pub use super::complexity::settings::ComplexitySettings;
pub use super::image::settings::ImageSettings;
use super::panel::Contender;
pub use super::search::settings::{RecallSettings, SearchSettings};
pub use super::speech::settings::{SpeechEvaluation, SpeechSettings};
pub use super::toy::settings::{EvaluationSettings, ToySettings};
pub use crate::training::{KmeansSettings, Optimizer, Replacement, Schedule, Trainer, Training, TrainingSettings};

/// Must be raised when the same settings would give other numbers than before.
pub const CELL_FORMAT: u32 = 1;

/// The computation of a cell, by task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "kebab-case")]
pub enum CellSettings {
    Toy(ToySettings),
    Search(SearchSettings),
    Image(ImageSettings),
    Speech(SpeechSettings),
    Complexity(ComplexitySettings),
    /// Settings of a task that is not built in.
    #[serde(untagged)]
    Custom(CustomSettings),
}

/// The settings of a user-defined task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CustomSettings {
    /// [`super::Task::name`].
    pub task: String,
    pub quantizer: QuantizerSettings,
    pub training: Training,
    /// All other settings, in the task's own format.
    pub values: serde_json::Map<String, serde_json::Value>,
}

impl CellSettings {
    /// The name of the task.
    pub fn task(&self) -> &str {
        match self {
            CellSettings::Toy(_) => "toy",
            CellSettings::Search(_) => "search",
            CellSettings::Image(_) => "image",
            CellSettings::Speech(_) => "speech",
            CellSettings::Complexity(_) => "complexity",
            CellSettings::Custom(custom) => &custom.task,
        }
    }

    /// The quantizer, if one is trained.
    pub fn quantizer(&self) -> Option<&QuantizerSettings> {
        match self {
            CellSettings::Toy(toy) => Some(&toy.quantizer),
            CellSettings::Search(search) => Some(&search.quantizer),
            CellSettings::Image(image) => Some(&image.quantizer),
            CellSettings::Speech(speech) => Some(&speech.quantizer),
            CellSettings::Custom(custom) => Some(&custom.quantizer),
            CellSettings::Complexity(_) => None,
        }
    }

    /// Like [`CellSettings::quantizer`], for changes.
    pub fn quantizer_mut(&mut self) -> Option<&mut QuantizerSettings> {
        match self {
            CellSettings::Toy(toy) => Some(&mut toy.quantizer),
            CellSettings::Search(search) => Some(&mut search.quantizer),
            CellSettings::Image(image) => Some(&mut image.quantizer),
            CellSettings::Speech(speech) => Some(&mut speech.quantizer),
            CellSettings::Custom(custom) => Some(&mut custom.quantizer),
            CellSettings::Complexity(_) => None,
        }
    }

    /// The settings without the seed of the mixing matrices, so that cells on several draws of one data set are equal.
    pub fn of_any_draw(&self) -> CellSettings {
        match self {
            CellSettings::Toy(toy) => {
                let data = ToyData { mixing_seed: None, ..toy.data.clone() };
                CellSettings::Toy(ToySettings { data, ..toy.clone() })
            }
            CellSettings::Search(_)
            | CellSettings::Image(_)
            | CellSettings::Speech(_)
            | CellSettings::Complexity(_)
            | CellSettings::Custom(_) => self.clone(),
        }
    }

    /// Whether the codebooks are trained together with a network.
    pub fn is_joint(&self) -> bool {
        matches!(self, CellSettings::Image(image) if image.joint.is_some())
    }

    /// The training of the cell.
    pub fn training(&self) -> Option<&Training> {
        match self {
            CellSettings::Toy(toy) => Some(&toy.training),
            CellSettings::Search(search) => Some(&search.training),
            CellSettings::Image(image) => Some(&image.training),
            CellSettings::Speech(speech) => Some(&speech.training),
            CellSettings::Custom(custom) => Some(&custom.training),
            CellSettings::Complexity(_) => None,
        }
    }

    /// AVQ's beam width at evaluation.
    pub fn beam_width(&self) -> Option<usize> {
        match self {
            CellSettings::Complexity(complexity) => complexity.beam_width,
            settings => settings.quantizer()?.beam_width,
        }
    }

    /// The name of the descriptors searched, the images compressed, or the speech coded.
    pub fn data_name(&self) -> Option<&str> {
        match self {
            CellSettings::Search(search) => Some(&search.data.name),
            CellSettings::Image(image) => Some(&image.data.name),
            CellSettings::Speech(speech) => Some(&speech.data.name),
            CellSettings::Toy(_) | CellSettings::Complexity(_) | CellSettings::Custom(_) => None,
        }
    }

    /// Why numbers on these data can't be compared with the published ones. None if the data allow a comparison.
    pub fn other_data(&self) -> Option<String> {
        match self {
            CellSettings::Search(search) => super::search::data::not_comparable(&search.data),
            CellSettings::Image(image) => super::image::data::not_comparable(&image.data),
            CellSettings::Speech(speech) => super::speech::data::not_comparable(&speech.data),
            CellSettings::Toy(_) | CellSettings::Complexity(_) | CellSettings::Custom(_) => None,
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
        // Cells are plain data, which JSON can always hold.
        let text = serde_json::to_vec(&canonical).expect("a cell as JSON");
        hex(&Sha256::digest(text))
    }

    pub fn method(&self) -> Method {
        match &self.settings {
            CellSettings::Complexity(s) => s.method,
            settings => settings.quantizer().map_or(Method::Avq, |quantizer| quantizer.method),
        }
    }

    /// The contender of this cell's point.
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
