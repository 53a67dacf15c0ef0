//! The codebook file: safetensors with an f32 tensor `codebooks` (M × K × D, PVQ and OPQ: M × K × D/M). OPQ has a
//! second tensor `rotation` (D × D, y = R·x). The metadata says how the codebooks were made.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::codebooks::Codebooks;
use crate::quantizer::Method;

const FORMAT: &str = "vqlab-codebooks";
const VERSION: &str = "1";

/// How the codebooks were made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// AVQ's beam width; 1 for other methods.
    pub beam_width: usize,
    /// `nsvq`, `kmeans`, or `import` for codebooks of another program.
    pub trainer: String,
    /// Free text: the cell's key, or the data file.
    pub provenance: String,
}

/// Why a codebook file can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
    #[error("{0} is not a codebook file: {1}")]
    Malformed(PathBuf, String),
}

/// Writes a codebook file: to a temporary file beside it, synced, then renamed.
///
/// # Errors
/// [`CheckpointError::Io`] with the path.
pub fn save(path: &Path, books: &Codebooks, provenance: &Provenance) -> Result<(), CheckpointError> {
    save_with(path, books, provenance, &[], &[])
}

/// As [`save`], with further vectors and texts that belong to the codebooks.
///
/// # Errors
/// As [`save`].
pub fn save_with(
    path: &Path,
    books: &Codebooks,
    provenance: &Provenance,
    vectors: &[(&'static str, &[f32])],
    texts: &[(&str, String)],
) -> Result<(), CheckpointError> {
    let file = bytes_with(books, provenance, vectors, texts);
    let file = file.map_err(|error| CheckpointError::Malformed(path.into(), error.to_string()))?;
    let io = |e: std::io::Error| CheckpointError::Io(path.into(), e);
    let mut temporary = crate::temporary::beside(path).map_err(io)?;
    temporary.write_all(&file).map_err(io)?;
    temporary.replace().map_err(io)
}

/// The bytes of a codebook file.
///
/// # Errors
/// Errors of the crate safetensors.
pub fn to_bytes(books: &Codebooks, provenance: &Provenance) -> Result<Vec<u8>, SafeTensorError> {
    bytes_with(books, provenance, &[], &[])
}

/// As [`to_bytes`], with further texts that belong to the codebooks.
///
/// # Errors
/// As [`to_bytes`].
pub fn to_bytes_with(
    books: &Codebooks,
    provenance: &Provenance,
    texts: &[(&str, String)],
) -> Result<Vec<u8>, SafeTensorError> {
    bytes_with(books, provenance, &[], texts)
}

fn bytes_with(
    books: &Codebooks,
    provenance: &Provenance,
    vectors: &[(&'static str, &[f32])],
    texts: &[(&str, String)],
) -> Result<Vec<u8>, SafeTensorError> {
    let bytes = |values: &[f32]| -> Vec<u8> { values.iter().flat_map(|v| v.to_le_bytes()).collect() };
    let shape = vec![books.stages(), books.size(), books.width()];
    let mut tensors = vec![("codebooks", shape, bytes(books.values()))];
    if books.method().has_rotation() {
        let dimension = books.dimension();
        let matrix = match books.rotation() {
            Some(rotation) => bytes(rotation.matrix()),
            None => bytes(&identity(dimension)),
        };
        tensors.push(("rotation", vec![dimension, dimension], matrix));
    }
    tensors.extend(vectors.iter().map(|(name, values)| (*name, vec![values.len()], bytes(values))));
    let views: Result<Vec<_>, SafeTensorError> = tensors
        .iter()
        .map(|(name, shape, bytes)| Ok((*name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect();
    let mut metadata: BTreeMap<String, String> = BTreeMap::from([
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
    metadata.extend(texts.iter().map(|(name, text)| ((*name).to_owned(), text.clone())));
    views.and_then(|views| serialize(views, metadata))
}

/// Serializes a safetensors file; equal content gives equal bytes. The crate writes the metadata in the order of a hash
/// map, which differs between processes.
pub fn serialize(
    views: Vec<(&str, TensorView)>,
    metadata: BTreeMap<String, String>,
) -> Result<Vec<u8>, SafeTensorError> {
    let mut file = safetensors::serialize(views, Some(metadata.clone().into_iter().collect()))?;
    let (length, rest) = file.split_first_chunk_mut::<8>().ok_or(SafeTensorError::HeaderTooSmall)?;
    let end = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| SafeTensorError::HeaderTooLarge)?;
    let header = rest.get_mut(..end).ok_or(SafeTensorError::InvalidHeaderLength)?;
    let mut content: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(header)?;
    content.insert("__metadata__".into(), serde_json::json!(metadata));
    let mut sorted = serde_json::to_vec(&content)?;
    // The sorted header has the same texts and therefore the same length, apart from the spaces that pad it.
    sorted.resize(header.len(), b' ');
    header.copy_from_slice(&sorted);
    Ok(file)
}

/// D × D.
fn identity(dimension: usize) -> Vec<f32> {
    let mut matrix = vec![0.0; dimension * dimension];
    matrix.iter_mut().step_by(dimension + 1).for_each(|v| *v = 1.0);
    matrix
}

/// Reads a codebook file.
///
/// # Errors
/// [`CheckpointError::Malformed`] where the format, the metadata, the shape or a value (NaN, infinity) is wrong.
pub fn load(path: &Path) -> Result<(Codebooks, Provenance), CheckpointError> {
    let bytes = std::fs::read(path).map_err(|e| CheckpointError::Io(path.into(), e))?;
    parse(&bytes).map_err(|reason| CheckpointError::Malformed(path.into(), reason))
}

/// As [`load`], from the bytes of a file. The error says why the bytes are not a codebook file.
pub fn parse(bytes: &[u8]) -> Result<(Codebooks, Provenance), String> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| crate::data::file::unreadable(&e))?;
    let metadata = header.metadata().as_ref().ok_or("the file has no metadata")?;
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
    let method = Method::try_from(name.to_string())?;
    let tensors = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
    let tensor = tensors.tensor("codebooks").map_err(|e| e.to_string())?;
    let (&[stages, size, width], Dtype::F32) = (tensor.shape(), tensor.dtype()) else {
        return Err(format!(
            "`codebooks` is {:?} of {:?}, expected M × K × width of F32",
            tensor.dtype(),
            tensor.shape()
        ));
    };
    let values = floats(tensor.data());
    if let Some(at) = values.iter().position(|v| !v.is_finite()) {
        return Err(format!("codeword {} holds {}", at / width.max(1), values[at]));
    }
    if stages != number("stages")? {
        return Err(format!("`stages` is {}, but the tensor has {stages} codebooks", metadata["stages"]));
    }
    let books = Codebooks::new(method, number("dim")?, stages, size, values).map_err(|e| e.to_string())?;
    let rotation = tensors.tensor("rotation").ok();
    let books = match (method.has_rotation(), rotation) {
        (true, Some(tensor)) => {
            if (tensor.shape(), tensor.dtype()) != (&[books.dimension(); 2], Dtype::F32) {
                let (found, kind) = (tensor.shape(), tensor.dtype());
                return Err(format!("`rotation` is {kind:?} of {found:?}, expected D × D of F32"));
            }
            books.with_rotation(floats(tensor.data())).map_err(|e| e.to_string())?
        }
        (true, None) => return Err(format!("the method is {}, but the file has no tensor `rotation`", method.label())),
        (false, Some(_)) => return Err(format!("the file has a tensor `rotation`, but {} has none", method.label())),
        (false, None) => books,
    };
    let (trainer, provenance) = (field("trainer")?.into(), field("provenance")?.into());
    Ok((books, Provenance { beam_width: number("beam_width")?, trainer, provenance }))
}

pub fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}
