//! Nearest codeword, stage by stage: the encoding of PVQ and RVQ. The two differ only in which coordinates a stage
//! sees: RVQ's stages all see the whole remainder, PVQ's each their own sub-vector.

use super::assign::Assign;
use super::codebooks::Codebooks;
use super::kernels::{ROWS, Rows, half_norms, nearest, pad_rows, products, subtract};

/// Greedy assignment for PVQ and RVQ.
#[derive(Default)]
pub struct Greedy {
    half: Vec<f32>,
    dots: Vec<f32>,
    block: Vec<f32>,
}

impl Greedy {
    /// One stage of a block of at most [`ROWS`] vectors: picks the nearest codeword to the remainder, subtracts it.
    fn stage(&mut self, books: &Codebooks, stage: usize, remainder: &mut [f32], picks: &mut [u32]) {
        let (dimension, width, size) = (books.dimension(), books.width(), books.size());
        let span = books.span(stage);
        let count = remainder.len() / dimension;
        let mut rows = Rows { data: &remainder[span.start..], stride: dimension };
        if count < ROWS {
            pad_rows(rows, count, width, &mut self.block);
            rows = Rows { data: &self.block, stride: width };
        }
        products(rows, Rows { data: books.stage(stage), stride: width }, size, width, &mut self.dots);
        let half = &self.half[stage * size..(stage + 1) * size];
        let vectors = remainder.chunks_exact_mut(dimension).zip(picks.chunks_exact_mut(books.stages()));
        for ((x, picks), dots) in vectors.zip(self.dots.chunks_exact(size)) {
            let pick = stage * size + nearest(dots, half);
            subtract(&mut x[span.clone()], books.codeword(pick));
            picks[stage] = pick as u32;
        }
    }
}

impl Assign for Greedy {
    fn prepare(&mut self, books: &Codebooks) {
        half_norms(books.values(), books.width(), &mut self.half);
        self.dots.resize(ROWS * books.size(), 0.0);
        self.block.resize(ROWS * books.width(), 0.0);
    }

    fn assign(&mut self, books: &Codebooks, remainder: &mut [f32], picks: &mut [u32]) {
        let blocks = remainder.chunks_mut(ROWS * books.dimension()).zip(picks.chunks_mut(ROWS * books.stages()));
        for (remainder, picks) in blocks {
            for stage in 0..books.stages() {
                self.stage(books, stage, remainder, picks);
            }
        }
    }
}
