//! Tensors of safetensors files.

use std::path::{Path, PathBuf};

use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, SafeTensors};

use super::MAX_DIMENSION;
use super::element::{Element, names};

/// The file ending before the name of a tensor: `FILE.safetensors:NAME`.
pub const ENDING: &str = ".safetensors";

/// The types of vectors. Tensors of longer integers hold ids or counts.
const TYPES: [Element; 6] = [Element::U8, Element::U16, Element::I32, Element::F16, Element::F32, Element::F64];

/// The position of one tensor in its file.
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
        Dtype::I8 => Some(Element::I8),
        Dtype::U16 => Some(Element::U16),
        Dtype::I32 => Some(Element::I32),
        Dtype::I64 => Some(Element::I64),
        Dtype::F16 => Some(Element::F16),
        Dtype::BF16 => Some(Element::BF16),
        Dtype::F32 => Some(Element::F32),
        Dtype::F64 => Some(Element::F64),
        _ => None,
    }
}

/// Finds the tensor with this name. Without a name, it finds the only tensor that is a table of numbers. A table of
/// int64, which mostly holds ids, is used only where there is no other.
///
/// # Errors
/// Why there is none, and which tensors exist.
pub fn find(file: &[u8], name: Option<&str>) -> Result<Tensor, String> {
    let (length, header) =
        SafeTensors::read_metadata(file).map_err(|error| format!("not a safetensors file: {}", unreadable(&error)))?;
    let all = header.tensors();
    let list = || {
        let mut list: Vec<String> =
            all.iter().map(|(name, info)| format!("{name} ({:?} {:?})", info.dtype, info.shape)).collect();
        list.sort();
        if list.is_empty() { "the file has no tensors".to_owned() } else { format!("there are: {}", list.join(", ")) }
    };
    let fits = |info: &safetensors::tensor::TensorInfo| info.shape.len() == 2 && element(info.dtype).is_some();
    let info = match name {
        Some(name) => *all.get(name).ok_or_else(|| format!("there is no tensor {name:?}; {}", list()))?,
        None => {
            let is_there = all.values().any(|info| fits(info) && info.dtype != Dtype::I64);
            let mut tables = all.values().filter(|info| fits(info) && (info.dtype != Dtype::I64 || !is_there));
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

/// Why a header is not readable. In a file of another kind, the first bytes are not the length of a header.
pub fn unreadable(error: &SafeTensorError) -> String {
    use SafeTensorError::{HeaderTooLarge, HeaderTooSmall, InvalidHeader, InvalidHeaderLength};
    match error {
        HeaderTooLarge | HeaderTooSmall | InvalidHeader(_) | InvalidHeaderLength => {
            "it does not begin like a safetensors file".into()
        }
        error => error.to_string(),
    }
}

fn needed(begin: &str) -> String {
    format!("{begin} a table (two dimensions, vectors × coordinates) of {}", names(&TYPES))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use safetensors::tensor::TensorView;

    use super::super::VectorFile;
    use super::*;

    type Put<'a> = (&'a str, Dtype, &'a [usize]);

    /// The numbers are the bytes 0, 1, 2, …; their values matter only for u8.
    fn file(tensors: &[Put]) -> Vec<u8> {
        let bytes = |kind: Dtype, shape: &[usize]| -> Vec<u8> {
            (0..shape.iter().product::<usize>() * kind.bitsize() / 8).map(|i| (i % 60) as u8).collect()
        };
        let data: Vec<Vec<u8>> = tensors.iter().map(|(_, kind, shape)| bytes(*kind, shape)).collect();
        let views = tensors.iter().zip(&data);
        let views =
            views.map(|((name, kind, shape), data)| (*name, TensorView::new(*kind, shape.to_vec(), data).unwrap()));
        safetensors::serialize(views.collect::<Vec<_>>(), None).unwrap()
    }

    fn open(bytes: &[u8], name: &str) -> Result<(usize, Vec<f32>), String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("x.safetensors"), bytes).unwrap();
        let file = VectorFile::open(&folder.path().join(name)).map_err(|error| error.to_string())?;
        assert_eq!(file.path(), folder.path().join("x.safetensors"));
        let mut values = vec![0.0; file.len() * file.dimension()];
        file.read(0, &mut values).map_err(|error| error.to_string())?;
        Ok((file.dimension(), values))
    }

    const TABLE: Put = ("table", Dtype::U8, &[2, 3]);

    #[test]
    fn the_only_table_or_the_one_that_is_named() {
        let expected = Ok((3, vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]));
        let one = file(&[TABLE, ("bias", Dtype::F32, &[7]), ("ids", Dtype::I64, &[2, 3])]);
        assert_eq!(open(&one, "x.safetensors"), expected);
        // Bytes 0 to 7, 8 to 15, … as int64 exceed the integers of float32.
        let said = open(&file(&[("ids", Dtype::I64, &[1, 2])]), "x.safetensors").unwrap_err();
        assert!(said.contains("row 0, column 0 (counted from 0) holds 506097522914230528"), "{said}");
        let two = file(&[TABLE, ("other", Dtype::F16, &[5, 4])]);
        assert_eq!(open(&two, "x.safetensors:table"), expected);
        assert_eq!(open(&two, "x.safetensors:other").unwrap().0, 4);
        let said = open(&two, "x.safetensors").unwrap_err();
        assert!(said.contains("choose one") && said.contains("other (F16 [5, 4]), table (U8 [2, 3])"), "{said}");
    }

    #[test]
    fn what_is_no_table_is_said_with_what_is_there() {
        let bytes =
            file(&[("cube", Dtype::F32, &[2, 2, 2]), ("ids", Dtype::U64, &[2, 3]), ("none", Dtype::F32, &[0, 3])]);
        for (name, said) in [
            ("x.safetensors:cube", "it is F32 of shape [2, 2, 2]"),
            ("x.safetensors:ids", "it is U64 of shape [2, 3]"),
            ("x.safetensors:none", "0 × 3"),
            ("x.safetensors:nothing", "there is no tensor \"nothing\"; there are: cube (F32 [2, 2, 2]), ids"),
            ("x.safetensors", "0 × 3"),
        ] {
            let error = open(&bytes, name).unwrap_err();
            assert!(error.contains(said), "{name}: {error}");
        }
        assert!(
            open(&file(&[("cube", Dtype::F32, &[2, 2, 2])]), "x.safetensors")
                .unwrap_err()
                .contains("no tensor that is")
        );
        assert!(open(b"not one", "x.safetensors").unwrap_err().contains("not a safetensors file"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn damaged_files_make_no_panic(cut in 0usize..300, at in 0usize..300, byte in any::<u8>()) {
            let mut bytes = file(&[TABLE, ("other", Dtype::F32, &[5, 4])]);
            let length = bytes.len();
            bytes[at % length] = byte;
            bytes.truncate(length - cut % length);
            if let Ok((dimension, values)) = open(&bytes, "x.safetensors:table") {
                prop_assert!(dimension > 0 && values.len() <= bytes.len());
            }
        }
    }
}
