//! Files of vectors, codes and ids: fvecs, bvecs, ivecs (a 32-bit dimension before every row, little-endian), fbin,
//! u8bin, i8bin, ibin (numbers of rows and columns, then the rows) and npy (C order, two-dimensional); for vectors also
//! idx, csv and safetensors. The file ending determines the format.
//!
//! Files are read by memory map and row range, so that callers can stream a file that is larger than the memory. A
//! file's content can't cause large allocations here. Writing is streamed, too, to a temporary file that replaces the
//! target when it is complete.
//!
//! ```
//! use vqlab_core::data::file::{Output, VectorFile, VectorWriter};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("two.fvecs");
//! let mut writer = VectorWriter::create(Output::new(&path), 3)?;
//! writer.write(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])?;
//! writer.finish()?;
//!
//! let file = VectorFile::open(&path)?;
//! assert_eq!((file.len(), file.dimension()), (2, 3));
//! let mut last = [0.0; 3];
//! file.read(1, &mut last)?;
//! assert_eq!(last, [3.0, 4.0, 5.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod element;
mod error;
mod ids;
mod idx;
mod lines;
mod map;
mod npy;
mod output;
mod read;
mod table;
mod tensors;
#[cfg(test)]
mod tests;
mod write;

pub use element::Element;
pub use error::FileError;
pub use ids::{Id, IdFile};
pub use output::{Output, OutputFile, refuse_stream};
pub use read::{CodeFile, VectorFile, read_npy};
pub use table::Format;
pub use tensors::unreadable;
pub use write::{ByteWriter, CodeWriter, IdWriter, VectorWriter};

/// The largest accepted dimension; a larger one indicates a file of another kind.
pub const MAX_DIMENSION: usize = 1_000_000;
