//! Lloyd's k-means on a sample, for warm starts.

use rand_chacha::ChaCha8Rng;

use super::init::InitError;
use super::train::Stop;
use crate::data::stream::{below, shuffle};
use crate::quantizer::Method;
use crate::quantizer::{Assign, Codebooks, Greedy};

/// K centroids (K × width) of the rows of `x` (n × width) after so many iterations. Starts from rows without
/// repetition as far as there are enough; an empty cluster takes a random row. `go_on` is asked before each iteration.
///
/// # Errors
/// [`Stop::Asked`], or a shape that is none.
pub fn kmeans(
    x: &[f32],
    width: usize,
    size: usize,
    iterations: usize,
    rng: &mut ChaCha8Rng,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Vec<f32>, InitError> {
    let n = x.len() / width;
    let row = |i: usize| &x[i * width..(i + 1) * width];
    let mut order: Vec<usize> = (0..n).collect();
    shuffle(&mut order, rng);
    let start: Vec<f32> = order.iter().cycle().take(size).flat_map(|i| row(*i)).copied().collect();
    let mut books = Codebooks::new(Method::Rvq, width, 1, size, start)?;
    let (mut search, mut picks) = (Greedy::default(), vec![0u32; n]);
    let mut remainder = Vec::new();
    for _ in 0..iterations {
        if !go_on() {
            return Err(Stop::Asked.into());
        }
        remainder.clear();
        remainder.extend_from_slice(x);
        search.prepare(&books);
        search.assign(&books, &mut remainder, &mut picks);
        let (sums, counts) = cluster_sums(x, &picks, width, size);
        for (k, centroid) in books.values_mut().chunks_exact_mut(width).enumerate() {
            if counts[k] == 0 {
                centroid.copy_from_slice(row(below(rng, n)));
            } else {
                let sum = &sums[k * width..(k + 1) * width];
                centroid.iter_mut().zip(sum).for_each(|(c, s)| *c = (s / f64::from(counts[k])) as f32);
            }
        }
    }
    Ok(books.values().to_vec())
}

fn cluster_sums(x: &[f32], picks: &[u32], width: usize, size: usize) -> (Vec<f64>, Vec<u32>) {
    let (mut sums, mut counts) = (vec![0f64; size * width], vec![0u32; size]);
    for (row, pick) in x.chunks_exact(width).zip(picks) {
        let k = *pick as usize;
        counts[k] += 1;
        sums[k * width..(k + 1) * width].iter_mut().zip(row).for_each(|(s, v)| *s += f64::from(*v));
    }
    (sums, counts)
}
