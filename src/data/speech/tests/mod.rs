//! Tests of both kinds of files, of folders and their errors, and of the sharing of opened sets.

mod files;
mod flac;
mod folders;
mod waves;

use std::path::PathBuf;

use rand::Rng;

use super::*;
use crate::data::DataError;
use crate::data::stream::stream;

/// The samples of a file's bytes.
fn decode(bytes: &[u8]) -> Result<Vec<f32>, String> {
    super::audio::decode(bytes).map(|audio| audio.samples)
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn data(&self, limits: [Option<u64>; 2]) -> Result<SpeechData, DataError> {
        SpeechData::folder(self.0.path(), limits)
    }

    fn open(&self) -> std::sync::Arc<Speech> {
        Speech::open(&self.data([None; 2]).unwrap()).unwrap()
    }

    #[track_caller]
    fn refused(&self, parts: &[&str]) {
        let error = self.data([None; 2]).unwrap_err().to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{parts:?}: {error}");
    }
}

/// 16-bit noise at half of full scale, different for every name.
fn noise(name: &str, n: usize) -> Vec<f32> {
    let mut rng = stream(name);
    (0..n).map(|_| f32::from((rng.next_u64() >> 49) as i16 - 16_384) / 32_768.0).collect()
}

/// A WAV file of one second.
fn second(name: &str) -> Vec<u8> {
    wav_bytes(&noise(name, 16_000))
}
