//! From records to files: the common part of `run`, `figures` and `report`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;

use super::specs::Folders;
use super::{CliError, note, print_results, warn};
use crate::compare::tradeoff::Tradeoffs;
use crate::compare::{self, ClaimCheck, PanelComparison};
use crate::figure::{self, Drawn, Format};
use crate::report::{self, ReportInput};
use crate::results::{self, Aggregate};
use crate::runner::{Loaded, Record};
use crate::spec::Plan;

pub type Records = HashMap<String, Record>;

/// The default of `--format`.
pub const FORMATS: &str = "png,svg,pdf";

/// Which files are written and named; shared by `run`, `reproduce` and `report`.
#[derive(Args, Clone, Debug)]
pub struct FileOptions {
    /// Formats of the figures
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = FORMATS)]
    format: Vec<Format>,
    /// List all written files
    #[arg(long, conflicts_with = "quiet")]
    verbose: bool,
}

/// A plan's numbers, comparisons and claims.
pub struct Outcome {
    pub aggregates: Vec<Aggregate>,
    pub comparisons: Vec<PanelComparison>,
    pub claims: Vec<ClaimCheck>,
    pub tradeoffs: Tradeoffs,
}

impl Outcome {
    pub fn new(plan: &Plan, records: &Records) -> Self {
        let aggregates = results::aggregate(plan, records);
        let comparisons = compare::compare_plan(plan, &aggregates);
        let claims = compare::check_claims(plan, &aggregates);
        let tradeoffs = Tradeoffs::new(plan, &aggregates);
        Self { aggregates, comparisons, claims, tradeoffs }
    }
}

/// Waits until no other process writes results or reports, runs `act`, and releases the lock.
///
/// # Errors
/// Errors of `act` and of the lock.
pub fn as_only_writer(
    plans: &[Plan],
    folders: &Folders,
    act: impl FnOnce() -> Result<(), CliError>,
) -> Result<(), CliError> {
    let store = folders.open()?;
    let _alone = store.wait_for("outputs").map_err(failed)?;
    for plan in plans {
        for file in files_below(&folders.of_plan(plan)).filter(|file| is_temporary(file)) {
            // A killed process left this file. The lock excludes all other writers.
            std::fs::remove_file(&file)
                .map_err(|error| failed(format!("cannot remove {}: {error}", file.display())))?;
        }
    }
    act()
}

/// Writes the Results files of a plan, prints its verdicts and tables, then writes figures and report, and says where
/// the files are. The numbers are safe even if figures or report fail.
///
/// # Errors
/// A file can't be written.
pub fn write(plan: &Plan, records: &Records, folders: &Folders, options: &FileOptions) -> Result<(), CliError> {
    let outcome = Outcome::new(plan, records);
    let verdicts = report::answer_sentences(plan, &outcome.comparisons, &outcome.aggregates);
    let verdicts: String = verdicts.iter().map(|line| format!("{line}\n")).collect();
    let told = || print_results(&in_words(plan, &outcome, &verdicts));
    write_files(plan, &outcome, records, folders, options, told).map(drop)
}

/// The verdicts, then the tables, then the claims, each followed by an empty line.
fn in_words(plan: &Plan, outcome: &Outcome, verdicts: &str) -> String {
    let table = report::terminal_table(plan, &outcome.comparisons, &outcome.aggregates);
    let claims = report::terminal_claims(plan, &outcome.claims);
    [verdicts, &table, &claims].into_iter().filter(|part| !part.is_empty()).map(|part| format!("{part}\n")).collect()
}

/// As [`write`], without the table. Returns the figures.
///
/// # Errors
/// As [`write`].
pub fn write_without_table(
    plan: &Plan,
    outcome: &Outcome,
    records: &Records,
    folders: &Folders,
    options: &FileOptions,
) -> Result<Vec<Drawn>, CliError> {
    write_files(plan, outcome, records, folders, options, || Ok(()))
}

fn write_files(
    plan: &Plan,
    outcome: &Outcome,
    records: &Records,
    folders: &Folders,
    options: &FileOptions,
    when_safe: impl FnOnce() -> Result<(), CliError>,
) -> Result<Vec<Drawn>, CliError> {
    let before = modification_times(&folders.of_plan(plan));
    if let Some(other) = results::replaces(plan, &folders.results) {
        warn(&format!("{other} are replaced\nhint: `-o DIR` or another name keeps them"));
    }
    let mut files = results::write_results(plan, &outcome.aggregates, &folders.results).map_err(failed)?;
    files.push(results::write_provenance(plan, records, &folders.results).map_err(failed)?);
    let codebooks = results::keep_codebooks(plan, records, &folders.results).map_err(failed)?;
    let cells = plan.cells().len();
    if plan.codebooks && codebooks.len() < cells {
        warn(&format!(
            "{} of {cells} cells have codebooks: the others were finished before, or have failed\nhint: `run --force` \
             computes them again",
            codebooks.len()
        ));
    }
    files.extend(codebooks);
    files.extend(results::keep_files(plan, records, &folders.results).map_err(failed)?);
    when_safe()?;
    for point in results::missing(plan, &outcome.aggregates) {
        warn(&format!("missing: {point}"));
    }
    let reported = write_report(plan, outcome, records, folders, &options.format, &mut files);
    let written = Written::new(files, &before);
    if options.verbose {
        written.list(plan)
    } else {
        note(&written.in_one_line(&folders.of_plan(plan)))
    }
    reported
}

fn write_report(
    plan: &Plan,
    outcome: &Outcome,
    records: &Records,
    folders: &Folders,
    formats: &[Format],
    files: &mut Vec<PathBuf>,
) -> Result<Vec<Drawn>, CliError> {
    let drawn = draw(plan, outcome, records, folders, formats)?;
    files.extend(drawn.iter().flat_map(|figure| figure.files.iter().cloned()));
    let kept = results::files_folder(plan, &folders.results);
    let input = ReportInput {
        plan,
        aggregates: &outcome.aggregates,
        records,
        comparisons: &outcome.comparisons,
        claims: &outcome.claims,
        tradeoffs: &outcome.tradeoffs,
        figures: &drawn,
        files: kept.as_deref(),
    };
    files.extend(report::write(&input, &folders.report(plan)).map_err(failed)?);
    // The index belongs to no plan, and is not counted among its files.
    report::write_index(&folders.reports).map_err(failed)?;
    Ok(drawn)
}

/// The files of a plan.
struct Written {
    /// New and changed files.
    changed: Vec<PathBuf>,
    /// Files whose content stays the same. They were not written.
    same: Vec<PathBuf>,
}

impl Written {
    fn new(files: Vec<PathBuf>, before: &HashMap<PathBuf, SystemTime>) -> Self {
        let is_changed = |file: &PathBuf| modified(file) != before.get(file).copied();
        let (changed, same) = files.into_iter().partition(is_changed);
        Self { changed, same }
    }

    fn list(&self, plan: &Plan) {
        self.changed.iter().for_each(|file| note(&format!("wrote {}", file.display())));
        if !self.same.is_empty() {
            note(&format!("{} files of {} are up to date", self.same.len(), plan.name));
        }
    }

    /// `files: reports/default/toy.html, results/default (31 written)`.
    fn in_one_line(&self, [results, reports]: &[PathBuf; 2]) -> String {
        let is_page = |file: &&PathBuf| file.parent() == Some(reports) && file.extension().is_some_and(|e| e == "html");
        let page = self.changed.iter().chain(&self.same).find(is_page).unwrap_or(reports);
        let count = match (self.changed.len(), self.same.len()) {
            (changed, 0) => format!("{changed} written"),
            (0, same) => format!("all {same} up to date"),
            (changed, same) => format!("{changed} written, {same} up to date"),
        };
        format!("files: {}, {} ({count})", page.display(), results.display())
    }
}

fn modification_times(folders: &[PathBuf]) -> HashMap<PathBuf, SystemTime> {
    files_below(folders).filter_map(|file| modified(&file).map(|time| (file, time))).collect()
}

fn modified(file: &Path) -> Option<SystemTime> {
    file.metadata().and_then(|data| data.modified()).ok()
}

fn files_below(folders: &[PathBuf]) -> impl Iterator<Item = PathBuf> + use<> {
    let (mut files, mut to_read) = (Vec::new(), folders.to_vec());
    while let Some(folder) = to_read.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { to_read.push(path) } else { files.push(path) }
        }
    }
    files.into_iter()
}

/// Whether [`results::write_atomic`] gives such a name to its temporary files.
fn is_temporary(file: &Path) -> bool {
    file.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with('.') && name.ends_with(".tmp"))
}

/// # Errors
/// A figure can't be drawn or written.
pub fn draw(
    plan: &Plan,
    outcome: &Outcome,
    records: &Records,
    folders: &Folders,
    formats: &[Format],
) -> Result<Vec<Drawn>, CliError> {
    let files = results::files_folder(plan, &folders.results);
    let options = figure::Options {
        comparisons: &outcome.comparisons,
        tradeoffs: &outcome.tradeoffs,
        published: true,
        files: files.as_deref(),
    };
    figure::draw_experiment(plan, &outcome.aggregates, records, &folders.figures(plan), formats, options)
        .map_err(failed)
}

/// Calls `act` for each plan with its computed records. With `skip_empty`, plans without records are skipped, unless no
/// plan has records.
///
/// # Errors
/// Nothing is computed, or a provenance file is unusable.
pub fn for_each_computed(
    plans: &[Plan],
    folders: &Folders,
    skip_empty: bool,
    mut act: impl FnMut(&Plan, &Records) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let mut any = false;
    for plan in plans {
        let records = saved_records(plan, folders)?;
        if records.is_empty() {
            let what = format!("no cell of {} (profile {}) is computed", plan.name, plan.profile);
            let reason = format!("{what}\nhint: {}", plan.command());
            if !skip_empty {
                return Err(CliError::Failed(reason));
            }
            note(&format!("skipped: {reason}"));
            continue;
        }
        any = true;
        act(plan, &records)?;
    }
    if any { Ok(()) } else { Err(CliError::Failed("no cell is computed yet\nhint: vqlab run SPEC".into())) }
}

/// The records of the cells. The provenance file replaces missing records, as in a fresh clone.
///
/// # Errors
/// The provenance file is needed and unusable.
pub fn saved_records(plan: &Plan, folders: &Folders) -> Result<Records, CliError> {
    let store = folders.store();
    let (mut records, cells) = (Records::new(), plan.cells());
    for cell in &cells {
        match store.load(cell) {
            Loaded::Found(record) => {
                records.insert(record.key.clone(), *record);
            }
            Loaded::Absent => {}
            Loaded::Unusable(reason) | Loaded::Newer(reason) => warn(&format!("not trusted, left out: {reason}")),
        }
    }
    let provenance = results::provenance_path(plan, &folders.results);
    if records.len() < cells.len() && provenance.is_file() {
        let mut kept = results::read_provenance(&provenance).map_err(failed)?.records();
        for cell in &cells {
            let key = cell.key();
            if let Some(record) = kept.remove(&key) {
                records.entry(key).or_insert(record);
            }
        }
    }
    Ok(records)
}

pub fn failed(error: impl std::fmt::Display) -> CliError {
    CliError::Failed(error.to_string())
}
