//! Components of dead-leaves images (A. B. Lee, D. Mumford, J. Huang, *Occlusion models for natural images*, IJCV
//! 2001): leaves that fall at random positions, their surfaces, and the planes that they fall on. The synthetic
//! descriptors and the synthetic color images share these components and have their own styles.

mod leaf;
mod noise;
mod plane;
mod surface;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

pub use leaf::{Leaf, Strip};
pub use noise::noise_tile;
pub use plane::Plane;
pub use surface::Surface;

/// A uniform number in [0, 1).
pub fn unit(rng: &mut ChaCha8Rng) -> f32 {
    (rng.next_u32() >> 8) as f32 / (1 << 24) as f32
}

/// A uniform number between two.
pub fn between(rng: &mut ChaCha8Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * unit(rng)
}
