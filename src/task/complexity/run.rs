//! Computes the operation counts of a cell.

use crate::complexity::{Model, Precision, count};
use crate::task::cell::ComplexitySettings;
use crate::task::{Outcome, TaskError};

/// Counts for single precision, as in the published figures: `wmops-MODEL` and `log10-wmops-MODEL` for every model.
pub(super) fn run(settings: &ComplexitySettings) -> Result<Outcome, TaskError> {
    let size = 1usize
        .checked_shl(settings.bits_per_stage)
        .ok_or_else(|| TaskError::Failed(format!("{} bits per stage are too many", settings.bits_per_stage)))?;
    let mut outcome = Outcome::default();
    for model in Model::ALL {
        let (dim, stages) = (settings.dimension, settings.stages);
        let operations = count(settings.method, dim, stages, size, settings.beam_width, model)
            .map_err(|e| TaskError::Failed(e.to_string()))?;
        let mut add = |name: &str, value| outcome.metrics.insert(format!("{name}-{}", model.name()), value);
        add("wmops", operations.wmops(Precision::Single));
        add("log10-wmops", operations.log10_wmops(Precision::Single));
    }
    Ok(outcome)
}
