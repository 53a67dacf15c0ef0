//! Dead-leaves images in color: the leaves of [`crate::leaves`] with one hue each, lit from one side, through a camera
//! model.

use rand_chacha::ChaCha8Rng;

use super::{BYTES, CHANNELS, SIDE};
use crate::leaves::{Leaf, Plane, Strip, Surface, between, noise_tile, unit};
use vqlab_core::data::stream::normal;

/// Pixels per side of the painted image, twice those of the final image: a final pixel is the mean of four.
const FINE: usize = 2 * SIDE;

/// Radii of leaves, fine pixels.
const SMALLEST: f32 = 3.4;
const LARGEST: f32 = 150.0;

/// The sum of the areas of the leaves over the area of the image. The leaves lie on a background.
const COVERS: f32 = 0.95;

/// Standard deviation of the luminance of images, and of leaves of an image of full contrast.
const BETWEEN: f32 = 0.085;
const WITHIN: f32 = 0.235;

/// A uniform number between −√3 and √3 has variance 1. The luminance of leaves is uniform; otherwise too many leaves
/// would be black and white.
const ROOT_3: f32 = 1.732;

/// Mean color.
const MEAN: [f32; CHANNELS] = [0.491, 0.482, 0.447];

/// The color axes yellow to blue and green to magenta.
const WARM: [f32; CHANNELS] = [0.87, -0.05, -1.13];
const GREEN: [f32; CHANNELS] = [-0.6, 1.0, -0.4];

/// Standard deviations of the color along these axes, of images and of leaves.
const TINT: [f32; 2] = [0.06, 0.02];
const HUE: [f32; 2] = [0.07, 0.037];

/// Amplitude of the noise of the roughest leaves.
const NOISE: f32 = 0.4;

/// Largest change of luminance over a half axis of a leaf.
const SHADING: f32 = 0.2;

/// Deviation of the blur, fine pixels.
const SHARP: f32 = 0.6;
const DEFOCUS: f32 = 1.45;

/// Largest width of the uniform noise of the camera.
const GRAIN: f32 = 0.02;

/// Share of striped leaves.
const STRIPED: f32 = 0.1;

/// The common properties of the leaves of an image.
struct Style {
    /// Mean and standard deviation of the luminance.
    luminance: f32,
    contrast: f32,
    /// Mean color, along [`WARM`] and [`GREEN`], and the strength of the colors.
    tint: [f32; 2],
    color: f32,
    /// Amount of texture, 0 to 1.
    texture: f32,
}

impl Style {
    fn draw(rng: &mut ChaCha8Rng) -> Self {
        Self {
            luminance: BETWEEN * normal(rng),
            contrast: WITHIN * between(rng, 0.6, 1.4),
            tint: TINT.map(|deviation| deviation * normal(rng)),
            color: between(rng, 0.2, 1.6),
            texture: unit(rng),
        }
    }

    fn surface(&self, rng: &mut ChaCha8Rng, radius: f32) -> Surface {
        let striped = unit(rng) < STRIPED && radius > 6.0;
        let rough = unit(rng);
        Surface {
            gray: self.luminance + self.contrast * between(rng, -ROOT_3, ROOT_3),
            shading: [between(rng, -SHADING, SHADING), between(rng, -SHADING, SHADING)],
            noise: NOISE * self.texture * rough * rough,
            offset: [between(rng, 0.0, FINE as f32), between(rng, 0.0, FINE as f32)],
            spread: between(rng, 0.4, 1.0),
            stripes: if striped { between(rng, 0.03, 0.2) } else { 0.0 },
            waves: radius / between(rng, 6.0, 24.0),
            phase: unit(rng),
        }
    }

    /// The color that a leaf adds to the gray of its surface.
    fn hue(&self, rng: &mut ChaCha8Rng) -> [f32; CHANNELS] {
        let [warm, green] = [0, 1].map(|i| self.tint[i] + self.color * HUE[i] * normal(rng));
        [0, 1, 2].map(|c| MEAN[c] + warm * WARM[c] + green * GREEN[c])
    }
}

/// An image, interleaved RGB.
pub fn scene(rng: &mut ChaCha8Rng) -> [u8; BYTES] {
    let style = Style::draw(rng);
    let noise = noise_tile(rng, FINE);
    let mut image = [(); CHANNELS].map(|()| Plane::new(FINE, 0.0));
    paint(rng, &style, FINE as f32, Strip::whole(FINE), &noise, &mut image);
    let mut covered = 0;
    while covered < (COVERS * (FINE * FINE) as f32) as usize {
        let leaf = Leaf::new(rng, SMALLEST, LARGEST);
        let strips = leaf.placed(rng, FINE);
        covered += paint(rng, &style, leaf.radius, strips, &noise, &mut image);
    }
    let blur = f64::from(between(rng, SHARP, DEFOCUS));
    let image = image.map(|plane| plane.blurred(blur));
    let grain = GRAIN * unit(rng);
    let mut out = [0; BYTES];
    for (i, out) in out.iter_mut().enumerate() {
        let (pixel, plane) = (i / CHANNELS, &image[i % CHANNELS]);
        let (x, y) = (2 * (pixel % SIDE), 2 * (pixel / SIDE));
        let mean = 0.25 * (plane.at(x, y) + plane.at(x + 1, y) + plane.at(x, y + 1) + plane.at(x + 1, y + 1));
        // The cast saturates.
        *out = (255.0 * (mean + grain * (unit(rng) - 0.5)) + 0.5) as u8;
    }
    out
}

/// Paints a leaf; returns the number of pixels that it covers.
fn paint(
    rng: &mut ChaCha8Rng,
    style: &Style,
    radius: f32,
    strips: impl Iterator<Item = Strip>,
    noise: &Plane,
    image: &mut [Plane; CHANNELS],
) -> usize {
    let (surface, hue) = (style.surface(rng, radius), style.hue(rng));
    let mut grays = [0.0; FINE];
    let mut area = 0;
    for strip in strips {
        let grays = &mut grays[..strip.columns.len()];
        surface.paint(grays, &strip, noise);
        for (plane, hue) in image.iter_mut().zip(hue) {
            let pixels = &mut plane.values[strip.row * FINE..][strip.columns.clone()];
            pixels.iter_mut().zip(&*grays).for_each(|(pixel, gray)| *pixel = gray + hue);
        }
        area += grays.len();
    }
    area
}
