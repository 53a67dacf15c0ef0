//! What the layer for PyTorch needs: the choice of codewords for codebooks that change at every step, and codebook
//! replacement.

use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArray3, PyReadwriteArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use rayon::prelude::*;
use vqlab_core::data::stream::stream;
use vqlab_core::quantizer::{BatchUsage, Codebooks, assigner, residuals};

use crate::arrays::{check_columns, check_finite, slice};
use crate::books::{check_beam, named_search};
use crate::errors::value;
use crate::operations::method;
use crate::pools::pool;
use crate::run::{Control, borrowed, quick};

/// Vectors of the smallest part that a thread takes: each part prepares its own search.
const LEAST: usize = 64;

const QUICK: usize = 1 << 25;

fn codebooks(name: &str, values: &PyReadonlyArray3<f32>) -> PyResult<Codebooks> {
    let method = method(name)?;
    let &[stages, size, width] = values.shape() else { return Err(value("codebooks have 3 axes")) };
    let dimension = if method.is_product() { width.saturating_mul(stages) } else { width };
    Codebooks::new(method, dimension, stages, size, slice(values)?.to_vec()).map_err(value)
}

/// Writes the indices m·K + k of the chosen codewords, in the order of the stages, into `out` (n × M).
#[pyfunction]
#[allow(clippy::too_many_arguments)]
pub fn assign(
    py: Python,
    name: &str,
    values: PyReadonlyArray3<f32>,
    x: PyReadonlyArray2<f32>,
    mut out: PyReadwriteArray2<i64>,
    beam_width: usize,
    search: &str,
    threads: Option<usize>,
) -> PyResult<()> {
    let books = codebooks(name, &values)?;
    let (dimension, stages) = (books.dimension(), books.stages());
    check_columns("x", x.shape()[1], dimension)?;
    check_columns("out", out.shape()[1], stages)?;
    let beam = books.method().has_beam().then_some((named_search(search)?, beam_width));
    if beam.is_some() {
        check_beam(&books, beam_width)?;
    }
    let (rows, x) = (x.shape()[0], slice(&x)?);
    check_finite("x", x, dimension)?;
    if out.shape()[0] != rows {
        return Err(value("out: axis 0 has another length"));
    }
    let pool = pool(py, threads)?;
    let out = out.as_slice_mut().map_err(value)?;
    let part = rows.div_ceil(pool.current_num_threads()).max(LEAST);
    let run = || {
        pool.install(|| {
            x.par_chunks(part * dimension).zip(out.par_chunks_mut(part * stages)).for_each(|(x, out)| {
                let (_, mut indices) = residuals(&books, assigner(books.method(), beam).as_mut(), x);
                // Some searches return the codewords of a vector in another order.
                indices.chunks_exact_mut(stages).for_each(<[u32]>::sort_unstable);
                out.iter_mut().zip(indices).for_each(|(out, index)| *out = i64::from(index));
            });
        });
    };
    let multiplications = rows.saturating_mul(books.values().len());
    let control = Control::of(&[books.method()]);
    if multiplications < QUICK { quick(py, &control, run) } else { borrowed(py, &control, None, run) }
}

/// Codebooks in which codewords that fewer than `threshold` of the batches chose are replaced, and how many were.
#[pyfunction]
pub fn replace_unused<'py>(
    py: Python<'py>,
    name: &str,
    values: PyReadonlyArray3<f32>,
    counts: PyReadonlyArray1<u32>,
    batches: u32,
    threshold: f64,
    seed: &str,
) -> PyResult<(Bound<'py, PyArray1<f32>>, u64)> {
    let mut books = codebooks(name, &values)?;
    let counts = slice(&counts)?.to_vec();
    if counts.len() != books.stages() * books.size() {
        return Err(value("there must be a count for each codeword"));
    }
    let mut usage = BatchUsage::from_counts(batches, counts);
    let replaced = usage.replace(&mut books, threshold, &mut stream(seed));
    Ok((PyArray1::from_slice(py, books.values()), replaced))
}
