//! The codebook file: safetensors with one f32 tensor `codebooks` (M × K × D, PVQ: M × K × D/M) and metadata that says
//! what made it.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::codebooks::Codebooks;
use crate::quantizer::Method;

const FORMAT: &str = "vqlab-codebooks";
const VERSION: &str = "1";

/// What made the codebooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// AVQ's beam width, else 1.
    pub beam_width: usize,
    /// `nsvq` or `kmeans`.
    pub trainer: String,
    /// Free text: the cell's key, or the data file.
    pub provenance: String,
}

/// Why a codebook file can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
    #[error("{0} is no codebook file: {1}")]
    Malformed(PathBuf, String),
}

/// Writes a codebook file: to a temporary file beside it, synced, then renamed.
///
/// # Errors
/// [`CheckpointError::Io`] with the path.
pub fn save(path: &Path, books: &Codebooks, provenance: &Provenance) -> Result<(), CheckpointError> {
    let bytes: Vec<u8> = books.values().iter().flat_map(|v| v.to_le_bytes()).collect();
    let shape = vec![books.stages(), books.size(), books.width()];
    let malformed = |e: safetensors::SafeTensorError| CheckpointError::Malformed(path.into(), e.to_string());
    let tensor = TensorView::new(Dtype::F32, shape, &bytes).map_err(malformed)?;
    let metadata = HashMap::from([
        ("format".into(), FORMAT.into()),
        ("version".into(), VERSION.into()),
        ("method".into(), books.method().label().to_lowercase()),
        ("dim".into(), books.dimension().to_string()),
        ("stages".into(), books.stages().to_string()),
        ("bits".into(), (books.size() as f64).log2().to_string()),
        ("beam_width".into(), provenance.beam_width.to_string()),
        ("trainer".into(), provenance.trainer.clone()),
        ("provenance".into(), provenance.provenance.clone()),
    ]);
    let file = safetensors::serialize([("codebooks", tensor)], Some(metadata)).map_err(malformed)?;
    let io = |e: std::io::Error| CheckpointError::Io(path.into(), e);
    let mut temporary = crate::temporary::beside(path).map_err(io)?;
    temporary.write_all(&file).and_then(|()| temporary.as_file().sync_all()).map_err(io)?;
    temporary.persist(path).map_err(|e| io(e.error))?;
    Ok(())
}

/// Reads a codebook file.
///
/// # Errors
/// [`CheckpointError::Malformed`] where the format, the metadata, the shape or a value (NaN, infinity) is wrong.
pub fn load(path: &Path) -> Result<(Codebooks, Provenance), CheckpointError> {
    let bytes = std::fs::read(path).map_err(|e| CheckpointError::Io(path.into(), e))?;
    parse(&bytes).map_err(|reason| CheckpointError::Malformed(path.into(), reason))
}

fn parse(bytes: &[u8]) -> Result<(Codebooks, Provenance), String> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
    let metadata = header.metadata().as_ref().ok_or("it has no metadata")?;
    let field = |name: &str| metadata.get(name).map(String::as_str).ok_or(format!("the metadata has no `{name}`"));
    let number = |name: &str| {
        field(name)?.parse::<usize>().map_err(|_| format!("`{name}` is not a whole number: {:?}", metadata[name]))
    };
    if (field("format")?, field("version")?) != (FORMAT, VERSION) {
        return Err(format!(
            "format {} version {}, expected {FORMAT} version {VERSION}",
            metadata["format"], metadata["version"]
        ));
    }
    let name = field("method")?;
    let method = Method::ALL.into_iter().find(|m| m.label().eq_ignore_ascii_case(name));
    let method = method.ok_or(format!("unknown method {name:?}; known: avq, rvq, pvq"))?;
    let tensors = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
    let tensor = tensors.tensor("codebooks").map_err(|e| e.to_string())?;
    let (&[stages, size, width], Dtype::F32) = (tensor.shape(), tensor.dtype()) else {
        return Err(format!(
            "`codebooks` is {:?} of {:?}, expected M × K × width of F32",
            tensor.dtype(),
            tensor.shape()
        ));
    };
    let values: Vec<f32> =
        tensor.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    if let Some(at) = values.iter().position(|v| !v.is_finite()) {
        return Err(format!("codeword {} holds {}", at / width.max(1), values[at]));
    }
    if stages != number("stages")? {
        return Err(format!("`stages` is {}, but the tensor has {stages} codebooks", metadata["stages"]));
    }
    let books = Codebooks::new(method, number("dim")?, stages, size, values).map_err(|e| e.to_string())?;
    let (trainer, provenance) = (field("trainer")?.into(), field("provenance")?.into());
    Ok((books, Provenance { beam_width: number("beam_width")?, trainer, provenance }))
}
