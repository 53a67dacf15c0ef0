//! Batches of vectors in memory.

use std::ops::Deref;

use rand_chacha::ChaCha8Rng;

use crate::data::stream::{shuffle, stream};

/// Vectors (N × D), visited in a new order in each pass.
pub struct Shuffled<V> {
    dimension: usize,
    vectors: V,
    order: Vec<u32>,
    at: usize,
    rng: ChaCha8Rng,
}

impl<V: Deref<Target = Vec<f32>>> Shuffled<V> {
    /// `name` names the random stream of the orders. Where it depends on data and seed alone, all methods see the same
    /// batches.
    pub fn new(vectors: V, dimension: usize, name: &str) -> Self {
        let count = (vectors.len() / dimension) as u32;
        Self { dimension, vectors, order: (0..count).collect(), at: 0, rng: stream(name) }
    }

    /// Writes the next vectors (n × D).
    pub fn next_batch(&mut self, out: &mut [f32]) {
        for row in out.chunks_exact_mut(self.dimension) {
            let position = self.at % self.order.len();
            if position == 0 {
                shuffle(&mut self.order, &mut self.rng);
            }
            let index = self.order[position] as usize;
            row.copy_from_slice(&self.vectors[index * self.dimension..][..self.dimension]);
            self.at += 1;
        }
    }

    /// Skips `count` vectors, as if they had been written.
    pub fn skip(&mut self, count: u64) {
        let (length, at) = (self.order.len(), self.at + count as usize);
        for _ in self.at.div_ceil(length)..at.div_ceil(length) {
            shuffle(&mut self.order, &mut self.rng);
        }
        self.at = at;
    }

    /// All vectors.
    pub fn vectors(&self) -> &V {
        &self.vectors
    }
}
