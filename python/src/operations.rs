//! Operation counts, and the names of the methods.

use pyo3::prelude::*;
use vqlab_core::complexity::{Model, Precision, count};
use vqlab_core::quantizer::Method;

use crate::errors::value;

/// The method with this name.
pub fn method(name: &str) -> PyResult<Method> {
    Method::find(name).ok_or_else(|| value(format!("unknown method {name:?}; known: {}", Method::names().join(", "))))
}

/// The names of all known methods, registered ones included.
#[pyfunction]
pub fn methods() -> Vec<String> {
    Method::names()
}

/// (additions, multiplications, moves, branches), and WMOPS.
#[pyfunction]
pub fn count_operations(
    name: &str,
    dim: usize,
    stages: usize,
    size: usize,
    beam: Option<usize>,
    model: &str,
    double: bool,
) -> PyResult<([u128; 4], f64)> {
    let model = Model::ALL.into_iter().find(|known| known.name() == model);
    let model = model.ok_or_else(|| value("unknown model; known: published, corrected, lookup"))?;
    let operations = count(method(name)?, dim, stages, size, beam, model).map_err(value)?;
    let counts = [operations.additions, operations.multiplications, operations.moves, operations.branches];
    Ok((counts, operations.wmops(if double { Precision::Double } else { Precision::Single })))
}
