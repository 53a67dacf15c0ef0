//! Trained codebooks that outlive a killed cell: the next attempt goes on with encoding. They stay in the folder
//! `codebooks` beside the records, as files that `encode` and `search` take.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Context;
use crate::quantizer::{self, CheckpointError, Codebooks, Provenance, QuantizerSettings};
use crate::results::{ResultsError, write_atomic};
use crate::training::{LogPoint, Trained, Trainer};

/// Where a cell keeps its codebooks; nowhere without a folder.
pub(super) struct Kept {
    key: String,
    paths: Option<[PathBuf; 2]>,
    anew: bool,
}

/// A training that has ended.
pub(super) struct Finished {
    pub codebooks: Codebooks,
    pub log: Vec<LogPoint>,
    pub seconds: f64,
}

/// What belongs to a training beside the codebooks.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Notes {
    key: String,
    program_version: String,
    seconds: f64,
    log: Vec<LogPoint>,
}

/// Why codebooks can't be kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeepError {
    #[error(transparent)]
    Notes(#[from] ResultsError),
    #[error("the log can't be written: {0}")]
    Log(#[from] serde_json::Error),
    #[error(transparent)]
    Codebooks(#[from] CheckpointError),
}

impl Kept {
    pub fn new(context: &Context, key: &str) -> Self {
        let folder = context.kept.map(|folder| folder.join("codebooks"));
        let paths = folder.map(|f| [f.join(format!("{key}.log.json")), f.join(format!("{key}.safetensors"))]);
        Self { key: key.to_owned(), paths, anew: context.anew }
    }

    /// The codebooks of an attempt that did not live to the end. Files that are damaged, of another cell or version count as none:
    /// training is done again, and they are replaced.
    pub fn load(&self) -> Option<Finished> {
        let [notes, codebooks] = self.paths.as_ref().filter(|_| !self.anew)?;
        let notes: Notes = serde_json::from_slice(&std::fs::read(notes).ok()?).ok()?;
        let (codebooks, provenance) = quantizer::load(codebooks).ok()?;
        let version = notes.program_version == env!("CARGO_PKG_VERSION");
        let ours = version && notes.key == self.key && provenance.provenance == self.key;
        ours.then_some(Finished { codebooks, log: notes.log, seconds: notes.seconds })
    }

    /// Writes the log and then the codebooks, whose presence says that both are there.
    ///
    /// # Errors
    /// A file can't be written.
    pub fn save(
        &self,
        trained: Trained,
        quantizer: &QuantizerSettings,
        trainer: Trainer,
        seconds: f64,
    ) -> Result<Finished, KeepError> {
        if let Some([notes, codebooks]) = &self.paths {
            let (key, program_version) = (self.key.clone(), env!("CARGO_PKG_VERSION").to_owned());
            let text = Notes { key, program_version, seconds, log: trained.log.clone() };
            write_atomic(notes, serde_json::to_string(&text)?.as_bytes())?;
            let provenance = Provenance {
                beam_width: quantizer.beam_width.unwrap_or(1),
                trainer: trainer.name().to_owned(),
                provenance: self.key.clone(),
            };
            quantizer::save(codebooks, &trained.codebooks, &provenance)?;
        }
        Ok(Finished { codebooks: trained.codebooks, log: trained.log, seconds })
    }
}
