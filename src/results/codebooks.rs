//! The codebooks that cells write beside the records, linked under readable names for `encode`, `search` and
//! `speech encode`.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::file::ResultsError;
use super::write::{file_name, write_atomic};
use crate::runner::Record;
use crate::spec::{Cell, Plan, Trainer};

/// `results_root`/PROFILE/codebooks/NAME.
pub fn codebooks_folder(plan: &Plan, results_root: &Path) -> PathBuf {
    results_root.join(&plan.folder).join("codebooks").join(&plan.name)
}

/// Links or copies the codebooks of all finished cells, if there are any, to
/// [`codebooks_folder`]`/PANEL/avq-24bits-seed1.safetensors` (speech: `.codec`) and returns the paths. Each file has
/// the key of its cell as provenance.
///
/// # Errors
/// File system errors.
pub fn keep_codebooks(
    plan: &Plan,
    records: &HashMap<String, Record>,
    results_root: &Path,
) -> Result<Vec<PathBuf>, ResultsError> {
    // Other experiments with these cells may have kept their codebooks.
    let Some(codebooks) = plan.task.codebooks().filter(|codebooks| plan.codebooks || !codebooks.if_asked) else {
        return Ok(Vec::new());
    };
    let (from, ending) = (results_root.join(codebooks.folder), codebooks.ending);
    let mut kept = Vec::new();
    for panel in plan.panels.iter().filter(|panel| !plan.is_part_of_earlier(panel)) {
        let to = codebooks_folder(plan, results_root).join(file_name(&panel.name));
        for cell in panel.points.iter().flat_map(|point| &point.cells) {
            let key = cell.key();
            let source = from.join(format!("{key}.safetensors"));
            if records.get(&key).is_some_and(Record::is_done) && source.is_file() {
                let path = to.join(format!("{}.{ending}", name(cell)));
                link(&source, &path)?;
                kept.push(path);
            }
        }
    }
    Ok(kept)
}

/// `avq-24bits-seed1`, `rvq-kmeans-24bits-seed1`.
fn name(cell: &Cell) -> String {
    let contender = cell.contender();
    let trainer = if contender.trainer == Trainer::Kmeans { "-kmeans" } else { "" };
    let method = file_name(&contender.method.label().to_lowercase());
    format!("{method}{trainer}-{}bits-seed{}", cell.total_bits(), cell.seed)
}

/// A hard link to a file, or a copy if the file system has no hard links.
fn link(source: &Path, path: &Path) -> Result<(), ResultsError> {
    let failed = |source| ResultsError::Write { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    if is_same(source, path) {
        return Ok(());
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    match std::fs::hard_link(source, path) {
        Ok(()) => Ok(()),
        Err(_) => write_atomic(path, &std::fs::read(source).map_err(failed)?),
    }
}

/// Whether both files hold the same bytes.
fn is_same(a: &Path, b: &Path) -> bool {
    let length = |path: &Path| path.metadata().map(|data| data.len()).ok();
    length(a).is_some() && length(a) == length(b) && std::fs::read(a).ok() == std::fs::read(b).ok()
}
