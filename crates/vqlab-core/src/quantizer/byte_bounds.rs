//! Lower bounds of the scores ½‖c‖² − x·c from products of bytes. One instruction computes four times as many byte
//! products as float products. Few codewords have a bound within the threshold of a vector (its entry in `rooms`); only
//! their scores are computed. The codes are identical to the codes of a full search.
//!
//! With x ≈ α·x̂ and c ≈ β·ĉ, where x̂ and ĉ hold whole numbers up to ±127, the Cauchy–Schwarz inequality gives
//! |x·c − αβ·x̂·ĉ| ≤ ‖x − αx̂‖·‖c‖ + ‖αx̂‖·‖c − βĉ‖. The largest possible rounding error of the scores is also
//! subtracted from the bounds.

use super::bytes::{ByteBooks, ByteRows, PANEL, RowTerms, Terms};
use super::codebooks::Codebooks;
use super::kernels::{CHUNK, Rows};
use crate::level::has_vnni;

/// Vectors of one tile.
const TILE: usize = 4;

/// Sums of products of bytes over more coordinates may exceed 32 bits.
const WIDEST: usize = 1 << 16;

/// Whether the bounds are worth their cost: on processors that multiply bytes (AVX-512 VNNI), with long enough
/// codewords (32 coordinates) and at least `least` codewords a stage. The limits are measured.
pub fn pays(books: &Codebooks, least: usize) -> bool {
    (32..=WIDEST).contains(&books.width()) && books.size() >= least && has_vnni()
}

/// Receives the codewords that may be good enough.
pub trait Sink {
    /// Receives the score of the `place`-th selected vector with the codeword `number` (m·K + k). The score does not
    /// exceed the vector's threshold in `rooms`. The sink lowers thresholds where it can.
    fn take(&mut self, place: usize, number: u32, score: f32, rooms: &mut [f32]);
}

impl ByteBooks {
    /// Gives the sink every codeword of `stage` whose score for a selected row does not exceed the row's threshold.
    /// `rooms`\[i\] is the threshold of the i-th selected row.
    ///
    /// # Panics
    /// If a selected row is not in `rows` or was not set in `bytes`, or `rooms` is shorter than the selection.
    pub fn scan(&self, books: &Codebooks, stage: usize, rows: &Selected, rooms: &mut [f32], sink: &mut dyn Sink) {
        let panels = stage * self.per_stage..(stage + 1) * self.per_stage;
        let block = self.quads * PANEL * 4;
        let packed = Stage {
            words: &self.words[panels.start * block..panels.end * block],
            terms: &self.terms[panels],
            quads: self.quads,
            values: books.stage(stage),
            half: &self.half[stage * self.size..(stage + 1) * self.size],
            first: (stage * self.size) as u32,
        };
        scan_stage(&packed, rows, rooms, sink);
    }
}

/// The rows of one scan.
pub struct Selected<'a> {
    pub rows: Rows<'a>,
    pub bytes: &'a ByteRows,
    pub selection: &'a [u32],
}

/// The codebook of one stage.
struct Stage<'a> {
    words: &'a [u8],
    terms: &'a [Terms],
    quads: usize,
    /// K × width, as in the codebooks.
    values: &'a [f32],
    half: &'a [f32],
    /// m·K.
    first: u32,
}

/// One row and the codewords of one panel whose bounds do not exceed the row's threshold.
struct Hits<'a> {
    place: usize,
    x: &'a [f32],
    /// The first codeword of the panel, 0..K.
    first: usize,
    lanes: u32,
    bounds: &'a [f32; PANEL],
}

impl Stage<'_> {
    /// Codewords of the panel that begins with codeword `first`, one bit each.
    fn lanes(&self, first: usize) -> u32 {
        let count = self.half.len() - first;
        if count >= PANEL { u32::MAX } else { (1 << count) - 1 }
    }

    /// Computes the scores of the hits whose bounds are still within the threshold.
    #[inline(always)]
    fn offer(&self, hits: Hits, dot: &impl Fn(&[f32], &[f32]) -> f32, rooms: &mut [f32], sink: &mut dyn Sink) {
        let (mut lanes, width) = (hits.lanes, hits.x.len());
        while lanes != 0 {
            let lane = lanes.trailing_zeros() as usize;
            lanes &= lanes - 1;
            if hits.bounds[lane & (PANEL - 1)] > rooms[hits.place] {
                continue;
            }
            let number = hits.first + lane;
            let score = self.half[number] - dot(hits.x, &self.values[number * width..(number + 1) * width]);
            if score <= rooms[hits.place] {
                sink.take(hits.place, self.first + number as u32, score, rooms);
            }
        }
    }
}

/// [`ByteBooks::scan`].
fn scan_stage(stage: &Stage, rows: &Selected, rooms: &mut [f32], sink: &mut dyn Sink) {
    #[cfg(target_arch = "x86_64")]
    if has_vnni() {
        // SAFETY: the CPU has AVX-512 VNNI and the level `Avx512`, which has the other features.
        return unsafe { vnni::scan_stage(stage, rows, rooms, sink) };
    }
    scan_by_loop(stage, rows, rooms, sink);
}

#[cfg(target_arch = "x86_64")]
mod vnni {
    use std::arch::x86_64::*;

    use super::*;

    /// Computes the bounds of a tile of vectors and a panel. A bit is set where a bound is within the vector's
    /// threshold.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")]
    fn tile(
        panel: &[[u8; PANEL * 4]],
        terms: &Terms,
        (x, of): (&[&[u32]; TILE], &[RowTerms; TILE]),
        rooms: &[f32; TILE],
        bounds: &mut [[f32; PANEL]; TILE],
    ) -> [u32; TILE] {
        let mut sums = [[_mm512_setzero_si512(); 2]; TILE];
        for (sums, of) in sums.iter_mut().zip(of) {
            *sums = [_mm512_set1_epi32(of.shift); 2];
        }
        let x = [&x[0][..panel.len()], &x[1][..panel.len()], &x[2][..panel.len()], &x[3][..panel.len()]];
        for (k, column) in panel.iter().enumerate() {
            let (halves, _) = column.as_chunks::<64>();
            let words: [__m512i; 2] = [bytemuck::cast(halves[0]), bytemuck::cast(halves[1])];
            for (sums, x) in sums.iter_mut().zip(&x) {
                let x = _mm512_set1_epi32(x[k] as i32);
                for (sum, words) in sums.iter_mut().zip(&words) {
                    *sum = _mm512_dpbusd_epi32(*sum, *words, x);
                }
            }
        }
        let mut hits = [0u32; TILE];
        for (side, shift) in [0, CHUNK].into_iter().enumerate() {
            let half: __m512 = bytemuck::cast(terms.half.as_chunks::<CHUNK>().0[side]);
            let scale: __m512 = bytemuck::cast(terms.scale.as_chunks::<CHUNK>().0[side]);
            let norm: __m512 = bytemuck::cast(terms.norm.as_chunks::<CHUNK>().0[side]);
            let error: __m512 = bytemuck::cast(terms.error.as_chunks::<CHUNK>().0[side]);
            for i in 0..TILE {
                let product = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[i][side]), scale);
                let bound = _mm512_fnmadd_ps(product, _mm512_set1_ps(of[i].scale), half);
                let bound = _mm512_fnmadd_ps(norm, _mm512_set1_ps(of[i].error), bound);
                let bound = _mm512_fnmadd_ps(error, _mm512_set1_ps(of[i].norm), bound);
                // Where the bound is NaN, the score decides.
                let open = _mm512_cmp_ps_mask::<_CMP_NGT_UQ>(bound, _mm512_set1_ps(rooms[i]));
                hits[i] |= u32::from(open) << shift;
                bounds[i].as_chunks_mut::<CHUNK>().0[side] = bytemuck::cast(bound);
            }
        }
        hits
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")]
    fn dot(x: &[f32], c: &[f32]) -> f32 {
        let (xs, x_rest) = x.as_chunks::<CHUNK>();
        let (cs, c_rest) = c.as_chunks::<CHUNK>();
        let mut sums = _mm512_setzero_ps();
        for (x, c) in xs.iter().zip(cs) {
            sums = _mm512_fmadd_ps(bytemuck::cast(*x), bytemuck::cast(*c), sums);
        }
        let mut sum = _mm512_reduce_add_ps(sums);
        for (x, c) in x_rest.iter().zip(c_rest) {
            sum += x * c;
        }
        sum
    }

    /// [`super::scan_stage`] in registers.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")]
    pub fn scan_stage(stage: &Stage, rows: &Selected, rooms: &mut [f32], sink: &mut dyn Sink) {
        let (columns, _) = stage.words.as_chunks::<{ PANEL * 4 }>();
        let mut bounds = [[0f32; PANEL]; TILE];
        for (number, (panel, terms)) in columns.chunks_exact(stage.quads).zip(stage.terms).enumerate() {
            let first = number * PANEL;
            let there = stage.lanes(first);
            for (at, places) in rows.selection.chunks(TILE).enumerate() {
                let mut x: [&[u32]; TILE] = [&[]; TILE];
                let mut of = [RowTerms::default(); TILE];
                let mut room = [0f32; TILE];
                for i in 0..TILE {
                    // The last row also fills the rest of the last tile.
                    let i_there = i.min(places.len() - 1);
                    let row = places[i_there] as usize;
                    x[i] = &rows.bytes.quads[row * stage.quads..(row + 1) * stage.quads];
                    of[i] = rows.bytes.terms[row];
                    room[i] = rooms[at * TILE + i_there];
                }
                let hits = tile(panel, terms, (&x, &of), &room, &mut bounds);
                for ((i, hits), row) in hits.iter().enumerate().zip(places) {
                    if hits & there != 0 {
                        let (place, lanes, bounds) = (at * TILE + i, hits & there, &bounds[i]);
                        let hits = Hits { place, x: rows.row(*row, stage), first, lanes, bounds };
                        stage.offer(hits, &|x, c| dot(x, c), rooms, sink);
                    }
                }
            }
        }
    }
}

impl Selected<'_> {
    fn row(&self, row: u32, stage: &Stage) -> &[f32] {
        &self.rows.data[row as usize * self.rows.stride..][..stage.values.len() / stage.half.len()]
    }
}

/// The definition of [`scan_stage`].
fn scan_by_loop(stage: &Stage, rows: &Selected, rooms: &mut [f32], sink: &mut dyn Sink) {
    let (columns, _) = stage.words.as_chunks::<{ PANEL * 4 }>();
    for (number, (panel, terms)) in columns.chunks_exact(stage.quads).zip(stage.terms).enumerate() {
        let first = number * PANEL;
        for (place, row) in rows.selection.iter().enumerate() {
            let of = rows.bytes.terms[*row as usize];
            let quads = &rows.bytes.quads[*row as usize * stage.quads..][..stage.quads];
            let bounds = std::array::from_fn(|lane| {
                let products = panel.iter().zip(quads).flat_map(|(column, quad)| {
                    let words = column[lane * 4..lane * 4 + 4].iter();
                    words.zip(quad.to_le_bytes()).map(|(c, x)| i32::from(*c) * i32::from(x as i8))
                });
                let product = (of.shift + products.sum::<i32>()) as f32 * terms.scale[lane];
                let spread = terms.norm[lane] * of.error + terms.error[lane] * of.norm;
                terms.half[lane] - product * of.scale - spread
            });
            let x = rows.row(*row, stage);
            let hits = Hits { place, x, first, lanes: stage.lanes(first), bounds: &bounds };
            let dot = |x: &[f32], c: &[f32]| x.iter().zip(c).map(|(x, c)| x * c).sum();
            stage.offer(hits, &dot, rooms, sink);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::stream::{normal, stream};
    use crate::quantizer::Method;

    /// Records every hit and lowers no threshold.
    #[derive(Default)]
    struct All(Vec<(usize, u32)>);

    impl Sink for All {
        fn take(&mut self, place: usize, number: u32, _: f32, _: &mut [f32]) {
            self.0.push((place, number));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        /// Lengths of vectors and codewords that differ by orders of magnitude, zero vectors, and any threshold.
        #[test]
        fn every_codeword_with_room_is_found(
            width in 1usize..70, size in 1usize..80, n in 1usize..11, quantile in 0usize..80, seed in any::<u64>()
        ) {
            let mut rng = stream(&format!("bytes/{seed}"));
            let mut numbers = |rows: usize, width: usize| -> Vec<f32> {
                let scale = |row: usize| [1.0, 1e-4, 30.0, 0.0, 1e-20][row % 5];
                (0..rows * width).map(|i| scale(i / width) * normal(&mut rng)).collect()
            };
            let books = Codebooks::new(Method::Rvq, width, 2, size, numbers(2 * size, width)).unwrap();
            let x = numbers(n, width + 3);
            let selection: Vec<u32> = (0..n as u32).filter(|row| row % 4 != 1).collect();
            let rows = Rows { data: &x, stride: width + 3 };
            let (mut packed, mut bytes) = (ByteBooks::default(), ByteRows::default());
            packed.pack(&books);
            bytes.set(rows, width, &selection);
            let score = |row: u32, k: usize| -> f64 {
                let x = x[row as usize * (width + 3)..].iter();
                let terms = books.codeword(size + k).iter().zip(x);
                terms.map(|(c, x)| 0.5 * f64::from(*c).powi(2) - f64::from(*c) * f64::from(*x)).sum()
            };
            let size_of = |v: &[f32]| v.iter().map(|v| f64::from(v.abs())).sum::<f64>();
            let mut rooms: Vec<f32> = selection.iter().map(|row| {
                let mut scores: Vec<f64> = (0..size).map(|k| score(*row, k)).collect();
                scores.sort_by(f64::total_cmp);
                scores[quantile.min(size - 1)] as f32
            }).collect();
            let before = rooms.clone();
            let selected = Selected { rows, bytes: &bytes, selection: &selection };
            let mut found = All::default();
            packed.scan(&books, 1, &selected, &mut rooms, &mut found);
            for (place, row) in selection.iter().enumerate() {
                let length = size_of(&x[*row as usize * (width + 3)..][..width]);
                for k in 0..size {
                    let word = size_of(books.codeword(size + k));
                    let doubt = 1e-5 * word * (word + length) + 1e-30;
                    let (room, score) = (f64::from(before[place]), score(*row, k));
                    let taken = found.0.contains(&(place, (size + k) as u32));
                    let right = if taken { score <= room + doubt } else { score > room - doubt };
                    prop_assert!(right);
                }
            }
            let panels = packed.per_stage..2 * packed.per_stage;
            let block = packed.quads * PANEL * 4;
            let stage = Stage {
                words: &packed.words[panels.start * block..],
                terms: &packed.terms[panels],
                quads: packed.quads,
                values: books.stage(1),
                half: &packed.half[size..],
                first: size as u32,
            };
            let mut slow = All::default();
            scan_by_loop(&stage, &selected, &mut rooms, &mut slow);
            // A score equal to the threshold may round to either side.
            let differing = |a: &All, b: &All| a.0.iter().filter(|hit| !b.0.contains(hit)).count();
            prop_assert!(differing(&found, &slow) + differing(&slow, &found) <= 2 * selection.len());
        }
    }

    #[test]
    fn what_is_not_finite_is_left_to_the_scores() {
        let mut values = vec![1.0; 4 * 40];
        values[40] = f32::NAN;
        values[80] = f32::INFINITY;
        let books = Codebooks::new(Method::Rvq, 40, 1, 4, values).unwrap();
        let (mut packed, mut bytes) = (ByteBooks::default(), ByteRows::default());
        packed.pack(&books);
        let mut x = vec![1.0; 3 * 40];
        x[40] = f32::NAN;
        x[80] = f32::NEG_INFINITY;
        let (rows, selection) = (Rows { data: &x, stride: 40 }, [0, 1, 2]);
        bytes.set(rows, 40, &selection);
        let mut found = All::default();
        let selected = Selected { rows, bytes: &bytes, selection: &selection };
        packed.scan(&books, 0, &selected, &mut [f32::MAX; 3], &mut found);
        assert_eq!(found.0, [(0, 0), (0, 3)]);
    }
}
