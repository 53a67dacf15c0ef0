//! A cell is one point of a sweep with one seed: the unit of parallel work, of resume and of provenance.
//! It holds every setting that influences its numbers, spelled out and normalised (a PVQ cell has no beam), so that
//! equal work has an equal key, whichever spec asked for it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Raised whenever the same settings would give other numbers than before.
pub const CELL_FORMAT: u32 = 1;

/// A VQ method: additive, residual or product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    Avq,
    Rvq,
    Pvq,
}

impl Method {
    pub const ALL: [Method; 3] = [Method::Avq, Method::Rvq, Method::Pvq];

    /// The name used in Results files and figures: `AVQ`, `RVQ`, `PVQ`.
    pub fn label(self) -> &'static str {
        match self {
            Method::Avq => "AVQ",
            Method::Rvq => "RVQ",
            Method::Pvq => "PVQ",
        }
    }
}

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
    /// Seed of the mixing matrices of the low-rank laws; the vectors hang on the cell's seed.
    pub mixing_seed: Option<u64>,
}

/// Which beam search AVQ uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Search {
    /// True remainder, permutations of one set of codewords kept once.
    Beam,
    /// As the authors' released code: remainder x − i·c_i, permutations kept, full beams topped up from used codebooks.
    Released,
}

/// Where the codebooks start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Init {
    /// Uniform(−1/K, 1/K), the paper's.
    Uniform,
    /// N(0, 1/K²).
    Normal,
    /// Random training vectors (their remainders, for RVQ and AVQ).
    Data,
    /// k-means stage by stage on a sample.
    Kmeans,
    /// A PVQ trained first for `init-updates` updates (a PVQ is a special RVQ and AVQ).
    Pvq,
    /// An RVQ trained first for `init-updates` updates.
    Rvq,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct QuantizerSettings {
    pub method: Method,
    /// M.
    pub stages: usize,
    /// b; K = 2^b codewords a stage.
    pub bits_per_stage: u32,
    /// Beam width at evaluation; AVQ only, as the next two.
    pub beam_width: Option<usize>,
    pub training_beam_width: Option<usize>,
    pub search: Option<Search>,
    pub init: Init,
    /// Updates of the warm start; only for `init` = pvq or rvq.
    pub init_updates: Option<u64>,
}

impl QuantizerSettings {
    /// K, the number of codewords a stage.
    pub fn codebook_size(&self) -> usize {
        1 << self.bits_per_stage
    }

    /// B = M·b, the bits of one code.
    pub fn total_bits(&self) -> u32 {
        self.stages as u32 * self.bits_per_stage
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// torch.optim.Adam with weight decay 0.
    Adam { beta1: f64, beta2: f64, epsilon: f64 },
    /// torch.optim.SGD with momentum, no dampening.
    Sgd { momentum: f64 },
}

/// The learning rate over the updates, as torch.optim.lr_scheduler defines it, stepped once per update.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    Constant,
    /// CosineAnnealingLR down to `final_rate` at the last update.
    Cosine {
        final_rate: f64,
    },
    /// ExponentialLR, reaching `final_rate` at the last update.
    Exponential {
        final_rate: f64,
    },
    /// StepLR: multiplied by `factor` every `every` updates.
    Step {
        every: u64,
        factor: f64,
    },
}

/// Codebook replacement (PAPER, "Codebook replacement").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Replacement {
    /// Every so many updates.
    pub every: u64,
    /// A codeword is unused when it was chosen in a smaller share of the batches than this.
    pub threshold: f64,
    /// None in the last so many updates.
    pub stop_before_end: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TrainingSettings {
    pub optimizer: Optimizer,
    pub learning_rate: f64,
    pub schedule: Schedule,
    pub batch_size: usize,
    pub updates: u64,
    /// A log point every so many updates.
    pub log_every: u64,
    pub replacement: Option<Replacement>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct EvaluationSettings {
    /// Fresh vectors, beside the whole training set.
    pub vectors: u64,
    /// So many training vectors are also encoded with the other AVQ search, on the same codebooks; 0 = none.
    pub other_search_vectors: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ToySettings {
    pub data: ToyData,
    pub quantizer: QuantizerSettings,
    pub training: TrainingSettings,
    pub evaluation: EvaluationSettings,
}

/// Operation counts need no training: only the shape of the quantizer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ComplexitySettings {
    pub method: Method,
    pub dimension: usize,
    pub stages: usize,
    pub bits_per_stage: u32,
    /// AVQ only.
    pub beam_width: Option<usize>,
}

/// What a cell computes, by task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "kebab-case")]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all cells are toy cells, and a plan holds thousands, not millions"
)]
#[allow(clippy::large_enum_variant, reason = "there are few cells, and they are short-lived")]
pub enum CellSettings {
    Toy(ToySettings),
    Complexity(ComplexitySettings),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub settings: CellSettings,
    pub seed: u64,
}

impl Cell {
    /// SHA-256 of the canonical JSON of format version, settings and seed, as 64 hexadecimal digits.
    pub fn key(&self) -> String {
        let canonical = serde_json::json!({ "format": CELL_FORMAT, "settings": self.settings, "seed": self.seed });
        Sha256::digest(canonical.to_string()).iter().map(|b| format!("{b:02x}")).collect()
    }

    pub fn method(&self) -> Method {
        match &self.settings {
            CellSettings::Toy(s) => s.quantizer.method,
            CellSettings::Complexity(s) => s.method,
        }
    }

    /// B, the bits of one code.
    pub fn total_bits(&self) -> u32 {
        match &self.settings {
            CellSettings::Toy(s) => s.quantizer.total_bits(),
            CellSettings::Complexity(s) => s.stages as u32 * s.bits_per_stage,
        }
    }

    /// A readable name for messages and logs; the key is the identity.
    pub fn label(&self) -> String {
        format!("{} {} bits seed {} ({})", self.method().label(), self.total_bits(), self.seed, &self.key()[..8])
    }
}
