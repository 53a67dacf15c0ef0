//! Which cells belong to which task of an array.
//!
//! The deal is made once, when the array is submitted, over the cells that are missing then, and is kept in a file.
//! Tasks that start hours apart therefore agree on it, although records are added meanwhile. The missing cells of a
//! half-done experiment are spread evenly; a deal over all cells would not do this. No cell is in two shards, so the
//! tasks of one array don't need the file system's locks to avoid each other's cells.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{SlurmError, read_json, write_json};
use crate::runner::{Shard, deal};

const FORMAT: &str = "vqlab-shards";

/// The keys of the cells of each shard, the most expensive first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Deal {
    format: String,
    version: u32,
    pub shards: Vec<Vec<String>>,
}

impl Deal {
    /// Spreads cells, given by key and estimated seconds, over at most `most` shards. No shard is empty.
    pub fn new(mut cells: Vec<(String, f64)>, most: usize) -> Self {
        cells.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let costs: Vec<f64> = cells.iter().map(|(_, seconds)| *seconds).collect();
        let mut shards = vec![Vec::new(); most.min(cells.len())];
        let owners = deal(&costs, shards.len());
        for ((key, _), owner) in cells.into_iter().zip(owners) {
            shards[owner].push(key);
        }
        Self { format: FORMAT.into(), version: 1, shards }
    }

    /// # Errors
    /// The file can't be read, or is not a deal.
    pub fn read(path: &Path) -> Result<Self, SlurmError> {
        read_json(path, FORMAT)
    }

    /// # Errors
    /// The file can't be written.
    pub fn write(&self, path: &Path) -> Result<(), SlurmError> {
        write_json(path, self)
    }

    /// The keys of one shard.
    ///
    /// # Errors
    /// The deal has another number of shards.
    pub fn part(&self, shard: Shard) -> Result<&[String], String> {
        let count = self.shards.len();
        match self.shards.get(shard.index() - 1) {
            Some(keys) if count == shard.count() => Ok(keys),
            _ => Err(format!(
                "shard {shard} is not in this deal, which has {count} shards: allowed are 1/{count} to {count}/{count}"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deal_has_no_empty_shard_and_comes_back_from_its_file() {
        let cells = vec![("c".into(), 1.0), ("a".into(), 1.0), ("b".into(), 5.0)];
        let deal = Deal::new(cells, 64);
        assert_eq!(deal.shards, [["b"], ["a"], ["c"]]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shards.json");
        deal.write(&path).unwrap();
        assert_eq!(Deal::read(&path).unwrap(), deal);
        assert_eq!(deal.part(Shard::new(2, 3).unwrap()).unwrap(), ["a"]);
        assert!(deal.part(Shard::new(1, 2).unwrap()).unwrap_err().contains("1/3 to 3/3"));
        std::fs::write(&path, std::fs::read_to_string(&path).unwrap().replace("\"version\": 1", "\"version\": 2"))
            .unwrap();
        assert!(Deal::read(&path).unwrap_err().to_string().contains("this program reads vqlab-shards 1"));
        assert!(Deal::new(Vec::new(), 4).shards.is_empty());
    }
}
