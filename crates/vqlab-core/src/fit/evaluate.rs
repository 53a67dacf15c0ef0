//! The error of codebooks on given vectors.

use rayon::prelude::*;

use crate::codec::better_search;
use crate::quantizer::kernels::squared_error;
use crate::quantizer::{Codebooks, Search, assigner, residuals};

/// AVQ's search and beam width at evaluation, chosen as in `vqlab encode`; None for other methods.
pub fn evaluation_search(books: &Codebooks, beam_width: usize, vectors: &[f32]) -> Option<(Search, usize)> {
    books.method().has_beam().then(|| (better_search(books, beam_width, vectors), beam_width))
}

/// ‖x − q‖² of each vector (n × D), on all threads of the current pool. `beam` is AVQ's search and width.
pub fn squared_errors(books: &Codebooks, beam: Option<(Search, usize)>, vectors: &[f32]) -> Vec<f64> {
    let dimension = books.dimension();
    let rows = (vectors.len() / dimension).div_ceil(rayon::current_num_threads()).max(1);
    let errors = |x: &[f32]| {
        let (residual, _) = residuals(books, assigner(books.method(), beam).as_mut(), x);
        residual.chunks_exact(dimension).map(squared_error).collect::<Vec<f64>>()
    };
    vectors.par_chunks(rows * dimension).flat_map_iter(errors).collect()
}

/// Mean squared error per coordinate.
pub fn mse(books: &Codebooks, beam: Option<(Search, usize)>, vectors: &[f32]) -> f64 {
    squared_errors(books, beam, vectors).iter().sum::<f64>() / vectors.len().max(1) as f64
}

/// At most `most` of the vectors, evenly spaced.
pub fn part(vectors: &[f32], dimension: usize, most: usize) -> Vec<f32> {
    let count = vectors.len() / dimension;
    let taken = count.min(most);
    let row = |i: usize| &vectors[i * count / taken * dimension..][..dimension];
    (0..taken).flat_map(row).copied().collect()
}
