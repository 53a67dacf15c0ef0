//! Square gray images, blurred and halved.

use vqlab_core::level::run;

/// A gray image of `side` × `side` pixels, row-major; black is 0, white 1.
#[derive(Clone, Debug)]
pub struct Plane {
    pub side: usize,
    pub values: Vec<f32>,
}

impl Plane {
    pub fn new(side: usize, value: f32) -> Self {
        Self { side, values: vec![value; side * side] }
    }

    /// Pixel (x, y), both below the side.
    pub fn at(&self, x: usize, y: usize) -> f32 {
        self.values[y * self.side + x]
    }

    pub fn row(&self, y: usize) -> &[f32] {
        &self.values[y * self.side..(y + 1) * self.side]
    }

    /// Convolved with a Gaussian of this standard deviation in pixels. Beyond the border, the outermost pixel is
    /// repeated.
    pub fn blurred(&self, deviation: f64) -> Self {
        let kernel = gaussian(deviation);
        let mut out = Self::new(self.side, 0.0);
        blur(&self.values, self.side, &kernel, &mut out.values);
        out
    }

    /// Every second pixel of every second row.
    pub fn halved(&self) -> Self {
        let side = self.side / 2;
        let values = (0..side * side).map(|i| self.at(2 * (i % side), 2 * (i / side))).collect();
        Self { side, values }
    }
}

/// One half of the kernel, from the middle outwards, cut off beyond three standard deviations. The whole kernel has the
/// sum 1. It is computed in double precision and then rounded, so that the mathematical libraries of all systems give
/// the same numbers.
fn gaussian(deviation: f64) -> Vec<f32> {
    let radius = (3.0 * deviation).ceil() as usize;
    let half: Vec<f64> = (0..=radius).map(|i| (-0.5 * (i as f64 / deviation).powi(2)).exp()).collect();
    let sum = 2.0 * half.iter().sum::<f64>() - half[0];
    half.iter().map(|weight| (weight / sum) as f32).collect()
}

/// Rows, then columns. No product is contracted with a sum, so the result is bit-identical for every instruction set.
fn blur(image: &[f32], side: usize, kernel: &[f32], out: &mut [f32]) {
    run(
        #[inline(always)]
        |_| {
            let radius = kernel.len() - 1;
            let mut rows = vec![0.0f32; image.len()];
            let mut padded = vec![0.0f32; side + 2 * radius];
            for (row, out) in image.chunks_exact(side).zip(rows.chunks_exact_mut(side)) {
                padded[..radius].fill(row[0]);
                padded[radius..radius + side].copy_from_slice(row);
                padded[radius + side..].fill(row[side - 1]);
                weigh(&padded[radius..radius + side], kernel[0], out);
                for (i, weight) in kernel.iter().enumerate().skip(1) {
                    let (left, right) = (&padded[radius - i..][..side], &padded[radius + i..][..side]);
                    add_pair(left, right, *weight, out);
                }
            }
            for (y, out) in out.chunks_exact_mut(side).enumerate() {
                weigh(&rows[y * side..][..side], kernel[0], out);
                for (i, weight) in kernel.iter().enumerate().skip(1) {
                    let (above, below) = (y.saturating_sub(i), (y + i).min(side - 1));
                    add_pair(&rows[above * side..][..side], &rows[below * side..][..side], *weight, out);
                }
            }
        },
    )
}

#[inline(always)]
fn weigh(row: &[f32], weight: f32, out: &mut [f32]) {
    for (out, v) in out.iter_mut().zip(row) {
        *out = weight * v;
    }
}

#[inline(always)]
fn add_pair(left: &[f32], right: &[f32], weight: f32, out: &mut [f32]) {
    for ((out, a), b) in out.iter_mut().zip(left).zip(right) {
        *out += weight * (a + b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blur_keeps_the_sum_and_spreads_by_its_deviation() {
        let mut point = Plane::new(65, 0.0);
        point.values[32 * 65 + 32] = 1.0;
        let spread = point.blurred(2.0);
        let moment = |power: i32| -> f64 {
            (0..65 * 65).map(|i| f64::from(spread.values[i]) * ((i % 65) as f64 - 32.0).powi(power)).sum()
        };
        assert!((moment(0) - 1.0).abs() < 1e-5 && moment(1).abs() < 1e-4);
        assert!((moment(2) - 4.0).abs() < 0.15, "{}", moment(2));
        let flat = Plane::new(16, 0.25).blurred(1.5);
        assert!(flat.values.iter().all(|v| (v - 0.25).abs() < 1e-6));
    }
}
