//! Downloads by the system's curl.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{Archive, FetchError};
use crate::data::file::FileError;

/// Time between two checks of the download.
const LOOKS: Duration = Duration::from_millis(50);

/// curl's exit status if the server can't resume in the middle of a file.
const NO_RANGE: i32 = 33;

/// Downloads to `part`. It resumes after the bytes that are already there.
///
/// # Errors
/// [`FetchError::NoCurl`], [`FetchError::Download`] with curl's message, [`FetchError::Stopped`].
pub fn download(archive: &Archive, part: &Path, stop: &AtomicBool, progress: &dyn Fn(u64)) -> Result<(), FetchError> {
    let begun = length(part) > 0;
    let (mut status, mut message) = run(archive, part, stop, progress)?;
    if begun && status.code() == Some(NO_RANGE) && !stop.load(Ordering::Relaxed) {
        // The server can't resume: start from the beginning.
        std::fs::remove_file(part).map_err(|source| FileError::Write { path: part.into(), source })?;
        (status, message) = run(archive, part, stop, progress)?;
    }
    if status.success() {
        return Ok(());
    }
    let kept = match length(part) {
        0 => "nothing was received".into(),
        n => format!("{} keeps the {n} bytes received so far; the same command resumes the download", part.display()),
    };
    if stop.load(Ordering::Relaxed) {
        return Err(FetchError::Stopped(kept));
    }
    let message = message.trim();
    let reason = if message.is_empty() { format!("curl ended with {status}") } else { message.into() };
    Err(FetchError::Download { url: archive.url.into(), reason, kept })
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

/// Runs curl until it ends or is stopped. Returns its exit status and its error output.
fn run(
    archive: &Archive,
    part: &Path,
    stop: &AtomicBool,
    progress: &dyn Fn(u64),
) -> Result<(ExitStatus, String), FetchError> {
    let mut command = Command::new("curl");
    command.args(["--fail", "--location", "--silent", "--show-error", "--globoff", "--no-buffer"]);
    // A connection that delivers nothing for a minute is broken.
    command.args(["--connect-timeout", "30", "--speed-limit", "1", "--speed-time", "60"]);
    command.args(["--continue-at", "-", "--output"]).arg(part).arg("--url").arg(archive.url);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let child = command.spawn();
    let mut child =
        child.map_err(|source| FetchError::NoCurl { url: archive.url.into(), part: part.into(), source })?;
    let failed = |error: std::io::Error| {
        let kept = "the received bytes are kept".into();
        FetchError::Download { url: archive.url.into(), reason: error.to_string(), kept }
    };
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) => {}
            Err(error) => {
                end(&mut child);
                return Err(failed(error));
            }
        }
        if stop.load(Ordering::Relaxed) {
            end(&mut child);
            break child.wait().map_err(failed)?;
        }
        progress(length(part));
        std::thread::sleep(LOOKS);
    };
    progress(length(part));
    let mut message = Vec::new();
    if let Some(mut stderr) = child.stderr.take() {
        // The message is a line or two, which fit into the pipe. An unreadable message counts as empty.
        let _ = stderr.read_to_end(&mut message);
    }
    Ok((status, String::from_utf8_lossy(&message).into_owned()))
}

/// Stops curl. It may have ended by itself meanwhile.
fn end(child: &mut Child) {
    let _ = child.kill();
}
