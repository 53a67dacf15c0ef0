//! The toy experiment: a quantizer trained alone on drawn vectors, measured by its mean squared error.

use super::{Context, Outcome, TaskError};
use crate::spec::ToySettings;

pub(super) fn run(_settings: &ToySettings, _seed: u64, _context: &Context) -> Result<Outcome, TaskError> {
    Err(TaskError::Failed("not built yet".into()))
}

pub(super) fn cost(_settings: &ToySettings) -> f64 {
    1.0
}
