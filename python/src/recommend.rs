//! The recommendation of a method.

use std::sync::Arc;

use numpy::{PyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use vqlab_core::recommend::{
    Candidate, Choice, Difference, Limits, RECALL_AT, Recommendation, References, Request, Step, Watch,
    recommend_vectors,
};

use crate::arrays::{check_columns, check_finite, slice};
use crate::books::search_name;
use crate::errors::{of_recommend, text};
use crate::fit::{gather, seconds};
use crate::operations::method;
use crate::pools::count;
use crate::run::{Control, owned};

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Asked {
    bits: Vec<u32>,
    max_wmops: Option<f64>,
    max_ms_per_vector: Option<f64>,
    max_codebook_bytes: Option<usize>,
    sample: usize,
    budget: f64,
    updates: Option<u64>,
    seed: u64,
    methods: Vec<String>,
}

impl Asked {
    fn request(self, threads: Option<usize>) -> PyResult<Request> {
        Ok(Request {
            bits: self.bits,
            limits: Limits {
                wmops: self.max_wmops,
                ms_per_vector: self.max_ms_per_vector,
                codebook_bytes: self.max_codebook_bytes,
            },
            sample: self.sample,
            budget: seconds(self.budget)?,
            updates: self.updates,
            jobs: count(threads)?,
            seed: self.seed,
        })
    }
}

/// The rows of a sample, ascending: those that [`recommend`] reads of `of` vectors. It also checks the request.
#[pyfunction]
pub fn choose_sample<'py>(
    py: Python<'py>,
    of: usize,
    dim: usize,
    asked: &Bound<'py, PyDict>,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let request = asked.extract::<Asked>()?.request(threads)?;
    let selection = vqlab_core::recommend::choose_sample(of, dim, &request).map_err(of_recommend)?;
    Ok(PyArray1::from_iter(py, selection.rows().iter().map(|row| *row as i64)))
}

/// Fits and measures all candidates on a sample of `of` vectors. `x` holds all of them, or the rows of
/// [`choose_sample`] alone.
#[pyfunction]
pub fn recommend<'py>(
    py: Python<'py>,
    x: PyReadonlyArray2<f32>,
    of: usize,
    queries: Option<PyReadonlyArray2<f32>>,
    asked: &Bound<'py, PyDict>,
    threads: Option<usize>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let asked: Asked = asked.extract()?;
    let methods = asked.methods.iter().map(|name| method(name)).collect::<PyResult<Vec<_>>>()?;
    let request = asked.request(threads)?;
    let dimension = x.shape()[1];
    let selection = vqlab_core::recommend::choose_sample(of, dimension, &request).map_err(of_recommend)?;
    let sampled = gather(&selection, &x, x.shape()[0] == of)?;
    drop(x);
    let queries = queries.as_ref().map(|queries| own_queries(queries, dimension)).transpose()?;
    let control = Arc::new(Control::of(&methods));
    let found = owned(py, &control, progress.as_ref(), move |control| {
        let fitted = |step: &Step| {
            control.done(step.done as f64 / step.total.max(1) as f64);
            control.say(format!("{} ({} of {})", text(&step.text), step.done, step.total));
        };
        let watch = Watch { stop: &control.stop, progress: &fitted };
        recommend_vectors(sampled, queries.as_deref(), Some(&methods), &request, &watch)
    })?;
    of_recommendation(py, &found.map_err(of_recommend)?)
}

fn own_queries(queries: &PyReadonlyArray2<f32>, dimension: usize) -> PyResult<Vec<f32>> {
    check_columns("queries", queries.shape()[1], dimension)?;
    let values = slice(queries)?;
    check_finite("queries", values, dimension)?;
    Ok(values.to_vec())
}

fn of_recommendation<'py>(py: Python<'py>, found: &Recommendation) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("dim", found.dimension)?;
    dict.set_item("vectors", found.of)?;
    dict.set_item("training_vectors", found.training)?;
    dict.set_item("validation_vectors", found.validation)?;
    dict.set_item("held_out_vectors", found.held_out)?;
    dict.set_item("queries", found.queries)?;
    dict.set_item("variance", found.variance)?;
    dict.set_item("spectral_flatness", found.flatness)?;
    dict.set_item("seconds", found.seconds)?;
    dict.set_item("recall_at", RECALL_AT)?;
    let candidates =
        found.candidates.iter().enumerate().map(|(place, candidate)| of_candidate(py, found, place, candidate));
    dict.set_item("candidates", PyList::new(py, candidates.collect::<PyResult<Vec<_>>>()?)?)?;
    let choices = found.choices.iter().map(|choice| of_choice(py, found, choice));
    dict.set_item("choices", PyList::new(py, choices.collect::<PyResult<Vec<_>>>()?)?)?;
    let left_out: Vec<(String, String)> =
        found.left_out.iter().map(|left| (left.shape.label(), text(&left.reason))).collect();
    dict.set_item("left_out", left_out)?;
    Ok(dict)
}

fn of_candidate<'py>(
    py: Python<'py>,
    found: &Recommendation,
    place: usize,
    candidate: &Candidate,
) -> PyResult<Bound<'py, PyDict>> {
    let choice = found.choices.iter().find(|choice| choice.bits == candidate.shape.bits());
    let dict = PyDict::new(py);
    dict.set_item("label", candidate.label())?;
    dict.set_item("method", candidate.shape.method.name())?;
    dict.set_item("total_bits", candidate.shape.bits())?;
    dict.set_item("stages", candidate.shape.stages)?;
    dict.set_item("bits", candidate.shape.bits_per_stage)?;
    dict.set_item("beam_width", candidate.beam_width)?;
    dict.set_item("search", candidate.search.map(search_name))?;
    dict.set_item("trainer", candidate.shape.trainer().name())?;
    dict.set_item("mse", candidate.mse.mean)?;
    dict.set_item("standard_error", candidate.mse.standard_error)?;
    let recall = candidate.recall.as_ref().map(|all| all.iter().map(|recall| recall.mean).collect::<Vec<_>>());
    dict.set_item("recall", recall)?;
    dict.set_item("wmops", candidate.wmops)?;
    dict.set_item("wmops_published", candidate.wmops_published)?;
    dict.set_item("wmops_lookup", candidate.wmops_lookup)?;
    dict.set_item("ms_per_vector", candidate.ms_per_vector)?;
    dict.set_item("codebook_bytes", candidate.codebook_bytes)?;
    dict.set_item("fit_seconds", candidate.fit_seconds)?;
    dict.set_item("fit_ended", candidate.ended.name())?;
    dict.set_item("allowed", candidate.allowed)?;
    dict.set_item("on_front_wmops", candidate.front.wmops)?;
    dict.set_item("on_front_ms", candidate.front.ms)?;
    dict.set_item("on_front_bytes", candidate.front.bytes)?;
    dict.set_item("equal_to_best", choice.is_some_and(|choice| choice.equal.contains(&place)))?;
    dict.set_item("chosen", choice.is_some_and(|choice| choice.chosen == Some(place)))?;
    Ok(dict)
}

fn of_choice<'py>(py: Python<'py>, found: &Recommendation, choice: &Choice) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("bits", choice.bits)?;
    dict.set_item("reason", found.reason(choice))?;
    dict.set_item("chosen", choice.chosen)?;
    dict.set_item("best", choice.best)?;
    dict.set_item("equal", &choice.equal)?;
    dict.set_item("within", choice.within)?;
    let difference =
        |difference: &Difference| (difference.candidate, difference.error.mean, difference.error.standard_error);
    dict.set_item("next", choice.next.as_ref().map(difference))?;
    dict.set_item("cheaper", choice.cheaper.as_ref().map(difference))?;
    dict.set_item("forbidden", choice.forbidden.as_ref().map(difference))?;
    let references = found.references.iter().find(|references| references.bits == choice.bits);
    let of = |value: fn(&References) -> Option<f64>| references.and_then(value);
    dict.set_item("gaussian_bound", of(|r| r.gaussian))?;
    dict.set_item("white_bound", of(|r| r.white))?;
    dict.set_item("scalar_mse", of(|r| Some(r.scalar)))?;
    dict.set_item("scalar_mse_principal_axes", of(|r| r.scalar_along_axes))?;
    Ok(dict)
}
