//! `vqlab schema`: the JSON Schema of specs, for editors.

use std::path::PathBuf;

use clap::Args;

use super::outcome::failed;
use super::{CliError, note, print};
use crate::data::file::Output;

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
            let output = Output::new(path).force(args.force);
            output.check().map_err(|error| CliError::Usage(error.to_string()))?;
            crate::temporary::replace(output.path(), text.as_bytes())
                .map_err(|error| failed(format!("cannot write {}: {error}", path.display())))?;
            note(&format!("wrote {}", path.display()));
            Ok(())
        }
    }
}
