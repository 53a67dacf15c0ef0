//! Files that cells write for reports, such as pictures and speech excerpts, beside the records. They are copied to the
//! results of the profile, so that the report needs no other files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::file::ResultsError;
use super::write::write_atomic;
use crate::runner::Record;
use crate::spec::{Cell, Panel, Plan, PlannedPoint};

/// `results_root`/PROFILE/FOLDER/NAME with the folder of the task ([`crate::task::Task::files_folder`]), if its cells
/// write files.
pub fn files_folder(plan: &Plan, results_root: &Path) -> Option<PathBuf> {
    let folder = plan.task.files_folder()?;
    Some(results_root.join(&plan.folder).join(folder).join(&plan.name))
}

/// The cells of a panel whose files are shown: the first finished cell of each point of the panel's trainer, in the
/// panel's order.
pub fn shown_cells<'a>(panel: &'a Panel, records: &HashMap<String, Record>) -> Vec<(&'a PlannedPoint, &'a Cell)> {
    let is_done = |cell: &&Cell| records.get(&cell.key()).is_some_and(Record::is_done);
    let points = panel.points.iter().filter(|point| point.contender.trainer == panel.trainer());
    points.filter_map(|point| Some((point, point.cells.iter().find(is_done)?))).collect()
}

/// Copies the files of the shown cells to [`files_folder`] and returns the paths of the copies. Copies of missing files
/// stay unchanged.
///
/// # Errors
/// File system errors.
pub fn keep_files(
    plan: &Plan,
    records: &HashMap<String, Record>,
    results_root: &Path,
) -> Result<Vec<PathBuf>, ResultsError> {
    let (Some(folder), Some(to)) = (plan.task.files_folder(), files_folder(plan, results_root)) else {
        return Ok(Vec::new());
    };
    let of_panel = |panel: &Panel| -> Vec<String> {
        let cells = shown_cells(panel, records).into_iter();
        cells.flat_map(|(_, cell)| plan.task.files(cell, &panel.measured_at)).collect()
    };
    keep(plan.panels.iter().flat_map(of_panel).collect(), &results_root.join(folder), &to)
}

/// Copies the named files from one folder to the other and returns the paths of the copies. Missing files are skipped.
fn keep(mut names: Vec<String>, from: &Path, to: &Path) -> Result<Vec<PathBuf>, ResultsError> {
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
