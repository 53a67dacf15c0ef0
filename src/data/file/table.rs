//! A mapped file as rows of equal length, whatever its format.

use std::ops::Range;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use super::element::Element;
use super::error::FileError;
use super::tensors::{self, Tensor};
use super::{map, npy};

/// The largest dimension that is believed; a larger one speaks for a file of another kind.
pub const MAX_DIMENSION: usize = 1_000_000;

/// A file format, told by the file's ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Fvecs,
    Bvecs,
    Ivecs,
    Npy,
    /// Of vectors alone.
    Csv,
    /// Of vectors alone; `FILE.safetensors:NAME` chooses one of several tensors.
    Safetensors,
}

impl Format {
    pub const ALL: [Format; 6] = [Self::Npy, Self::Fvecs, Self::Bvecs, Self::Ivecs, Self::Csv, Self::Safetensors];

    /// Without the dot.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Fvecs => "fvecs",
            Self::Bvecs => "bvecs",
            Self::Ivecs => "ivecs",
            Self::Npy => "npy",
            Self::Csv => "csv",
            Self::Safetensors => "safetensors",
        }
    }

    /// The format of a path, one of `allowed`; upper and lower case alike.
    ///
    /// # Errors
    /// [`FileError::Kind`] with the allowed endings.
    pub fn of(path: &Path, allowed: &[Format]) -> Result<Self, FileError> {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let format = allowed.iter().copied().find(|format| format.ending() == ending);
        format.ok_or_else(|| {
            let endings: Vec<String> = allowed.iter().map(|format| format!(".{}", format.ending())).collect();
            let found = if ending.is_empty() { "no file ending".into() } else { format!("the file ending .{ending}") };
            FileError::kind(path, format!("it has {found}; allowed here: {}", endings.join(", ")))
        })
    }

    /// The type of the numbers, where the format fixes it.
    fn element(self) -> Option<Element> {
        match self {
            Self::Fvecs => Some(Element::F32),
            Self::Bvecs => Some(Element::U8),
            Self::Ivecs => Some(Element::I32),
            Self::Npy | Self::Csv | Self::Safetensors => None,
        }
    }
}

/// Bytes of the dimension before each row of an fvecs, bvecs or ivecs file.
pub(super) const HEAD: usize = 4;

/// A mapped file: `rows` × `columns` numbers of one type.
#[derive(Debug)]
pub(super) struct Table {
    pub path: PathBuf,
    map: Mmap,
    pub element: Element,
    pub rows: usize,
    pub columns: usize,
    /// Where the first row begins.
    start: usize,
    /// [`HEAD`], or 0 for npy and safetensors.
    head: usize,
}

impl Table {
    /// Maps a file of one of these formats, if npy of one of these types, and checks its header and its length; the rows' own heads are
    /// checked as they are read.
    pub fn open(path: &Path, formats: &[Format], elements: &[Element]) -> Result<Self, FileError> {
        let tensor = tensors::split(path).filter(|_| formats.contains(&Format::Safetensors));
        let (path, format, name) = match &tensor {
            Some((path, name)) => (path.as_path(), Format::Safetensors, Some(name.as_str())),
            None => (path, Format::of(path, formats)?, None),
        };
        let map = map::map(path)?;
        match format.element() {
            Some(element) => Self::of_vecs(path, map, element),
            None if format == Format::Safetensors => Self::of_safetensors(path, map, name),
            None => Self::of_npy(path, map, elements),
        }
    }

    fn of_npy(path: &Path, map: Mmap, elements: &[Element]) -> Result<Self, FileError> {
        let header =
            npy::parse(&map, elements).map_err(|fault| FileError::content(path, fault.offset, fault.reason))?;
        let npy::Header { element, rows, columns, start } = header;
        let found = map.len() - start;
        let expected = rows.checked_mul(columns).and_then(|n| n.checked_mul(element.size()));
        if expected != Some(found) {
            let name = element.name();
            let expected = expected.map_or("more bytes than can be counted".into(), |n| format!("{n} bytes"));
            return Err(FileError::content(
                path,
                start,
                format!(
                    "{rows} × {columns} {name} need {expected}, {found} are left; the file is torn or not an npy file"
                ),
            ));
        }
        Ok(Self { path: path.into(), map, element, rows, columns, start, head: 0 })
    }

    fn of_safetensors(path: &Path, map: Mmap, name: Option<&str>) -> Result<Self, FileError> {
        let tensor = tensors::find(&map, name).map_err(|reason| FileError::content(path, 0, reason))?;
        let Tensor { element, rows, columns, start } = tensor;
        Ok(Self { path: path.into(), map, element, rows, columns, start, head: 0 })
    }

    fn of_vecs(path: &Path, map: Mmap, element: Element) -> Result<Self, FileError> {
        let first = map.first_chunk::<HEAD>().map(|head| i32::from_le_bytes(*head));
        let first = first.ok_or_else(|| {
            FileError::content(path, 0, format!("the file has {} bytes, the first dimension alone needs 4", map.len()))
        })?;
        let columns = usize::try_from(first).ok().filter(|d| (1..=MAX_DIMENSION).contains(d));
        let columns = columns.ok_or_else(|| {
            let reason = format!("the first row has dimension {first}; allowed are 1 to {MAX_DIMENSION}");
            FileError::content(path, 0, reason)
        })?;
        let stride = HEAD + columns * element.size();
        let rows = map.len() / stride;
        let table = Self { path: path.into(), map, element, rows, columns, start: 0, head: HEAD };
        let rest = table.map.len() % stride;
        if rest == 0 {
            return Ok(table);
        }
        // The length fits no number of rows: either a row on the way has another dimension, or the last one is cut off.
        for row in 0..rows {
            table.row(row)?;
        }
        let reason = format!("row {rows} is cut off: {rest} of {stride} bytes are there; copy the file again");
        Err(FileError::content(path, rows * stride, reason))
    }

    /// Where the numbers of a row begin.
    pub fn offset(&self, row: usize) -> usize {
        self.start + row * (self.head + self.columns * self.element.size()) + self.head
    }

    /// The bytes of a row's numbers; `row` < `rows`.
    pub fn row(&self, row: usize) -> Result<&[u8], FileError> {
        let offset = self.offset(row);
        let bytes = self.map.get(offset..offset + self.columns * self.element.size());
        let head = self.map.get(offset - self.head..offset);
        let (Some(bytes), Some(head)) = (bytes, head) else {
            return Err(self.no_rows(row, self.columns));
        };
        if let Some(head) = head.first_chunk::<HEAD>().map(|head| i32::from_le_bytes(*head))
            && usize::try_from(head) != Ok(self.columns)
        {
            let reason = format!("row {row} has dimension {head}, the rows before it have {}", self.columns);
            return Err(FileError::content(&self.path, offset - HEAD, reason));
        }
        Ok(bytes)
    }

    /// The rows that `numbers` numbers from row `first` on are.
    pub fn range(&self, first: usize, numbers: usize) -> Result<Range<usize>, FileError> {
        rows(&self.path, (self.rows, self.columns), first, numbers)
    }

    fn no_rows(&self, first: usize, wanted: usize) -> FileError {
        no_rows(&self.path, (self.rows, self.columns), first, wanted)
    }
}

/// The rows that `numbers` numbers from row `first` on are, in a file of rows × columns.
pub(super) fn rows(
    path: &Path,
    shape: (usize, usize),
    first: usize,
    numbers: usize,
) -> Result<Range<usize>, FileError> {
    let end = first.checked_add(numbers / shape.1).filter(|end| *end <= shape.0);
    match end {
        Some(end) if numbers.is_multiple_of(shape.1) => Ok(first..end),
        _ => Err(no_rows(path, shape, first, numbers)),
    }
}

fn no_rows(path: &Path, (rows, columns): (usize, usize), first: usize, wanted: usize) -> FileError {
    FileError::Rows { path: path.into(), first, wanted, rows, columns }
}
