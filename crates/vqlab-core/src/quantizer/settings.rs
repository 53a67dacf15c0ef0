//! The settings of a quantizer as plain data: shape, encoder search and initialization.

use serde::{Deserialize, Serialize};

use crate::method::Method;

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
        let beam = method.definition().beam;
        Self {
            method,
            stages,
            bits_per_stage,
            beam_width: beam,
            training_beam_width: beam.map(|_| 1),
            search: beam.map(|_| Search::Beam),
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
