//! Readers of ids as FAISS, NumPy and `vqlab search` write them. An entry without a neighbor is read as [`Id::NONE`]
//! for every type.

use std::path::Path;

use super::element::Element;
use super::error::FileError;
use super::read::each;
use super::table::{Format, Table};

/// The id of a vector. [`Id::NONE`] means no vector and equals nothing, itself included, like NaN.
#[derive(Clone, Copy, Debug)]
pub struct Id(u64);

impl Id {
    pub const NONE: Self = Self(u64::MAX);

    /// A number below 0 means no vector.
    fn signed(number: i64) -> Self {
        u64::try_from(number).map_or(Self::NONE, Self)
    }

    /// None for [`Id::NONE`].
    pub fn number(self) -> Option<u64> {
        (self.0 != Self::NONE.0).then_some(self.0)
    }
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 && self.0 != Self::NONE.0
    }
}

/// A file of ids, such as the nearest neighbors of queries: ivecs, ibin, or npy of int32, uint32, int64 or uint64, n ×
/// k.
#[derive(Debug)]
pub struct IdFile {
    table: Table,
}

impl IdFile {
    /// Opens a file and checks its header and its length.
    ///
    /// # Errors
    /// As [`VectorFile::open`](super::VectorFile::open).
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Ok(Self { table: Table::open(path, &[Format::Ivecs, Format::Ibin, Format::Npy], &Element::IDS)? })
    }

    pub fn path(&self) -> &Path {
        &self.table.path
    }

    /// The number of rows n, at least 1.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.table.rows
    }

    /// k, the ids of a row.
    pub fn columns(&self) -> usize {
        self.table.columns
    }

    /// Reads `out.len()` / k rows from `first_row` on into `out` (rows × k). A negative number is [`Id::NONE`], and so
    /// is the largest number of an unsigned type, to which NumPy converts −1.
    ///
    /// # Errors
    /// [`FileError::Rows`]; [`FileError::Content`] where a row has another length.
    pub fn read(&self, first_row: usize, out: &mut [Id]) -> Result<(), FileError> {
        let rows = self.table.range(first_row, out.len())?;
        for (row, out) in rows.zip(out.chunks_exact_mut(self.table.columns)) {
            let bytes = self.table.row(row)?;
            match self.table.element {
                Element::I64 => each(bytes, out, |b| Id::signed(i64::from_le_bytes(b))),
                Element::U64 => each(bytes, out, |b| Id(u64::from_le_bytes(b))),
                Element::U32 => each(bytes, out, |b| match u32::from_le_bytes(b) {
                    u32::MAX => Id::NONE,
                    id => Id(id.into()),
                }),
                _ => each(bytes, out, |b| Id::signed(i32::from_le_bytes(b).into())),
            }
        }
        Ok(())
    }
}
