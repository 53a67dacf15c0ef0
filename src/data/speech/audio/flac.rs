//! FLAC files.

use claxon::frame::Block;
use claxon::{Error, FlacReader};
use md5::{Digest, Md5};

use super::{Mixer, Sound};

/// A file of 4 to 32 bits, with its checksums: that of each frame, and that of all samples where the file has it.
pub fn read(bytes: &[u8]) -> Result<Sound, String> {
    let mut reader = FlacReader::new(bytes).map_err(damaged)?;
    let info = reader.streaminfo();
    let (channels, bits) = (info.channels, info.bits_per_sample);
    let mut mixer = Mixer::new(info.sample_rate, channels as usize, info.samples.unwrap_or(0))?;
    let scale = f64::from(bits - 1).exp2().recip();
    // The checksum is over whole bytes, interleaved.
    let width = bits.div_ceil(8) as usize;
    let mut sum = Md5::new();
    let mut blocks = reader.blocks();
    let mut block = Block::empty();
    let mut interleaved = Vec::new();
    while let Some(next) = blocks.read_next_or_eof(block.into_buffer()).map_err(damaged)? {
        block = next;
        if block.channels() != channels {
            return Err("it is no whole FLAC file (its frames disagree on the number of channels)".into());
        }
        interleaved.clear();
        for i in 0..block.duration() {
            for channel in 0..channels {
                let value = block.sample(channel, i);
                interleaved.extend_from_slice(&value.to_le_bytes()[..width]);
                mixer.push(f64::from(value) * scale)?;
            }
        }
        sum.update(&interleaved);
    }
    let sound = mixer.finish();
    let found = sound.samples.len() as u64;
    if let Some(expected) = info.samples.filter(|expected| *expected != found) {
        return Err(format!("it is no whole FLAC file (it holds {found} of {expected} samples)"));
    }
    if info.md5sum != [0; 16] && info.md5sum[..] != sum.finalize()[..] {
        return Err("it is no whole FLAC file (its samples are not those of its checksum)".into());
    }
    Ok(sound)
}

fn damaged(error: Error) -> String {
    let what = match error {
        Error::IoError(_) => "it ends too early",
        Error::FormatError(what) => what,
        // Damage can look like it too.
        Error::Unsupported(what) => return format!("it has a feature of FLAC that is not known here ({what})"),
    };
    format!("it is no whole FLAC file ({what})")
}
