//! Linear algebra in double precision: covariances, the nearest orthogonal matrix, principal axes, and symmetric
//! equations. One library (faer) computes the decompositions. Work on several threads is split into parts of fixed
//! size, so that the result does not depend on the number of threads.

use std::ops::Range;

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{LltRegularization, cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::matmul::matmul;
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::prelude::ReborrowMut;
use faer::traits::RealField;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Columns of a result that one thread computes.
const PANEL: usize = 64;

/// Vectors that are multiplied together.
const BLOCK: usize = 1024;

/// target (D × D, column-major) += Σ x·xᵀ over the rows x of `a` (n × D), lower triangle only; the values above it are
/// unused.
fn add_squares(target: &mut [f64], dimension: usize, a: &[f64]) {
    let a = MatRef::from_column_major_slice(a, dimension, a.len() / dimension);
    target.par_chunks_mut(PANEL * dimension).enumerate().for_each(|(number, panel)| {
        let (width, from) = (panel.len() / dimension, number * PANEL);
        let panel = MatMut::from_column_major_slice_mut(panel, dimension, width).subrows_mut(from, dimension - from);
        let (below, beside) = (a.subrows(from, dimension - from), a.subrows(from, width));
        matmul(panel, Accum::Add, below, beside.transpose(), 1.0, Par::Seq);
    });
}

/// Some columns of a row-major matrix.
pub struct Columns<'a> {
    pub rows: &'a [f32],
    pub stride: usize,
    pub columns: Range<usize>,
}

/// target (m × w) += aᵀ·b for m columns `a` and a matrix `b` (n × w) of n rows, all row-major. The products are summed
/// in single precision over the n rows.
pub fn add_product(target: &mut [f64], a: Columns, b: &[f32]) {
    let (n, m) = (a.rows.len() / a.stride, a.columns.len());
    let width = b.len() / n;
    let a = MatRef::from_row_major_slice(a.rows, n, a.stride).subcols(a.columns.start, m);
    let mut products = vec![0f32; m * width];
    let product = MatMut::from_row_major_slice_mut(&mut products, m, width);
    matmul(product, Accum::Replace, a.transpose(), MatRef::from_row_major_slice(b, n, width), 1.0, Par::Seq);
    target.iter_mut().zip(products).for_each(|(target, product)| *target += f64::from(product));
}

/// out = a·bᵀ for two matrices of rows of `width` numbers, all row-major, on one thread.
pub fn rows_times_transposed(a: &[f32], b: &[f32], width: usize, out: &mut [f32]) {
    let (n, m) = (a.len() / width, b.len() / width);
    let out = MatMut::from_row_major_slice_mut(out, n, m);
    let (a, b) = (MatRef::from_row_major_slice(a, n, width), MatRef::from_row_major_slice(b, m, width));
    matmul(out, Accum::Replace, a, b.transpose(), 1.0, Par::Seq);
}

/// The lower triangle of Σ (x − mean)·(x − mean)ᵀ / n, D × D and column-major, over n × D vectors.
pub fn covariance(vectors: &[f32], mean: &[f64]) -> Vec<f64> {
    let dimension = mean.len();
    let count = (vectors.len() / dimension).max(1) as f64;
    let mut sums = vec![0.0; dimension * dimension];
    let mut centered = Vec::new();
    for block in vectors.chunks(BLOCK * dimension) {
        centered.clear();
        centered.extend(block.iter().enumerate().map(|(at, v)| f64::from(*v) - mean[at % dimension]));
        add_squares(&mut sums, dimension, &centered);
    }
    sums.iter_mut().for_each(|v| *v /= count);
    sums
}

/// Replaces `matrix` (n × n, column-major) by the nearest orthogonal matrix: U·Vᵀ where `matrix` is U·S·Vᵀ. For a
/// singular `matrix` there are several; the result is one of them. Returns false where there is none (numbers that are
/// not finite).
pub fn nearest_orthogonal(matrix: &mut [f64], n: usize) -> bool {
    scale(matrix) && without_stretch(matrix, n)
}

/// As [`nearest_orthogonal`], computed in single precision, in half the time. The result is orthogonal within 10⁻⁵.
pub fn nearly_nearest_orthogonal(matrix: &mut [f64], n: usize) -> bool {
    if !scale(matrix) {
        return false;
    }
    let mut single: Vec<f32> = matrix.iter().map(|v| *v as f32).collect();
    let found = without_stretch(&mut single, n);
    matrix.iter_mut().zip(single).for_each(|(v, single)| *v = f64::from(single));
    found
}

/// Replaces U·S·Vᵀ by U·Vᵀ.
fn without_stretch<T: RealField + Send + Sync>(matrix: &mut [T], n: usize) -> bool {
    let [mut u, mut v] = [(); 2].map(|()| Mat::<T>::zeros(n, n));
    let mut values = Diag::zeros(n);
    let of = MatRef::from_column_major_slice(&*matrix, n, n);
    let vectors = ComputeSvdVectors::Full;
    let mut scratch = MemBuffer::new(svd_scratch::<T>(n, n, vectors, vectors, Par::Seq, Default::default()));
    let stack = MemStack::new(&mut scratch);
    let (of_u, of_v) = (Some(u.as_mut()), Some(v.as_mut()));
    if svd(of, values.as_mut(), of_u, of_v, Par::Seq, stack, Default::default()).is_err() {
        return false;
    }
    drop(scratch);
    let (u, v) = (u.as_ref(), v.as_ref());
    matrix.par_chunks_mut(PANEL * n).enumerate().for_each(|(number, panel)| {
        let width = panel.len() / n;
        let panel = MatMut::from_column_major_slice_mut(panel, n, width);
        let rows = v.subrows(number * PANEL, width).transpose();
        matmul(panel, Accum::Replace, u, rows, T::one_impl(), Par::Seq);
    });
    true
}

/// Brings the largest number near 1 by a power of two; false where a number is not finite.
fn scale(matrix: &mut [f64]) -> bool {
    let largest = matrix.iter().fold(0.0, |largest: f64, v| if v.abs() <= largest { largest } else { v.abs() });
    if !largest.is_finite() {
        return false;
    }
    if largest > 0.0 {
        let factor = (-largest.log2().floor()).clamp(-1000.0, 1000.0).exp2();
        matrix.iter_mut().for_each(|v| *v *= factor);
    }
    true
}

/// Eigenvalues of a symmetric matrix, ascending, and their unit vectors.
pub struct Eigen {
    pub values: Vec<f64>,
    vectors: Mat<f64>,
}

impl Eigen {
    /// The decomposition of the matrix with this lower triangle (n × n, column-major); None where a number is not
    /// finite.
    pub fn of(matrix: &[f64], n: usize) -> Option<Self> {
        let mut columns = (0..n).map(|column| &matrix[column * n + column..(column + 1) * n]);
        if !columns.all(|lower| lower.iter().all(|v| v.is_finite())) {
            return None;
        }
        let mut vectors = Mat::zeros(n, n);
        let mut values = Diag::zeros(n);
        let lower = MatRef::from_column_major_slice(matrix, n, n);
        let needed = self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::Yes, Par::Seq, Default::default());
        let mut scratch = MemBuffer::new(needed);
        let stack = MemStack::new(&mut scratch);
        let (of_values, of_vectors) = (values.as_mut(), Some(vectors.as_mut()));
        self_adjoint_evd(lower, of_values, of_vectors, Par::Seq, stack, Default::default()).ok()?;
        let values: Vec<f64> = values.column_vector().iter().copied().collect();
        values.iter().all(|v| v.is_finite()).then_some(Self { values, vectors })
    }

    /// The unit vector of eigenvalue `number`.
    pub fn vector(&self, number: usize) -> impl Iterator<Item = f64> {
        self.vectors.col(number).iter().copied()
    }
}

/// Cholesky's decomposition of a symmetric and positive definite matrix.
pub struct Cholesky {
    /// L with `matrix` = L·Lᵀ in the lower triangle.
    lower: Vec<f64>,
    n: usize,
}

impl Cholesky {
    /// The decomposition of the matrix with this lower triangle (n × n, column-major); None where it is not positive
    /// definite.
    pub fn of(mut matrix: Vec<f64>, n: usize) -> Option<Self> {
        let mut scratch = MemBuffer::new(cholesky_in_place_scratch::<f64>(n, Par::Seq, Default::default()));
        let target = MatMut::from_column_major_slice_mut(&mut matrix, n, n);
        let (none, stack) = (LltRegularization::default(), MemStack::new(&mut scratch));
        cholesky_in_place(target, none, Par::Seq, stack, Default::default()).ok()?;
        Some(Self { lower: matrix, n })
    }

    /// right = matrix⁻¹·right for the columns of `right` (n × m, row-major).
    pub fn solve(&self, right: &mut [f64]) {
        let lower = MatRef::from_column_major_slice(&self.lower, self.n, self.n);
        let columns = right.len() / self.n;
        let mut right = MatMut::from_row_major_slice_mut(right, self.n, columns);
        solve_lower_triangular_in_place(lower, right.rb_mut(), Par::Seq);
        solve_upper_triangular_in_place(lower.transpose(), right, Par::Seq);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::stream::{normal, stream};

    fn drawn(name: &str, n: usize) -> Vec<f64> {
        let mut rng = stream(name);
        (0..n).map(|_| f64::from(normal(&mut rng))).collect()
    }

    /// a·b of n × n matrices, column-major.
    fn product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
        (0..n * n).map(|at| (0..n).map(|k| a[k * n + at % n] * b[at / n * n + k]).sum()).collect()
    }

    fn transposed(a: &[f64], n: usize) -> Vec<f64> {
        (0..n * n).map(|at| a[at % n * n + at / n]).collect()
    }

    /// The largest difference from the identity.
    fn beside_identity(a: &[f64], n: usize) -> f64 {
        a.iter().enumerate().map(|(at, v)| (v - f64::from(u8::from(at / n == at % n))).abs()).fold(0.0, f64::max)
    }

    /// n × n of rank at most `rank`, with singular values from about 1 down to `least`.
    fn of_rank(n: usize, rank: usize, least: f64, name: &str) -> Vec<f64> {
        let (a, b) = (drawn(&format!("{name}/a"), n * rank), drawn(&format!("{name}/b"), rank * n));
        let weight = |k: usize| least.powf(k as f64 / rank.max(2) as f64);
        (0..n * n).map(|at| (0..rank).map(|k| a[at % n * rank + k] * weight(k) * b[k * n + at / n]).sum()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Q is the nearest to A where QᵀA is symmetric and positive semidefinite: the slow oracle rotates Q in the
        /// plane of every pair of axes.
        #[test]
        fn the_nearest_orthogonal_matrix_is_orthogonal_and_no_other_is_nearer(
            n in 1usize..40, lack in 0usize..4, least in -12i32..1, power in -100i32..100, seed in any::<u32>()
        ) {
            let a = of_rank(n, n.saturating_sub(lack), 10f64.powi(least), &format!("nearest/{seed}"));
            let a: Vec<f64> = a.into_iter().map(|v| v * 2f64.powi(power)).collect();
            let mut q = a.clone();
            prop_assert!(nearest_orthogonal(&mut q, n));
            prop_assert!(beside_identity(&product(&transposed(&q, n), &q, n), n) < 1e-12);
            let along = product(&transposed(&q, n), &a, n);
            let size = a.iter().map(|v| v * v).sum::<f64>().sqrt();
            for i in 0..n {
                for j in 0..i {
                    let (ii, jj, ij, ji) = (along[i * n + i], along[j * n + j], along[j * n + i], along[i * n + j]);
                    // The trace after a rotation by t in this plane is (ii + jj)·cos t + (ij − ji)·sin t, the maximum
                    // at t = 0; a reflection in it must not raise the trace either.
                    prop_assert!((ij - ji).abs() <= 1e-12 * size && ii + jj >= -1e-12 * size);
                    prop_assert!(ii + jj >= ((ii - jj).powi(2) + (ij + ji).powi(2)).sqrt() - 1e-12 * size);
                }
            }
        }

        #[test]
        fn rows_times_rows_are_those_of_the_loops(
            n in 1usize..40, m in 1usize..40, width in 1usize..40, seed in any::<u32>()
        ) {
            let drawn = |name, n| -> Vec<f32> { drawn(&format!("rows/{seed}/{name}"), n).iter().map(|v| *v as f32).collect() };
            let (a, b, mut out) = (drawn("a", n * width), drawn("b", m * width), vec![f32::NAN; n * m]);
            rows_times_transposed(&a, &b, width, &mut out);
            for (at, value) in out.into_iter().enumerate() {
                let rows = a[at / m * width..][..width].iter().zip(&b[at % m * width..][..width]);
                let slow: f64 = rows.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                prop_assert!((f64::from(value) - slow).abs() < 1e-4);
            }
        }

        #[test]
        fn eigenvectors_are_orthogonal_and_give_the_matrix_again(n in 1usize..40, lack in 0usize..4, seed in any::<u32>()) {
            let root = of_rank(n, n.saturating_sub(lack), 1e-3, &format!("eigen/{seed}"));
            let matrix = product(&root, &transposed(&root, n), n);
            let mut lower = matrix.clone();
            // Values above the diagonal are not read.
            (0..n * n).filter(|at| at / n > at % n).for_each(|at| lower[at] = f64::NAN);
            let found = Eigen::of(&lower, n).unwrap();
            prop_assert!(found.values.is_sorted());
            let vectors: Vec<f64> = (0..n).flat_map(|number| found.vector(number)).collect();
            prop_assert!(beside_identity(&product(&transposed(&vectors, n), &vectors, n), n) < 1e-12);
            let scaled: Vec<f64> = vectors.iter().enumerate().map(|(at, v)| v * found.values[at / n]).collect();
            let again = product(&scaled, &transposed(&vectors, n), n);
            let size = matrix.iter().map(|v| v * v).sum::<f64>().sqrt();
            prop_assert!(again.iter().zip(&matrix).all(|(a, b)| (a - b).abs() <= 1e-12 * size));
        }

        #[test]
        fn solutions_solve_the_equations(n in 1usize..200, columns in 1usize..20, seed in any::<u32>()) {
            let root = drawn(&format!("solve/{seed}"), n * n);
            let mut matrix = product(&root, &transposed(&root, n), n);
            matrix.iter_mut().step_by(n + 1).for_each(|v| *v += n as f64);
            // Row-major.
            let right = drawn(&format!("right/{seed}"), n * columns);
            let mut found = right.clone();
            Cholesky::of(matrix.clone(), n).unwrap().solve(&mut found);
            for (at, expected) in right.iter().enumerate() {
                let (row, column) = (at / columns, at % columns);
                let sum: f64 = (0..n).map(|k| matrix[k * n + row] * found[k * columns + column]).sum();
                prop_assert!((sum - expected).abs() < 1e-9, "{} {}", sum, expected);
            }
        }

        #[test]
        fn products_of_columns_are_those_of_the_loops(
            n in 1usize..30, m in 1usize..30, from in 0usize..5, width in 1usize..20, behind in 0usize..5, seed in any::<u32>()
        ) {
            let stride = from + m + behind;
            let drawn = |name, count| -> Vec<f32> {
                drawn(&format!("columns/{seed}/{name}"), count).iter().map(|v| *v as f32).collect()
            };
            let (a, b) = (drawn("a", n * stride), drawn("b", n * width));
            let mut found = vec![1.0; m * width];
            add_product(&mut found, Columns { rows: &a, stride, columns: from..from + m }, &b);
            for (at, value) in found.into_iter().enumerate() {
                let (row, column) = (at / width, at % width);
                let product = |k: usize| f64::from(a[k * stride + from + row]) * f64::from(b[k * width + column]);
                prop_assert!((value - 1.0 - (0..n).map(product).sum::<f64>()).abs() < 1e-4);
            }
        }

        #[test]
        fn covariances_are_those_of_the_loops_on_any_number_of_threads(
            dimension in 1usize..150, n in 1usize..40, seed in any::<u32>()
        ) {
            let x: Vec<f32> = drawn(&format!("covariance/{seed}"), n * dimension).iter().map(|v| *v as f32).collect();
            let mean: Vec<f64> = (0..dimension).map(|at| 0.01 * at as f64).collect();
            let centered = |k: usize, at: usize| f64::from(x[k * dimension + at]) - mean[at];
            let found = covariance(&x, &mean);
            for at in (0..dimension * dimension).filter(|at| at / dimension <= at % dimension) {
                let slow: f64 = (0..n).map(|k| centered(k, at % dimension) * centered(k, at / dimension)).sum();
                prop_assert!((found[at] - slow / n as f64).abs() < 1e-11);
            }
            let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
            prop_assert!(alone.install(|| covariance(&x, &mean)) == found);
        }
    }

    #[test]
    fn the_nearest_orthogonal_matrix_of_single_precision_is_as_near() {
        for (n, rank, least) in [(300, 300, 1e-3), (300, 300, 1e-9), (300, 7, 1.0), (300, 0, 1.0), (1, 1, 1.0)] {
            let a: Vec<f64> = of_rank(n, rank, least, "single").into_iter().map(|v| v * 1e20).collect();
            let [mut precise, mut single] = [a.clone(), a.clone()];
            assert!(nearest_orthogonal(&mut precise, n) && nearly_nearest_orthogonal(&mut single, n));
            assert!(beside_identity(&product(&transposed(&single, n), &single, n), n) < 1e-5, "{n}, {rank}");
            // The trace of QᵀA is the largest.
            let trace = |q: &[f64]| q.iter().zip(&a).map(|(q, a)| q * a).sum::<f64>();
            assert!(trace(&single) >= trace(&precise) * (1.0 - 1e-6), "{n}, {rank}, {least}");
        }
        assert!(!nearly_nearest_orthogonal(&mut [1.0, f64::NAN, 0.0, 1.0], 2));
    }

    #[test]
    fn matrices_without_an_answer_have_none() {
        assert!(!nearest_orthogonal(&mut [1.0, f64::NAN, 0.0, 1.0], 2));
        assert!(!nearest_orthogonal(&mut [f64::INFINITY], 1));
        assert!(Eigen::of(&[f64::NAN], 1).is_none() && Eigen::of(&[1.0, f64::INFINITY, 0.0, 1.0], 2).is_none());
        assert!(Cholesky::of(vec![0.0; 4], 2).is_none() && Cholesky::of(vec![1.0, 2.0, 0.0, 1.0], 2).is_none());
        // All orthogonal matrices are equally near to the zero matrix.
        let mut zero = vec![0.0; 25];
        assert!(nearest_orthogonal(&mut zero, 5));
        assert!(beside_identity(&product(&transposed(&zero, 5), &zero, 5), 5) < 1e-12);
    }
}
