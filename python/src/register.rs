//! Methods written in Python.
//!
//! The core takes plain functions, which can't hold Python objects. Each registered method therefore gets a slot, with
//! functions of its own that look the callables up.

use std::cell::Cell;
use std::sync::{Mutex, PoisonError, RwLock};

use numpy::{PyArray1, PyArray2, PyArray3, PyArrayMethods, PyReadonlyArray2, PyReadonlyArray3, PyUntypedArrayMethods};
use pyo3::prelude::*;
use vqlab_core::baseline::{Error, Progress, Watch};
use vqlab_core::complexity::{ComplexityError, Operations, Shape};
use vqlab_core::data::stream::key64;
use vqlab_core::quantizer::{Assign, Codebooks, Definition, Encoder, Method, Train, TrainRequest, register as add};

use crate::arrays::{check_columns, slice, table};
use crate::errors::{runtime, value};

/// The callables of a method, as `vqlab/_register.py` wraps them.
struct Callbacks {
    label: &'static str,
    is_product: bool,
    most_stages: usize,
    nsvq: bool,
    /// (x, stages, size, iterations, seed) → codebooks.
    train: Py<PyAny>,
    /// (codebooks, x) → codes (int64).
    encode: Py<PyAny>,
    /// (codebooks, codes) → vectors; None = codewords are added, or concatenated.
    decode: Option<Py<PyAny>>,
    /// (dim, stages, size) → four counts.
    operations: Py<PyAny>,
}

static SLOTS: RwLock<Vec<Callbacks>> = RwLock::new(Vec::new());

/// The first exception of a callback since a call with methods of Python began. Other calls, also those of a callback
/// itself, leave it alone: it belongs to the call that the callback works for.
static FAILURE: Mutex<Option<PyErr>> = Mutex::new(None);

pub fn failure() -> Option<PyErr> {
    FAILURE.lock().unwrap_or_else(PoisonError::into_inner).take()
}

thread_local! {
    /// Whether this thread runs a callback.
    static IN_CALLBACK: Cell<bool> = const { Cell::new(false) };
}

/// Whether a call on these methods may take the exceptions of callbacks.
pub fn has_callbacks(methods: &[Method]) -> bool {
    methods.iter().any(|method| matches!(method, Method::Registered(_))) && !IN_CALLBACK.get()
}

/// Calls `work` with the callables of a slot. None where an exception was raised, which is kept for the caller of the
/// whole work, or where Python shuts down.
fn call<T>(slot: usize, work: impl FnOnce(Python, &Callbacks) -> PyResult<T>) -> Option<T> {
    let outcome = Python::try_attach(|py| {
        let slots = SLOTS.read().unwrap_or_else(PoisonError::into_inner);
        let callbacks = slots.get(slot).ok_or_else(|| runtime("the method is not registered"))?;
        let cloned = Callbacks {
            train: callbacks.train.clone_ref(py),
            encode: callbacks.encode.clone_ref(py),
            decode: callbacks.decode.as_ref().map(|decode| decode.clone_ref(py)),
            operations: callbacks.operations.clone_ref(py),
            ..*callbacks
        };
        // A callback may register a method itself.
        drop(slots);
        let before = IN_CALLBACK.replace(true);
        let result = work(py, &cloned);
        IN_CALLBACK.set(before);
        result
    })?;
    match outcome {
        Ok(result) => Some(result),
        Err(error) => {
            FAILURE.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            None
        }
    }
}

/// The search of a slot's method.
struct Foreign {
    slot: usize,
    codebooks: Option<Py<PyArray3<f32>>>,
}

impl Assign for Foreign {
    fn prepare(&mut self, books: &Codebooks) {
        let shape = [books.stages(), books.size(), books.width()];
        self.codebooks = call(self.slot, |py, _| {
            let array = PyArray1::from_slice(py, books.values()).reshape(shape)?;
            array.call_method1("setflags", (false,))?;
            Ok(array.unbind())
        });
    }

    fn assign(&mut self, books: &Codebooks, residual: &mut [f32], indices: &mut [u32]) {
        let (dimension, stages, size) = (books.dimension(), books.stages(), books.size());
        let rows = residual.len() / dimension;
        let codebooks = self.codebooks.as_ref();
        let done = call(self.slot, |py, callbacks| {
            let codebooks = codebooks.ok_or_else(|| runtime("the codebooks are missing"))?;
            let x = table(py, residual.to_vec(), [rows, dimension])?;
            let codes = callbacks.encode.call1(py, (codebooks, x))?;
            let array: PyReadonlyArray2<i64> = codes.extract(py)?;
            check_columns("the codes of encode", array.shape()[1], stages)?;
            for (index, (at, code)) in indices.iter_mut().zip(slice(&array)?.iter().enumerate()) {
                let code = usize::try_from(*code).ok().filter(|code| *code < size);
                let code = code.ok_or_else(|| value("encode returned a code that is out of range"))?;
                *index = (at % stages * size + code) as u32;
            }
            let Some(decode) = &callbacks.decode else {
                residual.chunks_exact_mut(dimension).zip(indices.chunks_exact(stages)).for_each(|(x, indices)| {
                    books.subtract(indices, x);
                });
                return Ok(());
            };
            let decoded = decode.call1(py, (codebooks, codes))?;
            let decoded: PyReadonlyArray2<f32> = decoded.extract(py)?;
            check_columns("the vectors of decode", decoded.shape()[1], dimension)?;
            residual.iter_mut().zip(slice(&decoded)?).for_each(|(x, q)| *x -= q);
            Ok(())
        });
        if done.is_none() {
            // The whole work ends with the exception; until then the codes must be valid.
            indices.iter_mut().enumerate().for_each(|(at, index)| *index = (at % stages * size) as u32);
        }
    }
}

fn assign_in<const SLOT: usize>(_: &Encoder) -> Box<dyn Assign> {
    Box::new(Foreign { slot: SLOT, codebooks: None })
}

fn train_in<const SLOT: usize>(request: &TrainRequest, _: &mut Progress, _: &mut Watch) -> Result<Codebooks, Error> {
    let TrainRequest { method, vectors, dimension, stages, size, iterations, name, .. } = *request;
    let trained = call(SLOT, |py, callbacks| {
        let x: Bound<PyArray2<f32>> = table(py, vectors.to_vec(), [vectors.len() / dimension, dimension])?;
        // Equal requests have equal seeds.
        let seed = key64(name) >> 32;
        let books = callbacks.train.call1(py, (x, stages, size, iterations, seed))?;
        let books: PyReadonlyArray3<f32> = books.extract(py)?;
        if books.shape()[..2] != [stages, size] {
            return Err(value("train returned codebooks of another shape"));
        }
        Codebooks::new(method, dimension, stages, size, slice(&books)?.to_vec()).map_err(value)
    });
    trained.ok_or_else(|| request.error("the Python function failed"))
}

fn operations_in<const SLOT: usize>(shape: &Shape) -> Result<Operations, ComplexityError> {
    let sizes = (shape.dimension, shape.stages, shape.size);
    let counts = call(SLOT, |py, callbacks| callbacks.operations.call1(py, sizes)?.extract(py));
    let [additions, multiplications, moves, branches] = counts.unwrap_or([0u64; 4]).map(u128::from);
    Ok(Operations { additions, multiplications, moves, branches })
}

type Functions = (fn(&Encoder) -> Box<dyn Assign>, Train, fn(&Shape) -> Result<Operations, ComplexityError>);

macro_rules! functions {
    ($($slot:literal)*) => { [$((assign_in::<$slot>, train_in::<$slot>, operations_in::<$slot>)),*] };
}

/// One entry for each method that Python can register.
static FUNCTIONS: [Functions; 32] =
    functions!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);

/// Registers a method, or replaces the callables of one that was registered before.
#[pyfunction]
#[allow(clippy::too_many_arguments)]
pub fn register(
    label: String,
    is_product: bool,
    most_stages: usize,
    nsvq: bool,
    train: Py<PyAny>,
    encode: Py<PyAny>,
    decode: Option<Py<PyAny>>,
    operations: Py<PyAny>,
) -> PyResult<()> {
    let mut slots = SLOTS.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = slots.iter_mut().find(|known| known.label.eq_ignore_ascii_case(&label)) {
        if (known.is_product, known.most_stages, known.nsvq) != (is_product, most_stages, nsvq) {
            return Err(value(format!(
                "the method {label} is registered with another product, max_stages or nsvq; give it another name, or \
                 restart Python"
            )));
        }
        let label = known.label;
        *known = Callbacks { label, is_product, most_stages, nsvq, train, encode, decode, operations };
        return Ok(());
    }
    let Some((assign, own_train, own_operations)) = FUNCTIONS.get(slots.len()).copied() else {
        return Err(value(format!("at most {} methods can be registered", FUNCTIONS.len())));
    };
    // The core keeps names for the life of the process.
    let label: &'static str = Box::leak(label.into_boxed_str());
    let definition = Definition {
        is_product,
        most_stages,
        has_nsvq: nsvq,
        is_linear: nsvq,
        train: Some(own_train),
        ..Definition::new(label, assign, own_operations)
    };
    add(definition).map_err(value)?;
    slots.push(Callbacks { label, is_product, most_stages, nsvq, train, encode, decode, operations });
    Ok(())
}
