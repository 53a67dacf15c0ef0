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
mod registry;
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
pub use registry::{Definition, RegisterError, Registered, Train, TrainRequest, register, register_without_nsvq};
pub use released::{RELEASED_LIMIT, Released};
pub use replacement::BatchUsage;
pub(crate) use rotation::multiply;
pub use rotation::{Rotated, Rotation, RotationError};
pub use settings::{BEAM_WIDTH, Init, Method, QuantizerSettings, Search};
#[cfg(feature = "candle")]
pub use substitution::{Substitute, substitute};

/// The assignment of a method, for codebooks of any offset and scale ([`Conditioned`]). `beam` = (search, beam width)
/// applies to AVQ; the default is ([`Search::Beam`], 16).
pub fn assigner(method: Method, beam: Option<(Search, usize)>) -> Box<dyn Assign> {
    match method {
        // A registered method is not wrapped: it defines the meaning of its codewords.
        Method::Registered(method) => (method.assign)(),
        Method::Avq if beam.is_none_or(|(search, _)| search == Search::Beam) => {
            Box::new(Conditioned::always(plain_assigner(method, beam)))
        }
        _ => Box::new(Conditioned::new(plain_assigner(method, beam))),
    }
}

/// As [`assigner`], for codebooks near the origin.
fn plain_assigner(method: Method, beam: Option<(Search, usize)>) -> Box<dyn Assign> {
    match (method, beam.unwrap_or((Search::Beam, 16))) {
        (Method::Pvq | Method::Rvq, _) => Box::new(Greedy::default()),
        (Method::Opq, _) => Box::new(Rotated(Box::new(Greedy::default()))),
        (Method::Avq, (Search::Ordered, width)) => Box::new(Additive::in_order(width)),
        (Method::Lsq, _) => Box::new(LocalSearch::default()),
        (Method::Registered(method), _) => (method.assign)(),
        (Method::Avq, (Search::Beam, 1)) => Box::new(FreeOrder::default()),
        (Method::Avq, (Search::Beam, width)) => Box::new(Additive::new(width)),
        (Method::Avq, (Search::Released, width)) => Box::new(Released::new(width)),
    }
}

/// As [`assigner`], for codebooks that change after every `batch` vectors: it omits preparations that pay off only over
/// many vectors. The codes are the same for codebooks near the origin; a training centers its vectors instead.
pub fn training_assigner(method: Method, beam: Option<(Search, usize)>, batch: usize) -> Box<dyn Assign> {
    match (method, beam.unwrap_or((Search::Beam, 16))) {
        (Method::Avq, (Search::Beam, width)) if width > 1 => Box::new(Additive::new(width).for_training(batch)),
        (Method::Avq, (Search::Ordered, width)) => Box::new(Additive::in_order(width).for_training(batch)),
        _ => plain_assigner(method, beam),
    }
}
