//! `vqlab figures`: draws the figures again, or the training log of one cell.

use std::path::PathBuf;

use clap::Args;

use super::outcome::{self, Outcome, Records};
use super::specs::{Folders, SpecOptions};
use super::{CliError, print};
use crate::figure::{self, Format};
use crate::runner::Loaded;
use crate::spec::Plan;

const EXAMPLES: &str = "\
Examples:
  vqlab figures
  vqlab figures experiments/toy.toml --profile paper --format pdf
  vqlab figures experiments/toy.toml --log 1a2b3c4d
  vqlab figures --published

Without specs, draws the figures of all experiments that have been run. Prints the
paths of the files to stdout, one per line.";

/// Draws the figures of experiments again, from the computed cells.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct FiguresArgs {
    /// Experiment files [default: all in experiments/]
    #[arg(value_name = "SPEC")]
    specs: Vec<PathBuf>,
    #[command(flatten)]
    options: SpecOptions,
    /// Formats of the figures
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = outcome::FORMATS)]
    format: Vec<Format>,
    /// Draw the published numbers alone: Figures 1 to 6, or the figures of the given experiments
    #[arg(long)]
    published: bool,
    /// Draw codeword usage and training loss of the cell whose key begins with KEY; `vqlab status --json` lists keys
    #[arg(long, value_name = "KEY", conflicts_with = "published")]
    log: Option<String>,
}

/// # Errors
/// [`CliError::Usage`]: a spec is wrong, or the key matches no cell or several. [`CliError::Failed`]: nothing is
/// computed, or a file can't be written.
pub fn run(args: FiguresArgs) -> Result<(), CliError> {
    let folders = args.options.folders();
    let plans = if args.published { args.options.load(&args.specs)? } else { args.options.load_or_all(&args.specs)? };
    outcome::as_only_writer(&plans, &folders, || match &args.log {
        _ if args.published => draw_published(&plans, &folders, &args.format),
        Some(key) => draw_log(&plans, key, &folders, &args.format),
        None => outcome::for_each_computed(&plans, &folders, args.specs.is_empty(), |plan, records| {
            draw(plan, records, &folders, &args.format)
        }),
    })
}

fn draw(plan: &Plan, records: &Records, folders: &Folders, formats: &[Format]) -> Result<(), CliError> {
    let drawn = outcome::draw(plan, &Outcome::new(plan, records), records, folders, formats)?;
    print_paths(drawn.iter().flat_map(|figure| &figure.files))
}

fn print_paths<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Result<(), CliError> {
    print(&paths.into_iter().map(|path| format!("{}\n", path.display())).collect::<String>())
}

/// Figures 1 to 6 of the paper from the published numbers. If specs are given, only the figures of these specs.
fn draw_published(plans: &[Plan], folders: &Folders, formats: &[Format]) -> Result<(), CliError> {
    let only: Vec<String> = plans.iter().flat_map(|plan| plan.figures.clone()).collect();
    let out = folders.reports.join("published/figures");
    let drawn = figure::draw_published(&out, formats, &only).map_err(outcome::failed)?;
    print_paths(drawn.iter().flat_map(|figure| &figure.files))
}

/// Draws the one record whose key begins with `key`.
fn draw_log(plans: &[Plan], key: &str, folders: &Folders, formats: &[Format]) -> Result<(), CliError> {
    let mut hits: Vec<_> =
        plans.iter().flat_map(|plan| plan.cells().into_iter().map(move |cell| (plan, cell))).collect();
    hits.retain(|(_, cell)| cell.key().starts_with(key));
    hits.dedup_by_key(|(_, cell)| cell.key());
    let (plan, cell) = match hits.as_slice() {
        [one] => one,
        [] => {
            return Err(CliError::Usage(format!(
                "no cell has a key that begins with `{key}`\nhint: `vqlab status SPEC --json` lists the keys"
            )));
        }
        several => {
            let labels: Vec<_> = several.iter().take(5).map(|(_, cell)| cell.label()).collect();
            let count = several.len();
            return Err(CliError::Usage(format!(
                "`{key}` matches {count} keys: {} …\nhint: give more digits",
                labels.join(", ")
            )));
        }
    };
    let record = match folders.store().load(cell) {
        Loaded::Found(record) => record,
        Loaded::Absent => return Err(CliError::Failed(format!("{} is not computed yet", cell.label()))),
        Loaded::Unusable(reason) | Loaded::Newer(reason) => return Err(CliError::Failed(reason)),
    };
    if record.log.is_empty() {
        return Err(CliError::Failed(format!("{} has no training log ({:?})", cell.label(), record.status)));
    }
    let drawn = figure::draw_log(&record, &folders.figures(plan), formats).map_err(outcome::failed)?;
    print_paths(&drawn.files)
}
