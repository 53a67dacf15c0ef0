//! Several cores for a while.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Threads, where the process has been told how many ([`set_threads`]).
static THREADS: AtomicUsize = AtomicUsize::new(0);

/// How many threads making and reading data may take, in this process; all cores without. The data are the same for any
/// number.
pub fn set_threads(threads: usize) {
    THREADS.store(threads, Ordering::Relaxed);
}

/// Runs `work` in a pool with a thread for every core (or as many as the process was told), whatever pool the caller is in, and waits without taking up other
/// work meanwhile: that might need what the caller holds.
///
/// # Errors
/// Why there are no threads, or that one of them ended early.
pub(super) fn on_all_cores<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    let threads = match THREADS.load(Ordering::Relaxed) {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        told => told,
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|error| error.to_string())?;
    std::thread::scope(|scope| scope.spawn(|| pool.install(work)).join()).map_err(|_| "a thread ended early".into())
}
