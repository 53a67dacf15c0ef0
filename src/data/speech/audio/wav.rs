//! WAV files.

use std::path::Path;

use hound::{Error, SampleFormat, WavReader};

use super::super::{RATE, SpeechError};
use super::{Mixer, STEP, Sound};
use crate::data::file::FileError;

/// Floats above are of another scale than ±1.
const LOUDEST: f32 = 8.0;

/// Bytes before the samples of [`wav_bytes`].
const HEADER: usize = 44;

/// A file of integers of 8 to 32 bits, or of floats.
pub fn read(bytes: &[u8]) -> Result<Sound, String> {
    let mut reader = WavReader::new(bytes).map_err(damaged)?;
    let spec = reader.spec();
    let mut mixer = Mixer::new(spec.sample_rate, spec.channels.into(), reader.duration().into())?;
    match spec.sample_format {
        SampleFormat::Int => {
            if !(1..=32).contains(&spec.bits_per_sample) {
                return Err(format!("its samples have {} bits", spec.bits_per_sample));
            }
            let scale = f64::from(spec.bits_per_sample - 1).exp2().recip();
            for value in reader.samples::<i32>() {
                mixer.push(f64::from(value.map_err(damaged)?) * scale)?;
            }
        }
        SampleFormat::Float => {
            for (i, value) in reader.samples::<f32>().enumerate() {
                let value = value.map_err(damaged)?;
                let refused = |reason: &str| Err(format!("value {i} (counted from 0) is {value}, {reason}"));
                if !value.is_finite() {
                    return refused("no finite number");
                }
                if value.abs() > LOUDEST {
                    return refused("but full scale is 1; scale the file");
                }
                mixer.push(f64::from(value.clamp(-1.0, 1.0)))?;
            }
        }
    }
    Ok(mixer.finish())
}

fn damaged(error: Error) -> String {
    let what = match error {
        Error::IoError(_) => "it ends too early".into(),
        Error::TooWide => "its samples are wider than 32 bits".into(),
        Error::Unsupported => "its kind of compression or samples is not known here".into(),
        error => error.to_string(),
    };
    format!("it is no whole WAV file ({what})")
}

/// A WAV file of one channel, 16 kHz and 16 bits; samples are rounded and, beyond full scale, clipped.
pub fn wav_bytes(samples: &[f32]) -> Vec<u8> {
    const WIDTH: u32 = 2;
    // A file can't say more than 4 GiB, 37 hours.
    let length = u32::try_from(samples.len() * WIDTH as usize).unwrap_or(u32::MAX - HEADER as u32);
    let mut out = Vec::with_capacity(HEADER + samples.len() * WIDTH as usize);
    out.extend(b"RIFF");
    out.extend((length + HEADER as u32 - 8).to_le_bytes());
    out.extend(b"WAVEfmt ");
    out.extend(16_u32.to_le_bytes());
    // Plain integers, one channel.
    out.extend([1_u16, 1].iter().flat_map(|v| v.to_le_bytes()));
    out.extend([RATE, WIDTH * RATE].iter().flat_map(|v| v.to_le_bytes()));
    out.extend([WIDTH as u16, 8 * WIDTH as u16].iter().flat_map(|v| v.to_le_bytes()));
    out.extend(b"data");
    out.extend(length.to_le_bytes());
    out.extend(samples.iter().flat_map(|sample| to_16_bits(f64::from(*sample)).to_le_bytes()));
    out
}

/// Writes [`wav_bytes`] to a file, whole or not at all; one that exists is replaced.
///
/// # Errors
/// [`FileError::Write`].
pub fn write_wav(path: &Path, samples: &[f32]) -> Result<(), SpeechError> {
    crate::temporary::replace(path, &wav_bytes(samples))
        .map_err(|source| FileError::Write { path: path.into(), source }.into())
}

/// The nearest step, clipped; 0 for what is no number.
fn to_16_bits(sample: f64) -> i16 {
    // Saturates.
    (sample / STEP).round() as i16
}

/// See [`to_16_bits`].
pub fn rounded(sample: f64) -> f32 {
    (f64::from(to_16_bits(sample)) * STEP) as f32
}
