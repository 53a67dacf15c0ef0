//! Codebooks: encoding and decoding of arrays, and the codebook file.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use numpy::ndarray::ArrayView;
use numpy::{PyArray2, PyArray3, PyReadonlyArray2, PyReadonlyArray3, PyReadwriteArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use safetensors::SafeTensors;
use vqlab_core::codec::{ArrayEncoder, CodecError, CodesMut, Idle, Watch, better_search, decode_array};
use vqlab_core::fit::FitError;
use vqlab_core::quantizer::{Codebooks, Provenance, Search, checkpoint};
use vqlab_core::search::Codes;

use crate::arrays::{check_columns, slice};
use crate::errors::{of_file, runtime, text, value};
use crate::operations::method;
use crate::pools::pool;
use crate::run::{Control, borrowed, quick};

/// AVQ's search and beam width.
pub type Beam = Option<(Search, usize)>;

/// Work of fewer multiplications runs without a thread that looks for signals.
const QUICK: usize = 1 << 25;

/// Beams whose prepared searches are kept.
const KEPT: usize = 2;

/// Codebooks that never change.
#[pyclass(frozen, module = "vqlab._native", name = "Books")]
pub struct Books {
    pub books: Codebooks,
    provenance: Provenance,
    /// AVQ's search, where a fit chose one.
    search: Option<Search>,
    /// Searches that earlier calls prepared.
    prepared: Mutex<Vec<(Beam, Arc<Idle>)>>,
}

impl Books {
    pub fn of(books: Codebooks, provenance: Provenance, search: Option<Search>) -> Self {
        Self { books, provenance, search, prepared: Mutex::default() }
    }

    fn prepared(&self, beam: Beam) -> Arc<Idle> {
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, idle)) = prepared.iter().find(|(kept, _)| *kept == beam) {
            return idle.clone();
        }
        if prepared.len() == KEPT {
            prepared.remove(0);
        }
        let idle = Arc::new(Idle::default());
        prepared.push((beam, idle.clone()));
        idle
    }

    /// The search and beam width of a call: the arguments, else those of the fit. Where no fit chose a search, the
    /// better one on the first vectors.
    fn beam(&self, search: Option<&str>, width: Option<usize>) -> PyResult<impl Fn(&[f32]) -> Beam + Send + Sync> {
        let has_beam = self.books.method().has_beam();
        if !has_beam && (search.is_some() || width.is_some()) {
            let label = self.books.method().label();
            return Err(value(format!("{label} has no beam; beam_width and search are for AVQ alone")));
        }
        let width = width.unwrap_or(self.provenance.beam_width);
        if has_beam {
            check_beam(&self.books, width)?;
        }
        let search = search.map(named_search).transpose()?.or(self.search);
        let books = &self.books;
        Ok(move |x: &[f32]| has_beam.then(|| (search.unwrap_or_else(|| better_search(books, width, x)), width)))
    }

    fn multiplications(&self, rows: usize) -> usize {
        rows.saturating_mul(self.books.values().len())
    }

    fn watched<T: Send>(
        &self,
        py: Python,
        (rows, first, total): (usize, usize, usize),
        progress: Option<&Py<PyAny>>,
        work: impl FnOnce(&Watch) -> T + Send,
    ) -> PyResult<T> {
        let control = Control::of(&[self.books.method()]);
        let report = |done: usize| control.done((first + done) as f64 / total.max(1) as f64);
        let run = || work(&Watch { stop: &control.stop, progress: &report });
        if self.multiplications(rows) < QUICK {
            quick(py, &control, run)
        } else {
            borrowed(py, &control, progress, run)
        }
    }
}

/// The search with this name.
pub fn named_search(name: &str) -> PyResult<Search> {
    match name {
        "beam" => Ok(Search::Beam),
        "ordered" => Ok(Search::Ordered),
        _ => Err(value(format!("unknown search {name:?}; known: beam, ordered"))),
    }
}

/// The name that [`named_search`] takes. The released search has none: fits and recommendations never choose it.
pub fn search_name(search: Search) -> &'static str {
    if search == Search::Ordered { "ordered" } else { "beam" }
}

pub fn check_beam(books: &Codebooks, found: usize) -> PyResult<()> {
    let most = books.method().max_beam(books.stages(), books.size());
    let error = FitError::Beam { method: books.method(), found, most };
    if (1..=most).contains(&found) { Ok(()) } else { Err(value(error)) }
}

/// The exception of an error in a part of an array that begins at row `first`.
fn failed(error: CodecError, what: &str, first: usize) -> PyErr {
    match error {
        CodecError::Encode { row, reason } => value(format!("{what}: row {}: {}", first + row, text(reason))),
        CodecError::Codes(vqlab_core::quantizer::CodeError::OutOfRange { vector, stage, code, size }) => {
            let (row, most) = (first + vector, size - 1);
            value(format!("{what}: row {row}, column {stage} holds code {code}; allowed are 0 to {most}"))
        }
        error => runtime(error),
    }
}

#[pymethods]
impl Books {
    #[new]
    fn new(
        name: &str,
        values: PyReadonlyArray3<f32>,
        rotation: Option<PyReadonlyArray2<f32>>,
        beam_width: Option<usize>,
    ) -> PyResult<Self> {
        let method = method(name)?;
        let &[stages, size, width] = values.shape() else { return Err(value("codebooks have 3 axes")) };
        let dimension = if method.is_product() { width.saturating_mul(stages) } else { width };
        let numbers = slice(&values)?;
        if let Some(at) = numbers.iter().position(|v| !v.is_finite()) {
            let (stage, word, column) = (at / (size * width), at / width % size, at % width);
            let at = numbers[at];
            return Err(value(format!(
                "codebooks: codebook {stage}, codeword {word}, column {column} holds {at}; only finite numbers are allowed"
            )));
        }
        let mut books = Codebooks::new(method, dimension, stages, size, numbers.to_vec()).map_err(value)?;
        if let Some(rotation) = &rotation {
            check_columns("rotation", rotation.shape()[1], dimension)?;
            books = books.with_rotation(slice(rotation)?.to_vec()).map_err(value)?;
        }
        let beam_width = beam_width.unwrap_or(method.default_beam().min(method.max_beam(stages, size)));
        if method.has_beam() {
            check_beam(&books, beam_width)?;
        }
        let provenance = Provenance { beam_width, trainer: "import".into(), provenance: "a NumPy array".into() };
        Ok(Self::of(books, provenance, None))
    }

    /// Reads the bytes of a codebook file.
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        let (books, provenance) = checkpoint::parse(bytes).map_err(value)?;
        let header = SafeTensors::read_metadata(bytes).map_err(value)?.1;
        let search = header.metadata().as_ref().and_then(|metadata| metadata.get("search"));
        Ok(Self::of(books, provenance, search.and_then(|name| named_search(name).ok())))
    }

    #[staticmethod]
    fn load(path: PathBuf) -> PyResult<Self> {
        let bytes = std::fs::read(&path).map_err(|error| of_file(&error, &path))?;
        let failed = |reason: String| value(format!("{} is not a codebook file: {reason}", path.display()));
        checkpoint::parse(&bytes).map_err(failed)?;
        Self::from_bytes(&bytes)
    }

    /// The bytes of a codebook file.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let texts: Vec<(&str, String)> =
            self.search().map(|search| ("search", search.to_string())).into_iter().collect();
        let bytes = checkpoint::to_bytes_with(&self.books, &self.provenance, &texts).map_err(value)?;
        Ok(PyBytes::new(py, &bytes))
    }

    fn save(&self, py: Python, path: PathBuf) -> PyResult<()> {
        let texts: Vec<(&str, String)> =
            self.search().map(|search| ("search", search.to_string())).into_iter().collect();
        let saved = py.detach(|| checkpoint::save_with(&path, &self.books, &self.provenance, &[], &texts));
        saved.map_err(|error| match error {
            checkpoint::CheckpointError::Io(path, error) => of_file(&error, &path),
            error => value(error),
        })
    }

    #[getter]
    fn method(&self) -> String {
        self.books.method().name()
    }

    #[getter]
    fn dim(&self) -> usize {
        self.books.dimension()
    }

    #[getter]
    fn stages(&self) -> usize {
        self.books.stages()
    }

    #[getter]
    fn size(&self) -> usize {
        self.books.size()
    }

    #[getter]
    fn is_product(&self) -> bool {
        self.books.method().is_product()
    }

    #[getter]
    fn beam_width(&self) -> usize {
        self.provenance.beam_width
    }

    #[getter]
    fn search(&self) -> Option<&'static str> {
        self.search.and_then(|search| match search {
            Search::Beam => Some("beam"),
            Search::Ordered => Some("ordered"),
            Search::Released => None,
        })
    }

    #[getter]
    fn trainer(&self) -> &str {
        &self.provenance.trainer
    }

    #[getter]
    fn provenance(&self) -> &str {
        &self.provenance.provenance
    }

    /// M × K × width, read-only, without a copy.
    #[getter]
    fn codebooks<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray3<f32>>> {
        let books = &this.get().books;
        let view = ArrayView::from_shape((books.stages(), books.size(), books.width()), books.values());
        // SAFETY: the values are never changed or moved while this object lives: the class is frozen, no method takes
        // `&mut self`, and the array keeps the object alive as its base. The array is made read-only before anyone sees
        // it, and NumPy makes it writable again only if its base offers a writable buffer, which this class does not.
        let array = unsafe { PyArray3::borrow_from_array(&view.map_err(runtime)?, this.clone().into_any()) };
        array.call_method1("setflags", (false,))?;
        Ok(array)
    }

    /// OPQ's rotation, D × D.
    #[getter]
    fn rotation<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyArray2<f32>>>> {
        let dimension = self.books.dimension();
        let matrix = |rotation: &vqlab_core::quantizer::Rotation| {
            crate::arrays::table(py, rotation.matrix().to_vec(), [dimension, dimension])
        };
        self.books.rotation().map(matrix).transpose()
    }

    /// Writes the codes of `x` into `out`: uint8 for up to 256 codewords, else uint16. `place` is the first
    /// row and the number of rows of the array of which `x` is a part. Returns the mean squared error per coordinate.
    #[allow(clippy::too_many_arguments)]
    fn encode(
        &self,
        py: Python,
        x: PyReadonlyArray2<f32>,
        out: &Bound<PyAny>,
        place: (usize, usize),
        beam_width: Option<usize>,
        search: Option<&str>,
        threads: Option<usize>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<f64> {
        check_columns("x", x.shape()[1], self.books.dimension())?;
        let (first, total) = place;
        let beam = self.beam(search, beam_width)?;
        let pool = pool(py, threads)?;
        let (rows, vectors) = (x.shape()[0], slice(&x)?);
        let run = |py: Python, codes: CodesMut, width: &[usize]| {
            if width != [rows, self.books.stages()] {
                return Err(value("the codes have another shape"));
            }
            let work = |watch: &Watch| {
                pool.install(|| {
                    let beam = beam(vectors);
                    ArrayEncoder::new(&self.books, beam, &self.prepared(beam)).encode(vectors, codes, watch)
                })
            };
            let encoded = self.watched(py, (rows, first, total), progress.as_ref(), work)?;
            encoded.map_err(|error| failed(error, "x", first))
        };
        if let Ok(mut bytes) = out.extract::<PyReadwriteArray2<u8>>() {
            if self.books.size() > 256 {
                return Err(value("codes above 255 need uint16"));
            }
            let shape = bytes.shape().to_vec();
            return run(py, CodesMut::U8(bytes.as_slice_mut().map_err(value)?), &shape);
        }
        let mut words = out.extract::<PyReadwriteArray2<u16>>()?;
        let shape = words.shape().to_vec();
        run(py, CodesMut::U16(words.as_slice_mut().map_err(value)?), &shape)
    }

    /// The name of the better search of AVQ on these vectors.
    fn better_search(&self, py: Python, x: PyReadonlyArray2<f32>, beam_width: Option<usize>) -> PyResult<&'static str> {
        check_columns("x", x.shape()[1], self.books.dimension())?;
        let beam = self.beam(None, beam_width)?;
        let vectors = slice(&x)?;
        let chosen = quick(py, &Control::default(), || beam(vectors))?;
        Ok(search_name(chosen.map_or(Search::Beam, |(search, _)| search)))
    }

    /// Mean squared error per coordinate.
    fn mse(
        &self,
        py: Python,
        x: PyReadonlyArray2<f32>,
        first: usize,
        beam_width: Option<usize>,
        search: Option<&str>,
        threads: Option<usize>,
    ) -> PyResult<f64> {
        check_columns("x", x.shape()[1], self.books.dimension())?;
        let beam = self.beam(search, beam_width)?;
        let pool = pool(py, threads)?;
        let (rows, vectors) = (x.shape()[0], slice(&x)?);
        let work = |watch: &Watch| {
            pool.install(|| {
                let beam = beam(vectors);
                ArrayEncoder::new(&self.books, beam, &self.prepared(beam)).mse(vectors, watch)
            })
        };
        self.watched(py, (rows, 0, rows), None, work)?.map_err(|error| failed(error, "x", first))
    }

    /// Writes the vectors of codes (uint8 or uint16) into `out`.
    fn decode(
        &self,
        py: Python,
        codes: &Bound<PyAny>,
        mut out: PyReadwriteArray2<f32>,
        first: usize,
        threads: Option<usize>,
    ) -> PyResult<()> {
        check_columns("out", out.shape()[1], self.books.dimension())?;
        let pool = pool(py, threads)?;
        let rows = out.shape()[0];
        let out = out.as_slice_mut().map_err(value)?;
        let mut run = move |py: Python, codes: Codes| {
            if codes.len() != rows * self.books.stages() {
                return Err(value("the codes have another shape"));
            }
            let work = |watch: &Watch| pool.install(|| decode_array(&self.books, codes, &mut *out, watch));
            self.watched(py, (rows, 0, rows), None, work)?.map_err(|error| failed(error, "codes", first))
        };
        if let Ok(bytes) = codes.extract::<PyReadonlyArray2<u8>>() {
            return run(py, Codes::U8(slice(&bytes)?));
        }
        let words = codes.extract::<PyReadonlyArray2<u16>>()?;
        run(py, Codes::U16(slice(&words)?))
    }
}
