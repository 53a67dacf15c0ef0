//! Beam search steps of AVQ by look-up in the Gram matrix of all codewords, without products or sums of vectors.
//!
//! An extension of the tuple e by the codeword c has the score ½‖c‖² − x·c + Σ_{p∈e} p·c. For each part, the minima
//! over chunks of 16 codewords are stored as well. The sum of these minima is a lower bound of the chunk's scores
//! (addition is monotone in floating point, too). Few chunks have a bound within the limit of the beam; only these are
//! summed. The result equals that of the full search.

use super::beam::{Best, Entry, Layout, offer};
use super::codebooks::{Codebooks, MAX_STAGES};
use super::flat::Flat;
use super::kernels::{CHUNK, ROWS, Rows, chunk_minima, first_least, pad_rows, products, sum_rows};
use crate::level::{Cpu, run};

/// The number of chunks of all codebooks up to which computing all errors is faster than bounding them.
const FLAT_UP_TO: usize = 16;

/// The Gram matrix and scratch memory.
#[derive(Default)]
pub struct Lookup {
    /// M·K (in whole blocks of [`ROWS`]) × M·K′, where K′ is K in whole chunks. For the ordered search, the columns of
    /// each stage are stored together.
    gram: Vec<f32>,
    in_order: bool,
    /// Minima of the chunks of `gram`; not used by the ordered search.
    least: Vec<f32>,
    /// Bounds of all chunks (in whole groups), one row for each entry of a beam.
    bounds: Vec<f32>,
    flat: Flat,
}

impl Lookup {
    /// Computes the products of the codewords, for steps with the codebooks in their order or in any order. `block` is
    /// scratch memory.
    pub fn prepare(&mut self, books: &Codebooks, in_order: bool, block: &mut Vec<f32>) {
        let padded = books.size().next_multiple_of(CHUNK);
        gram_matrix(books, padded, in_order, &mut self.gram, block);
        self.in_order = in_order;
        if !in_order {
            self.least.resize(self.gram.len() / CHUNK, 0.0);
            chunk_minima(&self.gram, &mut self.least);
        }
    }

    /// Takes one step after the first for one vector and keeps `keep` tuples. `first` (M·K′) holds ½‖c‖² − x·c,
    /// `minima` holds the minima of its chunks.
    pub fn step(
        &mut self,
        books: &Codebooks,
        layout: &Layout,
        (step, keep): (usize, usize),
        (first, minima): (&[f32], &[f32]),
        beam: &mut Vec<Entry>,
        best: &mut Best,
    ) {
        if self.in_order {
            // The rows of one stage are adjacent.
            let stride = layout.per_stage * CHUNK;
            let rows = &self.gram[step * (self.gram.len() / books.stages())..];
            self.flat.extend((rows, stride, first), layout, step..step + 1, beam, keep, best);
        } else if layout.chunks() <= FLAT_UP_TO {
            self.flat.extend((&self.gram, first.len(), first), layout, 0..books.stages(), beam, keep, best);
        } else {
            self.bounds.resize(beam.len() * layout.padded(), 0.0);
            best.clear(keep, f32::INFINITY);
            run(
                #[inline(always)]
                |cpu| {
                    let tables = (&self.gram[..], &self.least[..]);
                    extend(cpu, tables, layout, (first, minima), &mut self.bounds, beam, best);
                },
            );
        }
        best.take(beam, books.size());
    }
}

/// Offers all extensions of a beam.
#[inline(always)]
fn extend(
    cpu: Cpu,
    (gram, least): (&[f32], &[f32]),
    layout: &Layout,
    (first, minima): (&[f32], &[f32]),
    bounds: &mut [f32],
    beam: &[Entry],
    best: &mut Best,
) {
    let (chunks, padded) = (layout.chunks(), layout.padded());
    // The chunk with the least bound of each entry comes first: it fills the beam with good candidates, so that few
    // other chunks fit. It is not visited again, so its bound becomes infinite.
    for (slot, (entry, bounds)) in beam.iter().zip(bounds.chunks_exact_mut(padded)).enumerate() {
        let rows = EntryRows::new(least, chunks, entry);
        sum_rows(&minima[..chunks], rows.get(), &mut bounds[..chunks]);
        bounds[chunks..].fill(f32::INFINITY);
        for stage in (0..chunks / layout.per_stage).filter(|stage| entry.uses(*stage)) {
            bounds[stage * layout.per_stage..(stage + 1) * layout.per_stage].fill(f32::INFINITY);
        }
        let chunk = first_least(bounds);
        let mut alone = [f32::INFINITY; CHUNK];
        std::mem::swap(&mut alone[0], &mut bounds[chunk]);
        let rows = EntryRows::new(&gram[chunk * CHUNK..], first.len(), entry);
        let words = &layout.words()[chunk..];
        offer(cpu, best, (beam, slot), (words, &alone), (&first[chunk * CHUNK..], rows.get()));
    }
    for (slot, (entry, bounds)) in beam.iter().zip(bounds.chunks_exact(padded)).enumerate() {
        let rows = EntryRows::new(gram, first.len(), entry);
        offer(cpu, best, (beam, slot), (layout.words(), bounds), (first, rows.get()));
    }
}

/// The rows of a matrix that belong to an entry's codewords.
struct EntryRows<'a> {
    rows: [&'a [f32]; MAX_STAGES],
    count: usize,
}

impl<'a> EntryRows<'a> {
    #[inline(always)]
    fn new(matrix: &'a [f32], columns: usize, entry: &Entry) -> Self {
        let mut rows: [&[f32]; MAX_STAGES] = [&[]; MAX_STAGES];
        for (row, index) in rows.iter_mut().zip(entry.indices()) {
            *row = &matrix[*index as usize * columns..];
        }
        Self { rows, count: entry.length }
    }

    #[inline(always)]
    fn get(&self) -> &[&'a [f32]] {
        &self.rows[..self.count]
    }
}

/// All products of the codewords with each other, one row for each codeword, padded to whole blocks of [`ROWS`] (the
/// rows behind the last codeword are unused). In a row, each stage has `padded` ≥ K columns; the columns behind the
/// K-th are zero. `by_stage`: all rows of the first stage's columns come first, so that the values of one stage are
/// adjacent.
pub fn gram_matrix(books: &Codebooks, padded: usize, by_stage: bool, gram: &mut Vec<f32>, block: &mut Vec<f32>) {
    let (size, dimension, stages) = (books.size(), books.dimension(), books.stages());
    let words = stages * size;
    let blocks = words.div_ceil(ROWS);
    let (row, column) = if by_stage { (padded, blocks * ROWS * padded) } else { (stages * padded, padded) };
    gram.clear();
    gram.resize(blocks * ROWS * stages * padded, 0.0);
    block.resize(ROWS * dimension, 0.0);
    for start in (0..words).step_by(ROWS) {
        let rows = Rows { data: &books.values()[start * dimension..], stride: dimension };
        pad_rows(rows, (words - start).min(ROWS), dimension, block);
        let rows = Rows { data: block, stride: dimension };
        for stage in 0..stages {
            let words = Rows { data: books.stage(stage), stride: dimension };
            products(rows, words, size, dimension, &mut gram[start * row + stage * column..], row);
        }
    }
}
