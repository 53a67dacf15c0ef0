//! The queries of a request, and the recall of a fitted quantizer.

use super::{Estimate, RecommendError};
use crate::data::file::VectorFile;
use crate::quantizer::Codebooks;
use crate::recall::recall_at;
use crate::search::{Codes, Index, Norms, exact_neighbors};

/// T of the recalls; values above the size of the base are omitted.
pub const RECALL_AT: [usize; 3] = [1, 10, 100];

/// The maximum number of queries that are read from the file.
const MOST_QUERIES: usize = 1000;

/// Queries with their true nearest neighbors among the base.
pub(super) struct Queries {
    vectors: Vec<f32>,
    nearest: Vec<u32>,
    /// Neighbors per query.
    k: usize,
}

impl Queries {
    /// Reads the first 1000 queries of the file, for this base (n × D).
    pub fn read(file: &VectorFile, base: &[f32], dimension: usize) -> Result<Self, RecommendError> {
        let mut vectors = vec![0.0; file.len().min(MOST_QUERIES) * dimension];
        file.read(0, &mut vectors)?;
        Self::of(vectors, base, dimension)
    }

    /// As [`Queries::read`], of queries in memory (n × D).
    pub fn new(queries: &[f32], base: &[f32], dimension: usize) -> Result<Self, RecommendError> {
        Self::of(queries[..queries.len().min(MOST_QUERIES * dimension)].to_vec(), base, dimension)
    }

    fn of(vectors: Vec<f32>, base: &[f32], dimension: usize) -> Result<Self, RecommendError> {
        let nearest = exact_neighbors(base, &vectors, dimension, 1)?.ids;
        let most = base.len() / dimension;
        let k = RECALL_AT.into_iter().filter(|t| *t <= most).max().unwrap_or(1);
        Ok(Self { vectors, nearest, k })
    }

    pub fn len(&self) -> usize {
        self.nearest.len()
    }

    pub fn recall(&self, books: &Codebooks, codes: &[u16]) -> Result<Vec<Estimate>, String> {
        let index = Index::new(books, Codes::U16(codes), Norms::Exact).map_err(|e| e.to_string())?;
        let found = index.search(&self.vectors, self.k).map_err(|e| e.to_string())?;
        let at = RECALL_AT.into_iter().filter(|t| *t <= self.k);
        at.map(|t| {
            let mean = recall_at(&found.ids, &self.nearest, t).map_err(|e| e.to_string())?;
            let others = (self.len() as f64 - 1.0).max(1.0);
            Ok(Estimate { mean, standard_error: (mean * (1.0 - mean) / others).sqrt() })
        })
        .collect()
    }
}
