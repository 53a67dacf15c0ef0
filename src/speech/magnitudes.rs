//! Quantization and probabilities of coefficient magnitudes, given the level by the decoded envelope: the tables of the
//! arithmetic code, the cost of each magnitude in bits, and its reconstruction in the decoder.
//!
//! A coefficient of mean magnitude b has a Laplacian density, mixed over a spread of b, because an envelope in few bits
//! is never exact. All tables depend only on the ratio of b to the quantizer's step, in classes of half a dB. They are
//! computed with functions that are bit-identical on every machine, and their counts are integers. Decoders on other
//! machines therefore agree.

use constriction::stream::model::DefaultContiguousCategoricalEntropyModel as Model;

/// Classes per dB, and the ratios of the first and the last class in dB.
const PER_DB: f32 = 2.0;
const LOWEST: f32 = -20.0;
const HIGHEST: f32 = 60.0;

/// From this magnitude on, the excess follows in Golomb code.
pub const ESCAPE: u32 = 15;

/// The largest magnitude. The Golomb code of the excess over [`ESCAPE`] ends at twice this value.
const LARGEST: u32 = 1 << 24;

/// Bits of precision of a probability.
const PRECISION: u32 = 24;

/// Standard deviation of the spread of b in dB, and its five points with weights (Gauss–Hermite).
const SPREAD: f64 = 2.5;
const POINTS: [(f64, f64); 5] = [
    (-2.856_970_013_872_806, 0.011_257_411_327_720_69),
    (-1.355_626_179_974_266, 0.222_075_922_005_612_63),
    (0.0, 0.533_333_333_333_333_3),
    (1.355_626_179_974_266, 0.222_075_922_005_612_63),
    (2.856_970_013_872_806, 0.011_257_411_327_720_69),
];

/// Fractions of a bit in which costs are counted.
pub const COST_UNIT: u32 = 256;

/// The data for one ratio of b to the step.
pub struct Class {
    /// This many low bits of a magnitude are written without a model. The table is for the bits above.
    pub shift: u32,
    pub model: Model,
    /// For each entry of the table, in 1/[`COST_UNIT`] bit, with the sign and the low bits; for [`ESCAPE`] without the
    /// excess.
    costs: Vec<u32>,
    /// Distance in steps from a nonzero magnitude (less the rounding) to its reconstruction.
    center: f32,
    /// The expected magnitude of a coefficient quantized to 0, in steps.
    zero: f32,
}

/// Quantizer and code for one setting of the rounding.
pub struct Magnitudes {
    rounding: f32,
    classes: Vec<Class>,
}

impl Magnitudes {
    pub fn new(rounding: f64) -> Self {
        let count = ((HIGHEST - LOWEST) * PER_DB) as usize + 1;
        let ratio = |i: usize| f64::from(LOWEST) + i as f64 / f64::from(PER_DB);
        Self { rounding: rounding as f32, classes: (0..count).map(|i| Class::new(ratio(i), rounding)).collect() }
    }

    /// The class of a ratio in dB. `None` if b is so far below the step that nothing is written and all values are 0.
    pub fn class(&self, ratio: f32) -> Option<&Class> {
        let index = (ratio - LOWEST) * PER_DB + 0.5;
        if index < 0.0 { None } else { Some(&self.classes[(index as usize).min(self.classes.len() - 1)]) }
    }

    /// The magnitude of `value`, which is not negative and in steps.
    pub fn quantize(&self, value: f32) -> u32 {
        ((value + self.rounding) as u32).min(LARGEST)
    }

    /// The reconstruction of a nonzero magnitude, in steps.
    pub fn value(&self, class: &Class, magnitude: u32) -> f32 {
        magnitude as f32 - self.rounding + class.center
    }
}

impl Class {
    /// `ratio` is the mean magnitude divided by the step, in dB.
    fn new(ratio: f64, rounding: f64) -> Self {
        let scales = POINTS.map(|(at, weight)| (libm::exp10((ratio + SPREAD * at) / 20.0), weight));
        // Four steps of the table per mean magnitude are sufficient.
        let shift = libm::ceil((ratio - 12.0) / 6.02).max(0.0) as u32;
        let wide = f64::from(1u32 << shift);
        let zero_end = wide - rounding;
        let tail = |from: f64| scales.iter().map(|(b, w)| w * libm::exp(-from / b)).sum::<f64>();
        let ends: Vec<f64> =
            (0..=ESCAPE).map(|i| if i == 0 { 1.0 } else { tail(zero_end + f64::from(i - 1) * wide) }).collect();
        let probability = |i: usize| ends[i] - ends.get(i + 1).copied().unwrap_or(0.0);
        let counts = counts(&(0..=ESCAPE as usize).map(probability).collect::<Vec<_>>());
        let bits = |count: u32| f64::from(PRECISION) - libm::log2(f64::from(count));
        let extra = |i: usize| f64::from(shift) + if i > 0 || shift > 0 { 1.0 } else { 0.0 };
        let cost = |(i, count): (usize, &u32)| libm::round(f64::from(COST_UNIT) * (bits(*count) + extra(i))) as u32;
        let b = scales[2].0;
        let end = 1.0 - rounding;
        Self {
            shift,
            costs: counts.iter().enumerate().map(cost).collect(),
            // These counts are never 0 and have the right sum.
            model: Model::from_nonzero_fixed_point_probabilities(&counts, false).unwrap_or_else(|()| unreachable!()),
            center: center(b) as f32,
            zero: (b - end / libm::expm1(end / b)) as f32,
        }
    }

    /// The cost of a magnitude with its sign, in 1/[`COST_UNIT`] bit.
    pub fn cost(&self, magnitude: u32) -> u32 {
        let entry = magnitude >> self.shift;
        let excess = if entry < ESCAPE { 0 } else { golomb_bits(entry - ESCAPE) * COST_UNIT };
        // With a shift, the cost of the entry includes a sign, but a 0 has none.
        let unsigned = if magnitude == 0 && self.shift > 0 { COST_UNIT } else { 0 };
        self.costs[entry.min(ESCAPE) as usize] + excess - unsigned
    }

    /// The expected magnitude of a coefficient quantized to 0, in steps.
    pub fn zero(&self) -> f32 {
        self.zero
    }
}

/// Bits of the exponential Golomb code of a number.
pub fn golomb_bits(number: u32) -> u32 {
    2 * (number + 1).ilog2() + 1
}

/// The mean of a Laplacian with mean magnitude b over an interval of length 1, from the start of the interval.
fn center(b: f64) -> f64 {
    b - 1.0 / libm::expm1(1.0 / b)
}

/// Probabilities as counts out of 2^[`PRECISION`], none of them 0.
pub fn counts(probabilities: &[f64]) -> Vec<u32> {
    let all = 1u32 << PRECISION;
    let sum: f64 = probabilities.iter().sum();
    let free = f64::from(all - probabilities.len() as u32);
    let mut counts: Vec<u32> = probabilities.iter().map(|p| 1 + (p / sum * free) as u32).collect();
    let largest = (0..counts.len()).max_by_key(|i| counts[*i]).unwrap_or(0);
    counts[largest] += all - counts.iter().sum::<u32>();
    counts
}
