//! Speech as a kind of data: read, generated, written.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::folder::Layout;
use super::{Amount, Part, SpeechData, Utterance, synthetic, wav_bytes};
use crate::data::choice::Run;
use crate::data::error::DataError;
use crate::data::file::Output;
use crate::data::folder::{Made, NewFolder};
use crate::data::parts::{InUse, Kind};
use crate::data::threads::on_all_cores;

/// Utterances held in memory at once while files are written.
const WINDOW: usize = 64;

/// The kind of [`SpeechData`].
#[derive(Debug)]
pub enum SpeechKind {}

impl Kind for SpeechKind {
    type Element = Utterance;

    const KIND: &'static str = "speech";
    const ITEMS: &'static str = "utterances";
    const SYNTHETIC: &'static str = super::SYNTHETIC;
    const MOST: u64 = 1 << 16;

    fn read(choice: &SpeechData, folder: &Path) -> Result<[Vec<Utterance>; 2], DataError> {
        Layout::find(folder)?.read([choice.training, choice.test].map(Amount::Exactly))
    }

    fn generate(choice: &SpeechData, seed: u64) -> Result<[Vec<Utterance>; 2], DataError> {
        on_all_cores("making speech", || Part::ALL.map(|part| utterances(part, seed, 0..choice.count(part))))
    }

    /// Every utterance after its number of samples; numbers as 64-bit integers, samples as 32-bit floats,
    /// little-endian.
    fn hash(utterances: &[Utterance], hash: &mut Sha256) {
        hash.update((utterances.len() as u64).to_le_bytes());
        for utterance in utterances {
            hash.update((utterance.samples.len() as u64).to_le_bytes());
            let bytes: Vec<u8> = utterance.samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            hash.update(bytes);
        }
    }

    /// Writes 16-bit WAV files into the folders `train` and `test`. They hold exactly the generated samples.
    fn fill(choice: &SpeechData, seed: u64, folder: &NewFolder, run: &Run) -> Result<Made, DataError> {
        let mut done = 0;
        for (part, name) in Part::ALL.into_iter().zip(["train", "test"]) {
            let inner = folder.below(name)?;
            for first in (0..choice.count(part)).step_by(WINDOW) {
                if run.stop.load(Ordering::Relaxed) {
                    return Ok(Made::Stopped);
                }
                let numbers = first..choice.count(part).min(first + WINDOW as u64);
                for utterance in on_all_cores("making speech", || utterances(part, seed, numbers))? {
                    let mut file = Output::new(&inner.join(format!("{}.wav", utterance.name))).begin()?;
                    file.write(&wav_bytes(&utterance.samples))?;
                    file.commit()?;
                    done += 1;
                }
                (run.progress)(done);
            }
        }
        Ok(Made::Whole)
    }

    fn in_use() -> &'static InUse<Self> {
        static IN_USE: InUse<SpeechKind> = Mutex::new(Vec::new());
        &IN_USE
    }
}

fn utterances(part: Part, seed: u64, numbers: std::ops::Range<u64>) -> Vec<Utterance> {
    numbers.into_par_iter().map(|i| synthetic::utterance(part, seed, i)).collect()
}
