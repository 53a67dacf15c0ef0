//! Training settings as plain data.

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
    /// Updates between two replacements.
    pub every: u64,
    /// A codeword is unused when it was chosen in a smaller share of the batches than this.
    pub threshold: f64,
    /// No replacement in this many updates at the end.
    pub stop_before_end: u64,
}

/// The trainer of the codebooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trainer {
    /// Stochastic optimization through noise substitution, as in the paper.
    Nsvq,
    /// k-means, or alternating optimization for additive codewords ([`crate::baseline`]).
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

/// The trainer with its settings. NSVQ's settings have no wrapper in a record, as in records from before the
/// second trainer.
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

    /// The settings of k-means and alternating optimization.
    pub fn kmeans(&self) -> Option<&KmeansSettings> {
        match self {
            Training::Nsvq(_) => None,
            Training::Kmeans(settings) => Some(settings),
        }
    }
}

/// Settings of k-means and alternating optimization.
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
    /// Updates between two log points.
    pub log_every: u64,
    pub replacement: Option<Replacement>,
}

impl TrainingSettings {
    /// The paper's recipe: Adam on batches of 256 vectors, a learning rate that falls to a hundredth, and replacement
    /// of rarely used codewords every 200 updates. A tenth of the vectors' standard deviation is a good initial rate.
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
