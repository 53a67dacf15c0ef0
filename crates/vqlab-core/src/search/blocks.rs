//! Codes in the layout of the search: groups of [`LANES`] vectors, column after column, so that one instruction looks
//! up the same stage of many vectors.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::{Codes, SearchError};
use crate::quantizer::{CodeError, Codebooks};

/// Vectors of a group.
pub const LANES: usize = 64;

/// Vectors that [`Code::add`] takes at once: as many sums as fit in registers.
pub const PART: usize = 16;

/// Groups that a thread fills at once.
const TOGETHER: usize = 64;

/// A code as it is stored.
pub trait Code: Copy + Default + Send + Sync {
    fn new(code: usize) -> Self;

    /// sums[j] += table[codes[j]]. Tables have at least 256 entries, and more than the largest code.
    fn add(table: &[f32], codes: &[Self], sums: &mut [f32; PART]);
}

impl Code for u8 {
    fn new(code: usize) -> Self {
        code as u8
    }

    #[inline(always)]
    fn add(table: &[f32], codes: &[u8], sums: &mut [f32; PART]) {
        // With both lengths known, no look-up is bounds-checked.
        if let (Some(table), Some(codes)) = (table.first_chunk::<256>(), codes.first_chunk::<PART>()) {
            for (sum, code) in sums.iter_mut().zip(codes) {
                *sum += table[usize::from(*code)];
            }
        }
    }
}

impl Code for u16 {
    fn new(code: usize) -> Self {
        code as u16
    }

    #[inline(always)]
    fn add(table: &[f32], codes: &[u16], sums: &mut [f32; PART]) {
        for (sum, code) in sums.iter_mut().zip(codes) {
            *sum += table[usize::from(*code)];
        }
    }
}

/// N vectors of some columns each; lanes behind the last vector hold code 0.
pub struct Blocks<C> {
    columns: usize,
    groups: Vec<[C; LANES]>,
}

impl<C: Code> Blocks<C> {
    /// Codes (N × M), with space for `before` and `behind` further columns around them.
    ///
    /// # Errors
    /// The first code that the codebooks don't have; [`SearchError::Stopped`] where `stop` was set.
    pub fn new(
        books: &Codebooks,
        codes: Codes,
        before: usize,
        behind: usize,
        stop: &AtomicBool,
    ) -> Result<Self, SearchError> {
        let columns = before + books.stages() + behind;
        let mut groups = vec![[C::default(); LANES]; (codes.len() / books.stages()).div_ceil(LANES) * columns];
        let place = (columns, before);
        match codes {
            Codes::U8(codes) => fill(books, codes, &mut groups, place, stop)?,
            Codes::U16(codes) => fill(books, codes, &mut groups, place, stop)?,
        }
        Ok(Self { columns, groups })
    }

    /// Fills a column.
    pub fn set(&mut self, column: usize, codes: &[u8]) {
        let parts = self.groups.par_chunks_mut(TOGETHER * self.columns).zip(codes.par_chunks(TOGETHER * LANES));
        parts.for_each(|(groups, codes)| {
            for (group, codes) in groups.chunks_exact_mut(self.columns).zip(codes.chunks(LANES)) {
                group[column].iter_mut().zip(codes).for_each(|(lane, code)| *lane = C::new(usize::from(*code)));
            }
        });
    }

    /// The columns of some groups, group after group.
    pub fn groups(&self, range: std::ops::Range<usize>) -> &[[C; LANES]] {
        &self.groups[range.start * self.columns..range.end * self.columns]
    }

    pub fn columns(&self) -> usize {
        self.columns
    }
}

/// Writes codes (N × M) into the columns from `before` on of groups of `columns`.
fn fill<S: Copy + Into<usize> + Sync, C: Code>(
    books: &Codebooks,
    codes: &[S],
    groups: &mut [[C; LANES]],
    (columns, before): (usize, usize),
    stop: &AtomicBool,
) -> Result<(), SearchError> {
    let (stages, size) = (books.stages(), books.size());
    let parts = groups.par_chunks_mut(TOGETHER * columns).zip(codes.par_chunks(TOGETHER * LANES * stages));
    let error = parts.enumerate().find_map_first(|(part, (groups, codes))| {
        if stop.load(Ordering::Relaxed) {
            return Some(SearchError::Stopped);
        }
        for (g, (group, codes)) in groups.chunks_exact_mut(columns).zip(codes.chunks(LANES * stages)).enumerate() {
            let group = &mut group[before..before + stages];
            for (lane, codes) in codes.chunks_exact(stages).enumerate() {
                for (stage, (column, code)) in group.iter_mut().zip(codes).enumerate() {
                    let code = (*code).into();
                    if code >= size {
                        let vector = (part * TOGETHER + g) * LANES + lane;
                        return Some(CodeError::OutOfRange { vector, stage, code, size }.into());
                    }
                    column[lane] = C::new(code);
                }
            }
        }
        None
    });
    error.map_or(Ok(()), Err)
}
