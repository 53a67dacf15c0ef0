//! Dead-leaves images (A. B. Lee, D. Mumford, J. Huang, IJCV 2001): opaque leaves fall at random positions and cover
//! what is below. With radii of density r⁻³, the statistics of their edges are those of photographs at every scale.

use rand_chacha::ChaCha8Rng;

use crate::leaves::{Leaf, Plane, Surface, between, noise_tile, unit};

/// Pixels per side. One such pixel is half a pixel of a photograph, because detectors double the image first.
pub const SIDE: usize = 256;

/// Radii of leaves, pixels.
const SMALLEST: f32 = 3.4;
const LARGEST: f32 = 160.0;

/// The sum of the areas of the leaves over the area of the image. The leaves lie on a background of noise.
const COVERS: f32 = 0.8;

/// Amplitude of the noise of the roughest leaves.
const NOISE: f32 = 0.35;

/// Largest change of gray over a half axis of a leaf.
const SHADING: f32 = 0.15;

/// Largest deviation of the blur before the grain, pixels.
const DEFOCUS: f32 = 2.0;

/// Width of the uniform grain over the whole image, before the last blur.
const GRAIN: f32 = 0.35;

/// Share of striped leaves.
const STRIPED: f32 = 0.15;

/// The common properties of the leaves of an image.
struct Style {
    /// Amount of texture, 0 to 1, and radius of the smallest leaves. Photographs differ in both.
    texture: f32,
    smallest: f32,
}

/// An image of leaves on a background, out of focus by up to [`DEFOCUS`], with grain, then blurred by `blur` pixels.
pub fn dead_leaves(rng: &mut ChaCha8Rng, blur: f64) -> Plane {
    let noise = noise_tile(rng, SIDE);
    let mut image = Plane::new(SIDE, 0.5);
    let style = Style { texture: unit(rng), smallest: between(rng, 1.0, 2.0) * SMALLEST };
    let mut covered = 0.0;
    while covered < COVERS * (SIDE * SIDE) as f32 {
        covered += fall(rng, &noise, &style, &mut image);
    }
    // A blur by less than half a pixel would have no effect.
    let mut image = image.blurred(f64::from(between(rng, 0.5, DEFOCUS)));
    for value in &mut image.values {
        *value = (*value + GRAIN * (unit(rng) - 0.5)).clamp(0.0, 1.0);
    }
    image.blurred(blur)
}

/// Adds one leaf; returns the area that it covers.
fn fall(rng: &mut ChaCha8Rng, noise: &Plane, style: &Style, image: &mut Plane) -> f32 {
    let leaf = Leaf::new(rng, style.smallest, LARGEST);
    let surface = surface(rng, style.texture, leaf.radius);
    let mut area = 0;
    for strip in leaf.placed(rng, SIDE) {
        area += strip.columns.len();
        let pixels = &mut image.values[strip.row * SIDE..][strip.columns.clone()];
        surface.paint(pixels, &strip, noise);
    }
    area as f32
}

fn surface(rng: &mut ChaCha8Rng, texture: f32, radius: f32) -> Surface {
    let striped = unit(rng) < STRIPED && radius > 8.0;
    let rough = (2.0 * unit(rng) - 1.0).max(0.0);
    Surface {
        gray: between(rng, 0.1, 0.9),
        shading: [between(rng, -SHADING, SHADING), between(rng, -SHADING, SHADING)],
        noise: NOISE * texture * rough * rough,
        offset: [between(rng, 0.0, SIDE as f32), between(rng, 0.0, SIDE as f32)],
        spread: between(rng, 0.4, 1.0),
        stripes: if striped { between(rng, 0.03, 0.25) } else { 0.0 },
        waves: radius / between(rng, 6.0, 24.0),
        phase: unit(rng),
    }
}
