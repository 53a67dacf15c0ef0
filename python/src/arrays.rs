//! NumPy arrays as slices. The Python sources have checked and converted them; a wrong array is an error nevertheless.

use numpy::{Element, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray, PyUntypedArrayMethods, ndarray::Dimension};
use pyo3::prelude::*;
use vqlab_core::number::not_finite;

use crate::errors::value;

/// The numbers of a C-contiguous array, without a copy.
pub fn slice<'a, T: Element, D: Dimension>(array: &'a PyReadonlyArray<T, D>) -> PyResult<&'a [T]> {
    // `as_slice` alone would accept Fortran order.
    if !array.is_c_contiguous() {
        return Err(value("the array is not C-contiguous"));
    }
    array.as_slice().map_err(value)
}

/// Rejects an array whose rows have another length.
pub fn check_columns(what: &str, found: usize, expected: usize) -> PyResult<()> {
    if found == expected {
        return Ok(());
    }
    Err(value(format!("{what}: axis 1 has length {found}, expected {expected}")))
}

/// Rejects NaN and infinity in rows of `columns` numbers.
pub fn check_finite(what: &str, values: &[f32], columns: usize) -> PyResult<()> {
    match not_finite(values, columns) {
        None => Ok(()),
        Some((row, column, found)) => {
            Err(value(format!("{what}: row {row}, column {column} holds {found}; only finite numbers are allowed")))
        }
    }
}

/// A new array of rows × columns.
pub fn table<T: Element>(py: Python, values: Vec<T>, [rows, columns]: [usize; 2]) -> PyResult<Bound<PyArray2<T>>> {
    PyArray1::from_vec(py, values).reshape([rows, columns])
}
