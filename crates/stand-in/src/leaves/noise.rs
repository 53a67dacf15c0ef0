//! Textures.

use rand_chacha::ChaCha8Rng;

use super::{Plane, between};

/// Side of the smallest lattice of the noise, and the gain of the amplitude from one lattice to the next finer one.
const COARSEST: usize = 4;
const GAIN: f32 = 0.6;

/// Periodic noise of mean 0 whose amplitude falls with the frequency: lattices of random numbers, each twice as fine as
/// the one before, interpolated and added. `side` is a power of two from [`COARSEST`] on.
pub fn noise_tile(rng: &mut ChaCha8Rng, side: usize) -> Plane {
    let mut tile = Plane::new(COARSEST, 0.0);
    let mut amplitude = 1.0;
    loop {
        for value in &mut tile.values {
            *value += amplitude * between(rng, -1.0, 1.0);
        }
        if tile.side >= side {
            return tile;
        }
        tile = doubled(&tile);
        amplitude *= GAIN;
    }
}

/// Linear interpolation, periodic.
fn doubled(tile: &Plane) -> Plane {
    let side = tile.side;
    let mut out = Plane::new(2 * side, 0.0);
    for y in 0..side {
        let (here, below) = (tile.row(y), tile.row((y + 1) % side));
        for x in 0..side {
            let next = (x + 1) % side;
            let at = 4 * y * side + 2 * x;
            out.values[at] = here[x];
            out.values[at + 1] = 0.5 * (here[x] + here[next]);
            out.values[at + 2 * side] = 0.5 * (here[x] + below[x]);
            out.values[at + 2 * side + 1] = 0.25 * (here[x] + here[next] + below[x] + below[next]);
        }
    }
    out
}
