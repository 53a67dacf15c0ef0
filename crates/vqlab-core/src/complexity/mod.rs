//! Operation counts of encoding one vector, in weighted million operations (WMOPS) with the weights of ITU-T G.191:
//! addition, multiplication and move 1, branch 4 in single precision; 2, 2, 2 and 4 in double precision.
//!
//! Notation: dimension D, M stages, K codewords a stage, AVQ's beam width W. Parts:
//!
//! - dist(n, d, t): t·n·(2d − 1) additions and t·n·d multiplications, the distances of t vectors to n codewords;
//! - argmin(n): n − 1 additions (comparisons) and n − 1 moves;
//! - sort(n, s, t) = t · Σ_{j<s} argmin(n − j), the s smallest of n by repeated selection, t times.
//!
//! **[`Model::Published`]**, the model behind Figures 4c and 6b:
//!
//! - AVQ: dist(MK, D, 1) + sort(MK, W, 1) + W moves; for i = 1..M−1: i·W·D moves and additions, C(M, i) − 1 branches,
//!   dist((M−i)K, D, W), sort((M−i)K, W, W), W² + W²D moves, W²·i·D + W²(2D − 1) additions, W²(D + 1)
//!   multiplications, then argmin(W²) if i = M−1, else sort(W², W, 1) + W moves.
//! - RVQ: for i = 1..M−1: dist(K, D, 1) + argmin(K) + D moves, and D additions if i < M−1; then (M−1)·D additions.
//! - PVQ: D moves; for i = 1..M−1: dist(K, D/M, 1) + argmin(K) + D/M moves; then D moves.
//!
//! RVQ's and PVQ's loops are one stage short. This is a defect of the authors' calculator, and their numbers contain
//! it. Where W is larger than the number of remaining codewords, sort counts selections from an empty list as negative.
//! The published AVQ at 12 bits (W = 16, K = 8) contains this, too.
//!
//! **[`Model::Corrected`]**: RVQ and PVQ with i = 1..M (the last D additions of RVQ's residual are still omitted).
//! AVQ's loop was complete: its count is the published one.
//!
//! **[`Model::Lookup`]**: AVQ and RVQ with the Gram matrix G = C·Cᵀ and the squared norms of all codewords precomputed
//! (once per codebook, (MK)² values, not counted here). With s_c = ‖c‖² − 2x·c, a tuple's squared distance to x, minus
//! ‖x‖², is Σ s_c + 2 Σ G over its pairs. The search therefore forms no residual and needs no further product of length
//! D.
//!
//! - Scores: MK·D multiplications and MK·D additions (D − 1 for the product, 1 for the norm; the factors 2 lie in the
//!   tables).
//! - keep(n, W), the W best of n by a scan against the worst one kept: n additions (comparisons), and, for candidates
//!   in random order, I = ⌈W·(1 + H(n) − H(W))⌉ insertions (all n, if n ≤ W; H: harmonic numbers), each with W branches
//!   (is that set of codewords there already: removes the permutations), W additions and W moves (its place in the
//!   order; an upper bound).
//! - AVQ: scores + keep(MK, W); for i = 1..M−1: M·W branches (codebook used already?), (M−i)·K·W·i additions (i Gram
//!   entries a candidate), W additions (the threshold less the parent's error), keep((M−i)·K·W, W′) with W′ = 1 for
//!   i = M−1, else W, and W′·(i + 1) moves (the tuples kept).
//! - RVQ: scores; for i = 1..M: K·(i − 1) additions + argmin(K); then (M−1)·D additions.
//! - PVQ: as corrected; its products are short already.
//!
//! LSQ has no published count. The other two models count it by look-up: scores; then for the start and each of its
//! rounds at most 4 sweeps of M choices (K·(M − 1) additions of Gram entries + argmin(K)), and for the resulting tuple
//! M(M − 1)/2 + M + 1 additions, M moves and a branch. Sweeps that end early make this an upper bound.
//!
//! OPQ is PVQ after a rotation, in each model: it adds D² multiplications, D(D − 1) additions and D moves.
//!
//! A run that counts its operations (`instrumented.rs`, a test) performs exactly the counted operations of RVQ, and 80
//! to 98 % of those of AVQ, because insertions are bounded from above. The count describes the method, not a program.
//! This project's kernel keeps the sums of Gram entries, which replaces the i additions by one addition and one move,
//! and it skips blocks of candidates whose least error is too large.
//!
//! ```
//! use vqlab_core::complexity::{Model, Precision, count};
//! use vqlab_core::quantizer::Method;
//!
//! // D = 64, M = 4, K = 256: AVQ with a beam of 16, and RVQ.
//! let avq = count(Method::Avq, 64, 4, 256, Some(16), Model::Corrected)?;
//! let rvq = count(Method::Rvq, 64, 4, 256, None, Model::Corrected)?;
//! assert!(avq.wmops(Precision::Single) > 10.0 * rvq.wmops(Precision::Single));
//! assert_eq!(rvq.multiplications, 4 * 256 * 64);
//! # Ok::<(), vqlab_core::complexity::ComplexityError>(())
//! ```

mod count;
#[cfg(test)]
mod instrumented;

use crate::quantizer::Method;

pub use count::count;
pub(crate) use count::{avq, lsq, opq, pvq, rvq};

/// The counted operations; the text of the module has the formulas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Model {
    /// As published.
    Published,
    /// With all stages.
    Corrected,
    /// With Gram-matrix look-up.
    Lookup,
}

impl Model {
    pub const ALL: [Model; 3] = [Model::Published, Model::Corrected, Model::Lookup];

    /// `published`, `corrected`, `lookup`.
    pub fn name(self) -> &'static str {
        match self {
            Model::Published => "published",
            Model::Corrected => "corrected",
            Model::Lookup => "lookup",
        }
    }
}

/// What is counted, for the function of a method ([`crate::quantizer::Definition::operations`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub method: Method,
    /// D.
    pub dimension: usize,
    /// M.
    pub stages: usize,
    /// K.
    pub size: usize,
    /// Given if and only if the method has a beam.
    pub beam: Option<usize>,
    pub model: Model,
}

impl Shape {
    /// D, M, K.
    fn numbers(&self) -> [i128; 3] {
        [self.dimension, self.stages, self.size].map(|n| n as i128)
    }
}

/// The arithmetic, which sets the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    Single,
    Double,
}

impl Precision {
    /// Weights of addition, multiplication, move and branch (ITU-T G.191).
    fn weights(self) -> [u128; 4] {
        match self {
            Precision::Single => [1, 1, 1, 4],
            Precision::Double => [2, 2, 2, 4],
        }
    }
}

/// Operations for encoding one vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operations {
    pub additions: u128,
    pub multiplications: u128,
    pub moves: u128,
    pub branches: u128,
}

impl Operations {
    /// The weighted sum in millions.
    pub fn wmops(&self, precision: Precision) -> f64 {
        let counts = [self.additions, self.multiplications, self.moves, self.branches];
        let weighted: u128 = counts.iter().zip(precision.weights()).map(|(n, weight)| n * weight).sum();
        weighted as f64 / 1e6
    }

    /// All operations, unweighted.
    pub fn total(&self) -> u128 {
        self.additions + self.multiplications + self.moves + self.branches
    }

    /// log10 of [`Operations::wmops`], as the figures plot it.
    pub fn log10_wmops(&self, precision: Precision) -> f64 {
        self.wmops(precision).log10()
    }
}

/// Why a shape has no operation count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComplexityError {
    #[error("there is no published operation count of {method}; take the corrected one (model \"corrected\")")]
    NotCounted { method: &'static str },
    #[error("{name} is {value}; it must be between 1 and {largest}")]
    OutOfRange { name: &'static str, value: usize, largest: usize },
    #[error("PVQ and OPQ split the {dim} dimensions into {stages} equal parts; {dim} is not divisible by {stages}")]
    Indivisible { dim: usize, stages: usize },
    #[error("AVQ needs a beam width (--beam): the published figures have 16 (4c) and min(K, 64) (6b)")]
    NoBeam,
    #[error("{method} has no beam; leave the beam width out")]
    NeedlessBeam { method: &'static str },
    #[error("beam width {beam} is wider than all {codewords} codewords (stages × codebook size)")]
    BeamTooWide { beam: usize, codewords: usize },
    #[error("the published model omits one stage, so it counts no distance for one stage; take the corrected one")]
    NothingCounted,
    #[error(
        "the {model} model counts a negative number of operations with beam width {beam} over codebooks of {size}; take a narrower beam"
    )]
    Negative { model: &'static str, beam: usize, size: usize },
}
