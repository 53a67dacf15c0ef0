//! Exact nearest neighbors in a streamed base.

use crate::data::error::DataError;
use crate::search::exact_neighbors;

/// Base vectors searched at once.
const BLOCK: usize = 1 << 16;

/// The ids of the `k` nearest of `count` base vectors for each of `queries` (n × D). The result is n × k, nearest
/// first, ties by the lower id. Distances are in double precision. `read` reads base vectors from a row on. `progress`
/// is called with the number of base vectors done. k must be at most `count`, so that each row has k ids.
///
/// # Errors
/// The errors of `read`; [`crate::search::SearchError`].
pub fn nearest(
    queries: &[f32],
    dimension: usize,
    k: usize,
    count: usize,
    read: impl Fn(u64, &mut [f32]) -> Result<(), DataError>,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Vec<u32>, DataError> {
    let mut best: Vec<Vec<(f64, u32)>> = vec![Vec::new(); queries.len() / dimension];
    let mut base = vec![0.0; BLOCK.min(count) * dimension];
    for first in (0..count).step_by(BLOCK) {
        let rows = BLOCK.min(count - first);
        let base = &mut base[..rows * dimension];
        read(first as u64, base)?;
        let found = exact_neighbors(base, queries, dimension, k)?;
        let asked = queries.chunks_exact(dimension).zip(found.ids.chunks_exact(found.k));
        for (best, (query, ids)) in best.iter_mut().zip(asked) {
            best.extend(ids.iter().map(|id| {
                let row = &base[*id as usize * dimension..][..dimension];
                (squared_distance(row, query), first as u32 + id)
            }));
            best.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            best.truncate(k);
        }
        progress(first + rows);
    }
    Ok(best.into_iter().flatten().map(|(_, id)| id).collect())
}

/// ‖a − b‖², in double precision.
pub fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
}
