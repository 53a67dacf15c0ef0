//! `[data]` of a speech experiment: synthetic speech, or a folder of the user's own.

use std::path::Path;

use super::error::{Checked, Fault};
use super::layer::Settings;
use crate::data::speech::SpeechData;

/// Sizes of the synthetic set where none are given.
const TRAINING: u64 = 60;
const TEST: u64 = 12;

/// What [data] says: path, utterances, test-utterances, seed.
type Written = (Option<String>, [Option<u64>; 2], u64);

/// The speech of a plan; files are read through once each, for their digest.
#[derive(Default)]
pub(super) struct SpeechSets(Vec<(Written, SpeechData)>);

impl SpeechSets {
    /// The set that these settings name.
    pub fn get(&mut self, settings: &Settings) -> Checked<&SpeechData> {
        const PATH: &str = "data.path";
        let limits = ["data.utterances", "data.test-utterances"].map(|path| settings.whole(path));
        let path = settings.text(PATH).map(str::to_owned);
        settings.depends("data.seed", PATH, path.is_none(), "synthetic speech, without data.path")?;
        let written: Written = (path, limits, settings.whole("data.seed").unwrap_or(1));
        if let Some(known) = self.0.iter().position(|(known, _)| *known == written) {
            return Ok(&self.0[known].1);
        }
        let data = match (settings.node(PATH), &written.0) {
            (Some(node), Some(path)) => SpeechData::folder(Path::new(path), limits).map_err(|error| {
                Fault::new(node.span, format!("`{PATH}`: {error}")).allowed(
                    "a folder with WAV or FLAC files, in folders whose names begin with train and test, or of two speakers or \
                     more",
                )
            })?,
            _ => SpeechData::synthetic(limits[0].unwrap_or(TRAINING), limits[1].unwrap_or(TEST), written.2),
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
