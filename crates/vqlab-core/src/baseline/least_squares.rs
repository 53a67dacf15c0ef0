//! Codebooks that fit given codes best: all codewords together by least squares (Babenko, Lempitsky, CVPR 2014).

use std::ops::Range;

use rayon::prelude::*;

use super::sums::Sums;
use super::{Error, Progress};
use crate::linear::Cholesky;
use crate::quantizer::kernels::Rows;
use crate::quantizer::{Codebooks, GRAM_LIMIT};

/// λ, in uses of a codeword. It holds the codewords where the codes leave them free. It is small compared with any use,
/// and large compared with the rounding errors of the sums.
const REGULARIZATION: f64 = 1e-2;

/// Coordinates that a thread solves for together, so that the memory does not grow with M·K·D.
pub const COLUMNS: usize = 128;

/// Rejects codebooks with too many codewords for a joint fit.
pub fn check(stages: usize, size: usize) -> Result<(), Error> {
    if stages.saturating_mul(size) > GRAM_LIMIT { Err(Error::TooManyCodewords { stages, size }) } else { Ok(()) }
}

/// Moves the codewords C of `books` to the minimum of ‖X − BC‖² + λ‖C − C′‖², where C′ are the old codewords and B is
/// the n × M·K matrix of the codewords that `indices` (n × M) chose: C = C′ + (BᵀB + λI)⁻¹ Bᵀ(X − BC′). `residual`
/// (n × D) is X − BC′.
///
/// In this form no step can raise the squared error. Unused codewords do not move. The M − 1 directions that shift
/// whole codebooks against each other without a change of the sums are not used.
///
/// # Errors
/// [`Error::LeastSquares`], [`Error::Stopped`].
pub fn fit(books: &mut Codebooks, residual: &[f32], indices: &[u32], progress: &mut Progress) -> Result<(), Error> {
    let (dimension, stages, words) = (books.dimension(), books.stages(), books.stages() * books.size());
    progress.done(0.0)?;
    let factor = Cholesky::of(uses(indices, stages, words), words).ok_or(Error::LeastSquares)?;
    let blocks: Vec<Range<usize>> =
        (0..dimension).step_by(COLUMNS).map(|from| from..dimension.min(from + COLUMNS)).collect();
    for wave in blocks.chunks(rayon::current_num_threads()) {
        progress.done(0.3 + 0.7 * wave[0].start as f64 / dimension as f64)?;
        let change = |columns: &Range<usize>| {
            let rows = Rows { data: &residual[columns.start..], stride: dimension };
            let mut sums = Sums::new(rows, columns.len(), indices, stages, words);
            factor.solve(&mut sums.values);
            sums
        };
        let changes: Vec<Sums> = wave.par_iter().map(change).collect();
        for (columns, change) in wave.iter().zip(changes) {
            for (word, values) in books.values_mut().chunks_exact_mut(dimension).enumerate() {
                let values = values[columns.clone()].iter_mut().zip(change.row(word));
                values.for_each(|(value, change)| *value = (f64::from(*value) + change) as f32);
            }
        }
    }
    if books.values().iter().all(|v| v.is_finite()) { Ok(()) } else { Err(Error::LeastSquares) }
}

/// BᵀB + λI: how often two codewords are chosen together; the lower triangle, column-major.
fn uses(indices: &[u32], stages: usize, words: usize) -> Vec<f64> {
    let mut matrix = vec![0f64; words * words];
    matrix.iter_mut().step_by(words + 1).for_each(|v| *v = REGULARIZATION);
    for indices in indices.chunks_exact(stages) {
        for (m, index) in indices.iter().enumerate() {
            // `indices` are in stage order.
            for other in &indices[..=m] {
                matrix[*other as usize * words + *index as usize] += 1.0;
            }
        }
    }
    matrix
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::Rng;

    use super::*;
    use crate::data::stream::{normal, stream};
    use crate::quantizer::Method;

    /// ‖X − BC‖² + λ‖C − C′‖².
    fn goal(books: &Codebooks, old: &Codebooks, x: &[f32], indices: &[u32]) -> f64 {
        let dimension = books.dimension();
        let mut residual: Vec<f64> = x.iter().map(|v| f64::from(*v)).collect();
        for (x, indices) in residual.chunks_exact_mut(dimension).zip(indices.chunks_exact(books.stages())) {
            for index in indices {
                x.iter_mut().zip(books.codeword(*index as usize)).for_each(|(x, c)| *x -= f64::from(*c));
            }
        }
        let moved = books.values().iter().zip(old.values()).map(|(c, o)| f64::from(c - o).powi(2)).sum::<f64>();
        residual.iter().map(|v| v * v).sum::<f64>() + REGULARIZATION * moved
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Few vectors leave codewords unused, and equal vectors make the problem singular without λ.
        #[test]
        fn no_other_codewords_fit_the_codes_better(
            n in 1usize..60, stages in 1usize..5, size in 1usize..9, dimension in 1usize..300, seed in any::<u32>()
        ) {
            let mut rng = stream(&format!("least squares/{seed}"));
            let mut drawn = |n: usize| -> Vec<f32> { (0..n).map(|_| normal(&mut rng)).collect() };
            let (x, values) = (drawn(n * dimension), drawn(stages * size * dimension));
            let old = Codebooks::new(Method::Lsq, dimension, stages, size, values).unwrap();
            let indices: Vec<u32> =
                (0..n * stages).map(|at| (at % stages * size + rng.next_u32() as usize % size) as u32).collect();
            let mut residual = x.clone();
            let rows = residual.chunks_exact_mut(dimension).zip(indices.chunks_exact(stages));
            rows.for_each(|(x, indices)| old.subtract(indices, x));
            let mut books = old.clone();
            fit(&mut books, &residual, &indices, &mut Progress::new(&mut |_| true)).unwrap();
            let least = goal(&books, &old, &x, &indices);
            // The goal is convex: where no small step from here is better, no other point is.
            for step in [1e-2, -1e-2] {
                for number in [0, stages * size / 2, stages * size - 1] {
                    let mut other = books.clone();
                    other.values_mut()[number * dimension..(number + 1) * dimension].iter_mut().for_each(|v| *v += step);
                    prop_assert!(goal(&other, &old, &x, &indices) >= least * (1.0 - 1e-6));
                }
            }
            prop_assert!(least <= goal(&old, &old, &x, &indices) * (1.0 + 1e-6));
            let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
            let mut again = old.clone();
            alone.install(|| fit(&mut again, &residual, &indices, &mut Progress::new(&mut |_| true))).unwrap();
            prop_assert_eq!(again, books);
        }
    }
}
