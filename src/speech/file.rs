//! The file of a model: a codebook file with two additions, the tensor `mean` (D, in dB) and the text `speech_codec`
//! with the settings as JSON. Other commands read it as a codebook file.

use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use super::model::Model;
use super::settings::CodecSettings;
use crate::quantizer::Search;
use crate::quantizer::checkpoint::{CheckpointError, Provenance, floats, parse, save_with};

const MEAN: &str = "mean";
const CODEC: &str = "speech_codec";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Described {
    settings: CodecSettings,
    search: Option<Search>,
}

impl Model {
    /// Writes the model's file. `trainer` and `provenance` are as in [`Provenance`].
    ///
    /// # Errors
    /// [`CheckpointError::Io`] with the path.
    pub fn save(&self, path: &Path, trainer: &str, provenance: &str) -> Result<(), CheckpointError> {
        let described = Described { settings: self.settings.clone(), search: self.search };
        let text = serde_json::to_string(&described)
            .map_err(|error| CheckpointError::Malformed(path.into(), error.to_string()))?;
        let provenance =
            Provenance { beam_width: self.beam_width, trainer: trainer.into(), provenance: provenance.into() };
        save_with(path, &self.books, &provenance, &[(MEAN, &self.mean)], &[(CODEC, text)])
    }

    /// Reads a model's file.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`] if it is not a codebook file, has no speech codec, or contradicts itself.
    pub fn load(path: &Path) -> Result<Self, CheckpointError> {
        let bytes = std::fs::read(path).map_err(|e| CheckpointError::Io(path.into(), e))?;
        Self::parse(&bytes).map_err(|reason| CheckpointError::Malformed(path.into(), reason))
    }

    /// Whether a codebook file has a speech codec.
    pub(crate) fn is_in(bytes: &[u8]) -> bool {
        let header = SafeTensors::read_metadata(bytes).ok();
        header.is_some_and(|(_, header)| header.metadata().as_ref().is_some_and(|m| m.contains_key(CODEC)))
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let (books, provenance) = parse(bytes)?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
        let text = header.metadata().as_ref().and_then(|m| m.get(CODEC));
        let text = text.ok_or(
            "it holds codebooks, but no speech codec (`speech_codec` is missing); \
             `vqlab run experiments/speech.toml` writes such files to results/codecs",
        )?;
        let described: Described = serde_json::from_str(text).map_err(|e| format!("`{CODEC}`: {e}"))?;
        if let Some(fault) = described.settings.fault() {
            return Err(format!("`{CODEC}`: {fault}"));
        }
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
        let mean = tensors.tensor(MEAN).map_err(|e| e.to_string())?;
        let bands = described.settings.bands;
        if (mean.shape(), mean.dtype(), books.dimension()) != (&[bands], Dtype::F32, bands) {
            return Err(format!(
                "`{CODEC}` says {bands} bands, but the codebooks have D = {} and `{MEAN}` is {:?} of {:?}",
                books.dimension(),
                mean.dtype(),
                mean.shape()
            ));
        }
        let mean = floats(mean.data());
        if mean.iter().any(|m| !m.is_finite()) {
            return Err(format!("`{MEAN}` holds values that are not finite"));
        }
        let beam_width = provenance.beam_width.max(1);
        Ok(Self { settings: described.settings, books, mean, beam_width, search: described.search })
    }
}
