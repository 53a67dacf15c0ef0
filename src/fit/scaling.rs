//! One mean vector and one scale, so that one learning rate serves any data.

use crate::quantizer::{Codebooks, ShapeError};

/// x ↦ (x − mean) / scale.
pub struct Scaling {
    mean: Vec<f32>,
    /// Root of the mean variance of the coordinates; 1 where nothing varies.
    pub scale: f32,
    /// That variance.
    pub variance: f64,
}

impl Scaling {
    /// That of these vectors (n × D, n ≥ 1).
    pub fn of(vectors: &[f32], dimension: usize) -> Self {
        let count = (vectors.len() / dimension).max(1) as f64;
        let mut sums = vec![0f64; dimension];
        for x in vectors.chunks_exact(dimension) {
            sums.iter_mut().zip(x).for_each(|(sum, v)| *sum += f64::from(*v));
        }
        let mean: Vec<f32> = sums.iter().map(|sum| (sum / count) as f32).collect();
        let square = |x: &[f32]| x.iter().zip(&mean).map(|(v, m)| (f64::from(*v) - f64::from(*m)).powi(2)).sum::<f64>();
        let squares: f64 = vectors.chunks_exact(dimension).map(square).sum();
        let variance = squares / (count * dimension as f64);
        let scale = variance.sqrt() as f32;
        Self { mean, scale: if scale.is_normal() { scale } else { 1.0 }, variance }
    }

    pub fn apply(&self, vectors: &[f32]) -> Vec<f32> {
        let inverse = 1.0 / f64::from(self.scale);
        let scaled = |(at, v): (usize, &f32)| (f64::from(v - self.mean[at % self.mean.len()]) * inverse) as f32;
        vectors.iter().enumerate().map(scaled).collect()
    }

    /// Codebooks for the vectors as they were: the mean goes into the first stage, or, where codewords stand side by side,
    /// into each one's part (OPQ: in the coordinates of its rotation).
    pub fn undo(&self, mut books: Codebooks) -> Result<Codebooks, ShapeError> {
        let mut mean = self.mean.clone();
        if let Some(rotation) = books.rotation() {
            rotation.apply(&mut mean);
        }
        books.values_mut().iter_mut().for_each(|v| *v *= self.scale);
        let (width, size) = (books.width(), books.size());
        let stages = if books.method().is_product() { books.stages() } else { 1 };
        for stage in 0..stages {
            let mean = &mean[books.span(stage)];
            for word in books.values_mut()[stage * size * width..(stage + 1) * size * width].chunks_exact_mut(width) {
                word.iter_mut().zip(mean).for_each(|(c, m)| *c += m);
            }
        }
        Ok(books)
    }
}
