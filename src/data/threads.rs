//! All cores for a while.

/// Runs `work` in a pool with a thread for every core, whatever pool the caller is in, and waits without taking up other
/// work meanwhile: that might need what the caller holds.
///
/// # Errors
/// Why there are no threads, or that one of them ended early.
pub(super) fn on_all_cores<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|error| error.to_string())?;
    std::thread::scope(|scope| scope.spawn(|| pool.install(work)).join()).map_err(|_| "a thread ended early".into())
}
