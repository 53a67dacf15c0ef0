//! What the benches share: random codebooks and vectors, one whole training step, encoding on several threads.

#![allow(dead_code, reason = "no bench uses all of it")]

use std::sync::Mutex;
use std::time::Duration;

use criterion::Criterion;
use rayon::ThreadPool;
use vqlab::data::stream::{normal, stream};
use vqlab::quantizer::{Assign, Codebooks, Method, Search, assigner, encode, training_assigner};
use vqlab::training::{Optimizer, OptimizerState, accumulate_gradient};

/// Vectors that a thread takes at once in [`encode_all`].
const TAKE: usize = 512;

/// Criterion with so many samples in so many seconds.
pub fn quick(samples: usize, seconds: u64) -> Criterion {
    Criterion::default()
        .sample_size(samples)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(seconds))
}

/// What a bench runs on.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub method: Method,
    /// D.
    pub dimension: usize,
    /// M.
    pub stages: usize,
    /// K.
    pub size: usize,
    /// AVQ's beam width.
    pub beam: Option<usize>,
    /// Whether AVQ encodes with the codebooks in their order.
    pub ordered: bool,
}

impl Shape {
    pub fn new(method: Method, dimension: usize, stages: usize, bits: u32, beam: usize) -> Self {
        Self {
            method,
            dimension,
            stages,
            size: 1 << bits,
            beam: (method == Method::Avq).then_some(beam),
            ordered: false,
        }
    }

    /// `avq W=8 D=64 M=4 b=5`.
    pub fn name(&self) -> String {
        let beam = self.beam.map(|width| format!(" W={width}")).unwrap_or_default();
        let method = self.method.label().to_lowercase();
        format!("{method}{beam} D={} M={} b={}", self.dimension, self.stages, self.size.ilog2())
    }

    /// Codebooks of independent N(0, 1/4) numbers.
    pub fn random_books(&self) -> Codebooks {
        let mut books = Codebooks::zeros(self.method, self.dimension, self.stages, self.size).expect("a valid shape");
        let values = random_vectors("books", books.values().len(), 0.5);
        books.values_mut().copy_from_slice(&values);
        books
    }

    /// A fresh assigner as encoding uses it.
    pub fn assigner(&self) -> Box<dyn Assign> {
        let search = if self.ordered { Search::Ordered } else { Search::Beam };
        assigner(self.method, self.beam.map(|width| (search, width)))
    }
}

/// So many independent N(0, deviation²) numbers.
pub fn random_vectors(name: &str, count: usize, deviation: f32) -> Vec<f32> {
    let mut rng = stream(name);
    (0..count).map(|_| deviation * normal(&mut rng)).collect()
}

/// A training run reduced to its step: what `training::train` does at every update but for replacement and log.
pub struct Steps {
    pub books: Codebooks,
    assign: Box<dyn Assign>,
    optimizer: OptimizerState,
    rate: f64,
    residual: Vec<f32>,
    picks: Vec<u32>,
    gradient: Vec<f32>,
}

impl Steps {
    /// Adam with its usual moments at this learning rate, for batches of `batch` vectors.
    pub fn new(shape: &Shape, books: Codebooks, batch: usize, rate: f64) -> Self {
        let assign = training_assigner(shape.method, shape.beam.map(|width| (Search::Beam, width)), batch);
        let adam = Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
        let parameters = books.values().len();
        Self {
            books,
            assign,
            optimizer: OptimizerState::new(&adam, parameters),
            rate,
            residual: vec![0.0; batch * shape.dimension],
            picks: vec![0; batch * shape.stages],
            gradient: vec![0.0; parameters],
        }
    }

    /// One update on this batch; returns the loss before it.
    pub fn step(&mut self, batch: &[f32]) -> f64 {
        self.residual.copy_from_slice(batch);
        self.assign.prepare(&self.books);
        self.assign.assign(&self.books, &mut self.residual, &mut self.picks);
        let loss = accumulate_gradient(&self.books, &self.residual, &self.picks, &mut self.gradient);
        self.optimizer.step(self.books.values_mut(), &mut self.gradient, self.rate);
        loss
    }
}

/// Encodes `x` (n × D) on all threads of `pool`, without one on this thread alone. The codes are the same.
pub fn encode_all(shape: &Shape, books: &Codebooks, x: &[f32], pool: Option<&ThreadPool>) -> Vec<u16> {
    let Some(pool) = pool else {
        return encode(books, &mut *shape.assigner(), x).expect("codes of a beam search");
    };
    let mut codes = vec![0u16; x.len() / shape.dimension * shape.stages];
    let work = Mutex::new(x.chunks(TAKE * shape.dimension).zip(codes.chunks_mut(TAKE * shape.stages)));
    pool.broadcast(|_| {
        let mut assign = shape.assigner();
        assign.prepare(books);
        let (mut residual, mut picks) = (Vec::new(), Vec::new());
        loop {
            let next = work.lock().expect("no thread panicked").next();
            let Some((x, codes)) = next else { break };
            residual.clear();
            residual.extend_from_slice(x);
            picks.resize(codes.len(), 0);
            assign.assign(books, &mut residual, &mut picks);
            let part = vqlab::quantizer::codes(books, &picks).expect("codes of a beam search");
            codes.copy_from_slice(&part);
        }
    });
    codes
}
