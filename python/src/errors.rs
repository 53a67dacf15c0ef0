//! Errors of the core as Python exceptions.

use std::path::Path;

use pyo3::exceptions::{PyMemoryError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::{PyErr, PyResult};
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

/// The OSError that `open` raises for this file.
pub fn of_file(error: &std::io::Error, path: &Path) -> PyErr {
    match error.raw_os_error() {
        // Python chooses FileNotFoundError and others by the number, and adds the path.
        Some(number) => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or_default().to_owned();
            PyOSError::new_err((number, text, path.as_os_str().to_owned()))
        }
        None => PyErr::from(std::io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
    }
}

/// Rejects a result that memory can't hold.
pub fn check_memory(what: &str, bytes: u64) -> PyResult<()> {
    let shortage = vqlab_core::memory::check(bytes, vqlab_core::memory::available());
    shortage.map_err(|shortage| PyMemoryError::new_err(format!("{what} needs {shortage}")))
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
    let options = [("--jobs 1", "threads=1"), ("--jobs", "threads"), ("--beam-width", "beam_width"), (" --", " ")];
    options.iter().fold(error.to_string(), |text, (option, argument)| text.replace(option, argument))
}
