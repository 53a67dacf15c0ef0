//! Synthetic color images with natural statistics, for machines without a file of real ones: dead leaves (A. B. Lee, D.
//! Mumford, J. Huang, *Occlusion models for natural images*, IJCV 2001) with shading, texture and stripes. Their
//! luminance varies far more than their hue. A camera model blurs, averages and adds a little noise. The constants of
//! `scene.rs` were tuned with the table below, which the ignored test `data::images::statistics::table` of vqlab
//! prints. It compares 10,000 synthetic training images (seed 1), the first 10,000 images of CIFAR-10, and 8,064 tiles
//! of 21 Kodak pictures. Values are from 0 to 1; pairs are taken over all images.
//!
//! | | ours | CIFAR-10 | Kodak |
//! |---|---|---|---|
//! | mean of red, green, blue | .490, .482, .448 | .493, .483, .447 | .472, .431, .358 |
//! | standard deviation | .249, .241, .251 | .248, .245, .263 | .222, .235, .225 |
//! | correlation of red and green, green and blue, red and blue | .923, .913, .784 | .912, .910, .790 | .855, .922, .763 |
//! | correlation of neighbors, 1 / 2 / 8 pixels apart | .925 / .786 / .421 | .928 / .816 / .462 | .963 / .923 / .843 |
//! | share of the variance that is between images | .347 | .295 | .763 |
//! | share of values 0 and 255 | .051 | .013 | .033 |
//! | Peak SNR of blocks 4 × 4 × 3 by 1 / 3 of 48 principal components, dB | 17.64 / 20.49 | 17.89 / 20.85 | 20.51 / 24.14 |
//! | by 6 / 12 / 24 | 25.24 / 30.88 / 39.55 | 24.62 / 30.17 / 40.22 | 28.31 / 34.46 / 47.09 |
//!
//! Objects are not modeled. Nothing in one image recurs in another, so no network can learn the appearance of a dog. A
//! network can learn edges, gradients, textures and colors.
//!
//! 10,000 images take about 1.1 s on one core (AMD EPYC with AVX-512).

mod scene;

use rayon::prelude::*;

use crate::Part;
use scene::scene;
use vqlab_core::data::stream::stream;

/// Pixels per side.
pub const SIDE: usize = 32;

/// Red, green and blue.
pub const CHANNELS: usize = 3;

/// Values per image.
pub const BYTES: usize = SIDE * SIDE * CHANNELS;

/// The name of these sets and of their random streams.
pub const NAME: &str = "synthetic-images";

/// Fills `out` (n × 32 × 32 × 3) with the images of a part from number `first` on, on the threads of the current rayon
/// pool. Every image depends on its part, seed and number alone.
pub fn fill(part: Part, seed: u64, first: u64, out: &mut [u8]) {
    out.par_chunks_mut(BYTES).enumerate().for_each(|(i, image)| {
        let number = first + i as u64;
        image.copy_from_slice(&scene(&mut stream(&format!("{NAME}/{seed}/{part}/{number}"))));
    });
}
