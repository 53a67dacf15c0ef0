//! The beam of AVQ's searches: partial tuples of codewords, kept sorted by their error, each set of codewords once.

use super::codebooks::MAX_STAGES;

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

/// 64 well-mixed bits of a codeword number (SplitMix64's finaliser). Sums of them name sets of codewords; two of the
/// few thousand sets that meet in a search collide with a probability below 2^−40.
pub fn token(pick: u32) -> u64 {
    let mut z = (u64::from(pick) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// An error that at least `count` different sets don't exceed, when each value is the least error of a group of
/// candidates and no set stands in more than `orders` groups; infinite where there are too few groups to tell.
pub fn limit(values: &mut [f32], count: usize, orders: usize) -> f32 {
    let rank = if count == 1 { 1 } else { count * orders };
    if rank > values.len() {
        return f32::INFINITY;
    }
    *values.select_nth_unstable_by(rank - 1, f32::total_cmp).1
}

/// The best candidates so far, ascending by error, at most `width` of them.
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
        self.bound = limit.next_up();
    }

    /// A candidate must have a smaller error than this to be kept.
    #[inline]
    pub fn bound(&self) -> f32 {
        self.bound
    }

    /// Keeps the candidate if it is among the best; of several orders of one set only the one with the least error
    /// (they differ by rounding alone).
    pub fn offer(&mut self, candidate: Candidate) {
        // NaN errors (infinite codewords) are never better than the bound.
        let fits = candidate.error < self.bound;
        if !fits {
            return;
        }
        if let Some(same) = self.candidates.iter().position(|c| c.set == candidate.set) {
            if self.candidates[same].error <= candidate.error {
                return;
            }
            self.candidates.remove(same);
        } else if self.candidates.len() == self.width {
            self.candidates.pop();
        }
        let at = self.candidates.partition_point(|c| c.error <= candidate.error);
        self.candidates.insert(at, candidate);
        if self.candidates.len() == self.width {
            self.bound = self.candidates[self.width - 1].error.min(self.bound);
        }
    }
}
