//! The idx files of MNIST, plain or compressed by gzip: two zeros, a type, the number of dimensions, the dimensions as
//! u32 (big-endian), then the numbers. Only numbers of one byte are accepted; no others are in use.

use std::fs::File;
use std::io::{BufReader, Error, Read, Seek, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use memmap2::Mmap;

use super::element::Element;
use super::error::FileError;
use super::map;

/// The longest header: 255 dimensions.
const LONGEST: usize = 4 + 4 * 255;

/// Number of bytes that are unpacked at once.
const CHUNK: usize = 1 << 18;

/// The content of a header.
#[derive(Debug, PartialEq)]
pub struct Header {
    pub element: Element,
    /// The first dimension.
    pub rows: usize,
    /// The product of the others.
    pub columns: usize,
    /// The offset of the first number.
    pub start: usize,
}

/// Whether this is the name of an idx file: `train-images.idx3-ubyte`, or `train-images-idx3-ubyte.gz` as in MNIST.
pub fn is_name(name: &str) -> bool {
    let name = name.to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let Some(rest) = name.strip_suffix("-ubyte").and_then(|rest| rest.strip_suffix(|c: char| c.is_ascii_digit()))
    else {
        return false;
    };
    rest.ends_with(".idx") || rest.ends_with("-idx")
}

/// Maps a file. A file compressed by gzip is unpacked to a temporary file without a name.
///
/// # Errors
/// Errors of [`map::map`]; [`FileError::Content`] for damaged gzip data.
pub fn map(path: &Path) -> Result<Mmap, FileError> {
    let packed = map::map(path)?;
    if !packed.starts_with(&[0x1f, 0x8b]) {
        return Ok(packed);
    }
    let mut file = tempfile::tempfile().map_err(|error| unpacking(path, error))?;
    unpack(path, &mut MultiGzDecoder::new(BufReader::new(&packed[..])), &mut file)?;
    file.rewind().map_err(|error| unpacking(path, error))?;
    map::map_file(path, &file)
}

/// Unpacks at most the size from the header and one more byte: a compressed file may hold a thousand times its size.
fn unpack(path: &Path, from: &mut impl Read, to: &mut File) -> Result<(), FileError> {
    let damaged = |error: Error| FileError::content(path, 0, format!("it can't be unpacked ({error}); copy it again"));
    let mut buffer = Vec::new();
    from.take(LONGEST as u64).read_to_end(&mut buffer).map_err(damaged)?;
    // Errors in the header are reported when the file is mapped.
    let size =
        parse(&buffer).map_or(0, |header| header.rows.saturating_mul(header.columns).saturating_add(header.start));
    let mut left = (size as u64).saturating_add(1).saturating_sub(buffer.len() as u64);
    loop {
        to.write_all(&buffer).map_err(|error| unpacking(path, error))?;
        buffer.resize(CHUNK, 0);
        let n = from.take(left).read(&mut buffer).map_err(damaged)?;
        if n == 0 {
            return Ok(());
        }
        buffer.truncate(n);
        left -= n as u64;
    }
}

fn unpacking(path: &Path, error: Error) -> FileError {
    let (kind, place) = (error.kind(), std::env::temp_dir());
    let reason = format!(
        "it is first unpacked to the folder {}: {}; set TMPDIR to another folder",
        place.display(),
        crate::temporary::plain(error)
    );
    FileError::Read { path: path.into(), source: Error::new(kind, reason) }
}

/// Reads the header of a file.
///
/// # Errors
/// The byte of the error, and the reason.
pub fn parse(file: &[u8]) -> Result<Header, (usize, String)> {
    let &[a, b, kind, dimensions, ..] = file else {
        return Err((0, format!("the file has {} bytes, the header alone needs 8 or more", file.len())));
    };
    if (a, b) != (0, 0) {
        return Err((0, "this is not an idx file: it does not begin with two zeros".into()));
    }
    let element = match kind {
        0x08 => Element::U8,
        0x09 => Element::I8,
        0x0b..=0x0e => {
            return Err((2, format!("its numbers have the type 0x{kind:02x}; allowed are bytes (0x08, 0x09)")));
        }
        _ => return Err((2, format!("the type 0x{kind:02x} is unknown to idx; allowed are bytes (0x08, 0x09)"))),
    };
    let start = 4 + 4 * usize::from(dimensions);
    let shape: Vec<usize> = match file.get(4..start) {
        Some(shape) => shape.as_chunks().0.iter().map(|n| u32::from_be_bytes(*n) as usize).collect(),
        None => return Err((3, format!("the header names {dimensions} dimensions, but the file ends before them"))),
    };
    let Some((rows, others)) = shape.split_first() else {
        return Err((3, "it has no dimensions; at least one is needed".into()));
    };
    let columns = others.iter().try_fold(1usize, |product, n| product.checked_mul(*n));
    let columns = columns.ok_or((4, format!("the product of the dimensions {shape:?} is too large")))?;
    Ok(Header { element, rows: *rows, columns, start })
}
