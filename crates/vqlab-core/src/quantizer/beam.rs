//! The beam of AVQ's searches: partial tuples of codewords, kept sorted by their error, each set of codewords once.

use super::codebooks::MAX_STAGES;
use super::kernels::{CHUNK, chunk_sum, from_ordered, ordered};
use crate::lanes::below;
use crate::level::{Cpu, run};

/// The widest beam.
pub const MAX_BEAM: usize = 1 << PARENT_BITS;

const PARENT_BITS: usize = 12;

/// Enough bits for the codeword indices of 16 stages of 65,536 codewords.
const INDEX_BITS: usize = 20;

/// A partial tuple.
#[derive(Clone, Copy)]
pub struct Entry {
    /// ‖x − Σ chosen‖² − ‖x‖², so that the sums stay small.
    pub error: f32,
    /// Bit m is set when codebook m is used.
    pub used: u32,
    /// Equal for equal sets of codewords, whatever their order.
    pub set: u64,
    /// Codeword indices m·K + k in the order in which they were chosen.
    pub indices: [u32; MAX_STAGES],
    pub length: usize,
}

impl Entry {
    pub const EMPTY: Entry = Entry { error: 0.0, used: 0, set: 0, indices: [0; MAX_STAGES], length: 0 };

    pub fn indices(&self) -> &[u32] {
        &self.indices[..self.length]
    }

    pub fn uses(&self, stage: usize) -> bool {
        self.used >> stage & 1 == 1
    }

    /// Adds a codeword of a codebook of `size`.
    #[inline(always)]
    pub fn extend(&mut self, index: u32, error: f32, size: usize) {
        self.indices[self.length & (MAX_STAGES - 1)] = index;
        self.length += 1;
        self.used |= 1 << (index / size as u32);
        self.set = self.set.wrapping_add(token(index));
        self.error = error;
    }
}

/// Maps a codeword index to 64 well-mixed bits (SplitMix64's finalizer). The sum of these values identifies a set of
/// codewords. The probability that two of the few thousand sets of a search collide is below 2^−40.
fn token(index: u32) -> u64 {
    let mut z = (u64::from(index) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// An error that at least `count` candidates don't exceed. Each value is the least error of one group of candidates.
/// The result is infinite where there are fewer than `count` groups.
pub fn limit(values: &mut [f32], count: usize) -> f32 {
    if count > values.len() {
        return f32::INFINITY;
    }
    *values.select_nth_unstable_by(count - 1, f32::total_cmp).1
}

/// A possible extension of a beam entry: an integer that orders by error, then by parent, then by codeword.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate(u64);

impl Candidate {
    #[inline(always)]
    pub fn new(error: f32, parent: u32, index: u32) -> Self {
        Self(u64::from(ordered(error)) << (PARENT_BITS + INDEX_BITS) | u64::from(parent << INDEX_BITS | index))
    }

    fn error(self) -> f32 {
        from_ordered((self.0 >> (PARENT_BITS + INDEX_BITS)) as u32)
    }

    /// The index of the beam entry that it extends.
    fn parent(self) -> usize {
        (self.0 >> INDEX_BITS) as usize & (MAX_BEAM - 1)
    }

    fn index(self) -> u32 {
        self.0 as u32 & ((1 << INDEX_BITS) - 1)
    }
}

/// The best extensions of a beam. Candidates are collected as they come; the list is pruned when it grows long.
#[derive(Default)]
pub struct Best {
    noted: Vec<Candidate>,
    /// Entries and parents of the next beam, valid after [`Best::take`].
    chosen: Vec<Entry>,
    parents: Vec<u32>,
    sets: Vec<u64>,
    keep: usize,
    /// No candidate above this error is kept.
    bound: f32,
    /// True where no two candidates are the same set, as with the codebooks in their order.
    distinct: bool,
}

impl Best {
    /// Starts again; nothing above `limit` is kept.
    pub fn clear(&mut self, keep: usize, limit: f32) {
        self.noted.clear();
        self.keep = keep;
        self.bound = limit;
        self.distinct = false;
    }

    /// Sets whether several candidates may be the same set. After [`Best::clear`] they may.
    pub fn expect_copies(&mut self, copies: bool) {
        self.distinct = !copies;
    }

    /// The largest score with which an extension of `entry` may be kept. It is finite, so that padding is never kept.
    #[inline(always)]
    pub fn room(&self, entry: &Entry) -> f32 {
        (0.5 * (self.bound - entry.error)).min(f32::MAX)
    }

    /// Collects the codewords `word` + lane of the hits as extensions of `entry`.
    #[inline(always)]
    fn note(&mut self, beam: &[Entry], parent: usize, word: u32, values: &[f32; CHUNK], mut hits: u32) {
        let entry = &beam[parent];
        while hits != 0 {
            let lane = hits.trailing_zeros();
            hits &= hits - 1;
            let error = entry.error + 2.0 * values[lane as usize & (CHUNK - 1)];
            // A hit can exceed the bound by rounding, or because the bound has become smaller since.
            if error <= self.bound {
                self.noted.push(Candidate::new(error, parent as u32, word + lane));
            }
        }
        if self.is_full() {
            self.thin(beam);
        }
    }

    /// Collects one codeword as an extension of `beam`\[parent\]. Returns true when the bound has become smaller.
    pub fn note_one(&mut self, beam: &[Entry], parent: usize, index: u32, score: f32) -> bool {
        let error = beam[parent].error + 2.0 * score;
        if error > self.bound {
            return false;
        }
        self.noted.push(Candidate::new(error, parent as u32, index));
        let before = self.bound;
        if self.keep == 1 || self.is_full() {
            self.thin(beam);
        }
        self.bound < before
    }

    /// Adds a candidate whatever its error.
    #[inline(always)]
    pub fn add(&mut self, candidate: Candidate) {
        self.noted.push(candidate);
    }

    /// Keeps the best `count` candidates, in any order.
    pub fn cut(&mut self, count: usize) {
        // A few extra candidates are sorted with the others.
        if self.noted.len() > 2 * count {
            self.noted.select_nth_unstable(count - 1);
            self.noted.truncate(count);
        }
    }

    /// Whether it is time to prune.
    fn is_full(&self) -> bool {
        self.noted.len() >= if self.keep == 1 { 2 } else { 2 * self.keep + 32 }
    }

    /// Keeps the best `keep` sets, ascending. Of several orders of one set, the first one stays (they differ by
    /// rounding alone).
    fn thin(&mut self, beam: &[Entry]) {
        if self.keep == 1 {
            if let Some(least) = self.noted.iter().min().copied() {
                self.noted.clear();
                self.noted.push(least);
                self.bound = self.bound.min(least.error());
            }
            return;
        }
        self.noted.sort_unstable();
        if self.distinct {
            self.noted.truncate(self.keep);
            return;
        }
        self.sets.clear();
        for at in 0..self.noted.len() {
            let candidate = self.noted[at];
            let set = beam[candidate.parent()].set.wrapping_add(token(candidate.index()));
            if self.sets.contains(&set) {
                continue;
            }
            self.noted[self.sets.len()] = candidate;
            self.sets.push(set);
            if self.sets.len() == self.keep {
                break;
            }
        }
        let kept = self.sets.len();
        self.noted.truncate(kept);
        if kept == self.keep {
            self.bound = self.bound.min(self.noted[kept - 1].error());
        }
    }

    /// Replaces `beam` by the best extensions, ascending by error. Returns the index of the old entry that each one
    /// extends.
    pub fn take(&mut self, beam: &mut Vec<Entry>, size: usize) -> &[u32] {
        self.thin(beam);
        self.chosen.clear();
        for candidate in &self.noted {
            // Changed in place: a copy right after the change would wait for the write.
            self.chosen.push(beam[candidate.parent()]);
            if let Some(entry) = self.chosen.last_mut() {
                entry.extend(candidate.index(), candidate.error(), size);
            }
        }
        self.parents.clear();
        self.parents.extend(self.noted.iter().map(|c| c.parent() as u32));
        std::mem::swap(beam, &mut self.chosen);
        &self.parents
    }
}

/// Maps the chunks of a row of scores to codewords: the index of the first codeword of each chunk.
#[derive(Default)]
pub struct Layout {
    words: Vec<u32>,
    /// K.
    size: usize,
    /// Chunks of one stage.
    pub per_stage: usize,
}

impl Layout {
    /// The layout of `stages` stages of `size` codewords in whole chunks.
    pub fn new(stages: usize, size: usize) -> Self {
        let per_stage = size.div_ceil(CHUNK);
        let words = (0..stages).flat_map(|m| (0..per_stage).map(move |c| (m * size + c * CHUNK) as u32)).collect();
        Self { words, size, per_stage }
    }

    /// Whether this is the layout of `stages` stages of `size` codewords.
    pub fn is_of(&self, stages: usize, size: usize) -> bool {
        self.size == size && self.words.len() == stages * self.per_stage
    }

    /// Chunks of all stages.
    pub fn chunks(&self) -> usize {
        self.words.len()
    }

    /// Chunks of all stages, rounded up to a whole number of groups that are compared together.
    pub fn padded(&self) -> usize {
        self.words.len().next_multiple_of(CHUNK)
    }

    /// The first codewords of the chunks of one stage.
    pub fn stage(&self, stage: usize) -> &[u32] {
        &self.words[stage * self.per_stage..(stage + 1) * self.per_stage]
    }

    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// The codeword of a column.
    pub fn word(&self, column: usize) -> u32 {
        self.words[column / CHUNK] + (column % CHUNK) as u32
    }
}

/// Offers the codewords of chunks as extensions of the beam's entry `parent`. Chunk i holds the codewords from
/// `words`\[i\] on. Its scores ½‖c‖² − residual·c begin at 16·i in `first` + Σ `rows`. The error of an extension is the
/// error of the entry + 2·score. `bounds` holds lower bounds of the chunks' scores (padded to a multiple of 16,
/// infinite behind the last chunk). Chunks whose bound is too large are skipped.
#[inline(always)]
pub fn offer(
    cpu: Cpu,
    best: &mut Best,
    (beam, parent): (&[Entry], usize),
    (words, bounds): (&[u32], &[f32]),
    (first, rows): (&[f32], &[&[f32]]),
) {
    for (group, bounds) in bounds.chunks_exact(CHUNK).enumerate() {
        let mut group_bounds = [0f32; CHUNK];
        group_bounds.copy_from_slice(bounds);
        let mut open = below(cpu, &group_bounds, best.room(&beam[parent]));
        while open != 0 {
            let lane = open.trailing_zeros() as usize;
            open &= open - 1;
            let room = best.room(&beam[parent]);
            if group_bounds[lane & (CHUNK - 1)] <= room {
                let chunk = group * CHUNK + lane;
                let values = chunk_sum(first, rows, chunk * CHUNK);
                let hits = below(cpu, &values, room);
                if hits != 0 {
                    best.note(beam, parent, words[chunk], &values, hits);
                }
            }
        }
    }
}

/// As [`offer`], for complete scores without rows to add.
pub fn offer_scores(best: &mut Best, beam: &[Entry], parent: usize, words: &[u32], bounds: &[f32], first: &[f32]) {
    run(
        #[inline(always)]
        |cpu| offer(cpu, best, (beam, parent), (words, bounds), (first, &[])),
    )
}
