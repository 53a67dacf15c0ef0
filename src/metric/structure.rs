//! Structural similarity of two pictures by a separable window.

/// The differences between definitions of SSIM. All values are in 8-bit units.
pub(super) struct Window {
    /// Weights of the window along each axis; their sum is 1.
    weights: &'static [f64],
    /// Subtracted from the values before anything else.
    offset: f64,
    /// Factor of the weighted covariances.
    covariance: f64,
    /// The constants that keep the quotients finite, (K1 L)² and (K2 L)².
    c1: f64,
    c2: f64,
}

impl Window {
    /// Its length along each axis.
    pub const fn taps(&self) -> usize {
        self.weights.len()
    }

    /// SSIM of one window, from the weighted means of a, b, a² + b² and a b.
    fn similarity(&self, [a, b, squares, product]: [f64; 4]) -> f64 {
        let covariance = self.covariance * (product - a * b);
        // The sum of the variances. In this order of operations, identical pictures give exactly 1.
        let variance = self.covariance * (squares - (a * a + b * b));
        let (a, b) = (a - self.offset, b - self.offset);
        let luminance = (2.0 * (a * b) + self.c1) / (a * a + b * b + self.c1);
        luminance * ((2.0 * covariance + self.c2) / (variance + self.c2))
    }
}

const fn square(x: f64) -> f64 {
    x * x
}

/// Wang et al. 2004: σ = 1.5, L = 255.
pub(super) const GAUSSIAN: Window = Window {
    weights: &GAUSSIAN_WEIGHTS,
    offset: 0.0,
    covariance: 1.0,
    c1: square(0.01 * 255.0),
    c2: square(0.03 * 255.0),
};

/// exp(−i² / (2 · 1.5²)), i = −5 … 5, divided by their sum.
const GAUSSIAN_WEIGHTS: [f64; 11] = [
    0.001_028_380_084_479_11,
    0.007_598_758_135_239_185,
    0.036_000_772_128_430_83,
    0.109_360_689_509_700_02,
    0.213_005_537_711_253_7,
    0.266_011_724_861_794_36,
    0.213_005_537_711_253_7,
    0.109_360_689_509_700_02,
    0.036_000_772_128_430_83,
    0.007_598_758_135_239_185,
    0.001_028_380_084_479_11,
];

/// scikit-image's default window and covariance, for values from −.5 to .5 with L = 2: 510 in 8-bit units.
pub(super) const UNIFORM: Window = Window {
    weights: &[1.0 / 7.0; 7],
    offset: 127.5,
    covariance: 49.0 / 48.0,
    c1: square(0.01 * 510.0),
    c2: square(0.03 * 510.0),
};

/// Moves the window over one picture after the other. It holds a ring of rows, filtered along the row, for each of the
/// four products a, b, a² + b² and a b. The ring has as many rows as the window is high.
pub(super) struct Structure<'a> {
    window: &'a Window,
    /// Values per pixel, interleaved: the next value of a channel is this many values later.
    channels: usize,
    /// Values in a row of the picture.
    row: usize,
    products: [Vec<f64>; 4],
    filtered: [Vec<f64>; 4],
    means: [Vec<f64>; 4],
}

impl<'a> Structure<'a> {
    /// For pictures of `width` pixels. The width is at least the length of the window.
    pub fn new(window: &'a Window, width: usize, channels: usize) -> Self {
        let row = channels * width;
        let valid = (row + channels).saturating_sub(channels * window.taps());
        let zeros = |n: usize| [(); 4].map(|()| vec![0.0; n]);
        Structure {
            window,
            channels,
            row,
            products: zeros(row),
            filtered: zeros(valid * window.taps()),
            means: zeros(valid),
        }
    }

    /// Mean over all positions of the window inside the picture, and over the channels. NaN if there are none.
    pub fn similarity<T: Copy + Into<f64>>(&mut self, original: &[T], reconstruction: &[T]) -> f64 {
        let taps = self.window.taps();
        let (mut sum, mut count) = (0.0, 0);
        let rows = original.chunks_exact(self.row).zip(reconstruction.chunks_exact(self.row));
        for (y, (original, reconstruction)) in rows.enumerate() {
            self.multiply(original, reconstruction);
            self.filter_row(y % taps);
            if y + 1 >= taps {
                // The oldest row is after the newest one in the ring.
                self.filter_columns((y + 1) % taps);
                sum += self.sum();
                count += self.means[0].len();
            }
        }
        sum / count as f64
    }

    fn multiply<T: Copy + Into<f64>>(&mut self, original: &[T], reconstruction: &[T]) {
        let [a, b, squares, product] = &mut self.products;
        let inputs = original.iter().zip(reconstruction);
        let outputs = a.iter_mut().zip(b).zip(squares.iter_mut().zip(product));
        for ((x, y), ((a, b), (squares, product))) in inputs.zip(outputs) {
            let (x, y): (f64, f64) = ((*x).into(), (*y).into());
            (*a, *b, *squares, *product) = (x, y, x * x + y * y, x * y);
        }
    }

    /// Filters along the row, into this position of the ring.
    fn filter_row(&mut self, place: usize) {
        let valid = self.means[0].len();
        for (product, filtered) in self.products.iter().zip(&mut self.filtered) {
            let out = &mut filtered[place * valid..][..valid];
            out.fill(0.0);
            for (k, weight) in self.window.weights.iter().enumerate() {
                add(out, *weight, &product[self.channels * k..][..valid]);
            }
        }
    }

    /// Filters over the rows of the ring. `oldest` is the position of the first row.
    fn filter_columns(&mut self, oldest: usize) {
        let (valid, taps) = (self.means[0].len(), self.window.taps());
        for (filtered, means) in self.filtered.iter().zip(&mut self.means) {
            means.fill(0.0);
            for (k, weight) in self.window.weights.iter().enumerate() {
                add(means, *weight, &filtered[(oldest + k) % taps * valid..][..valid]);
            }
        }
    }

    fn sum(&self) -> f64 {
        let [a, b, squares, product] = &self.means;
        let means = a.iter().zip(b).zip(squares.iter().zip(product));
        means.map(|((a, b), (squares, product))| self.window.similarity([*a, *b, *squares, *product])).sum()
    }
}

/// out += weight · row.
fn add(out: &mut [f64], weight: f64, row: &[f64]) {
    for (out, value) in out.iter_mut().zip(row) {
        *out += weight * value;
    }
}
