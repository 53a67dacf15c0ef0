//! Computes chunks of rows on all threads and returns their results in order.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::{CodecError, Work};
use crate::quantizer::kernels::ROWS;

/// Chunks per thread between two writes: enough that threads seldom wait for the last one.
pub const WINDOW: usize = 16;

/// Values of a chunk of vectors (256 KiB).
const CHUNK_NUMBERS: usize = 1 << 16;

/// Vectors of one chunk. It depends on the dimension alone, so that sums over chunks do not depend on the threads.
pub fn chunk_rows(dimension: usize) -> usize {
    // Whole blocks of the kernels; a shorter block costs as much as a whole one.
    (CHUNK_NUMBERS / dimension).next_multiple_of(ROWS).max(ROWS)
}

/// `rows` rows in chunks of `chunk`, each giving `columns` values.
pub struct Shape {
    pub rows: usize,
    pub chunk: usize,
    pub columns: usize,
}

/// The threads of one job, each with its own `W`.
pub struct Threads<W> {
    pool: rayon::ThreadPool,
    states: Vec<Mutex<Option<W>>>,
}

impl<W: Send> Threads<W> {
    /// Starts at most as many threads as there are chunks.
    pub fn new(work: &Work, shape: &Shape) -> Result<Self, CodecError> {
        let jobs = work.jobs.min(shape.rows.div_ceil(shape.chunk)).max(1);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
        let pool = pool.map_err(|error| CodecError::Threads { jobs, reason: error.to_string() })?;
        Ok(Self { pool, states: (0..jobs).map(|_| Mutex::new(None)).collect() })
    }

    /// Calls `compute(state, first row, values)` for every chunk, on any thread, and `write(values)` for each window,
    /// in order. Returns the sum of the results of `compute`, added in the order of the chunks.
    ///
    /// # Errors
    /// The error of the first chunk that failed; an error of `write`; [`CodecError::Stopped`].
    pub fn run<T: Copy + Default + Send>(
        &self,
        work: &Work,
        shape: &Shape,
        make: impl Fn() -> W + Sync,
        compute: impl Fn(&mut W, usize, &mut [T]) -> Result<f64, CodecError> + Sync,
        mut write: impl FnMut(&[T]) -> Result<(), CodecError>,
    ) -> Result<f64, CodecError> {
        let &Shape { rows, chunk, columns } = shape;
        let window = (self.states.len() * WINDOW * chunk).min(rows);
        let done = AtomicUsize::new(0);
        let stopped = || CodecError::Stopped { done: done.load(Ordering::Relaxed), total: rows };
        let one = |first: usize, out: &mut [T]| {
            if work.stop.load(Ordering::Relaxed) {
                return Err(stopped());
            }
            // Each thread of the pool has its own state, so no thread waits for a lock. A state that a panic left
            // behind can be used: it is scratch memory.
            let state = &self.states[rayon::current_thread_index().unwrap_or(0) % self.states.len()];
            let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let sum = match compute(state.get_or_insert_with(&make), first, out) {
                Err(CodecError::Stopped { .. }) => return Err(stopped()),
                sum => sum?,
            };
            let count = out.len() / columns;
            (work.progress)(done.fetch_add(count, Ordering::Relaxed) + count);
            Ok(sum)
        };
        let mut values = vec![T::default(); window * columns];
        let mut total = 0.0;
        for start in (0..rows).step_by(window) {
            let values = &mut values[..window.min(rows - start) * columns];
            let sums: Vec<Result<f64, CodecError>> = self.pool.install(|| {
                let chunks = values.par_chunks_mut(chunk * columns).enumerate().with_max_len(1);
                chunks.map(|(i, out)| one(start + i * chunk, out)).collect()
            });
            for sum in sums {
                total += sum?;
            }
            write(values)?;
        }
        Ok(total)
    }
}
