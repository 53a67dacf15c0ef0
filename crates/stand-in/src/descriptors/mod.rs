//! Synthetic descriptors with natural statistics, for machines without a file of real ones: SIFT (D. Lowe, *Distinctive
//! image features from scale-invariant keypoints*, IJCV 2004) of dead-leaves images (A. B. Lee, D. Mumford, J. Huang,
//! *Occlusion models for natural images*, IJCV 2001). Detector and descriptor are the real algorithms, and keypoints
//! with several orientations give several descriptors; only the images are synthetic. The constants of the images (leaf
//! sizes, texture, defocus, grain) were tuned with the table below. `tests/reference/descriptors.py` computes the table
//! from 100,000 base vectors, 50,000 learn vectors and 1,000 queries (siftsmall: 10,000, 25,000 and 100). The column
//! "ours" is `vqlab data make synthetic-descriptors` (seed 1), photosift are SIFT descriptors of about ninety
//! photographs, siftsmall is ANN_SIFT10K.
//!
//! | | ours | photosift | siftsmall |
//! |---|---|---|---|
//! | variance, all coordinates | 146139 | 139643 | 149597 |
//! | its share in the first 1 / 8 / 16 components | .123 / .455 / .623 | .113 / .462 / .631 | .325 / .585 / .701 |
//! | in the first 32 / 64 | .788 / .922 | .793 / .925 | .825 / .935 |
//! | norm | 512.0 ± .5 | 512.0 ± .5 | 508.6 ± .7 |
//! | share of zeros | .149 | .153 | .230 |
//! | quantiles .25 / .5 / .75 / .9 / .99 of a coordinate | 2, 10, 36, 85, 141 | 2, 11, 37, 84, 142 | 1, 10, 38, 88, 132 |
//! | nearest / mean distance | 255.7 / 534.2 | 243.6 / 526.2 | 198.4 / 538.9 |
//! | distance of the nearest / of the hundredth | .766 | .754 | .617 |
//! | squared error of PQ 8 × 16 / 64 / 256 | 58874 / 37762 / 25585 | 57917 / 38259 / 26401 | 52188 / 34763 / 24754 |
//! | recall@1/10/100, PQ 8 × 256 | .310 / .823 / .991 | .319 / .790 / .986 | .470 / .870 / 1.000 |
//!
//! Recurring objects are not modeled. The synthetic images share only their statistics, so no query has a true match in
//! the base. The same holds for photosift, but not for a base that contains the query's scene.

mod describe;
mod keypoints;
mod scene;

use rayon::prelude::*;

pub use describe::DIMENSION;
use describe::{Gradients, describe, orientations};
use keypoints::{FIRST_DEVIATION, Octave, keypoints};
use scene::dead_leaves;

use vqlab_core::data::stream::stream;

/// Descriptors per block. A block is the unit of work and depends on its number alone.
pub const BLOCK: usize = 256;

/// Octaves of an image.
const OCTAVES: usize = 3;

/// Fills `out` (rows × D) with the descriptors from block `first` on of a set, on the threads of the current rayon
/// pool. The result is bit-identical for any number of threads; a smaller set is the beginning of a larger one. `set`
/// names the random stream.
pub fn fill(set: &str, first: u64, out: &mut [u8]) {
    out.par_chunks_mut(BLOCK * DIMENSION).enumerate().for_each(|(i, out)| block(set, first + i as u64, out));
}

/// A block, or its beginning: the descriptors of as many images as necessary.
fn block(set: &str, block: u64, out: &mut [u8]) {
    let mut rng = stream(&format!("{set}/{block}"));
    let mut rows = out.chunks_exact_mut(DIMENSION);
    loop {
        let mut image = dead_leaves(&mut rng, FIRST_DEVIATION);
        for _ in 0..OCTAVES {
            let octave = Octave::new(image);
            let mut gradients: [Option<Gradients>; keypoints::SCALES] = Default::default();
            for point in keypoints(&octave) {
                let gradients =
                    gradients[point.image - 1].get_or_insert_with(|| Gradients::new(&octave.images[point.image]));
                for orientation in orientations(gradients, &point) {
                    let Some(row) = rows.next() else { return };
                    row.copy_from_slice(&describe(gradients, &point, orientation));
                }
            }
            image = octave.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: usize = 2 * BLOCK + 7;

    #[test]
    fn threads_and_lengths_change_nothing() {
        let make = |threads: usize, n: usize, first: u64| {
            let mut out = vec![0; n * DIMENSION];
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| fill("test", first, &mut out));
            out
        };
        let all = make(3, N, 0);
        assert_eq!(make(1, N, 0), all);
        assert_eq!(make(1, 100, 0), all[..100 * DIMENSION]);
        assert_eq!(make(1, 7, 2), all[2 * BLOCK * DIMENSION..]);
        // No two images are alike.
        assert_ne!(all[..BLOCK * DIMENSION], all[BLOCK * DIMENSION..][..BLOCK * DIMENSION]);
    }

    #[test]
    fn the_statistics_are_those_of_the_table() {
        let n = 16 * BLOCK;
        let mut out = vec![0; n * DIMENSION];
        fill("statistics", 0, &mut out);
        for row in out.chunks_exact(DIMENSION) {
            let square: f64 = row.iter().map(|v| f64::from(*v).powi(2)).sum();
            assert!((square.sqrt() - 512.0).abs() < 4.0, "{row:?}");
        }
        let zeros = out.iter().filter(|v| **v == 0).count() as f64 / out.len() as f64;
        assert!((zeros - 0.15).abs() < 0.02, "{zeros}");
        let mean = |i: usize| out.iter().skip(i).step_by(DIMENSION).map(|v| f64::from(*v)).sum::<f64>() / n as f64;
        let variance = out.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / n as f64
            - (0..DIMENSION).map(|i| mean(i).powi(2)).sum::<f64>();
        assert!((variance / 146_000.0 - 1.0).abs() < 0.03, "{variance}");
    }
}
