//! Convolutions in single precision as products of register tiles (implicit matrix products). A tile of positions times
//! a tile of output channels stays in registers over all positions and channels of the kernel. Nothing is gathered into
//! rows first. One image at a time is copied into a zero-padded plane, which stays in the first-level cache.
//!
//! All sums have a fixed order, so results don't depend on the number of threads. They do depend on the level of vector
//! instructions.

use super::maps::Maps;
use super::plain::Gradients;
use super::tile::{Correlate, LINE, Outer, Rows, Starts, lines_of_row, places_of_tile};
use crate::lanes::in_lanes;

/// Calls `$run::<K>` with the lines per row for these channels.
macro_rules! by_lines {
    ($channels:expr, $run:ident($($argument:expr),*)) => {
        match lines_of_row($channels) {
            1 => $run::<1>($($argument),*),
            2 => $run::<2>($($argument),*),
            3 => $run::<3>($($argument),*),
            _ => $run::<4>($($argument),*),
        }
    };
}

/// Convolves a fine map with weights (kernel × kernel × fine channels × coarse channels) and bias.
pub(super) fn convolve(maps: &Maps, slices: [&[f32]; 3], activate: bool) -> Vec<f32> {
    by_lines!(maps.channels[1], forward(maps, slices, activate))
}

/// The gradients of [`convolve`]. The input's gradient is computed only on request.
pub(super) fn convolve_back(
    maps: &Maps,
    (input, weights, activate): (&[f32], &[f32], bool),
    gradient: &[f32],
    with_input: bool,
) -> Gradients<f32> {
    let [inputs, outputs] = maps.channels;
    Gradients {
        input: with_input.then(|| by_lines!(inputs, of_input(maps, (input, weights, activate), gradient))),
        weights: by_lines!(outputs, of_weights(maps, (input, activate), gradient)),
        bias: of_bias(gradient, outputs),
    }
}

fn forward<const K: usize>(maps: &Maps, [input, weights, bias]: [&[f32]; 3], activate: bool) -> Vec<f32> {
    let outputs = maps.channels[1];
    let (weights, bias) = (Rows::<K>::of(weights, outputs), Rows::<K>::of(bias, outputs));
    let mut plane = maps.padded_fine();
    let starts = plane.starts(maps.coarse, maps.geometry.stride);
    let taps = plane.taps(maps.geometry.kernel);
    let [fine, coarse] = maps.sizes();
    let mut out = vec![0.0; maps.images * coarse];
    for (map, out) in input.chunks_exact(fine).zip(out.chunks_exact_mut(coarse)) {
        plane.fill(map, maps.fine, activate);
        let (plane, starts, taps) = (&plane.values, &starts, &taps);
        in_lanes(Correlate { plane, starts, taps, weights: &weights, bias: &bias, out });
    }
    out
}

/// The gradient of the fine map: the coarse map's gradient, convolved with the flipped kernel.
fn of_input<const K: usize>(
    maps: &Maps,
    (input, weights, activate): (&[f32], &[f32], bool),
    gradient: &[f32],
) -> Vec<f32> {
    let (weights, bias) = (turned::<K>(maps, weights), Rows::<K>::zeros(1, maps.channels[0]));
    let mut plane = maps.padded_coarse();
    let (starts, taps) = (plane.starts(maps.fine, 1), plane.taps(maps.geometry.kernel));
    let [fine, coarse] = maps.sizes();
    let mut out = vec![0.0; input.len()];
    let images = gradient.chunks_exact(coarse).zip(out.chunks_exact_mut(fine)).zip(input.chunks_exact(fine));
    for ((gradient, out), input) in images {
        plane.fill(gradient, maps.coarse, false);
        let (plane, starts, taps) = (&plane.values, &starts, &taps);
        in_lanes(Correlate { plane, starts, taps, weights: &weights, bias: &bias, out: &mut *out });
        if activate {
            // ReLU has no gradient there.
            out.iter_mut().zip(input).for_each(|(o, x)| *o = if *x <= 0.0 { 0.0 } else { *o });
        }
    }
    out
}

/// The weights in reversed order of the kernel's positions, then by output and input.
fn turned<const K: usize>(maps: &Maps, weights: &[f32]) -> Rows<K> {
    let [inputs, outputs] = maps.channels;
    let mut rows = Rows::<K>::zeros(maps.taps() * outputs, inputs);
    let count = rows.rows;
    for (group, lines) in rows.lines.chunks_exact_mut(count).enumerate() {
        let taps = lines.chunks_exact_mut(outputs).rev().zip(weights.chunks_exact(inputs * outputs));
        for (lines, weights) in taps {
            let from = group * K * LINE;
            for (i, weights) in weights.chunks_exact(outputs).skip(from).take(K * LINE).enumerate() {
                for (lines, weight) in lines.iter_mut().zip(weights) {
                    lines[i / LINE].0[i % LINE] = *weight;
                }
            }
        }
    }
    rows
}

/// Processes image after image, so that plane and gradient stay in the first-level cache.
fn of_weights<const K: usize>(maps: &Maps, (input, activate): (&[f32], bool), gradient: &[f32]) -> Vec<f32> {
    let [inputs, outputs] = maps.channels;
    let mut plane = maps.padded_fine();
    let starts = Starts::new(plane.starts(maps.coarse, maps.geometry.stride));
    let taps = plane.taps(maps.geometry.kernel);
    // Whole tiles: some rows after the last channel are computed without use.
    let padded = inputs.next_multiple_of(places_of_tile(K));
    let mut sums = Rows::<K>::zeros(taps.len() * padded, outputs);
    let mut rows = Rows::<K>::zeros(maps.places(), outputs);
    let [fine, coarse] = maps.sizes();
    for (map, gradient) in input.chunks_exact(fine).zip(gradient.chunks_exact(coarse)) {
        plane.fill(map, maps.fine, activate);
        rows.copy(gradient);
        let (plane, starts, taps) = (&plane.values, &starts, &taps);
        in_lanes(Outer { plane, starts, taps, gradient: &rows, sums: &mut sums });
    }
    let mut out = vec![0.0; taps.len() * inputs * outputs];
    for (from, count, lines) in sums.groups() {
        let rows = lines.chunks_exact(padded).flat_map(|rows| &rows[..inputs]);
        for (lines, out) in rows.zip(out.chunks_exact_mut(outputs)) {
            for (line, out) in lines.iter().zip(out[from..from + count].chunks_mut(LINE)) {
                out.copy_from_slice(&line.0[..out.len()]);
            }
        }
    }
    out
}

fn of_bias(gradient: &[f32], channels: usize) -> Vec<f32> {
    let mut bias = vec![0.0; channels];
    for row in gradient.chunks_exact(channels) {
        bias.iter_mut().zip(row).for_each(|(b, g)| *b += *g);
    }
    bias
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::maps::Geometry;
    use super::super::plain;
    use super::*;
    use crate::data::stream::{normal, stream};
    use crate::level::each;

    fn near(found: &[f32], right: &[f32]) -> bool {
        let pairs = || found.iter().zip(right);
        let most = right.iter().fold(1f32, |most, value| most.max(value.abs()));
        found.len() == right.len() && pairs().all(|(f, r)| (f - r).abs() < 1e-5 * most)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// Values and gradients of every level equal those of plain loops, for every shape.
        #[test]
        fn tiles_compute_what_plain_loops_do(
            images in 1usize..3,
            (height, width) in (1usize..10, 1usize..10),
            (inputs, outputs) in (prop_oneof![1usize..8, 1usize..80], prop_oneof![1usize..8, 1usize..140]),
            (kernel, stride, padding) in (1usize..5, 1usize..4, 0usize..5),
            activate: bool,
        ) {
            let geometry = Geometry { kernel, stride, padding };
            let fine = [height, width];
            let [Some(h), Some(w)] = fine.map(|side| geometry.coarse(side)) else { return Ok(()) };
            let maps = Maps { geometry, images, fine, coarse: [h, w], channels: [inputs, outputs] };
            let mut rng = stream("tiles");
            let mut random = |count: usize| (0..count).map(|_| normal(&mut rng)).collect::<Vec<f32>>();
            let [x, g] = maps.sizes().map(|size| random(images * size));
            let (weights, bias) = (random(maps.taps() * inputs * outputs), random(outputs));
            let right = plain::convolve(&maps, [&x, &weights, &bias], activate);
            let back = plain::convolve_back(&maps, (&x, &weights, activate), &g, true);
            each(|level| {
                assert!(near(&convolve(&maps, [&x, &weights, &bias], activate), &right), "{level}");
                let found = convolve_back(&maps, (&x, &weights, activate), &g, true);
                assert!(near(&found.input.unwrap(), back.input.as_ref().unwrap()), "{level}");
                assert!(near(&found.weights, &back.weights), "{level}");
                assert!(near(&found.bias, &back.bias), "{level}");
                assert!(convolve_back(&maps, (&x, &weights, activate), &g, false).input.is_none());
            });
        }
    }
}
