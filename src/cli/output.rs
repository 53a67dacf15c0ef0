//! Writing to stdout and stderr without a panic when the reader is gone.

use std::io::{ErrorKind, Write};

use super::CliError;

/// Writes data to stdout. A closed pipe, as `head` leaves it, is not an error.
///
/// # Errors
/// stdout can't be written, for example because the disk behind a redirection is full.
pub fn print(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CliError::Failed(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes one message to stderr. Write errors are ignored.
pub fn note(message: &str) {
    let _ = writeln!(std::io::stderr(), "{message}");
}
