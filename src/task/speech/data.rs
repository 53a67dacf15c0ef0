//! `[data]` of a speech experiment: synthetic speech, or a folder of the user.

use super::settings;
use crate::data::cache::Places;
use crate::data::speech::{Amount, SpeechData};
use crate::number::whole;
use crate::task::DataNotes;
use crate::task::cell::CellSettings;
use crate::task::settings::data_set::{Opened, Source, SpecData};
use crate::task::settings::{Checked, Point, Settings};

/// Default sizes of the synthetic set.
const TRAINING: u64 = 60;
const TEST: u64 = 12;

/// Default number of utterances from a known data set, because LibriSpeech has a hundred hours. They are spread over
/// the speakers.
const OF_KNOWN: [u64; 2] = [2_000, 300];

impl SpecData for SpeechData {
    const SIZES: &'static [&'static str] = &["data.utterances", "data.test-utterances"];
    const ALLOWED: &'static str = "a folder with WAV or FLAC files, in folders whose names begin with train and test, \
                         or of two speakers or more";

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

    fn dimension(_: &mut Opened<Self>, settings: &Settings, _: &Places) -> Checked<usize> {
        Ok(settings::dimension(settings))
    }

    fn cell(self, settings: &Settings, point: Point) -> Checked<CellSettings> {
        settings::resolve(settings, point, self).map(CellSettings::Speech)
    }

    fn notes(&self) -> DataNotes {
        DataNotes {
            not_comparable: not_comparable(self),
            remark: remark(self),
            synthetic: self.digest.is_none().then(|| self.name.clone()),
            items: self.test,
        }
    }
}

/// Why numbers on these data can't be compared with the published ones: the speech is synthetic. The test utterances of
/// the paper are not known, so all recorded speech is equally near to them. [`remark`] describes ours.
pub fn not_comparable(data: &SpeechData) -> Option<String> {
    data.digest.is_none().then(|| {
        format!(
            "the speech is not recorded but {}: {} training and {} test utterances",
            data.name,
            whole(data.training),
            whole(data.test)
        )
    })
}

/// The remark beside a comparison of recorded speech with the published numbers.
pub fn remark(data: &SpeechData) -> Option<String> {
    data.digest.is_some().then(|| {
        format!(
            "the paper does not state its test utterances; ours are {} of {}, trained on {}",
            data.test,
            data.name,
            whole(data.training)
        )
    })
}
