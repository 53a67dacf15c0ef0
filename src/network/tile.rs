//! The register tiles of convolutions: a few positions times a row of channels, with sums that stay in registers.

use crate::lanes::{Kernel, Lanes};
use crate::level::{Level, level};

/// Floats of a cache line.
pub(super) const LINE: usize = 16;

/// Sixteen channels. They are aligned, because loads across two cache lines take twice the time.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Line(pub [f32; LINE]);

pub(super) const ZERO: Line = Line([0.0; LINE]);

/// The maximum number of lines in a row of channels.
const MOST: usize = 4;

/// Lines per row for this number of channels: with AVX-512 up to four, else one. The channels are split into even rows.
pub(super) fn lines_of_row(channels: usize) -> usize {
    let most = if level() == Level::Avx512 { MOST } else { 1 };
    let lines = channels.div_ceil(LINE).max(1);
    lines.div_ceil(lines.div_ceil(most))
}

/// Rows of channels: the first K lines of all rows, then the next K.
pub(super) struct Rows<const K: usize> {
    pub lines: Vec<[Line; K]>,
    pub rows: usize,
    pub channels: usize,
}

impl<const K: usize> Rows<K> {
    /// All zero. The channels after the last one are always zero.
    pub fn zeros(rows: usize, channels: usize) -> Self {
        Self { lines: vec![[ZERO; K]; rows * channels.div_ceil(K * LINE)], rows, channels }
    }

    /// Copies rows that are stored one after another.
    pub fn of(values: &[f32], channels: usize) -> Self {
        let mut rows = Self::zeros(values.len() / channels, channels);
        rows.copy(values);
        rows
    }

    /// Copies the values of rows that are stored one after another.
    pub fn copy(&mut self, values: &[f32]) {
        for (group, rows) in self.lines.chunks_exact_mut(self.rows.max(1)).enumerate() {
            for (lines, row) in rows.iter_mut().zip(values.chunks_exact(self.channels)) {
                for (line, values) in lines.iter_mut().zip(row[group * K * LINE..].chunks(LINE)) {
                    line.0[..values.len()].copy_from_slice(values);
                }
            }
        }
    }

    /// The groups of channels: the first channel, the number of channels, and their rows.
    #[inline(always)]
    pub fn groups(&self) -> impl Iterator<Item = (usize, usize, &[[Line; K]])> {
        let firsts = (0..self.channels).step_by(K * LINE);
        firsts
            .zip(self.lines.chunks_exact(self.rows.max(1)))
            .map(|(from, rows)| (from, (self.channels - from).min(K * LINE), rows))
    }
}

/// Calls `$run::<L, P, C>` with tiles of P positions times C registers (K lines). A tile is as large as the level's
/// registers allow beside a row of the other factor.
macro_rules! by_tile {
    ($lanes:ty, $lines:expr, $run:ident($($argument:expr),*)) => {
        match (<$lanes>::LANES, $lines) {
            (16, 4) => $run::<$lanes, 6, 4, K>($($argument),*),
            (16, 3) => $run::<$lanes, 8, 3, K>($($argument),*),
            (16, 2) => $run::<$lanes, 8, 2, K>($($argument),*),
            (16, 1) => $run::<$lanes, 8, 1, K>($($argument),*),
            (8, 1) => $run::<$lanes, 6, 2, K>($($argument),*),
            (4, 1) => $run::<$lanes, 2, 4, K>($($argument),*),
            _ => unreachable!("other levels have rows of one line"),
        }
    };
}

/// Positions in the largest tile. The sums over channels in [`Outer`] come in whole tiles.
pub(super) fn places_of_tile(lines: usize) -> usize {
    match (level(), lines) {
        (Level::Avx512, 4) | (Level::Avx2, _) => 6,
        (Level::Avx512, _) => 8,
        (Level::Portable, _) => 2,
    }
}

/// Applies kernels to the plane of one image: out = bias + Σ values · weights.
pub(super) struct Correlate<'a, const K: usize> {
    pub plane: &'a [f32],
    /// Starts of the kernels, and offsets of their positions.
    pub starts: &'a [usize],
    pub taps: &'a [usize],
    /// A row for every channel of every position of the kernel.
    pub weights: &'a Rows<K>,
    /// One row.
    pub bias: &'a Rows<K>,
    pub out: &'a mut [f32],
}

impl<const K: usize> Kernel for Correlate<'_, K> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        by_tile!(L, K, correlate(lanes, self));
    }
}

#[inline(always)]
fn correlate<L: Lanes, const P: usize, const C: usize, const K: usize>(lanes: L, job: Correlate<K>) {
    let channels = job.weights.channels;
    for ((from, count, weights), (_, _, bias)) in job.weights.groups().zip(job.bias.groups()) {
        for (starts, out) in job.starts.chunks(P).zip(job.out.chunks_mut(P * channels)) {
            // The last tile may have fewer positions. It then computes its last one repeatedly.
            let mut tile = [starts[starts.len() - 1]; P];
            tile[..starts.len()].copy_from_slice(starts);
            let sums = sums::<L, P, C, K>(lanes, (job.plane, tile, job.taps), weights, &bias[0]);
            let mut rows = out.chunks_exact_mut(channels);
            for sums in &sums {
                if let Some(row) = rows.next() {
                    store(lanes, sums, &mut row[from..from + count]);
                }
            }
        }
    }
}

#[inline(always)]
fn registers<L: Lanes, const C: usize, const K: usize>(lanes: L, lines: &[Line; K]) -> [L::Floats; C] {
    let mut registers = [lanes.splat(0.0); C];
    for (c, register) in registers.iter_mut().enumerate() {
        *register = lanes.load(&lines[c * L::LANES / LINE].0[c * L::LANES % LINE..]);
    }
    registers
}

/// Stores the first `out.len()` of a row's values.
#[inline(always)]
fn store<L: Lanes, const C: usize>(lanes: L, values: &[L::Floats; C], out: &mut [f32]) {
    if out.len() == C * L::LANES {
        for (c, value) in values.iter().enumerate() {
            lanes.store(*value, &mut out[c * L::LANES..]);
        }
    } else {
        let mut row = [0f32; MOST * LINE];
        for (c, value) in values.iter().enumerate() {
            lanes.store(*value, &mut row[c * L::LANES..]);
        }
        out.copy_from_slice(&row[..out.len()]);
    }
}

#[inline(always)]
fn sums<L: Lanes, const P: usize, const C: usize, const K: usize>(
    lanes: L,
    (plane, starts, taps): (&[f32], [usize; P], &[usize]),
    weights: &[[Line; K]],
    bias: &[Line; K],
) -> [[L::Floats; C]; P] {
    let mut sums = [registers::<L, C, K>(lanes, bias); P];
    for (tap, weights) in taps.iter().zip(weights.chunks_exact(weights.len() / taps.len())) {
        let mut values: [&[f32]; P] = [&[]; P];
        for p in 0..P {
            values[p] = &plane[starts[p] + tap..][..weights.len()];
        }
        for (i, weights) in weights.iter().enumerate() {
            let weights = registers::<L, C, K>(lanes, weights);
            for p in 0..P {
                let value = lanes.splat(values[p][i]);
                for c in 0..C {
                    sums[p][c] = lanes.mul_add(value, weights[c], sums[p][c]);
                }
            }
        }
    }
    sums
}

/// Starts of kernels in a plane.
pub(super) struct Starts {
    at: Vec<usize>,
    /// The last start.
    most: usize,
}

impl Starts {
    pub fn new(at: Vec<usize>) -> Self {
        Self { most: at.iter().copied().max().unwrap_or(0), at }
    }
}

/// Accumulates over kernels in the plane of one image: sums += Σ over kernels of values · gradient.
pub(super) struct Outer<'a, const K: usize> {
    pub plane: &'a [f32],
    pub starts: &'a Starts,
    pub taps: &'a [usize],
    /// A row for every kernel.
    pub gradient: &'a Rows<K>,
    /// A row for every channel of every position of the kernel, with the channels padded to whole tiles.
    pub sums: &'a mut Rows<K>,
}

impl<const K: usize> Kernel for Outer<'_, K> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        by_tile!(L, K, outer(lanes, self));
    }
}

#[inline(always)]
fn outer<L: Lanes, const P: usize, const C: usize, const K: usize>(lanes: L, job: Outer<K>) {
    let rows = job.sums.rows;
    for (sums, (_, _, gradient)) in job.sums.lines.chunks_exact_mut(rows).zip(job.gradient.groups()) {
        for (tap, sums) in job.taps.iter().zip(sums.chunks_exact_mut(rows / job.taps.len())) {
            for (i, sums) in sums.as_chunks_mut::<P>().0.iter_mut().enumerate() {
                let more = products::<L, P, C, K>(lanes, &job.plane[tap + i * P..], job.starts, gradient);
                for p in 0..P {
                    let before = registers::<L, C, K>(lanes, &sums[p]);
                    for c in 0..C {
                        let sum = lanes.mul_add(more[p][c], lanes.splat(1.0), before[c]);
                        lanes.store(sum, &mut sums[p][c * L::LANES / LINE].0[c * L::LANES % LINE..]);
                    }
                }
            }
        }
    }
}

/// Σ over kernels of P values of the plane, from the kernel's start on, times a row of the gradient.
#[inline(always)]
fn products<L: Lanes, const P: usize, const C: usize, const K: usize>(
    lanes: L,
    plane: &[f32],
    starts: &Starts,
    gradient: &[[Line; K]],
) -> [[L::Floats; C]; P] {
    assert!(starts.most + P <= plane.len());
    let mut sums = [[lanes.splat(0.0); C]; P];
    for (start, gradient) in starts.at.iter().zip(gradient) {
        // SAFETY: the start is at most `most`, and the assert found P values after `most`. With a check in the loop,
        // LLVM's code takes a third more time.
        let values = unsafe { plane.get_unchecked(*start..*start + P) };
        let gradient = registers::<L, C, K>(lanes, gradient);
        for p in 0..P {
            let value = lanes.splat(values[p]);
            for c in 0..C {
                sums[p][c] = lanes.mul_add(value, gradient[c], sums[p][c]);
            }
        }
    }
    sums
}
