//! Work on vectors by all threads of the current pool. Each vector's part of the work depends on that vector alone, so that the
//! number of threads changes nothing but the time.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

/// Vectors come in multiples of this, whole blocks of all kernels; a thread takes at most so many at once.
const LEAST: usize = 64;
const MOST: usize = 1024;

/// Multiplications of a thread between two looks at the caller, some 50 ms of work.
const PULSE: usize = 1 << 31;

/// What each thread needs for itself, such as a search with its scratch memory.
pub struct Team<S>(Vec<S>);

impl<S: Send> Team<S> {
    /// A member for each thread of the current pool.
    pub fn new(mut make: impl FnMut() -> S) -> Self {
        Self((0..rayon::current_num_threads().max(1)).map(|_| make()).collect())
    }

    pub fn members(&self) -> usize {
        self.0.len()
    }

    /// Vectors that a thread takes at once, and all of them between two looks at the caller, where each takes so many
    /// multiplications.
    pub fn rows(&self, multiplications: usize) -> (usize, usize) {
        let each = PULSE / multiplications.max(1);
        let part = (each / 8).clamp(1, MOST).next_multiple_of(LEAST);
        (part, each.max(part).next_multiple_of(part).saturating_mul(self.members()))
    }

    /// The first member, for work that one does alone.
    pub fn first(&mut self) -> &mut S {
        &mut self.0[0]
    }

    /// Lets every member do this.
    pub fn each(&mut self, work: impl Fn(&mut S) + Sync + Send) {
        self.0.par_iter_mut().with_max_len(1).for_each(work);
    }

    /// Prepares the first member, and the others by it.
    pub fn prepare(&mut self, first: impl FnOnce(&mut S), by_first: impl Fn(&mut S, &S) + Sync)
    where
        S: Sync,
    {
        if let Some((one, others)) = self.0.split_first_mut() {
            first(one);
            others.par_iter_mut().for_each(|other| by_first(other, one));
        }
    }

    /// Hands each part to whichever member is free.
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
