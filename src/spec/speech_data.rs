//! `[data]` of a speech experiment: synthetic speech, or a folder of the user's own.

use std::path::PathBuf;

use super::data_set::source;
use super::error::Checked;
use super::layer::Settings;
use crate::data::cache::Places;
use crate::data::speech::{Amount, SpeechData};

/// Sizes of the synthetic set where none are given.
const TRAINING: u64 = 60;
const TEST: u64 = 12;

/// How many utterances of a known data set are used where nothing is said: LibriSpeech has a hundred hours. They are
/// spread over the speakers.
const OF_KNOWN: [u64; 2] = [2_000, 300];

/// What [data] says: folder, utterances, test-utterances, seed.
type Written = (Option<PathBuf>, [Option<u64>; 2], u64);

/// The speech of a plan; files are read through once each, for their digest.
#[derive(Default)]
pub(super) struct SpeechSets(Vec<(Written, SpeechData)>);

impl SpeechSets {
    /// The set that these settings name.
    pub fn get(&mut self, settings: &Settings, places: &Places) -> Checked<&SpeechData> {
        let limits = ["data.utterances", "data.test-utterances"].map(|path| settings.whole(path));
        let source = source(settings, places, "synthetic speech")?;
        let folder = source.as_ref().map(|source| source.folder.clone());
        let written: Written = (folder, limits, settings.whole("data.seed").unwrap_or(1));
        if let Some(known) = self.0.iter().position(|(known, _)| *known == written) {
            return Ok(&self.0[known].1);
        }
        let data = match source {
            Some(source) => {
                let amount = |limit: Option<u64>, of_known: u64| match (limit, source.set) {
                    (Some(limit), _) => Amount::Exactly(limit),
                    (None, Some(_)) => Amount::AtMost(of_known),
                    (None, None) => Amount::All,
                };
                let amounts = [0, 1].map(|part: usize| amount(limits[part], OF_KNOWN[part]));
                let data = SpeechData::folder(&source.folder, amounts).map_err(|error| {
                    source.fault(
                        error,
                        "a folder with WAV or FLAC files, in folders whose names begin with train and test, or of two \
                         speakers or more",
                    )
                })?;
                SpeechData { name: source.name(data.name), ..data }
            }
            None => SpeechData::synthetic(limits[0].unwrap_or(TRAINING), limits[1].unwrap_or(TEST), written.2),
        };
        self.0.push((written, data));
        Ok(&self.0[self.0.len() - 1].1)
    }

    /// The name of the user's own data, if any are used: results on them get a folder of their own.
    pub fn own_name(&self) -> Option<String> {
        self.0.iter().find_map(|(_, data)| data.digest.is_some().then(|| data.name.clone()))
    }
}

/// Why numbers on these data can't stand against the published ones: synthetic speech is none. Which utterances the paper
/// tests on is not known, so that all real speech is as near to them as any; [`remark`] says what ours is.
pub(super) fn not_comparable(data: &SpeechData) -> Option<String> {
    data.digest.is_none().then(|| {
        format!(
            "the speech is no recording but {}: {} utterances to train on, {} to test on",
            data.name, data.training, data.test
        )
    })
}

/// What to say beside a comparison of real speech with the published numbers.
pub(super) fn remark(data: &SpeechData) -> Option<String> {
    data.digest.is_some().then(|| {
        format!(
            "the paper's test utterances are not stated; ours are {} of {}, trained on {}",
            data.test, data.name, data.training
        )
    })
}
