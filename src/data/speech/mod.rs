//! Speech in two parts, training and test, with different speakers: WAV and FLAC files, or synthetic utterances. All
//! speech has one channel at 16 kHz.
//!
//! ```
//! use vqlab::data::speech::{Speech, SpeechData};
//!
//! let speech = Speech::open(&SpeechData::synthetic(2, 1, 1))?;
//! assert!(speech.training().iter().all(|utterance| utterance.samples.len() > 3 * 16_000));
//! # Ok::<(), vqlab::data::DataError>(())
//! ```

mod audio;
mod folder;
mod kind;
#[cfg(test)]
mod statistics;
#[cfg(test)]
mod tests;

pub use audio::{Audio, read_audio, wav_bytes, write_wav};
pub use kind::SpeechKind;

use super::Part;
use super::parts::{Choice, Opened};
use stand_in::speech as synthetic;
/// Name of the synthetic sets.
pub use stand_in::speech::NAME as SYNTHETIC;
pub use stand_in::speech::{RATE, Utterance};

/// The maximum number of samples in a set: 18 hours, 4 GiB.
const MOST_SAMPLES: usize = 1 << 30;

/// The choice of speech. A synthetic utterance lasts about five seconds and has its own speaker.
pub type SpeechData = Choice<SpeechKind>;

/// Opened speech. No speaker is in both parts.
pub type Speech = Opened<SpeechKind>;

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
