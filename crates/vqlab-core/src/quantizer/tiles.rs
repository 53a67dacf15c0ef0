//! The nearest codeword of each vector of a block, with the vectors in the SIMD lanes. A tile of vectors, transposed,
//! is multiplied with a group of codewords at once; their coordinates are broadcast from the unchanged codebook. The
//! sums stay in registers over the coordinates. The least scores and their indices stay in registers over all
//! codewords. No minimum is taken across lanes.
//!
//! Each product is summed in the order of the coordinates for every tile, so that codes do not depend on the batch.

use super::codebooks::Codebooks;
use super::kernels::{Rows, half_norms};
use crate::lanes::{Kernel, Lanes, in_lanes};

/// Vectors of a block that fills the tiles of every level: 48 (AVX-512), 24 (AVX2) or 8.
pub const WHOLE: usize = 48;

/// Scratch memory, and ½‖c‖² of all codewords.
#[derive(Default)]
pub struct Tiles {
    half: Vec<f32>,
    tile: Vec<f32>,
}

impl Tiles {
    /// Updates the internal state for changed codebooks.
    pub fn prepare(&mut self, books: &Codebooks) {
        half_norms(books.values(), books.width(), &mut self.half);
    }

    /// For each row of the selection, finds the codeword of `stage` with the least ½‖c‖² − row·c, which is the nearest
    /// one (the lowest index on a tie). `found` takes (score, index 0..K) in the order of the selection. Where all
    /// scores are NaN, it takes (infinity, 0).
    ///
    /// # Panics
    /// If a selected row reaches beyond the slice.
    pub fn nearest(
        &mut self,
        books: &Codebooks,
        stage: usize,
        rows: Rows,
        selection: &[u32],
        found: &mut Vec<(f32, u32)>,
    ) {
        let half = &self.half[stage * books.size()..(stage + 1) * books.size()];
        let stage = Stage { words: books.stage(stage), half, width: books.width() };
        found.clear();
        in_lanes(Scan { stage, rows, selection, tile: &mut self.tile, found });
    }
}

/// One codebook: K × width, and ½‖c‖².
#[derive(Clone, Copy)]
struct Stage<'a> {
    words: &'a [f32],
    half: &'a [f32],
    width: usize,
}

struct Scan<'a> {
    stage: Stage<'a>,
    rows: Rows<'a>,
    selection: &'a [u32],
    tile: &'a mut Vec<f32>,
    found: &'a mut Vec<(f32, u32)>,
}

impl Kernel for Scan<'_> {
    type Output = ();

    /// Tiles of R registers of vectors × G codewords, as many sums as the registers hold; smaller tiles for the rest.
    #[inline(always)]
    fn run<L: Lanes>(mut self, lanes: L) {
        while !self.selection.is_empty() {
            let registers = self.selection.len().div_ceil(L::LANES);
            match (L::LANES, registers) {
                (_, 1) => self.tile::<L, 1, 8>(lanes),
                (16, 2) => self.tile::<L, 2, 8>(lanes),
                (16, _) => self.tile::<L, 3, 8>(lanes),
                (8, 3..) => self.tile::<L, 3, 3>(lanes),
                _ => self.tile::<L, 2, 4>(lanes),
            }
        }
    }
}

impl Scan<'_> {
    /// The first R registers of selected rows.
    #[inline(always)]
    fn tile<L: Lanes, const R: usize, const G: usize>(&mut self, lanes: L) {
        let (places, rest) = self.selection.split_at(self.selection.len().min(R * L::LANES));
        transpose(self.rows, self.stage.width, places, R * L::LANES, self.tile);
        let mut scores = [0f32; WHOLE];
        let mut numbers = [0u32; WHOLE];
        scan::<L, R, G>(lanes, self.stage, self.tile, (&mut scores, &mut numbers));
        self.found.extend(scores.into_iter().zip(numbers).take(places.len()));
        self.selection = rest;
    }
}

/// tile\[k·lanes + i\] = the k-th coordinate of the i-th row; the last row also fills the rest of the tile.
#[inline(always)]
fn transpose(rows: Rows, width: usize, places: &[u32], lanes: usize, tile: &mut Vec<f32>) {
    const EACH: usize = 4;
    tile.resize(width * lanes, 0.0);
    let row = |i: usize| &rows.data[places[i.min(places.len() - 1)] as usize * rows.stride..][..width];
    for at in (0..lanes).step_by(EACH) {
        let [a, b, c, d] = [row(at), row(at + 1), row(at + 2), row(at + 3)];
        let columns = tile.chunks_exact_mut(lanes);
        for ((((column, a), b), c), d) in columns.zip(a).zip(b).zip(c).zip(d) {
            column[at..at + EACH].copy_from_slice(&[*a, *b, *c, *d]);
        }
    }
}

/// The least score of each lane and its codeword.
#[inline(always)]
fn scan<L: Lanes, const R: usize, const G: usize>(
    lanes: L,
    stage: Stage,
    tile: &[f32],
    (scores, numbers): (&mut [f32], &mut [u32]),
) {
    let Stage { words, half, width } = stage;
    let mut least = Least { scores: [lanes.splat(f32::INFINITY); R], numbers: [lanes.splat_number(0); R], next: 0 };
    let (mut groups, mut halves) = (words.chunks_exact(G * width), half.chunks_exact(G));
    for (words, half) in groups.by_ref().zip(halves.by_ref()) {
        least.improve(lanes, &products::<L, R, G>(lanes, words, width, tile), half);
    }
    // The last codewords of a codebook whose size is not a multiple of the group size.
    let (words, half) = (groups.remainder(), halves.remainder());
    let (mut pairs, mut halves) = (words.chunks_exact(2 * width), half.chunks_exact(2));
    for (words, half) in pairs.by_ref().zip(halves.by_ref()) {
        least.improve(lanes, &products::<L, R, 2>(lanes, words, width, tile), half);
    }
    if let [half] = halves.remainder() {
        least.improve(lanes, &products::<L, R, 1>(lanes, pairs.remainder(), width, tile), &[*half]);
    }
    for r in 0..R {
        lanes.store(least.scores[r], &mut scores[r * L::LANES..]);
        lanes.store_numbers(least.numbers[r], &mut numbers[r * L::LANES..]);
    }
}

/// The least scores so far, and their indices.
struct Least<L: Lanes, const R: usize> {
    scores: [L::Floats; R],
    numbers: [L::Numbers; R],
    /// The index of the next codeword.
    next: u32,
}

impl<L: Lanes, const R: usize> Least<L, R> {
    #[expect(clippy::needless_range_loop, reason = "three arrays, of registers")]
    #[inline(always)]
    fn improve<const G: usize>(&mut self, lanes: L, products: &[[L::Floats; R]; G], half: &[f32]) {
        for (products, half) in products.iter().zip(half) {
            let (number, half) = (lanes.splat_number(self.next), lanes.splat(*half));
            for r in 0..R {
                let score = lanes.sub(half, products[r]);
                (self.scores[r], self.numbers[r]) = lanes.improve(score, number, self.scores[r], self.numbers[r]);
            }
            self.next += 1;
        }
    }
}

/// The products of G codewords with R registers of vectors.
#[inline(always)]
fn products<L: Lanes, const R: usize, const G: usize>(
    lanes: L,
    words: &[f32],
    width: usize,
    tile: &[f32],
) -> [[L::Floats; R]; G] {
    let mut sums = [[lanes.splat(0.0); R]; G];
    let words: [&[f32]; G] = std::array::from_fn(|g| &words[g * width..][..width]);
    for (k, x) in tile.chunks_exact(R * L::LANES).enumerate().take(width) {
        let x: [L::Floats; R] = std::array::from_fn(|r| lanes.load(&x[r * L::LANES..]));
        for g in 0..G {
            let word = lanes.splat(words[g][k]);
            for r in 0..R {
                sums[g][r] = lanes.mul_add(x[r], word, sums[g][r]);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::stream::{normal, stream};
    use crate::level::each;
    use crate::quantizer::Method;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        /// Whole numbers as coordinates, so that products are exact and ties are common.
        #[test]
        fn tiles_find_the_first_nearest_codeword(
            width in 1usize..20, size in 1usize..80, n in 1usize..110, stage in 0usize..2, seed in any::<u64>()
        ) {
            let mut rng = stream(&format!("tiles/{seed}"));
            let mut numbers = |n: usize| -> Vec<f32> { (0..n).map(|_| normal(&mut rng).round()).collect() };
            let books = Codebooks::new(Method::Rvq, width, 2, size, numbers(2 * size * width)).unwrap();
            let x = numbers(n * (width + 3));
            let selection: Vec<u32> = (0..n as u32).rev().filter(|row| row % 4 != 1 || n < 3).collect();
            let mut right = Vec::new();
            for row in &selection {
                let x = &x[*row as usize * (width + 3)..][..width];
                let score = |k: usize| -> f32 {
                    books.codeword(stage * size + k).iter().zip(x).map(|(c, x)| 0.5 * c * c - c * x).sum()
                };
                let best = (0..size).min_by(|a, b| score(*a).total_cmp(&score(*b))).unwrap();
                right.push((score(best), best as u32));
            }
            each(|level| {
                let mut tiles = Tiles::default();
                tiles.prepare(&books);
                let mut found = Vec::new();
                tiles.nearest(&books, stage, Rows { data: &x, stride: width + 3 }, &selection, &mut found);
                assert_eq!(found, right, "{level}");
            });
        }

        /// The result of a vector is bit-identical for any other rows.
        #[test]
        fn the_batch_changes_no_bit(width in 1usize..40, size in 1usize..40, n in 1usize..60, seed in any::<u64>()) {
            let mut rng = stream(&format!("tiles of any size/{seed}"));
            let mut numbers = |n: usize| -> Vec<f32> { (0..n).map(|_| normal(&mut rng)).collect() };
            let books = Codebooks::new(Method::Rvq, width, 1, size, numbers(size * width)).unwrap();
            let x = numbers(n * width);
            each(|level| {
                let mut tiles = Tiles::default();
                tiles.prepare(&books);
                let (mut all, mut alone) = (Vec::new(), Vec::new());
                let rows = Rows { data: &x, stride: width };
                let selection: Vec<u32> = (0..n as u32).collect();
                tiles.nearest(&books, 0, rows, &selection, &mut all);
                for (row, all) in selection.iter().zip(&all) {
                    tiles.nearest(&books, 0, rows, &[*row], &mut alone);
                    assert_eq!(alone[..], [*all], "{level}");
                }
            });
        }
    }

    #[test]
    fn codewords_that_are_no_numbers_give_the_first() {
        let books = Codebooks::new(Method::Rvq, 2, 1, 3, vec![f32::NAN; 6]).unwrap();
        each(|_| {
            let mut tiles = Tiles::default();
            tiles.prepare(&books);
            let mut found = Vec::new();
            tiles.nearest(&books, 0, Rows { data: &[1.0, 2.0], stride: 2 }, &[0], &mut found);
            assert_eq!(found, [(f32::INFINITY, 0)]);
        });
    }
}
