//! `[data]` of a speech experiment: synthetic speech, or a folder of the user's own.

use crate::data::speech::{Amount, SpeechData};
use crate::task::settings::data_set::{Source, SpecData};

/// Sizes of the synthetic set where none are given.
const TRAINING: u64 = 60;
const TEST: u64 = 12;

/// How many utterances of a known data set are used where nothing is said: LibriSpeech has a hundred hours. They are
/// spread over the speakers.
const OF_KNOWN: [u64; 2] = [2_000, 300];

impl SpecData for SpeechData {
    const SIZES: &'static [&'static str] = &["data.utterances", "data.test-utterances"];
    const SYNTHETIC: &'static str = "synthetic speech";
    const ALLOWED: &'static str = "a folder with WAV or FLAC files, in folders whose names begin with train and test, or of two \
                         speakers or more";

    fn of_folder(source: &Source, sizes: &[Option<u64>]) -> Result<Self, String> {
        let amount = |limit: Option<u64>, of_known: u64| match (limit, source.set) {
            (Some(limit), _) => Amount::Exactly(limit),
            (None, Some(_)) => Amount::AtMost(of_known),
            (None, None) => Amount::All,
        };
        let amounts = [0, 1].map(|part: usize| amount(sizes[part], OF_KNOWN[part]));
        let data = SpeechData::folder(&source.folder, amounts).map_err(|error| error.to_string())?;
        Ok(SpeechData { name: source.name(data.name), ..data })
    }

    fn synthetic(sizes: &[Option<u64>], seed: u64) -> Self {
        SpeechData::synthetic(sizes[0].unwrap_or(TRAINING), sizes[1].unwrap_or(TEST), seed)
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn is_own(&self) -> bool {
        self.digest.is_some()
    }
}

/// Why numbers on these data can't stand against the published ones: synthetic speech is none. Which utterances the paper
/// tests on is not known, so that all real speech is as near to them as any; [`remark`] says what ours is.
pub fn not_comparable(data: &SpeechData) -> Option<String> {
    data.digest.is_none().then(|| {
        format!(
            "the speech is no recording but {}: {} utterances to train on, {} to test on",
            data.name, data.training, data.test
        )
    })
}

/// What to say beside a comparison of real speech with the published numbers.
pub fn remark(data: &SpeechData) -> Option<String> {
    data.digest.is_some().then(|| {
        format!(
            "the paper's test utterances are not stated; ours are {} of {}, trained on {}",
            data.test, data.name, data.training
        )
    })
}
