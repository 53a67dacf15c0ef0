//! Codes in the layout of the search: groups of [`LANES`] vectors, column after column, so that one instruction looks
//! up the same stage of many vectors.

use super::{Codes, SearchError};
use crate::quantizer::{CodeError, Codebooks};

/// Vectors of a group.
pub const LANES: usize = 64;

/// Vectors that [`Code::add`] takes at once: as many sums as fit in registers.
pub const PART: usize = 16;

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
    /// A code that the codebooks don't have.
    pub fn new(books: &Codebooks, codes: Codes, before: usize, behind: usize) -> Result<Self, SearchError> {
        let (stages, size) = (books.stages(), books.size());
        let (columns, count) = (before + stages + behind, codes.len() / stages);
        let mut groups = vec![[C::default(); LANES]; count.div_ceil(LANES) * columns];
        for (g, group) in groups.chunks_exact_mut(columns).enumerate() {
            for vector in g * LANES..count.min((g + 1) * LANES) {
                for (stage, column) in group[before..before + stages].iter_mut().enumerate() {
                    let code = codes.at(vector * stages + stage);
                    if code >= size {
                        return Err(CodeError::OutOfRange { vector, stage, code, size }.into());
                    }
                    column[vector % LANES] = C::new(code);
                }
            }
        }
        Ok(Self { columns, groups })
    }

    /// Fills a column.
    pub fn set(&mut self, column: usize, codes: &[u8]) {
        for (vector, code) in codes.iter().enumerate() {
            let column = vector / LANES * self.columns + column;
            self.groups[column][vector % LANES] = C::new(usize::from(*code));
        }
    }

    /// The columns of some groups, group after group.
    pub fn groups(&self, range: std::ops::Range<usize>) -> &[[C; LANES]] {
        &self.groups[range.start * self.columns..range.end * self.columns]
    }

    pub fn columns(&self) -> usize {
        self.columns
    }
}
