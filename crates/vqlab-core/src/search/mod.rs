//! Nearest neighbors: approximate ones over encoded vectors by table look-up ([`Index`]), and exact ones over the
//! vectors themselves ([`exact_neighbors`]), the ground truth of recall.
//!
//! Asymmetric distances (Jégou, Douze, Schmid, PAMI 2011) compare the query x, which is not quantized, with the decoded
//! code q of a base vector. One look-up table per codebook and query turns a distance into M look-ups. PVQ: ‖x − q‖² =
//! Σ_m ‖x_m − c_m‖². RVQ and AVQ (Babenko, Lempitsky, CVPR 2014): ‖x − q‖² = ‖x‖² − 2 Σ_m x·c_m + ‖q‖², where ‖q‖²
//! depends on the base vector alone and is stored with its code ([`Norms`]). OPQ is searched as PVQ with rotated
//! queries, LSQ as AVQ.
//!
//! Results are exact with regard to these distances, and ties go to the lower id. Block sizes, tiles and the number of
//! threads do not change the results.

mod blocks;
mod exact;
mod filter;
mod index;
mod lookup;
mod nearest;
mod norms;
mod scan;
mod shares;
mod tables;
#[cfg(test)]
mod tests;

use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use crate::number::not_finite;
use crate::quantizer::CodeError;

pub use exact::{exact_neighbors, exact_neighbors_until};
pub use index::Index;

/// How an [`Index`] of RVQ or AVQ codes stores ‖q‖², the squared length of each decoded vector. PVQ needs none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Norms {
    /// As f32: 32 bits a vector.
    #[default]
    Exact,
    /// As one of 256 levels that are fitted to the base: 8 bits a vector.
    Byte,
    /// Not stored: vectors are ranked by their inner product with the query, largest first. Both vectors are taken
    /// relative to the center of the codebooks.
    Omitted,
}

impl Norms {
    /// Bits a vector.
    pub fn bits(self) -> u32 {
        match self {
            Norms::Exact => 32,
            Norms::Byte => 8,
            Norms::Omitted => 0,
        }
    }
}

/// Codes of N vectors, N × M, row-major.
#[derive(Clone, Copy, Debug)]
pub enum Codes<'a> {
    /// For up to 256 codewords a stage.
    U8(&'a [u8]),
    /// For up to 65536 codewords a stage.
    U16(&'a [u16]),
}

impl Codes<'_> {
    /// N·M.
    pub fn len(&self) -> usize {
        match self {
            Codes::U8(codes) => codes.len(),
            Codes::U16(codes) => codes.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The code at position i of the row-major order.
    fn at(&self, i: usize) -> usize {
        match self {
            Codes::U8(codes) => usize::from(codes[i]),
            Codes::U16(codes) => usize::from(codes[i]),
        }
    }
}

/// The nearest base vectors of each query, nearest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbors {
    /// Neighbors per query: the requested number, or all vectors of a smaller base.
    pub k: usize,
    /// Positions in the base, queries × k.
    pub ids: Vec<u32>,
    /// Squared distances, queries × k. They are 0 or infinite where f32 can't hold the value. Rounding can make a
    /// distance of 0 negative. With [`Norms::Omitted`] they do not include ‖q‖².
    pub distances: Vec<f32>,
}

/// Why a search can't be done.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum SearchError {
    #[error("{found} {what} are not a whole number of rows of {width}; check that the file belongs to these codebooks")]
    Shape { what: &'static str, found: usize, width: usize },
    #[error(transparent)]
    Code(#[from] CodeError),
    #[error("k is 0; ask for at least 1 neighbor")]
    NoNeighbors,
    #[error("the base has {0} vectors, ids have 32 bits; split it in parts of at most 4294967295 vectors")]
    TooManyVectors(usize),
    #[error("{what} {row}, coordinate {column} is {value}; distances need finite values, so remove that vector")]
    NotFinite { what: &'static str, row: usize, column: usize, value: f32 },
    #[error(
        "query {row}, coordinate {column} is so far from the codewords (more than 10^16 times their largest coordinate) that float32 can't tell distances apart; do the queries belong to these codebooks?"
    )]
    TooFar { row: usize, column: usize },
    #[error("stopped")]
    Stopped,
}

/// Never set: the search runs to its end.
static NEVER: AtomicBool = AtomicBool::new(false);

/// Rejects counts that ids can't represent.
fn check_count(vectors: usize) -> Result<(), SearchError> {
    if vectors > u32::MAX as usize { Err(SearchError::TooManyVectors(vectors)) } else { Ok(()) }
}

/// The number of rows in `values`, which must be whole.
fn whole_rows(what: &'static str, found: usize, width: usize) -> Result<usize, SearchError> {
    if width == 0 || !found.is_multiple_of(width) {
        return Err(SearchError::Shape { what, found, width });
    }
    Ok(found / width)
}

/// Rejects the first value that is NaN or infinite.
fn check_finite(what: &'static str, values: &[f32], width: usize) -> Result<(), SearchError> {
    match not_finite(values, width) {
        Some((row, column, value)) => Err(SearchError::NotFinite { what, row, column, value }),
        None => Ok(()),
    }
}

/// The largest coordinate of a query in the scale of the codebooks; beyond it, squares may overflow.
const FARTHEST: f32 = 1e16;

/// Rejects queries whose distances f32 can't hold.
fn check_range(values: &[f32], width: usize) -> Result<(), SearchError> {
    match values.iter().position(|v| v.abs() > FARTHEST) {
        Some(at) => Err(SearchError::TooFar { row: at / width, column: at % width }),
        None => Ok(()),
    }
}

/// The number of parts of the base with which `tiles` of queries keep all threads busy.
fn base_parts(tiles: usize, units: usize, least: usize) -> usize {
    let threads = rayon::current_num_threads();
    if tiles >= 2 * threads { 1 } else { (2 * threads).div_ceil(tiles.max(1)).min(units / least).max(1) }
}
