//! Quantizers trained by k-means and alternating optimization, the classic way: codes and codebooks are improved in
//! turn. They are the baselines of the stochastically trained quantizers of [`crate::training`].
//!
//! | method | trainer | source |
//! |---|---|---|
//! | PVQ | [`kmeans`] on each sub-vector | Jégou, Douze, Schmid, PAMI 2011 |
//! | RVQ | [`kmeans`] stage after stage on the residuals | Juang, Gray 1982; Chen, Guan, Wang 2010 |
//! | AVQ | beam search, and all codebooks together by least squares | Babenko, Lempitsky, CVPR 2014 |
//! | OPQ | product quantization and its rotation in turn | Ge, He, Ke, Sun, CVPR 2013 |
//! | LSQ | as AVQ, by local search with stochastic relaxation | Martinez, Zakhmi, Hoos, Little, ECCV 2018 |
//!
//! ```
//! use vqlab_core::baseline::{self, Settings};
//! use vqlab_core::quantizer::{Method, assigner, encode};
//!
//! let vectors: Vec<f32> = (0..400).map(|i| (i * i % 97) as f32).collect();
//! let settings = Settings::new(Method::Opq, 2, 8);
//! let books = baseline::train(&settings, &vectors, 4, "an example", &mut |_done| true)?;
//! let codes = encode(&books, assigner(Method::Opq, None).as_mut(), &vectors)?;
//! assert_eq!(codes.len(), 100 * 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod additive;
mod axes;
mod error;
mod kmeans;
mod least_squares;
pub(crate) mod lsq;
pub(crate) mod memory;
pub(crate) mod opq;
mod progress;
mod scaling;
mod seeding;
pub(crate) mod stagewise;
mod sums;
mod team;
#[cfg(test)]
mod tests;
mod watch;

pub(crate) use axes::{Axes, mean};
pub use error::Error;
pub(crate) use error::less;
pub use kmeans::{ITERATIONS, Points, kmeans};
pub use memory::memory;
pub use progress::Progress;
pub use scaling::Scaling;
pub(crate) use seeding::random_rows;
pub(crate) use stagewise::stage_by_stage;
pub use watch::Watch;
pub(crate) use watch::{Kept, has_converged};

use crate::number::not_finite;
use crate::quantizer::{BEAM_WIDTH, Codebooks, Method, TrainRequest};

/// The method, its shape, and the length of the training.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub method: Method,
    /// M.
    pub stages: usize,
    /// K.
    pub size: usize,
    /// Iterations over codes and codebooks: of each k-means (PVQ, RVQ), or of all codebooks together.
    pub iterations: usize,
    /// AVQ's beam width in training.
    pub beam_width: usize,
}

impl Settings {
    /// Settings with the defaults of the method.
    pub fn new(method: Method, stages: usize, size: usize) -> Self {
        let iterations = method.definition().iterations;
        Self { method, stages, size, iterations, beam_width: BEAM_WIDTH }
    }
}

/// Codebooks for `vectors` (n × D, all held in memory). `name` names the random stream: the same name, settings and
/// vectors give the same codebooks. `go_on` is called several times a second with the share of the work that is done;
/// where it returns false, the training stops. Runs on the threads of the current rayon pool; their number changes only
/// the time.
///
/// Vectors far from the origin compared with their spread, or of an extreme scale, are centered and scaled for the
/// training. The codebooks are for the original vectors.
///
/// Fewer (distinct) vectors than codewords are not an error: some codewords are then never used.
///
/// # Errors
/// [`Error`].
pub fn train(
    settings: &Settings,
    vectors: &[f32],
    dimension: usize,
    name: &str,
    go_on: &mut dyn FnMut(f64) -> bool,
) -> Result<Codebooks, Error> {
    train_watched(settings, vectors, dimension, name, &mut Progress::new(go_on), &mut Watch::default())
}

/// As [`train`], as part of a larger work. With a deadline ([`Progress::until`]), the training is done at about that
/// time, with fewer iterations if necessary; the codebooks then depend on the machine. With validation vectors
/// ([`Watch`]), it ends when their error no longer falls, and returns the codebooks (PVQ, RVQ: of each stage) with the
/// lowest validation error.
///
/// # Errors
/// [`Error`].
pub fn train_watched(
    settings: &Settings,
    vectors: &[f32],
    dimension: usize,
    name: &str,
    progress: &mut Progress,
    watch: &mut Watch,
) -> Result<Codebooks, Error> {
    Codebooks::check(settings.method, dimension, settings.stages, settings.size)?;
    check(vectors, dimension)?;
    let needed = memory(settings, vectors.len() / dimension, dimension);
    if let Err(shortage) = crate::memory::check(needed, crate::memory::available()) {
        return Err(Error::Memory { settings: settings.clone(), dimension, shortage });
    }
    let scaling = Scaling::if_needed(vectors, dimension)?.filter(|_| settings.method.is_linear());
    let Some(scaling) = scaling else {
        return train_checked(settings, (vectors, dimension), name, progress, watch);
    };
    watch.forget_books();
    watch.scale(|validation| scaling.apply(validation), 1.0);
    let trained = train_checked(settings, (&scaling.apply(vectors), dimension), name, progress, watch)?;
    watch.forget_books();
    watch.scale(<[f32]>::to_vec, f64::from(scaling.scale).powi(2));
    Ok(scaling.undo(trained))
}

/// Trains codebooks on vectors near the origin.
fn train_checked(
    settings: &Settings,
    (vectors, dimension): (&[f32], usize),
    name: &str,
    progress: &mut Progress,
    watch: &mut Watch,
) -> Result<Codebooks, Error> {
    let label = settings.method.label();
    let train = settings.method.definition().train.ok_or(Error::NoTrainer { label })?;
    let Settings { method, stages, size, iterations, beam_width } = *settings;
    let request = TrainRequest { method, vectors, dimension, stages, size, iterations, beam_width, name };
    let books = train(&request, progress, watch)?;
    progress.done(1.0)?;
    let shape = (books.method(), books.dimension(), books.stages(), books.size());
    if shape != (method, dimension, stages, size) {
        return Err(request.error("the trainer returned codebooks of another method or shape"));
    }
    Ok(books)
}

/// Rejects vectors that can't be trained on.
fn check(vectors: &[f32], dimension: usize) -> Result<(), Error> {
    if !vectors.len().is_multiple_of(dimension) {
        return Err(Error::Rows { values: vectors.len(), dimension });
    }
    if vectors.is_empty() {
        return Err(Error::NoVectors);
    }
    match not_finite(vectors, dimension) {
        Some((row, column, value)) => Err(Error::NotFinite { row, column, value }),
        None => Ok(()),
    }
}
