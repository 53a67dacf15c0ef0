//! AVQ's beam search with the true residual. It keeps one permutation of each set of codewords ([`Search::Beam`]).
//!
//! ‖x − Σc − c′‖² = ‖x − Σc‖² + 2(½‖c′‖² − x·c′ + Σ c·c′). With the products of all codewords with x and with each
//! other (the Gram matrix), an extension needs no vector arithmetic: [`super::gram`]. Where the Gram matrix costs more
//! than it saves (few vectors, many codewords), the search uses the products of the residuals with the codewords.
//!
//! [`Search::Ordered`] takes the codebooks in their order: it tries fewer extensions and meets no permutations.
//! Afterwards it chooses each codeword again, given the others.
//!
//! [`Search::Beam`]: super::Search::Beam
//! [`Search::Ordered`]: super::Search::Ordered

use std::ops::Range;

use super::assign::Assign;
use super::beam::{Best, Entry, Layout, MAX_BEAM, limit, offer_scores};
use super::byte_beam::ByteBeam;
use super::byte_bounds;
use super::codebooks::Codebooks;
use super::gram::Lookup;
use super::greedy::Greedy;
use super::kernels::{CHUNK, ROWS, Rows, add, subtract};
use super::panels::{Panels, ScoreRows};

/// The largest M·K whose Gram matrix is used (68 MB with its minima).
pub const GRAM_LIMIT: usize = 4096;

/// The smallest K for which byte products are faster in a beam search.
const BYTES_FROM: usize = 256;

/// How many byte-product extensions cost as much as one element of the Gram matrix, without the extensions by look-up.
const BYTES_PER_GRAM: usize = 6;

/// Beam search for AVQ.
pub struct Additive {
    width: usize,
    /// For the last pass of the ordered search; None = the search in any order.
    in_order: Option<Greedy>,
    /// Number of vectors assigned between two changes of the codebooks; None = many.
    batch: Option<usize>,
    panels: Panels,
    /// Used instead of the panels where neither a Gram matrix nor float products are as fast.
    bytes: Option<ByteBeam>,
    layout: Layout,
    lookup: Option<Lookup>,
    block: Vec<f32>,
    /// ½‖c‖² − x·c, ROWS × M·K′ (K′: K in whole chunks), and the minima of its chunks.
    first: Vec<f32>,
    first_minima: Vec<f32>,
    /// As `first`, for ROWS residuals and one stage.
    buffer: Vec<f32>,
    minima: Vec<f32>,
    errors: Vec<f32>,
    /// ROWS beams.
    beams: Vec<Vec<Entry>>,
    best: Vec<Best>,
    /// Residuals of the beam entries (row · width + entry), only without Gram matrix.
    residuals: Vec<f32>,
    next_residuals: Vec<f32>,
    /// Indices of the vectors or residuals for which a stage is tried.
    selection: Vec<u32>,
}

impl Additive {
    /// A search that keeps the `width` best tuples, at most [`MAX_BEAM`].
    pub fn new(width: usize) -> Self {
        Self {
            width: width.clamp(1, MAX_BEAM),
            in_order: None,
            batch: None,
            panels: Panels::default(),
            bytes: None,
            layout: Layout::default(),
            lookup: None,
            block: Vec::new(),
            first: Vec::new(),
            first_minima: Vec::new(),
            buffer: Vec::new(),
            minima: Vec::new(),
            errors: Vec::new(),
            beams: vec![Vec::new(); ROWS],
            best: (0..ROWS).map(|_| Best::default()).collect(),
            residuals: Vec::new(),
            next_residuals: Vec::new(),
            selection: Vec::new(),
        }
    }

    /// As [`Additive::new`], with the codebooks in their order.
    pub fn in_order(width: usize) -> Self {
        Self { in_order: Some(Greedy::default()), ..Self::new(width) }
    }

    /// Prepared for training, where the codebooks change after every `batch` vectors.
    pub fn for_training(self, batch: usize) -> Self {
        Self { batch: Some(batch), ..self }
    }

    /// The codebooks that a step tries.
    fn stages_of(&self, step: usize, books: &Codebooks) -> Range<usize> {
        if self.in_order.is_some() { step..step + 1 } else { 0..books.stages() }
    }

    /// Whether the Gram matrix is worth its cost. It takes (M·K)² products; the residuals take n·W·K·M(M−1)/2 products
    /// of floats or bytes.
    fn gram_pays(&self, books: &Codebooks, bytes: bool) -> bool {
        let words = books.stages() * books.size();
        let tried = if self.in_order.is_some() { 2 } else { books.stages() };
        let residual_products = |n: usize| n * self.width * books.size() * tried * (books.stages() - 1) / 2;
        let price = words * words * if bytes { BYTES_PER_GRAM } else { 1 };
        words <= GRAM_LIMIT && self.batch.is_none_or(|n| residual_products(n) > price)
    }

    /// The W nearest codewords of all codebooks start each vector's beam.
    fn first_step(&mut self, books: &Codebooks, x: &[f32]) {
        let count = x.len() / books.dimension();
        let keep = if books.stages() == 1 { 1 } else { self.width };
        let stages = self.stages_of(0, books);
        for beam in &mut self.beams[..count] {
            beam.clear();
            beam.push(Entry::EMPTY);
        }
        if let Some(bytes) = &mut self.bytes {
            self.best[..count].iter_mut().for_each(|best| best.clear(keep, f32::INFINITY));
            bytes.extend(books, stages, (x, 1), &self.beams[..count], &mut self.best);
        } else {
            self.offer_first(books, x, stages.len(), keep);
        }
        for (best, beam) in self.best.iter_mut().zip(&mut self.beams[..count]) {
            best.take(beam, books.size());
        }
    }

    /// Computes the scores of all codewords and offers those of the first `tried` codebooks.
    fn offer_first(&mut self, books: &Codebooks, x: &[f32], tried: usize, keep: usize) {
        let (stages, dimension) = (books.stages(), books.dimension());
        let per_stage = self.layout.per_stage;
        let (columns, bounds) = (self.layout.chunks() * CHUNK, self.layout.padded());
        self.selection.clear();
        self.selection.extend(0..(x.len() / dimension) as u32);
        for stage in 0..stages {
            let out = ScoreRows {
                scores: &mut self.first[stage * per_stage * CHUNK..],
                stride: columns,
                minima: &mut self.first_minima[stage * per_stage..],
                minima_stride: bounds,
                chunks: per_stage,
            };
            self.panels.scores(stage, Rows { data: x, stride: dimension }, &self.selection, out);
        }
        for row in 0..self.selection.len() {
            let first = &self.first[row * columns..(row + 1) * columns];
            let minima = &self.first_minima[row * bounds..][..tried * per_stage];
            let best = &mut self.best[row];
            self.errors.clear();
            self.errors.extend(minima.iter().map(|least| 2.0 * least));
            best.clear(keep, limit(&mut self.errors, keep));
            self.errors.clear();
            self.errors.extend(minima);
            self.errors.resize(minima.len().next_multiple_of(CHUNK), f32::INFINITY);
            offer_scores(best, &[Entry::EMPTY], 0, self.layout.words(), &self.errors, first);
        }
    }

    fn offer_by_residual(&mut self, books: &Codebooks, stages: Range<usize>, count: usize) {
        let (dimension, width) = (books.dimension(), self.width);
        let chunks = self.layout.per_stage;
        let bounds = chunks.next_multiple_of(CHUNK);
        for stage in stages {
            self.selection.clear();
            for (row, beam) in self.beams[..count].iter().enumerate() {
                let open = (0..beam.len()).filter(|entry| !beam[*entry].uses(stage));
                self.selection.extend(open.map(|entry| (row * width + entry) as u32));
            }
            for selection in self.selection.chunks(ROWS) {
                let out = ScoreRows {
                    scores: &mut self.buffer,
                    stride: chunks * CHUNK,
                    minima: &mut self.minima,
                    minima_stride: bounds,
                    chunks,
                };
                self.panels.scores(stage, Rows { data: &self.residuals, stride: dimension }, selection, out);
                let scores = self.buffer.chunks_exact(chunks * CHUNK).zip(self.minima.chunks_exact(bounds));
                for (place, (first, minima)) in selection.iter().zip(scores) {
                    let (row, parent) = (*place as usize / width, *place as usize % width);
                    let words = self.layout.stage(stage);
                    offer_scores(&mut self.best[row], &self.beams[row], parent, words, minima, first);
                }
            }
        }
    }

    /// The beams and their residuals after a step.
    fn take_best(&mut self, books: &Codebooks, count: usize) {
        let (dimension, width) = (books.dimension(), self.width);
        for row in 0..count {
            let beam = &mut self.beams[row];
            let parents = self.best[row].take(beam, books.size());
            for (slot, (entry, parent)) in beam.iter().zip(parents).enumerate() {
                let from = (row * width + *parent as usize) * dimension;
                let target = &mut self.next_residuals[(row * width + slot) * dimension..][..dimension];
                target.copy_from_slice(&self.residuals[from..from + dimension]);
                if let Some(index) = entry.indices().last() {
                    subtract(target, books.codeword(*index as usize));
                }
            }
        }
        std::mem::swap(&mut self.residuals, &mut self.next_residuals);
    }

    /// The residuals of the beams after the first step.
    fn first_residuals(&mut self, books: &Codebooks, x: &[f32]) {
        let dimension = books.dimension();
        for (row, x) in x.chunks_exact(dimension).enumerate() {
            for (slot, entry) in self.beams[row].iter().enumerate() {
                let target = &mut self.residuals[(row * self.width + slot) * dimension..][..dimension];
                target.copy_from_slice(x);
                books.subtract(entry.indices(), target);
            }
        }
    }

    /// Takes all steps after the first by the Gram matrix. In order, all vectors take a step before the next one, which
    /// keeps the rows of its stage in the caches. In any order, a vector takes all its steps, which keeps its scores in
    /// the caches.
    fn finish_by_gram(&mut self, lookup: &mut Lookup, books: &Codebooks, count: usize) {
        let steps = books.stages() - 1;
        for turn in 0..count * steps {
            let (row, step) =
                if self.in_order.is_some() { (turn % count, turn / count) } else { (turn / steps, turn % steps) };
            let keep = if step + 1 == steps { 1 } else { self.width };
            let (columns, bounds) = (self.layout.chunks() * CHUNK, self.layout.padded());
            let scores = (&self.first[row * columns..][..columns], &self.first_minima[row * bounds..][..bounds]);
            let (beam, best) = (&mut self.beams[row], &mut self.best[row]);
            lookup.step(books, &self.layout, (step + 1, keep), scores, beam, best);
        }
    }

    /// Takes all steps after the first by products of the residuals, for all vectors of the block together.
    fn finish_by_residual(&mut self, books: &Codebooks, x: &[f32], count: usize) {
        self.first_residuals(books, x);
        for step in 1..books.stages() {
            let keep = if step + 1 == books.stages() { 1 } else { self.width };
            self.best[..count].iter_mut().for_each(|best| best.clear(keep, f32::INFINITY));
            let stages = self.stages_of(step, books);
            match &mut self.bytes {
                Some(bytes) => {
                    let residuals = (self.residuals.as_slice(), self.width);
                    bytes.extend(books, stages, residuals, &self.beams[..count], &mut self.best);
                }
                None => self.offer_by_residual(books, stages, count),
            }
            self.take_best(books, count);
        }
    }

    fn assign_block(&mut self, books: &Codebooks, residual: &mut [f32], indices: &mut [u32]) {
        let (dimension, stages) = (books.dimension(), books.stages());
        let count = residual.len() / dimension;
        self.first_step(books, residual);
        match self.lookup.take() {
            None => self.finish_by_residual(books, residual, count),
            Some(mut lookup) => {
                self.finish_by_gram(&mut lookup, books, count);
                self.lookup = Some(lookup);
            }
        }
        let vectors = residual.chunks_exact_mut(dimension).zip(indices.chunks_exact_mut(stages));
        for ((x, indices), beam) in vectors.zip(&self.beams) {
            // Without a winner (codewords that are not finite), the first codewords are chosen; the error shows it.
            let winner = beam.first().copied().unwrap_or(Entry::EMPTY);
            for (stage, index) in indices.iter_mut().enumerate() {
                *index = (stage * books.size()) as u32;
            }
            for index in winner.indices() {
                indices[*index as usize / books.size()] = *index;
            }
            books.subtract(indices, x);
        }
        if let Some(greedy) = &mut self.in_order {
            refine(greedy, books, residual, indices);
        }
    }
}

/// One pass of iterated conditional modes: each codeword in turn becomes the best one given all others.
fn refine(greedy: &mut Greedy, books: &Codebooks, residual: &mut [f32], indices: &mut [u32]) {
    let (dimension, stages) = (books.dimension(), books.stages());
    for stage in 0..stages {
        for (x, indices) in residual.chunks_exact_mut(dimension).zip(indices.chunks_exact(stages)) {
            add(x, books.codeword(indices[stage] as usize));
        }
        greedy.stage(books, stage, residual, indices);
    }
}

impl Assign for Additive {
    fn prepare(&mut self, books: &Codebooks) {
        if let Some(greedy) = &mut self.in_order {
            greedy.prepare(books);
        }
        let bytes = byte_bounds::pays(books, BYTES_FROM);
        let gram = self.gram_pays(books, bytes);
        if !gram {
            self.lookup = None;
            self.residuals.resize(ROWS * self.width * books.dimension(), 0.0);
            self.next_residuals.resize(ROWS * self.width * books.dimension(), 0.0);
            if bytes {
                self.bytes.get_or_insert_default().prepare(books);
                return;
            }
        }
        self.bytes = None;
        self.panels.pack(books);
        if !self.layout.is_of(books.stages(), books.size()) {
            self.layout = Layout::new(books.stages(), books.size());
            self.first = vec![0.0; ROWS * self.layout.chunks() * CHUNK];
            // The bounds behind the last chunk of a row stay infinite.
            self.first_minima = vec![f32::INFINITY; ROWS * self.layout.padded()];
            self.minima = vec![f32::INFINITY; ROWS * self.layout.per_stage.next_multiple_of(CHUNK)];
            self.buffer.resize(ROWS * self.layout.per_stage * CHUNK, 0.0);
        }
        if gram {
            self.lookup.get_or_insert_default().prepare(books, self.in_order.is_some(), &mut self.block);
        }
    }

    fn assign(&mut self, books: &Codebooks, residual: &mut [f32], indices: &mut [u32]) {
        let blocks = residual.chunks_mut(ROWS * books.dimension()).zip(indices.chunks_mut(ROWS * books.stages()));
        for (residual, indices) in blocks {
            self.assign_block(books, residual, indices);
        }
    }
}
