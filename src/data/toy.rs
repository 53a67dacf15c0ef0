//! The toy distributions (PAPER, "Toy experiment") as random-access sources. Vector i of a set is a pure function of
//! the data settings, the seed and i. A "fixed training set" is therefore never stored, however many cells train on it
//! at once. A cell holds only the order of its passes (4 bytes per vector), and draws each vector when it is needed.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::stream::{key64, normal, shuffle, stream};
use crate::data::{Distribution, ToyData, Vectors};

/// The set that a vector belongs to. The sets are independent of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    Training,
    Fresh,
}

/// Draws vectors of one toy distribution.
pub struct ToySource {
    data: ToyData,
    training_key: u64,
    fresh_key: u64,
    /// Half-range of the integers, or the scale of the other distributions.
    scale: f32,
    /// A (D × rank, stored column by column), scaled to give x the requested variance; only for low-rank distributions.
    mixing: Vec<f32>,
    /// B (rank × D, stored column by column); only for chained maps.
    squeezing: Vec<f32>,
}

impl ToySource {
    /// The source of these settings and this seed.
    ///
    /// # Errors
    /// Why the settings contradict each other. (The spec's checks find this earlier, with the line.)
    pub fn new(data: &ToyData, seed: u64) -> Result<Self, String> {
        if data.dimension == 0 || !data.variance.is_finite() || data.variance <= 0.0 {
            return Err("the dimension and the variance must be positive".into());
        }
        // The number of vectors is not part of the key, so a smaller set is a prefix of a larger one.
        let law = serde_json::json!([
            data.distribution,
            data.dimension,
            data.rank,
            data.correlation,
            data.variance,
            data.mixing_seed
        ]);
        let key = |set: &str| key64(&format!("toy/{law}/{seed}/{set}"));
        let (mixing, squeezing) = match (data.distribution, data.rank) {
            (Distribution::LowRankMixture | Distribution::ChainedMaps, Some(rank)) if rank > 0 => maps(data, rank),
            (Distribution::LowRankMixture | Distribution::ChainedMaps, _) => {
                return Err("a low-rank distribution needs a rank of at least 1".into());
            }
            _ => (Vec::new(), Vec::new()),
        };
        let scale = match data.distribution {
            Distribution::UniformIntegers => integer_half_range(data.variance)
                .ok_or_else(|| format!("no integer h has h(h+1)/3 = {}", data.variance))?
                as f32,
            Distribution::Uniform => (12.0 * data.variance).sqrt() as f32,
            Distribution::Laplace => (data.variance / 2.0).sqrt() as f32,
            _ => data.variance.sqrt() as f32,
        };
        if data.distribution == Distribution::Ar1 && !data.correlation.is_some_and(|rho| rho.abs() < 1.0) {
            return Err("ar1 needs a correlation between −1 and 1".into());
        }
        let data = data.clone();
        Ok(Self { training_key: key("training"), fresh_key: key("fresh"), data, scale, mixing, squeezing })
    }

    /// D.
    pub fn dimension(&self) -> usize {
        self.data.dimension
    }

    /// Writes vector `index` of `set` into `out` (length D).
    pub fn draw(&self, set: Set, index: u64, out: &mut [f32]) {
        let key = if set == Set::Training { self.training_key } else { self.fresh_key };
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(key.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        match self.data.distribution {
            Distribution::Uniform => fill_uniform(&mut rng, self.scale, out),
            Distribution::UniformIntegers => fill_integers(&mut rng, self.scale, out),
            Distribution::Normal => fill_with(out, || self.scale * normal(&mut rng)),
            Distribution::Laplace => fill_with(out, || laplace(&mut rng, self.scale)),
            Distribution::Ar1 => self.fill_ar1(&mut rng, out),
            Distribution::LowRankMixture => {
                let mut sources = [0f32; 64];
                let mut heap = Vec::new();
                let sources = scratch(self.mixing.len() / out.len(), &mut sources, &mut heap);
                fill_uniform(&mut rng, 12f32.sqrt(), sources);
                apply(&self.mixing, sources, out);
            }
            Distribution::ChainedMaps => {
                let mut sources = vec![0f32; out.len()];
                let mut squeezed = vec![0f32; self.mixing.len() / out.len()];
                fill_uniform(&mut rng, 12f32.sqrt(), &mut sources);
                apply(&self.squeezing, &sources, &mut squeezed);
                apply(&self.mixing, &squeezed, out);
            }
        }
    }

    /// Writes the vectors `first..` of `set` into `out` (n × D).
    pub fn draw_range(&self, set: Set, first: u64, out: &mut [f32]) {
        for (i, row) in out.chunks_exact_mut(self.data.dimension).enumerate() {
            self.draw(set, first + i as u64, row);
        }
    }

    fn fill_ar1(&self, rng: &mut Xoshiro256PlusPlus, out: &mut [f32]) {
        let rho = self.data.correlation.unwrap_or(0.0) as f32;
        let innovation = (1.0 - rho * rho).sqrt();
        let mut last = normal(rng);
        for value in out.iter_mut() {
            *value = self.scale * last;
            last = rho * last + innovation * normal(rng);
        }
    }
}

/// The order in which a training run sees the training vectors: a new permutation of a fixed set in every pass, or
/// always new vectors. It depends only on data settings and seed, so all methods see the same vectors.
pub struct Batches<'a> {
    source: &'a ToySource,
    order: Vec<u32>,
    at: u64,
    rng: ChaCha8Rng,
}

impl<'a> Batches<'a> {
    pub fn new(source: &'a ToySource) -> Self {
        let order = match source.data.vectors {
            Vectors::Fixed(n) => (0..n.min(u64::from(u32::MAX)) as u32).collect(),
            Vectors::Stream => Vec::new(),
        };
        Self { source, order, at: 0, rng: stream(&format!("order/{}", source.training_key)) }
    }

    /// Skips this many training vectors, as if they had been drawn.
    pub fn skip(&mut self, count: u64) {
        let (length, at) = (self.order.len() as u64, self.at + count);
        if length > 0 {
            for _ in self.at.div_ceil(length)..at.div_ceil(length) {
                shuffle(&mut self.order, &mut self.rng);
            }
        }
        self.at = at;
    }

    /// Fills `out` (n × D) with the next n training vectors.
    pub fn next(&mut self, out: &mut [f32]) {
        for row in out.chunks_exact_mut(self.source.data.dimension) {
            let index = if self.order.is_empty() {
                self.at
            } else {
                let position = (self.at % self.order.len() as u64) as usize;
                if position == 0 {
                    shuffle(&mut self.order, &mut self.rng);
                }
                u64::from(self.order[position])
            };
            self.source.draw(Set::Training, index, row);
            self.at += 1;
        }
    }
}

/// h with h(h+1)/3 = variance: the variance of the uniform integers −h..h.
pub fn integer_half_range(variance: f64) -> Option<u64> {
    let h = ((1.0 + 12.0 * variance).sqrt() - 1.0) / 2.0;
    let h = h.round();
    ((h * (h + 1.0) / 3.0 - variance).abs() < 1e-9 * variance && (1.0..1e6).contains(&h)).then_some(h as u64)
}

/// The fixed maps A and B. A is scaled so that the variance of A z, averaged over coordinates, is exactly the requested
/// one.
fn maps(data: &ToyData, rank: usize) -> (Vec<f32>, Vec<f32>) {
    let seed = data.mixing_seed.unwrap_or(1);
    let mut rng = stream(&format!("toy/mixing/{}/{rank}/{seed}", data.dimension));
    let mut mixing: Vec<f32> = (0..data.dimension * rank).map(|_| normal(&mut rng)).collect();
    let squeezing: Vec<f32> = match data.distribution {
        Distribution::ChainedMaps => (0..data.dimension * rank).map(|_| normal(&mut rng)).collect(),
        _ => Vec::new(),
    };
    let total = if squeezing.is_empty() {
        mixing.iter().map(|a| f64::from(a * a)).sum::<f64>()
    } else {
        product_power(&mixing, &squeezing, data.dimension, rank)
    };
    let factor = (data.variance * data.dimension as f64 / total).sqrt() as f32;
    mixing.iter_mut().for_each(|a| *a *= factor);
    (mixing, squeezing)
}

/// ‖A B‖² for A (D × rank) and B (rank × D), both stored column by column.
fn product_power(a: &[f32], b: &[f32], dimension: usize, rank: usize) -> f64 {
    let mut total = 0.0;
    for column in b.chunks_exact(rank) {
        for row in 0..dimension {
            let entry: f32 = (0..rank).map(|r| a[r * dimension + row] * column[r]).sum();
            total += f64::from(entry * entry);
        }
    }
    total
}

/// out = map · input, the map stored column by column.
fn apply(map: &[f32], input: &[f32], out: &mut [f32]) {
    out.fill(0.0);
    for (column, factor) in map.chunks_exact(out.len()).zip(input) {
        for (o, a) in out.iter_mut().zip(column) {
            *o += a * factor;
        }
    }
}

/// A slice of n numbers, on the stack if it fits.
fn scratch<'a>(n: usize, stack: &'a mut [f32; 64], heap: &'a mut Vec<f32>) -> &'a mut [f32] {
    if n <= stack.len() {
        &mut stack[..n]
    } else {
        heap.resize(n, 0.0);
        heap
    }
}

fn fill_with(out: &mut [f32], mut next: impl FnMut() -> f32) {
    out.iter_mut().for_each(|value| *value = next());
}

/// Two 32-bit halves of each 64-bit draw.
fn fill_halves(rng: &mut Xoshiro256PlusPlus, out: &mut [f32], to_value: impl Fn(u32) -> f32) {
    for pair in out.chunks_mut(2) {
        let bits = rng.next_u64();
        pair[0] = to_value(bits as u32);
        if let Some(second) = pair.get_mut(1) {
            *second = to_value((bits >> 32) as u32);
        }
    }
}

/// Uniform on (−width/2, width/2), symmetric to the last bit.
fn fill_uniform(rng: &mut Xoshiro256PlusPlus, width: f32, out: &mut [f32]) {
    let step = width / (1 << 24) as f32;
    fill_halves(rng, out, |bits| ((bits >> 8) as f32 + 0.5 - (1 << 23) as f32) * step);
}

/// Uniform integers −h..h (multiply-shift: no value's probability is off by more than 2^−32).
fn fill_integers(rng: &mut Xoshiro256PlusPlus, h: f32, out: &mut [f32]) {
    let count = 2 * h as u64 + 1;
    fill_halves(rng, out, |bits| ((u64::from(bits) * count) >> 32) as f32 - h);
}

fn laplace(rng: &mut Xoshiro256PlusPlus, scale: f32) -> f32 {
    let bits = rng.next_u64();
    let uniform = ((bits >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    let magnitude = -scale * uniform.ln() as f32;
    if bits & 1 == 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(distribution: Distribution) -> ToyData {
        let low_rank = matches!(distribution, Distribution::LowRankMixture | Distribution::ChainedMaps);
        ToyData {
            distribution,
            dimension: 24,
            rank: low_rank.then_some(6),
            correlation: (distribution == Distribution::Ar1).then_some(0.9),
            variance: 140.0,
            vectors: Vectors::Fixed(100),
            mixing_seed: low_rank.then_some(1),
        }
    }

    const LAWS: [Distribution; 7] = [
        Distribution::Uniform,
        Distribution::UniformIntegers,
        Distribution::Normal,
        Distribution::Laplace,
        Distribution::Ar1,
        Distribution::LowRankMixture,
        Distribution::ChainedMaps,
    ];

    #[test]
    fn every_law_has_mean_zero_and_the_asked_variance() {
        for law in LAWS {
            let source = ToySource::new(&data(law), 3).unwrap();
            let mut x = vec![0f32; 24 * 40_000];
            source.draw_range(Set::Fresh, 0, &mut x);
            let n = x.len() as f64;
            let mean = x.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
            let variance = x.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / n;
            assert!(mean.abs() < 0.15, "{law:?}: mean {mean}");
            assert!((variance / 140.0 - 1.0).abs() < 0.02, "{law:?}: variance {variance}");
        }
    }

    #[test]
    fn integers_fill_their_range_evenly() {
        let source = ToySource::new(&data(Distribution::UniformIntegers), 1).unwrap();
        let mut x = vec![0f32; 24 * 20_000];
        source.draw_range(Set::Training, 0, &mut x);
        let mut counts = [0f64; 41];
        x.iter().for_each(|v| counts[(*v + 20.0) as usize] += 1.0);
        let expected = x.len() as f64 / 41.0;
        let chi_square: f64 = counts.iter().map(|c| (c - expected).powi(2) / expected).sum();
        // 99.99 % quantile of chi-square with 40 degrees of freedom.
        assert!(chi_square < 84.1, "{chi_square}");
    }

    #[test]
    fn ar1_has_its_correlation_and_the_low_rank_law_its_rank() {
        let source = ToySource::new(&data(Distribution::Ar1), 1).unwrap();
        let mut x = vec![0f32; 24 * 20_000];
        source.draw_range(Set::Training, 0, &mut x);
        let neighbors: f64 =
            x.chunks_exact(24).flat_map(|row| row.windows(2)).map(|w| f64::from(w[0] * w[1])).sum::<f64>()
                / (23.0 * 20_000.0 * 140.0);
        assert!((neighbors - 0.9).abs() < 0.01, "{neighbors}");
        assert_eq!(ToySource::new(&data(Distribution::LowRankMixture), 1).unwrap().mixing.len(), 24 * 6);
    }

    #[test]
    fn sets_are_reproducible_and_independent() {
        let source = |seed| ToySource::new(&data(Distribution::Uniform), seed).unwrap();
        let draw = |source: &ToySource, set, i| {
            let mut x = vec![0f32; 24];
            source.draw(set, i, &mut x);
            x
        };
        assert_eq!(draw(&source(1), Set::Training, 7), draw(&source(1), Set::Training, 7));
        assert_ne!(draw(&source(1), Set::Training, 7), draw(&source(1), Set::Fresh, 7));
        assert_ne!(draw(&source(1), Set::Training, 7), draw(&source(2), Set::Training, 7));
    }

    #[test]
    fn every_pass_meets_every_vector_once_in_a_new_order() {
        let source = ToySource::new(&data(Distribution::UniformIntegers), 1).unwrap();
        let mut batches = Batches::new(&source);
        let mut pass = || {
            let mut x = vec![0f32; 100 * 24];
            x.chunks_exact_mut(10 * 24).for_each(|batch| batches.next(batch));
            x
        };
        let sorted = |x: &[f32]| {
            let mut rows: Vec<Vec<i32>> = x.chunks_exact(24).map(|r| r.iter().map(|v| *v as i32).collect()).collect();
            rows.sort();
            rows
        };
        let (first, second) = (pass(), pass());
        assert_ne!(first, second);
        assert_eq!(sorted(&first), sorted(&second));
    }

    #[test]
    fn what_is_passed_over_is_as_if_drawn() {
        for vectors in [Vectors::Fixed(100), Vectors::Stream] {
            let source = ToySource::new(&ToyData { vectors, ..data(Distribution::Normal) }, 1).unwrap();
            let after = |skipped: &[u64]| {
                let mut batches = Batches::new(&source);
                skipped.iter().for_each(|count| batches.skip(*count));
                let mut x = vec![0f32; 24 * 450];
                batches.next(&mut x);
                x
            };
            let all = after(&[]);
            for skipped in [[0, 1], [99, 1], [100, 5], [230, 0]] {
                let count = skipped.iter().sum::<u64>() as usize;
                assert_eq!(after(&skipped)[..24 * 200], all[24 * count..24 * (count + 200)], "{skipped:?}");
            }
        }
    }

    #[test]
    fn half_ranges() {
        assert_eq!(integer_half_range(140.0), Some(20));
        assert_eq!(integer_half_range(141.0), None);
    }
}
