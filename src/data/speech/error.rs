//! Errors of opening, reading and writing speech.

use std::path::PathBuf;

use super::RATE;
use crate::data::Part;
use crate::data::file::FileError;

#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    #[error(transparent)]
    File(#[from] FileError),
    /// The folder doesn't hold exactly one set.
    #[error(
        "{path}: {reason}; accepted: WAV and FLAC files in folders whose names begin with train and test, or anywhere \
         in the folder, where the first of every ten speakers is for the test"
    )]
    Folder { path: PathBuf, reason: String },
    /// A file that is damaged or not accepted.
    #[error("{path}: {reason}; accepted: WAV (8 to 32 bits, floats, A-law, µ-law) and FLAC files")]
    Audio { path: PathBuf, reason: String },
    /// A file whose rate is too low for metrics of wideband speech.
    #[error(
        "{path}: its rate is {rate} Hz, but wideband PESQ and perceptual SNR are defined for speech of {RATE} Hz or \
         more; hint: `ffmpeg -i {path} -ar {RATE} new.wav` resamples it, and the values are then those of wideband \
         speech with nothing above {} Hz", rate / 2
    )]
    Narrowband { path: PathBuf, rate: u32 },
    /// A complete file that can't be used.
    #[error("{path}: {reason}")]
    Utterance { path: PathBuf, reason: String },
    #[error("{asked} {part} utterances were requested; allowed are 1 to {most}")]
    Count { part: Part, asked: u64, most: u64 },
    #[error("{0}")]
    Settings(String),
    #[error("{doing} failed: {reason}")]
    Threads { doing: &'static str, reason: String },
}
