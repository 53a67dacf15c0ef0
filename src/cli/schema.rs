//! `vqlab schema`: the JSON Schema of specs, for editors.

use std::path::PathBuf;

use clap::Args;

use super::output::write_new;
use super::{CliError, note, print};

const EXAMPLES: &str = "\
Examples:
  vqlab schema
  vqlab schema -o vqlab.schema.json

An editor with a TOML language server (taplo, Even Better TOML) completes and checks a
spec whose first line is `#:schema ./vqlab.schema.json`. The schema checks single values.
`vqlab run SPEC --dry-run` checks everything.";

/// Prints the JSON Schema of specs, with which editors complete and check them.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct SchemaArgs {
    /// Output file [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long, requires = "output")]
    force: bool,
}

/// # Errors
/// [`CliError::Usage`]: the output exists. [`CliError::Failed`]: it can't be written.
pub fn run(args: SchemaArgs) -> Result<(), CliError> {
    let text = format!("{:#}\n", crate::spec::schema());
    match &args.output {
        None => print(&text),
        Some(path) => {
            write_new(path, &text, args.force)?;
            note(&format!("wrote {}", path.display()));
            Ok(())
        }
    }
}
