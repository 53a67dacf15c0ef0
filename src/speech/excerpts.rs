//! The names of the audio excerpts that cells keep.

use crate::data::speech::{RATE, SpeechData};

/// The number of test utterances with excerpts, the first ones.
pub const EXCERPTS: usize = 2;

/// The name of the original excerpt.
pub fn original_name(data: &SpeechData, i: usize) -> String {
    format!("{}-{i}.wav", identity(data))
}

/// The name of the excerpt coded with Opus at `bitrate` bit/s.
pub fn opus_name(data: &SpeechData, bitrate: u32, i: usize) -> String {
    format!("{}-opus-{bitrate}-{i}.wav", identity(data))
}

/// The name of the excerpt coded with a cell's codec at `bitrate` bit/s.
pub fn excerpt_name(key: &str, bitrate: u32, i: usize) -> String {
    format!("{key}-{bitrate}-{i}.wav")
}

/// The excerpt of an utterance: three seconds, starting after the first second.
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
