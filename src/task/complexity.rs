//! Operation counts as cells, so that Figures 4c and 6b take the same way as everything else.

use super::{Outcome, TaskError};
use crate::spec::ComplexitySettings;

pub(super) fn run(_settings: &ComplexitySettings) -> Result<Outcome, TaskError> {
    Err(TaskError::Failed("not built yet".into()))
}
