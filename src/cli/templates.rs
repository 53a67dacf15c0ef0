//! `vqlab specs`: the experiment files that the program carries, to read and to begin one's own with.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::outcome::failed;
use super::{CliError, note, print};
use crate::data::file::Output;
use crate::spec::{LoadOptions, PAPER, PaperSpec, Purpose};

const EXAMPLES: &str = "\
Examples:
  vqlab specs
  vqlab specs --copy toy -o my-toy.toml
  vqlab specs --show complexity

`reproduce` runs these experiments without any file. To change one, copy it, change
the copy, and give that to `run`.";

/// Lists the experiment files of the paper that the program carries, shows one, or copies one
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct SpecsArgs {
    /// Lists them (also without any option)
    #[arg(long, conflicts_with_all = ["show", "copy"])]
    list: bool,
    /// Prints one
    #[arg(long, value_name = "NAME", conflicts_with = "copy")]
    show: Option<String>,
    /// Copies one
    #[arg(long, value_name = "NAME")]
    copy: Option<String>,
    /// The copy [default: NAME.toml]
    #[arg(short, long, visible_alias = "out", value_name = "FILE", requires = "copy")]
    output: Option<PathBuf>,
    /// Replaces a file that is there
    #[arg(long, requires = "copy")]
    force: bool,
    /// Prints the list as JSON
    #[arg(long, conflicts_with_all = ["show", "copy"])]
    json: bool,
}

/// # Errors
/// Of use: there is no such spec, or the copy would replace a file. Failed: it can't be written.
pub fn run(args: SpecsArgs) -> Result<(), CliError> {
    if let Some(name) = &args.show {
        return print(find(name)?.text());
    }
    if let Some(name) = &args.copy {
        let spec = find(name)?;
        let path = args.output.unwrap_or_else(|| PathBuf::from(spec.file));
        let output = Output::new(&path).force(args.force);
        output.check().map_err(|error| CliError::Usage(error.to_string()))?;
        crate::temporary::replace(output.path(), spec.text().as_bytes())
            .map_err(|error| failed(format!("cannot write {}: {error}", path.display())))?;
        note(&format!("wrote {}; run it by: vqlab run {0}", path.display()));
        return Ok(());
    }
    list(args.json)
}

/// By file name, with or without its ending.
fn find(name: &str) -> Result<&'static PaperSpec, CliError> {
    PAPER.iter().find(|spec| spec.file == name || stem(spec) == name).ok_or_else(|| {
        let names: Vec<&str> = PAPER.iter().map(stem).collect();
        CliError::Usage(format!("there is no spec `{name}`\nallowed: {}", names.join(", ")))
    })
}

fn stem(spec: &PaperSpec) -> &'static str {
    spec.file.strip_suffix(".toml").unwrap_or(spec.file)
}

fn list(as_json: bool) -> Result<(), CliError> {
    let mut rows = Vec::new();
    for spec in PAPER {
        let plan = spec.plan(&LoadOptions::default()).map_err(failed)?;
        let about = match spec.purpose {
            Purpose::Figures => format!("Figure {}", plan.figures.join(", ")),
            Purpose::Defects => "defect".to_owned(),
            Purpose::Study => "study".to_owned(),
        };
        rows.push((stem(spec), about, plan));
    }
    if as_json {
        let rows = rows.iter().map(|(name, about, plan)| {
            json!({ "name": name, "about": about, "title": plan.title, "cells": plan.cells().len() })
        });
        return print(&format!("{:#}\n", json!(rows.collect::<Vec<_>>())));
    }
    let width = |column: fn(&(&str, String, crate::spec::Plan)) -> usize| rows.iter().map(column).max().unwrap_or(0);
    let (names, abouts) = (width(|row| row.0.len()), width(|row| row.1.len()));
    let lines = rows.iter().map(|(name, about, plan)| format!("{name:names$}  {about:abouts$}  {}\n", plan.title));
    print(&lines.collect::<String>())
}
