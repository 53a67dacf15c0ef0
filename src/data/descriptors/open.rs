//! Opened descriptors.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::folder::Layout;
use super::{DescriptorData, Part, synthetic};
use crate::data::choice::{DataChoice, Origin};
use crate::data::error::DataError;
use crate::data::file::VectorFile;
use crate::data::threads::on_all_cores;

/// Sets that a process keeps open. The least recently used set is dropped first.
const KEPT: usize = 4;

/// Opened sets with their identities.
static OPENED: Mutex<Vec<(String, Arc<Descriptors>)>> = Mutex::new(Vec::new());

/// An opened set. Files stay memory-mapped; synthetic descriptors are kept as bytes.
#[derive(Debug)]
pub struct Descriptors {
    pub(super) data: DescriptorData,
    source: Source,
    /// A ground-truth file that covers all base vectors, and the number of queries that it must have.
    pub(super) truth_file: Option<(PathBuf, usize)>,
    pub(super) cache: Option<PathBuf>,
    pub(super) truth: OnceLock<Vec<u32>>,
    /// Held while the truth is computed.
    pub(super) computing: Mutex<()>,
}

/// In the order of [`Part::ALL`].
#[derive(Debug)]
enum Source {
    Files([VectorFile; 3]),
    Made([Vec<u8>; 3]),
}

impl Descriptors {
    /// Opens files, or makes synthetic descriptors on all cores. A process does this once for the same data; later
    /// callers share the result. `cache` is a folder that keeps the ids of [`Descriptors::truth`]. It is made if it is
    /// missing.
    ///
    /// The digest is not computed again, because [`DescriptorData::folder`] has computed it.
    ///
    /// # Errors
    /// The errors of [`DescriptorData::folder`]; [`DataError::Choice`] if settings and files disagree.
    pub fn open(data: &DescriptorData, cache: Option<&Path>) -> Result<Arc<Self>, DataError> {
        let identity = serde_json::json!([data, data.path, cache]).to_string();
        // A panic elsewhere can't damage the list.
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        let found = opened.iter().position(|(name, _)| *name == identity);
        let entry = match found {
            Some(at) => opened.remove(at),
            None => (identity, Arc::new(Self::new(data, cache)?)),
        };
        let descriptors = entry.1.clone();
        opened.push(entry);
        if opened.len() > KEPT {
            opened.remove(0);
        }
        Ok(descriptors)
    }

    /// [`Descriptors::open`] without sharing.
    pub(super) fn new(data: &DescriptorData, cache: Option<&Path>) -> Result<Self, DataError> {
        let (source, truth_file) = match data.origin()? {
            Origin::Folder(path) => files(data, path)?,
            Origin::Seed(seed) => (made(data, seed)?, None),
        };
        let (truth, computing) = (OnceLock::new(), Mutex::new(()));
        Ok(Self { data: data.clone(), source, truth_file, cache: cache.map(Path::to_path_buf), truth, computing })
    }

    pub fn data(&self) -> &DescriptorData {
        &self.data
    }

    /// Reads `out.len()` / D vectors of a part, from row `first` on, into `out` (rows × D).
    ///
    /// # Errors
    /// [`DataError::Rows`] if these are not whole rows of the part; the errors of [`VectorFile::read`].
    pub fn read(&self, part: Part, first: u64, out: &mut [f32]) -> Result<(), DataError> {
        let (dimension, rows) = (self.data.dimension, self.data.count(part));
        let end = first.checked_add((out.len() / dimension) as u64);
        if !out.len().is_multiple_of(dimension) || end.is_none_or(|end| end > rows) {
            return Err(DataError::Rows { items: part.to_string(), first, wanted: out.len(), rows, dimension });
        }
        match &self.source {
            Source::Files(files) => files[part as usize].read(first as usize, out)?,
            Source::Made(parts) => {
                let bytes = &parts[part as usize][first as usize * dimension..];
                out.iter_mut().zip(bytes).for_each(|(out, byte)| *out = f32::from(*byte));
            }
        }
        Ok(())
    }
}

fn files(data: &DescriptorData, path: &Path) -> Result<(Source, Option<(PathBuf, usize)>), DataError> {
    let layout = Layout::find(path)?;
    let files = layout.open()?;
    for (part, file) in Part::ALL.into_iter().zip(&files) {
        let (asked, most) = (data.count(part), file.len() as u64);
        if file.dimension() != data.dimension {
            let (file, found, expected) = (file.path().display(), file.dimension(), data.dimension);
            let reason = format!("{file} has vectors of dimension {found}, but the settings say {expected}");
            return Err(DataError::Choice(reason));
        }
        DataError::check_count(part.to_string(), asked, most)?;
    }
    let [_, base, queries] = &files;
    let all = data.base == base.len() as u64;
    let truth = layout.truth.filter(|_| all).map(|truth| (truth, queries.len()));
    Ok((Source::Files(files), truth))
}

/// Rejects synthetic descriptors of another dimension.
pub(super) fn check_dimension(data: &DescriptorData) -> Result<(), DataError> {
    let (found, allowed) = (data.dimension, synthetic::DIMENSION);
    if found == allowed {
        return Ok(());
    }
    Err(DataError::Choice(format!("synthetic descriptors have dimension {allowed}, not {found}")))
}

fn made(data: &DescriptorData, seed: u64) -> Result<Source, DataError> {
    check_dimension(data)?;
    let mut parts: [Vec<u8>; 3] = Default::default();
    for (part, bytes) in Part::ALL.into_iter().zip(&mut parts) {
        // At most 2^31 vectors of 128 bytes: the number fits into usize, but the memory may be too small.
        let n = data.count(part) as usize * synthetic::DIMENSION;
        let room = bytes.try_reserve_exact(n);
        room.map_err(|_| {
            let mib = n >> 20;
            DataError::Choice(format!("not enough memory for {mib} MiB of {part}; use fewer"))
        })?;
        bytes.resize(n, 0);
        on_all_cores("making descriptors", || synthetic::fill(&set(part, seed), 0, bytes))?;
    }
    Ok(Source::Made(parts))
}

/// The name of the random stream of a part.
pub(super) fn set(part: Part, seed: u64) -> String {
    format!("{}/{seed}/{}", super::SYNTHETIC, part.in_files())
}
