//! Runs work on several cores.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::DataError;

/// The number of threads, if it was set by [`set_threads`].
static THREADS: AtomicUsize = AtomicUsize::new(0);

/// Sets the number of threads for making and reading data in this process. The default is all cores. The data do not
/// depend on this number.
pub fn set_threads(threads: usize) {
    THREADS.store(threads, Ordering::Relaxed);
}

/// Runs `work` in a pool with one thread per core (or the number given to [`set_threads`]), whatever pool the caller is
/// in. It waits without taking other work, because that work might need what the caller holds.
///
/// # Errors
/// [`DataError::Threads`]: no threads could be started, or one ended early while `doing`.
pub(super) fn on_all_cores<T: Send>(doing: &'static str, work: impl FnOnce() -> T + Send) -> Result<T, DataError> {
    let failed = |reason| DataError::Threads { doing, reason };
    let threads = match THREADS.load(Ordering::Relaxed) {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        told => told,
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| failed(error.to_string()))?;
    std::thread::scope(|scope| scope.spawn(|| pool.install(work)).join())
        .map_err(|_| failed("a thread ended early".into()))
}
