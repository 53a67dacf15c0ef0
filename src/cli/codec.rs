//! What `encode`, `decode` and `search` share: their options, and how codebooks are loaded and errors become exit statuses.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Args;

use super::meter::Meter;
use super::outcome::failed;
use super::run::parse_jobs;
use super::stop::stop_flag;
use super::{CliError, note};
use crate::codec::{CodecError, Work};
use crate::data::file::{Output, VectorFile};
use crate::quantizer::{Codebooks, Provenance, load};
use crate::runner::Options;

#[derive(Args, Debug)]
pub struct CodecOptions {
    /// Threads; all cores without. The result is the same for any number
    #[arg(long, short, value_name = "N", value_parser = parse_jobs)]
    jobs: Option<usize>,
    /// Replaces an output file that exists
    #[arg(long)]
    force: bool,
    /// Print the closing figures as JSON
    #[arg(long)]
    pub json: bool,
}

impl CodecOptions {
    /// Where the output goes; never over an input.
    pub fn output(&self, path: &Path, inputs: &[&PathBuf]) -> Output {
        let inputs: Vec<&Path> = inputs.iter().map(|path| path.as_path()).collect();
        Output::new(path).force(self.force).made_from(&inputs)
    }

    /// Runs the work on a file of `total` vectors, with progress on stderr, until it ends or Ctrl-C. `memory` gives the bytes
    /// that it takes on so many threads.
    pub fn work<T>(
        &self,
        total: usize,
        memory: impl Fn(usize) -> usize,
        run: impl FnOnce(&Work) -> Result<T, CodecError>,
    ) -> Result<T, CliError> {
        let jobs = self.jobs.unwrap_or(Options::default().jobs);
        let threads = if jobs == 1 { "1 thread".into() } else { format!("{jobs} threads") };
        note(&format!("{total} vectors on {threads}: about {} MB of memory", memory(jobs).div_ceil(1_000_000)));
        let stop: Arc<AtomicBool> = stop_flag("stopping; nothing will be written. Once more to abort at once")?;
        let meter = Meter::new(total);
        let work = Work { jobs, stop: &stop, progress: &|done| meter.show(done) };
        let result = run(&work);
        meter.end();
        result.map_err(failed)
    }
}

/// # Errors
/// Of use: there is no such file, or it holds no codebooks.
pub fn load_codebooks(path: &Path) -> Result<(Codebooks, Provenance), CliError> {
    load(path).map_err(refused)
}

/// Opens a file of vectors, and tells what was passed over in it.
///
/// # Errors
/// Of use: there is no such file, or it holds no vectors.
pub fn open_vectors(path: &Path) -> Result<VectorFile, CliError> {
    let file = VectorFile::open(path).map_err(refused)?;
    tell(&file);
    Ok(file)
}

/// Tells what was passed over in a file of vectors.
pub fn tell(file: &VectorFile) {
    file.note().iter().for_each(|text| note(text));
}

/// What was found wrong before any work.
pub fn refused(error: impl std::fmt::Display) -> CliError {
    CliError::Usage(error.to_string())
}

/// Names the finished output.
pub fn wrote(path: &Path) {
    note(&format!("wrote {}", path.display()));
}
