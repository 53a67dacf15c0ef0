//! Reads and writes audio files.

mod flac;
mod resample;
mod riff;
mod wav;

use std::path::Path;

pub use wav::{wav_bytes, write_wav};

use super::RATE;
use crate::data::error::DataError;
use crate::data::file::FileError;

/// The maximum file size, and the maximum number of samples per channel (70 minutes at 16 kHz). They keep a damaged
/// file from requesting all memory.
const MOST_BYTES: u64 = 1 << 30;
const MOST_SAMPLES: usize = 1 << 26;

/// Accepted rates, Hz.
const RATES: std::ops::RangeInclusive<u32> = 8_000..=384_000;

/// The mean of the channels of a file.
struct Sound {
    rate: u32,
    samples: Vec<f32>,
}

/// The content of an audio file.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio {
    /// The sampling rate of the file, Hz.
    pub rate: u32,
    /// One channel at 16 kHz; full scale is ±1.
    pub samples: Vec<f32>,
}

impl Audio {
    /// Reads a WAV or FLAC file as one channel at 16 kHz with full scale ±1. The format is detected from the first
    /// bytes. The channels are averaged, and resampled if the file has another rate. Integers of any width keep their
    /// values. Resampled samples are rounded to 16 bits, so that they do not depend on the last digits of a machine.
    /// Floats beyond full scale are clipped.
    ///
    /// # Errors
    /// [`DataError::Audio`] for a file that is not a complete WAV or FLAC file, is empty, has a rate outside 8 to 384
    /// kHz, is too long, or holds floats that are not finite or have another scale; [`FileError::Read`].
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let read = |source| FileError::Read { path: path.into(), source };
        let found = std::fs::metadata(path).map_err(read)?;
        // Opening a pipe would block.
        if !found.is_file() {
            return Err(FileError::Kind { path: path.into(), reason: "it is not a regular file".into() }.into());
        }
        let refused = |reason: String| DataError::Audio { path: path.into(), reason };
        if found.len() > MOST_BYTES {
            return Err(refused(format!("it has more than {} MiB; cut it into utterances", MOST_BYTES >> 20)));
        }
        let bytes = std::fs::read(path).map_err(read)?;
        decode(&bytes).map_err(refused)
    }

    /// Like [`Audio::read`], for metrics of wideband speech. These metrics would count the missing upper band of a
    /// lower rate as an error.
    ///
    /// # Errors
    /// [`DataError::Narrowband`] for a rate below 16 kHz; the errors of [`Audio::read`].
    pub fn read_wideband(path: &Path) -> Result<Vec<f32>, DataError> {
        let Self { rate, samples } = Self::read(path)?;
        if rate < RATE { Err(DataError::Narrowband { path: path.into(), rate }) } else { Ok(samples) }
    }
}

/// The samples of [`Audio::read`].
///
/// # Errors
/// The errors of [`Audio::read`].
pub fn read_audio(path: &Path) -> Result<Vec<f32>, DataError> {
    Audio::read(path).map(|audio| audio.samples)
}

/// See [`Audio::read`]. The error says what is wrong with the file.
pub fn decode(bytes: &[u8]) -> Result<Audio, String> {
    let Sound { rate, samples } = match bytes {
        [] => return Err("the file is empty".into()),
        [b'R', b'I', b'F', b'F' | b'X', ..] | [b'R', b'F', b'6', b'4', ..] | [b'B', b'W', b'6', b'4', ..] => {
            wav::read(bytes)?
        }
        [b'f', b'L', b'a', b'C', ..] => flac::read(bytes)?,
        [b'I', b'D', b'3', ..] => match flac::after_tag(bytes) {
            Some(flac) => flac::read(flac)?,
            None => return Err("it begins with an ID3 tag and no FLAC file follows, so it is MP3".into()),
        },
        _ => return Err("it is neither a WAV nor a FLAC file by its first bytes".into()),
    };
    if samples.is_empty() {
        return Err("it holds no samples".into());
    }
    let samples = if rate == RATE { samples } else { resample::resample(&samples, rate)? };
    Ok(Audio { rate, samples })
}

/// Averages the channels of a file, value by value.
struct Mixer {
    channels: usize,
    rate: u32,
    samples: Vec<f32>,
    /// The sum of the current frame.
    sum: f64,
    summed: usize,
}

impl Mixer {
    /// Rejects rates and lengths that are not accepted.
    fn new(rate: u32, channels: usize, samples: u64) -> Result<Self, String> {
        if !RATES.contains(&rate) {
            return Err(format!("its rate is {rate} Hz, allowed are {} to {} Hz", RATES.start(), RATES.end()));
        }
        if channels == 0 {
            return Err("it has no channels".into());
        }
        if samples > MOST_SAMPLES as u64 {
            return Err(long());
        }
        Ok(Self { channels, rate, samples: Vec::new(), sum: 0.0, summed: 0 })
    }

    /// Takes the next value of the file. The channels are interleaved.
    fn push(&mut self, value: f64) -> Result<(), String> {
        self.sum += value;
        self.summed += 1;
        if self.summed == self.channels {
            if self.samples.len() == MOST_SAMPLES {
                return Err(long());
            }
            // Avoids −0, which has another digest than 0.
            self.samples.push((self.sum / self.channels as f64) as f32 + 0.0);
            (self.sum, self.summed) = (0.0, 0);
        }
        Ok(())
    }

    /// The number of frames so far.
    fn len(&self) -> u64 {
        self.samples.len() as u64
    }

    fn finish(self) -> Sound {
        Sound { rate: self.rate, samples: self.samples }
    }
}

fn long() -> String {
    format!("it has more than {MOST_SAMPLES} samples per channel; cut it into utterances")
}
