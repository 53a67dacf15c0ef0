//! Thread pools, kept from call to call.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::errors::{runtime, value};

struct Kept {
    /// The process that started the threads: after a fork they do not exist in the child.
    process: u32,
    pool: Arc<ThreadPool>,
}

static POOLS: Mutex<Vec<Kept>> = Mutex::new(Vec::new());

/// Pools of different sizes that are kept.
const MOST: usize = 4;

/// The number of threads of an argument `threads`; None = all cores.
pub fn count(threads: Option<usize>) -> PyResult<usize> {
    match threads {
        Some(0) => Err(value("threads=0 is not possible; allowed are 1 and more, or None for all cores")),
        Some(threads) => Ok(threads),
        None => Ok(std::thread::available_parallelism().map_or(1, std::num::NonZero::get)),
    }
}

/// A pool of this many threads. The GIL must be held, so that no other Python thread forks while the list is locked.
pub fn pool(_py: Python, threads: Option<usize>) -> PyResult<Arc<ThreadPool>> {
    let (threads, process) = (count(threads)?, std::process::id());
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    while let Some(at) = pools.iter().position(|kept| kept.process != process) {
        // Dropping it would wait for threads that are not there.
        std::mem::forget(pools.swap_remove(at));
    }
    if let Some(kept) = pools.iter().find(|kept| kept.pool.current_num_threads() == threads) {
        return Ok(kept.pool.clone());
    }
    let pool = ThreadPoolBuilder::new().num_threads(threads).thread_name(|i| format!("vqlab-{i}")).build();
    let pool = Arc::new(pool.map_err(|error| runtime(format!("cannot start {threads} threads: {error}")))?);
    if pools.len() == MOST {
        pools.remove(0);
    }
    pools.push(Kept { process, pool: pool.clone() });
    Ok(pool)
}
