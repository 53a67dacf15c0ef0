//! Streaming writers of vectors, codes and ids. They hold one row and a buffer, for any length of the file.

use std::path::Path;

use super::MAX_DIMENSION;
use super::element::Element;
use super::error::FileError;
use super::npy;
use super::output::{Output, OutputFile};
use super::table::Format;

/// Rows of one length and type, in any format.
#[derive(Debug)]
struct RowWriter {
    file: OutputFile,
    format: Format,
    element: Element,
    columns: usize,
    rows: usize,
    row: Vec<u8>,
}

impl RowWriter {
    fn create(output: Output, formats: &[Format], element: Element, columns: usize) -> Result<Self, FileError> {
        output.check_place()?;
        let format = Format::of(output.path(), formats)?;
        if !(1..=MAX_DIMENSION).contains(&columns) {
            let reason = format!("rows of {columns} numbers can't be written; allowed are 1 to {MAX_DIMENSION}");
            return Err(FileError::kind(output.path(), reason));
        }
        let mut file = output.begin()?;
        if format == Format::Npy {
            // The number of rows is written at the end.
            file.write(&npy::header(element, 0, columns))?;
        }
        Ok(Self { file, format, element, columns, rows: 0, row: Vec::new() })
    }

    fn write<T: Copy, const SIZE: usize>(
        &mut self,
        values: &[T],
        bytes: impl Fn(T) -> [u8; SIZE],
    ) -> Result<(), FileError> {
        if !values.len().is_multiple_of(self.columns) {
            let (path, wanted) = (self.file.path().into(), values.len());
            return Err(FileError::Rows { path, first: self.rows, wanted, rows: self.rows, columns: self.columns });
        }
        for row in values.chunks_exact(self.columns) {
            self.row.clear();
            if self.format != Format::Npy {
                // At most MAX_DIMENSION, so it fits.
                self.row.extend((self.columns as i32).to_le_bytes());
            }
            self.row.extend(row.iter().flat_map(|value| bytes(*value)));
            self.file.write(&self.row)?;
            self.rows += 1;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<usize, FileError> {
        if self.format == Format::Npy {
            self.file.rewrite_start(&npy::header(self.element, self.rows, self.columns))?;
        }
        self.file.commit()?;
        Ok(self.rows)
    }
}

/// Writes vectors as npy (float32) or fvecs, by the file's ending.
#[derive(Debug)]
pub struct VectorWriter {
    rows: RowWriter,
}

impl VectorWriter {
    /// Begins a file of vectors of this dimension.
    ///
    /// # Errors
    /// [`FileError::Kind`] for another file ending or a dimension outside 1 to [`MAX_DIMENSION`]; those of
    /// [`Output::begin`].
    pub fn create(output: Output, dimension: usize) -> Result<Self, FileError> {
        let formats = [Format::Npy, Format::Fvecs];
        Ok(Self { rows: RowWriter::create(output, &formats, Element::F32, dimension)? })
    }

    pub fn path(&self) -> &Path {
        self.rows.file.path()
    }

    /// Appends vectors (rows × D).
    ///
    /// # Errors
    /// [`FileError::Rows`] where these are not whole rows; [`FileError::Value`] for NaN and infinity, which no reader
    /// accepts; [`FileError::Write`].
    pub fn write(&mut self, vectors: &[f32]) -> Result<(), FileError> {
        if let Some(at) = vectors.iter().position(|v| !v.is_finite()) {
            let (columns, before) = (self.rows.columns, self.rows.rows);
            let (row, column) = (before + at / columns, at % columns);
            let heads = if self.rows.format == Format::Npy { npy::HEADER } else { super::table::HEAD * (row + 1) };
            return Err(FileError::Value {
                path: self.path().into(),
                offset: (heads + 4 * (row * columns + column)) as u64,
                row,
                column,
                value: format!("{} as a result", vectors[at]),
                allowed: "only finite numbers are written: the codewords are too large to be added in float32",
            });
        }
        self.rows.write(vectors, f32::to_le_bytes)
    }

    /// Moves the file to its target and returns the number of its vectors.
    ///
    /// # Errors
    /// Those of [`OutputFile::commit`].
    pub fn finish(self) -> Result<usize, FileError> {
        self.rows.finish()
    }
}

/// Writes vectors of bytes as bvecs.
#[derive(Debug)]
pub struct ByteWriter {
    rows: RowWriter,
}

impl ByteWriter {
    /// Begins a file of vectors of this dimension.
    ///
    /// # Errors
    /// As [`VectorWriter::create`].
    pub fn create(output: Output, dimension: usize) -> Result<Self, FileError> {
        Ok(Self { rows: RowWriter::create(output, &[Format::Bvecs], Element::U8, dimension)? })
    }

    /// Appends vectors (rows × D).
    ///
    /// # Errors
    /// [`FileError::Rows`], [`FileError::Write`].
    pub fn write(&mut self, vectors: &[u8]) -> Result<(), FileError> {
        self.rows.write(vectors, |byte| [byte])
    }

    /// Moves the file to its target and returns the number of its vectors.
    ///
    /// # Errors
    /// Those of [`OutputFile::commit`].
    pub fn finish(self) -> Result<usize, FileError> {
        self.rows.finish()
    }
}

/// Writes codes as npy, n × M: uint8 for codebooks of up to 256 codewords, else uint16.
#[derive(Debug)]
pub struct CodeWriter {
    rows: RowWriter,
}

impl CodeWriter {
    /// Begins a file of codes of M `stages` with K = `size` codewords each.
    ///
    /// # Errors
    /// [`FileError::Kind`] for another ending than .npy; those of [`Output::begin`].
    pub fn create(output: Output, stages: usize, size: usize) -> Result<Self, FileError> {
        let element = if size <= 256 { Element::U8 } else { Element::U16 };
        Ok(Self { rows: RowWriter::create(output, &[Format::Npy], element, stages)? })
    }

    pub fn path(&self) -> &Path {
        self.rows.file.path()
    }

    /// Bytes of one vector's codes.
    pub fn bytes(&self) -> usize {
        self.rows.columns * self.rows.element.size()
    }

    /// Appends codes (rows × M), each below K.
    ///
    /// # Errors
    /// [`FileError::Rows`], [`FileError::Write`].
    pub fn write(&mut self, codes: &[u16]) -> Result<(), FileError> {
        match self.rows.element {
            // Codes are below K ≤ 256.
            Element::U8 => self.rows.write(codes, |code| [code as u8]),
            _ => self.rows.write(codes, u16::to_le_bytes),
        }
    }

    /// Moves the file to its target and returns the number of its codes.
    ///
    /// # Errors
    /// Those of [`OutputFile::commit`].
    pub fn finish(self) -> Result<usize, FileError> {
        self.rows.finish()
    }
}

/// Writes ids as ivecs or npy (int32), by the file's ending.
#[derive(Debug)]
pub struct IdWriter {
    rows: RowWriter,
}

impl IdWriter {
    /// Begins a file with `columns` ids a row.
    ///
    /// # Errors
    /// As [`VectorWriter::create`].
    pub fn create(output: Output, columns: usize) -> Result<Self, FileError> {
        Ok(Self { rows: RowWriter::create(output, &[Format::Ivecs, Format::Npy], Element::I32, columns)? })
    }

    pub fn path(&self) -> &Path {
        self.rows.file.path()
    }

    /// Appends ids (rows × columns).
    ///
    /// # Errors
    /// [`FileError::Rows`], [`FileError::Write`].
    pub fn write(&mut self, ids: &[i32]) -> Result<(), FileError> {
        self.rows.write(ids, i32::to_le_bytes)
    }

    /// Moves the file to its target and returns the number of its rows.
    ///
    /// # Errors
    /// Those of [`OutputFile::commit`].
    pub fn finish(self) -> Result<usize, FileError> {
        self.rows.finish()
    }
}
