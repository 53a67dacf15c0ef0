//! Removes a constant delay, of whole or fractional samples, from a decoded signal.

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// The longest delay that is searched, in both directions: 10 ms at 16 kHz.
const LONGEST: usize = 160;
/// Precision of the delay, in samples.
const PRECISION: f64 = 1.0 / 256.0;

/// The decoded signal without its delay relative to the reference, with the reference's length.
///
/// The delay is at the maximum of the cross-correlation. The discrete Fourier transforms of both signals give this
/// correlation between samples, too. A phase shift removes the delay, with zeros around the signal.
pub fn aligned(reference: &[f32], decoded: &[f32]) -> Vec<f32> {
    let n = (reference.len().max(decoded.len()) + 2 * LONGEST).next_power_of_two();
    let mut planner = RealFftPlanner::new();
    let (forward, backward) = (planner.plan_fft_forward(n), planner.plan_fft_inverse(n));
    let (x, mut y) = (spectrum(&*forward, reference), spectrum(&*forward, decoded));
    let cross: Vec<Complex<f64>> = x.iter().zip(&y).map(|(x, y)| x.conj() * y).collect();
    let mut whole = backward.make_output_vec();
    backward.process(&mut cross.clone(), &mut whole).expect("the buffers have the lengths of the transform");
    let delay = delay(&cross, &whole);
    turn(&mut y, delay, n);
    // A fractional delay leaves a value at the highest frequency that is not real.
    y[n / 2].im = 0.0;
    let mut out = backward.make_output_vec();
    backward.process(&mut y, &mut out).expect("the buffers have the lengths of the transform");
    out[..reference.len()].iter().map(|x| (x / n as f64) as f32).collect()
}

fn spectrum(forward: &dyn RealToComplex<f64>, samples: &[f32]) -> Vec<Complex<f64>> {
    let mut padded = forward.make_input_vec();
    for (out, x) in padded.iter_mut().zip(samples) {
        *out = f64::from(*x);
    }
    let mut spectrum = forward.make_output_vec();
    forward.process(&mut padded, &mut spectrum).expect("the buffers have the lengths of the transform");
    spectrum
}

/// The position of the maximum of the correlation, in samples: first the best whole delay of the correlation `whole`
/// (n), then uphill in ever smaller steps by its spectrum.
fn delay(cross: &[Complex<f64>], whole: &[f64]) -> f64 {
    let (n, longest) = (whole.len(), LONGEST as f64);
    let correlation = |delay: f64| {
        let step = Complex::from_polar(1.0, std::f64::consts::TAU * delay / n as f64);
        let mut phase = Complex::new(1.0, 0.0);
        let mut sum = 0.0;
        for c in cross {
            sum += c.re * phase.re - c.im * phase.im;
            phase *= step;
        }
        sum
    };
    let later = (1..=LONGEST).flat_map(|d| [(whole[d], d as f64), (whole[n - d], -(d as f64))]);
    // Among equal values, the shortest delay, so that silence has none.
    let better = |a: (f64, f64), b: (f64, f64)| if b.0 > a.0 { b } else { a };
    let best = later.fold((whole[0], 0.0), better);
    let mut best = (correlation(best.1), best.1);
    let mut step = 0.5;
    while step >= PRECISION {
        for side in [best.1 - step, best.1 + step] {
            if side.abs() <= longest {
                best = better(best, (correlation(side), side));
            }
        }
        step /= 2.0;
    }
    best.1
}

/// Advances the signal of a spectrum by `delay` samples.
fn turn(spectrum: &mut [Complex<f64>], delay: f64, n: usize) {
    for (k, y) in spectrum.iter_mut().enumerate() {
        *y *= Complex::from_polar(1.0, std::f64::consts::TAU * delay * k as f64 / n as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pulse in the band below 4 kHz, delayed by `delay` samples.
    fn pulse(n: usize, delay: f64) -> Vec<f32> {
        let value = |i: usize| {
            let t = i as f64 - n as f64 / 2.0 - delay;
            ((-t * t / 800.0).exp() * (t * 0.7).cos()) as f32
        };
        (0..n).map(value).collect()
    }

    #[test]
    fn delays_of_fractions_and_of_samples_are_taken_out() {
        let reference = pulse(3_000, 0.0);
        for delay in [0.0, 1.0, -0.625, 0.3, 2.0625, -7.5, 150.0] {
            let found = aligned(&reference, &pulse(3_000, delay));
            let error = found.iter().zip(&reference).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(error < 2e-3, "delay {delay}: {error}");
        }
    }

    #[test]
    fn the_length_is_that_of_the_reference() {
        let reference = pulse(3_000, 0.0);
        for n in [1, 2_900, 3_000, 3_500] {
            assert_eq!(aligned(&reference, &reference.repeat(2)[..n]).len(), 3_000);
        }
        assert_eq!(aligned(&[0.0; 7], &[0.0; 7]), [0.0; 7]);
    }
}
