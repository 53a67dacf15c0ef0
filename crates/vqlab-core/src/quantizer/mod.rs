//! Vector quantizers: codebooks, the assignment of codewords (encoding), decoding, noise substitution for training
//! inside a network, codebook replacement, and the codebook file. The module works without the harness. A new method
//! implements [`Assign`]; [`register`] adds it to the program.
//!
//! ```
//! use vqlab_core::quantizer::{Codebooks, Method, assigner, encode};
//!
//! // Two codebooks of two codewords for vectors of two coordinates: M × K × D numbers.
//! let values = vec![0.0, 0.0, 4.0, 4.0, /* and */ 0.0, 0.0, 0.0, 1.0];
//! let books = Codebooks::new(Method::Rvq, 2, 2, 2, values)?;
//! let vectors = [4.0, 5.2, 0.1, -0.1];
//! let codes = encode(&books, assigner(Method::Rvq, None).as_mut(), &vectors)?;
//! assert_eq!(codes, [1, 1, 0, 0]);
//! let mut decoded = [0.0; 4];
//! books.decode(&codes, &mut decoded)?;
//! assert_eq!(decoded, [4.0, 5.0, 0.0, 0.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod additive;
mod assign;
mod beam;
mod byte_beam;
mod byte_bounds;
mod bytes;
pub(crate) mod centering;
pub mod checkpoint;
mod codebooks;
mod estimator;
mod flat;
mod free_order;
mod gram;
mod greedy;
pub mod kernels;
mod least;
mod local_search;
pub(crate) mod nearest;
#[cfg(feature = "candle")]
mod nsvq;
pub mod panels;
mod released;
mod replacement;
mod rotation;
mod settings;
#[cfg(feature = "candle")]
mod substitution;
#[cfg(test)]
mod tests;
pub mod tiles;

pub use additive::{Additive, GRAM_LIMIT};
pub use assign::{Assign, codes, encode, repeats_codebook};
pub use beam::MAX_BEAM;
pub use centering::Conditioned;
pub use checkpoint::{CheckpointError, Provenance, load, save, to_bytes};
pub use codebooks::{CodeError, Codebooks, MAX_STAGES, MOST_STAGES, ShapeError};
pub use estimator::{Estimator, Noise};
pub use free_order::FreeOrder;
pub use greedy::Greedy;
pub use local_search::LocalSearch;
#[cfg(feature = "candle")]
pub use nsvq::{Config, Quantizer};
pub use released::{RELEASED_LIMIT, Released};
pub use replacement::BatchUsage;
pub(crate) use rotation::multiply;
pub use rotation::{Rotated, Rotation, RotationError};
pub use settings::{BEAM_WIDTH, Init, QuantizerSettings, Search};
#[cfg(feature = "candle")]
pub use substitution::{Substitute, substitute};

pub use crate::method::{Definition, Encoder, Method, RegisterError, Registered, Train, TrainRequest, register};

/// Encodes vectors (n × D): the residuals x − q (n × D), and the choices of [`Assign::assign`]. The error of encoding is the sum
/// of their squares in f64 ([`kernels::squared_error`]). The toy and image tasks and the training sum squares of single
/// vectors in f32 instead, because committed numbers depend on it.
pub fn residuals(books: &Codebooks, assign: &mut dyn Assign, vectors: &[f32]) -> (Vec<f32>, Vec<u32>) {
    let mut residual = vectors.to_vec();
    let mut indices = vec![0; vectors.len() / books.dimension() * books.stages()];
    assign.prepare(books);
    assign.assign(books, &mut residual, &mut indices);
    (residual, indices)
}

/// The assignment of a method, for codebooks of any offset and scale ([`Conditioned`]; a registered method defines the
/// meaning of its codewords itself). `beam` = (search, beam width) applies to methods with a beam; the default is
/// ([`Search::Beam`], 16).
pub fn assigner(method: Method, beam: Option<(Search, usize)>) -> Box<dyn Assign> {
    (method.definition().assign)(&Encoder { beam, batch: None })
}

/// As [`assigner`], for codebooks that change after every `batch` vectors: it omits preparations that pay off only over
/// many vectors. The codes are the same for codebooks near the origin; a training centers its vectors instead.
pub fn training_assigner(method: Method, beam: Option<(Search, usize)>, batch: usize) -> Box<dyn Assign> {
    (method.definition().assign)(&Encoder { beam, batch: Some(batch) })
}
