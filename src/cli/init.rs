//! `vqlab init`: writes a first spec, which runs as it is.

use std::path::{Path, PathBuf};

use clap::Args;

use super::output::write_new;
use super::{CliError, note};
use crate::task;

const EXAMPLES: &str = "\
Examples:
  vqlab init mine.toml --task toy
  vqlab init mine-search.toml --task search --force

The spec has small values and runs on synthetic data in less than a minute. Its comments
explain all fields and have their defaults. `vqlab specs --copy NAME` writes an
experiment of the paper instead.";

/// Writes a commented spec that runs as it is.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct InitArgs {
    /// The new spec; its name without .toml is the name of the experiment
    #[arg(value_name = "NAME.toml")]
    spec: PathBuf,
    /// Task: toy, image, search, speech or complexity
    #[arg(long, value_name = "TASK")]
    task: String,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

/// # Errors
/// [`CliError::Usage`]: the task is unknown, the name can't name an experiment, or the file exists.
/// [`CliError::Failed`]: the file can't be written.
pub fn run(args: InitArgs) -> Result<(), CliError> {
    let path = args.spec.display();
    let Some(found) = task::find(&args.task) else {
        let names: Vec<&str> = task::all().into_iter().map(task::Task::name).collect();
        return Err(CliError::Usage(format!("there is no task `{}`\nallowed: {}", args.task, names.join(", "))));
    };
    let text = name(&args.spec).and_then(|name| crate::spec::starter(found, name)).ok_or_else(|| {
        CliError::Usage(format!(
            "{path} can't name an experiment\nallowed: letters a-z and A-Z, digits, - and _, then .toml"
        ))
    })?;
    write_new(&args.spec, &text, args.force)?;
    note(&format!("wrote {path}\nhint: vqlab run {path}"));
    Ok(())
}

/// The name of the experiment: the name of the file without its ending.
fn name(spec: &Path) -> Option<&str> {
    spec.extension().filter(|ending| *ending == "toml").and(spec.file_stem()).and_then(|stem| stem.to_str())
}
