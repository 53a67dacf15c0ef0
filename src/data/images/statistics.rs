//! The statistics by which the constants of the scene were tuned.

use vqlab_core::linear::Eigen;

use super::{BYTES, CHANNELS, ImageData, Images, SIDE};

/// Side and number of values of the blocks for the principal components.
const BLOCK: usize = 4;
const VALUES: usize = BLOCK * BLOCK * CHANNELS;

/// Statistics of n × 32 × 32 × 3 values.
#[derive(Debug)]
struct Statistics {
    mean: [f64; CHANNELS],
    deviation: [f64; CHANNELS],
    /// Correlation of red and green, green and blue, red and blue.
    channels: [f64; 3],
    /// Correlation of values at fixed distances along a row or a column, over the channels.
    neighbors: [f64; 3],
    /// The share of the variance that is between the mean colors of images.
    images: f64,
    /// Peak SNR of blocks reconstructed from this number of principal components, the first ones.
    peaks: [(usize, f64); 5],
    /// The share of values that are 0 or 255.
    clipped: f64,
}

impl std::fmt::Display for Statistics {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let list = |values: &[f64]| values.iter().map(|v| format!("{v:.3}")).collect::<Vec<_>>().join(", ");
        writeln!(f, "mean {}; deviation {}", list(&self.mean), list(&self.deviation))?;
        writeln!(f, "correlation of channels {}", list(&self.channels))?;
        writeln!(f, "correlation of neighbors {}", list(&self.neighbors))?;
        writeln!(f, "share of variance between images {:.3}, of 0 and 255 {:.3}", self.images, self.clipped)?;
        self.peaks.iter().try_for_each(|(kept, peak)| write!(f, "{kept}: {peak:.2} dB  "))
    }
}

fn correlation(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut n, mut s) = (0.0, [0.0; 5]);
    for (a, b) in pairs {
        n += 1.0;
        for (s, v) in s.iter_mut().zip([a, b, a * a, b * b, a * b]) {
            *s += v;
        }
    }
    let [a, b, aa, bb, ab] = s.map(|s| s / n);
    (ab - a * b) / ((aa - a * a) * (bb - b * b)).sqrt()
}

impl Statistics {
    fn of(pixels: &[u8]) -> Self {
        let channel = |c: usize| pixels.iter().skip(c).step_by(CHANNELS).map(|v| f64::from(*v) / 255.0);
        let n = (pixels.len() / CHANNELS) as f64;
        let mean = [0, 1, 2].map(|c| channel(c).sum::<f64>() / n);
        let deviation = [0, 1, 2].map(|c: usize| (channel(c).map(|v| (v - mean[c]).powi(2)).sum::<f64>() / n).sqrt());
        let channels = [(0, 1), (1, 2), (0, 2)].map(|(a, b)| correlation(channel(a).zip(channel(b))));
        let apart = |distance: usize| {
            let images = pixels.chunks_exact(BYTES);
            correlation(images.flat_map(move |image| {
                (0..BYTES).flat_map(move |i| {
                    let (x, y) = (i / CHANNELS % SIDE, i / CHANNELS / SIDE);
                    let value = |at: usize| f64::from(image[at]) - 255.0 * mean[i % CHANNELS];
                    let right = (x + distance < SIDE).then(|| (value(i), value(i + CHANNELS * distance)));
                    let below = (y + distance < SIDE).then(|| (value(i), value(i + CHANNELS * SIDE * distance)));
                    [right, below].into_iter().flatten()
                })
            }))
        };
        let within: f64 = pixels
            .chunks_exact(BYTES)
            .map(|image| {
                let value = |c: usize| image.iter().skip(c).step_by(CHANNELS).map(|v| f64::from(*v) / 255.0);
                let n = (SIDE * SIDE) as f64;
                (0..CHANNELS)
                    .map(|c| value(c).map(|v| v * v).sum::<f64>() - value(c).sum::<f64>().powi(2) / n)
                    .sum::<f64>()
            })
            .sum();
        let all: f64 = deviation.iter().map(|d| d * d * n).sum();
        let eigenvalues = components(pixels);
        let peak = |kept: usize| -10.0 * (eigenvalues[kept..].iter().sum::<f64>() / VALUES as f64).log10();
        Self {
            mean,
            deviation,
            channels,
            neighbors: [1, 2, 8].map(apart),
            images: 1.0 - within / all,
            peaks: [1, 3, 6, 12, 24].map(|kept| (kept, peak(kept))),
            clipped: pixels.iter().filter(|v| [0, 255].contains(*v)).count() as f64 / pixels.len() as f64,
        }
    }
}

/// Variances of the blocks of 4 × 4 × 3 values along their principal components, the largest first.
fn components(pixels: &[u8]) -> Vec<f64> {
    let (mut sum, mut products) = (vec![0.0; VALUES], vec![0.0; VALUES * VALUES]);
    let mut n = 0.0;
    for image in pixels.chunks_exact(BYTES) {
        for block in 0..(SIDE / BLOCK).pow(2) {
            let (x, y) = (BLOCK * (block % (SIDE / BLOCK)), BLOCK * (block / (SIDE / BLOCK)));
            let mut values = [0.0; VALUES];
            for (row, values) in values.chunks_exact_mut(BLOCK * CHANNELS).enumerate() {
                let at = ((y + row) * SIDE + x) * CHANNELS;
                values.iter_mut().zip(&image[at..]).for_each(|(v, byte)| *v = f64::from(*byte) / 255.0);
            }
            n += 1.0;
            for i in 0..VALUES {
                sum[i] += values[i];
                for j in 0..VALUES {
                    products[i * VALUES + j] += values[i] * values[j];
                }
            }
        }
    }
    let covariance = |at| products[at] / n - sum[at / VALUES] * sum[at % VALUES] / (n * n);
    let covariance: Vec<f64> = (0..VALUES * VALUES).map(covariance).collect();
    let ascending = Eigen::of(&covariance, VALUES).unwrap().values;
    ascending.into_iter().rev().collect()
}

fn ours(n: usize) -> Vec<u8> {
    let mut out = vec![0; n * BYTES];
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| super::synthetic::fill(super::Part::Training, 1, 0, &mut out));
    out
}

#[test]
fn the_statistics_are_those_of_the_table() {
    let found = Statistics::of(&ours(1500));
    let near = |found: f64, expected: f64, within: f64| {
        assert!((found - expected).abs() < within, "{found} for {expected}");
    };
    let all =
        |found: &[f64], expected: &[f64], within| found.iter().zip(expected).for_each(|(a, b)| near(*a, *b, within));
    all(&found.mean, &[0.490, 0.482, 0.448], 0.015);
    all(&found.deviation, &[0.249, 0.241, 0.251], 0.01);
    all(&found.channels, &[0.923, 0.913, 0.784], 0.02);
    all(&found.neighbors, &[0.925, 0.786, 0.421], 0.03);
    near(found.images, 0.347, 0.04);
    near(found.clipped, 0.051, 0.015);
    all(&found.peaks.map(|(_, peak)| peak), &[17.64, 20.49, 25.24, 30.88, 39.55], 0.5);
}

/// Prints the statistics of our images, and of the folders named in VQLAB_IMAGES (separated by colons).
#[test]
#[ignore = "prints a table"]
fn table() {
    let started = std::time::Instant::now();
    let out = ours(10_000);
    println!("10,000 images in {:.2} s on one thread", started.elapsed().as_secs_f64());
    println!("ours\n{}", Statistics::of(&out));
    for folder in std::env::var("VQLAB_IMAGES").unwrap_or_default().split(':').filter(|folder| !folder.is_empty()) {
        let data = ImageData::folder(folder.as_ref(), [None, None]).unwrap();
        println!("{folder}\n{}", Statistics::of(Images::open(&data).unwrap().training()));
    }
}
