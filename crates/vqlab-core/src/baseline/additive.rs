//! Additive quantization by alternating optimization (Babenko, Lempitsky, CVPR 2014): codes by beam search, codebooks
//! by least squares.

use rayon::prelude::*;

use super::team::Team;
use super::watch::Best;
use super::{Error, Progress, Watch, least_squares, stagewise};
use crate::quantizer::kernels::{ROWS, squared_length};
use crate::quantizer::{Codebooks, Search, TrainRequest, assigner};

pub const ITERATIONS: usize = 25;
/// Vectors that a thread encodes between two calls of `go_on`.
const PULSE: usize = 4 * ROWS;

/// The share of the work that the start takes.
const START: f64 = 0.2;

/// AVQ codebooks: starts from an RVQ by k-means, then optimizes codes and codebooks in turn. A vector takes new codes
/// only where they are better than its old ones, so that no step raises the error.
pub fn train(request: &TrainRequest, progress: &mut Progress, watch: &mut Watch) -> Result<Codebooks, Error> {
    let &TrainRequest { method, vectors, dimension, stages, size, iterations, beam_width, .. } = request;
    least_squares::check(stages, size)?;
    let rng = &mut request.stream();
    let start = &mut progress.part(0.0, START);
    let mut books =
        stagewise::fill(request.zeros()?, vectors, super::kmeans::ITERATIONS, rng, start, &mut Watch::default())?;
    let search = || assigner(method, Some((Search::Ordered, beam_width)));
    let mut team = Team::new(search);
    let mut codes = Codes::none(vectors, dimension, stages);
    let mut progress = progress.part(START, 1.0 - START);
    let mut best = Best::default();
    for iteration in 0..iterations {
        if iteration > 0 && (progress.late() || best.converged()) {
            break;
        }
        let mut progress = progress.step(iteration, iterations);
        team.each(|search| search.prepare(&books));
        codes.improve(&books, vectors, &mut team, &mut progress.part(0.0, 0.8), |search, x, indices| {
            search.assign(&books, x, indices);
        })?;
        least_squares::fit(&mut books, &codes.residual, &codes.indices, &mut progress.part(0.8, 0.2))?;
        codes.update_residual(&books, vectors);
        watch.note(&mut best, &books, team.first().as_mut());
    }
    Ok(best.or(books))
}

/// The codes of all training vectors, and the residuals.
pub struct Codes {
    /// n × M.
    pub indices: Vec<u32>,
    /// n × D.
    pub residual: Vec<f32>,
    known: bool,
}

impl Codes {
    /// No codes yet: the first codes are always taken.
    pub fn none(vectors: &[f32], dimension: usize, stages: usize) -> Self {
        let indices = vec![0; vectors.len() / dimension * stages];
        Self { indices, residual: vectors.to_vec(), known: false }
    }

    /// Whether there are codes.
    pub fn known(&self) -> bool {
        self.known
    }

    /// Encodes on all threads with `search` (as [`crate::quantizer::Assign::assign`]; its `indices` start as the present
    /// codes). For each vector, the better of the old and new codes is kept.
    pub fn improve<S: Send>(
        &mut self,
        books: &Codebooks,
        vectors: &[f32],
        team: &mut Team<S>,
        progress: &mut Progress,
        search: impl Fn(&mut S, &mut [f32], &mut [u32]) + Sync,
    ) -> Result<(), Error> {
        let (dimension, stages, known) = (books.dimension(), books.stages(), self.known);
        let pulse = PULSE * team.members();
        let (mut done, all) = (0, vectors.len());
        let pulses = self.residual.chunks_mut(pulse * dimension).zip(self.indices.chunks_mut(pulse * stages));
        for ((old, old_indices), vectors) in pulses.zip(vectors.chunks(pulse * dimension)) {
            progress.done(done as f64 / all as f64)?;
            done += vectors.len();
            let parts = old.chunks_mut(ROWS * dimension).zip(old_indices.chunks_mut(ROWS * stages));
            team.share(parts.zip(vectors.chunks(ROWS * dimension)), |member, ((old, old_indices), vectors)| {
                let (mut x, mut indices) = (vectors.to_vec(), old_indices.to_vec());
                search(member, &mut x, &mut indices);
                let new = x.chunks_exact(dimension).zip(indices.chunks_exact(stages));
                let old = old.chunks_exact_mut(dimension).zip(old_indices.chunks_exact_mut(stages));
                for ((x, indices), (old, old_indices)) in new.zip(old) {
                    if !known || squared_length(x) < squared_length(old) {
                        old.copy_from_slice(x);
                        old_indices.copy_from_slice(indices);
                    }
                }
            });
        }
        self.known = true;
        Ok(())
    }

    /// Computes the residuals with changed codebooks; without codes, they are the vectors themselves.
    pub fn update_residual(&mut self, books: &Codebooks, vectors: &[f32]) {
        if !self.known {
            return;
        }
        let (dimension, stages) = (books.dimension(), books.stages());
        let rows = self.residual.par_chunks_exact_mut(dimension).zip(vectors.par_chunks_exact(dimension));
        rows.zip(self.indices.par_chunks_exact(stages)).for_each(|((x, vector), indices)| {
            x.copy_from_slice(vector);
            books.subtract(indices, x);
        });
    }

    /// Σ of the squared residuals.
    pub fn error(&self, dimension: usize) -> f64 {
        self.residual.chunks_exact(dimension).map(|x| f64::from(squared_length(x))).sum()
    }
}
