//! Pictures. The cells of an image experiment write them beside the records. They are copied to the results of the
//! profile, so that the report needs no other files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::file::ResultsError;
use super::write::write_atomic;
use crate::picture::originals_name;
use crate::runner::Record;
use crate::spec::{Cell, CellSettings, Panel, Plan, Trainer};

/// `results_root`/PROFILE/pictures/NAME: strips of decoded test images (`KEY.png` of a cell) and of the originals.
pub fn pictures_folder(plan: &Plan, results_root: &Path) -> PathBuf {
    results_root.join(&plan.folder).join("pictures").join(&plan.name)
}

/// The cells of a panel whose pictures are shown, in the panel's order: the first finished cell of each point that
/// stochastic optimization trains.
pub fn pictured<'a>(panel: &'a Panel, records: &HashMap<String, Record>) -> Vec<&'a Cell> {
    let is_done = |cell: &&Cell| records.get(&cell.key()).is_some_and(Record::is_done);
    let points = panel.points.iter().filter(|point| point.contender.trainer == Trainer::Nsvq);
    points.filter_map(|point| point.cells.iter().find(is_done)).collect()
}

/// The file name of the originals of a cell.
pub fn originals_of(cell: &Cell) -> Option<String> {
    if let CellSettings::Image(image) = &cell.settings { Some(originals_name(&image.data)) } else { None }
}

/// Copies the shown pictures to [`pictures_folder`] and returns the paths of the copies. Copies of missing pictures
/// stay unchanged.
///
/// # Errors
/// File system errors.
pub fn keep_pictures(
    plan: &Plan,
    records: &HashMap<String, Record>,
    results_root: &Path,
) -> Result<Vec<PathBuf>, ResultsError> {
    let (from, to) = (results_root.join("pictures"), pictures_folder(plan, results_root));
    let mut names: Vec<String> = Vec::new();
    for cell in plan.panels.iter().flat_map(|panel| pictured(panel, records)) {
        if let Some(originals) = originals_of(cell) {
            names.extend([originals, format!("{}.png", cell.key())]);
        }
    }
    keep(names, &from, &to)
}

/// Copies the named files from one folder to the other and returns the paths of the copies. Missing files are skipped.
pub(super) fn keep(mut names: Vec<String>, from: &Path, to: &Path) -> Result<Vec<PathBuf>, ResultsError> {
    names.sort();
    names.dedup();
    let mut kept = Vec::new();
    for name in names {
        let source = from.join(&name);
        match std::fs::read(&source) {
            Ok(bytes) => {
                write_atomic(&to.join(&name), &bytes)?;
                kept.push(to.join(&name));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(ResultsError::Read { path: source, source: error }),
        }
    }
    Ok(kept)
}
