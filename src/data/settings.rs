//! The settings of toy vectors, as plain data.

use serde::{Deserialize, Serialize};

/// The distribution of toy vectors (PAPER, toy experiment). All distributions have mean zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distribution {
    /// Independent continuous uniform coordinates.
    Uniform,
    /// Independent integers −h..h, h(h+1)/3 = variance.
    UniformIntegers,
    Normal,
    Laplace,
    /// Gaussian first-order autoregression along the coordinates; `correlation` is its coefficient.
    Ar1,
    /// x = A z: `rank` unit-variance uniform sources through one fixed normal matrix A, D × rank.
    LowRankMixture,
    /// x = A B u: D uniform sources squeezed through `rank` dimensions by two fixed normal matrices.
    ChainedMaps,
}

/// The number of training vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vectors {
    /// A fixed set of this many vectors. It is passed over as often as the updates need, in a new order each time.
    Fixed(u64),
    /// New vectors in every batch.
    Stream,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ToyData {
    pub distribution: Distribution,
    /// D.
    pub dimension: usize,
    /// Only for the low-rank distributions.
    pub rank: Option<usize>,
    /// Only for [`Distribution::Ar1`].
    pub correlation: Option<f64>,
    /// Variance per coordinate (for the low-rank distributions, the mean over coordinates).
    pub variance: f64,
    pub vectors: Vectors,
    /// Seed of the mixing matrices of the low-rank distributions. The vectors depend on the cell's seed.
    pub mixing_seed: Option<u64>,
}
