//! A step of AVQ's beam search that computes the errors of all extensions and selects the best: faster than bounds
//! ([`super::gram`]) where codebooks are small.

use std::ops::Range;

use super::beam::{Best, Candidate, Entry, Layout};
use super::kernels::CHUNK;
use super::least::for_least;
use crate::lanes::{Kernel, Lanes, in_lanes};

/// The length of a row of sums up to which adding all rows is cheaper than finding the entries that share their first
/// rows.
const ALONE: usize = 512;

/// Scratch memory.
#[derive(Default)]
pub struct Flat {
    /// Chunks of errors. The chunks of an entry are in the order of its open codebooks.
    errors: Vec<[f32; CHUNK]>,
    /// The least errors of each block of chunks, lane by lane.
    least: Vec<[f32; CHUNK]>,
    paths: Paths,
}

/// Sums of scores along the codewords of a beam's entries. Entries that begin with the same codewords share their sums:
/// most entries of a beam descend from few entries of the steps before.
#[derive(Default)]
struct Paths {
    /// Entries sorted by their codewords, so that entries with a common beginning are adjacent.
    order: Vec<u32>,
    /// sums\[d·columns…\]: `first` + the rows of the first d + 1 codewords of the entry that was visited last.
    sums: Vec<f32>,
}

impl Flat {
    /// Offers the extensions of a beam by codewords of `stages`, at least those that matter for the best `keep` sets.
    /// `gram` holds rows of products of all codewords with the codewords of `stages`; `stride` is the distance between
    /// rows. `first` (M·K′) holds ½‖c‖² − x·c.
    pub fn extend(
        &mut self,
        (gram, stride, first): (&[f32], usize, &[f32]),
        layout: &Layout,
        stages: Range<usize>,
        beam: &[Entry],
        keep: usize,
        best: &mut Best,
    ) {
        let depth = beam.first().map_or(0, |entry| entry.length);
        // In any order, a set of s codewords can come from s parents, and s codebooks are used up.
        let (copies, used) = if stages.len() == 1 { (1, 0) } else { (depth + 1, depth) };
        best.clear(keep, f32::INFINITY);
        best.expect_copies(copies > 1);
        let per_entry = (stages.len() - used) * layout.per_stage;
        self.errors.resize(beam.len() * per_entry, [0.0; CHUNK]);
        let step = Step { gram, stride, first, layout, stages, beam, depth, per_entry };
        in_lanes(Extend { step, flat: self, need: keep * copies, best });
    }
}

/// The step of one beam.
struct Step<'a> {
    gram: &'a [f32],
    stride: usize,
    first: &'a [f32],
    layout: &'a Layout,
    stages: Range<usize>,
    beam: &'a [Entry],
    /// Number of codewords of each entry.
    depth: usize,
    /// Number of chunks of each entry.
    per_entry: usize,
}

struct Extend<'a> {
    step: Step<'a>,
    flat: &'a mut Flat,
    need: usize,
    best: &'a mut Best,
}

impl Kernel for Extend<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let Self { step, flat, need, best } = self;
        step.compute(&mut flat.paths, &mut flat.errors);
        step.select(lanes, (&flat.errors, &mut flat.least), need, best);
    }
}

impl Step<'_> {
    /// Computes all errors.
    #[inline(always)]
    fn compute(&self, paths: &mut Paths, errors: &mut [[f32; CHUNK]]) {
        let per_stage = self.layout.per_stage;
        let columns = self.stages.start * per_stage * CHUNK..self.stages.end * per_stage * CHUNK;
        let (first, length) = (&self.first[columns.clone()], columns.len());
        paths.order.clear();
        paths.order.extend(0..self.beam.len() as u32);
        if self.depth > 1 && self.depth * length > ALONE {
            let indices = |at: &u32| self.beam[*at as usize].indices();
            paths.order.sort_unstable_by(|a, b| indices(a).cmp(indices(b)));
        }
        paths.sums.resize(self.depth * length, 0.0);
        let mut before: &[u32] = &[];
        for at in &paths.order {
            let entry = &self.beam[*at as usize];
            let indices = &entry.indices()[..self.depth];
            let mut common = 0;
            while common < before.len() && before[common] == indices[common] {
                common += 1;
            }
            before = indices;
            for (d, index) in indices.iter().enumerate().skip(common) {
                let row = &self.gram[*index as usize * self.stride..][..length];
                let (sums, target) = paths.sums.split_at_mut(d * length);
                let parent = if d == 0 { first } else { &sums[(d - 1) * length..] };
                add_rows(parent, row, &mut target[..length]);
            }
            let all = if self.depth == 0 { first } else { &paths.sums[(self.depth - 1) * length..] };
            let mut out = &mut errors[*at as usize * self.per_entry..][..self.per_entry];
            for stage in self.stages.clone() {
                if entry.uses(stage) {
                    continue;
                }
                let (now, rest) = out.split_at_mut(per_stage);
                out = rest;
                let sums = &all[(stage - self.stages.start) * per_stage * CHUNK..];
                for (out, sum) in now.as_flattened_mut().iter_mut().zip(sums) {
                    *out = entry.error + 2.0 * sum;
                }
            }
        }
    }

    /// The entry and the first codeword of a chunk.
    fn name(&self, chunk: usize) -> (u32, u32) {
        let (parent, within) = (chunk / self.per_entry, chunk % self.per_entry);
        let (open, at) = (within / self.layout.per_stage, within % self.layout.per_stage);
        let entry = &self.beam[parent];
        let stage = self.stages.clone().filter(|stage| !entry.uses(*stage)).nth(open).unwrap_or(self.stages.start);
        (parent as u32, self.layout.stage(stage)[at])
    }

    /// Collects at least the `need` extensions with the least errors.
    #[inline(always)]
    fn select<L: Lanes>(
        &self,
        lanes: L,
        (errors, least): (&[[f32; CHUNK]], &mut Vec<[f32; CHUNK]>),
        need: usize,
        best: &mut Best,
    ) {
        for_least(lanes, (errors, least), need, |chunk, lane| {
            let (parent, word) = self.name(chunk);
            best.add(Candidate::new(errors[chunk][lane], parent, word + lane as u32));
        });
        best.cut(need);
    }
}

/// target = a + b.
#[inline(always)]
fn add_rows(a: &[f32], b: &[f32], target: &mut [f32]) {
    for ((a, b), target) in a.iter().zip(b).zip(target) {
        *target = a + b;
    }
}
