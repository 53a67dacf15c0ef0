//! An orthogonal rotation before a quantizer, as in optimized product quantization (Ge, He, Ke, Sun, CVPR 2013). The
//! codewords represent parts of the rotated vector. Distances do not change.

use super::assign::Assign;
use super::codebooks::Codebooks;
use super::kernels::{ROWS, Rows, pad_rows, products};
use crate::number::not_finite;

/// The tolerance of orthogonality: the product of a row with itself may differ from 1, and with another row from 0, by
/// this.
const TOLERANCE: f32 = 1e-4;

/// An orthogonal D × D matrix R; the rotated vector is y = R·x.
#[derive(Clone, Debug, PartialEq)]
pub struct Rotation {
    dimension: usize,
    /// Row-major.
    matrix: Vec<f32>,
}

/// Why values are not a rotation.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum RotationError {
    #[error("the rotation has {found} values, expected D × D with D = {dimension}")]
    Count { dimension: usize, found: usize },
    #[error("row {row}, column {column} of the rotation is {value}")]
    NotFinite { row: usize, column: usize, value: f32 },
    #[error("the rotation is not orthogonal: the product of its rows {0} and {1} is {2}")]
    NotOrthogonal(usize, usize, f32),
}

impl Rotation {
    /// A rotation of vectors of `dimension` coordinates by `matrix` (D × D, row-major).
    ///
    /// # Errors
    /// [`RotationError`]. Products of rows may deviate by 10⁻⁴ from those of an orthogonal matrix.
    pub fn new(dimension: usize, matrix: Vec<f32>) -> Result<Self, RotationError> {
        if dimension.checked_mul(dimension) != Some(matrix.len()) || dimension == 0 {
            return Err(RotationError::Count { dimension, found: matrix.len() });
        }
        if let Some((row, column, value)) = not_finite(&matrix, dimension) {
            return Err(RotationError::NotFinite { row, column, value });
        }
        let mut with_itself = matrix.clone();
        multiply(&matrix, dimension, &mut with_itself);
        for (at, value) in with_itself.into_iter().enumerate() {
            let (row, other) = (at / dimension, at % dimension);
            let beside = (value - f32::from(u8::from(row == other))).abs();
            // Products of huge values are NaN.
            if beside > TOLERANCE || beside.is_nan() {
                return Err(RotationError::NotOrthogonal(row, other, value));
            }
        }
        Ok(Self { dimension, matrix })
    }

    /// D × D, row-major.
    pub fn matrix(&self) -> &[f32] {
        &self.matrix
    }

    /// Whether the matrix is the identity.
    pub fn is_identity(&self) -> bool {
        let mut values = self.matrix.iter().enumerate();
        values.all(|(at, v)| *v == f32::from(u8::from(at / self.dimension == at % self.dimension)))
    }

    /// x → R·x for each of the vectors (n × D). The result of a vector does not depend on the others.
    pub fn apply(&self, vectors: &mut [f32]) {
        multiply(&self.matrix, self.dimension, vectors);
    }

    /// R·x of one vector of any size, summed in f64.
    pub fn apply_precisely(&self, x: &[f32]) -> Vec<f64> {
        let product = |row: &[f32]| row.iter().zip(x).map(|(r, v)| f64::from(*r) * f64::from(*v)).sum();
        self.matrix.chunks_exact(self.dimension).map(product).collect()
    }

    /// Rᵀ·y of one vector of any size, summed in f64.
    pub(super) fn undo_precisely(&self, y: &[f64]) -> Vec<f32> {
        let mut sums = vec![0f64; self.dimension];
        for (row, v) in self.matrix.chunks_exact(self.dimension).zip(y) {
            sums.iter_mut().zip(row).for_each(|(sum, r)| *sum += f64::from(*r) * v);
        }
        sums.into_iter().map(|sum| sum as f32).collect()
    }

    /// y → Rᵀ·y for each of the vectors (n × D).
    pub fn undo(&self, vectors: &mut [f32]) {
        let d = self.dimension;
        let transposed: Vec<f32> = (0..d * d).map(|at| self.matrix[at % d * d + at / d]).collect();
        multiply(&transposed, d, vectors);
    }
}

/// Replaces each vector x (of n × D) by matrix·x. The result does not depend on the other vectors.
pub fn multiply(matrix: &[f32], dimension: usize, vectors: &mut [f32]) {
    let (mut block, mut out) = (vec![0.0; ROWS * dimension], vec![0.0; ROWS * dimension]);
    for vectors in vectors.chunks_mut(ROWS * dimension) {
        let stride = dimension;
        pad_rows(Rows { data: vectors, stride }, vectors.len() / dimension, dimension, &mut block);
        products(Rows { data: &block, stride }, Rows { data: matrix, stride }, dimension, dimension, &mut out, stride);
        vectors.copy_from_slice(&out[..vectors.len()]);
    }
}

/// An assignment of rotated vectors. The residuals on return are R·x − (the codewords), in rotated coordinates. They
/// are as long as x − q, and the gradient of the codewords is computed from them.
pub struct Rotated(pub Box<dyn Assign>);

impl Assign for Rotated {
    fn prepare(&mut self, books: &Codebooks) {
        self.0.prepare(books);
    }

    fn assign(&mut self, books: &Codebooks, residual: &mut [f32], indices: &mut [u32]) {
        if let Some(rotation) = books.rotation() {
            rotation.apply(residual);
        }
        self.0.assign(books, residual, indices);
    }
}
