//! Additive quantization by alternation (Babenko, Lempitsky, CVPR 2014): codes by beam search, codebooks by least squares.

use rand_chacha::ChaCha8Rng;

use super::watch::Best;
use super::{Error, Progress, Settings, Watch, least_squares, stagewise};
use crate::quantizer::kernels::{ROWS, squared_length};
use crate::quantizer::{Codebooks, Method, Search, assigner};

pub const ITERATIONS: usize = 25;
pub const BEAM_WIDTH: usize = 16;

/// The share of the work that the start takes.
const START: f64 = 0.2;

/// AVQ codebooks: an RVQ's by k-means, then codes and codebooks in turn. A vector takes new codes only where they are better
/// than its old ones, so that no step raises the error.
pub fn train(
    settings: &Settings,
    vectors: &[f32],
    dimension: usize,
    rng: &mut ChaCha8Rng,
    progress: &mut Progress,
    watch: &mut Watch,
) -> Result<Codebooks, Error> {
    least_squares::check(settings.stages, settings.size)?;
    let books = Codebooks::zeros(Method::Avq, dimension, settings.stages, settings.size)?;
    let start = &mut progress.part(0.0, START);
    let mut books = stagewise::train(books, vectors, super::kmeans::ITERATIONS, rng, start, &mut Watch::default())?;
    let mut search = assigner(Method::Avq, Some((Search::Ordered, settings.beam_width)));
    let mut codes = Codes::none(vectors, dimension, settings.stages);
    let mut progress = progress.part(START, 1.0 - START);
    let mut best = Best::default();
    for iteration in 0..settings.iterations {
        if iteration > 0 && (progress.late() || best.converged()) {
            break;
        }
        let mut progress = progress.step(iteration, settings.iterations);
        search.prepare(&books);
        let found = &mut |x: &mut [f32], picks: &mut [u32]| search.assign(&books, x, picks);
        codes.improve(&books, vectors, &mut progress.part(0.0, 0.8), found)?;
        least_squares::fit(&mut books, &codes.remainder, &codes.picks, &mut progress.part(0.8, 0.2))?;
        codes.update_remainder(&books, vectors);
        watch.note(&mut best, &books, search.as_mut());
    }
    Ok(best.or(books))
}

/// The codes of all training vectors, and what they leave.
pub struct Codes {
    /// n × M.
    pub picks: Vec<u32>,
    /// n × D.
    pub remainder: Vec<f32>,
    known: bool,
}

impl Codes {
    /// No codes as yet: whatever comes first is taken.
    pub fn none(vectors: &[f32], dimension: usize, stages: usize) -> Self {
        let picks = vec![0; vectors.len() / dimension * stages];
        Self { picks, remainder: vectors.to_vec(), known: false }
    }

    /// Whether there are any.
    pub fn known(&self) -> bool {
        self.known
    }

    /// Encodes block by block with `search` (as [`crate::quantizer::Assign::assign`]; the picks that it finds are the present
    /// ones) and keeps for each vector the better of its old and new codes.
    pub fn improve(
        &mut self,
        books: &Codebooks,
        vectors: &[f32],
        progress: &mut Progress,
        search: &mut dyn FnMut(&mut [f32], &mut [u32]),
    ) -> Result<(), Error> {
        let (dimension, stages) = (books.dimension(), books.stages());
        let mut x = vec![0.0; ROWS * dimension];
        let mut picks = vec![0; ROWS * stages];
        let blocks = self.remainder.chunks_mut(ROWS * dimension).zip(self.picks.chunks_mut(ROWS * stages));
        for (block, (old, old_picks)) in blocks.enumerate() {
            let first = block * ROWS * dimension;
            progress.done(first as f64 / vectors.len() as f64)?;
            let (x, picks) = (&mut x[..old.len()], &mut picks[..old_picks.len()]);
            x.copy_from_slice(&vectors[first..first + old.len()]);
            picks.copy_from_slice(old_picks);
            search(x, picks);
            let new = x.chunks_exact(dimension).zip(picks.chunks_exact(stages));
            let old = old.chunks_exact_mut(dimension).zip(old_picks.chunks_exact_mut(stages));
            for ((x, picks), (old, old_picks)) in new.zip(old) {
                if !self.known || squared_length(x) < squared_length(old) {
                    old.copy_from_slice(x);
                    old_picks.copy_from_slice(picks);
                }
            }
        }
        self.known = true;
        Ok(())
    }

    /// What the codes leave with changed codebooks; without codes, all of the vectors.
    pub fn update_remainder(&mut self, books: &Codebooks, vectors: &[f32]) {
        if !self.known {
            return;
        }
        self.remainder.copy_from_slice(vectors);
        let rows = self.remainder.chunks_exact_mut(books.dimension()).zip(self.picks.chunks_exact(books.stages()));
        rows.for_each(|(x, picks)| books.subtract(picks, x));
    }

    /// Σ of the squared remainders.
    pub fn error(&self, dimension: usize) -> f64 {
        self.remainder.chunks_exact(dimension).map(|x| f64::from(squared_length(x))).sum()
    }
}
