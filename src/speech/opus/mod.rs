//! Opus as a reference codec, with its own tools opusenc and opusdec (Debian's opus-tools).

mod align;
mod ogg;

use std::path::Path;
use std::process::{Command, Stdio};

use crate::data::DataError;
use crate::data::speech::{RATE, read_audio, write_wav};

const ENCODER: &str = "opusenc";
const DECODER: &str = "opusdec";

/// Bitrates that opusenc accepts for one channel, bit/s.
pub const OPUS_BITRATES: std::ops::RangeInclusive<u32> = 6_000..=256_000;

/// The bitrate of files to listen to, in bit/s, half of a WAV file's. PESQ rates synthetic speech at 4.57 or more of
/// 4.64; at 64 kbit/s, at 4.43 or more.
pub const LISTENING_BITRATE: u32 = 128_000;

/// The maximum number of encodings to find the setting with the requested real bitrate.
const TRIES: usize = 6;
/// The accepted relative deviation of the real bitrate.
const NEAR: f64 = 0.01;

/// Why Opus did not code a signal.
#[derive(Debug, thiserror::Error)]
pub enum OpusError {
    #[error(
        "Opus can't code at {0} bit/s; opusenc takes {first} to {last}",
        first = OPUS_BITRATES.start(),
        last = OPUS_BITRATES.end()
    )]
    Bitrate(u32),
    #[error("there are no samples to encode with Opus")]
    Empty,
    #[error("sample {0} is NaN or infinite; Opus can't encode it")]
    NotFinite(usize),
    #[error("cannot write to the folder of temporary files {place}: {0}", place = std::env::temp_dir().display())]
    Temporary(std::io::Error),
    #[error("cannot run {tool}: {source}")]
    Run { tool: &'static str, source: std::io::Error },
    #[error("{tool} failed ({status}): {said}")]
    Failed { tool: &'static str, status: std::process::ExitStatus, said: String },
    #[error("cannot read the output of opusenc: {0}")]
    Read(std::io::Error),
    #[error("the output of opusenc is not a complete Ogg Opus file: {0}")]
    Ogg(String),
    #[error(transparent)]
    Speech(#[from] DataError),
}

/// A signal after coding with Opus.
#[derive(Clone, Debug, PartialEq)]
pub struct Coded {
    /// The same number of samples as the input, without a delay.
    pub samples: Vec<f32>,
    /// Bits of all Opus packets, without the Ogg container.
    pub bits: u64,
}

/// The installed tools.
#[derive(Clone, Debug)]
pub struct Opus {
    version: String,
    /// Whether opusenc has an option for speech.
    speech: bool,
}

impl Opus {
    /// None if opusenc or opusdec is not on PATH.
    pub fn find() -> Option<Self> {
        output(Command::new(DECODER).arg("--version"), DECODER).ok()?;
        let version = output(Command::new(ENCODER).arg("--version"), ENCODER).ok()?;
        let help = output(Command::new(ENCODER).arg("--help"), ENCODER).ok()?;
        let version = version.lines().next().unwrap_or_default().trim_start_matches(ENCODER).trim().to_owned();
        Some(Self { version, speech: help.contains("--speech") })
    }

    /// Such as `opus-tools 0.2 (using libopus 1.3.1)`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Encodes one channel at 16 kHz (full scale ±1, converted to 16 bits) and decodes it again.
    ///
    /// The settings are frames of 20 ms, complexity 10, the option for speech, and constrained variable bitrate, which
    /// sounds better than a constant one at equal bits. The real size of a variable bitrate depends on the speech. The
    /// setting is therefore searched until the real bitrate is within 1 % of the requested one, with at most 6
    /// encodings; the nearest one is used. The real bitrate is the bytes of all Opus packets divided by the duration of
    /// the samples. The codec's remaining delay, between a fraction of a sample and two samples, is found at the
    /// maximum of the cross-correlation and removed.
    ///
    /// # Errors
    /// [`OpusError`]: bitrates outside 6 to 256 kbit/s, no samples, samples that are not finite, tools that fail.
    pub fn code(&self, samples: &[f32], bitrate: u32) -> Result<Coded, OpusError> {
        if !OPUS_BITRATES.contains(&bitrate) {
            return Err(OpusError::Bitrate(bitrate));
        }
        if samples.is_empty() {
            return Err(OpusError::Empty);
        }
        if let Some(at) = samples.iter().position(|x| !x.is_finite()) {
            return Err(OpusError::NotFinite(at));
        }
        let folder = tempfile::tempdir().map_err(temporary)?;
        let [original, encoded, decoded] =
            ["original.wav", "encoded.opus", "decoded.wav"].map(|n| folder.path().join(n));
        write_wav(&original, samples)?;
        let target = f64::from(bitrate) * samples.len() as f64 / f64::from(RATE);
        let bits = self.encode_near(&original, &encoded, f64::from(bitrate), target)?;
        let mut decoder = Command::new(DECODER);
        // Floats, because opusdec would dither 16-bit samples.
        decoder.args(["--quiet", "--float", "--rate", &RATE.to_string()]).arg(&encoded).arg(&decoded);
        output(&mut decoder, DECODER)?;
        Ok(Coded { samples: align::aligned(samples, &read_audio(&decoded)?), bits })
    }

    /// An Ogg Opus file of a WAV file, at [`LISTENING_BITRATE`]. The same tool writes the same bytes.
    ///
    /// # Errors
    /// [`OpusError`]: no WAV file, or the tool fails.
    pub fn to_listen_to(&self, wav: &Path) -> Result<Vec<u8>, OpusError> {
        let folder = tempfile::tempdir().map_err(temporary)?;
        let encoded = folder.path().join("encoded.opus");
        let mut encoder = Command::new(ENCODER);
        // The default serial number is random, and the default padding is room for tags.
        // Without constraint, voiced speech takes twice the bitrate.
        encoder.args(["--quiet", "--serial", "1", "--padding", "0", "--cvbr"]);
        encoder.args(["--bitrate", &kilobits(f64::from(LISTENING_BITRATE))]).arg(wav).arg(&encoded);
        output(&mut encoder, ENCODER)?;
        std::fs::read(encoded).map_err(OpusError::Read)
    }

    /// Encodes with the setting whose size is nearest to the target. Returns the number of bits.
    fn encode_near(&self, original: &Path, encoded: &Path, bitrate: f64, target: f64) -> Result<u64, OpusError> {
        // Settings that spend too little and too much.
        let (mut low, mut high) = (f64::from(*OPUS_BITRATES.start()), f64::from(*OPUS_BITRATES.end()));
        let mut setting = bitrate;
        let mut best: Option<(f64, u64, Vec<u8>)> = None;
        for _ in 0..TRIES {
            self.encode(original, encoded, setting)?;
            let bytes = std::fs::read(encoded).map_err(OpusError::Read)?;
            let bits = 8 * ogg::packet_bytes(&bytes).map_err(OpusError::Ogg)?;
            let ratio = bits as f64 / target;
            if best.as_ref().is_none_or(|(least, ..)| (ratio - 1.0).abs() < *least) {
                best = Some(((ratio - 1.0).abs(), bits, bytes));
            }
            if (ratio - 1.0).abs() <= NEAR || (ratio > 1.0 && setting <= low) {
                break;
            }
            if ratio < 1.0 {
                low = setting
            } else {
                high = setting
            }
            let next = setting / ratio;
            // Linear interpolation if it lies between the two, else halfway.
            setting = if low < next && next < high { next } else { (low + high) / 2.0 };
        }
        let (_, bits, bytes) = best.expect("there is a first try");
        std::fs::write(encoded, bytes).map_err(temporary)?;
        Ok(bits)
    }

    fn encode(&self, original: &Path, encoded: &Path, bitrate: f64) -> Result<(), OpusError> {
        let mut encoder = Command::new(ENCODER);
        encoder.args(["--quiet", "--cvbr", "--framesize", "20", "--comp", "10"]);
        if self.speech {
            encoder.arg("--speech");
        }
        encoder.args(["--bitrate", &kilobits(bitrate)]).arg(original).arg(encoded);
        output(&mut encoder, ENCODER).map(drop)
    }
}

/// A bitrate as opusenc takes it.
fn kilobits(bitrate: f64) -> String {
    format!("{:.3}", bitrate / 1e3)
}

/// The error of temporary files, without their names.
fn temporary(error: std::io::Error) -> OpusError {
    OpusError::Temporary(crate::temporary::plain(error))
}

/// The output of a tool, which must exit with success.
fn output(command: &mut Command, tool: &'static str) -> Result<String, OpusError> {
    let output = command.stdin(Stdio::null()).output().map_err(|source| OpusError::Run { tool, source })?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        Ok(said(&output.stdout))
    } else {
        Err(OpusError::Failed { tool, status: output.status, said: said(&output.stderr) })
    }
}

#[cfg(test)]
mod tests;
