//! A checkpoint is an unfinished training in a file. A killed training loses only the work after the last checkpoint. A
//! training that resumes is bit-identical to one that was never killed.
//!
//! The file is a codebook file that also contains the optimizer's moments and the rest of the state. A resumed training
//! draws the same vectors again from their streams, so the file stores only how many there were.

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use safetensors::tensor::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use super::progress::Progress;
use super::train::{Run, Setup};
use crate::data::folder::hex;
use crate::quantizer::checkpoint::{CheckpointError, Provenance, floats, parse, save_with};

/// The metadata key of the state, and the names of the moments.
const STATE: &str = "vqlab_training";
const MOMENTS: [&str; 2] = ["first_moments", "second_moments"];

/// At a stop or at the end, a file is written only where this much work would be lost.
const WORTH_A_FILE: Duration = Duration::from_secs(5);

/// The content of the file in addition to codebooks and moments.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct State {
    /// All settings on which the training depends.
    identity: String,
    /// The seed of the stream of replacement. It distinguishes a warm start from the training after it.
    stream: String,
    /// Position in that stream, in words of 32 bits.
    position: u64,
    /// Steps of the optimizer.
    steps: i32,
    progress: Progress,
    /// Vectors drawn so far, including warm starts.
    drawn: u64,
    /// Seconds of all attempts.
    seconds: f64,
}

/// A state with its tensors.
struct Saved {
    state: State,
    codebooks: Vec<f32>,
    moments: [Vec<f32>; 2],
}

/// Keeps one training, including its warm start, in one file.
pub struct Checkpoint {
    path: PathBuf,
    identity: String,
    every: Duration,
    /// The state of an earlier attempt, until the matching training takes it.
    found: RefCell<Option<Saved>>,
    drawn: Cell<u64>,
    /// Seconds of earlier attempts.
    earlier_seconds: f64,
    since: Instant,
    written: Cell<Instant>,
}

impl Checkpoint {
    /// A checkpoint at `path`, written at most once in `every`. `identity` contains everything on which the result
    /// depends: a file with another identity, or a damaged file, is ignored. With `anew`, no file is read.
    pub fn new(path: PathBuf, identity: String, every: Duration, anew: bool) -> Self {
        let found = if anew { None } else { read(&path).filter(|saved| saved.state.identity == identity) };
        let (drawn, earlier_seconds) =
            found.as_ref().map_or((0, 0.0), |saved| (saved.state.drawn, saved.state.seconds));
        let now = Instant::now();
        let (found, drawn) = (RefCell::new(found), Cell::new(drawn));
        Self { path, identity, every, found, drawn, earlier_seconds, since: now, written: Cell::new(now) }
    }

    /// Vectors drawn so far. At first these are the vectors of the earlier attempt, which must be skipped.
    pub fn drawn(&self) -> u64 {
        self.drawn.get()
    }

    /// Adds `vectors` to the vectors drawn.
    pub fn count(&self, vectors: usize) {
        self.drawn.set(self.drawn.get() + vectors as u64);
    }

    /// Whether an earlier attempt reached this training, past its warm start.
    pub fn holds(&self, setup: &Setup) -> bool {
        self.found.borrow().as_ref().is_some_and(|saved| saved.state.stream == stream_of(setup))
    }

    /// Seconds of the earlier attempts whose work counts.
    pub fn earlier_seconds(&self) -> f64 {
        self.earlier_seconds
    }

    /// Sets a training to the state of the earlier attempt, if there is one that fits.
    pub(super) fn resume(&self, run: &mut Run) {
        if self.holds(&run.setup)
            && let Some(saved) = self.found.take()
        {
            restore(run, saved);
        }
    }

    /// Writes the file when it is due. `ends` = the training stops or is done.
    ///
    /// # Errors
    /// The file can't be written.
    pub(super) fn keep(&self, run: &Run, ends: bool) -> Result<(), CheckpointError> {
        let unsaved = self.written.get().elapsed();
        if unsaved < self.every && !(ends && unsaved >= WORTH_A_FILE) {
            return Ok(());
        }
        self.write(run)?;
        self.written.set(Instant::now());
        Ok(())
    }

    fn write(&self, run: &Run) -> Result<(), CheckpointError> {
        let (moments, steps) = run.optimizer.moments();
        let position = run.setup.rng.get_word_pos();
        let state = State {
            identity: self.identity.clone(),
            stream: stream_of(&run.setup),
            position: u64::try_from(position).unwrap_or(u64::MAX),
            steps,
            progress: run.progress.clone(),
            drawn: self.drawn.get(),
            seconds: self.earlier_seconds + self.since.elapsed().as_secs_f64(),
        };
        let text = serde_json::to_string(&state)
            .map_err(|error| CheckpointError::Malformed(self.path.clone(), error.to_string()))?;
        let folder = crate::temporary::folder(&self.path);
        // Only the last folder is created: a results folder that was removed in the meantime is not created again.
        match std::fs::create_dir(folder) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => made.map_err(|error| CheckpointError::Io(folder.into(), error))?,
        }
        let provenance = Provenance {
            beam_width: run.setup.quantizer.beam(),
            trainer: "nsvq".into(),
            provenance: format!("an unfinished training, at update {}", run.done()),
        };
        let vectors = [(MOMENTS[0], moments[0]), (MOMENTS[1], moments[1])];
        save_with(&self.path, &run.codebooks, &provenance, &vectors, &[(STATE, text)])
    }
}

fn stream_of(setup: &Setup) -> String {
    hex(&setup.rng.get_seed())
}

/// None where the file is missing or not whole.
fn read(path: &Path) -> Option<Saved> {
    let bytes = std::fs::read(path).ok()?;
    let (books, _) = parse(&bytes).ok()?;
    let (_, header) = SafeTensors::read_metadata(&bytes).ok()?;
    let state: State = serde_json::from_str(header.metadata().as_ref()?.get(STATE)?).ok()?;
    let tensors = SafeTensors::deserialize(&bytes).ok()?;
    let moments = |name: &str| {
        let tensor = tensors.tensor(name).ok().filter(|tensor| tensor.dtype() == Dtype::F32)?;
        Some(floats(tensor.data()))
    };
    let moments = [moments(MOMENTS[0])?, moments(MOMENTS[1])?];
    Some(Saved { state, codebooks: books.values().to_vec(), moments })
}

/// Changes nothing where the shape is different.
fn restore(run: &mut Run, saved: Saved) {
    let Saved { state, codebooks, moments } = saved;
    let codewords = run.codebooks.stages() * run.codebooks.size();
    let fits =
        codebooks.len() == run.codebooks.values().len() && state.progress.fits(codewords, run.setup.training.updates);
    if fits && run.optimizer.restore(moments, state.steps) {
        run.codebooks.values_mut().copy_from_slice(&codebooks);
        run.setup.rng.set_word_pos(u128::from(state.position));
        run.progress = state.progress;
    }
}
