//! Initialization of k-means: k-means++ (Arthur, Vassilvitskii, SODA 2007) on a sample.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::kmeans::Points;
use crate::data::stream::shuffle;
use crate::level::run;

/// Rows of the sample for each centroid.
const SAMPLE: usize = 32;

/// The largest K with k-means++. Above it, seeding takes longer than the iterations after it, and random rows work as
/// well.
const LARGEST: usize = 2048;

/// K centroids (K × width). Each is a row that is drawn with a probability proportional to its squared distance from
/// the nearest earlier centroid. Where all rows of the sample are used, rows repeat.
pub fn seed(points: &Points, size: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let width = points.width;
    if size > LARGEST || size >= points.count {
        return random_rows(points, size, rng);
    }
    let sample = random_rows(points, points.count.min(SAMPLE * size), rng);
    let tiles = tiles(&sample, width);
    let mut least = vec![f32::INFINITY; sample.len() / width];
    let mut centroids = Vec::with_capacity(size * width);
    centroids.extend_from_slice(&sample[..width]);
    while centroids.len() < size * width {
        let total = shorten(&tiles, &centroids[centroids.len() - width..], &mut least);
        let Some(chosen) = draw(&least, total, rng) else { break };
        centroids.extend_from_slice(&sample[chosen * width..(chosen + 1) * width]);
    }
    // Fewer different rows than centroids.
    let left = size * width - centroids.len();
    centroids.extend_from_slice(&sample[..left]);
    centroids
}

/// Rows in a random order (size × width). No row repeats before all rows are used.
pub fn random_rows(points: &Points, size: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let mut order: Vec<usize> = (0..points.count).collect();
    shuffle(&mut order, rng);
    order.iter().cycle().take(size).flat_map(|i| points.row(*i)).copied().collect()
}

/// An index with a probability proportional to its weight; None where the total is 0 or not finite.
pub fn draw(weights: &[f32], total: f64, rng: &mut ChaCha8Rng) -> Option<usize> {
    if !(total > 0.0 && total.is_finite()) {
        return None;
    }
    let mut left = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64 * total;
    for (at, weight) in weights.iter().enumerate() {
        left -= f64::from(*weight);
        if left < 0.0 {
            return Some(at);
        }
    }
    // Rounding left a rest.
    weights.iter().rposition(|weight| *weight > 0.0)
}

/// Rows of a tile, one in each lane.
const LANES: usize = 32;

/// The rows (n × width) in tiles, coordinate by coordinate: ⌈n/32⌉ × width × 32, padded with zeros.
fn tiles(rows: &[f32], width: usize) -> Vec<[f32; LANES]> {
    let mut tiles = vec![[0f32; LANES]; (rows.len() / width).div_ceil(LANES) * width];
    for (rows, tile) in rows.chunks(LANES * width).zip(tiles.chunks_exact_mut(width)) {
        for (lane, row) in rows.chunks_exact(width).enumerate() {
            tile.iter_mut().zip(row).for_each(|(column, value)| column[lane] = *value);
        }
    }
    tiles
}

/// Lowers the squared distances of the rows to the distance from a new centroid where it is less. Returns their sum.
fn shorten(tiles: &[[f32; LANES]], centroid: &[f32], least: &mut [f32]) -> f64 {
    run(
        #[inline(always)]
        |_| {
            let mut totals = [0f64; LANES];
            for (tile, least) in tiles.chunks_exact(centroid.len()).zip(least.chunks_mut(LANES)) {
                let mut sums = [0f32; LANES];
                for (column, c) in tile.iter().zip(centroid) {
                    for (sum, x) in sums.iter_mut().zip(column) {
                        *sum += (x - c) * (x - c);
                    }
                }
                for ((least, sum), total) in least.iter_mut().zip(sums).zip(&mut totals) {
                    *least = if sum < *least { sum } else { *least };
                    *total += f64::from(*least);
                }
            }
            totals.iter().sum()
        },
    )
}
