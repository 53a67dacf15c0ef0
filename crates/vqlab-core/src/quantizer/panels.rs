//! The scores ½‖c‖² − x·c of all codewords and the minima of their chunks for a beam search, by products in register
//! tiles.
//!
//! Codebooks are packed in panels of 32 codewords, coordinate by coordinate, so that one load serves 16 codewords. A
//! tile holds the products of four vectors with one panel in registers over all coordinates. Each product is summed in
//! the order of the coordinates for every tile, so that codes don't depend on the batch.

use super::codebooks::Codebooks;
use super::kernels::{CHUNK, Rows, minimum};
use crate::level::{Level, run};

/// Codewords of one panel.
const PANEL: usize = 32;

/// Vectors of one tile: the compiler does not keep more accumulators in registers.
const TILE: usize = 4;

/// Codebooks packed for [`Panels::scores`], and a block of vectors.
#[derive(Default)]
pub struct Panels {
    packed: Packed,
    /// The vectors in tiles, coordinate by coordinate: ⌈n/4⌉ × width × 4.
    tiles: Vec<[f32; TILE]>,
}

/// The codebooks in panels.
#[derive(Default)]
struct Packed {
    /// M × ⌈K/32⌉ × width × 32.
    words: Vec<f32>,
    /// ½‖c‖², M × ⌈K/32⌉ × 32; infinite behind the K-th.
    half: Vec<f32>,
    width: usize,
    per_stage: usize,
}

impl Packed {
    /// The panels of one stage and their ½‖c‖².
    fn stage(&self, stage: usize) -> (&[f32], &[f32]) {
        let length = self.per_stage * PANEL;
        let words = &self.words[stage * length * self.width..(stage + 1) * length * self.width];
        (words, &self.half[stage * length..(stage + 1) * length])
    }
}

impl Panels {
    /// Packs the codebooks.
    pub fn pack(&mut self, books: &Codebooks) {
        let Packed { words, half, width, per_stage } = &mut self.packed;
        (*width, *per_stage) = (books.width(), books.size().div_ceil(PANEL));
        let length = *per_stage * PANEL;
        words.resize(books.stages() * length * *width, 0.0);
        half.resize(books.stages() * length, 0.0);
        let stages = words.chunks_exact_mut(length * *width).zip(half.chunks_exact_mut(length));
        for (stage, (words, half)) in stages.enumerate() {
            pack(books.stage(stage), *width, words, half);
        }
    }

    /// For each row of the selection, in its order, the scores ½‖c‖² − row·c of the codewords of `stage` and the minima
    /// of their chunks of [`CHUNK`]. The values behind the K-th codeword are infinite.
    ///
    /// # Panics
    /// If a selected row or a row of `out` reaches beyond its slice.
    pub fn scores(&mut self, stage: usize, rows: Rows, selection: &[u32], out: ScoreRows) {
        self.pack_tiles(rows, selection);
        let (words, half) = self.packed.stage(stage);
        run(
            #[inline(always)]
            |cpu| scan_scores(cpu.level(), words, half, self.packed.width, &self.tiles, selection.len(), out),
        );
    }

    /// Packs the selected rows into tiles; the last row also fills the rest of the last tile.
    fn pack_tiles(&mut self, rows: Rows, selection: &[u32]) {
        let width = self.packed.width;
        self.tiles.resize(selection.len().div_ceil(TILE) * width, [0.0; TILE]);
        for (places, tile) in selection.chunks(TILE).zip(self.tiles.chunks_exact_mut(width)) {
            let row = |i: usize| &rows.data[places[i.min(places.len() - 1)] as usize * rows.stride..][..width];
            interleave([row(0), row(1), row(2), row(3)], tile);
        }
    }
}

/// tile\[k\] = the k-th coordinates of the vectors.
fn interleave(x: [&[f32]; TILE], tile: &mut [[f32; TILE]]) {
    run(
        #[inline(always)]
        |_| {
            let [a, b, c, d] = x;
            for ((((target, a), b), c), d) in tile.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                *target = [*a, *b, *c, *d];
            }
        },
    )
}

/// The output of scores: row i begins at i·stride and holds `chunks` chunks; its minima begin at i·minima_stride.
pub struct ScoreRows<'a> {
    pub scores: &'a mut [f32],
    pub stride: usize,
    pub minima: &'a mut [f32],
    pub minima_stride: usize,
    /// ⌈K/16⌉.
    pub chunks: usize,
}

/// One stage's codewords (K × width), coordinate by coordinate in panels, and their ½‖c‖².
fn pack(rows: &[f32], width: usize, words: &mut [f32], half: &mut [f32]) {
    run(
        #[inline(always)]
        |_| {
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
        },
    )
}

/// Runs all panels over all tiles and writes the scores of the first `count` vectors.
#[inline(always)]
fn scan_scores(
    level: Level,
    words: &[f32],
    half: &[f32],
    width: usize,
    tiles: &[[f32; TILE]],
    count: usize,
    mut out: ScoreRows,
) {
    for (number, (panel, half)) in words.chunks_exact(width * PANEL).zip(half.chunks_exact(PANEL)).enumerate() {
        let (first, narrow) = (number * 2, number * 2 + 1 == out.chunks);
        for (x, from) in tiles.chunks_exact(width).zip((0..count).step_by(TILE)) {
            let rows = from..(from + TILE).min(count);
            match (level == Level::Avx512, level.fuses()) {
                (true, _) if narrow => write::<16, 0>(&products::<16, 0, true>(panel, x), half, first, rows, &mut out),
                (true, _) => write::<PANEL, 0>(&products::<PANEL, 0, true>(panel, x), half, first, rows, &mut out),
                (false, true) => {
                    write::<16, 0>(&products::<16, 0, true>(panel, x), half, first, rows.clone(), &mut out);
                    if !narrow {
                        write::<16, 16>(&products::<16, 16, true>(panel, x), half, first + 1, rows, &mut out);
                    }
                }
                (false, false) => {
                    write::<16, 0>(&products::<16, 0, false>(panel, x), half, first, rows.clone(), &mut out);
                    if !narrow {
                        write::<16, 16>(&products::<16, 16, false>(panel, x), half, first + 1, rows, &mut out);
                    }
                }
            }
        }
    }
}

/// The products of a tile of vectors with the `L` lanes of a panel from `FROM` on.
#[inline(always)]
fn products<const L: usize, const FROM: usize, const FUSED: bool>(
    panel: &[f32],
    x: &[[f32; TILE]],
) -> [[f32; L]; TILE] {
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
    sums
}

/// Writes the scores of `rows` from chunk `first` on, with the chunks' minima.
#[inline(always)]
fn write<const L: usize, const FROM: usize>(
    sums: &[[f32; L]; TILE],
    half: &[f32],
    first: usize,
    rows: std::ops::Range<usize>,
    out: &mut ScoreRows,
) {
    let half = &half[FROM..FROM + L];
    for (sum, row) in sums.iter().zip(rows) {
        let mut scores = [0f32; L];
        for ((score, half), sum) in scores.iter_mut().zip(half).zip(sum) {
            *score = half - sum;
        }
        out.scores[row * out.stride + first * CHUNK..][..L].copy_from_slice(&scores);
        let minima = &mut out.minima[row * out.minima_stride + first..][..L / CHUNK];
        for (least, chunk) in minima.iter_mut().zip(scores.chunks_exact(CHUNK)) {
            *least = minimum(chunk);
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
        fn panels_score_all_codewords(
            width in 1usize..20, size in 1usize..80, n in 1usize..15, stage in 0usize..2, seed in any::<u64>()
        ) {
            let mut rng = stream(&format!("panels/{seed}"));
            let mut whole = |n: usize| -> Vec<f32> { (0..n).map(|_| (2.0 * normal(&mut rng)).round()).collect() };
            let books = Codebooks::new(Method::Rvq, width, 2, size, whole(2 * size * width)).unwrap();
            let x = whole(n * (width + 3));
            let mut panels = Panels::default();
            panels.pack(&books);
            let selection: Vec<u32> = (0..n as u32).filter(|row| row % 3 != 1).collect();
            let chunks = size.div_ceil(CHUNK);
            let (mut scores, mut minima) = (vec![0.0; n * chunks * CHUNK], vec![0.0; n * chunks]);
            let out = ScoreRows {
                scores: &mut scores, stride: chunks * CHUNK, minima: &mut minima, minima_stride: chunks, chunks
            };
            panels.scores(stage, Rows { data: &x, stride: width + 3 }, &selection, out);
            for (place, row) in selection.iter().enumerate() {
                let x = &x[*row as usize * (width + 3)..][..width];
                for (k, score) in scores[place * chunks * CHUNK..][..chunks * CHUNK].iter().enumerate() {
                    let words = (k < size).then(|| books.codeword(stage * size + k));
                    let slow = words.map(|word| word.iter().zip(x).map(|(c, x)| 0.5 * c * c - c * x).sum());
                    prop_assert_eq!(*score, slow.unwrap_or(f32::INFINITY));
                }
            }
            let least: Vec<f32> =
                scores.chunks(CHUNK).map(|c| c.iter().copied().fold(f32::INFINITY, f32::min)).collect();
            prop_assert_eq!(&minima[..selection.len() * chunks], &least[..selection.len() * chunks]);
        }
    }
}
