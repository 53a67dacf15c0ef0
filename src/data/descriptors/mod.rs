//! Local image descriptors for nearest-neighbor search, in three parts: learn vectors to train codebooks on, base
//! vectors to search in, and queries. They come from files in the SIFT1M layout, or they are synthetic.
//!
//! ```no_run
//! use vqlab::data::descriptors::{DescriptorData, Descriptors, Part};
//!
//! let data = DescriptorData::synthetic(100_000, 1_000_000, 10_000, 1);
//! let descriptors = Descriptors::open(&data, None)?;
//! let mut first = vec![0.0; 10 * data.dimension];
//! descriptors.read(Part::Queries, 0, &mut first)?;
//! let nearest = descriptors.truth()?;
//! assert_eq!(nearest.len(), 10_000);
//! # Ok::<(), vqlab::data::DataError>(())
//! ```

mod folder;
mod make;
mod nearest;
mod open;
#[cfg(test)]
mod tests;
mod truth;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use stand_in::descriptors as synthetic;

use super::choice::DataChoice;

pub use open::Descriptors;

/// Name of the synthetic sets.
pub const SYNTHETIC: &str = "synthetic-descriptors";

/// The choice of descriptors, as plain data. It is part of a cell's identity.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DescriptorData {
    /// [`SYNTHETIC`], or the name of the folder.
    pub name: String,
    /// D.
    pub dimension: usize,
    /// Number of vectors in each part.
    pub learn: u64,
    pub base: u64,
    pub queries: u64,
    /// Only for files: SHA-256 of the used numbers (float32, little-endian: learn, base, queries, each after its count
    /// and D as 64-bit numbers). It does not depend on the file format.
    pub digest: Option<String>,
    /// Only for synthetic sets.
    pub seed: Option<u64>,
    /// The folder of the files; not part of the identity.
    #[serde(skip)]
    pub path: Option<PathBuf>,
}

impl PartialEq for DescriptorData {
    /// Compares the vectors, not their folders.
    fn eq(&self, other: &Self) -> bool {
        fn identity(data: &DescriptorData) -> impl PartialEq + '_ {
            let DescriptorData { name, dimension, learn, base, queries, digest, seed, path: _ } = data;
            (name, dimension, [learn, base, queries], digest, seed)
        }
        identity(self) == identity(other)
    }
}

/// A part of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Learn,
    Base,
    Queries,
}

impl Part {
    pub const ALL: [Part; 3] = [Self::Learn, Self::Base, Self::Queries];

    /// The part's name in file names, as in `PREFIX_query.bvecs`.
    fn in_files(self) -> &'static str {
        match self {
            Self::Learn => "learn",
            Self::Base => "base",
            Self::Queries => "query",
        }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(match self {
            Self::Learn => "learn vectors",
            Self::Base => "base vectors",
            Self::Queries => "queries",
        })
    }
}

impl DescriptorData {
    /// Synthetic descriptors: the first vectors of endless sets that depend on the seed only.
    pub fn synthetic(learn: u64, base: u64, queries: u64, seed: u64) -> Self {
        Self {
            name: SYNTHETIC.into(),
            dimension: synthetic::DIMENSION,
            learn,
            base,
            queries,
            digest: None,
            seed: Some(seed),
            path: None,
        }
    }

    /// The number of vectors in a part.
    pub fn count(&self, part: Part) -> u64 {
        match part {
            Part::Learn => self.learn,
            Part::Base => self.base,
            Part::Queries => self.queries,
        }
    }
}

impl DataChoice for DescriptorData {
    const KIND: &'static str = "descriptors";
    const SYNTHETIC: &'static str = SYNTHETIC;
    /// Ids in files have 31 bits.
    const MOST: u64 = i32::MAX as u64;

    fn name(&self) -> &str {
        &self.name
    }

    fn counts(&self) -> Vec<(String, u64)> {
        Part::ALL.map(|part| (part.to_string(), self.count(part))).into()
    }

    fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    fn seed(&self) -> Option<u64> {
        self.seed
    }
}
