//! A step of AVQ's beam search that computes the errors of all extensions and selects the best: faster than bounds
//! ([`super::gram`]) where codebooks are small.

use std::ops::Range;

use super::beam::{Best, Candidate, Entry, Layout};
use super::kernels::CHUNK;
use crate::lanes::below;
use crate::level::{Cpu, run};

/// Halvings of the range of errors at most; ties can make more of no use.
const HALVINGS: usize = 12;

/// Scratch memory.
#[derive(Default)]
pub struct Flat {
    /// Chunks of errors.
    errors: Vec<[f32; CHUNK]>,
    /// (parent, first codeword) of each chunk.
    chunks: Vec<(u32, u32)>,
}

impl Flat {
    /// Offers the extensions of a beam by codewords of `stages`, of which those that matter for the best `keep` sets. `gram` as in
    /// [`super::gram`], `first` (M·K′) holds ½‖c‖² − x·c.
    pub fn extend(
        &mut self,
        (gram, first): (&[f32], &[f32]),
        layout: &Layout,
        stages: Range<usize>,
        beam: &[Entry],
        keep: usize,
        best: &mut Best,
    ) {
        self.chunks.clear();
        for (parent, entry) in beam.iter().enumerate() {
            for stage in stages.clone().filter(|stage| !entry.uses(*stage)) {
                self.chunks.extend(layout.stage(stage).iter().map(|word| (parent as u32, *word)));
            }
        }
        self.errors.resize(self.chunks.len(), [0.0; CHUNK]);
        // In any order a set of s codewords can come from s parents.
        let copies = if stages.len() == 1 { 1 } else { beam.first().map_or(1, |entry| entry.length + 1) };
        best.clear(keep, f32::INFINITY);
        run(
            #[inline(always)]
            |cpu| {
                let chunks = (&self.chunks[..], &mut self.errors[..]);
                offer_all(cpu, (gram, first), (layout, stages), beam, chunks, keep * copies, best);
            },
        );
    }
}

#[inline(always)]
fn offer_all(
    cpu: Cpu,
    (gram, first): (&[f32], &[f32]),
    (layout, stages): (&Layout, Range<usize>),
    beam: &[Entry],
    (chunks, errors): (&[(u32, u32)], &mut [[f32; CHUNK]]),
    need: usize,
    best: &mut Best,
) {
    let range = compute((gram, first), (layout, stages), beam, errors);
    select(cpu, chunks, errors, range, need, best);
}

/// Computes all errors; returns the least and the greatest finite one.
#[inline(always)]
fn compute(
    (gram, first): (&[f32], &[f32]),
    (layout, stages): (&Layout, Range<usize>),
    beam: &[Entry],
    mut errors: &mut [[f32; CHUNK]],
) -> (f32, f32) {
    let (mut least, mut greatest) = ([f32::MAX; CHUNK], [f32::MIN; CHUNK]);
    for entry in beam {
        for stage in stages.clone().filter(|stage| !entry.uses(*stage)) {
            let columns = stage * layout.per_stage * CHUNK..(stage + 1) * layout.per_stage * CHUNK;
            let (out, rest) = errors.split_at_mut(layout.per_stage);
            errors = rest;
            out.as_flattened_mut().copy_from_slice(&first[columns.clone()]);
            for pick in entry.picks() {
                let row = &gram[*pick as usize * first.len()..][columns.clone()];
                out.as_flattened_mut().iter_mut().zip(row).for_each(|(sum, row)| *sum += row);
            }
            for out in out {
                *out = out.map(|sum| entry.error + 2.0 * sum);
                least = each(least, *out, |least, error| if error < least { error } else { least });
                greatest = each(greatest, *out, |greatest, error| {
                    let finite = if error <= f32::MAX { error } else { f32::MIN };
                    if finite > greatest { finite } else { greatest }
                });
            }
        }
    }
    (least.iter().copied().fold(f32::MAX, f32::min), greatest.iter().copied().fold(f32::MIN, f32::max))
}

/// f(a, b) lane by lane. By value, so that `a` stays in a register.
#[inline(always)]
fn each(mut a: [f32; CHUNK], b: [f32; CHUNK], f: impl Fn(f32, f32) -> f32) -> [f32; CHUNK] {
    a.iter_mut().zip(b).for_each(|(a, b)| *a = f(*a, b));
    a
}

/// Notes at least the `need` extensions with the least errors.
#[inline(always)]
fn select(
    cpu: Cpu,
    chunks: &[(u32, u32)],
    errors: &[[f32; CHUNK]],
    (least, greatest): (f32, f32),
    need: usize,
    best: &mut Best,
) {
    let mut limit = if need == 1 { least } else { greatest };
    let mut too_low = least;
    for _ in 0..if need == 1 || errors.len() * CHUNK <= 2 * need { 0 } else { HALVINGS } {
        let middle = too_low + 0.5 * (limit - too_low);
        // A loop: the adapters of an iterator are functions of their own, which are not compiled for the level.
        let mut count = 0;
        for errors in errors {
            count += below(cpu, errors, middle).count_ones();
        }
        if count as usize >= need {
            limit = middle;
            if count as usize <= 2 * need {
                break;
            }
        } else {
            too_low = middle;
        }
    }
    for ((parent, word), errors) in chunks.iter().zip(errors) {
        let mut hits = below(cpu, errors, limit);
        while hits != 0 {
            let lane = hits.trailing_zeros();
            hits &= hits - 1;
            best.add(Candidate::new(errors[lane as usize & (CHUNK - 1)], *parent, word + lane));
        }
    }
    best.cut(need);
}
