//! Orientation and descriptor of a keypoint (Lowe 2004).

use std::ops::Range;

use super::keypoints::Keypoint;
use crate::leaves::Plane;
use vqlab_core::level::run;

/// Cells per side, and orientations per cell.
const CELLS: usize = 4;
const ORIENTATIONS: usize = 8;

/// D = 4 · 4 · 8.
pub const DIMENSION: usize = CELLS * CELLS * ORIENTATIONS;

/// Side of a cell, in standard deviations of the keypoint.
const CELL: f32 = 3.0;

/// Bins of the orientation histogram. A further peak of at least this share of the highest peak also gives a
/// descriptor.
const BINS: usize = 36;
const PEAK: f32 = 0.8;

/// exp(−x) for x from 0 to 5, to .3 %: the sixteenth power of the first terms of the series of exp(−x/16). Unlike the
/// function of the mathematical library, it is the same on every machine, and it vectorizes.
#[inline(always)]
fn decay(x: f32) -> f32 {
    let t = x * (1.0 / 16.0);
    let root = 1.0 - t * (1.0 - t * (0.5 - t * (1.0 / 6.0)));
    let fourth = (root * root) * (root * root);
    (fourth * fourth) * (fourth * fourth)
}

/// Gradients of an image in polar form.
pub struct Gradients {
    magnitude: Plane,
    /// In turns, 0 to 1.
    angle: Plane,
}

impl Gradients {
    pub fn new(image: &Plane) -> Self {
        let side = image.side;
        let (mut magnitude, mut angle) = (Plane::new(side, 0.0), Plane::new(side, 0.0));
        for y in 1..side - 1 {
            let out = y * side + 1..(y + 1) * side - 1;
            polar(
                image.row(y),
                [image.row(y - 1), image.row(y + 1)],
                &mut magnitude.values[out.clone()],
                &mut angle.values[out],
            );
        }
        Self { magnitude, angle }
    }

    /// Rows and columns within `radius` of a position, without the image's border.
    fn within(&self, center: f32, radius: f32) -> Range<usize> {
        let clamp = |v: f32| v.clamp(1.0, (self.magnitude.side - 1) as f32) as usize;
        let (from, to) = (clamp((center - radius).ceil()), clamp((center + radius).floor() + 1.0));
        from..to.max(from)
    }
}

/// Central differences of a row, as length and angle. The polynomial of the arc tangent has an error below 1e-4 turns.
fn polar(row: &[f32], [above, below]: [&[f32]; 2], magnitude: &mut [f32], angle: &mut [f32]) {
    run(
        #[inline(always)]
        |_| {
            let n = magnitude.len();
            let (left, right) = (&row[..n], &row[2..2 + n]);
            let (above, below) = (&above[1..1 + n], &below[1..1 + n]);
            let angle = &mut angle[..n];
            for i in 0..n {
                let (dx, dy) = (right[i] - left[i], below[i] - above[i]);
                magnitude[i] = (dx * dx + dy * dy).sqrt();
                let (ax, ay) = (dx.abs(), dy.abs());
                let ratio = ax.min(ay) / ax.max(ay).max(f32::MIN_POSITIVE);
                let s = ratio * ratio;
                let arc = ratio * (0.159_122_2 + s * (-0.052_447_2 + s * (0.025_368_6 - s * 0.007_055)));
                let arc = if ay > ax { 0.25 - arc } else { arc };
                let arc = if dx < 0.0 { 0.5 - arc } else { arc };
                let arc = if dy < 0.0 { 1.0 - arc } else { arc };
                angle[i] = arc;
            }
        },
    )
}

/// The dominant orientations around a keypoint, in turns; at least one.
pub fn orientations(gradients: &Gradients, point: &Keypoint) -> Vec<f32> {
    let deviation = 1.5 * point.deviation;
    let scale = 0.5 / (deviation * deviation);
    let mut raw = [0.0f32; BINS];
    let (x, y) = (point.x.round(), point.y.round());
    let radius = (3.0 * deviation).round();
    let columns = gradients.within(x, radius);
    for row in gradients.within(y, radius) {
        let dy = row as f32 - y;
        let pixels = gradients.magnitude.row(row).iter().zip(gradients.angle.row(row)).enumerate();
        for (column, (magnitude, angle)) in pixels.take(columns.end).skip(columns.start) {
            let dx = column as f32 - x;
            let bin = (angle * BINS as f32 + 0.5) as i32 as usize % BINS;
            raw[bin] += magnitude * decay((dx * dx + dy * dy) * scale);
        }
    }
    let at = |bins: &[f32; BINS], i: usize, by: usize| bins[(i + BINS + by - 2) % BINS];
    let mut bins = [0.0f32; BINS];
    for (i, bin) in bins.iter_mut().enumerate() {
        let far = at(&raw, i, 0) + at(&raw, i, 4);
        let near = at(&raw, i, 1) + at(&raw, i, 3);
        *bin = (far + 4.0 * near + 6.0 * raw[i]) / 16.0;
    }
    let highest = bins.iter().fold(0.0f32, |a, b| a.max(*b));
    let mut found = Vec::new();
    for (i, bin) in bins.iter().enumerate() {
        let (left, right) = (at(&bins, i, 1), at(&bins, i, 3));
        if *bin > left && *bin > right && *bin >= PEAK * highest {
            let offset = 0.5 * (left - right) / (left - 2.0 * bin + right);
            let turns = (i as f32 + offset) / BINS as f32;
            found.push(turns - turns.floor());
        }
    }
    if found.is_empty() { vec![0.0] } else { found }
}

/// Cells across with a border of one on each side.
const ACROSS: usize = CELLS + 2;

/// Pixels of a row that are computed at once.
const CHUNK: usize = 32;

/// The descriptor: histograms of orientations in 4 × 4 cells along the orientation, weighted by a Gaussian, filled by
/// trilinear interpolation, normalized, cut at .2, normalized again, times 512. Ordered by row, column, orientation.
pub fn describe(gradients: &Gradients, point: &Keypoint, orientation: f32) -> [u8; DIMENSION] {
    let cell = CELL * point.deviation;
    let (sine, cosine) = (f64::from(orientation) * std::f64::consts::TAU).sin_cos();
    let (sine, cosine) = (sine as f32 / cell, cosine as f32 / cell);
    let mut bins = [0.0f32; ACROSS * ACROSS * ORIENTATIONS];
    let radius = (cell * std::f32::consts::SQRT_2 * (CELLS + 1) as f32 * 0.5).round();
    let (x, y) = (point.x.round(), point.y.round());
    let columns = gradients.within(x, radius);
    // In cells, the first at ½: a pixel counts from 0 to CELLS + 1.
    let middle = (CELLS + 1) as f32 / 2.0;
    for row in gradients.within(y, radius) {
        let (dx, dy) = (columns.start as f32 - x, row as f32 - y);
        let start = [cosine * dx + sine * dy + middle, cosine * dy - sine * dx + middle];
        let step = [cosine, -sine];
        // Columns of this row within the cells. The limits are slightly narrower, because positions are computed again
        // below.
        let (mut first, mut last) = (0.0f32, columns.len() as f32 - 1.0);
        for (start, step) in start.into_iter().zip(step) {
            let (a, b) = ((1e-3 - start) / step, ((CELLS + 1) as f32 - 1e-3 - start) / step);
            if step.abs() > 1e-6 {
                (first, last) = (first.max(a.min(b)), last.min(a.max(b)));
            } else if start <= 1e-3 || start >= (CELLS + 1) as f32 - 1e-3 {
                last = -1.0;
            }
        }
        if first > last {
            continue;
        }
        let (first, last) = (first.ceil() as usize, last.floor() as usize);
        let pixels = columns.start + first..columns.start + last + 1;
        let (magnitude, angle) = (gradients.magnitude.row(row), gradients.angle.row(row));
        for from in pixels.clone().step_by(CHUNK) {
            let to = pixels.end.min(from + CHUNK);
            let along = (from - columns.start) as f32;
            let start = [start[0] + along * step[0], start[1] + along * step[1]];
            gather(&magnitude[from..to], &angle[from..to], start, step, orientation, &mut bins);
        }
    }
    let mut values = [0.0f32; DIMENSION];
    for (i, value) in values.iter_mut().enumerate() {
        let (cell, turn) = (i / ORIENTATIONS, i % ORIENTATIONS);
        *value = bins[((cell / CELLS + 1) * ACROSS + cell % CELLS + 1) * ORIENTATIONS + turn];
    }
    normalized(&values)
}

/// Adds up to [`CHUNK`] pixels of a row to the bins. The first pixel is at `start` (column, row), in cells.
fn gather(
    magnitude: &[f32],
    angle: &[f32],
    start: [f32; 2],
    step: [f32; 2],
    orientation: f32,
    bins: &mut [f32; ACROSS * ACROSS * ORIENTATIONS],
) {
    run(
        #[inline(always)]
        |_| {
            const MIDDLE: f32 = (CELLS + 1) as f32 / 2.0;
            let n = magnitude.len().min(CHUNK);
            let mut places = [[0.0f32; CHUNK]; 4];
            let [columns, rows, turns, weights] = &mut places;
            for i in 0..n {
                let (column, row) = (start[0] + i as f32 * step[0], start[1] + i as f32 * step[1]);
                let (u, v) = (column - MIDDLE, row - MIDDLE);
                let turn = angle[i] - orientation;
                let turn = if turn < 0.0 { turn + 1.0 } else { turn };
                columns[i] = column;
                rows[i] = row;
                turns[i] = turn * ORIENTATIONS as f32;
                weights[i] = magnitude[i] * decay((u * u + v * v) * (2.0 / (CELLS * CELLS) as f32));
            }
            for i in 0..n {
                let (column, row, turn, weight) = (columns[i], rows[i], turns[i], weights[i]);
                // All values are at least 0 and far below 2^31.
                let [column_0, row_0, turn_0] = [column, row, turn].map(|v| v as i32 as usize);
                let [column, row, turn] = [column - column_0 as f32, row - row_0 as f32, turn - turn_0 as f32];
                let (turn_0, turn_1) = (turn_0 % ORIENTATIONS, (turn_0 + 1) % ORIENTATIONS);
                let at = (row_0.min(CELLS) * ACROSS + column_0.min(CELLS)) * ORIENTATIONS;
                let (low, high) = (weight * (1.0 - row), weight * row);
                let cells = [low * (1.0 - column), low * column, high * (1.0 - column), high * column];
                let offsets = [0, ORIENTATIONS, ACROSS * ORIENTATIONS, (ACROSS + 1) * ORIENTATIONS];
                for (weight, offset) in cells.into_iter().zip(offsets) {
                    bins[at + offset + turn_0] += weight * (1.0 - turn);
                    bins[at + offset + turn_1] += weight * turn;
                }
            }
        },
    )
}

fn normalized(values: &[f32; DIMENSION]) -> [u8; DIMENSION] {
    let length = |values: &[f32; DIMENSION]| values.iter().map(|v| v * v).sum::<f32>().sqrt();
    let limit = 0.2 * length(values);
    let cut = values.map(|v| v.min(limit));
    let scale = 512.0 / length(&cut).max(f32::EPSILON);
    // At most 255; the conversion saturates there.
    cut.map(|v| (v * scale).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gray values that rise along a direction, in turns.
    fn ramp(turns: f64) -> Plane {
        let (sine, cosine) = (turns * std::f64::consts::TAU).sin_cos();
        let value = |i: usize| (cosine * (i % 64) as f64 + sine * (i / 64) as f64) as f32 / 64.0;
        Plane { side: 64, values: (0..64 * 64).map(value).collect() }
    }

    #[test]
    fn angles_are_those_of_the_library() {
        for i in 0..360 {
            let turns = f64::from(i) / 360.0;
            let found = Gradients::new(&ramp(turns)).angle.at(30, 30);
            let off = (f64::from(found) - turns + 0.5).rem_euclid(1.0) - 0.5;
            assert!(off.abs() < 3e-4, "{turns}: {found}");
        }
        assert!((0..500).all(|i| (decay(i as f32 / 100.0) / (-i as f32 / 100.0).exp() - 1.0).abs() < 0.01));
    }

    #[test]
    fn a_turned_ramp_has_the_same_descriptor() {
        let point = Keypoint { x: 32.0, y: 32.0, image: 1, deviation: 1.8 };
        let of = |turns: f64| {
            let gradients = Gradients::new(&ramp(turns));
            let found = orientations(&gradients, &point);
            assert_eq!(found.len(), 1);
            assert!((f64::from(found[0]) - turns).abs() < 0.01, "{turns}: {found:?}");
            describe(&gradients, &point, found[0])
        };
        let (straight, turned) = (of(0.02), of(0.27));
        assert_eq!(straight.len(), turned.len());
        assert!(straight.iter().zip(turned).all(|(a, b)| a.abs_diff(b) <= 8), "{straight:?} {turned:?}");
        // All gradients lie in the orientation itself.
        assert!(straight.chunks(ORIENTATIONS).all(|cell| cell[0] > 50 && cell[2..7].iter().all(|v| *v < 5)));
    }
}
