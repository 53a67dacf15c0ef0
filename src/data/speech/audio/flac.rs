//! Reads FLAC files with claxon. Of the tried crates, only claxon neither panics on damaged frames (flac-codec 1.3
//! does) nor drops them silently (symphonia 0.6 does). This module handles two cases that claxon rejects: block sizes
//! of 0, and tags around the file.

use std::io::Read;

use claxon::frame::Block;
use claxon::{Error, FlacReader};
use md5::{Digest, Md5};

use super::{Mixer, Sound};

/// The maximum number of bits per sample that claxon decodes.
const MOST_BITS: u32 = 24;

/// Reads a file of 4 to 24 bits and checks its checksums: the checksum of each frame, and the checksum of all samples
/// if the file has one. Bytes after the declared number of samples are ignored.
pub fn read(bytes: &[u8]) -> Result<Sound, String> {
    let info = FlacReader::new(stream(bytes)).map_err(damaged)?.streaminfo();
    let bytes = if info.samples.is_none() { without_end_tag(bytes) } else { bytes };
    let mut reader = FlacReader::new(stream(bytes)).map_err(damaged)?;
    if info.bits_per_sample > MOST_BITS {
        return Err(format!(
            "its samples have {} bits; supported are FLAC files of up to {MOST_BITS} bits",
            info.bits_per_sample
        ));
    }
    let (channels, bits) = (info.channels, info.bits_per_sample);
    let mut mixer = Mixer::new(info.sample_rate, channels as usize, info.samples.unwrap_or(0))?;
    let scale = f64::from(bits - 1).exp2().recip();
    // The checksum is over whole bytes, interleaved.
    let width = bits.div_ceil(8) as usize;
    let mut sum = Md5::new();
    let mut blocks = reader.blocks();
    let mut block = Block::empty();
    let mut interleaved = Vec::new();
    while info.samples.is_none_or(|all| mixer.len() < all) {
        let Some(next) = blocks.read_next_or_eof(block.into_buffer()).map_err(damaged)? else { break };
        block = next;
        if block.channels() != channels {
            return Err("not a complete FLAC file (its frames disagree on the number of channels)".into());
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
        return Err(format!("not a complete FLAC file (it holds {found} of {expected} samples)"));
    }
    if info.md5sum != [0; 16] && info.md5sum[..] != sum.finalize()[..] {
        return Err("not a complete FLAC file (its samples do not match its checksum)".into());
    }
    Ok(sound)
}

/// The file with block sizes that claxon accepts. A writer that did not know them left 0. Nothing else depends on them.
fn stream(bytes: &[u8]) -> impl Read + '_ {
    // The smallest and the largest block size in the first metadata block, and values that allow every size.
    const FIRST: usize = 8;
    const ANY: [u8; 4] = [0, 16, 0xff, 0xff];
    let is_unknown = |sizes: &[u8]| sizes.chunks(2).any(|size| size < &ANY[..2]);
    let unknown = bytes.get(FIRST..FIRST + ANY.len()).is_some_and(is_unknown);
    let end = if unknown { FIRST } else { bytes.len() };
    let (sizes, rest) = if unknown { (&ANY[..], &bytes[FIRST + ANY.len()..]) } else { (&[][..], &[][..]) };
    bytes[..end].chain(sizes).chain(rest)
}

/// The bytes without an ID3v1 tag at the end.
fn without_end_tag(bytes: &[u8]) -> &[u8] {
    const LENGTH: usize = 128;
    match bytes.len().checked_sub(LENGTH) {
        Some(at) if bytes[at..].starts_with(b"TAG") => &bytes[..at],
        _ => bytes,
    }
}

/// The FLAC file after an ID3v2 tag.
pub fn after_tag(bytes: &[u8]) -> Option<&[u8]> {
    const HEAD: usize = 10;
    // Seven bits per byte.
    let length = bytes.get(6..HEAD)?.iter().fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7f));
    bytes.get(HEAD + length..).filter(|rest| rest.starts_with(b"fLaC"))
}

fn damaged(error: Error) -> String {
    let what = match error {
        Error::IoError(_) => "it ends too early",
        Error::FormatError(what) => what,
        // Damage can look like this, too.
        Error::Unsupported(what) => return format!("it has an unsupported feature of FLAC ({what})"),
    };
    format!("not a complete FLAC file ({what})")
}
