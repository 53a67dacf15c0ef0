//! Vectors and codebooks in bytes, for [`super::byte_bounds`]: whole numbers up to ±127 with one scale for each vector,
//! and the norms and rounding errors that the bounds need.

use super::codebooks::Codebooks;
use super::kernels::{CHUNK, Rows, by_halves};
use crate::level::run;

/// Codewords of one panel.
pub const PANEL: usize = 32;

/// The largest relative error of one rounding.
const UNIT: f32 = f32::EPSILON / 2.0;

/// Covers the rounding in the computation of norms of up to 2^17 coordinates in sixteen lanes.
const UP: f32 = 1.0 + 1e-3;

/// Codebooks in bytes, packed in panels of 32 codewords and groups of four coordinates.
#[derive(Default)]
pub struct ByteBooks {
    /// M × ⌈K/32⌉ × ⌈width/4⌉ × 32 × 4: ĉ + 128.
    pub(super) words: Vec<u8>,
    /// The terms of the bound for each panel of codewords, M × ⌈K/32⌉.
    pub(super) terms: Vec<Terms>,
    /// ½‖c‖², M × K.
    pub(super) half: Vec<f32>,
    pub(super) size: usize,
    pub(super) per_stage: usize,
    pub(super) quads: usize,
}

/// The terms of the bound for the 32 codewords of a panel.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Terms {
    /// ½‖c‖², rounded down; infinite behind the K-th.
    pub(super) half: [f32; PANEL],
    /// β.
    pub(super) scale: [f32; PANEL],
    /// ‖c‖, rounded up.
    pub(super) norm: [f32; PANEL],
    /// ‖c − βĉ‖, rounded up.
    pub(super) error: [f32; PANEL],
}

impl Terms {
    const NONE: Terms =
        Terms { half: [f32::INFINITY; PANEL], scale: [0.0; PANEL], norm: [0.0; PANEL], error: [0.0; PANEL] };
}

/// Vectors in bytes.
#[derive(Default)]
pub struct ByteRows {
    /// n × ⌈width/4⌉: x̂, four coordinates in one value.
    pub(super) quads: Vec<u32>,
    pub(super) terms: Vec<RowTerms>,
    pub(super) scratch: Vec<u8>,
}

/// The terms of the bound for one vector.
#[derive(Clone, Copy, Default)]
pub(super) struct RowTerms {
    /// α.
    pub(super) scale: f32,
    /// ‖x − αx̂‖ plus an allowance for rounding; it is multiplied by ‖c‖.
    pub(super) error: f32,
    /// ‖αx̂‖, rounded up.
    pub(super) norm: f32,
    /// −128·Σx̂.
    pub(super) shift: i32,
}

impl ByteRows {
    /// Sets the selected rows of `width` columns.
    pub fn set(&mut self, rows: Rows, width: usize, selection: &[u32]) {
        let quads = width.div_ceil(4);
        let count = selection.iter().max().map_or(0, |last| *last as usize + 1);
        self.quads.resize(count * quads, 0);
        self.terms.resize(count, RowTerms::default());
        self.scratch.clear();
        self.scratch.resize(quads * 4, 0);
        for row in selection {
            let row = *row as usize;
            let x = &rows.data[row * rows.stride..][..width];
            let rounded = to_bytes(x, 0, &mut self.scratch);
            self.terms[row] = RowTerms {
                scale: rounded.scale,
                error: UP * (rounded.error + (width + 32) as f32 * UNIT * rounded.norm),
                norm: UP * (rounded.norm + rounded.error),
                shift: -128 * rounded.sum,
            };
            let (bytes, _) = self.scratch.as_chunks::<4>();
            let target = &mut self.quads[row * quads..(row + 1) * quads];
            target.iter_mut().zip(bytes).for_each(|(quad, bytes)| *quad = u32::from_le_bytes(*bytes));
        }
    }
}

/// A vector in bytes.
struct Rounded {
    scale: f32,
    /// ‖x − scale·x̂‖.
    error: f32,
    /// ‖x‖.
    norm: f32,
    /// Σx̂.
    sum: i32,
}

/// Writes x̂ + `offset`. Where no scale fits (all zero, not finite), x̂ is 0.
fn to_bytes(x: &[f32], offset: u8, bytes: &mut [u8]) -> Rounded {
    run(
        #[inline(always)]
        |_| {
            // Adding 1.5·2²³ rounds to the nearest whole number and leaves it in the low bits.
            const SHIFT: f32 = 12_582_912.0;
            let (chunks, rest) = x.as_chunks::<CHUNK>();
            let mut most = [0f32; CHUNK];
            for chunk in chunks {
                for (m, v) in most.iter_mut().zip(chunk) {
                    *m = if v.abs() > *m { v.abs() } else { *m };
                }
            }
            let most = by_halves(most, |a, b| if b > a { b } else { a });
            let most = rest.iter().fold(most, |m, v| if v.abs() > m { v.abs() } else { m });
            let inverse = if most > 1e-30 && most < 1e30 { 127.0 / most } else { 0.0 };
            let scale = if inverse > 0.0 { most / 127.0 } else { 0.0 };
            let (mut error, mut norm, mut sum) = ([0f32; CHUNK], [0f32; CHUNK], [0i32; CHUNK]);
            let mut round = |values: &[f32], target: &mut [u8]| {
                for (lane, (v, byte)) in values.iter().zip(target).enumerate() {
                    let shifted = v * inverse + SHIFT;
                    let off = v - scale * (shifted - SHIFT);
                    error[lane] += off * off;
                    norm[lane] += v * v;
                    let number = shifted.to_bits() as i32 - SHIFT.to_bits() as i32;
                    sum[lane] += number;
                    *byte = (number as u8).wrapping_add(offset);
                }
            };
            for (chunk, target) in chunks.iter().zip(bytes.chunks_exact_mut(CHUNK)) {
                round(chunk, target);
            }
            round(rest, &mut bytes[chunks.len() * CHUNK..]);
            let total = |lanes| by_halves(lanes, |a: f32, b| a + b);
            Rounded { scale, error: total(error).sqrt(), norm: total(norm).sqrt(), sum: sum.iter().sum() }
        },
    )
}

impl ByteBooks {
    /// Packs the codebooks.
    pub fn pack(&mut self, books: &Codebooks) {
        let (width, size) = (books.width(), books.size());
        self.size = size;
        self.quads = width.div_ceil(4);
        self.per_stage = size.div_ceil(PANEL);
        let panels = books.stages() * self.per_stage;
        self.words.resize(panels * self.quads * PANEL * 4, 0);
        self.terms.clear();
        self.terms.resize(panels, Terms::NONE);
        self.half.resize(books.stages() * size, 0.0);
        let mut bytes = vec![0u8; self.quads * 4];
        for (number, word) in books.values().chunks_exact(width).enumerate() {
            let (stage, index) = (number / size, number % size);
            let (panel, lane) = (stage * self.per_stage + index / PANEL, index % PANEL);
            let rounded = to_bytes(word, 128, &mut bytes);
            let terms = &mut self.terms[panel];
            self.half[number] = 0.5 * rounded.norm * rounded.norm;
            terms.half[lane] = self.half[number] * (1.0 - 8.0 * UNIT);
            terms.scale[lane] = rounded.scale;
            terms.norm[lane] = UP * rounded.norm;
            terms.error[lane] = UP * rounded.error;
            let target = &mut self.words[panel * self.quads * PANEL * 4..(panel + 1) * self.quads * PANEL * 4];
            let (quads, _) = target.as_chunks_mut::<{ PANEL * 4 }>();
            for (quad, bytes) in quads.iter_mut().zip(bytes.chunks_exact(4)) {
                quad[lane * 4..lane * 4 + 4].copy_from_slice(bytes);
            }
        }
    }
}
