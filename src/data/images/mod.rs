//! Color images of 32 × 32 pixels in two parts, training and test: the binary files of CIFAR-10, tiles of PNG images,
//! or synthetic images.
//!
//! ```
//! use vqlab::data::images::{ImageData, Images};
//!
//! let images = Images::open(&ImageData::synthetic(100, 10, 1))?;
//! assert_eq!(images.training().len(), 100 * 32 * 32 * 3);
//! # Ok::<(), vqlab::data::images::ImageError>(())
//! ```

mod cifar;
mod error;
mod folder;
mod make;
mod open;
mod picture;
#[cfg(test)]
mod statistics;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use error::ImageError;
pub use make::{make, steps};
pub use open::Images;

pub use super::Part;
use stand_in::images as synthetic;
use stand_in::images::BYTES;
/// Name of the synthetic sets.
pub use stand_in::images::NAME as SYNTHETIC;
pub use stand_in::images::{CHANNELS, SIDE};

/// The maximum number of images in a part, about 50 GB.
pub const MOST: u64 = 1 << 24;

/// Pixels of an image.
const PIXELS: usize = SIDE * SIDE;

/// The choice of images, as plain data. It is part of a cell's identity.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ImageData {
    /// [`SYNTHETIC`], or the name of the folder.
    pub name: String,
    /// Number of images in each part, 32 × 32, RGB.
    pub training: u64,
    pub test: u64,
    /// Only for files: SHA-256 of the used pixels (training, test, each after its count as a 64-bit number,
    /// little-endian; interleaved RGB, row by row). It does not depend on the file format.
    pub digest: Option<String>,
    /// Only for synthetic sets.
    pub seed: Option<u64>,
    /// The folder of the files; not part of the identity.
    #[serde(skip)]
    pub path: Option<PathBuf>,
}

impl PartialEq for ImageData {
    /// Compares the images, not their folders.
    fn eq(&self, other: &Self) -> bool {
        let identity = |data: &Self| {
            let Self { name, training, test, digest, seed, path: _ } = data.clone();
            (name, [training, test], digest, seed)
        };
        identity(self) == identity(other)
    }
}

impl ImageData {
    /// Synthetic images: the first images of endless sets that depend on the seed only.
    pub fn synthetic(training: u64, test: u64, seed: u64) -> Self {
        Self { name: SYNTHETIC.into(), training, test, digest: None, seed: Some(seed), path: None }
    }

    /// The number of images in a part.
    pub fn count(&self, part: Part) -> u64 {
        match part {
            Part::Training => self.training,
            Part::Test => self.test,
        }
    }

    /// Rejects counts that no set can have.
    ///
    /// # Errors
    /// [`ImageError::Count`].
    pub fn check_counts(&self) -> Result<(), ImageError> {
        for part in Part::ALL {
            let asked = self.count(part);
            if !(1..=MOST).contains(&asked) {
                return Err(ImageError::Count { part, asked, most: MOST });
            }
        }
        Ok(())
    }
}
