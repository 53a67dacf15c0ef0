//! The k best of a stream of scored ids.

use crate::quantizer::kernels::{from_ordered, ordered};

/// The score in the upper half, the id in the lower one: keys are ordered by (score, id). NaN comes last, and −0 equals
/// 0.
pub fn key(score: f32, id: u32) -> u64 {
    let ordered = if score.is_nan() { u32::MAX } else { ordered(score + 0.0) };
    u64::from(ordered) << 32 | u64::from(id)
}

/// The score of a key.
pub fn score(key: u64) -> f32 {
    from_ordered((key >> 32) as u32)
}

/// The id of a key.
pub fn id(key: u64) -> u32 {
    key as u32
}

/// Keeps the k lowest keys. Up to 2k keys wait in a buffer until a selection discards half of them. This takes O(1) per
/// key; a heap takes O(log k).
pub struct Nearest {
    k: usize,
    keys: Vec<u64>,
    /// Keys from this one on are not among the k lowest.
    bound: u64,
}

impl Nearest {
    /// Keeps `k` ≥ 1 keys.
    pub fn new(k: usize) -> Self {
        Self { k, keys: Vec::new(), bound: u64::MAX }
    }

    #[inline]
    pub fn offer(&mut self, score: f32, id: u32) {
        let key = key(score, id);
        if key < self.bound {
            self.keys.push(key);
            if self.keys.len() >= self.k.saturating_mul(2) {
                self.shrink();
            }
        }
    }

    /// Discards the keys that are not among the k lowest, so that [`Nearest::limit`] is the k-th score.
    pub fn shrink(&mut self) {
        if self.keys.len() >= self.k {
            let (_, last, _) = self.keys.select_nth_unstable(self.k - 1);
            self.bound = *last;
            self.keys.truncate(self.k);
        }
    }

    /// Calls [`Nearest::shrink`] where enough keys have come since the last time to lower the limit by much.
    pub fn refresh(&mut self) {
        if self.bound == u64::MAX || self.keys.len() > self.k + self.k / 4 {
            self.shrink();
        }
    }

    /// Scores above this one are not among the k lowest; None while every score may be.
    pub fn limit(&self) -> Option<f32> {
        (self.bound != u64::MAX).then(|| score(self.bound))
    }

    /// The k lowest keys, in order.
    pub fn into_sorted(mut self) -> Vec<u64> {
        self.shrink();
        self.keys.sort_unstable();
        self.keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_order_as_scores_then_ids(a in any::<f32>(), b in any::<f32>(), i in any::<u32>(), j in any::<u32>()) {
            if let Some(order) = a.partial_cmp(&b) {
                prop_assert_eq!(key(a, i).cmp(&key(b, j)), order.then(i.cmp(&j)));
            }
            prop_assert!(a.is_nan() || score(key(a, i)) == a);
            prop_assert_eq!(id(key(a, i)), i);
        }

        #[test]
        fn the_lowest_are_kept(scores in prop::collection::vec(-9i8..9, 0..200), k in 1usize..40) {
            let mut nearest = Nearest::new(k);
            let mut all = Vec::new();
            for (i, s) in scores.iter().enumerate() {
                nearest.offer(f32::from(*s), i as u32);
                all.push(key(f32::from(*s), i as u32));
            }
            all.sort_unstable();
            all.truncate(k);
            prop_assert_eq!(nearest.into_sorted(), all);
        }
    }

    #[test]
    fn zeros_are_equal_and_nan_is_last() {
        assert_eq!(key(-0.0, 3), key(0.0, 3));
        assert!(key(f32::NAN, 0) > key(f32::INFINITY, u32::MAX));
        assert!(key(-f32::NAN, 0) > key(f32::INFINITY, u32::MAX));
    }
}
