//! Dead-leaves images (A. B. Lee, D. Mumford, J. Huang, IJCV 2001): opaque leaves fall at random places and hide what is
//! below. With radii of density r⁻³ the statistics of their edges are those of photographs, at every scale alike.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::plane::Plane;

/// Pixels of a side. One such pixel is half a pixel of a photograph, because detectors double the image first.
pub const SIDE: usize = 256;

/// Radii of leaves, pixels.
const SMALLEST: f32 = 3.4;
const LARGEST: f32 = 160.0;

/// The sum of the areas of the leaves over that of the image: the leaves lie on a ground of noise.
const COVERS: f32 = 0.8;

/// Kinds of leaves: up to these numbers ellipses, rectangles, long rectangles; then triangles.
const ELLIPSES: f32 = 0.5;
const RECTANGLES: f32 = 0.75;
const LONG: f32 = 0.85;

/// Amplitude of the noise of the roughest leaves.
const NOISE: f32 = 0.35;

/// Largest change of grey over a half axis of a leaf.
const SHADING: f32 = 0.15;

/// Largest deviation of the blur before the grain, pixels.
const DEFOCUS: f32 = 2.0;

/// Width of the uniform grain over the whole image, before the last blur.
const GRAIN: f32 = 0.35;

/// Share of striped leaves.
const STRIPED: f32 = 0.15;

/// Side of the smallest lattice of the noise, and the gain of its amplitude from one lattice to the twice finer one.
const COARSEST: usize = 4;
const GAIN: f32 = 0.6;

/// A uniform number in [0, 1).
pub fn unit(rng: &mut ChaCha8Rng) -> f32 {
    (rng.next_u32() >> 8) as f32 / (1 << 24) as f32
}

/// A uniform number between two.
fn between(rng: &mut ChaCha8Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * unit(rng)
}

/// The outlines of leaves, as conditions on (u, v), the place in the leaf in half axes. All are convex.
#[derive(Clone, Copy)]
enum Outline {
    /// u² + v² ≤ 1.
    Ellipse,
    /// |u| ≤ .85, |v| ≤ .85.
    Rectangle,
    /// v ≥ −.6, v + 1.6 |u| ≤ .9.
    Triangle,
}

impl Outline {
    /// The first and the last t for which (u + t·du, v + t·dv) is inside; the first is larger if none is.
    fn span(self, [u, v]: [f32; 2], [du, dv]: [f32; 2]) -> [f32; 2] {
        let edges: &[[f32; 3]] = match self {
            Self::Ellipse => {
                let (a, b, c) = (du * du + dv * dv, u * du + v * dv, u * u + v * v - 1.0);
                let root = (b * b - a * c).max(0.0).sqrt();
                let none = b * b < a * c;
                return if none { [1.0, 0.0] } else { [(-b - root) / a, (-b + root) / a] };
            }
            Self::Rectangle => &[[1.0, 0.0, 0.85], [-1.0, 0.0, 0.85], [0.0, 1.0, 0.85], [0.0, -1.0, 0.85]],
            Self::Triangle => &[[0.0, -1.0, 0.6], [1.6, 1.0, 0.9], [-1.6, 1.0, 0.9]],
        };
        // Inside are the places with a·u + b·v ≤ c for every edge.
        let mut span = [f32::NEG_INFINITY, f32::INFINITY];
        for [a, b, c] in edges {
            let (slope, room) = (a * du + b * dv, c - a * u - b * v);
            if slope > 0.0 {
                span[1] = span[1].min(room / slope);
            } else if slope < 0.0 {
                span[0] = span[0].max(room / slope);
            } else if room < 0.0 {
                return [1.0, 0.0];
            }
        }
        span
    }
}

/// What a leaf shows: a grey, a gradient across it, and a texture.
struct Surface {
    grey: f32,
    /// Change of grey over a half axis.
    shading: [f32; 2],
    /// Amplitude of the noise.
    noise: f32,
    /// Where in the tile of noise the leaf lies, and how much the noise is spread in it.
    offset: [f32; 2],
    spread: f32,
    /// Amplitude, waves a half axis and phase of the stripes.
    stripes: f32,
    waves: f32,
    phase: f32,
}

/// What the leaves of an image have in common.
struct Style {
    /// Photographs differ in how much texture they show, 0 to 1, and in how small the smallest leaves are.
    texture: f32,
    smallest: f32,
}

/// An image of leaves on a ground, out of focus by up to [`DEFOCUS`], with grain, then blurred by `blur` pixels.
pub fn dead_leaves(rng: &mut ChaCha8Rng, blur: f64) -> Plane {
    let noise = noise_tile(rng);
    let mut image = Plane::new(SIDE, 0.5);
    let style = Style { texture: unit(rng), smallest: between(rng, 1.0, 2.0) * SMALLEST };
    let mut covered = 0.0;
    while covered < COVERS * (SIDE * SIDE) as f32 {
        covered += fall(rng, &noise, &style, &mut image);
    }
    // A blur by less than half a pixel would be none.
    let mut image = image.blurred(f64::from(between(rng, 0.5, DEFOCUS)));
    for value in &mut image.values {
        *value = (*value + GRAIN * (unit(rng) - 0.5)).clamp(0.0, 1.0);
    }
    image.blurred(blur)
}

/// One leaf falls; gives the area that it covers.
fn fall(rng: &mut ChaCha8Rng, noise: &Plane, style: &Style, image: &mut Plane) -> f32 {
    let (low, high) = (style.smallest.powi(-2), LARGEST.powi(-2));
    let radius = (low - unit(rng) * (low - high)).sqrt().recip();
    let kind = unit(rng);
    // Some are long: branches, wires, borders.
    let (outline, aspect) = match kind {
        k if k < ELLIPSES => (Outline::Ellipse, between(rng, 0.4, 1.0)),
        k if k < RECTANGLES => (Outline::Rectangle, between(rng, 0.3, 1.0)),
        k if k < LONG => (Outline::Rectangle, between(rng, 0.04, 0.15)),
        _ => (Outline::Triangle, between(rng, 0.5, 1.0)),
    };
    let (long, short) = (radius / aspect.sqrt(), radius * aspect.sqrt());
    let [sine, cosine] = direction(rng);
    let surface = surface(rng, style.texture, radius);
    let mut place = || between(rng, -long, SIDE as f32 + long);
    let (x, y) = (place(), place());
    // No outline goes further than 1.3 half axes.
    let rows = pixels(y - 1.3 * long, y + 1.3 * long);
    let step = [cosine / long, -sine / short];
    let mut area = 0;
    for row in rows {
        let down = row as f32 - y;
        let [u, v] = [(sine * down - cosine * x) / long, (cosine * down + sine * x) / short];
        let [from, to] = outline.span([u, v], step);
        let columns = pixels(from, to);
        area += columns.len();
        let first = columns.start;
        let start = [u + first as f32 * step[0], v + first as f32 * step[1]];
        surface.paint(&mut image.values[row * SIDE..][columns], [first, row], start, step, noise);
    }
    area as f32
}

/// The pixels from one place to another.
fn pixels(from: f32, to: f32) -> std::ops::Range<usize> {
    // The first whole number that is not below.
    let end = |v: f32| {
        let v = v.clamp(0.0, SIDE as f32);
        let whole = v as i32;
        (whole + i32::from((whole as f32) < v)) as usize
    };
    let (from, to) = (end(from), end(to));
    from..to.max(from)
}

/// Sine and cosine of a random angle, without trigonometry: a random point of the disc.
fn direction(rng: &mut ChaCha8Rng) -> [f32; 2] {
    loop {
        let (x, y) = (between(rng, -1.0, 1.0), between(rng, -1.0, 1.0));
        let square = x * x + y * y;
        if (1e-4..=1.0).contains(&square) {
            let length = square.sqrt();
            return [y / length, x / length];
        }
    }
}

fn surface(rng: &mut ChaCha8Rng, texture: f32, radius: f32) -> Surface {
    let striped = unit(rng) < STRIPED && radius > 8.0;
    let rough = (2.0 * unit(rng) - 1.0).max(0.0);
    Surface {
        grey: between(rng, 0.1, 0.9),
        shading: [between(rng, -SHADING, SHADING), between(rng, -SHADING, SHADING)],
        noise: NOISE * texture * rough * rough,
        offset: [between(rng, 0.0, SIDE as f32), between(rng, 0.0, SIDE as f32)],
        spread: between(rng, 0.4, 1.0),
        stripes: if striped { between(rng, 0.03, 0.25) } else { 0.0 },
        waves: radius / between(rng, 6.0, 24.0),
        phase: unit(rng),
    }
}

impl Surface {
    /// Paints pixels of a row, the first of which is pixel (x, y) of the image and place (u, v) of the leaf.
    fn paint(&self, out: &mut [f32], [x, y]: [usize; 2], [u, v]: [f32; 2], [du, dv]: [f32; 2], noise: &Plane) {
        let start = self.grey + self.shading[0] * u + self.shading[1] * v;
        let slope = self.shading[0] * du + self.shading[1] * dv;
        for (i, out) in out.iter_mut().enumerate() {
            *out = start + slope * i as f32;
        }
        if self.noise > 0.0 {
            let row = noise.row((self.offset[1] + self.spread * y as f32) as usize % SIDE);
            // In 1/65536 of a pixel.
            let fixed = |v: f32| (v * 65536.0) as i64 as usize;
            let (mut place, step) = (fixed(self.offset[0] + self.spread * x as f32), fixed(self.spread));
            for out in out.iter_mut() {
                *out += self.noise * row[(place >> 16) % SIDE];
                place += step;
            }
        }
        if self.stripes > 0.0 {
            for (i, out) in out.iter_mut().enumerate() {
                // Positive, so that the conversion is the floor; a leaf has no more than 1000 waves.
                let wave = self.waves * (u + du * i as f32) + self.phase + 1000.0;
                *out += self.stripes * (4.0 * (wave - wave as i32 as f32 - 0.5).abs() - 1.0);
            }
        }
    }
}

/// Periodic noise of mean 0 whose amplitude falls with the frequency: lattices of random numbers, each twice as fine as
/// the one before, interpolated and added.
fn noise_tile(rng: &mut ChaCha8Rng) -> Plane {
    let mut tile = Plane::new(COARSEST, 0.0);
    let mut amplitude = 1.0;
    loop {
        for value in &mut tile.values {
            *value += amplitude * between(rng, -1.0, 1.0);
        }
        if tile.side == SIDE {
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
