//! The mean and the principal axes of vectors.

use nalgebra::{DMatrix, Dyn, SymmetricEigen};

/// Vectors that are multiplied at once.
const BLOCK: usize = 1024;

/// The mean of n × D vectors.
pub(crate) fn mean(vectors: &[f32], dimension: usize) -> Vec<f64> {
    let count = (vectors.len() / dimension) as f64;
    let mut mean = vec![0f64; dimension];
    for x in vectors.chunks_exact(dimension) {
        mean.iter_mut().zip(x).for_each(|(m, v)| *m += f64::from(*v) / count);
    }
    mean
}

/// Eigenvalues and eigenvectors of a covariance.
pub(crate) struct Axes {
    eigen: SymmetricEigen<f64, Dyn>,
    /// By falling eigenvalue.
    order: Vec<usize>,
}

impl Axes {
    /// Of n × D vectors with this mean.
    pub fn of(vectors: &[f32], mean: &[f64]) -> Self {
        let dimension = mean.len();
        let count = (vectors.len() / dimension) as f64;
        let mut covariance = DMatrix::<f64>::zeros(dimension, dimension);
        for block in vectors.chunks(BLOCK * dimension) {
            let centred = block.iter().enumerate().map(|(at, v)| f64::from(*v) - mean[at % dimension]);
            let columns = DMatrix::from_iterator(dimension, block.len() / dimension, centred);
            covariance.gemm(1.0 / count, &columns, &columns.transpose(), 1.0);
        }
        let eigen = SymmetricEigen::new(covariance);
        let mut order: Vec<usize> = (0..dimension).collect();
        order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
        Self { eigen, order }
    }

    /// The axes from the largest variance on, by number.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Along an axis; rounding may make it negative.
    pub fn variance(&self, axis: usize) -> f64 {
        self.eigen.eigenvalues[axis]
    }

    /// The unit vector of an axis.
    pub fn vector(&self, axis: usize) -> impl Iterator<Item = f32> {
        (0..self.order.len()).map(move |row| self.eigen.eigenvectors[(row, axis)] as f32)
    }
}
