//! Nearest-neighbor search.

use numpy::{PyArray2, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use vqlab_core::memory::product;
use vqlab_core::search::{self, Codes, Neighbors, Norms, SearchError};

use crate::arrays::{check_columns, slice, table};
use crate::books::Books;
use crate::errors::{check_memory, text, value};
use crate::pools::pool;
use crate::run::{Control, borrowed, quick};

/// Look-ups or multiplications of a search that runs without a thread that looks for signals.
const QUICK: usize = 1 << 25;

/// Codes of an index that is built without such a thread.
const QUICK_CODES: usize = 1 << 18;

/// Bytes of a neighbor: distance and id as they are found, and in NumPy's types.
const FOUND_BYTES: usize = 20;

type Found<'py> = (Bound<'py, PyArray2<f32>>, Bound<'py, PyArray2<i64>>);

/// Encoded vectors, ready for search.
#[pyclass(frozen, module = "vqlab._native", name = "Index")]
pub struct Index {
    index: search::Index,
    dimension: usize,
    stages: usize,
}

/// Distances and ids, n × k; ids beyond a small base are −1, their distances infinite.
fn found<'py>(py: Python<'py>, neighbors: Neighbors, count: usize, k: usize) -> PyResult<Found<'py>> {
    let Neighbors { k: there, ids, distances } = neighbors;
    let ids: Vec<i64> = ids.into_iter().map(i64::from).collect();
    if there == k {
        return Ok((table(py, distances, [count, k])?, table(py, ids, [count, k])?));
    }
    let (mut all_distances, mut all_ids) = (vec![f32::INFINITY; count * k], vec![-1; count * k]);
    if there > 0 {
        for (row, (distances, ids)) in distances.chunks_exact(there).zip(ids.chunks_exact(there)).enumerate() {
            all_distances[row * k..][..there].copy_from_slice(distances);
            all_ids[row * k..][..there].copy_from_slice(ids);
        }
    }
    Ok((table(py, all_distances, [count, k])?, table(py, all_ids, [count, k])?))
}

/// Rejects more neighbors than memory holds. Few ones are not compared with the available memory, which takes longer
/// than a small search.
fn check_found(count: usize, k: usize) -> PyResult<()> {
    if count.saturating_mul(k) < 1 << 22 {
        return Ok(());
    }
    check_memory(&format!("k={k} for {count} queries"), product(&[FOUND_BYTES, count, k]))
}

fn failed(error: SearchError) -> PyErr {
    match error {
        SearchError::NotFinite { what, row, column, value: found } => {
            let name = if what == "query" { "queries" } else { "base" };
            value(format!("{name}: row {row}, column {column} holds {found}; only finite numbers are allowed"))
        }
        SearchError::TooFar { row, column } => value(format!(
            "queries: row {row}, column {column} is so far from the codewords that float32 can't tell distances apart; \
             do the queries belong to these codebooks?"
        )),
        SearchError::Stopped => PyRuntimeError::new_err("stopped"),
        error => value(text(error)),
    }
}

#[pymethods]
impl Index {
    #[new]
    fn new(
        py: Python,
        books: &Bound<Books>,
        codes: &Bound<PyAny>,
        norms: &str,
        threads: Option<usize>,
    ) -> PyResult<Self> {
        let books = &books.get().books;
        let norms = match norms {
            "exact" => Norms::Exact,
            "byte" => Norms::Byte,
            "none" => Norms::Omitted,
            _ => return Err(value(format!("unknown norms {norms:?}; known: exact, byte, none"))),
        };
        let pool = pool(py, threads)?;
        let build = |codes: Codes| {
            let control = Control::of(&[books.method()]);
            let run = || pool.install(|| search::Index::new_until(books, codes, norms, &control.stop));
            let index =
                if codes.len() < QUICK_CODES { quick(py, &control, run) } else { borrowed(py, &control, None, run) }?;
            Ok(Self { index: index.map_err(failed)?, dimension: books.dimension(), stages: books.stages() })
        };
        if let Ok(bytes) = codes.extract::<PyReadonlyArray2<u8>>() {
            check_columns("codes", bytes.shape()[1], books.stages())?;
            return build(Codes::U8(slice(&bytes)?));
        }
        let words = codes.extract::<PyReadonlyArray2<u16>>()?;
        check_columns("codes", words.shape()[1], books.stages())?;
        build(Codes::U16(slice(&words)?))
    }

    fn __len__(&self) -> usize {
        self.index.len()
    }

    #[getter]
    fn bits_per_vector(&self) -> u32 {
        self.index.bits_per_vector()
    }

    /// The k nearest of each query.
    fn search<'py>(
        &self,
        py: Python<'py>,
        queries: PyReadonlyArray2<f32>,
        k: usize,
        threads: Option<usize>,
    ) -> PyResult<Found<'py>> {
        check_columns("queries", queries.shape()[1], self.dimension)?;
        let pool = pool(py, threads)?;
        let (count, vectors) = (queries.shape()[0], slice(&queries)?);
        check_found(count, k)?;
        let control = Control::default();
        let run = || pool.install(|| self.index.search_until(vectors, k, &control.stop));
        let lookups = count.saturating_mul(self.index.len()).saturating_mul(self.stages);
        let neighbors = if lookups < QUICK { quick(py, &control, run) } else { borrowed(py, &control, None, run) };
        found(py, neighbors?.map_err(failed)?, count, k)
    }
}

/// The k nearest vectors of `base` for each query, by brute force.
#[pyfunction]
pub fn exact_neighbors<'py>(
    py: Python<'py>,
    base: PyReadonlyArray2<f32>,
    queries: PyReadonlyArray2<f32>,
    k: usize,
    threads: Option<usize>,
) -> PyResult<Found<'py>> {
    let dimension = base.shape()[1];
    check_columns("queries", queries.shape()[1], dimension)?;
    let pool = pool(py, threads)?;
    let (vectors, asked) = (slice(&base)?, slice(&queries)?);
    check_found(queries.shape()[0], k)?;
    let control = Control::default();
    let run = || pool.install(|| search::exact_neighbors_until(vectors, asked, dimension, k, &control.stop));
    let multiplications = queries.shape()[0].saturating_mul(vectors.len());
    let neighbors = if multiplications < QUICK { quick(py, &control, run) } else { borrowed(py, &control, None, run) };
    found(py, neighbors?.map_err(failed)?, queries.shape()[0], k)
}
