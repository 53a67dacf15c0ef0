//! The provenance of the numbers: every cell with its settings, raw metrics, time, program and machine, in one file
//! below results/PROFILE/provenance/. It is enough to write figures, comparison and report again without the records.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::file::ResultsError;
use super::write::{files_of, write_atomic};
use crate::data::folder::hex;
use crate::runner::{RECORD_FORMAT, RECORD_VERSION, Record, RunInfo, Status};
use crate::spec::{Cell, CellSettings, Contender, Panel, Plan};

pub const PROVENANCE_FORMAT: &str = "vqlab-provenance";
pub const PROVENANCE_VERSION: u32 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProvenanceFile {
    /// [`PROVENANCE_FORMAT`].
    pub format: String,
    pub version: u32,
    /// The experiment's name.
    pub experiment: String,
    pub profile: String,
    /// The spec's file name.
    pub spec: String,
    /// SHA-256 of the spec's text, in hexadecimal digits.
    pub spec_sha256: String,
    /// The command that reproduces the numbers, with profile, `--set` and `--seeds`. Folders of this machine have their
    /// names alone. This and the next two fields are empty in files of earlier versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub command: String,
    /// `--set`, as given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
    /// The lines of the spec. The resulting settings are in each cell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spec_lines: Vec<String>,
    pub panels: Vec<ProvenancePanel>,
    /// In plan order. Cells without a record are omitted.
    pub cells: Vec<ProvenanceCell>,
}

/// The Results files of a panel's cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProvenancePanel {
    pub name: String,
    /// Paths below the profile's folder. The first has the published name.
    pub results_files: Vec<String>,
}

/// A record without its training log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProvenanceCell {
    /// [`Cell::label`], for readers.
    pub label: String,
    /// The panels with this cell.
    pub panels: Vec<String>,
    pub key: String,
    pub settings: CellSettings,
    pub seed: u64,
    pub status: Status,
    pub reason: Option<String>,
    pub metrics: BTreeMap<String, f64>,
    pub wall_seconds: f64,
    pub finished_unix: u64,
    pub program_version: String,
    pub cpu: String,
    /// Values of single test items.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub samples: BTreeMap<String, Vec<f64>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub timings: BTreeMap<String, f64>,
}

impl ProvenanceFile {
    pub fn new(plan: &Plan, records: &HashMap<String, Record>) -> Self {
        let mut panels_of: HashMap<String, Vec<String>> = HashMap::new();
        for panel in &plan.panels {
            for cell in panel.points.iter().flat_map(|p| &p.cells) {
                panels_of.entry(cell.key()).or_default().push(panel.name.clone());
            }
        }
        let cells = plan.cells().into_iter().filter_map(|cell| {
            let key = cell.key();
            Some(ProvenanceCell::new(records.get(&key)?, panels_of.remove(&key).unwrap_or_default()))
        });
        ProvenanceFile {
            format: PROVENANCE_FORMAT.into(),
            version: PROVENANCE_VERSION,
            experiment: plan.name.clone(),
            profile: plan.profile.clone(),
            spec: plan.source.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            spec_sha256: hex(&Sha256::digest(&plan.source_text)),
            command: plan.command_elsewhere(),
            set: plan.set_elsewhere(),
            spec_lines: plan.source_text.lines().map(str::to_owned).collect(),
            panels: plan.panels.iter().map(|panel| ProvenancePanel::new(plan, panel)).collect(),
            cells: cells.collect(),
        }
    }

    /// The records by key, with empty training logs.
    pub fn records(&self) -> HashMap<String, Record> {
        self.cells.iter().map(|cell| (cell.key.clone(), cell.record())).collect()
    }

    /// The number of finished runs of a point of a Results file (a path below the profile's folder), or of a curve
    /// whose axis is not the bits. If cells keep values of single test items, the number of items. `None` if this file
    /// does not state it.
    pub fn runs(&self, results_file: &str, contender: Contender, bits: Option<u32>) -> Option<usize> {
        let cells = self.behind(results_file, contender, bits);
        let items = cells.iter().flat_map(|cell| cell.samples.values()).map(Vec::len).max();
        (!cells.is_empty()).then_some(items.unwrap_or(cells.len()))
    }

    /// The values of a record metric in the finished runs of a point, if all of them have it.
    pub fn values(
        &self,
        results_file: &str,
        contender: Contender,
        bits: Option<u32>,
        metric: &str,
    ) -> Option<Vec<f64>> {
        let cells = self.behind(results_file, contender, bits);
        let values = cells.iter().map(|cell| cell.metrics.get(metric).copied()).collect::<Option<Vec<f64>>>()?;
        (!values.is_empty()).then_some(values)
    }

    /// The finished cells of a point of a Results file.
    fn behind(&self, results_file: &str, contender: Contender, bits: Option<u32>) -> Vec<&ProvenanceCell> {
        let is_of_file = |panel: &&ProvenancePanel| panel.results_files.iter().any(|f| f == results_file);
        let Some(panel) = self.panels.iter().find(is_of_file) else { return Vec::new() };
        let here = |cell: &&ProvenanceCell| {
            let shape = cell.cell();
            cell.panels.contains(&panel.name)
                && cell.status == Status::Done
                && shape.contender() == contender
                && bits.is_none_or(|bits| shape.total_bits() == bits)
        };
        self.cells.iter().filter(here).collect()
    }

    /// The file's text: the head, then one cell per line, so that versions can be compared line by line.
    fn to_text(&self) -> Result<String, serde_json::Error> {
        let head = serde_json::to_string_pretty(&ProvenanceFile { cells: Vec::new(), ..self.clone() })?;
        let cells = self.cells.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
        let list = if cells.is_empty() { "[]".into() } else { format!("[\n    {}\n  ]", cells.join(",\n    ")) };
        Ok(match head.strip_suffix("[]\n}") {
            Some(head) => format!("{head}{list}\n}}\n"),
            None => serde_json::to_string_pretty(self)?,
        })
    }
}

impl ProvenancePanel {
    fn new(plan: &Plan, panel: &Panel) -> Self {
        ProvenancePanel { name: panel.name.clone(), results_files: files_of(plan, panel) }
    }
}

impl ProvenanceCell {
    fn new(record: &Record, panels: Vec<String>) -> Self {
        ProvenanceCell {
            label: record.cell.label(),
            panels,
            key: record.key.clone(),
            settings: record.cell.settings.clone(),
            seed: record.cell.seed,
            status: record.status,
            reason: record.reason.clone(),
            metrics: record.metrics.clone(),
            wall_seconds: record.run.wall_seconds,
            finished_unix: record.run.finished_unix,
            program_version: record.run.program_version.clone(),
            cpu: record.run.cpu.clone(),
            samples: record.samples.clone(),
            timings: record.run.timings.clone(),
        }
    }
}

impl ProvenanceCell {
    /// The computed cell.
    pub fn cell(&self) -> Cell {
        Cell { settings: self.settings.clone(), seed: self.seed }
    }

    fn record(&self) -> Record {
        Record {
            format: RECORD_FORMAT.into(),
            version: RECORD_VERSION,
            key: self.key.clone(),
            cell: self.cell(),
            status: self.status,
            reason: self.reason.clone(),
            metrics: self.metrics.clone(),
            log: Vec::new(),
            samples: self.samples.clone(),
            run: RunInfo {
                wall_seconds: self.wall_seconds,
                program_version: self.program_version.clone(),
                finished_unix: self.finished_unix,
                cpu: self.cpu.clone(),
                timings: self.timings.clone(),
            },
        }
    }
}

/// `results_root`/PROFILE/provenance/NAME.json.
pub fn provenance_path(plan: &Plan, results_root: &Path) -> PathBuf {
    results_root.join(&plan.folder).join("provenance").join(format!("{}.json", plan.name))
}

/// Writes the provenance of a plan's results and returns its path.
///
/// # Errors
/// File system errors.
pub fn write_provenance(
    plan: &Plan,
    records: &HashMap<String, Record>,
    results_root: &Path,
) -> Result<PathBuf, ResultsError> {
    let path = provenance_path(plan, results_root);
    let text = ProvenanceFile::new(plan, records)
        .to_text()
        .map_err(|e| ResultsError::Content { file: path.display().to_string(), reason: e.to_string() })?;
    write_atomic(&path, text.as_bytes())?;
    Ok(path)
}

/// # Errors
/// The file can't be read, has another format or version, or has a cell whose key does not match its settings.
pub fn read_provenance(path: &Path) -> Result<ProvenanceFile, ResultsError> {
    let text = std::fs::read_to_string(path).map_err(|source| ResultsError::Read { path: path.into(), source })?;
    let wrong = |reason: String| ResultsError::Content { file: path.display().to_string(), reason };
    let file: ProvenanceFile =
        serde_json::from_str(&text).map_err(|e| wrong(format!("not a provenance file of this version: {e}")))?;
    if (file.format.as_str(), file.version) != (PROVENANCE_FORMAT, PROVENANCE_VERSION) {
        return Err(wrong(format!(
            "format {:?} version {}; this program reads {PROVENANCE_FORMAT:?} version {PROVENANCE_VERSION}",
            file.format, file.version
        )));
    }
    if let Some(cell) = file.cells.iter().find(|c| c.cell().key() != c.key) {
        return Err(wrong(format!(
            "{}: key {} does not match its settings: they were edited, or written by a version whose numbers differ\n\
             hint: run the experiment again",
            cell.label, cell.key
        )));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture;
    use crate::spec::Method;

    #[test]
    fn records_come_back_without_their_logs() {
        let plan = fixture::plan(2);
        let records = fixture::records(&plan);
        let root = tempfile::tempdir().unwrap();
        let path = write_provenance(&plan, &records, root.path()).unwrap();
        assert_eq!(path, root.path().join("quick/provenance/small.json"));
        let file = read_provenance(&path).unwrap();
        assert_eq!(file.records(), records);
        assert_eq!(file.cells.len(), plan.cells().len());
        // python3 -c "import hashlib; print(hashlib.sha256(b'[experiment]').hexdigest())"
        assert_eq!(file.spec_sha256, "c4496d8c3c71ab1408e5988308745caaa17089560777555595d5a3628b0b4b2b");
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(file.runs("Figure 2/correlated.json", Contender::proposed(Method::Avq), Some(16)), Some(2));
        assert_eq!(file.runs("Figure 2/correlated-fresh.json", Contender::proposed(Method::Pvq), Some(12)), Some(2));
        assert_eq!(file.runs("Figure 2/other.json", Contender::proposed(Method::Pvq), Some(12)), None);
        write_provenance(&plan, &file.records(), root.path()).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }

    #[test]
    fn edited_files_are_refused() {
        let plan = fixture::plan(1);
        let root = tempfile::tempdir().unwrap();
        let path = write_provenance(&plan, &fixture::records(&plan), root.path()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        for (from, to, part) in [
            ("\"seed\":1", "\"seed\":7", "does not match its settings"),
            ("\"version\": 1", "\"version\": 9", "version 9"),
            ("\"profile\"", "\"profil\"", "unknown field"),
        ] {
            std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
            let message = read_provenance(&path).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }
}
