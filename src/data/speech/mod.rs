//! Speech in two parts, training and test, with different speakers: WAV and FLAC files, or synthetic utterances. All
//! speech has one channel at 16 kHz.
//!
//! ```
//! use vqlab::data::speech::{Speech, SpeechData};
//!
//! let speech = Speech::open(&SpeechData::synthetic(2, 1, 1))?;
//! assert!(speech.training().iter().all(|utterance| utterance.samples.len() > 3 * 16_000));
//! # Ok::<(), vqlab::data::speech::SpeechError>(())
//! ```

mod audio;
mod error;
mod folder;
mod make;
mod open;
#[cfg(test)]
mod statistics;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use audio::{Audio, read_audio, wav_bytes, write_wav};
pub use error::SpeechError;
pub use make::{make, steps};
pub use open::Speech;

use super::Part;
use stand_in::speech as synthetic;
/// Name of the synthetic sets.
pub use stand_in::speech::NAME as SYNTHETIC;
pub use stand_in::speech::{RATE, Utterance};

/// The maximum number of utterances in a part, and the maximum number of samples in a set: 18 hours, 4 GiB.
pub const MOST: u64 = 1 << 16;
const MOST_SAMPLES: usize = 1 << 30;

/// The choice of speech, as plain data. It is part of a cell's identity.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SpeechData {
    /// [`SYNTHETIC`], or the name of the folder.
    pub name: String,
    /// Number of utterances in each part.
    pub training: u64,
    pub test: u64,
    /// Only for files: SHA-256 of the used samples (training, test, each after its count of utterances; every utterance
    /// after its count of samples; counts as 64-bit numbers, samples as 32-bit floats, little-endian). It does not
    /// depend on the file format.
    pub digest: Option<String>,
    /// Only for synthetic speech.
    pub seed: Option<u64>,
    /// The folder of the files; not part of the identity.
    #[serde(skip)]
    pub path: Option<PathBuf>,
}

/// How many utterances of a folder are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    All,
    /// This many, or fewer if there are fewer.
    AtMost(u64),
    Exactly(u64),
}

impl Amount {
    fn most(self) -> Option<u64> {
        match self {
            Self::All => None,
            Self::AtMost(most) | Self::Exactly(most) => Some(most),
        }
    }
}

impl From<Option<u64>> for Amount {
    fn from(asked: Option<u64>) -> Self {
        asked.map_or(Self::All, Self::Exactly)
    }
}

impl PartialEq for SpeechData {
    /// Compares the speech, not its folders.
    fn eq(&self, other: &Self) -> bool {
        let identity = |data: &Self| {
            let Self { name, training, test, digest, seed, path: _ } = data.clone();
            (name, [training, test], digest, seed)
        };
        identity(self) == identity(other)
    }
}

impl SpeechData {
    /// Synthetic speech: the first utterances of endless sets that depend on the seed only. An utterance lasts about
    /// five seconds and has its own speaker.
    pub fn synthetic(training: u64, test: u64, seed: u64) -> Self {
        Self { name: SYNTHETIC.into(), training, test, digest: None, seed: Some(seed), path: None }
    }

    /// The number of utterances in a part.
    pub fn count(&self, part: Part) -> u64 {
        match part {
            Part::Training => self.training,
            Part::Test => self.test,
        }
    }

    /// Rejects counts that no set can have.
    ///
    /// # Errors
    /// [`SpeechError::Count`].
    pub fn check_counts(&self) -> Result<(), SpeechError> {
        for part in Part::ALL {
            let asked = self.count(part);
            if !(1..=MOST).contains(&asked) {
                return Err(SpeechError::Count { part, asked, most: MOST });
            }
        }
        Ok(())
    }
}
