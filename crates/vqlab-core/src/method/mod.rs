//! The methods: each is one [`Definition`] (names, encoder, trainer, operation count, cost, style in figures), in a file
//! of its own. [`register`] adds a method from outside of the crate, by the same definition. A [`Method`] is the handle
//! that settings and files carry.
//!
//! This is the one place that names methods together with their properties. Other modules ask for a property
//! ([`Method::is_product`], [`Method::has_beam`], ...), not for a name.

mod avq;
mod definition;
mod lsq;
mod opq;
mod pvq;
mod registry;
mod rvq;

use serde::{Deserialize, Serialize};

pub use definition::{Cost, Definition, Encoder, Kmeans, LineStyle, Marker, Style, Train, TrainRequest};
pub use registry::{RegisterError, Registered, register};

use crate::quantizer::{MAX_BEAM, MOST_STAGES};

/// A VQ method: the paper's additive, residual and product VQ, two established methods beyond the paper, and users'
/// methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Method {
    Avq,
    Rvq,
    Pvq,
    /// Product VQ of rotated vectors (Ge, He, Ke, Sun, "Optimized Product Quantization", CVPR 2013).
    Opq,
    /// Additive VQ by local search (Martinez, Zakhmi, Hoos, Little, "LSQ++", ECCV 2018).
    Lsq,
    /// A method from outside the crate ([`register`]).
    Registered(Registered),
}

impl Method {
    /// The methods of the crate.
    pub const ALL: [Method; 5] = [Method::Avq, Method::Rvq, Method::Pvq, Method::Opq, Method::Lsq];
    /// The three methods that the paper compares.
    pub const PAPER: [Method; 3] = [Method::Avq, Method::Rvq, Method::Pvq];

    /// What the method is.
    pub fn definition(self) -> &'static Definition {
        match self {
            Method::Avq => &avq::AVQ,
            Method::Rvq => &rvq::RVQ,
            Method::Pvq => &pvq::PVQ,
            Method::Opq => &opq::OPQ,
            Method::Lsq => &lsq::LSQ,
            Method::Registered(method) => method.definition(),
        }
    }

    /// The name used in Results files and figures: `AVQ`, `RVQ`, `PVQ`.
    pub fn label(self) -> &'static str {
        self.definition().label
    }

    /// The name used in specs, on the command line and in files: the label in lower case.
    pub fn name(self) -> String {
        self.label().to_ascii_lowercase()
    }

    /// All known methods: those of the crate, then the registered ones.
    pub fn known() -> Vec<Method> {
        Method::ALL.into_iter().chain(registry::registered()).collect()
    }

    /// The names of all known methods.
    pub fn names() -> Vec<String> {
        Method::known().into_iter().map(Method::name).collect()
    }

    /// The method with this name or label.
    pub fn find(name: &str) -> Option<Method> {
        Method::known().into_iter().find(|method| method.label().eq_ignore_ascii_case(name))
    }

    /// Whether its encoder searches with a beam.
    pub fn has_beam(self) -> bool {
        self.definition().beam.is_some()
    }

    /// The beam width where none is given; 1 for methods without a beam.
    pub fn default_beam(self) -> usize {
        self.definition().beam.unwrap_or(1)
    }

    /// The widest beam of M × K codewords; 1 for methods without a beam.
    pub fn max_beam(self, stages: usize, size: usize) -> usize {
        if self.has_beam() { stages.saturating_mul(size).min(MAX_BEAM) } else { 1 }
    }

    /// Whether NSVQ trains it.
    pub fn has_nsvq(self) -> bool {
        self.definition().has_nsvq
    }

    /// The maximum number of codebooks (stages).
    pub fn most_stages(self) -> usize {
        self.definition().most_stages.clamp(1, MOST_STAGES)
    }

    /// Whether codewords are parts of the vector that are concatenated instead of added.
    pub fn is_product(self) -> bool {
        self.definition().is_product
    }

    /// Whether the codewords of all stages are chosen together.
    pub fn is_joint(self) -> bool {
        self.definition().is_joint
    }

    /// Whether the vector of a code is the sum of its codewords, or their concatenation, so that codebooks for centered
    /// and scaled vectors can be turned into codebooks for the vectors themselves.
    pub fn is_linear(self) -> bool {
        self.definition().is_linear
    }

    /// Whether vectors are rotated before they are quantized.
    pub fn has_rotation(self) -> bool {
        self.definition().has_rotation
    }

    /// The number of stored values: M × K codewords, and a rotation.
    pub fn parameters(self, dimension: usize, stages: usize, size: usize) -> usize {
        let width = if self.is_product() { dimension / stages.max(1) } else { dimension };
        stages * size * width + if self.has_rotation() { dimension * dimension } else { 0 }
    }

    /// Bytes of these values in float32.
    pub fn codebook_bytes(self, dimension: usize, stages: usize, size: usize) -> usize {
        self.parameters(dimension, stages, size) * size_of::<f32>()
    }
}

impl From<Method> for String {
    fn from(method: Method) -> Self {
        method.name()
    }
}

impl TryFrom<String> for Method {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Method::find(&name).ok_or_else(|| format!("unknown method {name:?}; known: {}", Method::names().join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A definition is right where the method does what it says.
    #[test]
    fn definitions_agree_with_the_codebooks_and_the_counts() {
        for method in Method::ALL {
            let definition = method.definition();
            assert_eq!(Method::find(definition.label), Some(method));
            let books = crate::quantizer::Codebooks::zeros(method, 8, 2, 4).unwrap();
            assert_eq!(books.width(), if method.is_product() { 4 } else { 8 }, "{method:?}");
            assert_eq!(books.with_rotation(turned(8)).is_ok(), method.has_rotation(), "{method:?}");
            let count = |beam| crate::complexity::count(method, 8, 2, 4, beam, crate::complexity::Model::Corrected);
            assert_eq!((count(None).is_ok(), count(Some(2)).is_ok()), (!method.has_beam(), method.has_beam()));
        }
    }

    /// The first two axes are exchanged.
    fn turned(dimension: usize) -> Vec<f32> {
        let mut matrix: Vec<f32> =
            (0..dimension * dimension).map(|i| f32::from(i / dimension == i % dimension)).collect();
        (matrix[0], matrix[1], matrix[dimension], matrix[dimension + 1]) = (0.0, 1.0, 1.0, 0.0);
        matrix
    }
}
