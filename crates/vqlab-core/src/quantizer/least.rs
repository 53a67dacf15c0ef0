//! Finds the least of many values stored in chunks, without sorting. It returns slightly more values than requested.

use super::kernels::CHUNK;
use crate::lanes::Lanes;

/// The maximum number of halvings of the range of values. With ties, further halvings have no effect.
const HALVINGS: usize = 12;

/// Chunks of a block. The least values of a block are taken lane by lane, which gives one group of this many values per
/// lane.
const BLOCK: usize = 16;

/// The number of chunks up to which a limit is found among all values: the groups would be too few.
const FEW: usize = 64;

/// Calls `hit` with the chunk and the lane of at least the `need` least finite values, in storage order (of all finite
/// values where there are fewer). Among many values, it first finds a limit from the least values of the groups, a
/// sixteenth of the numbers. Few blocks have a value within this limit. `least` is scratch memory.
#[inline(always)]
pub fn for_least<L: Lanes>(
    lanes: L,
    (values, least): (&[[f32; CHUNK]], &mut Vec<[f32; CHUNK]>),
    need: usize,
    mut hit: impl FnMut(usize, usize),
) {
    let mut highest = f32::MAX;
    let grouped = values.len() > FEW;
    if grouped {
        minima(lanes, values, least);
        highest = limit(lanes, least, need);
    }
    // The least values of the groups give no limit where there are too few values.
    if highest == f32::MAX {
        highest = limit(lanes, values, need);
    }
    for (block, values) in values.chunks(BLOCK).enumerate() {
        if grouped && lanes.below(&least[block], highest) == 0 {
            continue;
        }
        for (at, values) in values.iter().enumerate() {
            let mut hits = lanes.below(values, highest);
            while hits != 0 {
                let lane = hits.trailing_zeros();
                hits &= hits - 1;
                hit(block * BLOCK + at, lane as usize & (CHUNK - 1));
            }
        }
    }
}

/// The least values of each block, lane by lane.
#[inline(always)]
fn minima<L: Lanes>(lanes: L, values: &[[f32; CHUNK]], least: &mut Vec<[f32; CHUNK]>) {
    least.clear();
    for values in values.chunks(BLOCK) {
        let mut block = [f32::INFINITY; CHUNK];
        for at in (0..CHUNK).step_by(L::LANES) {
            let mut lowest = lanes.splat(f32::INFINITY);
            for values in values {
                lowest = lanes.least(lanes.load(&values[at..]), lowest);
            }
            lanes.store(lowest, &mut block[at..]);
        }
        least.push(block);
    }
}

/// A limit that at least `need` of the values, and not many more, do not exceed; the largest finite float where there
/// are fewer values.
#[inline(always)]
fn limit<L: Lanes>(lanes: L, values: &[[f32; CHUNK]], need: usize) -> f32 {
    let (mut least, mut most) = (lanes.splat(f32::MAX), lanes.splat(f32::MIN));
    for values in values {
        for at in (0..CHUNK).step_by(L::LANES) {
            let values = lanes.load(&values[at..]);
            (least, most) = (lanes.least(values, least), lanes.most(values, most));
        }
    }
    let (mut lowest, mut highest) = ([f32::MAX; CHUNK], [f32::MIN; CHUNK]);
    lanes.store(least, &mut lowest);
    lanes.store(most, &mut highest);
    let mut too_low = lowest.into_iter().fold(f32::MAX, f32::min);
    if need == 1 {
        return too_low;
    }
    let mut limit = highest.into_iter().fold(f32::MIN, f32::max);
    if count(lanes, values, limit) < need {
        return f32::MAX;
    }
    for _ in 0..HALVINGS {
        let middle = too_low + 0.5 * (limit - too_low);
        match count(lanes, values, middle) {
            count if count < need => too_low = middle,
            count => {
                limit = middle;
                if count <= need + need / 2 {
                    break;
                }
            }
        }
    }
    limit
}

/// How many values do not exceed the limit.
#[inline(always)]
fn count<L: Lanes>(lanes: L, values: &[[f32; CHUNK]], limit: f32) -> usize {
    // A loop, because iterator adapters are separate functions that are not compiled for the level.
    let mut count = 0;
    for values in values {
        count += lanes.below(values, limit).count_ones();
    }
    count as usize
}
