//! Colour images with natural statistics.

mod scene;
#[cfg(test)]
mod statistics;

use rayon::prelude::*;

use super::{BYTES, Part, SYNTHETIC};
use crate::data::stream::stream;
use scene::scene;

/// Fills `out` (n × 32 × 32 × 3) with the images of a part from number `first` on, on the threads of the current rayon pool.
/// Every image hangs on its part, seed and number alone.
pub fn fill(part: Part, seed: u64, first: u64, out: &mut [u8]) {
    out.par_chunks_mut(BYTES).enumerate().for_each(|(i, image)| {
        let number = first + i as u64;
        image.copy_from_slice(&scene(&mut stream(&format!("{SYNTHETIC}/{seed}/{part}/{number}"))));
    });
}
