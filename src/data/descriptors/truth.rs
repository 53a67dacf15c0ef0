//! The exact nearest base vector of each query.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::nearest::{nearest, squared_distance};
use super::{DescriptorData, Descriptors, Part};
use crate::data::error::DataError;
use crate::data::file::{Id, IdFile, Output};
use crate::data::folder::hex;
use crate::data::threads::on_all_cores;

/// Queries of a ground-truth file whose neighbors are searched again as a check.
const CHECKED: usize = 16;

/// The content of a cache file.
#[derive(Serialize, Deserialize)]
struct Kept {
    data: DescriptorData,
    /// SHA-256 of the ids, 32 bits each, little-endian.
    sha256: String,
    ids: Vec<u32>,
}

impl Descriptors {
    /// The id (row of the base) of the exact nearest base vector of each query, by squared Euclidean distance, ties by
    /// the lower id. The ids come from the ground-truth file if there is one and all base vectors are used. Otherwise
    /// they are computed by brute force on all cores, once per process and once per cache. A sample of the ground-truth
    /// file is checked by brute force.
    ///
    /// # Errors
    /// [`DataError::Truth`] if the ground-truth file contradicts the vectors; errors of reading vectors; a cache
    /// that can't be written. A damaged cache is computed again.
    pub fn truth(&self) -> Result<&[u32], DataError> {
        if let Some(truth) = self.truth.get() {
            return Ok(truth);
        }
        let _alone = self.computing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(truth) = self.truth.get() {
            return Ok(truth);
        }
        let truth = match &self.truth_file {
            Some((path, rows)) => self.of_file(path, *rows)?,
            None => self.of_cache_or_search()?,
        };
        Ok(self.truth.get_or_init(|| truth))
    }

    /// The nearest base vector of each of these queries.
    fn search(&self, queries: &[f32]) -> Result<Vec<u32>, DataError> {
        let read = |first, out: &mut [f32]| self.read(Part::Base, first, out);
        let (dimension, count) = (self.data.dimension, self.data.base as usize);
        let work = || nearest(queries, dimension, 1, count, read, &|_| {});
        on_all_cores("searching the nearest neighbors", work)?
    }

    fn query(&self, row: usize) -> Result<Vec<f32>, DataError> {
        let mut query = vec![0.0; self.data.dimension];
        self.read(Part::Queries, row as u64, &mut query)?;
        Ok(query)
    }

    fn of_file(&self, path: &Path, rows: usize) -> Result<Vec<u32>, DataError> {
        let refused = |row, reason| DataError::Truth { path: path.into(), row, reason };
        let file = IdFile::open(path)?;
        if file.len() != rows {
            return Err(refused(file.len().min(rows), format!("the file has {} rows for {rows} queries", file.len())));
        }
        let (count, base) = (self.data.queries as usize, self.data.base as usize);
        let mut row = vec![Id::NONE; file.columns()];
        let mut ids = Vec::with_capacity(count);
        for query in 0..count {
            file.read(query, &mut row)?;
            for (at, id) in row.iter().enumerate() {
                let number = id.number().and_then(|id| u32::try_from(id).ok()).filter(|id| (*id as usize) < base);
                let Some(number) = number else {
                    let found = id.number().map_or("a negative id".into(), |id| format!("id {id}"));
                    return Err(refused(query, format!("column {at} holds {found}, allowed are 0 to {}", base - 1)));
                };
                if at == 0 {
                    ids.push(number);
                }
            }
        }
        let checked: Vec<usize> = (0..count).step_by(count.div_ceil(CHECKED)).collect();
        let queries: Vec<Vec<f32>> = checked.iter().map(|row| self.query(*row)).collect::<Result<_, _>>()?;
        let found = self.search(&queries.concat())?;
        let mut vector = vec![0.0; self.data.dimension];
        for ((row, query), found) in checked.into_iter().zip(queries).zip(found) {
            let mut distance = |id: u32| {
                self.read(Part::Base, u64::from(id), &mut vector)?;
                Ok::<f64, DataError>(squared_distance(&vector, &query))
            };
            let (theirs, ours) = (distance(ids[row])?, distance(found)?);
            // Another program may break ties differently, and round.
            if theirs > ours * (1.0 + 1e-5) {
                let reason = format!("base vector {found} is nearer to the query than {}", ids[row]);
                return Err(refused(row, reason));
            }
        }
        Ok(ids)
    }

    fn of_cache_or_search(&self) -> Result<Vec<u32>, DataError> {
        let kept = self.cache.as_ref().map(|folder| self.cached(folder));
        if let Some(ids) = kept.as_ref().and_then(|path| self.read_cache(path)) {
            return Ok(ids);
        }
        let mut queries = vec![0.0; self.data.queries as usize * self.data.dimension];
        self.read(Part::Queries, 0, &mut queries)?;
        let ids = self.search(&queries)?;
        if let Some(path) = &kept {
            self.write_cache(path, &ids)?;
        }
        Ok(ids)
    }

    /// The cache file of this set, named by its identity.
    fn cached(&self, folder: &Path) -> PathBuf {
        let digest = Sha256::digest(serde_json::json!(self.data).to_string());
        folder.join(format!("nearest-{}.json", hex(&digest[..16])))
    }

    /// None if the file is missing, damaged or for other data.
    fn read_cache(&self, path: &Path) -> Option<Vec<u32>> {
        let kept: Kept = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        let same = serde_json::json!(kept.data) == serde_json::json!(self.data);
        let whole = kept.ids.len() as u64 == self.data.queries
            && kept.ids.iter().all(|id| u64::from(*id) < self.data.base)
            && kept.sha256 == sha256(&kept.ids);
        (same && whole).then_some(kept.ids)
    }

    fn write_cache(&self, path: &Path, ids: &[u32]) -> Result<(), DataError> {
        let folder = crate::temporary::folder(path);
        std::fs::create_dir_all(folder).map_err(|source| DataError::Write { path: folder.into(), source })?;
        let kept = Kept { data: self.data.clone(), sha256: sha256(ids), ids: ids.to_vec() };
        let mut file = Output::new(path).force(true).begin()?;
        file.write(serde_json::json!(kept).to_string().as_bytes())?;
        Ok(file.commit()?)
    }
}

fn sha256(ids: &[u32]) -> String {
    let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
    hex(&Sha256::digest(bytes))
}
