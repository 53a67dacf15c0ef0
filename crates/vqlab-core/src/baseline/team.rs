//! Work on vectors by all threads of the current pool. The work on a vector depends on that vector alone, so that the
//! number of threads changes only the time.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

/// Vectors are handed out in multiples of this, whole blocks of all kernels, up to a maximum per thread.
const LEAST: usize = 64;
const MOST: usize = 1024;

/// Multiplications of a thread between two calls of `go_on`, about 50 ms of work.
const PULSE: usize = 1 << 31;

/// The state of each thread, such as a search with its scratch memory.
pub struct Team<S>(Vec<S>);

impl<S: Send> Team<S> {
    /// A member for each thread of the current pool.
    pub fn new(mut make: impl FnMut() -> S) -> Self {
        Self((0..rayon::current_num_threads().max(1)).map(|_| make()).collect())
    }

    pub fn members(&self) -> usize {
        self.0.len()
    }

    /// The number of vectors that a thread takes together, and the number of all vectors between two calls of `go_on`,
    /// where each vector takes `multiplications` multiplications.
    pub fn rows(&self, multiplications: usize) -> (usize, usize) {
        let each = PULSE / multiplications.max(1);
        let part = (each / 8).clamp(1, MOST).next_multiple_of(LEAST);
        (part, each.max(part).next_multiple_of(part).saturating_mul(self.members()))
    }

    /// The first member, for work on one thread.
    pub fn first(&mut self) -> &mut S {
        &mut self.0[0]
    }

    /// Calls `work` on every member.
    pub fn each(&mut self, work: impl Fn(&mut S) + Sync + Send) {
        self.0.par_iter_mut().with_max_len(1).for_each(work);
    }

    /// Prepares the first member, then the others from the first.
    pub fn prepare(&mut self, first: impl FnOnce(&mut S), by_first: impl Fn(&mut S, &S) + Sync)
    where
        S: Sync,
    {
        if let Some((one, others)) = self.0.split_first_mut() {
            first(one);
            others.par_iter_mut().for_each(|other| by_first(other, one));
        }
    }

    /// Hands each part to a free member.
    pub fn share<P: Send>(&mut self, parts: impl Iterator<Item = P> + Send, work: impl Fn(&mut S, P) + Sync) {
        let parts = Mutex::new(parts);
        let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
        self.0.par_iter_mut().with_max_len(1).for_each(|member| {
            while let Some(part) = next() {
                work(member, part);
            }
        });
    }
}
