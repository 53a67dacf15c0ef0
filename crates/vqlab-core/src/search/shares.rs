//! ‖q‖² as a sum over the stages, for the filter.
//!
//! ‖x − q‖² − ‖x‖² = ‖q‖² − 2 Σ_m x·c_m. The terms are large and cancel, so that lower bounds of few bits for each of
//! them add up to a poor bound. But most of ‖q‖² depends on single codewords. With a share s_m of each codeword, the
//! terms s_m − 2x·c_m are small where the codeword is near the query, and the rest of ‖q‖² is small, too.

use rayon::prelude::*;

use super::Codes;
use super::norms::Levels;
use crate::quantizer::Codebooks;

/// Number of vectors to which shares are fitted; more vectors change little.
const SAMPLE: usize = 1 << 16;

/// The shares of all codewords, and the levels of the rest of the norms.
pub struct Shares {
    /// Stages × 256; 0 for codewords that do not exist.
    stages: Vec<[f32; 256]>,
    rest: Levels,
    largest_norm: f64,
}

impl Shares {
    /// Fits shares to the norms of vectors (N) with these codes (N × M), of at most 256 codewords a stage. Also returns
    /// the level of the rest of each norm.
    pub fn fit(books: &Codebooks, codes: Codes, norms: &[f32]) -> (Self, Vec<u8>) {
        let stages = fitted(books, codes, norms);
        let left = |vector: usize| {
            let shares = stages.iter().enumerate();
            let sum: f64 = shares.map(|(stage, s)| f64::from(s[codes.at(vector * stages.len() + stage)])).sum();
            // Rounded down, below the true difference.
            ((f64::from(norms[vector]) - sum) as f32).next_down()
        };
        let left: Vec<f32> = (0..norms.len()).into_par_iter().map(left).collect();
        let rest = Levels::even(&left);
        let codes = left.par_iter().map(|value| rest.below(*value)).collect();
        let size = |norm: &f32| if norm.is_finite() { f64::from(norm.abs()) } else { f64::INFINITY };
        let largest_norm = norms.par_iter().map(size).reduce(|| 0.0, f64::max);
        (Self { stages, rest, largest_norm }, codes)
    }

    pub fn stages(&self) -> usize {
        self.stages.len()
    }

    pub fn stage(&self, stage: usize) -> &[f32; 256] {
        &self.stages[stage]
    }

    /// Levels that are lower bounds of the rest of the norms.
    pub fn rest(&self) -> &Levels {
        &self.rest
    }

    /// The largest absolute norm; infinite where a norm is not finite.
    pub fn largest_norm(&self) -> f64 {
        self.largest_norm
    }
}

/// Starts from ‖c‖². Then adds to each codeword the mean rest of the norms where the codeword is used, which comes from
/// the inner products with the other stages.
fn fitted(books: &Codebooks, codes: Codes, norms: &[f32]) -> Vec<[f32; 256]> {
    let count = books.stages();
    let mut shares = vec![[0.0f32; 256]; count];
    for (number, word) in books.values().chunks_exact(books.width()).enumerate() {
        shares[number / books.size()][number % books.size()] = word.iter().map(|v| v * v).sum();
    }
    let sample: Vec<usize> = (0..norms.len()).step_by(norms.len().div_ceil(SAMPLE).max(1)).collect();
    let code = |vector: usize, stage: usize| codes.at(vector * count + stage);
    let own = |vector: usize| (0..count).map(|m| f64::from(shares[m][code(vector, m)])).sum::<f64>();
    let mut left: Vec<f64> = sample.iter().map(|vector| f64::from(norms[*vector]) - own(*vector)).collect();
    for (stage, shares) in shares.iter_mut().enumerate() {
        let mut sums = [(0.0f64, 0u32); 256];
        for (vector, left) in sample.iter().zip(&left) {
            let (sum, times) = &mut sums[code(*vector, stage)];
            (*sum, *times) = (*sum + left, *times + 1);
        }
        let means = sums.map(|(sum, times)| (sum / f64::from(times.max(1))) as f32);
        shares.iter_mut().zip(&means).for_each(|(share, mean)| *share += mean);
        for (vector, left) in sample.iter().zip(&mut left) {
            *left -= f64::from(means[code(*vector, stage)]);
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{NEVER, norms::decoded_norms};
    use super::*;
    use crate::data::stream::{normal, stream};
    use crate::quantizer::Method;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn shares_and_rests_are_never_above_the_norms(
            stages in 1usize..9, size in prop::sample::select(vec![1usize, 7, 256]), count in 0usize..2000, seed in 0u64..1000
        ) {
            let mut rng = stream(&format!("shares/{seed}"));
            let values: Vec<f32> = (0..stages * size * 6).map(|_| normal(&mut rng)).collect();
            let books = Codebooks::new(Method::Rvq, 6, stages, size, values).unwrap();
            let codes: Vec<u8> = (0..count * stages).map(|i| (i * 7919 % 65_537 % size) as u8).collect();
            let norms = decoded_norms(&books, Codes::U8(&codes), &NEVER).unwrap();
            let (shares, left) = Shares::fit(&books, Codes::U8(&codes), &norms);
            for ((codes, norm), left) in codes.chunks_exact(stages).zip(&norms).zip(left) {
                let own = codes.iter().enumerate().map(|(m, c)| f64::from(shares.stage(m)[usize::from(*c)]));
                let rest = f64::from(*norm) - own.sum::<f64>();
                prop_assert!(f64::from(shares.rest().0[usize::from(left)]) <= rest);
            }
            prop_assert!(shares.largest_norm() <= norms.iter().fold(0.0, |a, b| a.max(f64::from(*b))));
        }
    }
}
