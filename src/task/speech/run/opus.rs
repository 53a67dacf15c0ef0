//! Scores of Opus on the test utterances, for orientation. All methods of a sweep share them, so they are computed once
//! and kept.

use sha2::{Digest, Sha256};

use super::evaluate::{Scores, keep};
use super::{Work, failed};
use crate::data::folder::hex;
use crate::speech::{EXCERPTS, Opus, opus_name};
use crate::task::TaskError;

/// The scores at a bitrate. `None` if they are not requested or the tools are not installed.
pub(super) fn scores(work: &Work, bitrate: u32) -> Result<Option<Scores>, TaskError> {
    if !work.settings.evaluation.opus {
        return Ok(None);
    }
    let Some(opus) = Opus::find() else { return Ok(None) };
    let identity =
        serde_json::json!([work.settings.data, bitrate, opus.version(), env!("CARGO_PKG_VERSION")]).to_string();
    let name = format!("opus-{}.json", &hex(&Sha256::digest(identity))[..24]);
    let path = work.context.shared_folder().map(|folder| folder.join(name));
    // A damaged file counts as missing.
    let kept = path.as_ref().and_then(|path| std::fs::read(path).ok());
    if let Some(scores) = kept.and_then(|bytes| serde_json::from_slice::<Scores>(&bytes).ok()) {
        return Ok(Some(scores));
    }
    let mut scores = Scores::default();
    for (i, utterance) in work.speech.test().iter().enumerate() {
        work.context.check()?;
        let coded = opus.code(&utterance.samples, bitrate);
        let coded = coded.map_err(|error| failed(format!("Opus, {}: {error}", utterance.name)))?;
        scores.add(&utterance.name, &utterance.samples, &coded.samples, coded.bits)?;
        if i < EXCERPTS {
            keep(work, &opus_name(&work.settings.data, bitrate, i), &coded.samples)?;
        }
    }
    if let Some(path) = path {
        let text = serde_json::to_vec(&scores).map_err(failed)?;
        crate::temporary::replace(&path, &text).map_err(|error| failed(format!("{}: {error}", path.display())))?;
    }
    Ok(Some(scores))
}
