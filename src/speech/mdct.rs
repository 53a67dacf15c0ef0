//! The modified discrete cosine transform (Princen, Johnson, Bradley, ICASSP 1987) with a sine window. It gives N
//! coefficients per advance of N samples. The inverse is exact, because the aliases of neighboring blocks cancel.

use std::f64::consts::PI;
use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

/// The transform for one advance N, an even number.
pub struct Mdct {
    advance: usize,
    /// 2N.
    window: Vec<f64>,
    /// e^(−iπ(8n + 1)/8N), N/2.
    twiddles: Vec<Complex<f64>>,
    fft: Arc<dyn Fft<f64>>,
}

impl Mdct {
    pub fn new(advance: usize) -> Self {
        let n = advance as f64;
        let window = (0..2 * advance).map(|i| (PI * (i as f64 + 0.5) / (2.0 * n)).sin()).collect();
        let twiddles =
            (0..advance / 2).map(|i| Complex::from_polar(1.0, -PI * (8 * i + 1) as f64 / (8.0 * n))).collect();
        Self { advance, window, twiddles, fft: FftPlanner::new().plan_fft_forward(advance / 2) }
    }

    /// The number of blocks that cover this many samples, each sample twice.
    pub fn blocks(&self, samples: usize) -> usize {
        if samples == 0 { 0 } else { samples.div_ceil(self.advance) + 1 }
    }

    /// The coefficients (blocks × N) of a signal. The signal is 0 before its start and after its end.
    pub fn forward(&self, samples: &[f32]) -> Vec<f32> {
        let (n, blocks) = (self.advance, self.blocks(samples.len()));
        let mut coefficients = Vec::with_capacity(blocks * n);
        let (mut block, mut folded) = (vec![0.0; 2 * n], vec![0.0; n]);
        let mut scratch = self.scratch();
        for start in (0..blocks).map(|b| b * n) {
            for (i, (value, window)) in block.iter_mut().zip(&self.window).enumerate() {
                let sample = (start + i).checked_sub(n).and_then(|at| samples.get(at));
                *value = sample.map_or(0.0, |s| f64::from(*s)) * window;
            }
            for i in 0..n / 2 {
                folded[i] = -block[3 * n / 2 - 1 - i] - block[3 * n / 2 + i];
                folded[n / 2 + i] = block[i] - block[n - 1 - i];
            }
            self.dct4(&mut folded, &mut scratch);
            coefficients.extend(folded.iter().map(|c| *c as f32));
        }
        coefficients
    }

    /// The first `samples` samples of the signal with these coefficients (blocks × N).
    pub fn inverse(&self, coefficients: &[f32], samples: usize) -> Vec<f32> {
        let n = self.advance;
        // Includes the N samples before the start.
        let mut sum = vec![0.0f64; coefficients.len() + n];
        let mut folded = vec![0.0; n];
        let mut scratch = self.scratch();
        for (b, block) in coefficients.chunks_exact(n).enumerate() {
            for (to, from) in folded.iter_mut().zip(block) {
                *to = f64::from(*from);
            }
            self.dct4(&mut folded, &mut scratch);
            let out = &mut sum[b * n..(b + 2) * n];
            for i in 0..n / 2 {
                out[i] += self.window[i] * folded[n / 2 + i];
                out[n / 2 + i] -= self.window[n / 2 + i] * folded[n - 1 - i];
                out[n + i] -= self.window[n + i] * folded[n / 2 - 1 - i];
                out[3 * n / 2 + i] -= self.window[3 * n / 2 + i] * folded[i];
            }
        }
        sum.iter().skip(n).take(samples).map(|s| *s as f32).collect()
    }

    fn scratch(&self) -> (Vec<Complex<f64>>, Vec<Complex<f64>>) {
        let zero = Complex::new(0.0, 0.0);
        (vec![zero; self.advance / 2], vec![zero; self.fft.get_inplace_scratch_len()])
    }

    /// The orthonormal DCT-IV, which is its own inverse, by a complex transform of half the length.
    fn dct4(&self, values: &mut [f64], (z, scratch): &mut (Vec<Complex<f64>>, Vec<Complex<f64>>)) {
        let n = self.advance;
        for (i, (z, twiddle)) in z.iter_mut().zip(&self.twiddles).enumerate() {
            *z = Complex::new(values[2 * i], values[n - 1 - 2 * i]) * twiddle;
        }
        self.fft.process_with_scratch(z, scratch);
        let scale = (2.0 / n as f64).sqrt();
        for (i, (z, twiddle)) in z.iter().zip(&self.twiddles).enumerate() {
            let y = z * twiddle * scale;
            values[2 * i] = y.re;
            values[n - 1 - 2 * i] = -y.im;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(count: usize) -> Vec<f32> {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn coefficients_are_those_of_the_definition() {
        let (n, samples) = (20, signal(95));
        let transform = Mdct::new(n);
        let fast = transform.forward(&samples);
        assert_eq!(fast.len(), 6 * n);
        for (block, values) in fast.chunks_exact(n).enumerate() {
            for (k, value) in values.iter().enumerate() {
                let term = |i: usize| {
                    let sample = (block * n + i).checked_sub(n).and_then(|at| samples.get(at)).copied().unwrap_or(0.0);
                    let window = (PI * (i as f64 + 0.5) / (2 * n) as f64).sin();
                    let angle = PI / n as f64 * (i as f64 + 0.5 + n as f64 / 2.0) * (k as f64 + 0.5);
                    f64::from(sample) * window * angle.cos()
                };
                let sum: f64 = (0..2 * n).map(term).sum::<f64>() * (2.0 / n as f64).sqrt();
                assert!((sum - f64::from(*value)).abs() < 1e-6, "block {block}, coefficient {k}: {value} for {sum}");
            }
        }
    }

    #[test]
    fn the_inverse_gives_the_samples_back() {
        for (advance, count) in [(480, 16_000), (320, 1), (512, 1_024), (400, 399), (480, 0)] {
            let (transform, samples) = (Mdct::new(advance), signal(count));
            let back = transform.inverse(&transform.forward(&samples), count);
            assert_eq!(back.len(), count);
            let error = back.iter().zip(&samples).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(error < 1e-6, "advance {advance}: {error}");
        }
    }

    #[test]
    fn energy_is_kept() {
        let samples = signal(4_800);
        let energy = |values: &[f32]| values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>();
        let ratio = energy(&Mdct::new(480).forward(&samples)) / energy(&samples);
        assert!((ratio - 1.0).abs() < 1e-6, "{ratio}");
    }
}
