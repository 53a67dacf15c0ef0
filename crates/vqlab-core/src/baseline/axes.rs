//! The mean and the principal axes of vectors.

use crate::linear::{Eigen, covariance};

/// The mean of n × D vectors.
pub fn mean(vectors: &[f32], dimension: usize) -> Vec<f64> {
    let count = (vectors.len() / dimension) as f64;
    let mut mean = vec![0f64; dimension];
    for x in vectors.chunks_exact(dimension) {
        mean.iter_mut().zip(x).for_each(|(m, v)| *m += f64::from(*v) / count);
    }
    mean
}

/// Eigenvalues and eigenvectors of a covariance.
pub struct Axes {
    eigen: Eigen,
    /// Axes by falling eigenvalue.
    order: Vec<usize>,
}

impl Axes {
    /// The axes of n × D vectors with this mean; None where the covariance exceeds double precision.
    pub fn of(vectors: &[f32], mean: &[f64]) -> Option<Self> {
        let eigen = Eigen::of(&covariance(vectors, mean), mean.len())?;
        let mut order: Vec<usize> = (0..mean.len()).collect();
        order.sort_by(|a, b| eigen.values[*b].total_cmp(&eigen.values[*a]));
        Some(Self { eigen, order })
    }

    /// The indices of the axes, from the largest variance on.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The variance along an axis; rounding may make it negative.
    pub fn variance(&self, axis: usize) -> f64 {
        self.eigen.values[axis]
    }

    /// The unit vector of an axis.
    pub fn vector(&self, axis: usize) -> impl Iterator<Item = f32> {
        self.eigen.vector(axis).map(|v| v as f32)
    }
}
