//! Additive encoding by iterated local search (Martinez, Clement, Hoos, Little, "Revisiting additive quantization",
//! ECCV 2016). Iterated conditional modes (ICM) replaces each codeword in turn by the best one given all others, until
//! none changes. Then some codewords are replaced at random and ICM starts again. The best tuple of all rounds is kept.
//!
//! ‖x − Σc‖² = ‖x‖² + 2(Σ_m (½‖c_m‖² − x·c_m) + Σ_{l<m} c_l·c_m). With the products of all pairs of codewords, a choice
//! needs M sums of K numbers and no vector arithmetic.

use crate::level::run;
use std::sync::Arc;

use rand::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::additive::{Additive, GRAM_LIMIT};
use super::assign::Assign;
use super::codebooks::{Codebooks, MAX_STAGES};
use super::gram::gram_matrix;
use super::kernels::{CHUNK, ROWS, Rows, first_least};
use super::panels::{Panels, ScoreRows};

/// The beam width of the search that is used where the products would take too much memory (M·K > [`GRAM_LIMIT`]).
const STAND_IN_BEAM: usize = 16;

/// Iterated local search for LSQ and AVQ codebooks.
pub struct LocalSearch {
    rounds: usize,
    sweeps: usize,
    panels: Panels,
    tables: Arc<Tables>,
    block: Vec<f32>,
    selection: Vec<u32>,
    /// ½‖c‖² − x·c of a block of vectors, ROWS × M × K′ (K′: K in whole chunks).
    first: Vec<f32>,
    minima: Vec<f32>,
    stand_in: Option<Box<Additive>>,
}

/// c·c′ of all codewords, M × rows × K′. The part of stage m has one row for each codeword: its products with the
/// codewords of stage m.
#[derive(Default)]
struct Tables {
    products: Vec<f32>,
    stages: usize,
    size: usize,
    /// K′.
    padded: usize,
    /// Rows of one stage's part.
    rows: usize,
}

impl Default for LocalSearch {
    fn default() -> Self {
        Self::new(Self::ROUNDS)
    }
}

impl LocalSearch {
    /// Rounds of an encoding, as in the authors' encoding of a base set.
    pub const ROUNDS: usize = 16;
    /// The maximum number of passes of ICM over all stages in a round.
    pub const SWEEPS: usize = 4;

    /// A search of this many rounds; 0 = ICM alone.
    pub fn new(rounds: usize) -> Self {
        Self {
            rounds,
            sweeps: Self::SWEEPS,
            panels: Panels::default(),
            tables: Arc::default(),
            block: Vec::new(),
            selection: Vec::new(),
            first: Vec::new(),
            minima: Vec::new(),
            stand_in: None,
        }
    }

    /// As [`Assign::assign`], but starts from `indices` (n × M, a codeword of each stage). The result is no worse, apart
    /// from rounding. Where M·K is more than [`GRAM_LIMIT`], `indices` stay unchanged.
    pub fn improve(&mut self, books: &Codebooks, residual: &mut [f32], indices: &mut [u32]) {
        if self.stand_in.is_none() {
            return self.search(books, residual, indices, false);
        }
        let vectors = residual.chunks_exact_mut(books.dimension()).zip(indices.chunks_exact(books.stages()));
        vectors.for_each(|(x, indices)| books.subtract(indices, x));
    }

    /// As [`Assign::prepare`], with the products of the codewords from another search with the same codebooks.
    pub(crate) fn prepare_as(&mut self, books: &Codebooks, other: &Self) {
        match other.stand_in {
            Some(_) => self.prepare(books),
            None => self.take(books, other.tables.clone()),
        }
    }

    fn take(&mut self, books: &Codebooks, tables: Arc<Tables>) {
        self.stand_in = None;
        self.panels.pack(books);
        self.first.resize(ROWS * tables.stages * tables.padded, 0.0);
        self.minima.resize(ROWS * tables.padded / CHUNK, 0.0);
        self.tables = tables;
    }

    fn search(&mut self, books: &Codebooks, residual: &mut [f32], indices: &mut [u32], anew: bool) {
        let (dimension, stages) = (books.dimension(), books.stages());
        let blocks = residual.chunks_mut(ROWS * dimension).zip(indices.chunks_mut(ROWS * stages));
        for (residual, indices) in blocks {
            self.score_block(books, residual);
            let columns = stages * self.tables.padded;
            let vectors = residual.chunks_exact_mut(dimension).zip(indices.chunks_exact_mut(stages));
            for ((x, indices), first) in vectors.zip(self.first.chunks_exact(columns)) {
                let mut tuple = Tuple { indices: [0; MAX_STAGES], error: 0.0 };
                // A codeword of another stage can't be looked up.
                for (stage, (target, index)) in tuple.indices.iter_mut().zip(indices.iter()).enumerate() {
                    *target = (*index as usize).saturating_sub(stage * books.size()).min(books.size() - 1) as u32;
                }
                let effort = Effort { rounds: self.rounds, sweeps: self.sweeps, anew };
                search_one(&self.tables, first, effort, &mut tuple);
                for (stage, (index, found)) in indices.iter_mut().zip(tuple.indices).enumerate() {
                    *index = (stage * books.size()) as u32 + found;
                }
                books.subtract(indices, x);
            }
        }
    }

    fn score_block(&mut self, books: &Codebooks, x: &[f32]) {
        let (stages, dimension) = (books.stages(), books.dimension());
        let chunks = self.tables.padded / CHUNK;
        self.selection.clear();
        self.selection.extend(0..(x.len() / dimension) as u32);
        for stage in 0..stages {
            let out = ScoreRows {
                scores: &mut self.first[stage * chunks * CHUNK..],
                stride: stages * chunks * CHUNK,
                minima: &mut self.minima,
                minima_stride: chunks,
                chunks,
            };
            self.panels.scores(stage, Rows { data: x, stride: dimension }, &self.selection, out);
        }
    }
}

impl Assign for LocalSearch {
    fn prepare(&mut self, books: &Codebooks) {
        if books.stages() * books.size() > GRAM_LIMIT {
            self.stand_in.get_or_insert_with(|| Box::new(Additive::in_order(STAND_IN_BEAM))).prepare(books);
            return;
        }
        let (stages, size, padded) = (books.stages(), books.size(), books.size().next_multiple_of(CHUNK));
        let mut products =
            Arc::get_mut(&mut self.tables).map_or(Vec::new(), |tables| std::mem::take(&mut tables.products));
        gram_matrix(books, padded, true, &mut products, &mut self.block);
        let rows = (stages * size).next_multiple_of(ROWS);
        self.take(books, Arc::new(Tables { products, stages, size, padded, rows }));
    }

    fn assign(&mut self, books: &Codebooks, residual: &mut [f32], indices: &mut [u32]) {
        match &mut self.stand_in {
            Some(search) => search.assign(books, residual, indices),
            None => self.search(books, residual, indices, true),
        }
    }
}

/// A generator that depends only on the codewords that a search starts from. A vector gets the same random codewords at
/// any position in the data, and for any constant added to all of the data.
fn throws(start: &[u32]) -> Xoshiro256PlusPlus {
    let mix = |hash: u64, index: &u32| (hash ^ u64::from(*index)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    Xoshiro256PlusPlus::seed_from_u64(start.iter().fold(0x51ab_e37b_0a5c_91d3, mix))
}

/// The effort of the search for one vector.
#[derive(Clone, Copy)]
struct Effort {
    rounds: usize,
    sweeps: usize,
    /// Start from codewords that are the best given those of the stages before, instead of the given codewords.
    anew: bool,
}

/// The codeword of each stage (its index 0..K), and ½(‖x − Σc‖² − ‖x‖²).
#[derive(Clone, Copy)]
struct Tuple {
    indices: [u32; MAX_STAGES],
    error: f32,
}

/// The whole search of one vector, whose scores ½‖c‖² − x·c are `first` (M × K′).
fn search_one(tables: &Tables, first: &[f32], effort: Effort, best: &mut Tuple) {
    run(
        #[inline(always)]
        |_| {
            let all = (1u32 << tables.stages) - 1;
            let mut scores = vec![0f32; tables.padded];
            if effort.anew {
                for stage in 0..tables.stages {
                    let rows = tables.rows_of(stage, &best.indices, (1 << stage) - 1);
                    best.indices[stage] = choose(first, stage, tables, rows.as_slice(), &mut scores);
                }
            }
            let rng = &mut throws(&best.indices[..tables.stages]);
            // The start is kept unless ICM finds a better tuple: with rounding, the result of ICM may look worse.
            best.error = tables.error(first, &best.indices);
            let mut tuple = *best;
            for round in 0..=effort.rounds {
                if round > 0 {
                    tuple = *best;
                    for _ in 0..tables.stages.div_ceil(2) {
                        let stage = below(rng, tables.stages);
                        tuple.indices[stage] = below(rng, tables.size) as u32;
                    }
                }
                // A stage whose bit is not set has the best codeword already: no other codeword changed since it was
                // chosen.
                let mut open = all;
                for step in 0..effort.sweeps * tables.stages {
                    let stage = step % tables.stages;
                    if open == 0 {
                        break;
                    }
                    if open >> stage & 1 == 0 {
                        continue;
                    }
                    let rows = tables.rows_of(stage, &tuple.indices, all & !(1 << stage));
                    let index = choose(first, stage, tables, rows.as_slice(), &mut scores);
                    open &= !(1 << stage);
                    if index != tuple.indices[stage] {
                        tuple.indices[stage] = index;
                        open |= all & !(1 << stage);
                    }
                }
                tuple.error = tables.error(first, &tuple.indices);
                if tuple.error < best.error {
                    *best = tuple;
                }
            }
        },
    )
}

/// A random number below `n` ≤ 2¹⁶.
#[inline(always)]
fn below(rng: &mut Xoshiro256PlusPlus, n: usize) -> usize {
    (((rng.next_u64() >> 32) * n as u64) >> 32) as usize
}

/// Some rows of products, K′ values each.
struct Chosen<'a> {
    rows: [&'a [f32]; MAX_STAGES],
    count: usize,
}

impl<'a> Chosen<'a> {
    #[inline(always)]
    fn as_slice(&self) -> &[&'a [f32]] {
        &self.rows[..self.count]
    }
}

impl Tables {
    /// The rows of the codewords of the stages in `others` (one bit each), in the part of `stage`.
    #[inline(always)]
    fn rows_of(&self, stage: usize, indices: &[u32; MAX_STAGES], others: u32) -> Chosen<'_> {
        let part = &self.products[stage * self.rows * self.padded..][..self.rows * self.padded];
        let mut chosen = Chosen { rows: [&[]; MAX_STAGES], count: 0 };
        for (other, index) in indices.iter().enumerate().filter(|(other, _)| others >> other & 1 == 1) {
            let row = other * self.size + *index as usize;
            chosen.rows[chosen.count] = &part[row * self.padded..(row + 1) * self.padded];
            chosen.count += 1;
        }
        chosen
    }

    /// ½(‖x − Σc‖² − ‖x‖²).
    #[inline(always)]
    fn error(&self, first: &[f32], indices: &[u32; MAX_STAGES]) -> f32 {
        let mut sum = 0.0;
        for stage in 0..self.stages {
            let index = indices[stage] as usize;
            sum += first[stage * self.padded + index];
            for row in self.rows_of(stage, indices, (1 << stage) - 1).as_slice() {
                sum += row[index];
            }
        }
        sum
    }
}

/// The codeword of `stage` with the least first score + Σ rows, the lowest index on a tie.
#[inline(always)]
fn choose(first: &[f32], stage: usize, tables: &Tables, rows: &[&[f32]], scores: &mut [f32]) -> u32 {
    /// Chunks whose sums are kept in registers together.
    const GROUP: usize = 4 * CHUNK;
    let first = &first[stage * tables.padded..][..tables.padded];
    let mut at = 0;
    while at + GROUP <= first.len() {
        sum::<GROUP>(first, rows, at, scores);
        at += GROUP;
    }
    while at + CHUNK <= first.len() {
        sum::<CHUNK>(first, rows, at, scores);
        at += CHUNK;
    }
    first_least(scores) as u32
}

/// scores\[at..\] = first\[at..\] + Σ rows\[·\]\[at..\] for N values.
#[inline(always)]
fn sum<const N: usize>(first: &[f32], rows: &[&[f32]], at: usize, scores: &mut [f32]) {
    let mut sums = [0f32; N];
    sums.copy_from_slice(&first[at..at + N]);
    for row in rows {
        for (sum, value) in sums.iter_mut().zip(&row[at..at + N]) {
            *sum += value;
        }
    }
    scores[at..at + N].copy_from_slice(&sums);
}
