//! Readers of vectors, codes and ids, by row range.

use std::path::Path;

use half::{bf16, f16};

use super::element::Element;
use super::error::FileError;
use super::lines::Lines;
use super::table::{Format, Table, rows};
use super::{map, npy};
use crate::number::{not_finite, short};

/// A file of vectors, read as f32: fvecs, bvecs, ivecs, fbin, u8bin, i8bin, ibin, idx of bytes, npy or safetensors of
/// any [`Element`], csv.
///
/// float64, and int32 above 2^24, are rounded to the nearest f32, where that is small beside the spread of the vectors;
/// int64 has to fit.
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
    /// [`FileError::Read`], [`FileError::Kind`] (file ending, folder, pipe), [`FileError::Content`] (empty, torn,
    /// header), [`FileError::Line`].
    pub fn open(path: &Path) -> Result<Self, FileError> {
        match Format::of(path, &[Format::Csv]) {
            Ok(_) => {
                let lines = Lines::open(path)?;
                let read = |row: usize, out: &mut [f64]| Ok(lines.read_wide(row, out));
                check_rounding(path, "decimal", (lines.rows(), lines.columns), read)?;
                Ok(Self(Source::Lines(lines)))
            }
            Err(_) => {
                let table = Table::open(path, &Format::ALL, &Element::ALL)?;
                check_table(&table)?;
                Ok(Self(Source::Table(table)))
            }
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

    /// The type of the numbers in the file; for csv [`Element::F32`].
    pub fn element(&self) -> Element {
        match &self.0 {
            Source::Table(table) => table.element,
            Source::Lines(_) => Element::F32,
        }
    }

    /// A note for the user about skipped content of the file.
    pub fn note(&self) -> Option<String> {
        match &self.0 {
            Source::Table(_) => None,
            Source::Lines(lines) => lines.note(),
        }
    }

    /// Reads `out.len()` / D vectors from `first_row` on into `out` (rows × D).
    ///
    /// # Errors
    /// [`FileError::Rows`] where these are not whole rows of the file; [`FileError::Content`] where a row has another
    /// dimension; [`FileError::Value`] for NaN, infinity, float64 beyond the range of f32, and int64 that no f32
    /// equals. For csv, all of these and fields that are not numbers are [`FileError::Line`].
    pub fn read(&self, first_row: usize, out: &mut [f32]) -> Result<(), FileError> {
        let rows = rows(self.path(), (self.len(), self.dimension()), first_row, out.len())?;
        for (row, out) in rows.zip(out.chunks_exact_mut(self.dimension())) {
            match &self.0 {
                Source::Table(table) => read_checked(table, row, out)?,
                Source::Lines(lines) => lines.read(row, out)?,
            }
        }
        Ok(())
    }
}

/// Rows of which the rounding is measured.
const ROUNDED: usize = 256;

/// The share of the variance that rounding may add.
const MOST_ROUNDING: f64 = 1e-4;

fn check_table(table: &Table) -> Result<(), FileError> {
    let widen: fn(&[u8], &mut [f64]) = match table.element {
        Element::F64 => |bytes, out| each(bytes, out, f64::from_le_bytes),
        Element::I32 => |bytes, out| each(bytes, out, |b| f64::from(i32::from_le_bytes(b))),
        _ => return Ok(()),
    };
    let read = |row: usize, out: &mut [f64]| {
        widen(table.row(row)?, out);
        Ok(true)
    };
    check_rounding(&table.path, table.element.name(), (table.rows, table.columns), read)
}

/// Rejects wide numbers whose differences float32 loses: those far from zero beside their spread. `read` returns false
/// for a row that can't be read; reading it later has an error of its own.
fn check_rounding(
    path: &Path,
    what: &str,
    (rows, columns): (usize, usize),
    read: impl Fn(usize, &mut [f64]) -> Result<bool, FileError>,
) -> Result<(), FileError> {
    let count = rows.min(ROUNDED);
    let (mut row, mut mean) = (vec![0.0; columns], vec![0.0; columns]);
    let (mut variance, mut rounding) = (0.0, 0.0);
    for i in 0..count {
        let at = i as u128 * rows as u128 / count as u128;
        if !read(at as usize, &mut row)? {
            return Ok(());
        }
        // Sums of squares without large numbers (Welford).
        for (v, mean) in row.iter().zip(&mut mean) {
            let apart = v - *mean;
            *mean += apart / (i + 1) as f64;
            variance += apart * (v - *mean);
            rounding += (v - f64::from(*v as f32)).powi(2);
        }
    }
    // NaN and numbers beyond float32 have errors of their own when they are read. A single row, or equal rows, have no
    // differences that could be lost.
    if !rounding.is_finite() || !variance.is_finite() || variance == 0.0 || rounding <= MOST_ROUNDING * variance {
        return Ok(());
    }
    let of = |sum: f64| short((sum / (count * columns) as f64).sqrt());
    let (error, spread) = (of(rounding), of(variance));
    let reason = format!(
        "float32 rounds these {what} values by {error} on average, too much for their spread of {spread} (standard \
         deviation of a column); subtract a constant first: array - array.mean(axis=0)"
    );
    Err(FileError::kind(path, reason))
}

fn read_checked(table: &Table, row: usize, out: &mut [f32]) -> Result<(), FileError> {
    let bytes = table.row(row)?;
    convert(table.element, bytes, out);
    match fault(table.element, bytes, out) {
        None => Ok(()),
        Some(Unfit { column, value, allowed }) => {
            let offset = (table.offset(row) + column * table.element.size()) as u64;
            Err(FileError::Value { path: table.path.clone(), offset, row, column, value, allowed })
        }
    }
}

/// A number that is not accepted.
struct Unfit {
    column: usize,
    value: String,
    allowed: &'static str,
}

/// The first number of `bytes` that `values` can't hold: a float that is not finite, or a wide integer that is not
/// equal.
fn fault(element: Element, bytes: &[u8], values: &[f32]) -> Option<Unfit> {
    if let Element::U32 | Element::I64 | Element::U64 = element {
        let (column, value) = unequal(element, bytes, values)?;
        let allowed = "only whole numbers that float32 can hold (all up to 16777216) are allowed: array.astype('<f4') rounds them";
        return Some(Unfit { column, value: value.to_string(), allowed });
    }
    if !element.is_float() {
        return None;
    }
    let (_, column, found) = not_finite(values, values.len())?;
    let double = bytes[column * element.size()..].first_chunk().map(|b| f64::from_le_bytes(*b));
    let value = match double.filter(|_| element == Element::F64) {
        Some(double) => short(double),
        None => found.to_string(),
    };
    let allowed = "only finite numbers that fit into float32 are allowed: remove or replace such rows";
    Some(Unfit { column, value, allowed })
}

/// The first integer that float32 can't hold.
fn unequal(element: Element, bytes: &[u8], values: &[f32]) -> Option<(usize, i128)> {
    let whole = |b: &[u8]| match (element, b.first_chunk::<4>(), b.first_chunk::<8>()) {
        (Element::U32, Some(b), _) => i128::from(u32::from_le_bytes(*b)),
        (Element::U64, _, Some(b)) => i128::from(u64::from_le_bytes(*b)),
        (_, _, Some(b)) => i128::from(i64::from_le_bytes(*b)),
        _ => 0,
    };
    let numbers = bytes.chunks_exact(element.size()).map(whole);
    // In 128 bits, where 2^63 does not saturate.
    numbers.zip(values).enumerate().find(|(_, (whole, v))| **v as i128 != *whole).map(|(at, (whole, _))| (at, whole))
}

fn convert(element: Element, bytes: &[u8], out: &mut [f32]) {
    match element {
        Element::U8 => out.iter_mut().zip(bytes).for_each(|(o, b)| *o = f32::from(*b)),
        Element::I8 => out.iter_mut().zip(bytes).for_each(|(o, b)| *o = f32::from(*b as i8)),
        Element::U16 => each(bytes, out, |b| f32::from(u16::from_le_bytes(b))),
        Element::I32 => each(bytes, out, |b| i32::from_le_bytes(b) as f32),
        Element::U32 => each(bytes, out, |b| u32::from_le_bytes(b) as f32),
        Element::I64 => each(bytes, out, |b| i64::from_le_bytes(b) as f32),
        Element::U64 => each(bytes, out, |b| u64::from_le_bytes(b) as f32),
        Element::F16 => each(bytes, out, |b| f16::from_le_bytes(b).to_f32()),
        Element::BF16 => each(bytes, out, |b| bf16::from_le_bytes(b).to_f32()),
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

    /// The byte offset of a code in the file.
    pub fn offset(&self, row: usize, stage: usize) -> u64 {
        (self.table.offset(row) + stage * self.table.element.size()) as u64
    }

    /// Reads `out.len()` / M codes from `first_row` on into `out` (rows × M). The decoder checks that they are below K.
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

/// All numbers of an npy file as f32, for any shape. NaN and infinity are accepted.
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
        let reason = format!("an array {shape:?} of {name} does not match the {found} bytes that follow; it is torn");
        return Err(FileError::content(path, start, reason));
    }
    let mut values = vec![0.0; numbers.len() / element.size()];
    convert(element, numbers, &mut values);
    match fault(element, numbers, &values).filter(|_| element == Element::I64) {
        None => Ok((shape, values)),
        Some(Unfit { column, value, allowed }) => {
            let reason = format!("number {column} (counted from 0) is {value}; {allowed}");
            Err(FileError::content(path, start + column * element.size(), reason))
        }
    }
}
