//! AVQ's searches and trainings side by side, on both toy data sets: mean squared error against time, as Markdown tables.
//! `cargo bench --bench avq_searches > benches/AVQ_SEARCHES.md`; some minutes on a quiet machine.

use std::time::Instant;

use vqlab::data::stream::stream;
use vqlab::data::toy::{Batches, Set, ToySource};
use vqlab::data::{Distribution, ToyData, Vectors};
use vqlab::quantizer::{Codebooks, Init, Method, QuantizerSettings, Search, assigner};
use vqlab::training::{Feed, Optimizer, Replacement, Schedule, Setup, TrainingSettings, initial_codebooks, train};

const D: usize = 64;

/// Training vectors that errors are measured on.
const MEASURED: usize = 8192;

/// A data set of Figure 2, and how AVQ starts on it.
struct Data {
    name: &'static str,
    source: ToySource,
    start: Init,
}

impl Data {
    fn all() -> [Self; 3] {
        let toy = |distribution, rank, variance, mixing_seed| {
            let vectors = Vectors::Fixed(500_000);
            let settings =
                ToyData { distribution, dimension: D, rank, correlation: None, variance, vectors, mixing_seed };
            ToySource::new(&settings, 1).expect("valid settings")
        };
        [
            Self {
                name: "correlated",
                source: toy(Distribution::LowRankMixture, Some(16), 15.7, Some(1)),
                start: Init::Rvq,
            },
            Self {
                name: "uncorrelated",
                source: toy(Distribution::UniformIntegers, None, 140.0, None),
                start: Init::Pvq,
            },
            Self {
                name: "uncorrelated (no trained start, 6,000 updates)",
                source: toy(Distribution::UniformIntegers, None, 140.0, None),
                start: Init::Uniform,
            },
        ]
    }

    fn quantizer(&self, bits: u32, (search, width): (Search, usize)) -> QuantizerSettings {
        QuantizerSettings {
            method: Method::Avq,
            stages: 4,
            bits_per_stage: bits,
            beam_width: Some(width),
            training_beam_width: Some(width),
            search: Some(search),
            init: self.start,
            init_updates: (self.start != Init::Uniform).then_some(6_000),
            init_learning_rate: Some(0.1),
        }
    }

    fn training(&self, updates: u64) -> TrainingSettings {
        TrainingSettings {
            optimizer: Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
            learning_rate: if self.start == Init::Uniform { 0.1 } else { 0.03 },
            schedule: Schedule::Exponential { final_rate: 0.001 },
            batch_size: 256,
            updates,
            log_every: updates,
            replacement: Some(Replacement { every: 200, threshold: 0.01, stop_before_end: 400 }),
        }
    }

    /// Gives `run` the batches.
    fn feed<T>(&self, run: impl FnOnce(&mut Feed) -> T) -> T {
        let mut batches = Batches::new(&self.source);
        let (mut next_batch, mut go_on) = (|out: &mut [f32]| batches.next(out), |_| true);
        run(&mut Feed { next_batch: &mut next_batch, go_on: &mut go_on, checkpoint: None })
    }

    /// The trained codebooks that AVQ begins with.
    fn start(&self, bits: u32) -> Codebooks {
        let quantizer = self.quantizer(bits, (Search::Beam, 1));
        let start = |feed: &mut Feed| initial_codebooks(&quantizer, &self.training(1), D, self.name, feed);
        self.feed(start).expect("nobody stops it")
    }

    /// Trains AVQ; the codebooks and the seconds that it took.
    fn train(&self, start: Codebooks, beam: (Search, usize), updates: u64) -> (Codebooks, f64) {
        let (quantizer, training) = (self.quantizer(start.size().ilog2(), beam), self.training(updates));
        let began = Instant::now();
        let setup = Setup { quantizer: &quantizer, training: &training, rng: stream(self.name) };
        let trained = self.feed(|feed| train(start, setup, feed)).expect("it doesn't diverge");
        (trained.codebooks, began.elapsed().as_secs_f64())
    }

    /// Mean squared error and microseconds a vector.
    fn measure(&self, books: &Codebooks, search: Search, width: usize) -> (f64, f64) {
        let mut x = vec![0.0; MEASURED * D];
        self.source.draw_range(Set::Training, 0, &mut x);
        let mut picks = vec![0; MEASURED * books.stages()];
        let mut assign = assigner(Method::Avq, Some((search, width)));
        assign.prepare(books);
        let (mut best, mut error) = (f64::INFINITY, 0.0);
        for _ in 0..3 {
            let mut left = x.clone();
            let began = Instant::now();
            assign.assign(books, &mut left, &mut picks);
            best = best.min(began.elapsed().as_secs_f64());
            error = left.iter().map(|v| f64::from(v * v)).sum::<f64>() / left.len() as f64;
        }
        (error, 1e6 * best / MEASURED as f64)
    }
}

/// Everything, or the data that the first argument names.
fn wanted(data: &Data) -> bool {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    filter.is_none_or(|filter| data.name.contains(&filter))
}

fn name(search: Search, width: usize) -> String {
    let order = if search == Search::Ordered { "in their order, refined" } else { "any order" };
    format!("{order}, beam {width}")
}

fn searches(data: &Data, bits: u32) {
    let updates = if data.start == Init::Uniform { 6_000 } else { 2_000 };
    let (books, _) = data.train(data.start(bits), (Search::Beam, 4), updates);
    println!("\n**{} data, M = 4, b = {bits}**\n", data.name);
    println!("| codebooks tried | MSE | against any order, beam 16 | µs a vector |\n|---|---|---|---|");
    let (norm, _) = data.measure(&books, Search::Beam, 16);
    let free = [1, 2, 4, 8, 16, 32, 64].map(|width| (Search::Beam, width));
    let ordered = [1, 4, 16, 64].map(|width| (Search::Ordered, width));
    for (search, width) in free.into_iter().chain(ordered) {
        let (mse, time) = data.measure(&books, search, width);
        println!("| {} | {mse:.5} | {:+.2} % | {time:.1} |", name(search, width), 100.0 * (mse / norm - 1.0));
    }
}

fn trainings(data: &Data, bits: u32) {
    let start = data.start(bits);
    println!("\n**{} data, M = 4, b = {bits}, 1,500 updates after the start**\n", data.name);
    println!(
        "| search in training | seconds | MSE, any order, beam 16 | MSE, in their order, beam 16 |\n|---|---|---|---|"
    );
    let row = |name: &str, seconds: f64, books: &Codebooks| {
        let of = |search| data.measure(books, search, 16).0;
        println!("| {name} | {seconds:.1} | {:.5} | {:.5} |", of(Search::Beam), of(Search::Ordered));
    };
    row("none: the start", 0.0, &start);
    let free = [1, 2, 4, 8, 16].map(|width| (Search::Beam, width));
    let ordered = [1, 4, 16].map(|width| (Search::Ordered, width));
    for (search, width) in free.into_iter().chain(ordered) {
        let (books, seconds) = data.train(start.clone(), (search, width), 1_500);
        row(&name(search, width), seconds, &books);
    }
}

fn main() {
    println!("# AVQ's searches\n");
    println!(
        "Written by `cargo bench --bench avq_searches`. D = 64, the two data sets of Figure 2 with 500,000 vectors; errors on"
    );
    println!("8,192 of them, times on one thread. AVQ begins from a trained RVQ (correlated) or PVQ (uncorrelated).\n");
    println!("## Encoding: the same codebooks, trained with any order and beam 4");
    for data in Data::all().into_iter().filter(wanted) {
        for bits in [7, 10] {
            searches(&data, bits);
        }
    }
    println!("\n## Training: the same start");
    for data in Data::all().into_iter().filter(wanted).filter(|data| data.start != Init::Uniform) {
        trainings(&data, 9);
    }
}
