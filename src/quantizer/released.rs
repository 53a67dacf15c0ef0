//! AVQ's beam search as the authors released it ([`Search::Released`]), kept to explain the published numbers.
//!
//! It differs from [`super::additive`] in three ways (PAPER, defects 1, 2 and 5): from the third stage on a tuple looks
//! for codewords near x − i·c_last instead of its true remainder x − Σ chosen; permutations of one set stay in the beam
//! as different tuples; and where a tuple has fewer codewords left than the beam is wide, the codewords of its used
//! codebooks fill the rest, in the order of their numbers (the released code sets them to NaN, which its sort puts last).
//! The errors of the tuples themselves are the true ones.
//!
//! [`Search::Released`]: super::Search::Released

use super::assign::Assign;
use super::beam::Entry;
use super::codebooks::Codebooks;
use super::gram::gram_matrix;
use super::kernels::{ROWS, Rows, half_norms, ordered, pad_rows, products};

/// The largest M·K that the released search takes (its Gram matrix has the square of that many entries).
pub const RELEASED_LIMIT: usize = 8192;

/// A possible extension of a beam entry.
#[derive(Clone, Copy)]
struct Candidate {
    error: f32,
    /// Which entry of the beam it extends.
    parent: usize,
    pick: u32,
}

/// The released beam search for AVQ.
pub struct Released {
    width: usize,
    half: Vec<f32>,
    gram: Vec<f32>,
    dots: Vec<f32>,
    block: Vec<f32>,
    /// [`rank`]s of codewords, or of candidates.
    ranks: Vec<u64>,
    beam: Vec<Entry>,
    next: Vec<Entry>,
    candidates: Vec<Candidate>,
}

impl Released {
    /// A search that keeps the `width` best tuples.
    pub fn new(width: usize) -> Self {
        Self {
            width: width.max(1),
            half: Vec::new(),
            gram: Vec::new(),
            dots: Vec::new(),
            block: Vec::new(),
            ranks: Vec::new(),
            beam: Vec::new(),
            next: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// The best tuple after all stages; `dots` are the products of x with all codewords.
    fn search(&mut self, books: &Codebooks, dots: &[f32]) -> Entry {
        let (size, words) = (books.size(), books.stages() * books.size());
        self.ranks.clear();
        self.ranks.extend((0..words).map(|k| rank(self.half[k] - dots[k], k)));
        keep_smallest(&mut self.ranks, self.width);
        let start = |k: usize| extended(&Entry::EMPTY, k as u32, 2.0 * (self.half[k] - dots[k]), size);
        self.beam.clear();
        self.beam.extend(self.ranks.iter().map(|r| start(number(*r))));
        for _ in 1..books.stages() {
            self.candidates.clear();
            for parent in 0..self.beam.len() {
                self.propose(books, dots, parent);
            }
            self.ranks.clear();
            self.ranks.extend(self.candidates.iter().enumerate().map(|(i, c)| rank(c.error, i)));
            keep_smallest(&mut self.ranks, self.width);
            let kept = self.ranks.iter().map(|r| &self.candidates[number(*r)]);
            self.next.clear();
            self.next.extend(kept.map(|c| extended(&self.beam[c.parent], c.pick, c.error, size)));
            std::mem::swap(&mut self.beam, &mut self.next);
        }
        self.beam.iter().copied().min_by(|a, b| a.error.total_cmp(&b.error)).unwrap_or(Entry::EMPTY)
    }

    /// The W codewords nearest to x − i·c_last among the unused codebooks, topped up from the used ones.
    fn propose(&mut self, books: &Codebooks, dots: &[f32], parent: usize) {
        let (size, words) = (books.size(), books.stages() * books.size());
        let entry = &self.beam[parent];
        let Some(last) = entry.picks().last() else { return };
        let factor = entry.length as f32;
        let from_last = &self.gram[*last as usize * words..(*last as usize + 1) * words];
        self.ranks.clear();
        for stage in (0..books.stages()).filter(|stage| !entry.uses(*stage)) {
            let score = |k: usize| self.half[k] - dots[k] + factor * from_last[k];
            self.ranks.extend((stage * size..(stage + 1) * size).map(|k| rank(score(k), k)));
        }
        keep_smallest(&mut self.ranks, self.width);
        let missing = self.width - self.ranks.len();
        let used = (0..words).filter(|k| entry.uses(k / size)).take(missing);
        self.ranks.extend(used.map(|k| rank(f32::INFINITY, k)));
        for k in self.ranks.iter().map(|r| number(*r)) {
            let with_chosen: f32 = entry.picks().iter().map(|c| self.gram[*c as usize * words + k]).sum();
            let error = entry.error + 2.0 * (self.half[k] - dots[k] + with_chosen);
            self.candidates.push(Candidate { error, parent, pick: k as u32 });
        }
    }
}

/// A whole number that orders as the score does, and by `number` where scores are equal.
fn rank(score: f32, number: usize) -> u64 {
    u64::from(ordered(score)) << 32 | number as u64
}

/// What [`rank`] was made of, without the score.
fn number(rank: u64) -> usize {
    (rank & u64::from(u32::MAX)) as usize
}

/// Keeps the `count` smallest, in no order.
fn keep_smallest(ranks: &mut Vec<u64>, count: usize) {
    if ranks.len() > count {
        ranks.select_nth_unstable(count - 1);
        ranks.truncate(count);
    }
}

/// The tuple with one more codeword of a codebook of `size`.
fn extended(entry: &Entry, pick: u32, error: f32, size: usize) -> Entry {
    let mut entry = *entry;
    entry.extend(pick, error, size);
    entry
}

impl Assign for Released {
    fn prepare(&mut self, books: &Codebooks) {
        half_norms(books.values(), books.dimension(), &mut self.half);
        self.dots.resize(ROWS * books.stages() * books.size(), 0.0);
        self.block.resize(ROWS * books.dimension(), 0.0);
        gram_matrix(books, books.size(), false, &mut self.gram, &mut self.block);
    }

    fn assign(&mut self, books: &Codebooks, remainder: &mut [f32], picks: &mut [u32]) {
        let (dimension, stages, words) = (books.dimension(), books.stages(), books.stages() * books.size());
        let all = Rows { data: books.values(), stride: dimension };
        let mut dots = std::mem::take(&mut self.dots);
        for (block, picks) in remainder.chunks_mut(ROWS * dimension).zip(picks.chunks_mut(ROWS * stages)) {
            pad_rows(Rows { data: block, stride: dimension }, block.len() / dimension, dimension, &mut self.block);
            products(Rows { data: &self.block, stride: dimension }, all, words, dimension, &mut dots, words);
            let vectors = block.chunks_exact_mut(dimension).zip(picks.chunks_exact_mut(stages));
            for ((x, picks), dots) in vectors.zip(dots.chunks_exact(words)) {
                let winner = self.search(books, dots);
                picks.fill(0);
                picks[..winner.length].copy_from_slice(winner.picks());
                books.subtract(picks, x);
            }
        }
        self.dots = dots;
    }
}
