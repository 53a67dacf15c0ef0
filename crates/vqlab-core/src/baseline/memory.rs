//! The memory of a training, estimated before it begins.

use super::least_squares::COLUMNS;
use super::{Settings, lsq};
use crate::memory::{product, sum};

/// Bytes for each element of a D × D matrix that OPQ takes at its peak: products of f64, their decomposition with
/// scratch memory, and the rotations of the current and of the best codebooks. An estimate, not measured.
const SQUARE: usize = 72;

/// Approximate bytes that [`super::train`] takes in addition to its vectors, for `count` vectors on the threads of the
/// current pool; `u64::MAX` for more than any machine has.
pub fn memory(settings: &Settings, count: usize, dimension: usize) -> u64 {
    (settings.method.definition().memory)(settings, count, dimension)
}

/// As [`memory`], for training stage by stage: the residuals of the vectors, the current and the best codebooks, rows to
/// start from, and each thread's share of a stage.
pub fn stagewise(settings: &Settings, count: usize, dimension: usize) -> u64 {
    let width = if settings.method.is_product() { dimension / settings.stages.max(1) } else { dimension };
    let stage = product(&[4, settings.size, width]);
    let rows = product(&[4, count.min(settings.size.saturating_mul(32)), width]);
    let books = product(&[settings.stages]).saturating_mul(stage);
    let shares = stage.saturating_mul(rayon::current_num_threads() as u64);
    sum(&[vectors(count, dimension), books.saturating_mul(3), rows, shares])
}

/// As [`stagewise`], with a rotation.
pub fn with_rotation(settings: &Settings, count: usize, dimension: usize) -> u64 {
    sum(&[stagewise(settings, count, dimension), rotation(count, dimension)])
}

/// A start stage by stage, then all codebooks together; each thread has tables of codeword products.
pub fn joint(settings: &Settings, count: usize, dimension: usize) -> u64 {
    let tables = rayon::current_num_threads();
    sum(&[stagewise(settings, count, dimension), least_squares(settings, count, dimension, tables)])
}

/// As [`joint`] with one table for all threads, and an OPQ start where it is tried.
pub fn local_search(settings: &Settings, count: usize, dimension: usize) -> u64 {
    let start = if lsq::starts_from_opq(dimension, settings.stages) { rotation(count, dimension) } else { 0 };
    sum(&[stagewise(settings, count, dimension), start, least_squares(settings, count, dimension, 1)])
}

fn vectors(count: usize, dimension: usize) -> u64 {
    product(&[4, count, dimension])
}

fn rotation(count: usize, dimension: usize) -> u64 {
    sum(&[vectors(count, dimension), product(&[SQUARE, dimension, dimension])])
}

/// Each thread's codewords and right-hand sides; the least-squares problem; the products of the codewords.
fn least_squares(settings: &Settings, count: usize, dimension: usize, tables: usize) -> u64 {
    let words = settings.stages.saturating_mul(settings.size);
    let each = sum(&[product(&[4, words, dimension]), product(&[8, 2, words, COLUMNS])]);
    let squares = sum(&[product(&[8, words, words]), product(&[5, tables, words, words])]);
    sum(&[vectors(count, dimension), each.saturating_mul(rayon::current_num_threads() as u64), squares])
}
