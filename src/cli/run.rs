//! `vqlab run`: computes the missing cells, then writes results, figures, comparison and report.

use std::collections::HashSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::bar::stderr_sink;
use super::gathered::Gathered;
use super::outcome::{self, FileOptions, Records, failed};
use super::specs::{Folders, SpecOptions, note_data};
use super::stop::stop_flag;
use super::survey::{Survey, for_plans};
use super::{CliError, note, print, warn};
use crate::results;
use crate::runner::{self, Loaded, Options, Record, Shard, Store, Summary, TaskFns, human_seconds};
use crate::slurm::Deal;
use crate::spec::{Cell, Plan};

const EXAMPLES: &str = "\
Examples:
  vqlab run experiments/toy.toml
  vqlab run experiments/toy.toml --profile paper --dry-run
  vqlab run experiments/toy.toml --set training.updates=500 --seeds 2 -o try
  vqlab run experiments/toy.toml --profile paper --shard 2/8

Prints the verdicts and a table of our numbers and the published ones to stdout, and
where the files are to stderr. Ctrl-C stops the run; the same command resumes it. Shards are
for machines that share the folder: a last run with --gather writes their results.
`vqlab submit` does all of this with Slurm.";

/// Computes the cells without a record, then writes Results files, figures and a report.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct RunArgs {
    /// Experiment files
    #[arg(required = true, value_name = "SPEC")]
    specs: Vec<PathBuf>,
    #[command(flatten)]
    options: SpecOptions,
    /// Compute only part I of N of the cells, for machines that share the folder; write no results
    #[arg(long, value_name = "I/N", value_parser = str::parse::<Shard>)]
    shard: Option<Shard>,
    /// File with the cells of each shard, as `vqlab submit` writes it [default: cells are spread by cost]
    #[arg(long, value_name = "FILE", requires = "shard", conflicts_with = "dry_run")]
    deal: Option<PathBuf>,
    /// Compute nothing: write results, figures and report of the finished cells, and name the missing cells
    #[arg(long, conflicts_with_all = ["shard", "dry_run", "force", "adopt", "jobs"])]
    gather: bool,
    #[command(flatten)]
    compute: ComputeOptions,
}

/// How cells are computed and shown; shared by `run` and `reproduce`.
#[derive(Args, Clone, Debug)]
pub struct ComputeOptions {
    /// Number of cells computed at the same time, one thread each [default: all cores]
    #[arg(long, short, value_name = "N", value_parser = parse_jobs)]
    pub jobs: Option<usize>,
    /// List the cells and their estimated cost; compute nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Compute finished cells again
    #[arg(long, conflicts_with = "adopt")]
    pub force: bool,
    /// Take finished cells from results/PROFILE/provenance instead of computing them (without their training logs)
    #[arg(long)]
    pub adopt: bool,
    #[command(flatten)]
    pub files: FileOptions,
}

impl ComputeOptions {
    /// The options of the command line, for the cells of these plans.
    pub fn runner(&self, plans: &[Plan]) -> Options {
        let options = for_plans(plans);
        Options { jobs: self.jobs.unwrap_or(options.jobs), force: self.force, ..options }
    }
}

/// # Errors
/// [`CliError::Usage`]: a spec is wrong. [`CliError::Failed`]: cells failed, the run was stopped, or a file can't be
/// written.
pub fn run(args: RunArgs) -> Result<(), CliError> {
    let plans = args.options.load(&args.specs)?;
    note_data(&plans);
    let folders = args.options.folders();
    // A deal has split the cells already.
    let shard = args.shard.filter(|_| args.deal.is_none());
    let options = Options { shard, ..args.compute.runner(&plans) };
    if args.compute.dry_run {
        let mut survey = Survey::new(&plans, &folders.store(), &options);
        if args.compute.adopt {
            for plan in &plans {
                survey.mark_adoptable(&adoptable(plan, &folders)?);
            }
        }
        return print(&dry_run(&plans, &survey, options.jobs));
    }
    folders.make(&plans)?;
    if args.gather {
        return gather(&plans, &folders, &args.compute.files);
    }
    let store = if args.shard.is_some() { folders.join()? } else { folders.open()? };
    if args.compute.adopt {
        adopt(&plans, &folders, &store)?;
    }
    let mut cells: Vec<Cell> = plans.iter().flat_map(Plan::cells).collect();
    if let (Some(deal), Some(shard)) = (&args.deal, args.shard) {
        cells = dealt(cells, deal, shard)?;
    }
    let summary = compute(&cells, &store, &options)?;
    if let Some(shard) = args.shard {
        note(&format!(
            "shard {shard}: {} of {} cells computed by this run; when all shards are done, --gather writes the results",
            summary.computed, summary.total
        ));
        return failures(&summary);
    }
    write_all(&plans, &summary.records, &folders, &args.compute.files, failures(&summary))
}

/// Writes the results of all plans. Their errors are added to the error of the cells.
fn write_all(
    plans: &[Plan],
    records: &Records,
    folders: &Folders,
    files: &FileOptions,
    cells: Result<(), CliError>,
) -> Result<(), CliError> {
    let mut errors: Vec<String> = cells.err().iter().map(CliError::to_string).collect();
    outcome::as_only_writer(plans, folders, || {
        let written = plans.iter().map(|plan| outcome::write(plan, records, folders, files));
        errors.extend(written.filter_map(Result::err).map(|error| error.to_string()));
        Ok(())
    })?;
    if errors.is_empty() { Ok(()) } else { Err(CliError::Failed(errors.join("\nerror: "))) }
}

/// The keys of the cells that `--adopt` would take.
///
/// # Errors
/// The provenance file is unusable.
pub fn adoptable(plan: &Plan, folders: &Folders) -> Result<HashSet<String>, CliError> {
    Ok(finished(plan, folders)?.into_iter().map(|record| record.key).collect())
}

/// Adds the finished cells of the provenance files to the store, unless it already has a record.
///
/// # Errors
/// A provenance file is unusable, or a record can't be written.
pub fn adopt(plans: &[Plan], folders: &Folders, store: &Store) -> Result<(), CliError> {
    for plan in plans {
        let mut adopted = 0;
        for record in finished(plan, folders)? {
            let Some(claim) = store.claim(&record.cell).map_err(failed)? else { continue };
            if matches!(store.load(&record.cell), Loaded::Absent) {
                claim.write(&record).map_err(failed)?;
                adopted += 1;
            }
        }
        let path = results::provenance_path(plan, &folders.results);
        note(&format!("adopted {adopted} cells of {} from {}", plan.name, path.display()));
    }
    Ok(())
}

/// The plan's cells that are done according to its provenance file, with all metrics.
fn finished(plan: &Plan, folders: &Folders) -> Result<Vec<Record>, CliError> {
    let path = results::provenance_path(plan, &folders.results);
    if !path.exists() {
        warn(&format!("nothing to adopt for {}: there is no {}", plan.name, path.display()));
        return Ok(Vec::new());
    }
    let mut kept = results::read_provenance(&path).map_err(failed)?.records();
    let records = plan.cells().into_iter().filter_map(|cell| kept.remove(&cell.key()));
    let options = for_plans(std::slice::from_ref(plan));
    Ok(records.filter(|record| record.is_done() && options.missing_metric(record).is_none()).collect())
}

/// The cells of a shard according to an existing deal.
fn dealt(cells: Vec<Cell>, path: &Path, shard: Shard) -> Result<Vec<Cell>, CliError> {
    let deal = Deal::read(path).map_err(|error| CliError::Usage(error.to_string()))?;
    let usage = |reason: String| CliError::Usage(format!("{}: {reason}", path.display()));
    let wanted: HashSet<&str> = deal.part(shard).map_err(usage)?.iter().map(String::as_str).collect();
    let mut seen = HashSet::new();
    let cells: Vec<Cell> =
        cells.into_iter().filter(|cell| wanted.contains(cell.key().as_str()) && seen.insert(cell.key())).collect();
    if cells.len() < wanted.len() {
        let (found, count) = (cells.len(), wanted.len());
        return Err(usage(format!(
            "the specs have only {found} of the {count} cells of shard {shard}: specs or options have changed since \
             the deal; submit again"
        )));
    }
    Ok(cells)
}

/// Writes the existing results without computing anything.
fn gather(plans: &[Plan], folders: &Folders, files: &FileOptions) -> Result<(), CliError> {
    let gathered = Gathered::new(plans, &folders.store(), &for_plans(plans));
    if gathered.records.is_empty() {
        return Err(CliError::Failed("no cell is computed yet: nothing to gather".into()));
    }
    write_all(plans, &gathered.records, folders, files, gathered.missing())
}

/// Computes all cells of all plans together, so that all threads are busy until the end.
///
/// # Errors
/// The run was stopped, or a record can't be written.
pub fn compute(cells: &[Cell], store: &Store, options: &Options) -> Result<Summary, CliError> {
    let stop = stop_flag("stopping: no more cells start, and running cells stop. Press Ctrl-C again to abort at once")?;
    let summary = runner::run(cells, store, options, TaskFns::real(), stderr_sink().as_ref(), &stop)
        .map_err(|error| CliError::Failed(format!("cannot start {} threads: {error}", options.jobs)))?;
    if let Some(error) = summary.error {
        return Err(CliError::Failed(format!(
            "{error}\nearlier records are intact\nhint: remove the cause and run the same command again; it resumes"
        )));
    }
    if summary.stopped {
        let (done, total) = (summary.records.len(), summary.total);
        return Err(CliError::Failed(format!(
            "stopped with {done} of {total} cells done\nhint: the same command resumes the run"
        )));
    }
    Ok(summary)
}

/// # Errors
/// Cells without numbers, each with its reason.
pub fn failures(summary: &Summary) -> Result<(), CliError> {
    if summary.failed.is_empty() {
        return Ok(());
    }
    let (failed, total) = (summary.failed.len(), summary.total);
    let list = summary.failed.join("\n  ");
    Err(CliError::Failed(format!("{failed} of {total} cells have no numbers:\n  {list}")))
}

fn dry_run(plans: &[Plan], survey: &Survey, jobs: usize) -> String {
    let mut text = String::new();
    for (position, plan) in plans.iter().enumerate() {
        let entries: Vec<_> = survey.entries.iter().filter(|entry| entry.plan == position).collect();
        let _ = writeln!(text, "{} (profile {}), {} cells:", plan.name, plan.profile, entries.len());
        let width = entries.iter().map(|entry| entry.panel.chars().count()).max().unwrap_or(0);
        for entry in entries {
            let (label, seconds) = (entry.cell.label(), human_seconds(survey.seconds(entry)));
            let _ = writeln!(text, "  {:width$}  {label:36}  {seconds:>10}  {}", entry.panel, entry.state.name());
        }
    }
    let open = survey.entries.iter().filter(|entry| !entry.state.is_settled()).count();
    let (work, time) = survey.left(&survey.entries, jobs);
    let (work, time) = (human_seconds(work), human_seconds(time));
    let total = survey.entries.len();
    let _ = writeln!(text, "{open} of {total} cells to compute: about {work} of work, {time} with --jobs {jobs}");
    text
}

/// # Errors
/// The text is not a whole number from 1 to 4096.
pub fn parse_jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs) if (1..=4096).contains(&jobs) => Ok(jobs),
        _ => Err("allowed are whole numbers from 1 to 4096".into()),
    }
}
