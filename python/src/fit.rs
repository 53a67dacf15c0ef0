//! Training.

use std::sync::Arc;
use std::time::Duration;

use numpy::{PyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use vqlab_core::fit::{FitSettings, Fitted, Sampled, Selection, check_memory};
use vqlab_core::memory::available;
use vqlab_core::quantizer::Provenance;
use vqlab_core::training::Trainer;

use crate::arrays::slice;
use crate::books::Books;
use crate::errors::{of_fit, value};
use crate::operations::method;
use crate::pools::pool;
use crate::run::{Control, owned};

/// The rows of a sample, ascending: those that [`fit`] reads of `of` vectors.
#[pyfunction]
pub fn choose_rows(py: Python, of: usize, sample: usize, share: f64, seed: u64) -> PyResult<Bound<PyArray1<i64>>> {
    let selection = Selection::new(of, sample, share, seed).map_err(of_fit)?;
    Ok(PyArray1::from_iter(py, selection.rows().iter().map(|row| *row as i64)))
}

/// Copies the rows of a sample from `x`, which holds all rows, or the chosen ones alone.
pub fn gather(selection: &Selection, x: &PyReadonlyArray2<f32>, all: bool) -> PyResult<Sampled> {
    let (dimension, values) = (x.shape()[1], slice(x)?);
    selection.gather(dimension, |position, row, out| {
        let at = if all { row } else { position };
        let Some(found) = values.get(at * dimension..(at + 1) * dimension) else {
            return Err(value("x: axis 0 has another length than the sample"));
        };
        if let Some(column) = found.iter().position(|v| !v.is_finite()) {
            let found = found[column];
            return Err(value(format!("x: row {row}, column {column} holds {found}; remove or replace such vectors")));
        }
        out.copy_from_slice(found);
        Ok(())
    })
}

/// A time in seconds.
pub fn seconds(budget: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(budget).map_err(|_| value(format!("budget={budget} is not a time in seconds")))
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Asked {
    method: String,
    stages: usize,
    bits: u32,
    trainer: String,
    beam_width: Option<usize>,
    training_beam_width: Option<usize>,
    budget: Option<f64>,
    updates: Option<u64>,
    refit: Option<bool>,
    seed: u64,
    sample: usize,
    validation: f64,
}

impl Asked {
    fn settings(&self) -> PyResult<FitSettings> {
        let method = method(&self.method)?;
        let trainer = match self.trainer.as_str() {
            "kmeans" => Trainer::Kmeans,
            "nsvq" => Trainer::Nsvq,
            name => return Err(value(format!("unknown trainer {name:?}; known: kmeans, nsvq"))),
        };
        let default = FitSettings::new(method, self.stages, self.bits);
        Ok(FitSettings {
            trainer,
            beam_width: self.beam_width.unwrap_or(default.beam_width),
            training_beam_width: self.training_beam_width.unwrap_or(default.training_beam_width),
            budget: self.budget.map(seconds).transpose()?,
            updates: self.updates,
            // As in the command.
            refit: self.refit.unwrap_or(trainer == Trainer::Kmeans),
            seed: self.seed,
            ..default
        })
    }
}

/// Trains codebooks on a sample of `of` vectors. `x` holds all of them, or the rows of [`choose_rows`] alone. Returns
/// the codebooks and a dictionary with the report.
#[pyfunction]
pub fn fit<'py>(
    py: Python<'py>,
    x: PyReadonlyArray2<f32>,
    of: usize,
    asked: &Bound<'py, PyDict>,
    threads: Option<usize>,
    progress: Option<Py<PyAny>>,
) -> PyResult<(Books, Bound<'py, PyDict>)> {
    let asked: Asked = asked.extract()?;
    let settings = asked.settings()?;
    let dimension = x.shape()[1];
    settings.check(dimension).map_err(of_fit)?;
    let selection = Selection::new(of, asked.sample, asked.validation, asked.seed).map_err(of_fit)?;
    let counts = selection.counts();
    check_memory(&settings, counts, dimension, 0, available()).map_err(of_fit)?;
    let sampled = gather(&selection, &x, x.shape()[0] == of)?;
    drop(x);
    let (control, pool) = (Arc::new(Control::of(&[settings.method])), pool(py, threads)?);
    let plan = settings.clone();
    let fitted = owned(py, &control, progress.as_ref(), move |control| {
        let mut go_on = |done: f64| {
            control.done(done);
            !control.stopped()
        };
        let Sampled { training, validation, dimension, .. } = sampled;
        pool.install(|| vqlab_core::fit::fit(&training, &validation, dimension, &plan, &mut go_on))
    })?;
    let fitted = fitted.map_err(of_fit)?;
    let report = report(py, &settings, counts, of, &fitted)?;
    let provenance = Provenance {
        beam_width: settings.beam_width,
        trainer: settings.trainer.name().into(),
        provenance: format!("fit in Python with seed {}", settings.seed),
    };
    Ok((Books::of(fitted.codebooks, provenance, fitted.search), report))
}

fn report<'py>(
    py: Python<'py>,
    settings: &FitSettings,
    [training, validation]: [usize; 2],
    of: usize,
    fitted: &Fitted,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("method", settings.method.name())?;
    dict.set_item("dim", fitted.codebooks.dimension())?;
    dict.set_item("stages", settings.stages)?;
    dict.set_item("bits", settings.bits_per_stage)?;
    dict.set_item("trainer", settings.trainer.name())?;
    dict.set_item("seed", settings.seed)?;
    dict.set_item("vectors", of)?;
    dict.set_item("training_vectors", training)?;
    dict.set_item("validation_vectors", validation)?;
    dict.set_item("variance", fitted.variance)?;
    dict.set_item("training_mse", fitted.training_mse)?;
    dict.set_item("validation_mse", fitted.validation_mse)?;
    dict.set_item("refitted", fitted.refitted)?;
    dict.set_item("iterations", fitted.curve.last().map_or(0, |point| point.0))?;
    dict.set_item("curve", &fitted.curve)?;
    dict.set_item("seconds", fitted.seconds)?;
    dict.set_item("ended", fitted.ended.name())?;
    if fitted.training_mse.is_nan() {
        return Err(PyRuntimeError::new_err("the training diverged"));
    }
    Ok(dict)
}
