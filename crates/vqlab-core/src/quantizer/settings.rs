//! The settings of a quantizer as plain data: method, shape, encoder search and initialization.

use serde::{Deserialize, Serialize};

use super::codebooks::{MAX_STAGES, MOST_STAGES};
use super::registry::{Registered, registered};

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
    /// A method from outside the crate ([`super::register`]).
    Registered(Registered),
}

impl Method {
    /// The methods of the crate.
    pub const ALL: [Method; 5] = [Method::Avq, Method::Rvq, Method::Pvq, Method::Opq, Method::Lsq];
    /// The three methods that the paper compares.
    pub const PAPER: [Method; 3] = [Method::Avq, Method::Rvq, Method::Pvq];

    /// The name used in Results files and figures: `AVQ`, `RVQ`, `PVQ`.
    pub fn label(self) -> &'static str {
        match self {
            Method::Avq => "AVQ",
            Method::Rvq => "RVQ",
            Method::Pvq => "PVQ",
            Method::Opq => "OPQ",
            Method::Lsq => "LSQ",
            Method::Registered(method) => method.label,
        }
    }

    /// The name used in specs, on the command line and in files: the label in lower case.
    pub fn name(self) -> String {
        self.label().to_ascii_lowercase()
    }

    /// All known methods: those of the crate, then the registered ones.
    pub fn known() -> Vec<Method> {
        Method::ALL.into_iter().chain(registered()).collect()
    }

    /// The names of all known methods.
    pub fn names() -> Vec<String> {
        Method::known().into_iter().map(Method::name).collect()
    }

    /// The method with this name or label.
    pub fn find(name: &str) -> Option<Method> {
        Method::known().into_iter().find(|method| method.label().eq_ignore_ascii_case(name))
    }

    /// The beam width where none is given: [`BEAM_WIDTH`] for AVQ, 1 for all others.
    pub fn default_beam(self) -> usize {
        if self == Method::Avq { BEAM_WIDTH } else { 1 }
    }

    /// Whether NSVQ trains it.
    pub fn has_nsvq(self) -> bool {
        match self {
            Method::Registered(method) => method.has_nsvq(),
            method => !matches!(method, Method::Opq | Method::Lsq),
        }
    }

    /// Whether the vector of a code is the sum of its codewords, or their concatenation, so that codebooks for centered
    /// and scaled vectors can be turned into codebooks for the vectors themselves.
    pub fn is_linear(self) -> bool {
        match self {
            Method::Registered(method) => method.has_nsvq(),
            _ => true,
        }
    }

    /// The maximum number of codebooks (stages).
    pub fn most_stages(self) -> usize {
        match self {
            Method::Registered(method) => method.most_stages.clamp(1, MOST_STAGES),
            Method::Avq | Method::Lsq => MAX_STAGES,
            Method::Rvq | Method::Pvq | Method::Opq => MOST_STAGES,
        }
    }

    /// Whether codewords are parts of the vector that are concatenated instead of added.
    pub fn is_product(self) -> bool {
        match self {
            Method::Registered(method) => method.is_product,
            method => matches!(method, Method::Pvq | Method::Opq),
        }
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

/// Which beam search AVQ uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Search {
    /// True residual; one permutation of each set of codewords is kept.
    Beam,
    /// The codebooks in their order, as in a residual quantizer with a beam; then each codeword is chosen again, given
    /// the others. This goes beyond the paper. It tries fewer extensions than the search in any order, and it is better
    /// for codebooks that refine each other.
    Ordered,
    /// As the authors' released code: residual x − i·c_i, permutations kept, full beams topped up from used codebooks.
    Released,
}

/// Initialization of the codebooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Init {
    /// Uniform(−1/K, 1/K), as in the paper.
    Uniform,
    /// N(0, 1/K²).
    Normal,
    /// Random training vectors (their residuals, for RVQ and AVQ).
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
    /// Beam width at evaluation; AVQ only, like the next two fields.
    pub beam_width: Option<usize>,
    pub training_beam_width: Option<usize>,
    pub search: Option<Search>,
    pub init: Init,
    /// Updates of the warm start; only for `init` = pvq or rvq.
    pub init_updates: Option<u64>,
    /// Learning rate of the warm start; None = that of the training. A high learning rate afterwards destroys a trained
    /// start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_learning_rate: Option<f64>,
}

/// AVQ's beam width where none is given, the paper's.
pub const BEAM_WIDTH: usize = 16;

impl QuantizerSettings {
    /// Beam width of the encoder.
    pub fn beam(&self) -> usize {
        self.beam_width.unwrap_or(self.method.default_beam())
    }

    /// Beam width in training.
    pub fn training_beam(&self) -> usize {
        self.training_beam_width.unwrap_or(self.beam())
    }

    /// `stages` codebooks of 2^`bits_per_stage` codewords that start from training vectors. AVQ gets the paper's beam
    /// width of 16, and 1 in training.
    pub fn new(method: Method, stages: usize, bits_per_stage: u32) -> Self {
        let avq = (method == Method::Avq).then_some(());
        Self {
            method,
            stages,
            bits_per_stage,
            beam_width: avq.map(|()| BEAM_WIDTH),
            training_beam_width: avq.map(|()| 1),
            search: avq.map(|()| Search::Beam),
            init: Init::Data,
            init_updates: None,
            init_learning_rate: None,
        }
    }

    /// K, the number of codewords a stage.
    pub fn codebook_size(&self) -> usize {
        1 << self.bits_per_stage
    }

    /// B = M·b, the bits of one code.
    pub fn total_bits(&self) -> u32 {
        self.stages as u32 * self.bits_per_stage
    }
}
