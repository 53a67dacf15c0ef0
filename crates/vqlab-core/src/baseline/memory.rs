//! The memory of a training, estimated before it begins.

use super::least_squares::COLUMNS;
use super::{Settings, lsq};
use crate::memory::{product, sum};
use crate::quantizer::Method;

/// Bytes for each element of a D × D matrix that OPQ takes at its peak: products of f64, their decomposition with
/// scratch memory, and the rotations of the current and of the best codebooks. An estimate, not measured.
const SQUARE: usize = 72;

/// Approximate bytes that [`super::train`] takes in addition to its vectors, for `count` vectors on the threads of the
/// current pool; `u64::MAX` for more than any machine has.
pub fn memory(settings: &Settings, count: usize, dimension: usize) -> u64 {
    let threads = rayon::current_num_threads();
    let vectors = product(&[4, count, dimension]);
    let width = if settings.method.is_product() { dimension / settings.stages.max(1) } else { dimension };
    let stage = product(&[4, settings.size, width]);
    let books = product(&[settings.stages]).saturating_mul(stage);
    // The residuals of the vectors, the current and the best codebooks, rows to start from, and each thread's share of
    // a stage.
    let rows = product(&[4, count.min(settings.size.saturating_mul(32)), width]);
    let stagewise = sum(&[vectors, books.saturating_mul(3), rows, stage.saturating_mul(threads as u64)]);
    let rotation = || sum(&[vectors, product(&[SQUARE, dimension, dimension])]);
    let words = settings.stages.saturating_mul(settings.size);
    // Each thread's codewords and right-hand sides; the least-squares problem; the products of the codewords.
    let additive = |tables: usize| {
        let each = sum(&[books, product(&[8, 2, words, COLUMNS])]);
        let squares = sum(&[product(&[8, words, words]), product(&[5, tables, words, words])]);
        sum(&[vectors, each.saturating_mul(threads as u64), squares])
    };
    match settings.method {
        Method::Pvq | Method::Rvq | Method::Registered(_) => stagewise,
        Method::Opq => sum(&[stagewise, rotation()]),
        Method::Avq => sum(&[stagewise, additive(threads)]),
        Method::Lsq if lsq::starts_from_opq(dimension, settings.stages) => sum(&[stagewise, rotation(), additive(1)]),
        Method::Lsq => sum(&[stagewise, additive(1)]),
    }
}
