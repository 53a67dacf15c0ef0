//! A quantizer that was fitted and measured.

use crate::fit::Ended;
use crate::quantizer::{Method, Search};
use crate::training::Trainer;

/// The method and shape of a quantizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub method: Method,
    /// M.
    pub stages: usize,
    /// b.
    pub bits_per_stage: u32,
}

impl Shape {
    /// K.
    pub fn size(&self) -> usize {
        1 << self.bits_per_stage
    }

    /// B = M·b.
    pub fn bits(&self) -> u32 {
        self.stages as u32 * self.bits_per_stage
    }

    /// NSVQ for methods that support it: it starts from k-means and is never worse on its validation vectors.
    pub fn trainer(&self) -> Trainer {
        if self.method.has_nsvq() { Trainer::Nsvq } else { Trainer::Kmeans }
    }

    /// `NSVQ` or `k-means`.
    pub fn trainer_name(&self) -> &'static str {
        match self.trainer() {
            Trainer::Nsvq => "NSVQ",
            Trainer::Kmeans => "k-means",
        }
    }

    /// `RVQ 8 × 8`: stages × bits per stage.
    pub fn label(&self) -> String {
        format!("{} {} × {}", self.method.label(), self.stages, self.bits_per_stage)
    }
}

/// A mean with its standard error over vectors (or queries).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub mean: f64,
    pub standard_error: f64,
}

impl Estimate {
    /// The estimate of independent values; without values, 0 ± 0.
    pub fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let count = values.clone().count().max(1) as f64;
        let mean = values.clone().sum::<f64>() / count;
        let variance = values.map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
        Self { mean, standard_error: (variance / count).sqrt() }
    }
}

/// A fitted and measured quantizer.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub shape: Shape,
    /// AVQ's beam width; 1 for other methods.
    pub beam_width: usize,
    /// AVQ's search: the one with the lower error on vectors that are not held out.
    pub search: Option<Search>,
    /// Mean squared error per coordinate of the held-out vectors.
    pub mse: Estimate,
    /// The mean squared error per coordinate of each held-out vector.
    pub errors: Vec<f64>,
    /// Recall at the values of [`RECALL_AT`](super::RECALL_AT) up to the size of the base; None without queries.
    pub recall: Option<Vec<Estimate>>,
    /// WMOPS by [`Model::Corrected`](crate::complexity::Model::Corrected), used by the limits and the front.
    pub wmops: f64,
    /// None where the published model has no valid count, as for LSQ.
    pub wmops_published: Option<f64>,
    pub wmops_lookup: Option<f64>,
    pub ms_per_vector: f64,
    /// Bytes of the float32 values of the codebooks and of OPQ's rotation.
    pub codebook_bytes: usize,
    pub fit_seconds: f64,
    pub ended: Ended,
    pub allowed: bool,
    /// Whether no other candidate of the same bitrate has both a lower error and a lower cost.
    pub front: Front,
}

impl Candidate {
    /// `AVQ 8 × 8, beam 16`.
    pub fn label(&self) -> String {
        match self.shape.method {
            Method::Avq => format!("{}, beam {}", self.shape.label(), self.beam_width),
            _ => self.shape.label(),
        }
    }
}

/// The Pareto fronts (error against a cost) that contain a candidate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Front {
    pub wmops: bool,
    pub ms: bool,
    pub bytes: bool,
}
