//! The parts that `encode`, `decode` and `search` share: options, loading of codebooks, and exit statuses of errors.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Args;

use super::meter::Meter;
use super::outcome::failed;
use super::run::parse_jobs;
use super::stop::stop_flag;
use super::{CliError, note, warn};
use crate::codec::{CodecError, Work};
use crate::data::file::{Output, VectorFile};
use crate::inspect::inspect;
use crate::quantizer::{Codebooks, Provenance, load};
use crate::runner::Options;

#[derive(Args, Debug)]
pub struct CodecOptions {
    /// Threads; the result is the same for any number [default: all cores]
    #[arg(long, short, value_name = "N", value_parser = parse_jobs)]
    jobs: Option<usize>,
    /// Replace an existing output file
    #[arg(long)]
    force: bool,
    /// Print the summary as JSON
    #[arg(long)]
    pub json: bool,
}

impl CodecOptions {
    /// The output file. It never replaces an input.
    pub fn output(&self, path: &Path, inputs: &[&PathBuf]) -> Output {
        let inputs: Vec<&Path> = inputs.iter().map(|path| path.as_path()).collect();
        Output::new(path).force(self.force).made_from(&inputs)
    }

    /// Runs the work on a file of `total` vectors, with progress on stderr, until it ends or Ctrl-C stops it. `memory`
    /// returns the number of bytes that the work needs for a number of threads.
    pub fn work<T>(
        &self,
        total: usize,
        memory: impl Fn(usize) -> usize,
        run: impl FnOnce(&Work) -> Result<T, CodecError>,
    ) -> Result<T, CliError> {
        let jobs = self.jobs.unwrap_or(Options::default().jobs);
        let threads = if jobs == 1 { "1 thread".into() } else { format!("{jobs} threads") };
        note(&format!("{total} vectors on {threads}: about {} MB of memory", memory(jobs).div_ceil(1_000_000)));
        let stop: Arc<AtomicBool> =
            stop_flag("stopping; nothing will be written. Press Ctrl-C again to abort at once")?;
        let meter = Meter::new(total);
        let work = Work { jobs, stop: &stop, progress: &|done| meter.show(done) };
        let result = run(&work);
        meter.end();
        result.map_err(failed)
    }
}

/// # Errors
/// [`CliError::Usage`]: the file does not exist, or it holds no codebooks.
pub fn load_codebooks(path: &Path) -> Result<(Codebooks, Provenance), CliError> {
    load(path).map_err(|error| wrong_file(path, &error, "codebooks"))
}

/// An error about a file. If the file holds another kind of data than `wanted` ([`crate::inspect::Inspected::kind`]),
/// the message names the command that takes it.
pub fn wrong_file(path: &Path, error: &dyn std::fmt::Display, wanted: &str) -> CliError {
    // A large file would have to be read completely.
    let is_small = path.metadata().is_ok_and(|data| data.is_file() && data.len() <= 1 << 28);
    let is_spec = path.extension().is_some_and(|ending| ending == "toml");
    let kind = if is_small && !is_spec { inspect(path).ok().map(|found| found.kind) } else { None };
    let taken_by = match kind {
        _ if is_spec => Some(("an experiment file", "run")),
        Some("codebooks") => Some(("a codebook file", "encode, decode and search")),
        Some("speech codec") => Some(("a speech codec", "speech encode and speech decode")),
        Some("coded speech") => Some(("coded speech", "speech decode")),
        Some("codes") => Some(("a file of codes", "decode and search")),
        Some("vectors") => Some(("a file of vectors", "fit, encode and recommend")),
        Some("results") => Some(("a Results file", "compare")),
        Some("provenance") => Some(("a provenance file", "run --adopt")),
        Some("record") => Some(("a record", "figures --log")),
        _ => None,
    };
    match taken_by.filter(|_| kind != Some(wanted)) {
        Some((what, command)) => {
            CliError::Usage(format!("{error}\nhint: {} is {what}, which `vqlab {command}` takes", path.display()))
        }
        None => refused(error),
    }
}

/// Opens a file of vectors, and prints a note about skipped parts.
///
/// # Errors
/// [`CliError::Usage`]: the file does not exist, or it holds no vectors.
pub fn open_vectors(path: &Path) -> Result<VectorFile, CliError> {
    let file = VectorFile::open(path).map_err(|error| wrong_file(path, &error, "vectors"))?;
    tell(&file);
    Ok(file)
}

/// Prints a note about the skipped parts of a file of vectors.
pub fn tell(file: &VectorFile) {
    file.note().iter().for_each(|text| warn(text));
}

/// An error that was found before any work started.
pub fn refused(error: impl std::fmt::Display) -> CliError {
    CliError::Usage(error.to_string())
}

/// Prints the name of the finished output.
pub fn wrote(path: &Path) {
    note(&format!("wrote {}", path.display()));
}
