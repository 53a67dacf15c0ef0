//! Reads the values of WAV files, and writes WAV files.

use std::path::Path;

use stand_in::speech::{STEP, to_16_bits};

use super::super::RATE;
use super::riff::{Kind, Wave};
use super::{Mixer, Sound};
use crate::data::error::DataError;
use crate::data::file::FileError;

/// Larger floats have another scale than ±1.
const LOUDEST: f64 = 8.0;

/// Bytes before the samples of [`wav_bytes`].
const HEADER: usize = 44;

/// Reads a file of integers of up to 32 bits, of floats of 32 or 64 bits, or of A-law or µ-law.
pub fn read(bytes: &[u8]) -> Result<Sound, String> {
    let Wave { format, data, order } = Wave::parse(bytes)?;
    let channels = usize::from(format.channels);
    let frames = data.len() / (channels * format.width).max(1);
    let mut mixer = Mixer::new(format.rate, channels, frames as u64)?;
    for (i, value) in data.chunks_exact(format.width).enumerate() {
        mixer.push(match format.kind {
            // In WAV files, only 8-bit values are unsigned.
            Kind::Integer if format.width == 1 => f64::from(i16::from(value[0]) - 128) / 128.0,
            Kind::Integer => integer(order.bytes(value), format.width),
            Kind::Float if format.width == 4 => float(f32::from_le_bytes(order.bytes(value)).into(), i)?,
            Kind::Float => float(f64::from_le_bytes(order.bytes(value)), i)?,
            Kind::ALaw => f64::from(a_law(value[0])) * STEP,
            Kind::MuLaw => f64::from(mu_law(value[0])) * STEP,
        })?;
    }
    Ok(mixer.finish())
}

/// A signed value of `width` bytes as a share of full scale.
fn integer(bytes: [u8; 4], width: usize) -> f64 {
    let shifted = i32::from_le_bytes(bytes) << (32 - 8 * width);
    f64::from(shifted) / f64::from(1_u32 << 31)
}

/// Clips to full scale.
fn float(value: f64, at: usize) -> Result<f64, String> {
    let refused = |reason: &str| Err(format!("value {at} (counted from 0) is {value}, {reason}"));
    if !value.is_finite() {
        return refused("not a finite number");
    }
    if value.abs() > LOUDEST {
        return refused("but full scale is 1; scale the file");
    }
    Ok(value.clamp(-1.0, 1.0))
}

/// ITU-T G.711, 13 bits, expanded to 16 bits.
fn a_law(code: u8) -> i16 {
    let code = code ^ 0x55;
    let (segment, place) = (code >> 4 & 7, i16::from(code & 15) << 4);
    let magnitude = if segment == 0 { place + 8 } else { (place + 264) << (segment - 1) };
    if code >> 7 == 1 { magnitude } else { -magnitude }
}

/// ITU-T G.711, 14 bits, expanded to 16 bits.
fn mu_law(code: u8) -> i16 {
    let code = !code;
    let magnitude = (((i16::from(code & 15) << 3) + 132) << (code >> 4 & 7)) - 132;
    if code >> 7 == 1 { -magnitude } else { magnitude }
}

/// A WAV file with one channel of 16 bits at 16 kHz. Samples are rounded, and clipped to full scale.
pub fn wav_bytes(samples: &[f32]) -> Vec<u8> {
    const WIDTH: u32 = 2;
    // The header of a file can't state more than 4 GiB, 37 hours.
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

/// Writes [`wav_bytes`] to a file as a whole or not at all. An existing file is replaced.
///
/// # Errors
/// [`FileError::Write`].
pub fn write_wav(path: &Path, samples: &[f32]) -> Result<(), DataError> {
    crate::temporary::replace(path, &wav_bytes(samples))
        .map_err(|source| FileError::Write { path: path.into(), source }.into())
}
