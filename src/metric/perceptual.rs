//! Perceptually weighted signal-to-noise ratio of speech.

use std::sync::{Arc, LazyLock};

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use super::speech::{SpeechQualityError, check};

/// Samples of a frame, 32 ms.
const FRAME: usize = 512;
/// Samples from frame to frame, 16 ms.
const HOP: usize = 256;
/// Bins of a spectrum: 0 to 8 kHz in steps of 31.25 Hz.
const BINS: usize = FRAME / 2 + 1;
/// Width of a bin in Hz.
const BIN_WIDTH: f64 = 16_000.0 / FRAME as f64;
/// Mel bands of the envelope.
const BANDS: usize = 20;
/// γ: the noise may follow the reference's envelope (in dB) to this extent without counting more.
///
/// The paper does not define its pSNR. This exponent and the mean of dB over frames were fitted to 12 of the published
/// values (RVQ and PVQ, 8 to 32 kbit/s), on 12 of LibriSpeech's training speakers coded by the codec of
/// experiments/speech.toml. Root mean square of the differences in dB: mean of dB .44, .38, .38, .43, .65 for γ = .35,
/// .36, .37, .38, .40; ratio of an utterance's sums .46 at its best γ (.40); mean of ratios .42 (.48); no weighting
/// above 2.
const GAMMA: f64 = 0.37;
/// Frames with a reference below this level are not counted, dB re full scale.
const QUIETEST: i32 = -75;
/// The power of a full-scale sine (amplitude 1) in its bin: a quarter of the squared sum of the window.
const FULL_SCALE: f64 = (FRAME * FRAME) as f64 / 16.0;
/// The minimum power of a band of the envelope: −100 dB re full scale.
const FLOOR: f64 = FULL_SCALE * 1e-10;
/// The limit of a frame's SNR in both directions, dB.
const CAP: f64 = 100.0;

/// The data shared by all frames.
struct Analysis {
    fft: Arc<dyn RealToComplex<f64>>,
    window: Vec<f64>,
    /// For each band: the first bin of its triangle, and the triangle's values divided by their sum.
    triangles: Vec<(usize, Vec<f64>)>,
    /// For each bin: the band whose center is the nearest one below, and the share of the next band.
    places: Vec<(usize, f64)>,
}

static ANALYSIS: LazyLock<Analysis> = LazyLock::new(Analysis::new);

impl Analysis {
    fn new() -> Self {
        let turn = |i: usize| std::f64::consts::TAU * i as f64 / FRAME as f64;
        let window = (0..FRAME).map(|i| 0.5 - 0.5 * turn(i).cos()).collect();
        // The corners of the triangles, equally spaced in HTK's mel, in Hz.
        let mel = |hertz: f64| 2595.0 * (1.0 + hertz / 700.0).log10();
        let hertz = |mel: f64| 700.0 * (10_f64.powf(mel / 2595.0) - 1.0);
        let corner = |i: usize| hertz(mel(8_000.0) * i as f64 / (BANDS + 1) as f64);
        let corners: Vec<f64> = (0..BANDS + 2).map(corner).collect();
        let triangles = corners.windows(3).map(|c| triangle(c[0], c[1], c[2])).collect();
        let centers = &corners[1..=BANDS];
        let places = (0..BINS).map(|k| place(k as f64 * BIN_WIDTH, centers)).collect();
        Analysis { fft: RealFftPlanner::new().plan_fft_forward(FRAME), window, triangles, places }
    }

    /// The weights of the bins, from the powers of the reference.
    fn weights(&self, powers: &[f64], weights: &mut [f64]) {
        let mut levels = [0.0; BANDS];
        for (level, (first, shares)) in levels.iter_mut().zip(&self.triangles) {
            let mean: f64 = shares.iter().zip(&powers[*first..]).map(|(share, power)| share * power).sum();
            *level = mean.max(FLOOR).log10();
        }
        for (weight, (band, share)) in weights.iter_mut().zip(&self.places) {
            let level =
                if *share == 0.0 { levels[*band] } else { levels[*band] + share * (levels[*band + 1] - levels[*band]) };
            *weight = 10_f64.powf(-GAMMA * level);
        }
    }
}

/// A triangle over the bins, divided by its sum, and its first bin.
fn triangle(low: f64, center: f64, high: f64) -> (usize, Vec<f64>) {
    let value = |k: usize| {
        let f = k as f64 * BIN_WIDTH;
        ((f - low) / (center - low)).min((high - f) / (high - center)).max(0.0)
    };
    let values: Vec<f64> = (0..BINS).map(value).collect();
    let first = values.iter().position(|v| *v > 0.0).unwrap_or(0);
    let sum: f64 = values.iter().sum();
    (first, values[first..].iter().take_while(|v| **v > 0.0).map(|v| v / sum).collect())
}

/// The position of a frequency between the ascending centers: the lower center, and the share of the upper one. Outside
/// of the centers, only the nearest one counts.
fn place(f: f64, centers: &[f64]) -> (usize, f64) {
    match centers.partition_point(|center| *center <= f) {
        0 => (0, 0.0),
        n if n == centers.len() => (n - 1, 0.0),
        n => (n - 1, (f - centers[n - 1]) / (centers[n] - centers[n - 1])),
    }
}

/// Perceptually weighted signal-to-noise ratio of speech in dB. Noise counts less where the reference is strong.
///
/// Both signals are mono, at 16 kHz, of one length, with a full scale of ±1. Frames have 512 samples (32 ms), begin
/// every 256 samples (16 ms), and are weighted by a periodic Hann window. The first frame begins 256 samples before the
/// signal. Frames continue until each sample is in two frames; samples outside of the signal are zero. With the spectra
/// X of the reference and Y of the test, bins k = 0 … 256, the SNR of a frame is
///
/// 10 log10 (Σₖ wₖ |Xₖ|² / Σₖ wₖ |Xₖ − Yₖ|²) dB, wₖ = Eₖ^(−γ), γ = 0.37,
///
/// Noise that follows the power envelope E to the power γ, as a codec with perceptual noise shaping produces it, thus
/// counts equally in all bins. E is computed from the reference alone. It is the mean power per bin in 20 mel bands,
/// not below −100 dB re the power of a full-scale sine in its bin. The bands are triangles equally spaced in HTK's mel,
/// 2595 log10(1 + f / 700 Hz), from 0 to 8 kHz; each is divided by its sum. Between the centers of the bands, E in dB
/// is linear over frequency. Outside of them it is constant.
///
/// The value is the mean over the frames with a reference RMS (without window) above −75 dB re full scale (an RMS of
/// 1). A frame's SNR is limited to ±100 dB; a frame without any error has 100 dB.
///
/// # Errors
/// [`SpeechQualityError`]: different lengths, NaN or infinite samples, no frame that is loud enough.
pub fn perceptual_snr(reference: &[f32], test: &[f32]) -> Result<f64, SpeechQualityError> {
    check(reference, test)?;
    let analysis = &*ANALYSIS;
    let mut scratch = analysis.fft.make_scratch_vec();
    let mut windowed = vec![0.0; FRAME];
    let mut spectra = [(); 2].map(|()| analysis.fft.make_output_vec());
    let (mut powers, mut weights) = (vec![0.0; BINS], vec![0.0; BINS]);
    let quietest = FRAME as f64 * 10_f64.powf(f64::from(QUIETEST) / 10.0);
    let (mut sum, mut frames) = (0.0, 0);
    for frame in 0..=reference.len().div_ceil(HOP) {
        let (begin, end) = (frame.saturating_sub(1) * HOP, ((frame + 1) * HOP).min(reference.len()));
        let (x, y) = (&reference[begin..end], &test[begin..end]);
        if x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() <= quietest {
            continue;
        }
        // Only the first frame begins before the signal.
        let before = if frame == 0 { HOP } else { 0 };
        let [signal, error] = &mut spectra;
        for (difference, spectrum) in [(false, &mut *signal), (true, &mut *error)] {
            windowed.fill(0.0);
            let inside = windowed[before..].iter_mut().zip(&analysis.window[before..]);
            for ((out, window), (x, y)) in inside.zip(x.iter().zip(y)) {
                *out = window * if difference { f64::from(*x) - f64::from(*y) } else { f64::from(*x) };
            }
            let done = analysis.fft.process_with_scratch(&mut windowed, spectrum, &mut scratch);
            done.expect("the buffers have the lengths of the transform");
        }
        for (power, x) in powers.iter_mut().zip(&*signal) {
            *power = x.norm_sqr();
        }
        analysis.weights(&powers, &mut weights);
        sum += ratio(weighted(&weights, signal), weighted(&weights, error));
        frames += 1;
    }
    if frames == 0 {
        return Err(SpeechQualityError::Quiet { quietest: QUIETEST });
    }
    Ok(sum / f64::from(frames))
}

fn weighted(weights: &[f64], spectrum: &[Complex<f64>]) -> f64 {
    weights.iter().zip(spectrum).map(|(weight, x)| weight * x.norm_sqr()).sum()
}

/// The SNR of a frame in dB.
fn ratio(signal: f64, noise: f64) -> f64 {
    if noise == 0.0 { CAP } else { (10.0 * (signal / noise).log10()).clamp(-CAP, CAP) }
}

#[cfg(test)]
mod tests {
    use super::super::Side;
    use super::super::made::{REFERENCE, pair};
    use super::*;

    #[test]
    fn agrees_with_numpy() {
        for (n, name, _, expected) in REFERENCE {
            let [reference, test] = pair(n, name);
            let found = perceptual_snr(&reference, &test).unwrap();
            assert!((found - expected).abs() < 1e-6, "{n} {name}: {found} against {expected}");
        }
    }

    /// The weights are constant where the envelope is constant, so a flat error counts as in a plain SNR.
    #[test]
    fn noise_that_follows_the_envelope_counts_equally() {
        let analysis = &*ANALYSIS;
        let mut weights = vec![0.0; BINS];
        analysis.weights(&[4.0; BINS], &mut weights);
        assert!(weights.iter().all(|w| (w - 4_f64.powf(-GAMMA)).abs() < 1e-12));
        // No division by zero.
        analysis.weights(&[0.0; BINS], &mut weights);
        assert!(weights.iter().all(|w| (w - FLOOR.powf(-GAMMA)).abs() < 1e-9));
    }

    #[test]
    fn every_sample_counts() {
        for n in [1, 255, 256, 257, 512, 1000] {
            let reference = vec![0.1; n];
            let whole = perceptual_snr(&reference, &reference).unwrap();
            assert_eq!(whole, 100.0);
            for at in [0, n / 2, n - 1] {
                let mut test = reference.clone();
                test[at] += 0.01;
                let found = perceptual_snr(&reference, &test).unwrap();
                assert!(found < 100.0 && found.is_finite(), "{at} of {n}: {found}");
            }
        }
    }

    #[test]
    fn quiet_frames_do_not_count() {
        let quiet = 10_f32.powf(-76.0 / 20.0);
        let refused = perceptual_snr(&[quiet; 5_000], &[0.0; 5_000]).unwrap_err();
        assert_eq!(refused, SpeechQualityError::Quiet { quietest: -75 });
        assert!(refused.to_string().contains("-75 dB"));
        let [mut reference, mut test] = pair(49_999, "noise 100");
        let alone = perceptual_snr(&reference, &test).unwrap();
        reference.extend([0.0; 50_000]);
        test.extend([1e-5; 50_000]);
        // Except for the frames at the seam.
        assert!((perceptual_snr(&reference, &test).unwrap() - alone).abs() < 0.2);
    }

    #[test]
    fn a_click_that_the_window_hides_is_finite() {
        let mut reference = vec![0.0; 2_048];
        reference[512] = 1.0;
        let found = perceptual_snr(&reference, &[0.5; 2_048]).unwrap();
        assert!((-100.0..0.0).contains(&found), "{found}");
    }

    #[test]
    fn what_can_not_be_compared_is_refused() {
        let refused = |a: &[f32], b: &[f32]| perceptual_snr(a, b).unwrap_err();
        assert_eq!(refused(&[], &[]), SpeechQualityError::Quiet { quietest: -75 });
        assert_eq!(refused(&[1.0; 3], &[1.0; 4]), SpeechQualityError::Lengths { reference: 3, test: 4 });
        let broken = SpeechQualityError::NotFinite { side: Side::Test, at: 1 };
        assert_eq!(refused(&[1.0; 3], &[1.0, f32::INFINITY, 1.0]), broken);
    }
}
