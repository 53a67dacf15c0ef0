//! Synthetic data with natural statistics, for machines without the real data sets: SIFT descriptors and color images
//! of dead-leaves scenes, and speech of a formant synthesizer.
//!
//! Everything is drawn from named random streams: an item depends on the seed, its part and its number alone, not on
//! the number of threads.
//!
//! ```
//! use stand_in::{Part, images, speech};
//!
//! let mut pixels = vec![0; 2 * images::BYTES];
//! images::fill(Part::Training, 1, 0, &mut pixels);
//! let utterance = speech::utterance(Part::Test, 1, 0);
//! assert!(utterance.samples.len() > 3 * speech::RATE as usize);
//! ```

pub mod descriptors;
pub mod images;
mod leaves;
mod part;
pub mod speech;

pub use part::Part;
