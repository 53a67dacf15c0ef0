//! Tensors of safetensors files.

use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors};

use super::element::{Element, names};
use super::table::MAX_DIMENSION;

/// What follows the path of a file of several tensors: `FILE.safetensors:NAME`.
pub const ENDING: &str = ".safetensors";

/// Where one tensor stands in its file.
pub struct Tensor {
    pub element: Element,
    pub rows: usize,
    pub columns: usize,
    /// Byte of the first number.
    pub start: usize,
}

/// The path of the file and the name of the tensor, where `path` names one.
pub fn split(path: &Path) -> Option<(PathBuf, String)> {
    let text = path.to_str()?;
    let at = text.to_ascii_lowercase().rfind(&format!("{ENDING}:"))? + ENDING.len();
    Some((text[..at].into(), text[at + 1..].to_owned()))
}

fn element(kind: Dtype) -> Option<Element> {
    match kind {
        Dtype::U8 => Some(Element::U8),
        Dtype::U16 => Some(Element::U16),
        Dtype::I32 => Some(Element::I32),
        Dtype::F16 => Some(Element::F16),
        Dtype::F32 => Some(Element::F32),
        Dtype::F64 => Some(Element::F64),
        _ => None,
    }
}

/// Finds the tensor of this name, or without one the only one that is a table of numbers.
///
/// # Errors
/// Why there is none, and what is there.
pub fn find(file: &[u8], name: Option<&str>) -> Result<Tensor, String> {
    let (length, header) = SafeTensors::read_metadata(file).map_err(|error| format!("no safetensors file: {error}"))?;
    let all = header.tensors();
    let list = || {
        let mut list: Vec<String> =
            all.iter().map(|(name, info)| format!("{name} ({:?} {:?})", info.dtype, info.shape)).collect();
        list.sort();
        if list.is_empty() { "nothing is there".to_owned() } else { format!("there are: {}", list.join(", ")) }
    };
    let fits = |info: &safetensors::tensor::TensorInfo| info.shape.len() == 2 && element(info.dtype).is_some();
    let info = match name {
        Some(name) => *all.get(name).ok_or_else(|| format!("there is no tensor {name:?}; {}", list()))?,
        None => {
            let mut tables = all.values().filter(|info| fits(info));
            match (tables.next(), tables.next()) {
                (Some(info), None) => *info,
                (None, _) => return Err(format!("{}; {}", needed("there is no tensor that is"), list())),
                _ => return Err(format!("choose one of several tensors by {ENDING}:NAME; {}", list())),
            }
        }
    };
    let (&[rows, columns], Some(element)) = (&info.shape[..], element(info.dtype)) else {
        let found = format!("it is {:?} of shape {:?}", info.dtype, info.shape);
        return Err(format!("{found}; {}; {}", needed("it must be"), list()));
    };
    if rows == 0 || !(1..=MAX_DIMENSION).contains(&columns) {
        return Err(format!(
            "the tensor is {rows} × {columns}; allowed are at least 1 row and 1 to {MAX_DIMENSION} columns"
        ));
    }
    // The crate has checked that the offsets fit the shape and the file.
    Ok(Tensor { element, rows, columns, start: 8 + length + info.data_offsets.0 })
}

fn needed(begin: &str) -> String {
    format!("{begin} a table (two dimensions, vectors × coordinates) of {}", names(&Element::ALL))
}
