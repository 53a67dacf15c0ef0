//! AVQ's beam search with the true remainder, permutations of one set of codewords removed ([`Search::Beam`]).
//!
//! ‖x − Σc − c′‖² = ‖x − Σc‖² + 2(½‖c′‖² − x·c′ + Σ c·c′), so an extension needs no vector arithmetic where the
//! products of all codewords with x and with each other (the Gram matrix) are at hand. Where the Gram matrix costs more
//! than it saves (few vectors, many codewords), the products of the remainders with the codewords are taken instead.
//!
//! [`Search::Beam`]: super::Search::Beam

use super::assign::Assign;
use super::beam::{Best, Candidate, Entry, limit, token};
use super::codebooks::Codebooks;
use super::kernels::{CHUNK, ROWS, Rows, below, combine, half_norms, pad_rows, products, scores, subtract};

/// The largest M·K whose Gram matrix is used (4 MiB). A larger one falls out of the caches, and reading its rows then takes
/// longer than computing the products anew.
const GRAM_LIMIT: usize = 1024;

/// Beam search for AVQ.
pub struct Additive {
    width: usize,
    /// Vectors that are assigned between two changes of the codebooks; None = many.
    batch: Option<usize>,
    half: Vec<f32>,
    /// M·K × M·K, or empty.
    gram: Vec<f32>,
    /// ROWS × M·K in the first step, ROWS × K after it.
    dots: Vec<f32>,
    block: Vec<f32>,
    first: Vec<f32>,
    buffer: Vec<f32>,
    minima: Vec<f32>,
    errors: Vec<f32>,
    /// Scores of all codewords for the beam entries of one vector, W × M·K, and those of their parents.
    sums: Vec<f32>,
    next_sums: Vec<f32>,
    /// ROWS beams.
    beams: Vec<Vec<Entry>>,
    spare: Vec<Entry>,
    best: Vec<Best>,
    /// Remainders of the beam entries (row · width + entry), only without Gram matrix.
    remainders: Vec<f32>,
    next_remainders: Vec<f32>,
}

impl Additive {
    /// A search that keeps the `width` best tuples.
    pub fn new(width: usize) -> Self {
        Self {
            width: width.max(1),
            batch: None,
            half: Vec::new(),
            gram: Vec::new(),
            dots: Vec::new(),
            block: Vec::new(),
            first: Vec::new(),
            buffer: Vec::new(),
            minima: Vec::new(),
            errors: Vec::new(),
            sums: Vec::new(),
            next_sums: Vec::new(),
            beams: vec![Vec::new(); ROWS],
            spare: Vec::new(),
            best: (0..ROWS).map(|_| Best::default()).collect(),
            remainders: Vec::new(),
            next_remainders: Vec::new(),
        }
    }

    /// A search for training, where the codebooks change after every `batch` vectors.
    pub fn for_training(width: usize, batch: usize) -> Self {
        Self { batch: Some(batch), ..Self::new(width) }
    }

    /// Whether the Gram matrix pays: it costs (M·K)² products, the remainders cost n·W·K·M(M−1)/2.
    fn gram_pays(&self, books: &Codebooks) -> bool {
        let words = books.stages() * books.size();
        let remainder_products = |n: usize| n * self.width * books.size() * books.stages() * (books.stages() - 1) / 2;
        words <= GRAM_LIMIT && self.batch.is_none_or(|n| remainder_products(n) > words * words)
    }

    /// The W nearest codewords of all codebooks start each vector's beam.
    fn first_step(&mut self, books: &Codebooks, x: Rows, count: usize) {
        let words = books.stages() * books.size();
        let dimension = books.dimension();
        products(x, Rows { data: books.values(), stride: dimension }, words, dimension, &mut self.dots);
        let keep = if books.stages() == 1 { 1 } else { self.width };
        for row in 0..count {
            let dots = &self.dots[row * words..(row + 1) * words];
            let first = &mut self.first[row * words..(row + 1) * words];
            scores(dots, &self.half, first, &mut self.minima);
            let chunks = words.div_ceil(CHUNK);
            self.errors.clear();
            self.errors.extend(self.minima[..chunks].iter().map(|least| 2.0 * least));
            self.best[row].clear(keep, limit(&mut self.errors, keep, 1));
            offer(&mut self.best[row], first, &self.minima[..chunks], 0, &Entry::EMPTY, 0);
            let beam = &mut self.beams[row];
            beam.clear();
            beam.extend(self.best[row].candidates.iter().map(|c| Entry::EMPTY.extended(c, books.size())));
        }
    }

    /// The beam of a row after a step.
    fn take_best(&mut self, books: &Codebooks, row: usize) {
        {
            let beam = &mut self.beams[row];
            std::mem::swap(beam, &mut self.spare);
            beam.clear();
            let kept = &self.best[row].candidates;
            beam.extend(kept.iter().map(|c| self.spare[c.parent as usize].extended(c, books.size())));
        }
    }

    /// Each entry's scores are those of its parent plus one row of the Gram matrix.
    fn offer_by_gram(&mut self, books: &Codebooks, row: usize, keep: usize) {
        let (size, stages) = (books.size(), books.stages());
        let (words, chunks) = (stages * size, size.div_ceil(CHUNK));
        self.errors.clear();
        for (slot, entry) in self.beams[row].iter().enumerate() {
            let parent = self.best[row].candidates[slot].parent as usize;
            let base = if entry.length == 1 { &self.first[row * words..] } else { &self.sums[parent * words..] };
            let Some(last) = entry.picks().last().map(|pick| *pick as usize) else { continue };
            for stage in (0..stages).filter(|stage| !entry.uses(*stage)) {
                let from_last = &self.gram[last * words + stage * size..][..size];
                let target = slot * words + stage * size;
                let minima = &mut self.minima[(slot * stages + stage) * chunks..][..chunks];
                let sums = &mut self.next_sums[target..target + size];
                combine(&base[stage * size..][..size], from_last, sums, minima);
                self.errors.extend(minima.iter().map(|least| entry.error + 2.0 * least));
            }
        }
        // A set of i + 1 codewords can be an extension of at most i + 1 entries.
        let orders = self.beams[row].first().map_or(1, |entry| entry.length + 1);
        self.best[row].clear(keep, limit(&mut self.errors, keep, orders));
        for (slot, entry) in self.beams[row].iter().enumerate() {
            for stage in (0..stages).filter(|stage| !entry.uses(*stage)) {
                let sums = &self.next_sums[slot * words + stage * size..][..size];
                let minima = &self.minima[(slot * stages + stage) * chunks..][..chunks];
                offer(&mut self.best[row], sums, minima, stage * size, entry, slot);
            }
        }
        std::mem::swap(&mut self.sums, &mut self.next_sums);
    }

    fn offer_by_remainder(&mut self, books: &Codebooks, count: usize) {
        let (size, dimension) = (books.size(), books.dimension());
        for stage in 0..books.stages() {
            let mut slots = Vec::with_capacity(count * self.width);
            for (row, beam) in self.beams[..count].iter().enumerate() {
                slots.extend((0..beam.len()).filter(|e| !beam[*e].uses(stage)).map(|e| (row, e)));
            }
            let words = Rows { data: books.stage(stage), stride: dimension };
            let half = &self.half[stage * size..(stage + 1) * size];
            for slots in slots.chunks(ROWS) {
                self.block.fill(0.0);
                for ((row, entry), target) in slots.iter().zip(self.block.chunks_exact_mut(dimension)) {
                    let at = (row * self.width + entry) * dimension;
                    target.copy_from_slice(&self.remainders[at..at + dimension]);
                }
                products(Rows { data: &self.block, stride: dimension }, words, size, dimension, &mut self.dots);
                for ((row, parent), dots) in slots.iter().zip(self.dots.chunks_exact(size)) {
                    scores(dots, half, &mut self.buffer[..size], &mut self.minima);
                    let entry = &self.beams[*row][*parent];
                    offer(&mut self.best[*row], &self.buffer[..size], &self.minima, stage * size, entry, *parent);
                }
            }
        }
    }

    /// The remainders of the beams after a step.
    fn update_remainders(&mut self, books: &Codebooks, count: usize, x: Option<&[f32]>) {
        let dimension = books.dimension();
        for row in 0..count {
            for (slot, entry) in self.beams[row].iter().enumerate() {
                let parent = self.best[row].candidates[slot].parent as usize;
                let from = match x {
                    Some(x) => &x[row * dimension..(row + 1) * dimension],
                    None => &self.remainders[(row * self.width + parent) * dimension..][..dimension],
                };
                let target = &mut self.next_remainders[(row * self.width + slot) * dimension..][..dimension];
                target.copy_from_slice(from);
                if let Some(pick) = entry.picks().last() {
                    subtract(target, books.codeword(*pick as usize));
                }
            }
        }
        std::mem::swap(&mut self.remainders, &mut self.next_remainders);
    }

    /// All steps after the first by the Gram matrix, one vector after the other.
    fn finish_by_gram(&mut self, books: &Codebooks, count: usize) {
        for row in 0..count {
            for step in 1..books.stages() {
                self.offer_by_gram(books, row, if step + 1 == books.stages() { 1 } else { self.width });
                self.take_best(books, row);
            }
        }
    }

    /// All steps after the first by products of the remainders, all vectors of the block together.
    fn finish_by_remainder(&mut self, books: &Codebooks, x: &[f32], count: usize) {
        for step in 1..books.stages() {
            self.update_remainders(books, count, (step == 1).then_some(x));
            let keep = if step + 1 == books.stages() { 1 } else { self.width };
            self.best[..count].iter_mut().for_each(|best| best.clear(keep, f32::INFINITY));
            self.offer_by_remainder(books, count);
            (0..count).for_each(|row| self.take_best(books, row));
        }
    }

    fn assign_block(&mut self, books: &Codebooks, remainder: &mut [f32], picks: &mut [u32]) {
        let (dimension, stages) = (books.dimension(), books.stages());
        let count = remainder.len() / dimension;
        let whole = Rows { data: remainder, stride: dimension };
        if count < ROWS {
            let mut padded = std::mem::take(&mut self.block);
            pad_rows(whole, count, dimension, &mut padded);
            self.first_step(books, Rows { data: &padded, stride: dimension }, count);
            self.block = padded;
        } else {
            self.first_step(books, whole, count);
        }
        if self.gram.is_empty() {
            self.finish_by_remainder(books, remainder, count);
        } else {
            self.finish_by_gram(books, count);
        }
        let vectors = remainder.chunks_exact_mut(dimension).zip(picks.chunks_exact_mut(stages));
        for ((x, picks), beam) in vectors.zip(&self.beams) {
            // Without a winner (codewords that are not finite) the first codewords stand, and the error shows it.
            let winner = beam.first().copied().unwrap_or(Entry::EMPTY);
            for (stage, pick) in picks.iter_mut().enumerate() {
                *pick = (stage * books.size()) as u32;
            }
            for pick in winner.picks() {
                picks[*pick as usize / books.size()] = *pick;
            }
            books.subtract(picks, x);
        }
    }
}

/// Offers the codewords `from`.. with these scores (½‖c‖² − remainder·c) as extensions of `entry`.
#[inline]
fn offer(best: &mut Best, scores: &[f32], minima: &[f32], from: usize, entry: &Entry, parent: usize) {
    for (at, (chunk, least)) in scores.chunks(CHUNK).zip(minima).enumerate() {
        if entry.error + 2.0 * least >= best.bound() {
            continue;
        }
        let mut hits = below(chunk, 0.5 * (best.bound() - entry.error));
        while hits != 0 {
            let j = hits.trailing_zeros() as usize;
            hits &= hits - 1;
            let error = entry.error + 2.0 * chunk[j];
            if error < best.bound() {
                let pick = (from + at * CHUNK + j) as u32;
                let set = entry.set.wrapping_add(token(pick));
                best.offer(Candidate { error, parent: parent as u32, pick, set });
            }
        }
    }
}

impl Assign for Additive {
    fn prepare(&mut self, books: &Codebooks) {
        let (words, dimension) = (books.stages() * books.size(), books.dimension());
        half_norms(books.values(), dimension, &mut self.half);
        self.dots.resize(ROWS * words, 0.0);
        self.first.resize(ROWS * words, 0.0);
        self.block.resize(ROWS * dimension, 0.0);
        self.buffer.resize(books.size(), 0.0);
        let chunks = books.stages() * books.size().div_ceil(CHUNK);
        self.minima.resize(self.width * chunks, 0.0);
        if self.gram_pays(books) {
            self.sums.resize(self.width * words, 0.0);
            self.next_sums.resize(self.width * words, 0.0);
            gram_matrix(books, &mut self.gram, &mut self.block);
        } else {
            self.gram.clear();
            self.remainders.resize(ROWS * self.width * dimension, 0.0);
            self.next_remainders.resize(ROWS * self.width * dimension, 0.0);
        }
    }

    fn assign(&mut self, books: &Codebooks, remainder: &mut [f32], picks: &mut [u32]) {
        let blocks = remainder.chunks_mut(ROWS * books.dimension()).zip(picks.chunks_mut(ROWS * books.stages()));
        for (remainder, picks) in blocks {
            self.assign_block(books, remainder, picks);
        }
    }
}

/// All products of the codewords (n × D) with each other, n × n.
pub(super) fn gram_matrix(books: &Codebooks, gram: &mut Vec<f32>, block: &mut Vec<f32>) {
    let (words, dimension) = (books.stages() * books.size(), books.dimension());
    // Rounded up to whole blocks; the rows behind the last codeword are never read.
    gram.resize(words.div_ceil(ROWS) * ROWS * words, 0.0);
    block.resize(ROWS * dimension, 0.0);
    let all = Rows { data: books.values(), stride: dimension };
    for (at, out) in gram.chunks_exact_mut(ROWS * words).enumerate() {
        let start = at * ROWS;
        let rows = Rows { data: &books.values()[start * dimension..], stride: dimension };
        if words - start < ROWS {
            pad_rows(rows, words - start, dimension, block);
            products(Rows { data: block, stride: dimension }, all, words, dimension, out);
        } else {
            products(rows, all, words, dimension, out);
        }
    }
}
