//! The names of the excerpts that cells keep to listen to.

use crate::data::speech::SpeechData;

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

fn identity(data: &SpeechData) -> String {
    match (&data.digest, data.seed) {
        (Some(digest), _) => format!("original-{}", digest.get(..16).unwrap_or(digest)),
        (None, seed) => format!("original-{}-{}", data.name, seed.unwrap_or(1)),
    }
}
