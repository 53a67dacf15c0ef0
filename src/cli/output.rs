//! Writing to stdout and stderr without panicking when nobody reads.

use std::io::{ErrorKind, Write};

use super::CliError;

/// Writes data to stdout. A reader who went away, as `head` does, is no error.
///
/// # Errors
/// stdout can't be written, such as a full disk behind a redirection.
pub fn print(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CliError::Failed(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes one message to stderr; if nobody can read it, so be it.
pub fn note(message: &str) {
    let _ = writeln!(std::io::stderr(), "{message}");
}
