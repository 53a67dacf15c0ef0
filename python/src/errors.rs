//! Errors of the core as Python exceptions.

use pyo3::PyErr;
use pyo3::exceptions::{PyMemoryError, PyRuntimeError, PyValueError};
use vqlab_core::baseline;
use vqlab_core::fit::FitError;
use vqlab_core::recommend::RecommendError;

/// A ValueError with the text of an error.
pub fn value(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(text(error))
}

pub fn runtime(error: impl std::fmt::Display) -> PyErr {
    PyRuntimeError::new_err(text(error))
}

pub fn of_fit(error: FitError) -> PyErr {
    match error {
        FitError::Memory { .. } | FitError::Kmeans(baseline::Error::Memory { .. }) => {
            PyMemoryError::new_err(text(error))
        }
        FitError::Diverged(_) | FitError::Stopped => runtime(error),
        error => value(error),
    }
}

pub fn of_recommend(error: RecommendError) -> PyErr {
    match error {
        RecommendError::Fit(error) => of_fit(error),
        RecommendError::Memory { .. } => PyMemoryError::new_err(text(error)),
        RecommendError::Stopped | RecommendError::NothingFitted(_) | RecommendError::Threads { .. } => runtime(error),
        error => value(error),
    }
}

/// Messages of the core name options of the command line; here they are arguments.
pub fn text(error: impl std::fmt::Display) -> String {
    let options = [("--jobs 1", "threads=1"), ("--jobs", "threads"), ("--beam-width", "beam_width"), ("--", "")];
    options.iter().fold(error.to_string(), |text, (option, argument)| text.replace(option, argument))
}
