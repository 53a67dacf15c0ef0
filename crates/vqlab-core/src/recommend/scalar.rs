//! Scalar quantization as a reference for VQ: each coordinate is quantized alone, uniformly, without entropy coding.
//! The bits are allocated where they lower the error most.

/// A coordinate has at most 2 to this power levels.
const MOST_BITS: usize = 12;

/// Number of vectors on which the steps are chosen.
const TRAINED_ON: usize = 2048;

/// The mean squared error per coordinate of `test` (n × D) at `bits` a vector. A coordinate with b bits has 2^b levels,
/// one step apart, about its mean. Steps and bit allocation are fitted to `training` (n × D).
pub fn scalar_error(training: &[f32], test: &[f32], dimension: usize, bits: u32) -> f64 {
    let column = |vectors: &[f32], at: usize, most: usize| -> Vec<f32> {
        vectors.chunks_exact(dimension).take(most).map(|x| x[at]).collect()
    };
    let mut coordinates: Vec<Coordinate> =
        (0..dimension).map(|at| Coordinate::new(column(training, at, TRAINED_ON))).collect();
    for _ in 0..bits {
        let gain = |c: &Coordinate| c.error - c.next.map_or(c.error, |(_, error)| error);
        let best = coordinates.iter_mut().max_by(|a, b| gain(a).total_cmp(&gain(b)));
        if let Some(best) = best {
            best.grow();
        }
    }
    let errors = coordinates.iter().enumerate().map(|(at, c)| {
        let values = column(test, at, usize::MAX);
        error(&values, c.mean, c.bits, c.step)
    });
    errors.sum::<f64>() / dimension as f64
}

struct Coordinate {
    values: Vec<f32>,
    mean: f32,
    deviation: f32,
    bits: usize,
    step: f32,
    error: f64,
    /// Step and error with one more bit; None at the maximum number of bits.
    next: Option<(f32, f64)>,
}

impl Coordinate {
    fn new(values: Vec<f32>) -> Self {
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64;
        let variance = error(&values, mean as f32, 0, 0.0);
        let (mean, deviation) = (mean as f32, variance.sqrt() as f32);
        let mut new = Self { values, mean, deviation, bits: 0, step: 0.0, error: variance, next: None };
        new.next = new.fitted(1);
        new
    }

    fn grow(&mut self) {
        let Some((step, error)) = self.next else { return };
        (self.bits, self.step, self.error) = (self.bits + 1, step, error);
        self.next = self.fitted(self.bits + 1);
    }

    /// The best step for `bits` bits, with its error. The steps form a geometric series; the widest one spans 10
    /// deviations.
    fn fitted(&self, bits: usize) -> Option<(f32, f64)> {
        if bits > MOST_BITS {
            return None;
        }
        let widest = 10.0 * self.deviation / (1 << bits) as f32;
        let steps = (0..24).map(|i| widest * 0.92f32.powi(i));
        steps.map(|step| (step, error(&self.values, self.mean, bits, step))).min_by(|a, b| a.1.total_cmp(&b.1))
    }
}

/// The mean squared error of values on 2^bits levels, `step` apart, about `mean`.
fn error(values: &[f32], mean: f32, bits: usize, step: f32) -> f64 {
    let half = (1usize << bits) as f32 / 2.0;
    let sum: f64 = values
        .iter()
        .map(|v| {
            let centered = v - mean;
            if bits == 0 || step <= 0.0 {
                return f64::from(centered).powi(2);
            }
            let level = (centered / step).floor().clamp(-half, half - 1.0) + 0.5;
            f64::from(centered - level * step).powi(2)
        })
        .sum();
    sum / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::stream::{normal, stream};

    #[test]
    fn gaussian_coordinates_reach_the_known_errors() {
        let mut rng = stream("scalar");
        let mut draw = |n: usize| -> Vec<f32> { (0..n * 2).map(|_| 5.0 + normal(&mut rng)).collect() };
        let (training, test) = (draw(4000), draw(40_000));
        // Max (1960): the best uniform quantizers of N(0, 1) have the errors .3634 (1 bit), .1188 (2) and .03744 (3).
        for (bits, expected) in [(0, 1.0), (2, 0.3634), (4, 0.1188), (6, 0.03744)] {
            let error = scalar_error(&training, &test, 2, bits);
            assert!((error / expected - 1.0).abs() < 0.03, "{bits} bits: {error}, expected {expected}");
        }
    }

    #[test]
    fn bits_go_where_the_variance_is() {
        let mut rng = stream("scalar/shared");
        let values: Vec<f32> = (0..4000).flat_map(|_| [10.0 * normal(&mut rng), 0.1 * normal(&mut rng)]).collect();
        let error = scalar_error(&values, &values, 2, 2);
        assert!((error / (0.5 * 100.0 * 0.1188) - 1.0).abs() < 0.06, "{error}");
        // A constant coordinate has no error and takes no bits from others.
        assert_eq!(scalar_error(&[3.0; 20], &[3.0; 20], 1, 4), 0.0);
    }
}
