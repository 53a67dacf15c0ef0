//! Ctrl-C: the first one stops the run cleanly, the second one aborts it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::{CliError, warn};

/// A flag that SIGINT, SIGTERM and SIGHUP set. Under `nohup` no signal is caught, because the hang-up of the terminal
/// would stop the run. A signal then ends the program at once; finished files are safe on disk. `message` describes the
/// effect of the first signal.
///
/// # Errors
/// The handler can't be set.
pub fn stop_flag(message: &'static str) -> Result<Arc<AtomicBool>, CliError> {
    let flag = Arc::new(AtomicBool::new(false));
    if hang_up_is_ignored() {
        return Ok(flag);
    }
    // A process has one handler: a later flag replaces an earlier one.
    let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    if current.replace((flag.clone(), message)).is_none() {
        ctrlc::set_handler(stop).map_err(|error| CliError::Failed(format!("cannot catch Ctrl-C: {error}")))?;
    }
    Ok(flag)
}

/// The flag that the next signal sets, and its message.
static CURRENT: Mutex<Option<(Arc<AtomicBool>, &str)>> = Mutex::new(None);

fn stop() {
    let current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((flag, message)) = current.as_ref() {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        warn(message);
    }
}

/// Known on Linux alone. Elsewhere the hang-up counts as not ignored.
fn hang_up_is_ignored() -> bool {
    const SIGHUP: u64 = 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & (1 << (SIGHUP - 1)) != 0)
}
