//! AVQ's beam search as the authors released it ([`Search::Released`]), kept to explain the published numbers.
//!
//! It differs from [`super::additive`] in three ways (PAPER, defects 1, 2 and 5): from the third stage on a tuple looks
//! for codewords near x − i·c_last instead of its true remainder x − Σ chosen; permutations of one set stay in the beam
//! as different tuples; and where a tuple has fewer codewords left than the beam is wide, the codewords of its used
//! codebooks fill the rest, in the order of their numbers (the released code sets them to NaN, which its sort puts last).
//! The errors of the tuples themselves are the true ones.
//!
//! [`Search::Released`]: super::Search::Released

use super::additive::gram_matrix;
use super::assign::Assign;
use super::beam::{Candidate, Entry};
use super::codebooks::Codebooks;
use super::kernels::{ROWS, Rows, half_norms, pad_rows, products};

/// The largest M·K that the released search takes (its Gram matrix has the square of that many entries).
pub const RELEASED_LIMIT: usize = 8192;

/// The released beam search for AVQ.
pub struct Released {
    width: usize,
    half: Vec<f32>,
    gram: Vec<f32>,
    dots: Vec<f32>,
    block: Vec<f32>,
    scores: Vec<(f32, u32)>,
    beam: Vec<Entry>,
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
            scores: Vec::new(),
            beam: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// The beam after all stages, best tuple first; `dots` are the products of x with all codewords.
    fn search(&mut self, books: &Codebooks, dots: &[f32]) {
        let words = books.stages() * books.size();
        self.scores.clear();
        self.scores.extend((0..words).map(|k| (self.half[k] - dots[k], k as u32)));
        keep_smallest(&mut self.scores, self.width);
        self.beam.clear();
        let start = |(score, pick): &(f32, u32)| Candidate { error: 2.0 * score, parent: 0, pick: *pick, set: 0 };
        self.beam.extend(self.scores.iter().map(|s| Entry::EMPTY.extended(&start(s), books.size())));
        for _ in 1..books.stages() {
            self.candidates.clear();
            for parent in 0..self.beam.len() {
                self.propose(books, dots, parent);
            }
            // Stable, so that of equal tuples the one of the better parent stays first.
            self.candidates.sort_by(|a, b| a.error.total_cmp(&b.error));
            self.candidates.truncate(self.width);
            let extended = self.candidates.iter().map(|c| self.beam[c.parent as usize].extended(c, books.size()));
            self.beam = extended.collect();
        }
    }

    /// The W codewords nearest to x − i·c_last among the unused codebooks, topped up from the used ones.
    fn propose(&mut self, books: &Codebooks, dots: &[f32], parent: usize) {
        let (size, words) = (books.size(), books.stages() * books.size());
        let entry = &self.beam[parent];
        let Some(last) = entry.picks().last() else { return };
        let factor = entry.length as f32;
        let from_last = &self.gram[*last as usize * words..(*last as usize + 1) * words];
        self.scores.clear();
        for stage in (0..books.stages()).filter(|stage| !entry.uses(*stage)) {
            let score = |k: usize| self.half[k] - dots[k] + factor * from_last[k];
            self.scores.extend((stage * size..(stage + 1) * size).map(|k| (score(k), k as u32)));
        }
        keep_smallest(&mut self.scores, self.width);
        let missing = self.width - self.scores.len();
        let used = (0..words).filter(|k| entry.uses(k / size)).take(missing);
        self.scores.extend(used.map(|k| (f32::INFINITY, k as u32)));
        for (_, pick) in &self.scores {
            let k = *pick as usize;
            let with_chosen: f32 = entry.picks().iter().map(|c| self.gram[*c as usize * words + k]).sum();
            let error = entry.error + 2.0 * (self.half[k] - dots[k] + with_chosen);
            self.candidates.push(Candidate { error, parent: parent as u32, pick: *pick, set: 0 });
        }
    }
}

/// Keeps the `count` smallest, ascending; the lower number first where scores are equal.
fn keep_smallest(scores: &mut Vec<(f32, u32)>, count: usize) {
    let order = |a: &(f32, u32), b: &(f32, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if scores.len() > count {
        scores.select_nth_unstable_by(count - 1, order);
        scores.truncate(count);
    }
    scores.sort_unstable_by(order);
}

impl Assign for Released {
    fn prepare(&mut self, books: &Codebooks) {
        half_norms(books.values(), books.dimension(), &mut self.half);
        self.dots.resize(ROWS * books.stages() * books.size(), 0.0);
        self.block.resize(ROWS * books.dimension(), 0.0);
        gram_matrix(books, &mut self.gram, &mut self.block);
    }

    fn assign(&mut self, books: &Codebooks, remainder: &mut [f32], picks: &mut [u32]) {
        let (dimension, stages, words) = (books.dimension(), books.stages(), books.stages() * books.size());
        let all = Rows { data: books.values(), stride: dimension };
        let mut dots = std::mem::take(&mut self.dots);
        for (block, picks) in remainder.chunks_mut(ROWS * dimension).zip(picks.chunks_mut(ROWS * stages)) {
            pad_rows(Rows { data: block, stride: dimension }, block.len() / dimension, dimension, &mut self.block);
            products(Rows { data: &self.block, stride: dimension }, all, words, dimension, &mut dots);
            let vectors = block.chunks_exact_mut(dimension).zip(picks.chunks_exact_mut(stages));
            for ((x, picks), dots) in vectors.zip(dots.chunks_exact(words)) {
                self.search(books, dots);
                let winner = self.beam.first().copied().unwrap_or(Entry::EMPTY);
                picks.fill(0);
                picks[..winner.length].copy_from_slice(winner.picks());
                books.subtract(picks, x);
            }
        }
        self.dots = dots;
    }
}
