//! ‖q‖² of decoded vectors, and levels to store it.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::quantizer::kernels::squared_length;
use rayon::prelude::*;

use super::{Codes, SearchError};
use crate::quantizer::{CodeError, Codebooks};

/// Vectors that a thread decodes at once.
const CHUNK: usize = 4096;

/// Number of values to which levels are fitted; more values don't change the levels.
const SAMPLE: usize = 1 << 20;

/// ‖q‖² of the vectors that `codes` (N × M) stand for.
///
/// # Errors
/// A code that the codebooks don't have; [`SearchError::Stopped`] where `stop` was set.
pub fn decoded_norms(books: &Codebooks, codes: Codes, stop: &AtomicBool) -> Result<Vec<f32>, SearchError> {
    let stages = books.stages();
    let mut norms = vec![0.0; codes.len() / stages];
    norms.par_chunks_mut(CHUNK).enumerate().try_for_each(|(chunk, norms)| {
        if stop.load(Ordering::Relaxed) {
            return Err(SearchError::Stopped);
        }
        let mut vector = vec![0.0f32; books.dimension()];
        for (i, norm) in norms.iter_mut().enumerate() {
            let row = chunk * CHUNK + i;
            vector.fill(0.0);
            for stage in 0..stages {
                let code = codes.at(row * stages + stage);
                if code >= books.size() {
                    return Err(CodeError::OutOfRange { vector: row, stage, code, size: books.size() }.into());
                }
                let word = books.codeword(stage * books.size() + code);
                vector[books.span(stage)].iter_mut().zip(word).for_each(|(v, c)| *v += c);
            }
            *norm = squared_length(&vector);
        }
        Ok(())
    })?;
    Ok(norms)
}

/// 256 levels in ascending order.
pub struct Levels(pub [f32; 256]);

impl Levels {
    /// Levels with a small mean squared error, by Lloyd's iteration on at most [`SAMPLE`] of the values. It starts from
    /// quantiles and even steps in equal parts. Quantiles alone leave too few levels for the tails, even steps alone
    /// too few for the middle, and the iteration does not recover from either (on SIFT it ends at 234, 132 and, from
    /// both, 99 RMS).
    pub fn fit(values: &[f32]) -> Self {
        let mut sorted: Vec<f32> = values.iter().copied().step_by(values.len().div_ceil(SAMPLE).max(1)).collect();
        sorted.par_sort_unstable_by(f32::total_cmp);
        let n = sorted.len();
        if n == 0 {
            return Self([0.0; 256]);
        }
        let mut sums = vec![0.0f64];
        sums.extend(sorted.iter().scan(0.0, |sum, v| {
            *sum += f64::from(*v);
            Some(*sum)
        }));
        let even = Self::even(&sorted);
        let mut levels = Self(std::array::from_fn(|i| if i % 2 == 0 { even.0[i] } else { sorted[i * n / 256] }));
        levels.0.sort_unstable_by(f32::total_cmp);
        for _ in 0..100 {
            let mut start = 0;
            let before = levels.0;
            for i in 0..256 {
                let end = match before.get(i + 1) {
                    Some(next) => start.max(sorted.partition_point(|v| *v <= middle(before[i], *next))),
                    None => n,
                };
                if end > start {
                    levels.0[i] = ((sums[end] - sums[start]) / (end - start) as f64) as f32;
                }
                start = end;
            }
            if levels.0 == before {
                break;
            }
        }
        levels
    }

    /// Evenly spaced from the least to the largest value.
    pub fn even(values: &[f32]) -> Self {
        let least = values.iter().copied().reduce(f32::min).unwrap_or(0.0);
        let largest = values.iter().copied().reduce(f32::max).unwrap_or(0.0);
        let level = |i: usize| least + (largest - least) * (i as f32 / 255.0);
        Self(std::array::from_fn(|i| if i == 255 { largest } else { level(i).min(largest) }))
    }

    /// The nearest level.
    pub fn nearest(&self, value: f32) -> u8 {
        let above = self.0.partition_point(|level| *level < value).clamp(1, 255);
        if value - self.0[above - 1] <= self.0[above] - value { (above - 1) as u8 } else { above as u8 }
    }

    /// Replaces the values by their nearest levels, and returns the indices of these levels.
    pub fn round(&self, values: &mut [f32]) -> Vec<u8> {
        let nearest = |value: &mut f32| {
            let level = self.nearest(*value);
            *value = self.0[usize::from(level)];
            level
        };
        values.par_iter_mut().map(nearest).collect()
    }

    /// The highest level that is not above the value, or the lowest level.
    pub fn below(&self, value: f32) -> u8 {
        self.0.partition_point(|level| *level <= value).saturating_sub(1) as u8
    }
}

fn middle(a: f32, b: f32) -> f32 {
    a + (b - a) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::stream::{normal, stream};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn levels_are_nearest_and_below(values in prop::collection::vec(0f32..1e4, 0..600), x in 0f32..1.2e4) {
            for levels in [Levels::fit(&values), Levels::even(&values)] {
                prop_assert!(levels.0.is_sorted());
                let distance = |level: f32| (level - x).abs();
                let best = levels.0.iter().copied().map(distance).fold(f32::INFINITY, f32::min);
                prop_assert!(distance(levels.0[usize::from(levels.nearest(x))]) <= best * 1.001 + 1e-3);
                let below = levels.0[usize::from(levels.below(x))];
                prop_assert!(below <= x || below == levels.0[0]);
            }
        }
    }

    #[test]
    fn fitted_levels_are_nearer_than_even_ones_and_quantiles() {
        let mut rng = stream("levels");
        let normal: Vec<f32> = (0..20_000).map(|_| 1e5 + 1e3 * normal(&mut rng)).collect();
        let heavy: Vec<f32> = normal.iter().map(|v| ((v - 1e5) / 500.0).exp()).collect();
        for mut values in [normal, heavy] {
            values.sort_unstable_by(f32::total_cmp);
            let quantiles = Levels(std::array::from_fn(|i| values[(2 * i + 1) * values.len() / 512]));
            let error = |levels: Levels| -> f64 {
                values.iter().map(|v| f64::from(levels.0[usize::from(levels.nearest(*v))] - v).powi(2)).sum()
            };
            let fitted = error(Levels::fit(&values));
            assert!(fitted < 0.9 * error(Levels::even(&values)) && fitted < 0.9 * error(quantiles));
        }
    }
}
