//! `vqlab inspect`: shows what a file holds.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value};

use super::codec::refused;
use super::{CliError, print};
use crate::inspect::{Inspected, inspect};
use crate::number::short;

const EXAMPLES: &str = "\
Examples:
  vqlab inspect books.safetensors
  vqlab inspect codes.npy --json
  vqlab inspect results/paper/provenance/toy.json

FILE may hold codebooks, a speech codec, coded speech, codes, vectors, a record
(results/cells), Results, or their provenance.";

/// Shows what a file holds.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct InspectArgs {
    /// A file that vqlab has written or reads
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// # Errors
/// [`CliError::Usage`]: the file does not exist, is damaged, or is of an unknown kind.
pub fn run(args: InspectArgs) -> Result<(), CliError> {
    let found = inspect(&args.file).map_err(refused)?;
    if args.json {
        let mut value = Map::from_iter([("kind".into(), Value::from(found.kind))]);
        value.extend(found.holds);
        return print(&format!("{:#}\n", Value::Object(value)));
    }
    print(&table(&found))
}

/// One line per value, objects below their name.
fn table(found: &Inspected) -> String {
    let mut rows = vec![("kind".to_owned(), found.kind.to_owned())];
    add(&mut rows, &found.holds, 0);
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let line = |(name, value): &(String, String)| format!("{name:<width$}  {value}").trim_end().to_owned() + "\n";
    rows.iter().map(line).collect()
}

fn add(rows: &mut Vec<(String, String)>, holds: &Map<String, Value>, depth: usize) {
    for (name, value) in holds {
        // Top-level names are shown as words. Names of curves and metrics stay unchanged.
        let name = if depth == 0 { name.replace('_', " ") } else { name.clone() };
        let name = format!("{:1$}{name}", "", 2 * depth);
        match value {
            Value::Object(members) => {
                rows.push((name, String::new()));
                add(rows, members, depth + 1);
            }
            value => rows.push((name, text(value))),
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "none".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Number(number) if number.is_f64() => short(number.as_f64().unwrap_or_default()),
        other => other.to_string(),
    }
}
