//! The steps of AVQ's beam search by look-up in the Gram matrix of all codewords, without a product or a sum of vectors.
//!
//! An extension of the tuple e by the codeword c has the score ½‖c‖² − x·c + Σ_{p∈e} p·c. Both parts also have minima over
//! chunks of 16 codewords, whose sum is a lower bound of the chunk's scores (addition is monotone in floating point too).
//! Few chunks have a bound that the beam leaves room for; only those are summed. The result is that of the full search.

use super::beam::{Best, Entry, Scores, offer_chunks};
use super::codebooks::Codebooks;
use super::kernels::{CHUNK, ROWS, Rows, chunk_minima, first_minimum, pad_rows, products, sum_rows};

/// The Gram matrix and scratch memory.
#[derive(Default)]
pub struct Lookup {
    /// M·K (in whole blocks of [`ROWS`]) × M·K′, where K′ is K in whole chunks.
    gram: Vec<f32>,
    /// Minima of its chunks.
    least: Vec<f32>,
    /// Bounds of all chunks, one row for each entry of a beam.
    bounds: Vec<f32>,
}

impl Lookup {
    /// Computes the products of the codewords. `block` is scratch memory.
    pub fn prepare(&mut self, books: &Codebooks, block: &mut Vec<f32>) {
        let padded = books.size().next_multiple_of(CHUNK);
        gram_matrix(books, padded, &mut self.gram, block);
        self.least.resize(self.gram.len() / CHUNK, 0.0);
        chunk_minima(&self.gram, &mut self.least);
    }

    /// All steps after the first for one vector. `first` (M·K′) holds ½‖c‖² − x·c, `minima` the minima of its chunks.
    pub fn finish(
        &mut self,
        books: &Codebooks,
        width: usize,
        (first, minima): (&[f32], &[f32]),
        beam: &mut Vec<Entry>,
        best: &mut Best,
    ) {
        for step in 1..books.stages() {
            best.clear(if step + 1 == books.stages() { 1 } else { width }, f32::INFINITY);
            self.bound(minima, beam);
            self.offer_promising(books, first, beam, best);
            self.offer_all(books, first, beam, best);
            best.take(beam, books.size());
        }
    }

    /// The bounds of all chunks for each entry; those of used codebooks are infinite.
    fn bound(&mut self, minima: &[f32], beam: &[Entry]) {
        let chunks = minima.len();
        self.bounds.resize(self.bounds.len().max(beam.len() * chunks), 0.0);
        for (entry, bounds) in beam.iter().zip(self.bounds.chunks_exact_mut(chunks)) {
            with_rows(&self.least, chunks, entry, |rows| sum_rows(minima, rows, 0, bounds));
        }
    }

    /// The chunk with the least bound of each entry: they fill the beam with good candidates, so that few others fit. It
    /// needs no second look, so its bound becomes infinite.
    fn offer_promising(&mut self, books: &Codebooks, first: &[f32], beam: &[Entry], best: &mut Best) {
        let (chunks, per_stage) = (first.len() / CHUNK, books.size().div_ceil(CHUNK));
        for (slot, (entry, bounds)) in beam.iter().zip(self.bounds.chunks_exact_mut(chunks)).enumerate() {
            for stage in (0..books.stages()).filter(|stage| entry.uses(*stage)) {
                bounds[stage * per_stage..(stage + 1) * per_stage].fill(f32::INFINITY);
            }
            let chunk = first_minimum(bounds);
            let bound = std::mem::replace(&mut bounds[chunk], f32::INFINITY);
            let word = (chunk / per_stage * books.size() + chunk % per_stage * CHUNK) as u32;
            with_rows(&self.gram, first.len(), entry, |rows| {
                let scores = Scores { first, rows, from: chunk * CHUNK };
                offer_chunks(best, beam, slot, word, &[bound], &scores);
            });
        }
    }

    fn offer_all(&self, books: &Codebooks, first: &[f32], beam: &[Entry], best: &mut Best) {
        let (chunks, per_stage) = (first.len() / CHUNK, books.size().div_ceil(CHUNK));
        for (slot, (entry, bounds)) in beam.iter().zip(self.bounds.chunks_exact(chunks)).enumerate() {
            with_rows(&self.gram, first.len(), entry, |rows| {
                for stage in (0..books.stages()).filter(|stage| !entry.uses(*stage)) {
                    let bounds = &bounds[stage * per_stage..(stage + 1) * per_stage];
                    let scores = Scores { first, rows, from: stage * per_stage * CHUNK };
                    offer_chunks(best, beam, slot, (stage * books.size()) as u32, bounds, &scores);
                }
            });
        }
    }
}

/// Calls `use_rows` with the rows (`columns` wide) of `matrix` that belong to the entry's codewords.
fn with_rows(matrix: &[f32], columns: usize, entry: &Entry, use_rows: impl FnOnce(&[&[f32]])) {
    let mut rows: [&[f32]; super::MAX_STAGES] = [&[]; super::MAX_STAGES];
    for (row, pick) in rows.iter_mut().zip(entry.picks()) {
        *row = &matrix[*pick as usize * columns..(*pick as usize + 1) * columns];
    }
    use_rows(&rows[..entry.length]);
}

/// All products of the codewords with each other: a row for each codeword (up to whole blocks of [`ROWS`]; the rows
/// behind the last codeword are of no use), in which each stage has `padded` ≥ K columns, those behind the K-th zero.
pub fn gram_matrix(books: &Codebooks, padded: usize, gram: &mut Vec<f32>, block: &mut Vec<f32>) {
    let (size, dimension, columns) = (books.size(), books.dimension(), books.stages() * padded);
    let words = books.stages() * size;
    gram.clear();
    gram.resize(words.div_ceil(ROWS) * ROWS * columns, 0.0);
    block.resize(ROWS * dimension, 0.0);
    for (at, out) in gram.chunks_exact_mut(ROWS * columns).enumerate() {
        let start = at * ROWS;
        let rows = Rows { data: &books.values()[start * dimension..], stride: dimension };
        pad_rows(rows, (words - start).min(ROWS), dimension, block);
        let rows = Rows { data: block, stride: dimension };
        for stage in 0..books.stages() {
            let words = Rows { data: books.stage(stage), stride: dimension };
            products(rows, words, size, dimension, &mut out[stage * padded..], columns);
        }
    }
}
