//! The spectral envelope: levels of mel bands in dB, and from these a level for every coefficient.
//!
//! What a decoder computes here decides on the probabilities of the arithmetic code, so it uses sums and products alone and,
//! for its tables, functions that give the same bits on every machine.

/// What no level is below, in dB of a coefficient; full scale is 0 dB, a step of 16 bits −90 dB.
pub const FLOOR: f32 = -110.0;

/// Mel bands over the N coefficients of a frame.
pub struct Bands {
    /// Of each coefficient: the lower of the two bands whose levels are mixed, and the share of the upper one.
    mix: Vec<(u32, f32)>,
    /// Of each band: the first of its coefficients, and the weights of these, which add up to 1.
    triangles: Vec<(usize, Vec<f32>)>,
    /// Of each band: the square root of its share of the coefficients, 1 in the quadratic mean.
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
    /// `bands` triangles, as wide on the mel scale, over the `coefficients` of 0 Hz to 8 kHz.
    pub fn new(coefficients: usize, bands: usize) -> Self {
        let width = 8_000.0 / coefficients as f64;
        // Where the triangles begin, have their tops and end, in coefficients.
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

    /// What a level's error is worth in each band: the square root of the number of its coefficients, relative to the others.
    pub fn scales(&self) -> &[f32] {
        &self.scales
    }

    /// Levels in dB (D) of the coefficients of a frame (N): of their mean magnitude.
    pub fn levels(&self, frame: &[f32], levels: &mut [f32]) {
        for (level, (first, weights)) in levels.iter_mut().zip(&self.triangles) {
            let sum: f32 = frame[*first..].iter().zip(weights).map(|(x, w)| w * x.abs()).sum();
            *level = (20.0 * sum.max(1e-9).log10()).max(FLOOR);
        }
    }

    /// The levels of all coefficients (N) from those of the bands (D): straight lines over the frequency between the bands'
    /// middles.
    pub fn interpolate(&self, levels: &[f32], out: &mut [f32]) {
        for (out, (lower, share)) in out.iter_mut().zip(&self.mix) {
            let low = levels[*lower as usize];
            let high = levels.get(*lower as usize + 1).copied().unwrap_or(low);
            *out = low + share * (high - low);
        }
    }

    /// The transpose of [`Bands::interpolate`]: the gradient at the bands from that at the coefficients.
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

/// The weights of a triangle with these corners; where no coefficient lies within, of the one at its top.
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
