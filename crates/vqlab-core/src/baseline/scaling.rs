//! One center and one scale for all vectors, so that trainings see the same numbers for any offset and scale of the
//! data.

use super::Error;
use crate::quantizer::Codebooks;
use crate::quantizer::centering::{is_far, median};

/// The maximum number of vectors whose median is the center.
const SAMPLE: usize = 1024;

/// Scales that need no change: 2^−30 to 2^30.
const MODERATE: std::ops::RangeInclusive<f32> = 9.4e-10..=1.1e9;

/// x ↦ (x − center) / scale.
pub struct Scaling {
    /// The median of each coordinate, so that single outliers don't move it.
    center: Vec<f32>,
    /// Root of the mean variance of the coordinates; 1 where the variance is 0.
    pub scale: f32,
    /// The mean variance of the coordinates.
    pub variance: f64,
    /// Whether float32 loses precision without the scaling.
    needed: bool,
}

impl Scaling {
    /// The scaling of these vectors (n × D, n ≥ 1).
    ///
    /// # Errors
    /// [`Error::Spread`] where float32 can't tell the vectors apart, [`Error::Outlier`].
    pub fn of(vectors: &[f32], dimension: usize) -> Result<Self, Error> {
        let count = vectors.len() / dimension;
        let taken = count.min(SAMPLE);
        let row = |i: usize| &vectors[i * count / taken * dimension..][..dimension];
        let sample: Vec<&[f32]> = (0..taken).map(row).collect();
        let center = median(&sample);
        let mut variance = variance(vectors, dimension);
        if !(variance.sqrt() as f32).is_normal() && vectors.chunks_exact(dimension).all(|x| x == &vectors[..dimension])
        {
            // What is left is the rounding of the mean.
            variance = 0.0;
        }
        let spread = variance.sqrt();
        let scale = if spread == 0.0 { 1.0 } else { spread as f32 };
        if !scale.is_normal() {
            return Err(Error::Spread { spread });
        }
        refuse_outlier(vectors, dimension, &center, &sample)?;
        let needed = is_far(&center, &sample) || !MODERATE.contains(&scale);
        Ok(Self { center, scale, variance, needed })
    }

    /// As [`Scaling::of`]; None where float32 loses no precision without it.
    ///
    /// # Errors
    /// As [`Scaling::of`].
    pub fn if_needed(vectors: &[f32], dimension: usize) -> Result<Option<Self>, Error> {
        Ok(Some(Self::of(vectors, dimension)?).filter(|scaling| scaling.needed))
    }

    /// The same center without the scale.
    pub fn only_center(self) -> Self {
        Self { scale: 1.0, ..self }
    }

    /// Neither center nor scale.
    pub fn none(self) -> Self {
        Self { center: vec![0.0; self.center.len()], scale: 1.0, ..self }
    }

    pub fn apply(&self, vectors: &[f32]) -> Vec<f32> {
        let inverse = 1.0 / f64::from(self.scale);
        let scaled = |(at, v): (usize, &f32)| {
            ((f64::from(*v) - f64::from(self.center[at % self.center.len()])) * inverse) as f32
        };
        vectors.iter().enumerate().map(scaled).collect()
    }

    /// Codebooks for the original vectors. The center is added to the first stage or, where codewords are concatenated,
    /// its parts are added to all stages (OPQ: in rotated coordinates).
    pub fn undo(&self, mut books: Codebooks) -> Codebooks {
        let center: Vec<f64> = match books.rotation() {
            Some(rotation) => rotation.apply_precisely(&self.center),
            None => self.center.iter().copied().map(f64::from).collect(),
        };
        let (scale, width, size) = (f64::from(self.scale), books.width(), books.size());
        let product = books.method().is_product();
        for stage in 0..books.stages() {
            let span = books.span(stage);
            let center = (product || stage == 0).then(|| &center[span]);
            for (at, value) in
                books.values_mut()[stage * size * width..(stage + 1) * size * width].iter_mut().enumerate()
            {
                let offset = center.map_or(0.0, |center| center[at % width]);
                *value = (f64::from(*value) * scale + offset) as f32;
            }
        }
        books
    }
}

/// A vector that is this many times as far from the center as usual ones leaves nothing of their differences in sums of
/// squares, and its own squares overflow float32.
const OUTLIER: f64 = 1e15;

/// Rejects vectors that are very much farther from the center than the usual vectors of the sample.
fn refuse_outlier(vectors: &[f32], dimension: usize, center: &[f32], sample: &[&[f32]]) -> Result<(), Error> {
    let apart = |x: &[f32], column: usize| (f64::from(x[column]) - f64::from(center[column])).abs();
    let far = |x: &[f32]| (0..dimension).map(|column| apart(x, column)).fold(0.0, f64::max);
    let mut usual: Vec<f64> = sample.iter().map(|x| far(x)).collect();
    usual.sort_by(f64::total_cmp);
    let usual = usual[usual.len() / 2];
    let outlier = vectors.chunks_exact(dimension).find(|x| usual > 0.0 && far(x) > OUTLIER * usual);
    outlier.map_or(Ok(()), |x| {
        let column = (0..dimension).max_by(|a, b| apart(x, *a).total_cmp(&apart(x, *b))).unwrap_or(0);
        Err(Error::Outlier { column, value: x[column], usual })
    })
}

/// Mean variance of the coordinates of n × D vectors.
fn variance(vectors: &[f32], dimension: usize) -> f64 {
    let mean = super::mean(vectors, dimension);
    let square = |x: &[f32]| x.iter().zip(&mean).map(|(v, m)| (f64::from(*v) - m).powi(2)).sum::<f64>();
    vectors.chunks_exact(dimension).map(square).sum::<f64>() / vectors.len() as f64
}
