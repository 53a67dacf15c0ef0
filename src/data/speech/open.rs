//! Opened speech.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rayon::prelude::*;

use super::folder::{Layout, digest};
use super::{Amount, Part, SpeechData, SpeechError, Utterance, synthetic};
use crate::data::threads::on_all_cores;

/// Sets that are in use in this process, with their identities.
static OPENED: Mutex<Vec<(String, Weak<Speech>)>> = Mutex::new(Vec::new());

/// An opened set. All its samples are in memory.
#[derive(Debug)]
pub struct Speech {
    data: SpeechData,
    parts: Parts,
}

/// The utterances of the parts, in the order of [`Part::ALL`].
#[derive(Debug)]
pub struct Parts(pub(super) [Vec<Utterance>; 2]);

impl Speech {
    /// Reads files, or makes synthetic speech on all cores. Callers in one process share the samples of the same data
    /// while one of them holds them.
    ///
    /// # Errors
    /// The errors of [`SpeechData::folder`]; [`SpeechError::Settings`] if settings and files disagree, for instance
    /// because the files have changed.
    pub fn open(data: &SpeechData) -> Result<Arc<Self>, SpeechError> {
        let identity = serde_json::json!([data, data.path]).to_string();
        // A panic elsewhere can't damage the list.
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        opened.retain(|(_, speech)| speech.strong_count() > 0);
        let found = opened.iter().find(|(name, _)| *name == identity);
        if let Some(speech) = found.and_then(|(_, speech)| speech.upgrade()) {
            return Ok(speech);
        }
        let speech = Arc::new(Self { data: data.clone(), parts: Parts::new(data)? });
        opened.push((identity, Arc::downgrade(&speech)));
        Ok(speech)
    }

    pub fn data(&self) -> &SpeechData {
        &self.data
    }

    /// Training utterances.
    pub fn training(&self) -> &[Utterance] {
        self.parts.part(Part::Training)
    }

    /// Test utterances, of speakers that no training hears.
    pub fn test(&self) -> &[Utterance] {
        self.parts.part(Part::Test)
    }
}

impl Parts {
    fn new(data: &SpeechData) -> Result<Self, SpeechError> {
        data.check_counts()?;
        match (&data.path, data.seed) {
            (Some(path), None) => Self::files(data, path),
            (None, Some(seed)) => Self::made(data, seed),
            (None, None) => Err(SpeechError::Settings(format!("{}: the settings give no folder", data.name))),
            (Some(path), Some(_)) => {
                let reason = format!("{}: files have no seed; give either a folder or a seed", path.display());
                Err(SpeechError::Settings(reason))
            }
        }
    }

    fn files(data: &SpeechData, path: &Path) -> Result<Self, SpeechError> {
        let parts = Layout::find(path)?.read([data.training, data.test].map(Amount::Exactly))?;
        if data.digest.as_ref().is_some_and(|expected| *expected != digest(&parts)) {
            let reason =
                format!("{}: the speech has changed and doesn't match the settings; start again", path.display());
            return Err(SpeechError::Settings(reason));
        }
        Ok(parts)
    }

    fn made(data: &SpeechData, seed: u64) -> Result<Self, SpeechError> {
        let doing = "making speech";
        let make = |part| (0..data.count(part)).into_par_iter().map(|i| synthetic::utterance(part, seed, i)).collect();
        let parts = on_all_cores(|| Part::ALL.map(make)).map_err(|reason| SpeechError::Threads { doing, reason })?;
        Ok(Self(parts))
    }

    pub fn part(&self, part: Part) -> &[Utterance] {
        &self.0[part as usize]
    }
}
