//! The nearest codeword without a matrix of distances: products and minimum in one pass over register tiles.
//!
//! Codebooks are packed in panels of 32 codewords, coordinate by coordinate, so that one load serves 16 codewords; a tile
//! holds the products of [`TILE`] vectors with one panel in registers while it runs over the coordinates. Each product
//! is summed in the order of the coordinates whatever the tile, so that codes don't hang on the batch.

use multiversion::multiversion;
use multiversion::target::target_cfg_f;

use super::codebooks::Codebooks;
use super::kernels::Rows;

/// Codewords of one panel.
const PANEL: usize = 32;

/// Vectors of one tile: more accumulators than these are not kept in registers.
const TILE: usize = 4;

/// Codebooks packed for [`nearest`], and the least scores of a block of vectors by lane.
#[derive(Default)]
pub struct Panels {
    /// M × ⌈K/32⌉ × width × 32.
    words: Vec<f32>,
    /// ½‖c‖², M × ⌈K/32⌉ × 32; infinite behind the K-th.
    half: Vec<f32>,
    lanes: Vec<Lanes>,
    /// The vectors in tiles, coordinate by coordinate: ⌈n/4⌉ × width × 4.
    tiles: Vec<[f32; TILE]>,
    width: usize,
    per_stage: usize,
}

/// The least score of each lane of a panel so far, and the panel that it came from.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Lanes {
    score: [f32; PANEL],
    panel: [u32; PANEL],
}

impl Panels {
    /// Packs the codebooks.
    pub fn pack(&mut self, books: &Codebooks) {
        self.width = books.width();
        self.per_stage = books.size().div_ceil(PANEL);
        let panels = books.stages() * self.per_stage;
        self.words.resize(panels * self.width * PANEL, 0.0);
        self.half.resize(panels * PANEL, 0.0);
        for stage in 0..books.stages() {
            let words = &mut self.words[stage * self.per_stage * self.width * PANEL..];
            let half = &mut self.half[stage * self.per_stage * PANEL..];
            pack(books.stage(stage), self.width, words, half);
        }
    }

    /// For each row of the selection, the codeword of `stage` with the least ½‖c‖² − row·c, which is the nearest one (the
    /// lowest number on a tie): `found` takes (score, number 0..K) in the order of the selection.
    ///
    /// # Panics
    /// If a selected row reaches beyond the slice.
    pub fn nearest(&mut self, stage: usize, rows: Rows, selection: &[u32], found: &mut Vec<(f32, u32)>) {
        let length = self.per_stage * PANEL;
        let padded = selection.len().next_multiple_of(TILE);
        self.lanes.clear();
        self.lanes.resize(padded, Lanes { score: [f32::INFINITY; PANEL], panel: [0; PANEL] });
        self.tiles.resize(padded / TILE * self.width, [0.0; TILE]);
        for (place, row) in selection.iter().enumerate() {
            let x = &rows.data[*row as usize * rows.stride..][..self.width];
            let tile = &mut self.tiles[place / TILE * self.width..][..self.width];
            tile.iter_mut().zip(x).for_each(|(target, value)| target[place % TILE] = *value);
        }
        let words = &self.words[stage * length * self.width..(stage + 1) * length * self.width];
        scan(words, &self.half[stage * length..(stage + 1) * length], self.width, &self.tiles, &mut self.lanes);
        found.clear();
        found.extend(self.lanes[..selection.len()].iter().map(Lanes::least));
    }
}

impl Lanes {
    fn least(&self) -> (f32, u32) {
        let numbers = self.score.iter().zip(&self.panel).enumerate();
        // Without a finite score (NaN codewords) the first codeword stands, and the error shows it.
        numbers.fold((f32::INFINITY, 0), |best, (lane, (score, panel))| {
            let candidate = (*score, panel * PANEL as u32 + lane as u32);
            if candidate < best { candidate } else { best }
        })
    }
}

/// One stage's codewords (K × width), coordinate by coordinate in panels, and their ½‖c‖².
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn pack(rows: &[f32], width: usize, words: &mut [f32], half: &mut [f32]) {
    let panels = words.chunks_exact_mut(width * PANEL).zip(half.chunks_exact_mut(PANEL));
    for ((panel, half), rows) in panels.zip(rows.chunks(width * PANEL)) {
        let count = rows.len() / width;
        if count < PANEL {
            panel.fill(0.0);
        }
        for (lane, row) in rows.chunks_exact(width).enumerate() {
            for (column, value) in panel.chunks_exact_mut(PANEL).zip(row) {
                column[lane] = *value;
            }
        }
        let mut norms = [0f32; PANEL];
        for column in panel.chunks_exact(PANEL) {
            for (norm, value) in norms.iter_mut().zip(column) {
                *norm += value * value;
            }
        }
        for (lane, (half, norm)) in half.iter_mut().zip(norms).enumerate() {
            *half = if lane < count { 0.5 * norm } else { f32::INFINITY };
        }
    }
}

/// Runs all panels over all tiles; the products of a tile with a panel stay in registers.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn scan(words: &[f32], half: &[f32], width: usize, tiles: &[[f32; TILE]], lanes: &mut [Lanes]) {
    let fused = target_cfg_f!(target_feature = "fma");
    let wide = target_cfg_f!(target_feature = "avx512f");
    for (number, (panel, half)) in words.chunks_exact(width * PANEL).zip(half.chunks_exact(PANEL)).enumerate() {
        let number = number as u32;
        // A small codebook fills only half of its one panel.
        let narrow = half[PANEL / 2] == f32::INFINITY;
        for (x, lanes) in tiles.chunks_exact(width).zip(lanes.chunks_exact_mut(TILE)) {
            match (wide, fused) {
                (true, _) if narrow => tile::<16, 0, true>(panel, half, x, number, lanes),
                (true, _) => tile::<PANEL, 0, true>(panel, half, x, number, lanes),
                (false, true) if narrow => tile::<16, 0, true>(panel, half, x, number, lanes),
                (false, true) => {
                    tile::<16, 0, true>(panel, half, x, number, lanes);
                    tile::<16, 16, true>(panel, half, x, number, lanes);
                }
                (false, false) => {
                    tile::<8, 0, false>(panel, half, x, number, lanes);
                    tile::<8, 8, false>(panel, half, x, number, lanes);
                    tile::<8, 16, false>(panel, half, x, number, lanes);
                    tile::<8, 24, false>(panel, half, x, number, lanes);
                }
            }
        }
    }
}

/// The `L` lanes of a panel from `FROM` on.
#[inline(always)]
fn tile<const L: usize, const FROM: usize, const FUSED: bool>(
    panel: &[f32],
    half: &[f32],
    x: &[[f32; TILE]],
    number: u32,
    lanes: &mut [Lanes],
) {
    let mut sums = [[0f32; L]; TILE];
    for (column, x) in panel.chunks_exact(PANEL).zip(x) {
        let mut words = [0f32; L];
        words.copy_from_slice(&column[FROM..FROM + L]);
        for (sum, value) in sums.iter_mut().zip(x) {
            for (s, c) in sum.iter_mut().zip(&words) {
                *s = if FUSED { value.mul_add(*c, *s) } else { *s + value * c };
            }
        }
    }
    let half = &half[FROM..FROM + L];
    for (lanes, sum) in lanes.iter_mut().zip(&sums) {
        let best = lanes.score[FROM..FROM + L].iter_mut().zip(&mut lanes.panel[FROM..FROM + L]);
        for ((best, panel), (half, sum)) in best.zip(half.iter().zip(sum)) {
            let score = half - sum;
            let better = score < *best;
            *best = if better { score } else { *best };
            *panel = if better { number } else { *panel };
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::stream::{normal, stream};
    use crate::quantizer::Method;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        /// Whole numbers as coordinates, so that products are exact and ties are common.
        #[test]
        fn panels_find_the_first_nearest_codeword(
            width in 1usize..20, size in 1usize..80, n in 1usize..15, stage in 0usize..2, seed in any::<u64>()
        ) {
            let mut rng = stream(&format!("panels/{seed}"));
            let mut whole = |n: usize| -> Vec<f32> { (0..n).map(|_| (2.0 * normal(&mut rng)).round()).collect() };
            let books = Codebooks::new(Method::Rvq, width, 2, size, whole(2 * size * width)).unwrap();
            let x = whole(n * (width + 3));
            let mut panels = Panels::default();
            panels.pack(&books);
            let selection: Vec<u32> = (0..n as u32).filter(|row| row % 3 != 1).collect();
            let mut found = Vec::new();
            panels.nearest(stage, Rows { data: &x, stride: width + 3 }, &selection, &mut found);
            prop_assert_eq!(found.len(), selection.len());
            for (row, (score, index)) in selection.iter().zip(found) {
                let x = &x[*row as usize * (width + 3)..][..width];
                let slow = |k: usize| -> f32 {
                    books.codeword(stage * size + k).iter().zip(x).map(|(c, x)| 0.5 * c * c - c * x).sum()
                };
                let best = (0..size).min_by(|a, b| slow(*a).total_cmp(&slow(*b))).unwrap();
                prop_assert_eq!((score, index as usize), (slow(best), best));
            }
        }
    }

    #[test]
    fn codewords_that_are_no_numbers_give_the_first() {
        let books = Codebooks::new(Method::Rvq, 2, 1, 3, vec![f32::NAN; 6]).unwrap();
        let mut panels = Panels::default();
        panels.pack(&books);
        let mut found = Vec::new();
        panels.nearest(0, Rows { data: &[1.0, 2.0], stride: 2 }, &[0], &mut found);
        assert_eq!(found, [(f32::INFINITY, 0)]);
    }
}
