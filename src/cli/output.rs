//! Writing to stdout and stderr without a panic when the reader is gone, and small text files.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::outcome::failed;
use super::{CliError, color};
use crate::data::file::Output;

/// Whether `--quiet` was given.
static QUIET: AtomicBool = AtomicBool::new(false);

/// Suppresses progress and messages about what was done. Results, warnings and errors stay.
pub fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

pub fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Writes data to stdout. A closed pipe, as `head` leaves it, is not an error.
///
/// # Errors
/// stdout can't be written, for example because the disk behind a redirection is full.
pub fn print(text: &str) -> Result<(), CliError> {
    write(std::io::stdout().lock(), text)
}

/// As [`print()`], for tables and sentences with verdicts: on a terminal they are colored.
///
/// # Errors
/// As [`print()`].
pub fn print_results(text: &str) -> Result<(), CliError> {
    write(anstream::stdout().lock(), &color::verdicts(text))
}

fn write(mut out: impl Write, text: &str) -> Result<(), CliError> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CliError::Failed(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a message about progress or finished work to stderr, unless `--quiet` was given.
pub fn note(message: &str) {
    if !is_quiet() {
        warn(message);
    }
}

/// Writes a warning or an error to stderr. Write errors are ignored.
pub fn warn(message: &str) {
    let _ = writeln!(anstream::stderr(), "{}", color::message(message));
}

/// Writes a text file as a whole; an existing one with `force` alone.
///
/// # Errors
/// [`CliError::Usage`]: the file exists. [`CliError::Failed`]: it can't be written.
pub(super) fn write_new(path: &Path, text: &str, force: bool) -> Result<(), CliError> {
    let output = Output::new(path).force(force);
    output.check().map_err(|error| CliError::Usage(error.to_string()))?;
    crate::temporary::replace(output.path(), text.as_bytes())
        .map_err(|error| failed(format!("cannot write {}: {error}", path.display())))
}
