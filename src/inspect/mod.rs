//! Describes the content of any file that vqlab reads or writes. The first bytes determine the kind, or the ending if
//! the first bytes are not enough.
//!
//! | kind | determined by |
//! |---|---|
//! | codebooks, speech codec | safetensors with our metadata |
//! | codes | npy of uint8 or uint16, with as many columns as codes can have stages |
//! | vectors | npy of other types, and all other formats of [`VectorFile`] |
//! | coded speech | `VQSP` |
//! | record, provenance | JSON with a `format` |
//! | results | other JSON objects |

mod arrays;
mod documents;
mod models;

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::data::file::{FileError, Format, VectorFile};
use crate::quantizer::CheckpointError;
use crate::results::ResultsError;

/// Why a file can't be inspected.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Codebooks(#[from] CheckpointError),
    #[error(transparent)]
    Results(#[from] ResultsError),
    #[error("{path}: {reason}")]
    Content { path: PathBuf, reason: String },
}

/// The kind of a file and its content: names (with `_`, as in all JSON of the commands) and values, in reading order.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspected {
    /// `codebooks`, `speech codec`, `codes`, `vectors`, `coded speech`, `record`, `provenance`, `results`.
    pub kind: &'static str,
    pub holds: Map<String, Value>,
}

/// Inspects a file of any kind. Vectors and codes are read once, in blocks. Other files are loaded into memory.
///
/// # Errors
/// The file can't be read, is of an unknown kind, or is damaged.
pub fn inspect(path: &Path) -> Result<Inspected, InspectError> {
    let head = head(path).map_err(|source| FileError::Read { path: path.into(), source })?;
    if head.starts_with(b"\x93NUMPY") || Format::of(path, &Format::ALL).is_ok_and(Format::is_binary) {
        return arrays::inspect(path);
    }
    let bytes = std::fs::read(path).map_err(|source| FileError::Read { path: path.into(), source })?;
    let content = |reason: String| InspectError::Content { path: path.into(), reason };
    if bytes.starts_with(&crate::speech::MAGIC) {
        return models::coded_speech(&bytes).map_err(content);
    }
    if bytes.trim_ascii_start().starts_with(b"{") {
        return documents::inspect(path, &bytes);
    }
    if safetensors::SafeTensors::read_metadata(&bytes).is_ok() {
        return match models::codebooks(&bytes) {
            Err(reason) => vectors(path).map_err(|_| CheckpointError::Malformed(path.into(), reason).into()),
            found => found.map_err(content),
        };
    }
    vectors(path).map_err(|error| match error {
        FileError::Kind { .. } => content(
            "it is of an unknown kind: neither codebooks, codes, vectors, coded speech, record, provenance nor results"
                .into(),
        ),
        error => error.into(),
    })
}

fn vectors(path: &Path) -> Result<Inspected, FileError> {
    arrays::vectors(&VectorFile::open(path)?)
}

/// The first bytes of a file.
fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    let mut head = Vec::with_capacity(8);
    std::fs::File::open(path)?.take(8).read_to_end(&mut head)?;
    Ok(head)
}

/// Makes an [`Inspected`] from a JSON object.
fn inspected(kind: &'static str, holds: Value) -> Inspected {
    let holds = match holds {
        Value::Object(holds) => holds,
        other => Map::from_iter([("value".into(), other)]),
    };
    Inspected { kind, holds }
}
