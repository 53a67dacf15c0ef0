//! `vqlab reproduce`: runs all experiments of the paper and writes one report about them.

use std::borrow::Cow;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::data::{fetch_stop, fetched};
use super::outcome::{self, Outcome, Records, failed};
use super::run::{ComputeOptions, adopt, adoptable, compute, failures};
use super::specs::{DataOptions, Folders, folders, note_data};
use super::survey::Survey;
use super::{CliError, note, print, print_results, warn};
use crate::figure::{self, Drawn};
use crate::report::{ReportInput, Reproduction, reproduction_text, write_index, write_reproduction};
use crate::results::{files_folder, plan_of_kept, read_provenance};
use crate::runner::{Options, human_seconds};
use crate::spec::{Cell, LoadOptions, PAPER, PaperSpec, Plan, Purpose};

const EXAMPLES: &str = "\
Examples:
  vqlab reproduce --dry-run
  vqlab reproduce --from-results
  vqlab reproduce --figure 4c
  vqlab reproduce --figure 2,3 --profile paper --dry-run

Needs no input files. The page is reports/default/reproduction.html, or
reports/paper/reproduction.html with --profile paper. Results, figures and reports of
the experiments are the same as those of `run`. Ctrl-C stops the run; the same command
resumes it. Prints the figures with their verdicts, and the claims of the paper that
fail.

`quick` runs the experiments that draw a figure of the paper or measure a defect, in
their default profiles: less than an hour on two cores. These profiles aim at the
published numbers where the paper's data are available. `paper` runs all experiments,
in the profile `paper` where a spec has one: days.";

/// Reproduces the paper: runs all experiments, and writes their reports and one page with the verdicts.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct ReproduceArgs {
    /// Set of experiments, and their profile
    #[arg(long, short, value_enum, default_value_t = Effort::Quick)]
    profile: Effort,
    /// Run only the experiments of these figures: 1 to 6, or parts such as 2a
    #[arg(long, value_name = "N", value_delimiter = ',')]
    figure: Vec<String>,
    /// Train nothing: write the page from the results of earlier runs in results/, and count operations
    #[arg(long, conflicts_with_all = ["fetch", "dry_run", "force", "adopt"])]
    from_results: bool,
    /// Run seeds 1 to N [default: the seeds of the specs]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    seeds: Option<u64>,
    /// Folder that holds results/ and reports/
    #[arg(long = "output", short = 'o', visible_alias = "out", value_name = "DIR", default_value = ".")]
    out: PathBuf,
    #[command(flatten)]
    data: DataOptions,
    /// Fetch missing data sets of the paper into the folder of `vqlab data fetch` (7 GB)
    #[arg(long, conflicts_with = "dry_run")]
    fetch: bool,
    #[command(flatten)]
    compute: ComputeOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Effort {
    /// Few seeds
    Quick,
    /// The settings of the paper
    Paper,
}

impl Effort {
    fn name(self) -> &'static str {
        match self {
            Effort::Quick => "quick",
            Effort::Paper => "paper",
        }
    }

    /// The folder of the page, below reports/.
    fn folder(self) -> &'static str {
        match self {
            Effort::Quick => "default",
            Effort::Paper => "paper",
        }
    }
}

/// # Errors
/// [`CliError::Usage`]: the paper has no such figure. [`CliError::Failed`]: cells failed, the run was stopped, or a
/// file can't be written.
pub fn run(args: ReproduceArgs) -> Result<(), CliError> {
    let mut selection = Selection::new(&args)?;
    if args.fetch && fetch_missing(&selection.plans)? {
        selection = Selection::new(&args)?;
    }
    if !args.from_results {
        note_data(&selection.plans);
    }
    let folders = folders(&args.out);
    let options = args.compute.runner(&selection.plans);
    if args.compute.dry_run {
        return print(&dry_run(&selection, &folders, &options, args.compute.adopt)?);
    }
    folders.make(&selection.plans)?;
    let store = folders.open()?;
    if args.compute.adopt {
        adopt(&selection.plans, &folders, &store)?;
    }
    let cells: Vec<Cell> = match args.from_results {
        true => without_training(&selection.plans, &folders, &options),
        false => selection.plans.iter().flat_map(Plan::cells).collect(),
    };
    let summary = compute(&cells, &store, &options)?;
    let mut errors: Vec<String> = failures(&summary).err().iter().map(CliError::to_string).collect();
    outcome::as_only_writer(&selection.plans, &folders, || {
        errors.extend(write(&selection, &summary.records, &folders, &args)?);
        Ok(())
    })?;
    if errors.is_empty() { Ok(()) } else { Err(CliError::Failed(errors.join("\nerror: "))) }
}

/// The cells that have a record, or need no training.
fn without_training(plans: &[Plan], folders: &Folders, options: &Options) -> Vec<Cell> {
    let entries = Survey::new(plans, &folders.store(), options).entries;
    let wanted = entries.into_iter().filter(|entry| entry.state.is_settled() || !plans[entry.plan].task.trains());
    wanted.map(|entry| entry.cell).collect()
}

/// Fetches the data sets that were not found. Returns whether there were any.
fn fetch_missing(plans: &[Plan]) -> Result<bool, CliError> {
    let sets = plans.iter().flat_map(|plan| &plan.data_sets).filter(|wanted| wanted.found.is_none());
    let mut parts: Vec<&str> = sets.flat_map(|wanted| wanted.set.parts).copied().collect();
    parts.sort_unstable();
    parts.dedup();
    let stop = fetch_stop()?;
    for part in &parts {
        fetched(part, None, None, false, &stop)?;
    }
    Ok(!parts.is_empty())
}

/// The selected experiments.
struct Selection {
    specs: Vec<&'static PaperSpec>,
    /// In the same order.
    plans: Vec<Plan>,
    /// Experiments that are not run, with the reason.
    left_out: Vec<(String, String)>,
}

impl Selection {
    fn new(args: &ReproduceArgs) -> Result<Self, CliError> {
        let mut selection = Selection { specs: Vec::new(), plans: Vec::new(), left_out: Vec::new() };
        let mut figures: Vec<String> = Vec::new();
        let data = args.data.places()?;
        for spec in PAPER {
            let seeds = args.seeds.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
            let profile = (args.profile == Effort::Paper).then(|| "paper".to_owned());
            let plan = spec
                .plan(&LoadOptions { profile, seeds, set: Vec::new(), data: data.clone() })
                .map_err(|error| CliError::Usage(error.to_string()))?;
            figures.extend(plan.figures.iter().filter(|figure| !figures.contains(figure)).cloned().collect::<Vec<_>>());
            selection.add(spec, plan, args);
        }
        figures.sort();
        let unknown = args.figure.iter().find(|wanted| !figures.iter().any(|figure| is_part(figure, wanted)));
        if let Some(wanted) = unknown {
            return Err(CliError::Usage(format!(
                "--figure {wanted}: the paper has no such figure with numbers\nallowed: 1 to 6, and {}",
                figures.join(", ")
            )));
        }
        if !args.figure.is_empty() {
            let rest = "All experiments that draw none of the selected figures".to_owned();
            selection.left_out.push((rest, format!("--figure {}", args.figure.join(","))));
        }
        Ok(selection)
    }

    fn add(&mut self, spec: &'static PaperSpec, plan: Plan, args: &ReproduceArgs) {
        let is_wanted = |figure: &String| args.figure.iter().any(|wanted| is_part(figure, wanted));
        if !args.figure.is_empty() && !plan.figures.iter().any(is_wanted) {
            return;
        }
        let name = format!("{} ({})", plan.title, plan.name);
        if args.profile == Effort::Quick && spec.purpose == Purpose::Study {
            let why = "it draws no figure of the paper and measures no defect; --profile paper includes it";
            self.left_out.push((name, why.into()));
            return;
        }
        self.specs.push(spec);
        self.plans.push(plan);
    }
}

/// Whether a figure is the wanted one or a part of it, such as 2a of 2.
fn is_part(figure: &str, wanted: &str) -> bool {
    figure == wanted || figure.strip_prefix(wanted).is_some_and(|part| part.chars().all(char::is_alphabetic))
}

fn dry_run(selection: &Selection, folders: &Folders, options: &Options, adopts: bool) -> Result<String, CliError> {
    let plans = &selection.plans;
    let mut survey = Survey::new(plans, &folders.store(), options);
    if adopts {
        for plan in plans {
            survey.mark_adoptable(&adoptable(plan, folders)?);
        }
    }
    let mut text = String::new();
    for (position, plan) in plans.iter().enumerate() {
        // A cell that two experiments share is listed with the first.
        let own: Vec<_> = survey.entries.iter().filter(|entry| entry.plan == position).collect();
        let open = own.iter().filter(|entry| !entry.state.is_settled()).count();
        let (work, _) = survey.left(own.iter().copied(), options.jobs);
        let figures = if plan.figures.is_empty() { "no figure".into() } else { plan.figures.join(", ") };
        let (name, profile, total, work) = (&plan.name, &plan.profile, own.len(), human_seconds(work));
        let _ = writeln!(text, "{name:16}  {profile:8}  {figures:10}  {open:>4} of {total:>4} cells  {work:>10}");
    }
    for (what, why) in &selection.left_out {
        let _ = writeln!(text, "left out: {what}: {why}");
    }
    let open = survey.entries.iter().filter(|entry| !entry.state.is_settled()).count();
    let (work, time) = survey.left(&survey.entries, options.jobs);
    let (total, jobs) = (survey.entries.len(), options.jobs);
    let (work, time) = (human_seconds(work), human_seconds(time));
    let _ = writeln!(text, "{open} of {total} cells to compute: about {work} of work, {time} with --jobs {jobs}");
    Ok(text)
}

/// One experiment with all data for its reports.
struct Told<'a> {
    plan: Plan,
    /// By key. Records of other cells are ignored.
    records: Cow<'a, Records>,
    outcome: Outcome,
    drawn: Vec<Drawn>,
    /// The folder of the files that cells have written for reports.
    files: Option<PathBuf>,
}

impl<'a> Told<'a> {
    /// Without figures.
    fn new(plan: Plan, records: Cow<'a, Records>, folders: &Folders) -> Self {
        let (files, outcome) = (files_folder(&plan, &folders.results), Outcome::new(&plan, &records));
        Told { plan, records, outcome, drawn: Vec::new(), files }
    }

    fn input(&self) -> ReportInput<'_> {
        ReportInput {
            plan: &self.plan,
            aggregates: &self.outcome.aggregates,
            records: &self.records,
            comparisons: &self.outcome.comparisons,
            claims: &self.outcome.claims,
            tradeoffs: &self.outcome.tradeoffs,
            figures: &self.drawn,
            files: self.files.as_deref(),
        }
    }
}

/// Writes the files of every experiment as `run` does, then the page. Returns the errors of the experiments.
fn write(
    selection: &Selection,
    records: &Records,
    folders: &Folders,
    args: &ReproduceArgs,
) -> Result<Vec<String>, CliError> {
    let (mut told, mut errors) = (Vec::new(), Vec::new());
    for plan in &selection.plans {
        let mut one = Told::new(plan.clone(), Cow::Borrowed(records), folders);
        if args.from_results && !plan.cells().iter().any(|cell| records.contains_key(&cell.key())) {
            // Files without numbers would replace those of another run.
            told.push(one);
            continue;
        }
        match outcome::write_without_table(plan, &one.outcome, records, folders, &args.compute.files) {
            Ok(drawn) => one.drawn = drawn,
            Err(error) => errors.push(error.to_string()),
        }
        told.push(one);
    }
    let kept = kept(selection, folders);
    let [computed, kept]: [Vec<ReportInput>; 2] = [&told, &kept].map(|list| list.iter().map(Told::input).collect());
    let reproduction =
        Reproduction { profile: args.profile.name(), computed: &computed, kept: &kept, left_out: &selection.left_out };
    print_results(&reproduction_text(&reproduction))?;
    let out = folders.reports.join(args.profile.folder());
    let pages = write_reproduction(&reproduction, &out).map_err(failed)?;
    let index = write_index(&folders.reports).map_err(failed)?;
    for file in pages.iter().chain(&index) {
        note(&format!("wrote {}", file.display()));
    }
    Ok(errors)
}

/// The results of other runs of the same experiments in results/: with other profiles than the default, or on other
/// data.
fn kept(selection: &Selection, folders: &Folders) -> Vec<Told<'static>> {
    let mut found = Vec::new();
    for (spec, plan) in selection.specs.iter().zip(&selection.plans) {
        for folder in subfolders(&folders.results) {
            if folder == "default" || folder == plan.folder {
                continue;
            }
            let path = folders.results.join(&folder).join("provenance").join(format!("{}.json", plan.name));
            match path.is_file().then(|| kept_in(spec, &path, &folder)) {
                None | Some(Ok(None)) => {}
                Some(Ok(Some((plan, records)))) => {
                    found.push(drawn_again(Told::new(plan, Cow::Owned(records), folders), folders));
                }
                Some(Err(reason)) => warn(&format!("left out of the report: {reason}")),
            }
        }
    }
    found
}

/// Adds the figures of kept results, for the page alone. Existing picture files are linked.
fn drawn_again(mut told: Told<'static>, folders: &Folders) -> Told<'static> {
    let (plan, outcome) = (&told.plan, &told.outcome);
    let options = figure::Options { comparisons: &[], tradeoffs: &outcome.tradeoffs, published: true, files: None };
    let out = folders.figures(plan);
    match figure::draw_experiment(plan, &outcome.aggregates, &told.records, &out, &[], options) {
        Ok(drawn) => told.drawn = drawn,
        Err(error) => warn(&format!("the figures of {} are left out: {error}", told.plan.folder)),
    }
    for drawn in &mut told.drawn {
        let files = ["png", "svg"].map(|ending| out.join(format!("{}.{ending}", drawn.id)));
        drawn.files = files.into_iter().filter(|file| file.is_file()).collect();
    }
    told
}

/// The plan and the records of a provenance file. `None` if it holds no cell of the spec.
fn kept_in(spec: &PaperSpec, path: &Path, folder: &str) -> Result<Option<(Plan, Records)>, String> {
    let file = read_provenance(path).map_err(|error| error.to_string())?;
    let options = LoadOptions { profile: Some(file.profile.clone()), ..LoadOptions::default() };
    let plan = spec.plan(&options).map_err(|error| error.to_string())?;
    if plan.profile != file.profile {
        return Err(format!("{}: the spec {} no longer has the profile `{}`", path.display(), spec.file, file.profile));
    }
    let plan = plan_of_kept(plan, &file, folder);
    Ok((!plan.panels.is_empty()).then(|| (plan, file.records())))
}

/// The names of the subfolders, sorted.
fn subfolders(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.filter(|e| e.path().is_dir()).filter_map(|e| e.file_name().into_string().ok()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_its_parts() {
        assert!(is_part("2a", "2") && is_part("2a", "2a") && is_part("3", "3"));
        assert!(!is_part("2a", "2b") && !is_part("2a", "a") && !is_part("12", "1") && !is_part("1", ""));
    }
}
