//! The spectral envelope: levels of mel bands in dB, and the level of every coefficient, interpolated from them.
//!
//! The decoder's results here decide on the probabilities of the arithmetic code. They must be bit-identical on every
//! machine. This module therefore uses only sums and products, and for its tables only functions that are bit-identical
//! on every machine.

/// The minimum level, in dB of a coefficient. Full scale is 0 dB; a step of 16 bits is −90 dB.
pub const FLOOR: f32 = -110.0;

/// Mel bands over the N coefficients of a frame.
pub struct Bands {
    /// For each coefficient: the lower of the two bands whose levels are mixed, and the share of the upper one.
    mix: Vec<(u32, f32)>,
    /// For each band: its first coefficient, and the weights of its coefficients, which add up to 1.
    triangles: Vec<(usize, Vec<f32>)>,
    /// For each band: the square root of its share of the coefficients, with a quadratic mean of 1.
    scales: Vec<f32>,
}

/// Hz to mel (O'Shaughnessy, "Speech communication", 1987).
fn mel(hertz: f64) -> f64 {
    2595.0 * libm::log10(1.0 + hertz / 700.0)
}

fn hertz(mel: f64) -> f64 {
    700.0 * (libm::exp10(mel / 2595.0) - 1.0)
}

impl Bands {
    /// `bands` triangles with equal widths on the mel scale, over `coefficients` coefficients from 0 Hz to 8 kHz.
    pub fn new(coefficients: usize, bands: usize) -> Self {
        let width = 8_000.0 / coefficients as f64;
        // The start, top and end of the triangles, in coefficients.
        let corner = |i: usize| hertz(mel(8_000.0) * i as f64 / (bands + 1) as f64) / width;
        let corners: Vec<f64> = (0..bands + 2).map(corner).collect();
        let mut counts = vec![0f64; bands];
        let mut mix = Vec::with_capacity(coefficients);
        for position in (0..coefficients).map(|k| k as f64 + 0.5) {
            let above = corners[1..=bands].iter().position(|top| position < *top).unwrap_or(bands);
            let lower = above.clamp(1, bands) - 1;
            let upper = (lower + 1).min(bands - 1);
            let (low, high) = (corners[lower + 1], corners[upper + 1]);
            let share = if high > low { ((position - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 };
            counts[lower] += 1.0 - share;
            counts[upper] += share;
            mix.push((lower as u32, share as f32));
        }
        let triangles = (0..bands).map(|b| triangle(&corners[b..b + 3], coefficients)).collect();
        let mean = coefficients as f64 / bands as f64;
        let scales = counts.iter().map(|count| libm::sqrt(count.max(0.5) / mean) as f32).collect();
        Self { mix, triangles, scales }
    }

    /// D.
    pub fn count(&self) -> usize {
        self.triangles.len()
    }

    /// N.
    pub fn coefficients(&self) -> usize {
        self.mix.len()
    }

    /// The weight of a level's error in each band: the square root of the relative number of its coefficients.
    pub fn scales(&self) -> &[f32] {
        &self.scales
    }

    /// Computes the levels in dB (D) of the coefficients of a frame (N), from their mean magnitude.
    pub fn levels(&self, frame: &[f32], levels: &mut [f32]) {
        for (level, (first, weights)) in levels.iter_mut().zip(&self.triangles) {
            let sum: f32 = frame[*first..].iter().zip(weights).map(|(x, w)| w * x.abs()).sum();
            *level = (20.0 * sum.max(1e-9).log10()).max(FLOOR);
        }
    }

    /// Interpolates the levels of all coefficients (N) from the levels of the bands (D), linearly over frequency
    /// between the centers of the bands.
    pub fn interpolate(&self, levels: &[f32], out: &mut [f32]) {
        for (out, (lower, share)) in out.iter_mut().zip(&self.mix) {
            let low = levels[*lower as usize];
            let high = levels.get(*lower as usize + 1).copied().unwrap_or(low);
            *out = low + share * (high - low);
        }
    }

    /// The transpose of [`Bands::interpolate`]: the gradient for the bands from the gradient for the coefficients.
    pub fn gather(&self, gradient: &[f32], out: &mut [f32]) {
        out.fill(0.0);
        for (g, (lower, share)) in gradient.iter().zip(&self.mix) {
            let lower = *lower as usize;
            let upper = (lower + 1).min(out.len() - 1);
            out[lower] += g * (1.0 - share);
            out[upper] += g * share;
        }
    }
}

/// The weights of a triangle with these corners. If it contains no coefficient, the one at its top has all the weight.
fn triangle(corners: &[f64], coefficients: usize) -> (usize, Vec<f32>) {
    let weight = |k: usize| {
        let position = k as f64 + 0.5;
        let (rise, fall) = (corners[1] - corners[0], corners[2] - corners[1]);
        ((position - corners[0]) / rise).min((corners[2] - position) / fall).max(0.0)
    };
    let inside: Vec<usize> = (0..coefficients).filter(|k| weight(*k) > 0.0).collect();
    match inside.first() {
        None => ((corners[1] as usize).min(coefficients - 1), vec![1.0]),
        Some(first) => {
            let sum: f64 = inside.iter().map(|k| weight(*k)).sum();
            (*first, inside.iter().map(|k| (weight(*k) / sum) as f32).collect())
        }
    }
}
