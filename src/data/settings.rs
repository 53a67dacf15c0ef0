//! What toy vectors are drawn from, as plain data.

use serde::{Deserialize, Serialize};

/// The law that toy vectors are drawn from (PAPER, toy experiment). All have mean zero.
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

/// How many training vectors there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vectors {
    /// A fixed set of so many vectors, passed over as often as the updates need, in a new order each time.
    Fixed(u64),
    /// Every batch is new.
    Stream,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ToyData {
    pub distribution: Distribution,
    /// D.
    pub dimension: usize,
    /// Only for the low-rank laws.
    pub rank: Option<usize>,
    /// Only for [`Distribution::Ar1`].
    pub correlation: Option<f64>,
    /// Variance per coordinate (for the low-rank laws the mean over coordinates).
    pub variance: f64,
    pub vectors: Vectors,
    /// Seed of the mixing matrices of the low-rank laws; the vectors depend on the cell's seed.
    pub mixing_seed: Option<u64>,
}
