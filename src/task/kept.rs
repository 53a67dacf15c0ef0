//! Files that outlive an interrupted cell, in the folder `codebooks` beside the records. The next attempt finds the
//! trained codebooks and resumes with encoding. The codebooks stay, as files for `encode` and `search`. The codes of
//! the base stay until the search is done.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Context;
use crate::data::folder::hex;
use crate::quantizer::{self, CheckpointError, Codebooks, Provenance, QuantizerSettings};
use crate::training::{LogPoint, Trained, Trainer};

/// The place of a cell's codebooks. Without a folder, nothing is kept.
pub(super) struct Kept {
    key: String,
    /// Paths of the log, the codebooks and the codes.
    paths: Option<[PathBuf; 3]>,
    anew: bool,
}

/// A finished training.
pub(super) struct Finished {
    pub codebooks: Codebooks,
    pub log: Vec<LogPoint>,
    pub seconds: f64,
}

impl Finished {
    /// Seconds of the training in earlier attempts; this attempt began it at `since`.
    pub fn earlier_seconds(&self, since: Instant) -> f64 {
        (self.seconds - since.elapsed().as_secs_f64()).max(0.0)
    }
}

/// The data of a training besides the codebooks.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Notes {
    key: String,
    program_version: String,
    seconds: f64,
    log: Vec<LogPoint>,
}

/// An encoded base.
pub(super) struct EncodedBase {
    /// N × M codes, a byte each for up to 256 codewords, else two (little-endian).
    pub codes: Vec<u8>,
    /// Mean squared error per coordinate.
    pub mse: f64,
    /// Seconds of encoding alone, on one thread.
    pub seconds: f64,
}

/// The first line of the file of codes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct CodesHead {
    key: String,
    program_version: String,
    mse: f64,
    seconds: f64,
    sha256: String,
}

fn replace(path: &Path, bytes: &[u8]) -> Result<(), KeepError> {
    crate::temporary::replace(path, bytes).map_err(|error| KeepError::File(path.into(), error))
}

fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Why codebooks can't be kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeepError {
    #[error("cannot write {0}: {1}")]
    File(PathBuf, std::io::Error),
    #[error("the log can't be written: {0}")]
    Log(#[from] serde_json::Error),
    #[error(transparent)]
    Codebooks(#[from] CheckpointError),
}

impl Kept {
    pub fn new(context: &Context, key: &str) -> Self {
        let folder = context.kept.map(|folder| folder.join("codebooks"));
        let paths = folder.map(|f| ["log.json", "safetensors", "codes"].map(|end| f.join(format!("{key}.{end}"))));
        Self { key: key.to_owned(), paths, anew: context.anew }
    }

    /// The codebooks of an interrupted attempt. Files that are damaged, or of another cell or version, count as
    /// missing. Training is then repeated, and they are replaced.
    pub fn load(&self) -> Option<Finished> {
        let [notes, codebooks, _] = self.paths.as_ref().filter(|_| !self.anew)?;
        let notes: Notes = serde_json::from_slice(&std::fs::read(notes).ok()?).ok()?;
        let (codebooks, provenance) = quantizer::load(codebooks).ok()?;
        let version = notes.program_version == env!("CARGO_PKG_VERSION");
        let ours = version && notes.key == self.key && provenance.provenance == self.key;
        ours.then_some(Finished { codebooks, log: notes.log, seconds: notes.seconds })
    }

    /// Writes the log and then the codebooks. The codebooks' presence thus means that both exist.
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
        if let Some([notes, codebooks, _]) = &self.paths {
            let (key, program_version) = (self.key.clone(), env!("CARGO_PKG_VERSION").to_owned());
            let text = Notes { key, program_version, seconds, log: trained.log.clone() };
            replace(notes, serde_json::to_string(&text)?.as_bytes())?;
            let provenance = Provenance {
                beam_width: quantizer.beam(),
                trainer: trainer.name().to_owned(),
                provenance: self.key.clone(),
            };
            quantizer::save(codebooks, &trained.codebooks, &provenance)?;
        }
        Ok(Finished { codebooks: trained.codebooks, log: trained.log, seconds })
    }

    /// The encoded base of an interrupted attempt. None if the file is incomplete or of another cell.
    pub fn load_codes(&self, length: usize) -> Option<EncodedBase> {
        let [_, _, path] = self.paths.as_ref().filter(|_| !self.anew)?;
        let bytes = std::fs::read(path).ok()?;
        let end = bytes.iter().position(|b| *b == b'\n')?;
        let (head, codes) = (serde_json::from_slice::<CodesHead>(&bytes[..end]).ok()?, &bytes[end + 1..]);
        let ours = head.key == self.key && head.program_version == env!("CARGO_PKG_VERSION");
        let whole = codes.len() == length && head.sha256 == digest(codes);
        (ours && whole).then(|| EncodedBase { codes: codes.to_vec(), mse: head.mse, seconds: head.seconds })
    }

    /// # Errors
    /// The file can't be written.
    pub fn save_codes(&self, encoded: &EncodedBase) -> Result<(), KeepError> {
        let Some([_, _, path]) = &self.paths else { return Ok(()) };
        let head = CodesHead {
            key: self.key.clone(),
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            mse: encoded.mse,
            seconds: encoded.seconds,
            sha256: digest(&encoded.codes),
        };
        let mut bytes = serde_json::to_vec(&head)?;
        bytes.push(b'\n');
        bytes.extend(&encoded.codes);
        replace(path, &bytes)
    }

    /// Removes the codes, which are no longer needed.
    pub fn forget_codes(&self) {
        if let Some([_, _, path]) = &self.paths {
            // A remaining file does no harm: it would be checked and be valid.
            let _ = std::fs::remove_file(path);
        }
    }
}
