//! Codebooks that fit given codes best: all codewords together by least squares (Babenko, Lempitsky, CVPR 2014).

use nalgebra::{Cholesky, DMatrix};

use super::Error;
use super::sums::Sums;
use crate::quantizer::kernels::Rows;
use crate::quantizer::{Codebooks, GRAM_LIMIT};

/// λ, in uses of a codeword: what holds the codewords where the codes leave them free. Small beside any use, large beside
/// the rounding errors of the sums.
const REGULARISATION: f64 = 1e-2;

/// Refuses codebooks whose codewords are too many to be fitted together.
pub fn check(stages: usize, size: usize) -> Result<(), Error> {
    if stages.saturating_mul(size) > GRAM_LIMIT { Err(Error::TooManyCodewords { stages, size }) } else { Ok(()) }
}

/// Moves the codewords C of `books` to where ‖X − BC‖² + λ‖C − C′‖² is least, C′ being the old ones, B the n × M·K matrix that
/// says which codewords `picks` (n × M) chose: C = C′ + (BᵀB + λI)⁻¹ Bᵀ(X − BC′). `remainder` (n × D) is X − BC′.
///
/// In this form no step can raise the squared error, codewords without use stay where they are, and the M − 1 ways to shift
/// whole codebooks against each other, which leave the sums as they are, are not taken.
///
/// # Errors
/// [`Error::LeastSquares`].
pub fn fit(books: &mut Codebooks, remainder: &[f32], picks: &[u32]) -> Result<(), Error> {
    let (dimension, stages, words) = (books.dimension(), books.stages(), books.stages() * books.size());
    let rows = Rows { data: remainder, stride: dimension };
    let sums = Sums::new(rows, dimension, picks, stages, words);
    let mut matrix = vec![0f64; words * words];
    for picks in picks.chunks_exact(stages) {
        for (m, pick) in picks.iter().enumerate() {
            for other in &picks[..m] {
                matrix[*other as usize * words + *pick as usize] += 1.0;
            }
        }
    }
    for (word, count) in sums.counts.iter().enumerate() {
        matrix[word * (words + 1)] = f64::from(*count) + REGULARISATION;
    }
    // Column by column, so the lower triangle is filled, which is all that the decomposition reads.
    let matrix = DMatrix::from_vec(words, words, matrix);
    let mut change = DMatrix::from_row_slice(words, dimension, &sums.values);
    Cholesky::new(matrix).ok_or(Error::LeastSquares)?.solve_mut(&mut change);
    for (word, values) in books.values_mut().chunks_exact_mut(dimension).enumerate() {
        for (value, change) in values.iter_mut().zip(change.row(word).iter()) {
            *value = (f64::from(*value) + change) as f32;
        }
    }
    if books.values().iter().all(|v| v.is_finite()) { Ok(()) } else { Err(Error::LeastSquares) }
}
