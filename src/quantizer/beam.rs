//! The beam of AVQ's searches: partial tuples of codewords, kept sorted by their error, each set of codewords once.

use multiversion::multiversion;

use super::codebooks::MAX_STAGES;
use super::kernels::{CHUNK, below, chunk_sum};

/// A partial tuple.
#[derive(Clone, Copy)]
pub struct Entry {
    /// ‖x − Σ chosen‖² − ‖x‖², so that the sums stay small.
    pub error: f32,
    /// Bit m is set when codebook m is used.
    pub used: u32,
    /// Equal for equal sets of codewords, whatever their order.
    pub set: u64,
    /// Codeword numbers in the order in which they were chosen.
    pub picks: [u32; MAX_STAGES],
    pub length: usize,
}

impl Entry {
    pub const EMPTY: Entry = Entry { error: 0.0, used: 0, set: 0, picks: [0; MAX_STAGES], length: 0 };

    pub fn picks(&self) -> &[u32] {
        &self.picks[..self.length]
    }

    pub fn uses(&self, stage: usize) -> bool {
        self.used >> stage & 1 == 1
    }

    /// The tuple with one more codeword.
    pub fn extended(&self, candidate: &Candidate, size: usize) -> Entry {
        let mut entry = *self;
        entry.picks[entry.length] = candidate.pick;
        entry.length += 1;
        entry.used |= 1 << (candidate.pick / size as u32);
        entry.set = candidate.set;
        entry.error = candidate.error;
        entry
    }
}

/// A possible extension of a beam entry.
#[derive(Clone, Copy)]
pub struct Candidate {
    pub error: f32,
    /// Which entry of the beam it extends.
    pub parent: u32,
    pub pick: u32,
    pub set: u64,
}

impl Candidate {
    fn comes_before(&self, other: &Candidate) -> bool {
        (self.error, self.parent, self.pick) < (other.error, other.parent, other.pick)
    }
}

/// 64 well-mixed bits of a codeword number (SplitMix64's finaliser). Sums of them name sets of codewords; two of the
/// few thousand sets that meet in a search collide with a probability below 2^−40.
pub fn token(pick: u32) -> u64 {
    let mut z = (u64::from(pick) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// An error that at least `count` candidates don't exceed, when each value is the least error of a group of candidates;
/// infinite where there are too few groups to tell.
pub fn limit(values: &mut [f32], count: usize) -> f32 {
    if count > values.len() {
        return f32::INFINITY;
    }
    *values.select_nth_unstable_by(count - 1, f32::total_cmp).1
}

/// The best candidates so far, ascending by error, at most `width` of them. Where errors are equal, the lower parent and
/// then the lower codeword comes first, whatever the order of the offers.
#[derive(Default)]
pub struct Best {
    pub candidates: Vec<Candidate>,
    width: usize,
    bound: f32,
}

impl Best {
    /// Begins anew; nothing above `limit` will be kept.
    pub fn clear(&mut self, width: usize, limit: f32) {
        self.candidates.clear();
        self.width = width;
        self.bound = limit;
    }

    /// The largest score with which an extension of `entry` may be kept; finite, so that padding never is.
    #[inline(always)]
    fn room(&self, entry: &Entry) -> f32 {
        (0.5 * (self.bound - entry.error)).min(f32::MAX)
    }

    /// Keeps the candidate if it is among the best; of several orders of one set only the one with the least error
    /// (they differ by rounding alone).
    pub fn offer(&mut self, candidate: Candidate) {
        // NaN errors (infinite codewords) are never within the bound.
        let fits = candidate.error <= self.bound;
        if !fits {
            return;
        }
        if let Some(same) = self.candidates.iter().position(|c| c.set == candidate.set) {
            if !candidate.comes_before(&self.candidates[same]) {
                return;
            }
            self.candidates.remove(same);
        } else if self.candidates.len() == self.width {
            if !candidate.comes_before(&self.candidates[self.width - 1]) {
                return;
            }
            self.candidates.pop();
        }
        let at = self.candidates.partition_point(|c| c.comes_before(&candidate));
        self.candidates.insert(at, candidate);
        if self.candidates.len() == self.width {
            self.bound = self.candidates[self.width - 1].error.min(self.bound);
        }
    }

    fn offer_hits(&mut self, entry: &Entry, parent: u32, word: u32, values: &[f32; CHUNK], mut hits: u32) {
        while hits != 0 {
            let lane = hits.trailing_zeros();
            hits &= hits - 1;
            let error = entry.error + 2.0 * values[lane as usize];
            if error <= self.bound {
                let pick = word + lane;
                self.offer(Candidate { error, parent, pick, set: entry.set.wrapping_add(token(pick)) });
            }
        }
    }
}

/// Offers every codeword of a run of chunks, `stage_word` being the first codeword's number, as an extension of `entry`
/// (the beam's entry `parent`). A codeword's score is `first` + Σ `rows` at its place and its error `entry.error` +
/// 2·score; `bounds` (one a chunk) are lower bounds of the chunks' scores, and chunks whose bound is too large are never
/// looked at.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub fn offer_chunks(best: &mut Best, entry: &Entry, parent: u32, stage_word: u32, bounds: &[f32], scores: &Scores) {
    for (group, bounds) in bounds.chunks(CHUNK).enumerate() {
        let mut padded = [f32::INFINITY; CHUNK];
        padded[..bounds.len()].copy_from_slice(bounds);
        let mut open = below(&padded, best.room(entry));
        while open != 0 {
            let lane = open.trailing_zeros() as usize;
            open &= open - 1;
            let threshold = best.room(entry);
            if padded[lane] <= threshold {
                let chunk = group * CHUNK + lane;
                let values = chunk_sum(scores.first, scores.rows, scores.from + chunk * CHUNK);
                let hits = below(&values, threshold);
                if hits != 0 {
                    best.offer_hits(entry, parent, stage_word + (chunk * CHUNK) as u32, &values, hits);
                }
            }
        }
    }
}

/// The scores ½‖c‖² − remainder·c of codewords as a sum: `first` + Σ `rows`, the codewords in question standing from
/// column `from` on.
#[derive(Clone, Copy)]
pub struct Scores<'a> {
    pub first: &'a [f32],
    pub rows: &'a [&'a [f32]],
    pub from: usize,
}
