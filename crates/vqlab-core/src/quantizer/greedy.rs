//! Nearest codeword, stage by stage: the encoding of PVQ and RVQ. The two differ only in the coordinates of a stage.
//! Each RVQ stage receives the whole residual, each PVQ stage its own sub-vector.

use super::assign::Assign;
use super::codebooks::Codebooks;
use super::kernels::{Rows, subtract};
use super::nearest::Nearest;
use super::tiles::WHOLE;

/// Vectors that are assigned together: whole tiles whose residuals stay in the second-level cache.
const BLOCK: usize = 4 * WHOLE;

/// The smallest K for which byte products are faster, measured.
const BYTES_FROM: usize = 2048;

/// Greedy assignment for PVQ and RVQ.
#[derive(Default)]
pub struct Greedy {
    nearest: Nearest,
    selection: Vec<u32>,
    best: Vec<(f32, u32)>,
}

impl Greedy {
    /// One stage of a block of vectors: chooses the codeword nearest to the residual and subtracts it. Where no score
    /// is finite (NaN), the present codeword stays; the error shows it.
    pub(super) fn stage(&mut self, books: &Codebooks, stage: usize, residual: &mut [f32], indices: &mut [u32]) {
        let dimension = books.dimension();
        let span = books.span(stage);
        self.selection.clear();
        self.selection.extend(0..(residual.len() / dimension) as u32);
        let rows = Rows { data: &residual[span.start..], stride: dimension };
        self.best.clear();
        self.best.extend(indices.chunks_exact(books.stages()).map(|indices| (f32::INFINITY, indices[stage])));
        self.nearest.set_rows(books, rows, &self.selection);
        self.nearest.improve(books, stage, rows, &self.selection, &mut self.best);
        let vectors = residual.chunks_exact_mut(dimension).zip(indices.chunks_exact_mut(books.stages()));
        for ((x, indices), (_, index)) in vectors.zip(&self.best) {
            subtract(&mut x[span.clone()], books.codeword(*index as usize));
            indices[stage] = *index;
        }
    }
}

impl Assign for Greedy {
    fn prepare(&mut self, books: &Codebooks) {
        self.nearest.prepare(books, BYTES_FROM);
    }

    fn assign(&mut self, books: &Codebooks, residual: &mut [f32], indices: &mut [u32]) {
        let blocks = residual.chunks_mut(BLOCK * books.dimension()).zip(indices.chunks_mut(BLOCK * books.stages()));
        for (residual, indices) in blocks {
            for indices in indices.chunks_exact_mut(books.stages()) {
                indices.iter_mut().enumerate().for_each(|(stage, index)| *index = (stage * books.size()) as u32);
            }
            for stage in 0..books.stages() {
                self.stage(books, stage, residual, indices);
            }
        }
    }
}
