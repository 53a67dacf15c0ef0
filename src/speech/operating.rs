//! Predicts the error of a frame with a decoded envelope and a number of bits. It is a smooth model of quantizer, code
//! and rate loop, with its gradient. Codebooks can thus be trained for their use in the codec.
//!
//! Magnitudes are assumed to have a random position in their quantizer cell (as with subtractive dither). The number of
//! bits and the error are then smooth in the step. Bits follow a Laplacian around the decoded level. The error is x² if
//! a coefficient is quantized to 0, and Δ²/12 otherwise, weighted by the original's envelope to the power −γ.

use super::settings::CodecSettings;

const LOG2_E: f32 = std::f32::consts::LOG2_E;
/// Converts the natural logarithm of a level to dB.
const PER_DB: f32 = std::f32::consts::LN_10 / 20.0;
/// A step this many times the mean magnitude writes nothing.
const SILENT: f32 = 10.0;

/// A training frame.
pub struct TrainingFrame<'a> {
    /// |X|, N.
    pub magnitudes: &'a [f32],
    /// Weight of each coefficient's squared error: the original's level to the power −2γ.
    pub weights: &'a [f32],
}

/// The model of one codec.
#[derive(Clone, Copy)]
pub struct OperatingModel {
    weighting: f32,
    /// Half the dead zone, in steps.
    threshold: f32,
}

/// Bits and error of a frame, with derivatives by the step in dB.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    bits: f32,
    bits_by_step: f32,
    error: f32,
    error_by_step: f32,
}

impl OperatingModel {
    pub fn new(settings: &CodecSettings) -> Self {
        Self { weighting: settings.weighting as f32, threshold: 1.0 - settings.rounding as f32 }
    }

    /// Sums over the coefficients for levels (N, in dB) and a step in dB. `by_level` gets the derivatives of each
    /// coefficient's bits and error by its level.
    fn sums(
        &self,
        frame: &TrainingFrame,
        levels: &[f32],
        step: f32,
        mut by_level: impl FnMut(usize, f32, f32),
    ) -> Sums {
        let mut sums = Sums::default();
        let (gamma, t) = (self.weighting, self.threshold);
        for (k, ((x, w), level)) in frame.magnitudes.iter().zip(frame.weights).zip(levels).enumerate() {
            let a = (PER_DB * (step - (1.0 - gamma) * level)).exp();
            if a > SILENT {
                sums.error += w * x * x;
                by_level(k, 0.0, 0.0);
                continue;
            }
            let delta = (PER_DB * (step + gamma * level)).exp();
            let r = x / delta;
            let m = (r - t + 0.5).clamp(0.0, 1.0);
            let turning = if m > 0.0 && m < 1.0 { r } else { 0.0 };
            let (zero_exp, exp) = ((t * a).exp_m1(), a.exp_m1());
            // −log₂(1 − e^(−ta)) for a 0, and the same for one step further out.
            let zero = -LOG2_E * (-(-t * a).exp_m1()).ln();
            let other = LOG2_E * ((r - 0.5) * a - (-(-a).exp_m1()).ln()) + 1.0;
            let bits_by_a = LOG2_E * ((m - 1.0) * t * a / zero_exp + m * ((r - 0.5) * a - a / exp));
            let bits_by_r = m * LOG2_E * r * a + (other - zero) * turning;
            let cell = delta * delta / 12.0;
            let error_by_delta = w * m * 2.0 * cell;
            let error_by_r = w * (cell - x * x) * turning;
            sums.bits += (1.0 - m) * zero + m * other;
            sums.error += w * ((1.0 - m) * x * x + m * cell);
            sums.bits_by_step += PER_DB * (bits_by_a - bits_by_r);
            sums.error_by_step += PER_DB * (error_by_delta - error_by_r);
            let bits_by_level = PER_DB * (-(1.0 - gamma) * bits_by_a - gamma * bits_by_r);
            let error_by_level = PER_DB * gamma * (error_by_delta - error_by_r);
            by_level(k, bits_by_level, error_by_level);
        }
        sums
    }

    /// Bits of a frame with this step.
    pub fn bits(&self, frame: &TrainingFrame, levels: &[f32], step: f32) -> f32 {
        self.sums(frame, levels, step, |_, _, _| ()).bits
    }

    /// The step in dB with which a frame takes this many bits.
    fn step(&self, frame: &TrainingFrame, levels: &[f32], bits: f32) -> f32 {
        let (mut low, mut high) = (-120.0f32, 20.0f32);
        let mut step = -50.0f32;
        for _ in 0..24 {
            let sums = self.sums(frame, levels, step, |_, _, _| ());
            if sums.bits > bits {
                low = step
            } else {
                high = step
            }
            if (sums.bits - bits).abs() < 0.005 || high - low < 1e-3 {
                break;
            }
            let newton = step - (sums.bits - bits) / sums.bits_by_step.min(-1e-3);
            step = if newton > low && newton < high { newton } else { (low + high) / 2.0 };
        }
        step
    }

    /// The weighted error of a frame with these levels (N, in dB) and this many bits, relative to the weighted frame
    /// itself, in dB. Writes its gradient for the levels (N) to `gradient`.
    pub fn error(&self, frame: &TrainingFrame, levels: &[f32], bits: f32, gradient: &mut [f32]) -> f32 {
        let step = self.step(frame, levels, bits);
        let mut by_level = vec![0f32; levels.len()];
        let sums = self.sums(frame, levels, step, |k, bits, error| {
            by_level[k] = bits;
            gradient[k] = error;
        });
        let scale = 10.0 / (std::f32::consts::LN_10 * sums.error.max(f32::MIN_POSITIVE));
        // If a level changes the bits, the step compensates.
        let trade = sums.error_by_step / sums.bits_by_step.min(-1e-3);
        for (gradient, bits) in gradient.iter_mut().zip(&by_level) {
            *gradient = scale * (*gradient - trade * bits);
        }
        let signal: f32 = frame.magnitudes.iter().zip(frame.weights).map(|(x, w)| w * x * x).sum();
        10.0 * (sums.error.max(f32::MIN_POSITIVE) / signal.max(f32::MIN_POSITIVE)).log10()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_is_that_of_differences() {
        let settings = CodecSettings::default();
        let model = OperatingModel::new(&settings);
        let mut state = 7u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32
        };
        let levels: Vec<f32> = (0..64).map(|k| -40.0 - 0.3 * k as f32 + 4.0 * next()).collect();
        let magnitudes: Vec<f32> = levels.iter().map(|l| -next().ln() * 10f32.powf(l / 20.0)).collect();
        let weights: Vec<f32> = levels.iter().map(|l| 10f32.powf(-0.08 * l / 2.0)).collect();
        let frame = TrainingFrame { magnitudes: &magnitudes, weights: &weights };
        let mut gradient = vec![0.0; 64];
        for bits in [20.0, 60.0, 150.0] {
            model.error(&frame, &levels, bits, &mut gradient);
            // One direction of all levels, because the effect of single levels is below the rounding of the sums.
            for shape in 0..4 {
                let direction: Vec<f32> = (0..64).map(|k| ((k * (shape + 1)) as f32 * 0.1).sin()).collect();
                let at = |size: f32| {
                    let moved: Vec<f32> = levels.iter().zip(&direction).map(|(l, d)| l + size * d).collect();
                    model.error(&frame, &moved, bits, &mut vec![0.0; 64])
                };
                let measured = (at(0.05) - at(-0.05)) / 0.1;
                let told: f32 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
                assert!(
                    (measured - told).abs() < 0.02 + 0.1 * told.abs(),
                    "{bits} bits, {shape}: {told} for {measured}"
                );
            }
        }
    }
}
