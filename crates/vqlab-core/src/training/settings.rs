//! How a quantizer is trained, as plain data.

use serde::{Deserialize, Serialize};

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

/// What makes the codebooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trainer {
    /// Stochastic optimization through noise substitution, the paper's.
    Nsvq,
    /// Expectation maximization ([`crate::baseline`]): k-means, or its counterpart for codewords that add up.
    Kmeans,
}

impl Trainer {
    /// The name in specs and codebook files.
    pub fn name(self) -> &'static str {
        match self {
            Trainer::Nsvq => "nsvq",
            Trainer::Kmeans => "kmeans",
        }
    }
}

/// The trainer with its settings. NSVQ's stand bare in a record, as records had them before there was another trainer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Training {
    Nsvq(TrainingSettings),
    Kmeans(KmeansSettings),
}

impl Training {
    pub fn trainer(&self) -> Trainer {
        match self {
            Training::Nsvq(_) => Trainer::Nsvq,
            Training::Kmeans(_) => Trainer::Kmeans,
        }
    }

    /// The settings of stochastic optimization.
    pub fn nsvq(&self) -> Option<&TrainingSettings> {
        match self {
            Training::Nsvq(settings) => Some(settings),
            Training::Kmeans(_) => None,
        }
    }
}

/// Settings of expectation maximization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct KmeansSettings {
    /// Rounds of assignment and update.
    pub kmeans_iterations: u64,
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

impl TrainingSettings {
    /// The paper's recipe: Adam on batches of 256 vectors, the learning rate falling to its hundredth, codewords that are
    /// hardly used replaced every 200 updates. A rate of a tenth of the vectors' standard deviation is a good start.
    pub fn new(learning_rate: f64, updates: u64) -> Self {
        Self {
            optimizer: Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
            learning_rate,
            schedule: Schedule::Exponential { final_rate: learning_rate / 100.0 },
            batch_size: 256,
            updates,
            log_every: (updates / 20).max(1),
            replacement: Some(Replacement { every: 200, threshold: 0.01, stop_before_end: updates / 10 }),
        }
    }
}
