//! Color images of 32 × 32 pixels in two parts, training and test: the binary files of CIFAR-10, tiles of PNG images,
//! or synthetic images.
//!
//! ```
//! use vqlab::data::images::{ImageData, Images};
//!
//! let images = Images::open(&ImageData::synthetic(100, 10, 1))?;
//! assert_eq!(images.training().len(), 100 * 32 * 32 * 3);
//! # Ok::<(), vqlab::data::DataError>(())
//! ```

mod cifar;
mod folder;
mod kind;
mod picture;
#[cfg(test)]
mod statistics;
#[cfg(test)]
mod tests;

pub use kind::ImageKind;

pub use super::Part;
use super::parts::{Choice, Opened};
use stand_in::images as synthetic;
use stand_in::images::BYTES;
/// Name of the synthetic sets.
pub use stand_in::images::NAME as SYNTHETIC;
pub use stand_in::images::{CHANNELS, SIDE};

/// Pixels of an image.
const PIXELS: usize = SIDE * SIDE;

/// The choice of images of 32 × 32 pixels, RGB.
pub type ImageData = Choice<ImageKind>;

/// Opened images. A part is n × 32 × 32 × 3 bytes, row by row, interleaved RGB.
pub type Images = Opened<ImageKind>;
