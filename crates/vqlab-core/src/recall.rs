//! Recall@T.

/// Why a recall can't be computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RecallError {
    #[error("there are no queries; recall needs at least one")]
    NoQueries,
    #[error(
        "{ids} ids are not a whole number of rows for {queries} queries; use the ids and the ground truth of the same queries"
    )]
    Shape { ids: usize, queries: usize },
    #[error(
        "recall@{t} needs at least {t} ids a query, found {found}; choose T from 1 to {found}, or search with a larger k"
    )]
    TooFew { t: usize, found: usize },
}

/// The share of queries whose true nearest neighbor is among the first `t` ids (Jégou, Douze, Schmid, PAMI 2011): a
/// pure number, 0 to 1. Rows of `ids` (queries × k, nearest first) belong to the entries of `nearest`, the id of the
/// true nearest neighbor of each query.
///
/// Only ids are compared: a copy of the true neighbor under another id counts as another vector. Ids of type
/// [`Id`](crate::data::file::Id) that mean no vector equal nothing.
///
/// # Errors
/// No queries, ids that do not form whole rows, T that is 0 or above k.
pub fn recall_at<I: PartialEq>(ids: &[I], nearest: &[I], t: usize) -> Result<f64, RecallError> {
    let queries = nearest.len();
    if queries == 0 {
        return Err(RecallError::NoQueries);
    }
    if !ids.len().is_multiple_of(queries) {
        return Err(RecallError::Shape { ids: ids.len(), queries });
    }
    let k = ids.len() / queries;
    if t == 0 || t > k {
        return Err(RecallError::TooFew { t, found: k });
    }
    let hits = ids.chunks_exact(k).zip(nearest).filter(|(row, nearest)| row[..t].contains(nearest)).count();
    Ok(hits as f64 / queries as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recall_counts_hits_among_the_first_ids() {
        let ids = [4, 7, 1, 9, 2, 4];
        assert_eq!(recall_at(&ids, &[4, 4], 1), Ok(0.5));
        assert_eq!(recall_at(&ids, &[4, 4], 2), Ok(0.5));
        assert_eq!(recall_at(&ids, &[4, 4], 3), Ok(1.0));
        assert_eq!(recall_at(&ids, &[5, 5], 3), Ok(0.0));
    }

    #[test]
    fn wrong_shapes_are_named() {
        assert_eq!(recall_at::<u32>(&[], &[], 1), Err(RecallError::NoQueries));
        assert_eq!(recall_at(&[1, 2, 3], &[1, 2], 1), Err(RecallError::Shape { ids: 3, queries: 2 }));
        for t in [0, 3] {
            assert_eq!(recall_at(&[1, 2, 3, 4], &[1, 2], t), Err(RecallError::TooFew { t, found: 2 }));
        }
    }
}
