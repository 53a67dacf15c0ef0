//! The lowest error of a Gaussian source with the data's covariance (reverse water-filling), and the flatness of the
//! spectrum. Of all sources with this covariance the Gaussian one is the hardest, so that real data may be below its
//! bound.

use rayon::prelude::*;

use crate::baseline::{Axes, mean};
use crate::quantizer::multiply;

/// The maximum number of dimensions. Above it, the eigenvalues, whose cost grows with D³, take too long.
const MOST_DIMENSIONS: usize = 3072;

/// Vectors that a thread rotates together.
const BLOCK: usize = 1024;

/// Mean, and eigenvalues and eigenvectors of the covariance.
#[derive(Clone, Debug)]
pub struct Spectrum {
    pub mean: Vec<f64>,
    /// Descending, none negative.
    pub variances: Vec<f64>,
    /// The unit vectors of these variances, D × D, one axis per row.
    pub axes: Vec<f32>,
}

impl Spectrum {
    /// The spectrum of n × D vectors; None where D is above 3072, or where the variances exceed double precision.
    pub fn of(vectors: &[f32], dimension: usize) -> Option<Self> {
        if dimension > MOST_DIMENSIONS {
            return None;
        }
        let mean = mean(vectors, dimension);
        let all = Axes::of(vectors, &mean)?;
        let variances = all.order().iter().map(|axis| all.variance(*axis).max(0.0)).collect();
        let axes = all.order().iter().flat_map(|axis| all.vector(*axis)).collect();
        Some(Self { mean, variances, axes })
    }

    /// Geometric over arithmetic mean of the variances: 1 for white data, 0 where a direction has no variance.
    pub fn flatness(&self) -> f64 {
        let count = self.variances.len() as f64;
        let arithmetic = self.variances.iter().sum::<f64>() / count;
        if arithmetic == 0.0 {
            return 1.0;
        }
        let logarithms = self.variances.iter().map(|v| (v / arithmetic).ln()).sum::<f64>();
        (logarithms / count).exp()
    }

    /// The least mean squared error per coordinate of a Gaussian source with these variances at `bits` a vector.
    pub fn gaussian_bound(&self, bits: f64) -> f64 {
        gaussian_bound(&self.variances, bits)
    }

    /// As [`Spectrum::gaussian_bound`], for white data of the same variance.
    pub fn white_bound(&self, bits: f64) -> f64 {
        let count = self.variances.len() as f64;
        self.variances.iter().sum::<f64>() / count * (-2.0 * bits / count).exp2()
    }

    /// The coordinates of n × D vectors along the axes, centered.
    pub fn along_axes(&self, vectors: &[f32]) -> Vec<f32> {
        let dimension = self.mean.len();
        let centered = |(at, v): (usize, &f32)| (f64::from(*v) - self.mean[at % dimension]) as f32;
        let mut out: Vec<f32> = vectors.iter().enumerate().map(centered).collect();
        out.par_chunks_mut(BLOCK * dimension).for_each(|x| multiply(&self.axes, dimension, x));
        out
    }
}

/// Reverse water-filling: the mean of min(θ, λ_i), where Σ max(0, ½ log2(λ_i/θ)) = `bits`. `variances` descend.
fn gaussian_bound(variances: &[f64], bits: f64) -> f64 {
    // With the n largest variances above the water level: log2 θ = (Σ log2 λ − 2·bits) / n, which holds where λ_n ≥ θ ≥
    // λ_(n+1).
    let mut logarithms = 0.0;
    for (i, variance) in variances.iter().enumerate() {
        logarithms += variance.log2();
        let level = ((logarithms - 2.0 * bits) / (i + 1) as f64).exp2();
        let next = variances.get(i + 1).copied().unwrap_or(0.0);
        if level >= next {
            let drowned: f64 = variances[i + 1..].iter().sum();
            return (level * (i + 1) as f64 + drowned) / variances.len() as f64;
        }
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn water_filling_of_known_sources() {
        // White: σ²·2^(−2R), R bits a coordinate.
        assert!((gaussian_bound(&[4.0; 8], 16.0) - 0.25).abs() < 1e-12);
        // 2 bits go to the first coordinate alone: 16·2^(−4) = 1 = the second variance.
        assert!((gaussian_bound(&[16.0, 1.0], 2.0) - 1.0).abs() < 1e-12);
        // One more bit is shared: θ = √(16·1)·2^(−3) = 0.5.
        assert!((gaussian_bound(&[16.0, 1.0], 3.0) - 0.5).abs() < 1e-12);
        assert!((gaussian_bound(&[16.0, 1.0, 0.0], 3.0) - 1.0 / 3.0).abs() < 1e-12);
        assert!((gaussian_bound(&[2.0, 1.0], 0.0) - 1.5).abs() < 1e-12);
        assert_eq!(gaussian_bound(&[0.0, 0.0], 3.0), 0.0);
    }

    #[test]
    fn spectra_tell_white_from_correlated_data() {
        let mut rng = crate::data::stream::stream("spectrum");
        let white: Vec<f32> = (0..4000 * 4).map(|_| crate::data::stream::normal(&mut rng)).collect();
        let spectrum = Spectrum::of(&white, 4).unwrap();
        assert!(spectrum.flatness() > 0.99, "{}", spectrum.flatness());
        assert!((spectrum.white_bound(4.0) - 0.25).abs() < 0.01);
        let skew: Vec<f32> = white.chunks_exact(4).flat_map(|x| [x[0], x[0] + 0.1 * x[1], 3.0 + x[2], x[2]]).collect();
        let spectrum = Spectrum::of(&skew, 4).unwrap();
        assert!(spectrum.flatness() < 0.05, "{}", spectrum.flatness());
        assert!(spectrum.gaussian_bound(4.0) < 0.5 * spectrum.white_bound(4.0));
        let along = spectrum.along_axes(&skew);
        let power: f64 = along.iter().map(|v| f64::from(v * v)).sum::<f64>() / 4000.0;
        assert!((power / spectrum.variances.iter().sum::<f64>() - 1.0).abs() < 1e-3);
    }
}
