//! Audio files to samples and back.

mod flac;
mod resample;
mod riff;
mod wav;

use std::path::Path;

pub use wav::{wav_bytes, write_wav};

use super::{RATE, SpeechError};
use crate::data::file::FileError;

/// The largest file, and the most samples of a channel (at 16 kHz, 70 minutes): a damaged file must not ask for all the
/// memory.
const MOST_BYTES: u64 = 1 << 30;
const MOST_SAMPLES: usize = 1 << 26;

/// Rates that are taken, Hz.
const RATES: std::ops::RangeInclusive<u32> = 8_000..=384_000;

/// A step of 16 bits.
const STEP: f64 = 1.0 / 32_768.0;

/// The mean of the channels of a file.
struct Sound {
    rate: u32,
    samples: Vec<f32>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio {
    /// Of the file, Hz.
    pub rate: u32,
    /// One channel of 16 kHz; full scale is ±1.
    pub samples: Vec<f32>,
}

impl Audio {
    /// Reads a WAV or a FLAC file, told by its first bytes, as one channel of 16 kHz and full scale ±1: the mean of its
    /// channels, resampled where the rate is another. Integers of any width stay what they are; samples that were resampled
    /// are rounded to 16 bits, so that no machine's last digits are among them; floats beyond full scale are clipped.
    ///
    /// # Errors
    /// [`SpeechError::Audio`] for a file that is no whole WAV or FLAC file, is empty, has a rate outside 8 to 384 kHz, lasts
    /// too long, or holds floats that are not finite or of another scale; [`FileError::Read`].
    pub fn read(path: &Path) -> Result<Self, SpeechError> {
        let read = |source| FileError::Read { path: path.into(), source };
        let found = std::fs::metadata(path).map_err(read)?;
        // A pipe would be waited for.
        if !found.is_file() {
            return Err(FileError::Kind { path: path.into(), reason: "it is no regular file".into() }.into());
        }
        let refused = |reason: String| SpeechError::Audio { path: path.into(), reason };
        if found.len() > MOST_BYTES {
            return Err(refused(format!("it has more than {} MiB; cut it into utterances", MOST_BYTES >> 20)));
        }
        let bytes = std::fs::read(path).map_err(read)?;
        decode(&bytes).map_err(refused)
    }

    /// As [`Audio::read`], for what is judged by measures of wideband speech: they take the band above that of a lower rate
    /// for lost.
    ///
    /// # Errors
    /// [`SpeechError::Narrowband`] for a rate below 16 kHz; those of [`Audio::read`].
    pub fn read_wideband(path: &Path) -> Result<Vec<f32>, SpeechError> {
        let Self { rate, samples } = Self::read(path)?;
        if rate < RATE { Err(SpeechError::Narrowband { path: path.into(), rate }) } else { Ok(samples) }
    }
}

/// The samples of [`Audio::read`].
///
/// # Errors
/// Those of [`Audio::read`].
pub fn read_audio(path: &Path) -> Result<Vec<f32>, SpeechError> {
    Audio::read(path).map(|audio| audio.samples)
}

/// See [`Audio::read`]; an error is what is wrong with the file.
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

/// Sums up the channels of a file as they come.
struct Mixer {
    channels: usize,
    rate: u32,
    samples: Vec<f32>,
    /// Of the frame at hand.
    sum: f64,
    summed: usize,
}

impl Mixer {
    /// Refuses rates and lengths that are not taken.
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

    /// Takes the next value of the file, those of the channels in turn.
    fn push(&mut self, value: f64) -> Result<(), String> {
        self.sum += value;
        self.summed += 1;
        if self.summed == self.channels {
            if self.samples.len() == MOST_SAMPLES {
                return Err(long());
            }
            // No −0, which is another sample to a digest.
            self.samples.push((self.sum / self.channels as f64) as f32 + 0.0);
            (self.sum, self.summed) = (0.0, 0);
        }
        Ok(())
    }

    /// Frames so far.
    fn len(&self) -> u64 {
        self.samples.len() as u64
    }

    fn finish(self) -> Sound {
        Sound { rate: self.rate, samples: self.samples }
    }
}

fn long() -> String {
    format!("it has more than {MOST_SAMPLES} samples a channel; cut it into utterances")
}
