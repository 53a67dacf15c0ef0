//! Leaves: their outlines and positions.

use std::ops::Range;

use rand_chacha::ChaCha8Rng;

use super::{between, unit};

/// Kinds of leaves by a random number: up to these limits ellipses, rectangles, long rectangles; above them triangles.
const ELLIPSES: f32 = 0.5;
const RECTANGLES: f32 = 0.75;
const LONG: f32 = 0.85;

/// The outlines of leaves, as conditions on (u, v), the position in the leaf in half axes. All are convex.
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
    /// The first and the last t for which (u + t·du, v + t·dv) is inside; the first is larger if no t is inside.
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
        // Positions with a·u + b·v ≤ c for every edge are inside.
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

/// A leaf before it falls.
pub struct Leaf {
    outline: Outline,
    /// Pixels: the radius of a disc with the area of the ellipse, and the half axes.
    pub radius: f32,
    long: f32,
    short: f32,
    /// Sine and cosine of the angle of the long axis.
    sine: f32,
    cosine: f32,
}

/// The pixels of a row that a leaf covers.
pub struct Strip {
    pub row: usize,
    pub columns: Range<usize>,
    /// The position of the first pixel in the leaf, in half axes, and the step to the next pixel.
    pub start: [f32; 2],
    pub step: [f32; 2],
}

impl Strip {
    /// The background: all rows of an image of `side` × `side` pixels, as if a leaf of its size were in its middle.
    pub fn whole(side: usize) -> impl Iterator<Item = Self> {
        let half = side as f32 / 2.0;
        let step = [half.recip(), 0.0];
        (0..side).map(move |row| Self { row, columns: 0..side, start: [-1.0, row as f32 / half - 1.0], step })
    }
}

impl Leaf {
    /// A leaf of any outline whose radius (pixels) has density r⁻³ between the smallest and the largest.
    pub fn new(rng: &mut ChaCha8Rng, smallest: f32, largest: f32) -> Self {
        let (low, high) = (smallest.powi(-2), largest.powi(-2));
        let radius = (low - unit(rng) * (low - high)).sqrt().recip();
        let kind = unit(rng);
        // Some leaves are long: branches, wires, borders.
        let (outline, aspect) = match kind {
            k if k < ELLIPSES => (Outline::Ellipse, between(rng, 0.4, 1.0)),
            k if k < RECTANGLES => (Outline::Rectangle, between(rng, 0.3, 1.0)),
            k if k < LONG => (Outline::Rectangle, between(rng, 0.04, 0.15)),
            _ => (Outline::Triangle, between(rng, 0.5, 1.0)),
        };
        let (long, short) = (radius / aspect.sqrt(), radius * aspect.sqrt());
        let [sine, cosine] = direction(rng);
        Self { outline, radius, long, short, sine, cosine }
    }

    /// Falls on a random position of an image of `side` × `side` pixels. Returns the strips that it covers.
    pub fn placed(&self, rng: &mut ChaCha8Rng, side: usize) -> impl Iterator<Item = Strip> + use<> {
        let Self { outline, long, short, sine, cosine, .. } = *self;
        let mut place = || between(rng, -long, side as f32 + long);
        let (x, y) = (place(), place());
        let step = [cosine / long, -sine / short];
        // No outline extends further than 1.3 half axes.
        let rows = pixels(y - 1.3 * long, y + 1.3 * long, side);
        rows.map(move |row| {
            let down = row as f32 - y;
            let [u, v] = [(sine * down - cosine * x) / long, (cosine * down + sine * x) / short];
            let [from, to] = outline.span([u, v], step);
            let columns = pixels(from, to, side);
            let first = columns.start as f32;
            Strip { row, columns, start: [u + first * step[0], v + first * step[1]], step }
        })
    }
}

/// The pixels between two positions, out of `side` pixels.
fn pixels(from: f32, to: f32, side: usize) -> Range<usize> {
    // The first integer that is not below.
    let end = |v: f32| {
        let v = v.clamp(0.0, side as f32);
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
