//! The cost of training and encoding: estimates that the tasks share.

use super::cell::{Method, QuantizerSettings, Search, Training};
use crate::complexity::{Model, count};
use crate::quantizer::{BEAM_WIDTH, GRAM_LIMIT};

/// Estimated seconds of stochastic optimization; 0 for k-means.
pub(super) fn training_cost(quantizer: &QuantizerSettings, training: &Training, dimension: usize) -> f64 {
    let Some(training) = training.nsvq() else { return 0.0 };
    let each = |quantizer: &QuantizerSettings, beam| {
        let quantizer = QuantizerSettings { training_beam_width: beam, ..quantizer.clone() };
        update_cost(&quantizer, training.batch_size, dimension)
    };
    // A warm start is a PVQ or RVQ, with about the cost of an RVQ.
    let greedy = QuantizerSettings { method: Method::Rvq, ..quantizer.clone() };
    training.updates as f64 * each(quantizer, quantizer.training_beam_width)
        + quantizer.init_updates.unwrap_or(0) as f64 * each(&greedy, None)
}

/// Estimated seconds of one update.
pub fn update_cost(quantizer: &QuantizerSettings, batch: usize, dimension: usize) -> f64 {
    let parameters = (quantizer.stages * quantizer.codebook_size() * dimension) as f64
        / if quantizer.method.is_product() { quantizer.stages as f64 } else { 1.0 };
    batch as f64 * vector_cost(quantizer, dimension, quantizer.training_beam_width, false) + parameters * 9e-10
}

/// Estimated seconds for one vector. The constants were fitted to the fastest of equal cells in results/*/provenance
/// (docs/scaling.md), because other work on a machine only adds time to a cell.
pub(super) fn vector_cost(quantizer: &QuantizerSettings, dimension: usize, beam: Option<usize>, many: bool) -> f64 {
    let (stages, size, d) = (quantizer.stages as f64, quantizer.codebook_size() as f64, dimension as f64);
    let product = 2.0 * stages * size * d * if quantizer.method == Method::Pvq { 1.05e-11 } else { 6.5e-12 }
        + stages * size * 2e-11;
    // Drawing or reading the vector, and subtracting its codewords.
    let fixed = d * (1.5e-9 + if quantizer.method.is_product() { 1e-9 } else { 8e-10 * stages }) + 2e-8 * stages;
    let method = quantizer.method;
    if let Method::Registered(_) = method {
        // Its kernels are its own.
        let beam = method.has_beam().then(|| beam.unwrap_or(method.default_beam()));
        let counted = count(method, dimension, quantizer.stages, quantizer.codebook_size(), beam, Model::Corrected);
        return fixed + counted.map_or(product, |operations| operations.total() as f64 * 1e-10);
    }
    let Some(width) = method.is_joint().then(|| beam.unwrap_or(BEAM_WIDTH)) else {
        return fixed + if method.is_product() { product / stages } else { product };
    };
    if width == 1 && quantizer.search != Some(Search::Released) {
        return fixed + product * (stages + 1.0) / 2.0;
    }
    let by_gram = many && quantizer.stages * quantizer.codebook_size() <= GRAM_LIMIT;
    // Cost of extending a tuple by a codeword, and cost of a tuple and stage (any order tries the remaining
    // stages).
    let (extension, tuple) = match quantizer.search {
        Some(Search::Released) => (1.5e-9, 1.36e-7),
        Some(Search::Ordered) => (if by_gram { 5e-10 } else { d * 8e-12 + 2e-10 }, 3e-8),
        Some(Search::Beam) | None => (if by_gram { 7.5e-10 } else { d * 1e-11 + 4e-10 }, 2.25e-8 * stages),
    };
    let extensions = width as f64 * size * stages * (stages - 1.0) / 2.0;
    fixed + 1.3 * product + extensions * extension + width as f64 * stages * tuple
}
