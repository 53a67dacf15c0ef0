//! Folders in the layout of SIFT1M.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{DescriptorData, Part};
use crate::data::choice::DataChoice;
use crate::data::error::DataError;
use crate::data::file::{FileError, Format, VectorFile};
use crate::data::folder::{hex, holds, name_of, names};

/// The accepted content of a folder.
const ACCEPTED: &str = "PREFIX_learn, PREFIX_base and PREFIX_query (.fvecs, .bvecs or .npy), as in SIFT1M, and \
                        optionally PREFIX_groundtruth.ivecs";

/// Numbers that are hashed at once.
const WINDOW: usize = 1 << 20;

/// Allowed formats of a part's file; `.ivecs` is for the ground truth.
const FORMATS: [Format; 3] = [Format::Fvecs, Format::Bvecs, Format::Npy];

/// The files of a set.
#[derive(Debug)]
pub struct Layout {
    /// In the order of [`Part::ALL`].
    pub parts: [PathBuf; 3],
    pub truth: Option<PathBuf>,
}

impl Layout {
    /// Finds the files of the only set in a folder.
    ///
    /// # Errors
    /// [`DataError::Folder`] with the found and the required files; [`FileError::Read`].
    pub fn find(folder: &Path) -> Result<Self, DataError> {
        let names = names(folder)?;
        let refused = |reason: String| DataError::Folder { path: folder.into(), reason, accepted: ACCEPTED };
        let prefix_of = |name: &str, part: Part| -> Option<String> {
            let formats = FORMATS.iter();
            let endings = formats.map(|format| format!("_{}.{}", part.in_files(), format.ending()));
            endings.into_iter().find_map(|ending| name.strip_suffix(&ending).map(str::to_string))
        };
        let of_part = |part| names.iter().filter_map(move |name| prefix_of(name, part).map(|prefix| (prefix, name)));
        let prefixes: BTreeSet<String> = Part::ALL.into_iter().flat_map(of_part).map(|(prefix, _)| prefix).collect();
        let holds = || holds(&names);
        if prefixes.len() > 1 {
            let prefixes: Vec<String> = prefixes.into_iter().collect();
            return Err(refused(format!("it holds more than one set, {}", prefixes.join(" and "))));
        }
        let Some(prefix) = prefixes.into_iter().next() else {
            return Err(refused(format!("it holds {}", holds())));
        };
        let file = |part: Part| -> Result<PathBuf, DataError> {
            let found: Vec<&String> = of_part(part).map(|(_, name)| name).collect();
            match found[..] {
                [one] => Ok(folder.join(one)),
                [] => Err(refused(format!("{prefix}_{} is missing, it holds {}", part.in_files(), holds()))),
                [one, other, ..] => Err(refused(format!("{one} and {other} are the same part; remove one"))),
            }
        };
        let truth = format!("{prefix}_groundtruth.ivecs");
        let truth = names.contains(&truth).then(|| folder.join(truth));
        Ok(Self { parts: [file(Part::Learn)?, file(Part::Base)?, file(Part::Queries)?], truth })
    }

    /// Opens the three parts, which must have equal dimensions.
    ///
    /// # Errors
    /// The errors of [`VectorFile::open`]; [`DataError::Dimension`].
    pub fn open(&self) -> Result<[VectorFile; 3], DataError> {
        let [learn, base, queries] = &self.parts;
        let files = [VectorFile::open(learn)?, VectorFile::open(base)?, VectorFile::open(queries)?];
        let expected = files[1].dimension();
        match files.iter().find(|file| file.dimension() != expected) {
            Some(file) => {
                let (path, other) = (file.path().into(), files[1].path().into());
                Err(DataError::Dimension { path, found: file.dimension(), other, expected })
            }
            None => Ok(files),
        }
    }
}

impl DescriptorData {
    /// Opens a folder with PREFIX_learn, PREFIX_base and PREFIX_query (.fvecs, .bvecs or .npy), and optionally
    /// PREFIX_groundtruth.ivecs, with any prefix. It reads all used vectors once to compute the digest. `limits`
    /// (learn, base, queries) keeps only the first vectors of a part; None keeps all.
    ///
    /// # Errors
    /// [`DataError::Folder`]; files that are truncated, differ in dimension or hold NaN; limits above the number
    /// of vectors.
    pub fn folder(path: &Path, limits: [Option<u64>; 3]) -> Result<Self, DataError> {
        let files = Layout::find(path)?.open()?;
        let dimension = files[1].dimension();
        let mut counts = [0; 3];
        for (((part, file), limit), count) in Part::ALL.into_iter().zip(&files).zip(limits).zip(&mut counts) {
            let most = file.len() as u64;
            *count = limit.unwrap_or(most);
            DataError::check_count(part.to_string(), *count, most)?;
        }
        let [learn, base, queries] = counts;
        let name = name_of(path)?.unwrap_or("descriptors".into());
        let digest = Some(digest(&files, counts)?);
        let data = Self { name, dimension, learn, base, queries, digest, seed: None, path: Some(path.into()) };
        data.check_counts()?;
        Ok(data)
    }
}

fn digest(files: &[VectorFile; 3], counts: [u64; 3]) -> Result<String, FileError> {
    let dimension = files[0].dimension();
    let rows = (WINDOW / dimension).max(1);
    let mut hash = Sha256::new();
    let (mut numbers, mut bytes) = (vec![0.0f32; rows * dimension], Vec::new());
    for (file, count) in files.iter().zip(counts) {
        hash.update(count.to_le_bytes());
        hash.update((dimension as u64).to_le_bytes());
        for first in (0..count as usize).step_by(rows) {
            let numbers = &mut numbers[..rows.min(count as usize - first) * dimension];
            file.read(first, numbers)?;
            bytes.clear();
            bytes.extend(numbers.iter().flat_map(|v| v.to_le_bytes()));
            hash.update(&bytes);
        }
    }
    Ok(hex(&hash.finalize()))
}
