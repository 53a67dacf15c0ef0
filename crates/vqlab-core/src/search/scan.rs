//! One pass of a tile of queries over a part of the base.

use std::ops::Range;

use super::blocks::{Blocks, Code, LANES, PART};
use super::filter::Filter;
use super::nearest::Nearest;
use super::tables::Tables;

/// Groups of a block: their codes stay in the second-level cache (256 KiB at 8 bytes a vector) while the queries of a
/// tile pass over them.
const BLOCK: usize = 512;

/// The base vectors of a scan.
pub struct Base<'a, C> {
    pub blocks: &'a Blocks<C>,
    /// N.
    pub count: usize,
    /// The columns of `blocks` whose table values add up, in the order of the tables.
    pub summed: Range<usize>,
    /// Added to the sums: one value a vector, or empty.
    pub norms: &'a [f32],
}

/// The state of one query.
pub struct Search {
    tables: Tables,
    filter: Option<Filter>,
    nearest: Nearest,
    /// Positions of survivors in a block; reused to save allocations.
    list: Vec<u32>,
}

impl Search {
    /// A search for the `k` nearest. The filter must belong to these tables.
    pub fn new(tables: Tables, filter: Option<Filter>, k: usize) -> Self {
        Self { tables, filter, nearest: Nearest::new(k), list: Vec::new() }
    }

    /// The keys of the k nearest in order, and the offset from scores to distances.
    pub fn finish(self) -> (Vec<u64>, f64) {
        (self.nearest.into_sorted(), self.tables.offset)
    }
}

/// The blocks in which a part is scanned. The first block has enough vectors for k neighbors; the next blocks double in
/// size, because the limit of the filter falls fast at first.
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
                for (column, codes) in columns[self.summed.clone()].iter().enumerate() {
                    C::add(search.tables.column(column), &codes[from..from + PART], &mut sums);
                }
                let count = PART.min(self.count - first);
                if let Some(norms) = self.norms.get(first..first + count) {
                    sums.iter_mut().zip(norms).for_each(|(sum, norm)| *sum += norm);
                }
                // Most parts have no vector near enough; one comparison shows this.
                let least = sums.iter().fold(f32::INFINITY, |a, b| if *b < a { *b } else { a });
                if search.nearest.limit().is_none_or(|limit| least <= limit) {
                    for (j, sum) in sums[..count].iter().enumerate() {
                        search.nearest.offer(*sum, (first + j) as u32);
                    }
                }
            }
        }
    }
}

impl Base<'_, u8> {
    /// As [`Base::scan`], with the filter where there is one and it has bounds.
    pub fn scan_filtered(&self, range: Range<usize>, search: &mut Search) {
        search.nearest.refresh();
        let Search { tables, filter: Some(filter), nearest, list } = search else {
            return self.scan(range, search);
        };
        if !nearest.limit().is_some_and(|limit| filter.prepare(limit)) {
            return self.scan(range, search);
        }
        let columns = self.blocks.columns();
        let mut survivors = [0u64; BLOCK];
        let survivors = &mut survivors[..range.len().min(BLOCK)];
        let groups = self.blocks.groups(range.clone());
        filter.survivors(groups, columns, survivors);
        // The lanes behind the last vector are padding.
        if let Some(last) = survivors.last_mut()
            && range.end * LANES > self.count
        {
            *last &= u64::MAX >> (range.end * LANES - self.count);
        }
        // Listed first: a loop without unpredictable branches computes several distances at once.
        list.clear();
        for (group, survivors) in survivors.iter().enumerate() {
            let mut left = *survivors;
            while left != 0 {
                list.push((group * LANES) as u32 + left.trailing_zeros());
                left &= left - 1;
            }
        }
        let first = range.start * LANES;
        for place in list.iter() {
            let (group, lane) = (*place as usize / LANES, *place as usize % LANES);
            let vector = first + *place as usize;
            let distance = self.distance(&groups[group * columns..][..columns], lane, vector, tables.small());
            nearest.offer(distance, vector as u32);
        }
    }

    /// One distance, by the same additions in the same order as [`Base::scan`].
    #[inline]
    fn distance(&self, columns: &[[u8; LANES]], lane: usize, vector: usize, tables: &[[f32; 256]]) -> f32 {
        let mut sum = 0.0;
        for (codes, table) in columns[self.summed.clone()].iter().zip(tables) {
            sum += table[usize::from(codes[lane % LANES])];
        }
        self.norms.get(vector).map_or(sum, |norm| sum + norm)
    }
}
