//! The header of the coded payload: magic, version, model, number of samples, and a checksum.

use flate2::Crc;

use super::coder::MOST_OMITTED;
use super::model::Model;
use super::settings::RATE;

pub const MAGIC: [u8; 4] = *b"VQSP";
const VERSION: u8 = 1;
/// Bytes of the model's digest.
pub const IDENTITY: usize = 8;
/// Magic, version, model, samples, checksum.
pub const HEADER: usize = 4 + 1 + IDENTITY + 4 + 4;

/// Six hours.
const MOST_SAMPLES: usize = 6 * 3_600 * 16_000;

/// What a file may have beyond its bitrate: bytes, for the header and the first frame of short files, and a share of
/// the size, because costs are counted in fractions of a bit.
const MOST_BYTES_MORE: u64 = 64;
const MOST_SHARE_MORE: f64 = 0.01;

/// Why a signal can't be coded or a file can't be decoded.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum StreamError {
    #[error("the signal can't be coded: {0}")]
    Samples(String),
    #[error(
        "the signal can't be coded at {asked} bit/s: envelopes and the coarsest spectrum take {needed} bit/s with this \
         codec; use a higher bitrate, or train a codec with fewer bits per frame"
    )]
    Rate { asked: u32, needed: u64 },
    #[error("it is not a speech file of vqlab: {0}")]
    Format(String),
    #[error("it was coded with another model, {found}; this one is {expected}")]
    OtherModel { found: String, expected: String },
    #[error("it is damaged: its checksum does not match its bytes")]
    Damaged,
    #[error("the model can't be used: {0}")]
    Model(String),
}

/// The header of the payload.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    pub model: [u8; IDENTITY],
    pub samples: u32,
}

impl Header {
    pub fn of(samples: &[f32], model: &Model) -> Result<Self, StreamError> {
        if !(1..=MOST_SAMPLES).contains(&samples.len()) {
            return Err(StreamError::Samples(format!(
                "it has {} samples, allowed are 1 to {MOST_SAMPLES}",
                samples.len()
            )));
        }
        if let Some(at) = samples.iter().position(|s| !s.is_finite()) {
            return Err(StreamError::Samples(format!("sample {at} is {}", samples[at])));
        }
        Ok(Self { model: model.identity(), samples: samples.len() as u32 })
    }

    /// The file: this header and the payload.
    pub fn with(&self, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + payload.len());
        bytes.extend(MAGIC);
        bytes.push(VERSION);
        bytes.extend(self.model);
        bytes.extend(self.samples.to_le_bytes());
        bytes.extend(checksum(&bytes, payload).to_le_bytes());
        bytes.extend(payload);
        bytes
    }

    /// Header and payload of a file.
    pub fn read<'b>(bytes: &'b [u8], model: &Model) -> Result<(Self, &'b [u8]), StreamError> {
        let (header, payload) = Self::parse(bytes)?;
        if header.model != model.identity() {
            let [found, expected] = [header.model, model.identity()].map(|id| crate::data::folder::hex(&id));
            return Err(StreamError::OtherModel { found, expected });
        }
        let samples = header.samples as usize;
        // The codes of each frame's envelope always take their bits.
        let frame = model.books.stages() * model.bits() as usize;
        let frames = 8 * (payload.len() + MOST_OMITTED) / frame.max(1) + 1;
        if !(1..=frames.saturating_mul(model.settings.advance).min(MOST_SAMPLES)).contains(&samples) {
            return Err(StreamError::Format(format!("it claims {samples} samples in {} bytes", bytes.len())));
        }
        Ok((header, payload))
    }

    /// As [`Header::read`], without a model: the number of samples is not checked against the size.
    pub fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), StreamError> {
        let format = |reason: String| Err(StreamError::Format(reason));
        let Some((head, payload)) = bytes.split_at_checked(HEADER) else {
            return format(format!("it has {} bytes, a header alone has {HEADER}", bytes.len()));
        };
        if head[..4] != MAGIC {
            let what = match &head[..4] {
                b"RIFF" | b"fLaC" => ": it is speech that is not coded; code it with `vqlab speech encode`",
                _ => "",
            };
            let (found, magic) = (head[..4].escape_ascii(), MAGIC.escape_ascii());
            return format(format!("it begins with \"{found}\", not with \"{magic}\"{what}"));
        }
        if head[4] != VERSION {
            return format(format!("it has version {}, this program reads version {VERSION}", head[4]));
        }
        let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        if word(HEADER - 4) != checksum(&head[..HEADER - 4], payload) {
            return Err(StreamError::Damaged);
        }
        let mut model = [0; IDENTITY];
        model.copy_from_slice(&head[5..5 + IDENTITY]);
        Ok((Self { model, samples: word(5 + IDENTITY) }, payload))
    }
}

/// Rejects a file that has too many bytes for its bitrate.
pub fn check_rate(bytes: usize, samples: usize, bitrate: u32) -> Result<(), StreamError> {
    let (bits, seconds) = (8 * bytes as u64, samples as f64 / f64::from(RATE));
    let most = (1.0 + MOST_SHARE_MORE) * f64::from(bitrate) * seconds + (8 * MOST_BYTES_MORE) as f64;
    if bits as f64 > most {
        return Err(StreamError::Rate { asked: bitrate, needed: (bits as f64 / seconds).ceil() as u64 });
    }
    Ok(())
}

fn checksum(head: &[u8], payload: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(head);
    crc.update(payload);
    crc.sum()
}
