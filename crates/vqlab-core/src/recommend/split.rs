//! The parts of the sample, and the references that are computed on them.

use super::{References, Spectrum, scalar_error};

/// The sample in its parts, each n × D.
pub(super) struct Split {
    pub dimension: usize,
    pub training: Vec<f32>,
    /// The vectors that end the fits.
    pub validation: Vec<f32>,
    /// The vectors of `validation`, then the held-out vectors.
    pub base: Vec<f32>,
}

impl Split {
    /// Every other vector of `rest` is held out.
    pub fn new(training: Vec<f32>, rest: &[f32], dimension: usize) -> Self {
        let rows = |from: usize| rest.chunks_exact(dimension).skip(from).step_by(2).flatten().copied();
        let validation: Vec<f32> = rows(1).collect();
        let base = validation.iter().copied().chain(rows(0)).collect();
        Self { dimension, training, validation, base }
    }

    pub fn held_out(&self) -> &[f32] {
        &self.base[self.validation.len()..]
    }
}

/// The variance per coordinate. It is computed relative to the first vector, so that equal vectors have a variance of
/// 0.
pub(super) fn variance(vectors: &[f32], dimension: usize) -> f64 {
    let (first, count) = (&vectors[..dimension], (vectors.len() / dimension) as f64);
    let shifted =
        |at: usize| vectors[at..].iter().step_by(dimension).map(move |v| f64::from(*v) - f64::from(first[at]));
    let of_coordinate = |at: usize| {
        let mean = shifted(at).sum::<f64>() / count;
        shifted(at).map(|v| (v - mean).powi(2)).sum::<f64>() / count
    };
    (0..dimension).map(of_coordinate).sum::<f64>() / dimension as f64
}

pub(super) fn references(bits: u32, split: &Split, spectrum: Option<&Spectrum>) -> References {
    let Split { dimension, ref training, .. } = *split;
    References {
        bits,
        gaussian: spectrum.map(|s| s.gaussian_bound(f64::from(bits))),
        white: spectrum.map(|s| s.white_bound(f64::from(bits))),
        scalar: scalar_error(training, split.held_out(), dimension, bits),
        scalar_along_axes: spectrum
            .map(|s| scalar_error(&s.along_axes(training), &s.along_axes(split.held_out()), dimension, bits)),
    }
}
