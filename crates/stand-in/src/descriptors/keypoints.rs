//! Keypoints (D. Lowe, IJCV 2004): extrema of the difference of Gaussians over position and scale, refined by a
//! quadratic fit, without keypoints of low contrast or on edges.

use crate::leaves::Plane;
use vqlab_core::level::run;

/// Scales per octave.
pub const SCALES: usize = 3;

/// Standard deviation of the first image of an octave, pixels of that octave.
pub const FIRST_DEVIATION: f64 = 1.6;

/// Least contrast, where black to white is 1.
const CONTRAST: f32 = 0.04 / SCALES as f32;

/// Largest ratio of the principal curvatures.
const EDGE: f32 = 10.0;

/// Pixels along the border without keypoints.
const BORDER: usize = 5;

/// Images of one octave: Gaussian ones with deviations 1.6·2^(i/3), i = 0 to 5.
pub struct Octave {
    pub images: Vec<Plane>,
}

impl Octave {
    /// The octave of an image that is blurred to [`FIRST_DEVIATION`].
    pub fn new(first: Plane) -> Self {
        let deviation = |i: usize| FIRST_DEVIATION * 2f64.powf(i as f64 / SCALES as f64);
        let mut images = vec![first];
        for i in 1..SCALES + 3 {
            let more = (deviation(i).powi(2) - deviation(i - 1).powi(2)).sqrt();
            let next = images[i - 1].blurred(more);
            images.push(next);
        }
        Self { images }
    }

    /// The first image of the next octave.
    pub fn next(&self) -> Plane {
        self.images[SCALES].halved()
    }
}

/// A position in an octave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Keypoint {
    /// Pixels of the octave.
    pub x: f32,
    pub y: f32,
    /// The image of the octave that is nearest in scale: 1 to [`SCALES`].
    pub image: usize,
    /// Standard deviation, pixels of the octave.
    pub deviation: f32,
}

/// All keypoints of an octave, in the order of scale, row and column.
pub fn keypoints(octave: &Octave) -> Vec<Keypoint> {
    let difference = |pair: &[Plane]| {
        let values = pair[1].values.iter().zip(&pair[0].values).map(|(b, a)| b - a).collect();
        Plane { side: pair[0].side, values }
    };
    let differences: Vec<Plane> = octave.images.windows(2).map(difference).collect();
    let side = octave.images[0].side;
    let mut found = Vec::new();
    let mut flags = vec![false; side];
    for scale in 1..=SCALES {
        let stack = [&differences[scale - 1], &differences[scale], &differences[scale + 1]];
        for y in BORDER..side - BORDER {
            let near = |plane: usize| [y - 1, y, y + 1].map(|y| stack[plane].row(y));
            extrema_of_row(near(1), &mut flags);
            for (x, flag) in flags.iter().enumerate().take(side - BORDER).skip(BORDER) {
                if *flag && is_extremum([near(0), near(2)], x, stack[1].at(x, y)) {
                    found.extend(refined(&differences, x, y, scale));
                }
            }
        }
    }
    found
}

/// Whether a pixel of the middle row is large enough and extreme among its eight neighbors; false at the ends.
fn extrema_of_row(rows: [&[f32]; 3], flags: &mut [bool]) {
    run(
        #[inline(always)]
        |_| {
            let n = flags.len() - 2;
            let flags = &mut flags[1..1 + n];
            let shifted = rows.map(|row| [&row[..n], &row[1..1 + n], &row[2..2 + n]]);
            let [[a, b, c], [d, here, e], [f, g, h]] = shifted;
            for i in 0..n {
                let value = here[i];
                let others = [a[i], b[i], c[i], d[i], e[i], f[i], g[i], h[i]];
                let (mut top, mut bottom) = (value > 0.5 * CONTRAST, value < -0.5 * CONTRAST);
                for other in others {
                    top &= value >= other;
                    bottom &= value <= other;
                }
                flags[i] = top | bottom;
            }
        },
    )
}

/// Whether a value is extreme among the 18 neighbors in the images below and above.
fn is_extremum(planes: [[&[f32]; 3]; 2], x: usize, value: f32) -> bool {
    let (sign, value) = (value.signum(), value.abs());
    planes.iter().flatten().all(|row| row[x - 1..=x + 1].iter().all(|other| sign * other <= value))
}

/// The keypoint at the top of the parabola through the neighbors.
fn refined(differences: &[Plane], x: usize, y: usize, scale: usize) -> Option<Keypoint> {
    let (mut x, mut y, mut scale) = (x, y, scale);
    for _ in 0..5 {
        let fit = Fit::new([&differences[scale - 1], &differences[scale], &differences[scale + 1]], x, y);
        let [dx, dy, ds] = fit.offset()?;
        if dx.abs() < 0.5 && dy.abs() < 0.5 && ds.abs() < 0.5 {
            let contrast = fit.value + 0.5 * (fit.gradient[0] * dx + fit.gradient[1] * dy + fit.gradient[2] * ds);
            if contrast.abs() < CONTRAST || fit.is_edge() {
                return None;
            }
            let deviation = (FIRST_DEVIATION * 2f64.powf((scale as f64 + f64::from(ds)) / SCALES as f64)) as f32;
            return Some(Keypoint { x: x as f32 + dx, y: y as f32 + dy, image: scale, deviation });
        }
        let side = differences[0].side;
        x = moved(x, dx, BORDER, side - BORDER)?;
        y = moved(y, dy, BORDER, side - BORDER)?;
        scale = moved(scale, ds, 1, SCALES + 1)?;
    }
    None
}

/// The position moved to the nearest integer, if that is in low..high.
fn moved(position: usize, by: f32, low: usize, high: usize) -> Option<usize> {
    let to = (position as f32 + by).round();
    (to >= low as f32 && to < high as f32).then_some(to as usize)
}

/// A quadratic through a pixel and its neighbors in (x, y, scale).
struct Fit {
    value: f32,
    gradient: [f32; 3],
    /// xx, yy, ss, xy, xs, ys.
    hessian: [f32; 6],
}

impl Fit {
    fn new([below, here, above]: [&Plane; 3], x: usize, y: usize) -> Self {
        let value = here.at(x, y);
        let cross = |a: f32, b: f32, c: f32, d: f32| 0.25 * (a - b - c + d);
        Self {
            value,
            gradient: [
                0.5 * (here.at(x + 1, y) - here.at(x - 1, y)),
                0.5 * (here.at(x, y + 1) - here.at(x, y - 1)),
                0.5 * (above.at(x, y) - below.at(x, y)),
            ],
            hessian: [
                here.at(x + 1, y) + here.at(x - 1, y) - 2.0 * value,
                here.at(x, y + 1) + here.at(x, y - 1) - 2.0 * value,
                above.at(x, y) + below.at(x, y) - 2.0 * value,
                cross(here.at(x + 1, y + 1), here.at(x - 1, y + 1), here.at(x + 1, y - 1), here.at(x - 1, y - 1)),
                cross(above.at(x + 1, y), above.at(x - 1, y), below.at(x + 1, y), below.at(x - 1, y)),
                cross(above.at(x, y + 1), above.at(x, y - 1), below.at(x, y + 1), below.at(x, y - 1)),
            ],
        }
    }

    /// −H⁻¹ g, by Cramer's rule; None for a flat region.
    fn offset(&self) -> Option<[f32; 3]> {
        let [a, d, f, b, c, e] = self.hessian;
        let cofactors = [d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b];
        let determinant = a * cofactors[0] + b * cofactors[1] + c * cofactors[2];
        let [g, h, i] = self.gradient;
        let [aa, ab, ac, bb, bc, cc] = cofactors;
        let solution = [aa * g + ab * h + ac * i, ab * g + bb * h + bc * i, ac * g + bc * h + cc * i];
        let offset = solution.map(|v| -v / determinant);
        offset.iter().all(|v| v.is_finite()).then_some(offset)
    }

    fn is_edge(&self) -> bool {
        let [xx, yy, _, xy, ..] = self.hessian;
        let (trace, determinant) = (xx + yy, xx * yy - xy * xy);
        determinant <= 0.0 || trace * trace * EDGE >= (EDGE + 1.0) * (EDGE + 1.0) * determinant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_is_found_where_it_is_and_an_edge_is_none() {
        // A Gaussian of deviation s is extreme in the difference of Gaussians near that scale.
        let (x, y, s) = (40.3f32, 61.8f32, 3.0f32);
        let blob = |i: usize| {
            let (dx, dy) = ((i % 128) as f32 - x, (i / 128) as f32 - y);
            (-0.5 * (dx * dx + dy * dy) / (s * s)).exp()
        };
        let image = Plane { side: 128, values: (0..128 * 128).map(blob).collect() };
        let found = keypoints(&Octave::new(image));
        let [point] = found[..] else { panic!("{found:?}") };
        assert!((point.x - x).abs() < 0.1 && (point.y - y).abs() < 0.1, "{point:?}");
        assert!((1.6..4.0).contains(&point.deviation), "{point:?}");
        let edge = Plane { side: 128, values: (0..128 * 128).map(|i| f32::from(i % 128 > 60)).collect() };
        assert_eq!(keypoints(&Octave::new(edge.blurred(1.6))), []);
    }
}
