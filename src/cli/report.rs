//! `vqlab report`: the Results files, comparison, figures and report again, from what is computed.

use std::path::PathBuf;

use clap::Args;

use super::CliError;
use super::outcome;
use super::specs::SpecOptions;
use crate::figure::Format;

const EXAMPLES: &str = "\
Examples:
  vqlab report
  vqlab report experiments/toy.toml --profile paper

Without specs, of all experiments that have been run. Where the records of the
cells are not at hand, as in a fresh clone, the committed provenance files take
their place; the report then lacks what depends on training logs.";

/// Writes the report of experiments again: one HTML page and its Markdown twin.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct ReportArgs {
    /// Experiment files; all of experiments/ without
    #[arg(value_name = "SPEC")]
    specs: Vec<PathBuf>,
    #[command(flatten)]
    options: SpecOptions,
    /// Formats of the figures
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = outcome::FORMATS)]
    format: Vec<Format>,
}

/// # Errors
/// Of use: a spec is wrong. Failed: nothing is computed, or a file can't be written.
pub fn run(args: ReportArgs) -> Result<(), CliError> {
    let plans = args.options.load_or_all(&args.specs)?;
    let folders = args.options.folders();
    outcome::as_only_writer(&plans, &folders, || {
        outcome::for_each_computed(&plans, &folders, args.specs.is_empty(), |plan, records| {
            outcome::write(plan, records, &folders, &args.format)
        })
    })
}
