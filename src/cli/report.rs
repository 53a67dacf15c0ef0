//! `vqlab report`: writes Results files, comparison, figures and report again, from the computed cells.

use std::path::PathBuf;

use clap::Args;

use super::CliError;
use super::outcome::{self, FileOptions};
use super::specs::SpecOptions;

const EXAMPLES: &str = "\
Examples:
  vqlab report
  vqlab report experiments/toy.toml --profile paper

Without specs, writes the reports of all experiments that have been run. The committed
provenance files replace missing records, as in a fresh clone. Such a report lacks the
parts that depend on training logs.";

/// Writes the reports of experiments again, as HTML and Markdown.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct ReportArgs {
    /// Experiment files [default: all in experiments/]
    #[arg(value_name = "SPEC")]
    specs: Vec<PathBuf>,
    #[command(flatten)]
    options: SpecOptions,
    #[command(flatten)]
    files: FileOptions,
}

/// # Errors
/// [`CliError::Usage`]: a spec is wrong. [`CliError::Failed`]: nothing is computed, or a file can't be written.
pub fn run(args: ReportArgs) -> Result<(), CliError> {
    let plans = args.options.load_or_all(&args.specs)?;
    let folders = args.options.folders();
    outcome::as_only_writer(&plans, &folders, || {
        outcome::for_each_computed(&plans, &folders, args.specs.is_empty(), |plan, records| {
            outcome::write(plan, records, &folders, &args.files)
        })
    })
}
