//! `[data]` of a speech experiment: synthetic speech, or a folder of the user's own.

use std::path::Path;

use super::cell::SpeechData;
use super::error::{Checked, Fault};
use super::layer::Settings;

/// Utterances of the synthetic set where none are given.
const TRAINING: u64 = 60;
const TEST: u64 = 12;

/// What [data] says: path, utterances, test-utterances, seed.
type Written = (Option<String>, [Option<u64>; 2], u64);

/// The utterances of a plan; files are read through once each, for their digest.
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
            (Some(node), Some(path)) => SpeechData::folder(Path::new(path), limits)
                .map_err(|error| Fault::new(node.span, format!("`{PATH}`: {error}")).allowed("a folder"))?,
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
