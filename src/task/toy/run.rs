//! The toy experiment: a quantizer is trained alone on drawn vectors. Its mean squared error is measured on the
//! training set (as in the published numbers) and on test vectors.

use std::cell::Cell as Flag;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crate::data::toy::{Batches, Set, ToySource};
use crate::memory;
use crate::quantizer::{Assign, Codebooks, assigner, repeats_codebook};
use crate::task::cell::{Cell, QuantizerSettings, Search, ToySettings, Vectors};
use crate::task::cost::{training_cost, vector_cost};
use crate::task::kept::Kept;
use crate::task::train::{TrainingSet, trained};
use crate::task::{Context, Outcome, TaskError};
use crate::training::{Trained, Training, squared_norm};

/// Vectors encoded between two checks of the cancel flag.
const CHUNK: u64 = 4096;

/// Share of the progress that training takes. The rest is evaluation.
const TRAINING_SHARE: f64 = 0.8;

pub(super) fn run(settings: &ToySettings, cell: &Cell, context: &Context) -> Result<Outcome, TaskError> {
    let (seed, key) = (cell.seed, cell.key());
    let source = ToySource::new(&settings.data, seed).map_err(TaskError::Failed)?;
    check_memory(settings)?;
    let mut set = ToySet { batches: Batches::new(&source), source: &source, settings };
    let pair = (&settings.quantizer, &settings.training);
    let shares = (0.0, TRAINING_SHARE);
    let since = Instant::now();
    let (trained, earlier_seconds) = trained(pair, settings.data.dimension, &key, &mut set, context, shares)?;
    let trained = match context.codebooks {
        true => {
            let (kept, trainer) = (Kept::new(context, &key), settings.training.trainer());
            let seconds = earlier_seconds + since.elapsed().as_secs_f64();
            let finished = kept.save(trained, &settings.quantizer, trainer, seconds);
            let finished = finished.map_err(|error| TaskError::Failed(error.to_string()))?;
            Trained { codebooks: finished.codebooks, log: finished.log }
        }
        false => trained,
    };
    let metrics = evaluate(settings, &source, &trained.codebooks, context)?;
    Ok(Outcome { metrics, log: trained.log, earlier_seconds, ..Outcome::default() })
}

/// Rejects a training set whose order, or for k-means whose vectors, the memory can't hold.
fn check_memory(settings: &ToySettings) -> Result<(), TaskError> {
    let Vectors::Fixed(count) = settings.data.vectors else { return Ok(()) };
    let each = if settings.training.nsvq().is_some() { 4 } else { 4 * settings.data.dimension as u64 };
    memory::check(each.saturating_mul(count), memory::available()).map_err(|shortage| {
        TaskError::Failed(format!("{count} training vectors need {shortage}; use a smaller `data.vectors`"))
    })
}

struct ToySet<'a> {
    batches: Batches<'a>,
    source: &'a ToySource,
    settings: &'a ToySettings,
}

impl TrainingSet for ToySet<'_> {
    fn next_batch(&mut self, out: &mut [f32]) {
        self.batches.next(out);
    }

    fn skip(&mut self, count: u64) {
        self.batches.skip(count);
    }

    fn all(&mut self) -> Result<Arc<Vec<f32>>, TaskError> {
        let Vectors::Fixed(count) = self.settings.data.vectors else {
            return Err(TaskError::Failed("k-means needs a training set, not an endless stream".into()));
        };
        let mut vectors = vec![0f32; count as usize * self.settings.data.dimension];
        self.source.draw_range(Set::Training, 0, &mut vectors);
        Ok(Arc::new(vectors))
    }
}

/// The number of training vectors on which the training set error is measured: the whole fixed set, or for a stream the
/// number of test vectors, unless the spec requests fewer.
fn training_vectors(settings: &ToySettings) -> u64 {
    let all = match settings.data.vectors {
        Vectors::Fixed(n) => n,
        Vectors::Stream => settings.evaluation.vectors,
    };
    settings.evaluation.training_vectors.map_or(all, |n| n.min(all))
}

fn evaluate(
    settings: &ToySettings,
    source: &ToySource,
    books: &Codebooks,
    context: &Context,
) -> Result<BTreeMap<String, f64>, TaskError> {
    let (trained_on, fresh) = (training_vectors(settings), settings.evaluation.vectors);
    let subset = settings.evaluation.other_search_vectors.min(trained_on);
    let total = (trained_on + fresh + 2 * subset) as f64;
    let done = Flag::new(0u64);
    let report = |vectors: u64| {
        done.set(done.get() + vectors);
        (context.progress)(TRAINING_SHARE + (1.0 - TRAINING_SHARE) * done.get() as f64 / total);
        context.check()
    };
    let measure = |search: Option<Search>, set: Set, vectors: u64| {
        let quantizer = &settings.quantizer;
        let beam = search.or(quantizer.search).map(|search| (search, quantizer.beam()));
        let mut assign = assigner(quantizer.method, beam);
        mean_error(source, books, assign.as_mut(), set, vectors, &report)
    };
    let mut metrics = BTreeMap::new();
    let training = measure(None, Set::Training, trained_on)?;
    metrics.insert("mse-training".to_string(), training.mse);
    metrics.insert("mse-fresh".to_string(), measure(None, Set::Fresh, fresh)?.mse);
    if settings.quantizer.search == Some(Search::Released) {
        metrics.insert("repeated-share".to_string(), training.repeated);
    }
    if settings.quantizer.method.has_beam() && subset > 0 {
        metrics.insert("mse-subset-beam".into(), measure(Some(Search::Beam), Set::Training, subset)?.mse);
        let released = measure(Some(Search::Released), Set::Training, subset)?;
        metrics.insert("mse-subset-released".into(), released.mse);
        metrics.insert("repeated-share-subset-released".into(), released.repeated);
    }
    match metrics.iter().find(|(_, value)| !value.is_finite()) {
        Some((metric, value)) => Err(TaskError::Diverged(format!("{metric} is {value}"))),
        None => Ok(metrics),
    }
}

struct Error {
    mse: f64,
    /// Share of the vectors with two codewords of one codebook.
    repeated: f64,
}

/// The mean squared error per coordinate over the first `vectors` vectors of a set.
fn mean_error(
    source: &ToySource,
    books: &Codebooks,
    assign: &mut dyn Assign,
    set: Set,
    vectors: u64,
    report: &dyn Fn(u64) -> Result<(), TaskError>,
) -> Result<Error, TaskError> {
    let (dimension, stages) = (books.dimension(), books.stages());
    let mut residual = vec![0f32; CHUNK as usize * dimension];
    let mut indices = vec![0u32; CHUNK as usize * stages];
    let (mut sum, mut repeated) = (0.0, 0u64);
    assign.prepare(books);
    for first in (0..vectors).step_by(CHUNK as usize) {
        let count = CHUNK.min(vectors - first) as usize;
        let (residual, indices) = (&mut residual[..count * dimension], &mut indices[..count * stages]);
        source.draw_range(set, first, residual);
        assign.assign(books, residual, indices);
        sum += residual.chunks_exact(dimension).map(|e| f64::from(squared_norm(e))).sum::<f64>();
        if books.method().has_beam() {
            repeated += indices.chunks_exact(stages).filter(|p| repeats_codebook(p, books.size())).count() as u64;
        }
        report(count as u64)?;
    }
    let n = vectors.max(1) as f64;
    Ok(Error { mse: sum / (n * dimension as f64), repeated: repeated as f64 / n })
}

/// Estimated seconds on one core (with AVX-512 and VNNI, about 100 GFLOP/s), correct to a factor of 1.5 on a quiet
/// machine.
pub(super) fn cost(settings: &ToySettings) -> f64 {
    let quantizer = &settings.quantizer;
    let evaluated = (training_vectors(settings) + settings.evaluation.vectors) as f64;
    let per_vector = |beam: Option<usize>, many: bool| vector_cost(quantizer, settings.data.dimension, beam, many);
    let trained = match (&settings.training, settings.data.vectors) {
        (Training::Kmeans(kmeans), Vectors::Fixed(count)) => {
            kmeans.kmeans_iterations as f64 * count as f64 * per_vector(quantizer.training_beam_width, true)
        }
        _ => training_cost(quantizer, &settings.training, settings.data.dimension),
    };
    let other = settings.evaluation.other_search_vectors as f64
        * vector_cost(&released(quantizer), settings.data.dimension, quantizer.beam_width, true);
    trained + evaluated * per_vector(quantizer.beam_width, true) + other
}

fn released(quantizer: &QuantizerSettings) -> QuantizerSettings {
    QuantizerSettings { search: Some(Search::Released), ..quantizer.clone() }
}
