//! Codebooks that fit given codes best: all codewords together by least squares (Babenko, Lempitsky, CVPR 2014).

use nalgebra::{Cholesky, DMatrix};

use super::sums::Sums;
use super::{Error, Progress};
use crate::quantizer::kernels::Rows;
use crate::quantizer::{Codebooks, GRAM_LIMIT};

/// λ, in uses of a codeword: what holds the codewords where the codes leave them free. Small beside any use, large beside
/// the rounding errors of the sums.
const REGULARISATION: f64 = 1e-2;

/// Rows that are eliminated together: all other work is in products of matrices, which are fast.
const BLOCK: usize = 128;

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
/// [`Error::LeastSquares`], [`Error::Stopped`].
pub fn fit(books: &mut Codebooks, remainder: &[f32], picks: &[u32], progress: &mut Progress) -> Result<(), Error> {
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
    // Column by column, so that the lower triangle is filled.
    let matrix = DMatrix::from_vec(words, words, matrix);
    let mut change = DMatrix::from_row_slice(words, dimension, &sums.values);
    solve(matrix, &mut change, progress)?;
    for (word, values) in books.values_mut().chunks_exact_mut(dimension).enumerate() {
        for (value, change) in values.iter_mut().zip(change.row(word).iter()) {
            *value = (f64::from(*value) + change) as f32;
        }
    }
    if books.values().iter().all(|v| v.is_finite()) { Ok(()) } else { Err(Error::LeastSquares) }
}

/// right = matrix⁻¹ · right by Cholesky's decomposition, block by block; of the symmetric and positive definite `matrix` the
/// lower triangle is read.
fn solve(mut matrix: DMatrix<f64>, right: &mut DMatrix<f64>, progress: &mut Progress) -> Result<(), Error> {
    let (n, columns) = right.shape();
    let starts: Vec<usize> = (0..n).step_by(BLOCK).collect();
    for start in starts.iter().copied() {
        progress.done(0.8 * start as f64 / n as f64)?;
        let block = BLOCK.min(n - start);
        let (next, left) = (start + block, n - start - block);
        let diagonal = matrix.view((start, start), (block, block)).into_owned();
        let diagonal = Cholesky::new(diagonal).ok_or(Error::LeastSquares)?.l();
        let unsolved = || Error::LeastSquares;
        let mut rows = right.rows_mut(start, block);
        diagonal.solve_lower_triangular_mut(&mut rows).then_some(()).ok_or_else(unsolved)?;
        let rows = rows.into_owned();
        // The block column below the diagonal, transposed.
        let mut below = matrix.view((next, start), (left, block)).transpose();
        diagonal.solve_lower_triangular_mut(&mut below).then_some(()).ok_or_else(unsolved)?;
        let column = below.transpose();
        right.rows_mut(next, left).gemm(-1.0, &column, &rows, 1.0);
        for at in (next..n).step_by(BLOCK) {
            let (block, first) = (BLOCK.min(n - at), at - next);
            let target = &mut matrix.view_mut((at, at), (n - at, block));
            target.gemm(-1.0, &column.rows(first, n - at), &below.columns(first, block), 1.0);
        }
        matrix.view_mut((next, start), (left, block)).copy_from(&column);
        matrix.view_mut((start, start), (block, block)).copy_from(&diagonal);
    }
    for start in starts.into_iter().rev() {
        progress.done(1.0 - 0.2 * start as f64 / n as f64)?;
        let block = BLOCK.min(n - start);
        let (next, left) = (start + block, n - start - block);
        let mut rows = right.rows(start, block).into_owned();
        rows.gemm(-1.0, &matrix.view((next, start), (left, block)).transpose(), &right.rows(next, left), 1.0);
        let diagonal = matrix.view((start, start), (block, block));
        diagonal.tr_solve_lower_triangular_mut(&mut rows).then_some(()).ok_or(Error::LeastSquares)?;
        right.view_mut((start, 0), (block, columns)).copy_from(&rows);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::stream::{normal, stream};

    #[test]
    fn the_solution_by_blocks_solves_the_equations() {
        for n in [1, 2, BLOCK, BLOCK + 1, 3 * BLOCK + 17] {
            let mut rng = stream("least squares");
            let mut drawn = |rows, columns| DMatrix::from_fn(rows, columns, |_, _| f64::from(normal(&mut rng)));
            let (root, right) = (drawn(n, n + 3), drawn(n, 5));
            let matrix = &root * root.transpose() + DMatrix::identity(n, n);
            let mut found = right.clone();
            solve(matrix.lower_triangle(), &mut found, &mut Progress::new(&mut |_| true)).unwrap();
            let beside = (&matrix * found - right).abs().max();
            assert!(beside < 1e-9, "{n}: {beside}");
        }
        let mut right = DMatrix::identity(2, 2);
        let singular = solve(DMatrix::zeros(2, 2), &mut right, &mut Progress::new(&mut |_| true));
        assert_eq!(singular, Err(Error::LeastSquares));
    }
}
