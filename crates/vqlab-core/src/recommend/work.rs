//! The shared input of all fits and measurements, and their time budget.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::queries::Queries;
use super::{RecommendError, Request, Split, Step, Watch};

/// The time budget.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    pub begin: Instant,
    /// Time from the beginning after which no fit continues.
    pub until: Duration,
    /// Time from the beginning after which a running fit is abandoned.
    pub end: Duration,
}

impl Clock {
    pub fn left(&self, of: Duration) -> Duration {
        of.saturating_sub(self.begin.elapsed())
    }
}

/// The shared input of all fits.
pub(super) struct Work<'a> {
    pub split: &'a Split,
    pub queries: Option<&'a Queries>,
    pub request: &'a Request,
    pub watch: &'a Watch<'a>,
    pub clock: Clock,
}

impl Work<'_> {
    pub fn stopped(&self) -> bool {
        self.watch.stop.load(Ordering::Relaxed)
    }

    /// A pool of one thread, so that parallel work inside a fit stays on its thread.
    pub fn pool(&self) -> Result<rayon::ThreadPool, RecommendError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        pool.map_err(|error| RecommendError::Threads { jobs: self.request.jobs, reason: error.to_string() })
    }

    pub fn say(&self, done: usize, total: usize, text: String) {
        (self.watch.progress)(&Step { done, total, text, left: self.clock.left(self.clock.end).as_secs_f64() });
    }
}
