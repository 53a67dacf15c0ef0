//! The search experiment: codebooks are trained on the learn set, the base is encoded, and the queries are searched
//! with asymmetric distances (ADC). Recall@T is measured against the exact nearest neighbors (Jégou, Douze, Schmid,
//! PAMI 2011).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crate::baseline::Scaling;
use crate::data::descriptors::{Descriptors, Part};
use crate::metric::recall_at;
use crate::quantizer::kernels::squared_error;
use crate::quantizer::{Assign, Codebooks, QuantizerSettings, Search, assigner, codes};
use crate::search::{Codes, Index};
use crate::task::cell::{Cell, SearchSettings, Training};
use crate::task::cost::{training_cost, vector_cost};
use crate::task::kept::{EncodedBase, Kept};
use crate::task::train::trained;
use crate::task::{Context, Outcome, TaskError};
use crate::training::Shuffled;

/// Vectors encoded between two checks of the cancel flag.
const CHUNK: usize = 2048;

/// The maximum number of learn vectors on which the training set error is measured.
const MEASURED: u64 = 10_000;

/// Queries searched between two checks of the cancel flag.
const QUERIES: usize = 256;

/// Shares of the progress.
const TRAINED: f64 = 0.7;
const ENCODED: f64 = 0.95;

pub(super) fn run(settings: &SearchSettings, cell: &Cell, context: &Context) -> Result<Outcome, TaskError> {
    let (seed, key) = (cell.seed, cell.key());
    let data = Descriptors::open(&settings.data, context.shared_folder().as_deref()).map_err(failed)?;
    let kept = Kept::new(context, &key);
    let mut timings = BTreeMap::new();
    let since = Instant::now();
    let trained = match kept.load() {
        Some(trained) => trained,
        None => {
            let (mut set, scaling) = learn_set(&data, settings, seed)?;
            let begun = Instant::now();
            let pair = (&settings.quantizer, &settings.training);
            let (mut trained, earlier) =
                trained(pair, settings.data.dimension, &key, &mut set, context, (0.0, TRAINED))?;
            if let Some(scaling) = scaling {
                trained.codebooks = scaling.undo(trained.codebooks);
            }
            let seconds = earlier + begun.elapsed().as_secs_f64();
            kept.save(trained, &settings.quantizer, settings.training.trainer(), seconds).map_err(failed)?
        }
    };
    let earlier_seconds = trained.earlier_seconds(since);
    timings.insert("train-seconds".to_string(), trained.seconds);
    let books = &trained.codebooks;
    let encoder = Encoder { data: &data, books, quantizer: &settings.quantizer, context };
    let mut metrics = BTreeMap::new();
    let learn = encoder.run(Part::Learn, settings.data.learn.min(MEASURED), (TRAINED, 0.75))?;
    metrics.insert("mse-training".to_string(), learn.mse);
    let base = match kept.load_codes(settings.data.base as usize * books.stages() * code_bytes(books)) {
        Some(base) => base,
        None => {
            let base = encoder.run(Part::Base, settings.data.base, (0.75, ENCODED))?;
            kept.save_codes(&base).map_err(failed)?;
            base
        }
    };
    metrics.insert("mse-fresh".to_string(), base.mse);
    timings.insert("encode-us".to_string(), 1e6 * base.seconds / settings.data.base as f64);
    let search_us = recalls(settings, &data, books, &base.codes, context, &mut metrics)?;
    timings.insert("search-us".to_string(), search_us);
    kept.forget_codes();
    Ok(Outcome { metrics, log: trained.log, timings, earlier_seconds, ..Outcome::default() })
}

fn failed(error: impl std::fmt::Display) -> TaskError {
    TaskError::Failed(error.to_string())
}

type LearnSet = (Shuffled<Arc<Vec<f32>>>, Option<Scaling>);

/// The learn set in memory. It is shifted to the origin if it is so far from it that float32 would lose precision. Its
/// scale stays, because the learning rate of a spec is in units of the data.
fn learn_set(data: &Descriptors, settings: &SearchSettings, seed: u64) -> Result<LearnSet, TaskError> {
    let (count, dimension) = (settings.data.learn as usize, settings.data.dimension);
    let mut vectors = vec![0f32; count * dimension];
    data.read(Part::Learn, 0, &mut vectors).map_err(failed)?;
    let scaling = Scaling::if_needed(&vectors, dimension).map_err(failed)?.map(Scaling::only_center);
    if let Some(scaling) = &scaling {
        vectors = scaling.apply(&vectors);
    }
    // As in the toy experiment, the order depends only on data and seed, so all methods see the same batches.
    let set = Shuffled::new(Arc::new(vectors), dimension, &format!("order/search/{}/{seed}", settings.data.name));
    Ok((set, scaling))
}

struct Encoder<'a> {
    data: &'a Descriptors,
    books: &'a Codebooks,
    quantizer: &'a QuantizerSettings,
    context: &'a Context<'a>,
}

/// Bytes of one code.
fn code_bytes(books: &Codebooks) -> usize {
    if books.size() <= 256 { 1 } else { 2 }
}

impl Encoder<'_> {
    /// Encodes the first `count` vectors of a part. Apart from the codes, the memory does not depend on their number.
    fn run(&self, part: Part, count: u64, (from, to): (f64, f64)) -> Result<EncodedBase, TaskError> {
        let (dimension, stages) = (self.books.dimension(), self.books.stages());
        let beam = self.quantizer.beam_width.map(|width| (self.quantizer.search.unwrap_or(Search::Beam), width));
        let mut assign: Box<dyn Assign> = assigner(self.quantizer.method, beam);
        assign.prepare(self.books);
        let mut residual = vec![0f32; CHUNK * dimension];
        let mut indices = vec![0u32; CHUNK * stages];
        let width = code_bytes(self.books);
        let mut encoded = Vec::with_capacity(count as usize * stages * width);
        let (mut sum, mut seconds) = (0.0, 0.0);
        for first in (0..count).step_by(CHUNK) {
            self.context.check()?;
            let rows = (CHUNK as u64).min(count - first) as usize;
            let (residual, indices) = (&mut residual[..rows * dimension], &mut indices[..rows * stages]);
            self.data.read(part, first, residual).map_err(failed)?;
            let since = Instant::now();
            assign.assign(self.books, residual, indices);
            seconds += since.elapsed().as_secs_f64();
            sum += squared_error(residual);
            let codes = codes(self.books, indices).map_err(failed)?;
            encoded.extend(codes.iter().flat_map(|code| code.to_le_bytes().into_iter().take(width)));
            (self.context.progress)(from + (to - from) * (first + rows as u64) as f64 / count as f64);
        }
        Ok(EncodedBase { codes: encoded, mse: sum / (count as f64 * dimension as f64), seconds })
    }
}

/// Adds recall@T to the metrics and returns the microseconds per query, on one thread.
fn recalls(
    settings: &SearchSettings,
    data: &Descriptors,
    books: &Codebooks,
    encoded: &[u8],
    context: &Context,
    metrics: &mut BTreeMap<String, f64>,
) -> Result<f64, TaskError> {
    let truth = data.truth().map_err(failed)?;
    let words: Vec<u16> = match code_bytes(books) {
        1 => Vec::new(),
        _ => encoded.as_chunks::<2>().0.iter().map(|bytes| u16::from_le_bytes(*bytes)).collect(),
    };
    let codes = if words.is_empty() { Codes::U8(encoded) } else { Codes::U16(&words) };
    let evaluation = &settings.evaluation;
    let most = evaluation.recall_at.iter().copied().max().unwrap_or(1);
    // A cell computes on one thread, so its times are for one thread.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(failed)?;
    let index = pool.install(|| Index::new(books, codes, evaluation.norms)).map_err(failed)?;
    let k = (most as usize).min(index.len());
    let (dimension, count) = (settings.data.dimension, settings.data.queries as usize);
    let (mut ids, mut seconds) = (Vec::with_capacity(count * k), 0.0);
    let mut queries = vec![0f32; QUERIES * dimension];
    for first in (0..count).step_by(QUERIES) {
        context.check()?;
        let rows = QUERIES.min(count - first);
        let queries = &mut queries[..rows * dimension];
        data.read(Part::Queries, first as u64, queries).map_err(failed)?;
        let since = Instant::now();
        let found = pool.install(|| index.search(queries, k)).map_err(failed)?;
        seconds += since.elapsed().as_secs_f64();
        ids.extend(found.ids);
        (context.progress)(ENCODED + (1.0 - ENCODED) * (first + rows) as f64 / count as f64);
    }
    for rank in &evaluation.recall_at {
        // The whole base contains every neighbor.
        let recall = recall_at(&ids, truth, (*rank as usize).min(k)).map_err(failed)?;
        metrics.insert(format!("recall@{rank}"), recall);
    }
    Ok(1e6 * seconds / count as f64)
}

/// Estimated seconds on one core, correct to a factor of two.
pub(super) fn cost(settings: &SearchSettings) -> f64 {
    let (quantizer, data) = (&settings.quantizer, &settings.data);
    let vector = |beam, many| vector_cost(quantizer, data.dimension, beam, many);
    let iterated = |kmeans: u64| kmeans as f64 * data.learn as f64;
    let training = match (&settings.training, quantizer.method) {
        (Training::Nsvq(_), _) => training_cost(quantizer, &settings.training, data.dimension),
        (Training::Kmeans(k), method) if method.is_joint() => {
            // Least squares over all codewords, once per iteration.
            let codewords = (quantizer.stages * quantizer.codebook_size()) as f64;
            let solve = codewords.powi(3) / 3.0 * 5e-11 + codewords * codewords * data.dimension as f64 * 1e-10;
            let own = method.definition().cost.encode_in_training;
            let encode = own.unwrap_or_else(|| vector(quantizer.training_beam_width, true));
            iterated(k.kmeans_iterations) * encode + k.kmeans_iterations as f64 * solve
        }
        (Training::Kmeans(k), method) => {
            let rotation = if method.has_rotation() { 1e-5 } else { 0.0 };
            iterated(k.kmeans_iterations) * (1.5 * vector(None, true) + rotation)
        }
    };
    let encoding = (data.base + data.learn.min(MEASURED)) as f64 * vector(quantizer.beam_width, true);
    let look_up = if quantizer.codebook_size() <= 256 { 1e-10 } else { 1.6e-9 };
    let most = settings.evaluation.recall_at.iter().max().map_or(0.0, |most| f64::from(*most));
    let scan = data.base as f64 * quantizer.stages as f64 * look_up;
    let searching = data.queries as f64 * (4e-5 + most * 3e-8 + scan);
    training + encoding + searching
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::AtomicBool;
    use std::sync::atomic::Ordering::Relaxed;

    use super::*;
    use crate::quantizer::Init;
    use crate::quantizer::Method;
    use crate::search::Norms;
    use crate::task::cell::{DescriptorData, KmeansSettings, RecallSettings, Trainer};
    use crate::training::{Optimizer, Schedule, TrainingSettings};

    /// The cell of the first seed.
    fn cell(settings: &SearchSettings) -> Cell {
        Cell { settings: crate::task::cell::CellSettings::Search(settings.clone()), seed: 1 }
    }

    fn settings(method: Method, trainer: Trainer) -> SearchSettings {
        let nsvq = TrainingSettings {
            optimizer: Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
            learning_rate: 2.0,
            schedule: Schedule::Exponential { final_rate: 0.02 },
            batch_size: 32,
            updates: 300,
            log_every: 100,
            replacement: None,
        };
        let beam_width = (method == Method::Avq).then_some(4);
        SearchSettings {
            data: DescriptorData::synthetic(500, 400, 30, 1),
            quantizer: QuantizerSettings {
                method,
                stages: 4,
                bits_per_stage: 4,
                beam_width,
                training_beam_width: beam_width,
                search: beam_width.map(|_| Search::Ordered),
                init: if trainer == Trainer::Kmeans { Init::Kmeans } else { Init::Uniform },
                init_updates: None,
                init_learning_rate: None,
            },
            training: match trainer {
                Trainer::Nsvq => Training::Nsvq(nsvq),
                Trainer::Kmeans => Training::Kmeans(KmeansSettings { kmeans_iterations: 4 }),
            },
            evaluation: RecallSettings { recall_at: vec![1, 10, 400, 1000], norms: Norms::Exact },
        }
    }

    /// Runs a cell that is stopped as soon as its progress exceeds `stop_at`.
    fn attempt(settings: &SearchSettings, kept: Option<&Path>, stop_at: f64) -> Result<Outcome, TaskError> {
        let cancel = AtomicBool::new(false);
        let progress = |share: f64| cancel.store(share > stop_at, Relaxed);
        run(
            settings,
            &cell(settings),
            &Context { cancel: &cancel, progress: &progress, kept, anew: false, codebooks: false },
        )
    }

    #[test]
    fn every_method_finds_neighbors_better_than_chance() {
        for method in Method::ALL {
            for trainer in [Trainer::Nsvq, Trainer::Kmeans] {
                if trainer == Trainer::Nsvq && !Method::PAPER.contains(&method) {
                    continue;
                }
                let outcome = attempt(&settings(method, trainer), None, 2.0).unwrap();
                let recall = |t: u32| outcome.metrics[&format!("recall@{t}")];
                // Chance is 10 of 400.
                assert!(recall(10) > 0.25 && recall(1) <= recall(10), "{method:?} {trainer:?}: {}", recall(10));
                // The whole base, and more, contains every neighbor.
                assert_eq!((recall(400), recall(1000)), (1.0, 1.0));
                assert!(outcome.metrics["mse-training"] > 0.0 && outcome.metrics["mse-fresh"] > 0.0);
                assert_eq!(outcome.timings.len(), 3);
            }
        }
    }

    #[test]
    fn a_kill_after_encoding_costs_no_encoding() {
        let settings = settings(Method::Pvq, Trainer::Nsvq);
        let whole = attempt(&settings, None, 2.0).unwrap();
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(attempt(&settings, Some(folder.path()), ENCODED - 1e-9), Err(TaskError::Cancelled)));
        let files = std::fs::read_dir(folder.path().join("codebooks")).unwrap().count();
        assert_eq!(files, 3, "codebooks, log and codes");
        assert_eq!(attempt(&settings, Some(folder.path()), 2.0).unwrap().metrics, whole.metrics);
    }

    #[test]
    fn a_kill_after_training_costs_no_training() {
        let settings = settings(Method::Avq, Trainer::Nsvq);
        let whole = attempt(&settings, None, 2.0).unwrap();
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(attempt(&settings, Some(folder.path()), TRAINED), Err(TaskError::Cancelled)));
        let files = std::fs::read_dir(folder.path().join("codebooks")).unwrap().count();
        assert_eq!(files, 2, "codebooks and log");
        let steps = AtomicBool::new(false);
        let watch = |share: f64| {
            steps.fetch_or(share > 0.0 && share < TRAINED, Relaxed);
        };
        let cancel = AtomicBool::new(false);
        let context =
            Context { cancel: &cancel, progress: &watch, kept: Some(folder.path()), anew: false, codebooks: false };
        let resumed = run(&settings, &cell(&settings), &context).unwrap();
        assert!(!steps.load(Relaxed), "it trained again");
        assert_eq!(std::fs::read_dir(folder.path().join("codebooks")).unwrap().count(), 2, "codes stay");
        assert_eq!((&resumed.metrics, &resumed.log), (&whole.metrics, &whole.log));
        let anew = run(&settings, &cell(&settings), &Context { anew: true, ..context }).unwrap();
        assert!(steps.load(Relaxed), "--force trains again");
        assert_eq!(anew.metrics, whole.metrics);
        // Damaged files cause a new training.
        for file in std::fs::read_dir(folder.path().join("codebooks")).unwrap() {
            std::fs::write(file.unwrap().path(), "torn").unwrap();
        }
        assert_eq!(attempt(&settings, Some(folder.path()), 2.0).unwrap().metrics, whole.metrics);
    }
}
