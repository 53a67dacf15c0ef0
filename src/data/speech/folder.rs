//! Folders of speech.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{Amount, Audio, MOST_SAMPLES, Part, RATE, SpeechData, SpeechKind, Utterance};
use crate::data::choice::DataChoice;
use crate::data::error::DataError;
use crate::data::folder::{by_number, holds, name_of, names};
use crate::data::parts::{digest, items};
use crate::data::threads::on_all_cores;

/// The accepted content of a folder.
const ACCEPTED: &str = "WAV and FLAC files in folders whose names begin with train and test, or anywhere in the \
                        folder, where the first of every ten speakers is for the test";

/// One of this many speakers is for the test.
const EVERY: usize = 10;

/// The maximum depth of folders. A link to a folder above it would never end.
const DEEPEST: usize = 16;

/// Endings of audio files.
const ENDINGS: [&str; 3] = ["wav", "wave", "flac"];

/// The shortest utterance in samples, and the minimum level of its loudest window in dB. PESQ can't judge less.
const SHORTEST: usize = RATE as usize / 2;
const SILENCE_DB: f64 = -70.0;

/// Samples of the windows, one of which must be louder.
const WINDOW: usize = 512;

/// Files read at once.
const AT_ONCE: usize = 32;

/// A file and its speaker.
#[derive(Debug)]
struct Recording {
    path: PathBuf,
    name: String,
    speaker: String,
}

/// The files of a set, in the order of [`Part::ALL`].
#[derive(Debug)]
pub struct Layout([Vec<Recording>; 2]);

impl Layout {
    /// Finds the files of the only set in a folder.
    ///
    /// # Errors
    /// [`DataError::Folder`] with the found and the accepted files;
    /// [`FileError::Read`](crate::data::file::FileError).
    pub fn find(folder: &Path) -> Result<Self, DataError> {
        let mut names = names(folder)?;
        names.sort_by(|a, b| by_number(a, b));
        let refused = |reason: String| Err(no_set(folder, reason));
        let below = |prefix: &str| -> Vec<PathBuf> {
            let found = names.iter().filter(|name| name.starts_with(prefix)).map(|name| folder.join(name));
            found.filter(|path| path.is_dir()).collect()
        };
        let parts = match (below("train"), below("test")) {
            (training, test) if training.is_empty() && test.is_empty() => {
                let found = recordings(folder)?;
                if found.is_empty() {
                    return refused(format!("it has no WAV or FLAC file, it holds {}", holds(&names)));
                }
                match split(found) {
                    Some(parts) => parts,
                    None => {
                        return refused(
                            "it holds a single speaker, who can't be in both training and test; add others".into(),
                        );
                    }
                }
            }
            (_, test) if test.is_empty() => return refused("it holds train, but test is missing".into()),
            (training, _) if training.is_empty() => return refused("it holds test, but train is missing".into()),
            (training, test) => {
                if let Some(name) = names.iter().find(|name| is_audio(&folder.join(name))) {
                    return refused(format!("it holds {name} beside train and test; move it into one of them"));
                }
                let part = |folders: Vec<PathBuf>| -> Result<Vec<Recording>, DataError> {
                    let mut all = Vec::new();
                    for folder in folders {
                        let found = recordings(&folder)?;
                        if found.is_empty() {
                            let reason = "it has no WAV or FLAC file".into();
                            return Err(no_set(&folder, reason));
                        }
                        all.extend(found);
                    }
                    Ok(all)
                };
                [part(training)?, part(test)?]
            }
        };
        let layout = Self(parts.map(in_turn));
        let [training, test] = layout.speakers();
        match training.intersection(&test).next() {
            Some(speaker) => refused(format!("speaker {speaker} is in both parts; move all its files into one part")),
            None => Ok(layout),
        }
    }

    fn speakers(&self) -> [BTreeSet<&str>; 2] {
        self.0.each_ref().map(|files| files.iter().map(|file| file.speaker.as_str()).collect())
    }

    /// Reads the first utterances of each part, as many as `amounts` say, with the speakers in turn. Training
    /// utterances that can't be used are left out.
    ///
    /// # Errors
    /// Files that are damaged or can't be read; [`DataError::Item`] for a test file that can't be used;
    /// [`DataError::Count`] if there are too few utterances.
    pub fn read(&self, amounts: [Amount; 2]) -> Result<[Vec<Utterance>; 2], DataError> {
        let mut parts = [Vec::new(), Vec::new()];
        let mut samples = 0;
        for ((part, out), amount) in Part::ALL.into_iter().zip(&mut parts).zip(amounts) {
            let wanted = amount.most().map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
            let mut rest = &self.0[part as usize][..];
            while !rest.is_empty() && out.len() < wanted {
                let (files, later) = rest.split_at(rest.len().min(AT_ONCE).min(wanted - out.len()));
                rest = later;
                let read = || files.par_iter().map(|file| file.read(part)).collect::<Vec<_>>();
                // The first error in the order of the files, whichever occurred first.
                for found in on_all_cores("reading speech", read)? {
                    if let Some(utterance) = found? {
                        samples += utterance.samples.len();
                        out.push(utterance);
                    }
                }
                if samples > MOST_SAMPLES {
                    let hours = MOST_SAMPLES / (3600 * RATE as usize);
                    let reason = format!("there are more than {hours} hours of speech; use fewer utterances");
                    return Err(DataError::Choice(reason));
                }
            }
            let least = if let Amount::Exactly(asked) = amount { asked } else { 1 };
            DataError::check_count(items::<SpeechKind>(part), least, out.len() as u64)?;
        }
        Ok(parts)
    }
}

fn no_set(folder: &Path, reason: String) -> DataError {
    DataError::Folder { path: folder.into(), reason, accepted: ACCEPTED }
}

/// Takes the speakers in turn, so that the first utterances are from as many speakers as possible.
fn in_turn(files: Vec<Recording>) -> Vec<Recording> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut with_turns: Vec<(usize, Recording)> = Vec::new();
    for file in files {
        let turn = counts.entry(file.speaker.clone()).or_default();
        with_turns.push((*turn, file));
        *turn += 1;
    }
    with_turns.sort_by_key(|(turn, _)| *turn);
    with_turns.into_iter().map(|(_, file)| file).collect()
}

impl Recording {
    /// None for a training utterance that can't be used.
    fn read(&self, part: Part) -> Result<Option<Utterance>, DataError> {
        let samples = Audio::read_wideband(&self.path)?;
        match (useless(&samples), part) {
            (None, _) => Ok(Some(Utterance { name: self.name.clone(), speaker: self.speaker.clone(), samples })),
            (Some(_), Part::Training) => Ok(None),
            (Some(reason), Part::Test) => Err(DataError::Item { path: self.path.clone(), reason }),
        }
    }
}

/// Why an utterance can't be used. None if it can.
fn useless(samples: &[f32]) -> Option<String> {
    if samples.len() < SHORTEST {
        let (seconds, shortest) = (samples.len() as f64 / f64::from(RATE), SHORTEST as f64 / f64::from(RATE));
        return Some(format!("it lasts {seconds:.2} s, a test needs {shortest} s; remove it"));
    }
    let mean = samples.iter().map(|v| f64::from(*v)).sum::<f64>() / samples.len() as f64;
    let power = |window: &[f32]| window.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / WINDOW as f64;
    let least = 10_f64.powf(SILENCE_DB / 10.0);
    (!samples.chunks(WINDOW).any(|window| power(window) > least)).then(|| "it is silent; remove it".into())
}

/// The audio files of a folder and of the folders below it, in order.
fn recordings(folder: &Path) -> Result<Vec<Recording>, DataError> {
    let mut found = Vec::new();
    search(folder, None, 0, &mut found)?;
    Ok(found)
}

/// `within` is the name of the folder, unless the folder is a part.
fn search(folder: &Path, within: Option<&str>, depth: usize, out: &mut Vec<Recording>) -> Result<(), DataError> {
    if depth == DEEPEST {
        let reason = format!("it lies {DEEPEST} folders deep; is it a link to a folder above?");
        return Err(no_set(folder, reason));
    }
    let mut names = names(folder)?;
    names.sort_by(|a, b| by_number(a, b));
    for name in names.iter().filter(|name| !name.starts_with('.')) {
        let path = folder.join(name);
        if path.is_dir() {
            search(&path, Some(name), depth + 1, out)?;
        } else if is_audio(&path) {
            let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let speaker = speaker(&stem).or(within).unwrap_or(&stem).to_owned();
            out.push(Recording { path, name: stem, speaker });
        }
    }
    Ok(())
}

/// The speaker of a LibriSpeech file name, SPEAKER-CHAPTER-NUMBER.
fn speaker(stem: &str) -> Option<&str> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match stem.split('-').collect::<Vec<_>>()[..] {
        [speaker, chapter, number] if !speaker.is_empty() && is_number(chapter) && is_number(number) => Some(speaker),
        _ => None,
    }
}

fn is_audio(path: &Path) -> bool {
    let known = |ending: &std::ffi::OsStr| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known));
    path.extension().is_some_and(known) && !path.is_dir()
}

/// Takes the first of every ten speakers for the test. None if there is only one speaker.
fn split(files: Vec<Recording>) -> Option<[Vec<Recording>; 2]> {
    let mut speakers: Vec<String> = files.iter().map(|file| file.speaker.clone()).collect();
    speakers.sort_by(|a, b| by_number(a, b));
    speakers.dedup();
    if speakers.len() < 2 {
        return None;
    }
    let is_test = |file: &Recording| {
        let at = speakers.binary_search_by(|speaker| by_number(speaker, &file.speaker));
        at.is_ok_and(|at| at % EVERY == 0)
    };
    let (test, training) = files.into_iter().partition(is_test);
    Some([training, test])
}

impl SpeechData {
    /// Opens a folder, and reads all used utterances once to compute the digest. The utterances are WAV and FLAC files
    /// (see [`Audio::read_wideband`]; other files are ignored). They are
    /// - in folders whose names begin with `train`, and in folders whose names begin with `test`, or in folders below
    ///   them;
    /// - or, without such folders, anywhere in the folder. Then the first, the eleventh and so on of the sorted
    ///   speakers are for the test.
    ///
    /// Files are sorted by name, folder by folder, numbers by their value. The speaker is the first part of a name like
    /// `1594-135914-0000` (LibriSpeech). For other names it is the folder of the file, if that is below the part's
    /// folder, and else the file itself. No speaker may be in both parts. Files that are shorter than half a second or
    /// silent can't be judged. They are an error in the test part, and are left out of the training part. Files of less
    /// than 16 kHz are an error in both parts: the metrics are for wideband speech, and training would mix envelopes
    /// without and with the upper band.
    ///
    /// `limits` (training, test) keeps only the first utterances of a part; None keeps all.
    ///
    /// # Errors
    /// [`DataError::Folder`]; damaged files; [`DataError::Narrowband`]; limits above the number of utterances.
    pub fn folder(path: &Path, amounts: [impl Into<Amount>; 2]) -> Result<Self, DataError> {
        let amounts = amounts.map(Into::into);
        let layout = Layout::find(path)?;
        let name = name_of(path)?.unwrap_or("speech".into());
        let asked = amounts.map(|amount| amount.most().unwrap_or(1));
        Self::of_folder(path, name.clone(), asked).check_counts()?;
        let parts = layout.read(amounts)?;
        let counts = parts.each_ref().map(|utterances| utterances.len() as u64);
        let data = Self { digest: Some(digest::<SpeechKind>(&parts)), ..Self::of_folder(path, name, counts) };
        data.check_counts()?;
        Ok(data)
    }
}
