//! Quantizers trained by expectation maximisation, the classic way: codes and codebooks are improved in turn. What the
//! stochastically trained ones of [`crate::training`] are compared with.
//!
//! | method | trainer | source |
//! |---|---|---|
//! | PVQ | [`kmeans`] on each sub-vector | Jégou, Douze, Schmid, PAMI 2011 |
//! | RVQ | [`kmeans`] stage after stage on the remainders | Juang, Gray 1982; Chen, Guan, Wang 2010 |
//! | AVQ | beam search, and all codebooks together by least squares | Babenko, Lempitsky, CVPR 2014 |
//! | OPQ | product quantization and the rotation before it in turn | Ge, He, Ke, Sun, CVPR 2013 |
//! | LSQ | as AVQ, by local search with stochastic relaxation | Martinez, Zakhmi, Hoos, Little, ECCV 2018 |
//!
//! ```
//! use vqlab::baseline::{self, Settings};
//! use vqlab::quantizer::{Method, assigner, encode};
//!
//! let vectors: Vec<f32> = (0..400).map(|i| (i * i % 97) as f32).collect();
//! let settings = Settings::new(Method::Opq, 2, 8);
//! let books = baseline::train(&settings, &vectors, 4, "an example", &mut |_done| true)?;
//! let codes = encode(&books, assigner(Method::Opq, None).as_mut(), &vectors)?;
//! assert_eq!(codes.len(), 100 * 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod additive;
mod error;
mod kmeans;
mod least_squares;
mod lsq;
mod opq;
mod progress;
mod seeding;
mod stagewise;
mod sums;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use kmeans::{Points, kmeans};
pub use progress::Progress;
pub(crate) use seeding::random_rows;
pub(crate) use stagewise::stage_by_stage;

use crate::data::stream::stream;
use crate::quantizer::kernels::squared_length;
use crate::quantizer::{Codebooks, Method};

/// What is trained, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub method: Method,
    /// M.
    pub stages: usize,
    /// K.
    pub size: usize,
    /// Times that codes and codebooks are improved: of each k-means (PVQ, RVQ), or of all together.
    pub iterations: usize,
    /// AVQ's beam in training.
    pub beam_width: usize,
}

impl Settings {
    /// Settings with the defaults of the method.
    pub fn new(method: Method, stages: usize, size: usize) -> Self {
        let iterations = match method {
            Method::Pvq | Method::Rvq => kmeans::ITERATIONS,
            Method::Avq => additive::ITERATIONS,
            Method::Opq => opq::ITERATIONS,
            Method::Lsq => lsq::ITERATIONS,
        };
        Self { method, stages, size, iterations, beam_width: additive::BEAM_WIDTH }
    }
}

/// Codebooks for `vectors` (n × D, all held in memory). `name` names the random stream: the same name, settings and vectors
/// give the same codebooks. `go_on` is told the share of the work that is done, several times a second, and ends it by
/// false. Runs on the calling thread alone.
///
/// Fewer (distinct) vectors than codewords are no error: some codewords are then never used.
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
    train_until(settings, vectors, dimension, name, &mut Progress::new(go_on))
}

/// As [`train`], in a part of a greater work, or with a deadline ([`Progress::until`]) by which it is about done, if need be
/// with fewer iterations: then the codebooks hang on the machine.
///
/// # Errors
/// [`Error`].
pub fn train_until(
    settings: &Settings,
    vectors: &[f32],
    dimension: usize,
    name: &str,
    progress: &mut Progress,
) -> Result<Codebooks, Error> {
    let books = Codebooks::zeros(settings.method, dimension, settings.stages, settings.size)?;
    check(vectors, dimension)?;
    let mut rng = stream(&format!("{name}/baseline"));
    let trained = match settings.method {
        Method::Pvq | Method::Rvq => stagewise::train(books, vectors, settings.iterations, &mut rng, progress)?,
        Method::Avq => additive::train(settings, vectors, dimension, &mut rng, progress)?,
        Method::Opq => opq::train(books, vectors, settings.iterations, &mut rng, progress)?,
        Method::Lsq => lsq::train(settings, vectors, dimension, &mut rng, progress)?,
    };
    progress.done(1.0)?;
    Ok(trained)
}

/// Refuses vectors that can't be trained on.
fn check(vectors: &[f32], dimension: usize) -> Result<(), Error> {
    if !vectors.len().is_multiple_of(dimension) {
        return Err(Error::Rows { values: vectors.len(), dimension });
    }
    if vectors.is_empty() {
        return Err(Error::NoVectors);
    }
    if let Some(at) = vectors.iter().position(|v| !v.is_finite()) {
        let (row, column) = (at / dimension, at % dimension);
        return Err(Error::NotFinite { row, column, value: vectors[at] });
    }
    let too_long = |x: &[f32]| squared_length(x) > Error::LARGEST;
    match vectors.chunks_exact(dimension).position(too_long) {
        Some(row) => Err(Error::TooLarge { row }),
        None => Ok(()),
    }
}
