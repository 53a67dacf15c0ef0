//! The names of the excerpts that cells keep to listen to.

use crate::data::speech::{RATE, SpeechData};

/// Test utterances of which excerpts are kept, the first ones.
pub const EXCERPTS: usize = 2;

/// Of the utterance itself.
pub fn original_name(data: &SpeechData, i: usize) -> String {
    format!("{}-{i}.wav", identity(data))
}

/// Of what Opus leaves of it at `bitrate` bit/s.
pub fn opus_name(data: &SpeechData, bitrate: u32, i: usize) -> String {
    format!("{}-opus-{bitrate}-{i}.wav", identity(data))
}

/// Of what a cell's codec leaves of it at `bitrate` bit/s.
pub fn excerpt_name(key: &str, bitrate: u32, i: usize) -> String {
    format!("{key}-{bitrate}-{i}.wav")
}

/// The part of an utterance that is kept: three seconds from its first second on.
pub fn excerpt(samples: &[f32]) -> &[f32] {
    let second = RATE as usize;
    let begin = second.min(samples.len().saturating_sub(3 * second));
    &samples[begin..(begin + 3 * second).min(samples.len())]
}

fn identity(data: &SpeechData) -> String {
    match (&data.digest, data.seed) {
        (Some(digest), _) => format!("original-{}", digest.get(..16).unwrap_or(digest)),
        (None, seed) => format!("original-{}-{}", data.name, seed.unwrap_or(1)),
    }
}
