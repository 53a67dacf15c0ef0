//! What a speech experiment's report has beside the others.

use super::format::whole;
use crate::spec::SpeechSettings;

/// The utterances, and what is trained on them.
pub(super) fn data_in_words(settings: &SpeechSettings) -> String {
    let data = &settings.data;
    let what = match data.digest.is_some() {
        true => data.name.clone(),
        false => format!("{} (made by this program, not recorded; seed {})", data.name, data.seed.unwrap_or(1)),
    };
    format!("{what}: {} utterances to train on, {} to test on", whole(data.training), whole(data.test))
}
