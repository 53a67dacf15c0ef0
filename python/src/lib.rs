//! The native part of the Python package `vqlab`: a thin layer over vqlab-core. It converts arguments, releases the GIL,
//! and turns errors into exceptions. Checks of arrays, defaults and documentation are in the Python sources
//! (`python/vqlab`), which alone call this module.

mod arrays;
mod books;
mod errors;
mod fit;
mod index;
mod nsvq;
mod operations;
mod pools;
mod recommend;
mod register;
mod run;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    use super::*;

    #[pymodule_export]
    use super::books::Books;
    #[pymodule_export]
    use super::fit::{choose_rows, fit};
    #[pymodule_export]
    use super::index::{Index, exact_neighbors};
    #[pymodule_export]
    use super::nsvq::{assign, replace_unused};
    #[pymodule_export]
    use super::operations::{count_operations, methods};
    #[pymodule_export]
    use super::recommend::{choose_sample, recommend};
    #[pymodule_export]
    use super::register::register;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("cpu_level", vqlab_core::level::level().name())
    }
}
