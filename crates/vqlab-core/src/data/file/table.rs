//! A mapped file as rows of equal length, for any format.

use std::ops::Range;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use super::element::Element;
use super::error::FileError;
use super::tensors::{self, Tensor};
use super::{MAX_DIMENSION, idx, map, npy};

/// A file format, determined by the file ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Fvecs,
    Bvecs,
    Ivecs,
    Npy,
    /// Number of rows and of columns, both u32, then the rows: float32.
    Fbin,
    /// The same format with uint8.
    U8bin,
    /// The same format with int8.
    I8bin,
    /// The same format with int32; as many float32 distances may follow the ids.
    Ibin,
    /// MNIST's format, with bytes: the dimensions after the first one form a row. May be compressed by gzip.
    Idx,
    /// For vectors only.
    Csv,
    /// For vectors only; `FILE.safetensors:NAME` chooses one of several tensors.
    Safetensors,
}

impl Format {
    pub const ALL: [Format; 11] = [
        Self::Npy,
        Self::Fvecs,
        Self::Bvecs,
        Self::Ivecs,
        Self::Fbin,
        Self::U8bin,
        Self::I8bin,
        Self::Ibin,
        Self::Idx,
        Self::Csv,
        Self::Safetensors,
    ];

    /// The file ending without the dot.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Fvecs => "fvecs",
            Self::Bvecs => "bvecs",
            Self::Ivecs => "ivecs",
            Self::Npy => "npy",
            Self::Fbin => "fbin",
            Self::U8bin => "u8bin",
            Self::I8bin => "i8bin",
            Self::Ibin => "ibin",
            Self::Idx => "idx3-ubyte",
            Self::Csv => "csv",
            Self::Safetensors => "safetensors",
        }
    }

    /// The format of a path, one of `allowed`; case does not matter.
    ///
    /// # Errors
    /// [`FileError::Kind`] with the allowed endings.
    pub fn of(path: &Path, allowed: &[Format]) -> Result<Self, FileError> {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let is_idx = path.file_name().is_some_and(|name| idx::is_name(&name.to_string_lossy()));
        let fits = |format: &Format| if *format == Self::Idx { is_idx } else { format.ending() == ending };
        let format = allowed.iter().copied().find(fits);
        format.ok_or_else(|| {
            let endings: Vec<String> = allowed.iter().map(|format| format!(".{}", format.ending())).collect();
            let found = if ending.is_empty() { "no file ending".into() } else { format!("the file ending .{ending}") };
            FileError::kind(path, format!("it has {found}; allowed here: {}", endings.join(", ")))
        })
    }

    /// Whether its numbers are stored unchanged at fixed positions, so that a file is never read as a whole.
    pub fn is_binary(self) -> bool {
        !matches!(self, Self::Csv | Self::Safetensors)
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
    /// The offset of the first row.
    start: usize,
    /// [`HEAD`] for fvecs, bvecs and ivecs, else 0.
    head: usize,
}

impl Table {
    /// Maps a file of one of these formats (npy: of one of these types), and checks its header and its length. The
    /// dimension before each row is checked when the row is read.
    pub fn open(path: &Path, formats: &[Format], elements: &[Element]) -> Result<Self, FileError> {
        let tensor = tensors::split(path).filter(|_| formats.contains(&Format::Safetensors));
        let (path, format, name) = match &tensor {
            Some((path, name)) => (path.as_path(), Format::Safetensors, Some(name.as_str())),
            None => (path, Format::of(path, formats)?, None),
        };
        let map = if format == Format::Idx { idx::map(path)? } else { map::map(path)? };
        match format {
            Format::Fvecs => Self::of_vecs(path, map, Element::F32),
            Format::Bvecs => Self::of_vecs(path, map, Element::U8),
            Format::Ivecs => Self::of_vecs(path, map, Element::I32),
            Format::Fbin => Self::of_bin(path, map, Element::F32),
            Format::U8bin => Self::of_bin(path, map, Element::U8),
            Format::I8bin => Self::of_bin(path, map, Element::I8),
            Format::Ibin => Self::of_bin(path, map, Element::I32),
            Format::Idx => Self::of_idx(path, map),
            Format::Safetensors => Self::of_safetensors(path, map, name),
            Format::Npy | Format::Csv => Self::of_npy(path, map, elements),
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

    fn of_bin(path: &Path, map: Mmap, element: Element) -> Result<Self, FileError> {
        const START: usize = 8;
        let head = map.first_chunk::<START>().map(|head| {
            let [a, b, c, d, e, f, g, h] = *head;
            [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])].map(|n| n as usize)
        });
        let [rows, columns] = head.ok_or_else(|| {
            FileError::content(path, 0, format!("the file has {} bytes, the header alone needs {START}", map.len()))
        })?;
        check_shape(path, (rows, columns), element)?;
        let found = map.len() - START;
        // At most 2^32 × MAX_DIMENSION × 4.
        let expected = rows * columns * element.size();
        // Ground truth files have the distances after the ids, or no distances.
        let fits = found == expected || (element == Element::I32 && found == 2 * expected);
        if !fits {
            let name = element.name();
            let reason = format!(
                "the header says {rows} × {columns} {name}, which need {expected} bytes, but {found} follow; copy the file \
                 again, or check its format"
            );
            return Err(FileError::content(path, START, reason));
        }
        Ok(Self { path: path.into(), map, element, rows, columns, start: START, head: 0 })
    }

    fn of_idx(path: &Path, map: Mmap) -> Result<Self, FileError> {
        let header = idx::parse(&map).map_err(|(offset, reason)| FileError::content(path, offset, reason))?;
        let idx::Header { element, rows, columns, start } = header;
        check_shape(path, (rows, columns), element)?;
        let found = map.len() - start;
        if rows.checked_mul(columns) != Some(found) {
            let reason = format!("the header says {rows} × {columns} bytes, but {found} follow; copy the file again");
            return Err(FileError::content(path, start, reason));
        }
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
        // The length fits no number of rows: either a row in between has another dimension, or the last one is cut off.
        for row in 0..rows {
            table.row(row)?;
        }
        let reason = format!("row {rows} is cut off: {rest} of {stride} bytes are there; copy the file again");
        Err(FileError::content(path, rows * stride, reason))
    }

    /// The offset of the numbers of a row.
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

    /// The rows of `numbers` numbers from row `first` on.
    pub fn range(&self, first: usize, numbers: usize) -> Result<Range<usize>, FileError> {
        rows(&self.path, (self.rows, self.columns), first, numbers)
    }

    fn no_rows(&self, first: usize, wanted: usize) -> FileError {
        no_rows(&self.path, (self.rows, self.columns), first, wanted)
    }
}

fn check_shape(path: &Path, (rows, columns): (usize, usize), element: Element) -> Result<(), FileError> {
    if rows > 0 && (1..=MAX_DIMENSION).contains(&columns) {
        return Ok(());
    }
    let reason = format!(
        "the header says {rows} rows × {columns} columns of {}; allowed are at least 1 row and 1 to {MAX_DIMENSION} columns",
        element.name()
    );
    Err(FileError::content(path, 0, reason))
}

/// The rows of `numbers` numbers from row `first` on, in a file of rows × columns.
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
