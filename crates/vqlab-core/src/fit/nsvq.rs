//! Stochastic optimization (NSVQ) that starts from k-means, checked on validation vectors. The learning rate falls from
//! round to round. Each round starts from the best codebooks so far and runs until their error no longer falls.

use super::{Ended, FitError, FitSettings, Trained, Work, evaluate, kmeans};
use crate::baseline::{Kept, has_converged};
use crate::data::stream::stream;
use crate::quantizer::{Codebooks, Init, Method, QuantizerSettings, Search};
use crate::training::{self, Feed, Optimizer, Run, Schedule, Setup, Shuffled, TrainingSettings};

/// Learning rates for vectors with variance 1, one for each round. On SIFT and GloVe a higher first rate destroys the
/// start, and a lower one is slow.
const RATES: [f64; 5] = [0.03, 0.01, 3e-3, 1e-3, 3e-4];
const BATCH: usize = 256;

/// Updates between two checks on the validation vectors (a check costs about as much as 5 updates), and the number of
/// checks over which the error must fall.
const EVERY: u64 = 64;
const WINDOW: usize = 6;

/// The default number of updates: this many passes over the vectors, clamped to these bounds.
const PASSES: u64 = 200;
const UPDATES: std::ops::RangeInclusive<u64> = 10_000..=200_000;

/// The start: iterations of k-means, and its share of the budget and of the progress.
const ITERATIONS: usize = 8;
const START: f64 = 0.3;

pub(super) fn train(work: &Work, validation: &[f32], go_on: &mut dyn FnMut(f64) -> bool) -> Result<Trained, FitError> {
    let books = start(work, &mut |done| go_on(START * done))?;
    let settings = work.settings;
    let quantizer = quantizer(settings);
    let beam = settings.method.has_beam().then_some((Search::Ordered, settings.training_beam_width));
    let error = |books: &Codebooks| evaluate::mse(books, beam, validation);
    let first = error(&books);
    let passes = PASSES * (work.training.len() / work.dimension) as u64 / BATCH as u64;
    let most = settings.updates.unwrap_or(passes.clamp(*UPDATES.start(), *UPDATES.end()));
    let batches = Shuffled::new(work.training, work.dimension, &work.name("order"));
    let mut rounds = Rounds {
        work,
        quantizer: &quantizer,
        error: &error,
        batches,
        go_on,
        most,
        done: 0,
        best: (first, books),
        curve: vec![(0, first)],
        ended: Ended::Converged,
        kept: Vec::new(),
    };
    for (round, rate) in RATES.into_iter().enumerate() {
        rounds.kept.push(0);
        rounds.run(round, rate)?;
    }
    Ok(Trained {
        codebooks: rounds.best.1,
        curve: rounds.curve,
        done: rounds.done,
        ended: rounds.ended,
        kept: Kept { iterations: rounds.kept, ..Kept::default() },
    })
}

/// Trains each round with the number of updates that was the best in a training on part of the vectors.
pub(super) fn again(work: &Work, kept: &[usize], go_on: &mut dyn FnMut(f64) -> bool) -> Result<Codebooks, FitError> {
    let mut books = start(work, &mut |done| go_on(START * done))?;
    let quantizer = quantizer(work.settings);
    let mut batches = Shuffled::new(work.training, work.dimension, &work.name("order"));
    let (mut before, total) = (0, kept.iter().sum::<usize>().max(1));
    for (rate, updates) in RATES.into_iter().zip(kept).filter(|(_, updates)| **updates > 0) {
        let training = training(rate, *updates as u64);
        let setup = Setup { quantizer: &quantizer, training: &training, rng: stream(&work.name("replacement")) };
        let share_of_all = |share: f64| (before as f64 + share * *updates as f64) / total as f64;
        let mut feed = Feed {
            next_batch: &mut |batch| batches.next_batch(batch),
            go_on: &mut |share| go_on(START + (1.0 - START) * share_of_all(share)),
            checkpoint: None,
        };
        books = training::train(books, setup, &mut feed)?.codebooks;
        before += updates;
    }
    Ok(books)
}

fn quantizer(settings: &FitSettings) -> QuantizerSettings {
    QuantizerSettings {
        method: settings.method,
        stages: settings.stages,
        bits_per_stage: settings.bits_per_stage,
        beam_width: Some(settings.beam_width),
        training_beam_width: Some(settings.training_beam_width),
        // The better search for codebooks that started as an RVQ (benches/AVQ_SEARCHES.md).
        search: Some(Search::Ordered),
        init: Init::Kmeans,
        init_updates: None,
        init_learning_rate: None,
    }
}

/// A training in progress.
struct Rounds<'a, 'b> {
    work: &'a Work<'a>,
    quantizer: &'a QuantizerSettings,
    error: &'a dyn Fn(&Codebooks) -> f64,
    batches: Shuffled<&'a Vec<f32>>,
    go_on: &'b mut dyn FnMut(f64) -> bool,
    /// Updates of all rounds.
    most: u64,
    done: u64,
    best: (f64, Codebooks),
    curve: Vec<(u64, f64)>,
    /// How the last round ended.
    ended: Ended,
    /// Updates of each round up to the best codebooks; 0 where the round found no better ones.
    kept: Vec<usize>,
}

impl Rounds<'_, '_> {
    /// Runs one round. It gets half of the remaining updates and of the remaining time; the last round gets all.
    fn run(&mut self, round: usize, rate: f64) -> Result<(), FitError> {
        let share = if round + 1 == RATES.len() { 1.0 } else { 0.5 };
        let updates = (share * (self.most - self.done) as f64).ceil() as u64;
        let until = self.work.left(1.0).map(|left| (1.0 - share) * left);
        let training = training(rate, updates);
        let rng = stream(&self.work.name("replacement"));
        let mut run = Run::new(self.best.1.clone(), Setup { quantizer: self.quantizer, training: &training, rng });
        // The error of the start is not included: the first updates may be worse.
        let mut errors = Vec::new();
        self.ended = loop {
            let late = until.zip(self.work.left(1.0)).is_some_and(|(until, left)| left <= until);
            let over = late || run.done() == updates;
            if run.done() > 0 && (over || run.done().is_multiple_of(EVERY)) {
                errors.push(self.look(&run));
            }
            if over {
                break if late { Ended::Budget } else { Ended::Updates };
            }
            if has_converged(&errors, WINDOW) {
                break Ended::Converged;
            }
            let progress = self.progress(run.done());
            if run.done().is_multiple_of(16) && !(self.go_on)(progress) {
                return Err(FitError::Stopped);
            }
            run.update(&mut |batch| self.batches.next_batch(batch))?;
        };
        self.done += run.done();
        Ok(())
    }

    fn look(&mut self, run: &Run) -> f64 {
        let found = (self.error)(run.codebooks());
        self.curve.push((self.done + run.done(), found));
        if found < self.best.0 {
            self.best = (found, run.codebooks().clone());
            self.kept.last_mut().into_iter().for_each(|kept| *kept = run.done() as usize);
        }
        found
    }

    /// The share of the work that is done, by updates or, if that is more, by time.
    fn progress(&self, updates: u64) -> f64 {
        let by_updates = START + (1.0 - START) * (self.done + updates) as f64 / self.most as f64;
        let time = self.work.left(1.0).zip(self.work.settings.budget);
        let by_time = time.map_or(0.0, |(left, budget)| 1.0 - left / budget.as_secs_f64().max(1e-9));
        by_updates.max(by_time).min(1.0)
    }
}

fn training(learning_rate: f64, updates: u64) -> TrainingSettings {
    TrainingSettings {
        optimizer: Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        learning_rate,
        schedule: Schedule::Constant,
        batch_size: BATCH,
        updates,
        log_every: u64::MAX,
        replacement: None,
    }
}

/// Codebooks by k-means. Methods that choose all stages together (AVQ) start from the codebooks of an RVQ, which are
/// valid for them, too.
fn start(work: &Work, go_on: &mut dyn FnMut(f64) -> bool) -> Result<Codebooks, FitError> {
    let method = work.settings.method;
    let source = if method.is_joint() { Method::Rvq } else { method };
    let books = kmeans::start(work, source, ITERATIONS, START, go_on)?;
    let (stages, size) = (books.stages(), books.size());
    Ok(Codebooks::new(method, work.dimension, stages, size, books.values().to_vec())?)
}
