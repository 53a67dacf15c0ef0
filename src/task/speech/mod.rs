//! Speech coding: not there yet.

use super::{Context, Outcome, TaskError};
use crate::spec::SpeechSettings;

pub(super) fn run(_: &SpeechSettings, _: u64, _: &Context) -> Result<Outcome, TaskError> {
    Err(TaskError::Failed("not there yet".into()))
}

pub(super) fn cost(_: &SpeechSettings) -> f64 {
    1.0
}
