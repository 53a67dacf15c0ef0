//! The training log: loss, codeword usage and replacements, as the authors' `plot_training_logs.py` shows them.

use serde::{Deserialize, Serialize};

/// One point of the training log: means over the updates since the last point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LogPoint {
    /// Updates done.
    pub update: u64,
    pub learning_rate: f64,
    /// Mean training loss (MSE per coordinate).
    pub loss: f64,
    /// Codewords replaced, all stages together.
    pub replaced: u64,
    pub stages: Vec<StageUse>,
}

/// How one stage's codewords were used by the vectors since the last log point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StageUse {
    /// 2^entropy of the codeword frequencies: between 1 and K.
    pub perplexity: f64,
    /// Share of the K codewords chosen at least once.
    pub used_share: f64,
    /// Codewords by log10(uses + 1), in bins of width [`HISTOGRAM_BIN`] from 0.
    pub histogram: Vec<u32>,
}

/// Width of a bin of [`StageUse::histogram`] in log10(uses + 1).
pub const HISTOGRAM_BIN: f64 = 0.25;

impl StageUse {
    /// The use of one stage from its counts (uses by vectors, length K).
    pub fn of(counts: &[u64]) -> Self {
        let total: f64 = counts.iter().map(|c| *c as f64).sum();
        let used = counts.iter().filter(|c| **c > 0);
        let entropy: f64 = used.clone().map(|c| *c as f64 / total).map(|p| -p * p.log2()).sum();
        let bin = |count: &u64| (((count + 1) as f64).log10() / HISTOGRAM_BIN) as usize;
        let mut histogram = vec![0; counts.iter().map(bin).max().unwrap_or(0) + 1];
        counts.iter().for_each(|count| histogram[bin(count)] += 1);
        Self { perplexity: entropy.exp2(), used_share: used.count() as f64 / counts.len() as f64, histogram }
    }
}

/// The counts between two log points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Gathered {
    counts: Vec<u64>,
    loss: f64,
    updates: u64,
    pub replaced: u64,
}

impl Gathered {
    pub fn new(codewords: usize) -> Self {
        Self { counts: vec![0; codewords], loss: 0.0, updates: 0, replaced: 0 }
    }

    pub fn codewords(&self) -> usize {
        self.counts.len()
    }

    pub fn add(&mut self, indices: &[u32], loss: f64) {
        indices.iter().for_each(|index| self.counts[*index as usize] += 1);
        self.loss += loss;
        self.updates += 1;
    }

    /// Returns the log point and resets the counts.
    pub fn take(&mut self, update: u64, learning_rate: f64, stage_size: usize) -> LogPoint {
        let gathered = std::mem::replace(self, Self::new(self.counts.len()));
        LogPoint {
            update,
            learning_rate,
            loss: gathered.loss / gathered.updates.max(1) as f64,
            replaced: gathered.replaced,
            stages: gathered.counts.chunks_exact(stage_size).map(StageUse::of).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_of_known_counts() {
        let usage = StageUse::of(&[5, 5, 0, 0]);
        assert!((usage.perplexity - 2.0).abs() < 1e-12);
        assert_eq!(usage.used_share, 0.5);
        // log10(6) = .778 falls in the fourth bin.
        assert_eq!(usage.histogram, [2, 0, 0, 2]);
        assert!((StageUse::of(&[3; 8]).perplexity - 8.0).abs() < 1e-12);
    }
}
