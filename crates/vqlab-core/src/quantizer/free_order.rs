//! AVQ with a beam width of 1. Each step takes the codeword nearest to the residual among all unused codebooks, until
//! each codebook is used. AVQ is mostly trained with this search; it needs neither a beam nor a Gram matrix.

use super::assign::Assign;
use super::codebooks::Codebooks;
use super::kernels::{Rows, subtract};
use super::nearest::Nearest;
use super::tiles::WHOLE;

/// Vectors that are assigned together.
const BLOCK: usize = 3 * WHOLE;

/// The smallest K for which byte products are faster, measured.
const BYTES_FROM: usize = 512;

/// Assignment of AVQ with a beam of 1.
#[derive(Default)]
pub struct FreeOrder {
    nearest: Nearest,
    /// Bit m is set where codebook m is used.
    used: Vec<u32>,
    /// (score, codeword number) of the best extension of each vector.
    best: Vec<(f32, u32)>,
    selection: Vec<u32>,
}

impl FreeOrder {
    /// The best codeword of the unused codebooks for each vector of a block.
    fn choose(&mut self, books: &Codebooks, residual: &[f32]) {
        let rows = Rows { data: residual, stride: books.dimension() };
        for (best, used) in self.best.iter_mut().zip(&self.used) {
            // Where no score is finite (NaN codewords), the first unused codeword is chosen; the error shows it.
            *best = (f32::INFINITY, used.trailing_ones() * books.size() as u32);
        }
        self.selection.clear();
        self.selection.extend(0..self.best.len() as u32);
        self.nearest.set_rows(books, rows, &self.selection);
        for stage in 0..books.stages() {
            self.selection.clear();
            let free = self.used.iter().enumerate().filter(|(_, used)| *used >> stage & 1 == 0);
            self.selection.extend(free.map(|(row, _)| row as u32));
            self.nearest.improve(books, stage, rows, &self.selection, &mut self.best);
        }
    }

    fn assign_block(&mut self, books: &Codebooks, residual: &mut [f32], indices: &mut [u32]) {
        let (dimension, stages, size) = (books.dimension(), books.stages(), books.size());
        self.used.clear();
        self.used.resize(residual.len() / dimension, 0);
        self.best.resize(residual.len() / dimension, (0.0, 0));
        for _ in 0..stages {
            self.choose(books, residual);
            let vectors = residual.chunks_exact_mut(dimension).zip(indices.chunks_exact_mut(stages));
            for (((x, indices), used), (_, index)) in vectors.zip(&mut self.used).zip(&self.best) {
                let stage = *index as usize / size;
                subtract(x, books.codeword(*index as usize));
                *used |= 1 << stage;
                indices[stage] = *index;
            }
        }
    }
}

impl Assign for FreeOrder {
    fn prepare(&mut self, books: &Codebooks) {
        self.nearest.prepare(books, BYTES_FROM);
    }

    fn assign(&mut self, books: &Codebooks, residual: &mut [f32], indices: &mut [u32]) {
        let blocks = residual.chunks_mut(BLOCK * books.dimension()).zip(indices.chunks_mut(BLOCK * books.stages()));
        for (residual, indices) in blocks {
            self.assign_block(books, residual, indices);
        }
    }
}
