//! AVQ's beam search as the authors released it ([`Search::Released`]), kept to explain the published numbers.
//!
//! It differs from [`super::additive`] in three ways (PAPER, defects 1, 2 and 5). From the third stage on, a tuple
//! looks for codewords near x − i·c_last instead of its true residual x − Σ chosen. Permutations of one set stay in the
//! beam as different tuples. Where a tuple has fewer codewords left than the beam is wide, the codewords of its used
//! codebooks fill the rest, in the order of their indices (the released code sets them to NaN, which its sort puts
//! last). The errors of the tuples themselves are the true ones.
//!
//! [`Search::Released`]: super::Search::Released

use super::assign::Assign;
use super::beam::{Entry, Layout};
use super::codebooks::Codebooks;
use super::gram::gram_matrix;
use super::kernels::{CHUNK, ROWS, Rows, half_norms, ordered, pad_rows, products};
use super::least::for_least;
use crate::lanes::{Kernel, Lanes, in_lanes};
use crate::level::run;

/// The largest M·K of the released search (its Gram matrix has the square of that many entries).
pub const RELEASED_LIMIT: usize = 8192;

/// A possible extension of a beam entry.
#[derive(Clone, Copy)]
struct Candidate {
    error: f32,
    /// The index of the beam entry that it extends.
    parent: usize,
    index: u32,
}

/// The released beam search for AVQ. Rows of scores and of the Gram matrix have a column for each codeword, K′ (K in
/// whole chunks) for each stage.
#[derive(Default)]
pub struct Released {
    width: usize,
    layout: Layout,
    /// ½‖c‖².
    half: Vec<f32>,
    gram: Vec<f32>,
    block: Vec<f32>,
    /// ½‖c‖² − x·c of a block of vectors, infinite in the padding columns.
    scores: Vec<f32>,
    beam: Vec<Entry>,
    next: Vec<Entry>,
    candidates: Vec<Candidate>,
    scratch: Scratch,
}

/// Scratch memory of the search for the nearest codewords.
#[derive(Default)]
struct Scratch {
    /// Scores of the codebooks that are searched, and the first column of each chunk.
    values: Vec<[f32; CHUNK]>,
    columns: Vec<u32>,
    least: Vec<[f32; CHUNK]>,
    /// [`rank`]s of columns, or of candidates.
    ranks: Vec<u64>,
}

impl Released {
    /// A search that keeps the `width` best tuples.
    pub fn new(width: usize) -> Self {
        Self { width: width.max(1), ..Self::default() }
    }

    /// The best tuple after all stages; `scores` (M·K′) are those of all codewords for x.
    fn search(&mut self, books: &Codebooks, scores: &[f32]) -> Entry {
        let (size, columns) = (books.size(), self.layout.per_stage * CHUNK);
        in_lanes(Nearest { scores, turned: None, open: !0, columns, width: self.width, scratch: &mut self.scratch });
        self.beam.clear();
        for column in self.scratch.ranks.iter().map(|r| number(*r)) {
            self.beam.push(extended(&Entry::EMPTY, self.layout.word(column), 2.0 * scores[column], size));
        }
        for step in 1..books.stages() {
            self.candidates.clear();
            for parent in 0..self.beam.len() {
                self.propose(books, scores, parent);
            }
            let ranks = &mut self.scratch.ranks;
            ranks.clear();
            ranks.extend(self.candidates.iter().enumerate().map(|(i, c)| rank(c.error, i)));
            keep_smallest(ranks, if step + 1 == books.stages() { 1 } else { self.width });
            let kept = ranks.iter().map(|r| &self.candidates[number(*r)]);
            self.next.clear();
            self.next.extend(kept.map(|c| extended(&self.beam[c.parent], c.index, c.error, size)));
            std::mem::swap(&mut self.beam, &mut self.next);
        }
        self.beam.first().copied().unwrap_or(Entry::EMPTY)
    }

    /// The W codewords nearest to x − i·c_last among the unused codebooks, topped up from the used ones.
    fn propose(&mut self, books: &Codebooks, scores: &[f32], parent: usize) {
        let (entry, columns) = (&self.beam[parent], self.layout.per_stage * CHUNK);
        let Some(last) = entry.indices().last() else { return };
        let row = |index: u32| &self.gram[index as usize * scores.len()..][..scores.len()];
        let turned = Some((row(*last), entry.length as f32));
        in_lanes(Nearest { scores, turned, open: !entry.used, columns, width: self.width, scratch: &mut self.scratch });
        let missing = self.width - self.scratch.ranks.len();
        let used = (0..books.stages()).filter(|stage| entry.uses(*stage));
        let used = used.flat_map(|stage| (0..books.size()).map(move |k| stage * columns + k)).take(missing);
        for column in self.scratch.ranks.iter().map(|r| number(*r)).chain(used) {
            let with_chosen: f32 = entry.indices().iter().map(|c| row(*c)[column]).sum();
            let error = entry.error + 2.0 * (scores[column] + with_chosen);
            self.candidates.push(Candidate { error, parent, index: self.layout.word(column) });
        }
    }
}

/// Finds the columns of the `width` least scores among the stages whose bits are set in `open`, ascending. Their ranks
/// are then in the scratch memory. `turned`: a row of the Gram matrix and the factor with which it is added.
struct Nearest<'a> {
    scores: &'a [f32],
    turned: Option<(&'a [f32], f32)>,
    open: u32,
    /// Columns of a stage.
    columns: usize,
    width: usize,
    scratch: &'a mut Scratch,
}

impl Kernel for Nearest<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let Scratch { values, columns, least, ranks } = self.scratch;
        values.clear();
        columns.clear();
        for (stage, scores) in self.scores.chunks_exact(self.columns).enumerate() {
            if self.open >> stage & 1 == 0 {
                continue;
            }
            let start = stage * self.columns;
            columns.extend((start..start + self.columns).step_by(CHUNK).map(|column| column as u32));
            let from = values.len();
            values.extend_from_slice(scores.as_chunks().0);
            if let Some((row, times)) = self.turned {
                let row = &row[start..start + self.columns];
                for (value, product) in values[from..].as_flattened_mut().iter_mut().zip(row) {
                    *value += times * product;
                }
            }
        }
        ranks.clear();
        for_least(lanes, (values, least), self.width, |chunk, lane| {
            ranks.push(rank(values[chunk][lane], columns[chunk] as usize + lane));
        });
        keep_smallest(ranks, self.width);
    }
}

/// An integer that orders by score, then by `number`.
fn rank(score: f32, number: usize) -> u64 {
    u64::from(ordered(score)) << 32 | number as u64
}

/// The `number` in a [`rank`].
fn number(rank: u64) -> usize {
    (rank & u64::from(u32::MAX)) as usize
}

/// Keeps the `count` smallest, ascending.
fn keep_smallest(ranks: &mut Vec<u64>, count: usize) {
    if ranks.len() > 2 * count {
        ranks.select_nth_unstable(count - 1);
        ranks.truncate(count);
    }
    ranks.sort_unstable();
    ranks.truncate(count);
}

/// The tuple with one more codeword of a codebook of `size`.
fn extended(entry: &Entry, index: u32, error: f32, size: usize) -> Entry {
    let mut entry = *entry;
    entry.extend(index, error, size);
    entry
}

impl Assign for Released {
    fn prepare(&mut self, books: &Codebooks) {
        if !self.layout.is_of(books.stages(), books.size()) {
            self.layout = Layout::new(books.stages(), books.size());
            self.scores = vec![f32::INFINITY; ROWS * self.layout.chunks() * CHUNK];
        }
        half_norms(books.values(), books.dimension(), &mut self.half);
        gram_matrix(books, self.layout.per_stage * CHUNK, false, &mut self.gram, &mut self.block);
    }

    fn assign(&mut self, books: &Codebooks, residual: &mut [f32], indices: &mut [u32]) {
        let (dimension, stages) = (books.dimension(), books.stages());
        let mut scores = std::mem::take(&mut self.scores);
        for (block, indices) in residual.chunks_mut(ROWS * dimension).zip(indices.chunks_mut(ROWS * stages)) {
            self.scores_of(books, block, &mut scores);
            let vectors = block.chunks_exact_mut(dimension).zip(indices.chunks_exact_mut(stages));
            for ((x, indices), scores) in vectors.zip(scores.chunks_exact(self.layout.chunks() * CHUNK)) {
                let winner = self.search(books, scores);
                indices.fill(0);
                indices[..winner.length].copy_from_slice(winner.indices());
                books.subtract(indices, x);
            }
        }
        self.scores = scores;
    }
}

impl Released {
    /// Computes ½‖c‖² − x·c for up to [`ROWS`] vectors.
    fn scores_of(&mut self, books: &Codebooks, x: &[f32], scores: &mut [f32]) {
        let (dimension, columns) = (books.dimension(), self.layout.per_stage * CHUNK);
        pad_rows(Rows { data: x, stride: dimension }, x.len() / dimension, dimension, &mut self.block);
        let rows = Rows { data: &self.block, stride: dimension };
        let width = books.stages() * columns;
        for stage in 0..books.stages() {
            let words = Rows { data: books.stage(stage), stride: dimension };
            products(rows, words, books.size(), dimension, &mut scores[stage * columns..], width);
        }
        let half = &self.half;
        run(
            #[inline(always)]
            |_| {
                let stages = half.chunks_exact(books.size()).cycle();
                for (scores, half) in scores.chunks_exact_mut(columns).zip(stages) {
                    for (score, half) in scores.iter_mut().zip(half) {
                        *score = half - *score;
                    }
                }
            },
        );
    }
}
