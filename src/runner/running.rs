//! A cell that is being computed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::{CellAtWork, Estimator, Options};
use crate::spec::Cell;

/// A running cell, by its position in the list by cost.
pub(super) struct Running {
    pub position: usize,
    pub since: Instant,
    /// The share done, as the bits of an f64.
    pub share: Arc<AtomicU64>,
}

impl Running {
    pub fn share(&self) -> f64 {
        f64::from_bits(self.share.load(Ordering::Relaxed)).clamp(0.0, 1.0)
    }

    /// The remaining seconds of a running cell: by its own pace once it is known, before that by the estimate.
    pub fn seconds_left(&self, expected: f64) -> f64 {
        let (elapsed, share) = (self.since.elapsed().as_secs_f64(), self.share());
        let total = if share > 0.05 { elapsed / share } else { expected };
        (total - elapsed).max(0.0)
    }

    /// The cell as progress shows it.
    pub fn described(&self, cells: &[(Cell, f64)], estimator: &Estimator, options: &Options) -> CellAtWork {
        let (cell, cost) = &cells[self.position];
        let left = self.seconds_left(estimator.seconds(cell, *cost));
        CellAtWork { label: options.label(cell), share: self.share(), left }
    }
}
