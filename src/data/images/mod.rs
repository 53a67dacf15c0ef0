//! Images of 32 × 32 pixels.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub const SIDE: usize = 32;
pub const SYNTHETIC: &str = "synthetic-images";

/// Which images a cell works on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ImageData {
    pub name: String,
    pub training: u64,
    pub test: u64,
    pub digest: Option<String>,
    pub seed: Option<u64>,
    #[serde(skip)]
    pub path: Option<PathBuf>,
}

impl PartialEq for ImageData {
    fn eq(&self, other: &Self) -> bool {
        let identity = |data: &Self| (data.name.clone(), data.training, data.test, data.digest.clone(), data.seed);
        identity(self) == identity(other)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ImageError(String);

impl ImageData {
    pub fn synthetic(training: u64, test: u64, seed: u64) -> Self {
        Self { name: SYNTHETIC.into(), training, test, digest: None, seed: Some(seed), path: None }
    }

    /// # Errors
    /// [`ImageError`]
    pub fn folder(path: &Path, _limits: [Option<u64>; 2]) -> Result<Self, ImageError> {
        Err(ImageError(format!("{} can't be read yet", path.display())))
    }
}
