//! Readers of vectors, codes and ids, by row range.

use std::path::Path;

use half::f16;

use super::element::Element;
use super::error::FileError;
use super::lines::Lines;
use super::table::{Format, Table, rows};
use super::{map, npy};

/// A file of vectors, read as f32: fvecs, bvecs, ivecs, npy or safetensors of any [`Element`], csv.
///
/// Whole numbers above 2^24 and float64 are rounded to the nearest f32.
#[derive(Debug)]
pub struct VectorFile(Source);

#[derive(Debug)]
enum Source {
    Table(Table),
    Lines(Lines),
}

impl VectorFile {
    /// Opens a file and checks its header and its length. `FILE.safetensors:NAME` is the tensor NAME of the file.
    ///
    /// # Errors
    /// [`FileError::Read`], [`FileError::Kind`] (file ending, folder, pipe), [`FileError::Content`] (empty, torn, header),
    /// [`FileError::Line`].
    pub fn open(path: &Path) -> Result<Self, FileError> {
        match Format::of(path, &[Format::Csv]) {
            Ok(_) => Ok(Self(Source::Lines(Lines::open(path)?))),
            Err(_) => Ok(Self(Source::Table(Table::open(path, &Format::ALL, &Element::ALL)?))),
        }
    }

    /// The path of the file, without the name of a tensor.
    pub fn path(&self) -> &Path {
        match &self.0 {
            Source::Table(table) => &table.path,
            Source::Lines(lines) => &lines.path,
        }
    }

    /// The number of vectors n, at least 1.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        match &self.0 {
            Source::Table(table) => table.rows,
            Source::Lines(lines) => lines.rows(),
        }
    }

    /// D, from 1 to [`MAX_DIMENSION`](super::MAX_DIMENSION).
    pub fn dimension(&self) -> usize {
        match &self.0 {
            Source::Table(table) => table.columns,
            Source::Lines(lines) => lines.columns,
        }
    }

    /// The type of the numbers in the file; what csv spells out is read as [`Element::F32`].
    pub fn element(&self) -> Element {
        match &self.0 {
            Source::Table(table) => table.element,
            Source::Lines(_) => Element::F32,
        }
    }

    /// Reads `out.len()` / D vectors from `first_row` on into `out` (rows × D).
    ///
    /// # Errors
    /// [`FileError::Rows`] where these are no whole rows of the file; [`FileError::Content`] where a row has another
    /// dimension; [`FileError::Value`] for NaN, infinity, and float64 beyond the range of f32; for csv all of these, and what
    /// is no number, as [`FileError::Line`].
    pub fn read(&self, first_row: usize, out: &mut [f32]) -> Result<(), FileError> {
        let rows = rows(self.path(), (self.len(), self.dimension()), first_row, out.len())?;
        for (row, out) in rows.zip(out.chunks_exact_mut(self.dimension())) {
            match &self.0 {
                Source::Table(table) => read_finite(table, row, out)?,
                Source::Lines(lines) => lines.read(row, out)?,
            }
        }
        Ok(())
    }
}

fn read_finite(table: &Table, row: usize, out: &mut [f32]) -> Result<(), FileError> {
    let bytes = table.row(row)?;
    convert(table.element, bytes, out);
    // A fold without a way out vectorises; the place is looked for only where there is one.
    if table.element.is_float() && !out.iter().fold(true, |finite, v| finite & v.is_finite()) {
        return Err(not_finite(table, row, bytes, out));
    }
    Ok(())
}

fn not_finite(table: &Table, row: usize, bytes: &[u8], values: &[f32]) -> FileError {
    let column = values.iter().position(|v| !v.is_finite()).unwrap_or_default();
    let size = table.element.size();
    let double = bytes[column * size..].first_chunk().map(|b| f64::from_le_bytes(*b));
    let value = match double.filter(|_| table.element == Element::F64) {
        Some(double) => double.to_string(),
        None => values[column].to_string(),
    };
    FileError::Value {
        path: table.path.clone(),
        offset: (table.offset(row) + column * size) as u64,
        row,
        column,
        value,
        allowed: "only finite numbers that fit into float32 are allowed: remove or replace such rows",
    }
}
fn convert(element: Element, bytes: &[u8], out: &mut [f32]) {
    match element {
        Element::U8 => out.iter_mut().zip(bytes).for_each(|(o, b)| *o = f32::from(*b)),
        Element::U16 => each(bytes, out, |b| f32::from(u16::from_le_bytes(b))),
        Element::I32 => each(bytes, out, |b| i32::from_le_bytes(b) as f32),
        Element::U32 => each(bytes, out, |b| u32::from_le_bytes(b) as f32),
        Element::I64 => each(bytes, out, |b| i64::from_le_bytes(b) as f32),
        Element::U64 => each(bytes, out, |b| u64::from_le_bytes(b) as f32),
        Element::F16 => each(bytes, out, |b| f16::from_le_bytes(b).to_f32()),
        Element::F32 => each(bytes, out, f32::from_le_bytes),
        Element::F64 => each(bytes, out, |b| f64::from_le_bytes(b) as f32),
    }
}

pub(super) fn each<T, const SIZE: usize>(bytes: &[u8], out: &mut [T], number: impl Fn([u8; SIZE]) -> T) {
    for (o, b) in out.iter_mut().zip(bytes.as_chunks().0) {
        *o = number(*b);
    }
}

/// A file of codes: npy of uint8 or uint16, n × M.
#[derive(Debug)]
pub struct CodeFile {
    table: Table,
}

impl CodeFile {
    /// Opens a file and checks its header and its length.
    ///
    /// # Errors
    /// As [`VectorFile::open`].
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Ok(Self { table: Table::open(path, &[Format::Npy], &Element::CODES)? })
    }

    pub fn path(&self) -> &Path {
        &self.table.path
    }

    /// The number of codes n, at least 1.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.table.rows
    }

    /// M.
    pub fn stages(&self) -> usize {
        self.table.columns
    }

    /// Where in the file a code stands, in bytes.
    pub fn offset(&self, row: usize, stage: usize) -> u64 {
        (self.table.offset(row) + stage * self.table.element.size()) as u64
    }

    /// Reads `out.len()` / M codes from `first_row` on into `out` (rows × M). That they are below K is for the decoder to
    /// check.
    ///
    /// # Errors
    /// [`FileError::Rows`].
    pub fn read(&self, first_row: usize, out: &mut [u16]) -> Result<(), FileError> {
        let rows = self.table.range(first_row, out.len())?;
        for (row, out) in rows.zip(out.chunks_exact_mut(self.table.columns)) {
            let bytes = self.table.row(row)?;
            match self.table.element {
                Element::U8 => out.iter_mut().zip(bytes).for_each(|(o, b)| *o = u16::from(*b)),
                _ => each(bytes, out, u16::from_le_bytes),
            }
        }
        Ok(())
    }
}

/// All numbers of an npy file as f32, whatever its shape. NaN and infinity are let through.
///
/// # Errors
/// [`FileError::Read`], [`FileError::Kind`] (file ending, folder, pipe), [`FileError::Content`] (empty, torn, header).
pub fn read_npy(path: &Path) -> Result<(Vec<usize>, Vec<f32>), FileError> {
    Format::of(path, &[Format::Npy])?;
    let map = map::map(path)?;
    let parsed = npy::parse_array(&map, &Element::ALL);
    let (element, (shape, _), start) = parsed.map_err(|fault| FileError::content(path, fault.offset, fault.reason))?;
    let numbers = &map[start..];
    let count = shape.iter().try_fold(1usize, |product, n| product.checked_mul(*n));
    if count.and_then(|count| count.checked_mul(element.size())) != Some(numbers.len()) {
        let (name, found) = (element.name(), numbers.len());
        let reason = format!("an array {shape:?} of {name} is not made of the {found} bytes that are left; it is torn");
        return Err(FileError::content(path, start, reason));
    }
    let mut values = vec![0.0; numbers.len() / element.size()];
    convert(element, numbers, &mut values);
    Ok((shape, values))
}
