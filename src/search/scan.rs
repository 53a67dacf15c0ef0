//! One pass of a tile of queries over a part of the base.

use std::ops::Range;

use super::blocks::{Blocks, Code, LANES, PART};
use super::filter::Filter;
use super::nearest::Nearest;
use super::tables::Tables;

/// Groups of a block: their codes stay in the second-level cache (256 KiB at 8 bytes a vector) while the queries of a tile
/// pass over them.
const BLOCK: usize = 512;

/// What is scanned.
pub struct Base<'a, C> {
    pub blocks: &'a Blocks<C>,
    /// N.
    pub count: usize,
    /// The columns of `blocks` whose table values add up; a further column serves the filter alone.
    pub summed: usize,
    /// Added to the sums: one value a vector, or empty.
    pub norms: &'a [f32],
}

/// One query at work.
pub struct Search {
    tables: Tables,
    filter: Filter,
    nearest: Nearest,
}

impl Search {
    pub fn new(tables: Tables, k: usize) -> Self {
        let filter = Filter::new(tables.columns());
        Self { tables, filter, nearest: Nearest::new(k) }
    }

    /// The keys of the k nearest in order, and what their scores lack to be distances.
    pub fn finish(self) -> (Vec<u64>, f64) {
        (self.nearest.into_sorted(), self.tables.offset)
    }
}

/// The blocks in which a part is scanned: the first has what k neighbours need, the next ones double, because the limit that
/// the filter works with falls fast at first.
pub fn block_ranges(part: Range<usize>, k: usize) -> impl Iterator<Item = Range<usize>> {
    let mut size = k.saturating_mul(4).div_ceil(LANES).clamp(4, BLOCK);
    let mut start = part.start;
    std::iter::from_fn(move || {
        let range = start..part.end.min(start.saturating_add(size));
        start = range.end;
        size = (2 * size).min(BLOCK);
        (!range.is_empty()).then_some(range)
    })
}

impl<C: Code> Base<'_, C> {
    /// Computes every distance of the groups.
    pub fn scan(&self, range: Range<usize>, search: &mut Search) {
        let columns = self.blocks.columns();
        for (group, columns) in range.clone().zip(self.blocks.groups(range).chunks_exact(columns)) {
            for from in (0..LANES).step_by(PART) {
                let first = group * LANES + from;
                if first >= self.count {
                    return;
                }
                let mut sums = [0.0f32; PART];
                for (column, codes) in columns[..self.summed].iter().enumerate() {
                    C::add(search.tables.column(column), &codes[from..from + PART], &mut sums);
                }
                let count = PART.min(self.count - first);
                if let Some(norms) = self.norms.get(first..first + count) {
                    sums.iter_mut().zip(norms).for_each(|(sum, norm)| *sum += norm);
                }
                // Most parts have nothing near enough, which one comparison tells.
                let least = sums.iter().fold(f32::INFINITY, |a, b| if *b < a { *b } else { a });
                if search.nearest.limit().is_none_or(|limit| least <= limit) {
                    for (j, sum) in sums[..count].iter().enumerate() {
                        search.nearest.offer(*sum, (first + j) as u32);
                    }
                }
            }
        }
    }

    /// One distance, by the same additions in the same order as [`Base::scan`].
    fn distance(&self, columns: &[[C; LANES]], lane: usize, vector: usize, tables: &Tables) -> f32 {
        let mut sum = 0.0;
        for (column, codes) in columns[..self.summed].iter().enumerate() {
            sum += tables.column(column)[codes[lane].index()];
        }
        self.norms.get(vector).map_or(sum, |norm| sum + norm)
    }
}

impl Base<'_, u8> {
    /// As [`Base::scan`], with the filter where it can work.
    pub fn scan_filtered(&self, range: Range<usize>, search: &mut Search) {
        search.nearest.refresh();
        let limit = search.nearest.limit();
        if !limit.is_some_and(|limit| search.filter.prepare(&search.tables, limit)) {
            return self.scan(range, search);
        }
        let columns = self.blocks.columns();
        let mut survivors = [0u64; BLOCK];
        let survivors = &mut survivors[..range.len().min(BLOCK)];
        let groups = self.blocks.groups(range.clone());
        search.filter.survivors(groups, survivors);
        for ((group, columns), survivors) in range.zip(groups.chunks_exact(columns)).zip(survivors) {
            let first = group * LANES;
            // The lanes behind the last vector are none.
            let lanes = (self.count - first.min(self.count)).min(LANES);
            let mut left = if lanes == LANES { *survivors } else { *survivors & ((1 << lanes) - 1) };
            while left != 0 {
                let lane = left.trailing_zeros() as usize;
                left &= left - 1;
                let distance = self.distance(columns, lane, first + lane, &search.tables);
                search.nearest.offer(distance, (first + lane) as u32);
            }
        }
    }
}
