//! ‖q‖² of decoded vectors, and its levels.

use multiversion::multiversion;
use rayon::prelude::*;

use super::Codes;
use crate::quantizer::{CodeError, Codebooks};

/// Vectors that a thread decodes at once.
const CHUNK: usize = 4096;

/// Values that levels are fitted to; more don't change them.
const SAMPLE: usize = 1 << 20;

/// ‖q‖² of the vectors that `codes` (N × M) stand for.
///
/// # Errors
/// A code that the codebooks don't have.
pub fn decoded_norms(books: &Codebooks, codes: Codes) -> Result<Vec<f32>, CodeError> {
    let stages = books.stages();
    let mut norms = vec![0.0; codes.len() / stages];
    norms.par_chunks_mut(CHUNK).enumerate().try_for_each(|(chunk, norms)| {
        let mut vector = vec![0.0f32; books.dimension()];
        for (i, norm) in norms.iter_mut().enumerate() {
            let row = chunk * CHUNK + i;
            vector.fill(0.0);
            for stage in 0..stages {
                let code = codes.at(row * stages + stage);
                if code >= books.size() {
                    return Err(CodeError::OutOfRange { vector: row, stage, code, size: books.size() });
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

/// ‖x‖².
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub fn squared_length(x: &[f32]) -> f32 {
    let (chunks, rest) = x.as_chunks::<16>();
    let mut sums = [0.0f32; 16];
    for chunk in chunks {
        for (sum, v) in sums.iter_mut().zip(chunk) {
            *sum += v * v;
        }
    }
    sums.iter().sum::<f32>() + rest.iter().map(|v| v * v).sum::<f32>()
}

/// 256 levels in ascending order.
pub struct Levels(pub [f32; 256]);

impl Levels {
    /// The levels with the least mean squared error: Lloyd's iteration from quantiles, on at most [`SAMPLE`] of the values.
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
        let mut levels = Self(std::array::from_fn(|i| sorted[((2 * i + 1) * n / 512).min(n - 1)]));
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

        #[test]
        fn few_values_are_kept_exactly(values in prop::collection::vec(0u16..256, 1..400)) {
            let values: Vec<f32> = values.into_iter().map(f32::from).collect();
            let levels = Levels::fit(&values);
            let error: f32 = values.iter().map(|v| (levels.0[usize::from(levels.nearest(*v))] - v).abs()).sum();
            prop_assert!(error / values.len() as f32 <= 0.5);
        }
    }
}
