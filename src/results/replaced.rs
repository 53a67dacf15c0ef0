//! Earlier results in the place of a plan's results, by their provenance files.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::provenance::provenance_path;
use super::write::files_of;
use crate::spec::Plan;

/// Which other results have the same place as this plan's, and would be replaced: those of another spec file, or on other
/// data in a folder of the same name.
pub fn replaces(plan: &Plan, results_root: &Path) -> Option<String> {
    #[derive(Deserialize)]
    struct Head {
        spec: String,
        cells: Vec<CellHead>,
    }
    #[derive(Deserialize)]
    struct CellHead {
        settings: serde_json::Value,
    }
    let text = std::fs::read(provenance_path(plan, results_root)).ok()?;
    let head: Head = serde_json::from_slice(&text).ok()?;
    let own = plan.source.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if head.spec != own {
        return Some(format!("the files of {}, an experiment that is also named `{}`,", head.spec, plan.name));
    }
    let digest = |settings: &serde_json::Value| settings["data"]["digest"].as_str().map(str::to_owned);
    let planned = serde_json::to_value(&plan.cells().first()?.settings).ok()?;
    let (before, now) = (digest(&head.cells.first()?.settings)?, digest(&planned)?);
    (before != now).then(|| {
        format!("the results on other data (earlier content of `{}`, or another folder of that name)", plan.folder)
    })
}

/// The experiment in the plan's folder of results, other than the plan's, that has a Results file of the same path, and
/// that path.
pub fn shared_file(plan: &Plan, results_root: &Path) -> Option<(String, String)> {
    #[derive(Deserialize)]
    struct Head {
        panels: Vec<PanelHead>,
    }
    #[derive(Deserialize)]
    struct PanelHead {
        #[serde(rename = "results-files")]
        results_files: Vec<String>,
    }
    let own = provenance_path(plan, results_root);
    let ours: Vec<String> = plan.panels.iter().flat_map(|panel| files_of(plan, panel)).collect();
    let others = std::fs::read_dir(own.parent()?).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut others: Vec<PathBuf> = others.filter(|path| *path != own).collect();
    others.sort();
    others.into_iter().find_map(|path| {
        let head: Head = serde_json::from_slice(&std::fs::read(&path).ok()?).ok()?;
        let theirs = head.panels.into_iter().flat_map(|panel| panel.results_files);
        let both = theirs.into_iter().find(|file| ours.contains(file))?;
        Some((path.file_stem()?.to_string_lossy().into_owned(), both))
    })
}
