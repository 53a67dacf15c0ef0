//! `vqlab specs`: lists, shows and copies the built-in experiment files of the paper.

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

`reproduce` runs these experiments without any file. To change an experiment, copy its
file, edit the copy, and pass it to `run`.";

/// Lists the built-in experiment files of the paper, shows one, or copies one
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct SpecsArgs {
    /// List the experiment files [default: unless --show or --copy is given]
    #[arg(long, conflicts_with_all = ["show", "copy"])]
    list: bool,
    /// Print an experiment file
    #[arg(long, value_name = "NAME", conflicts_with = "copy")]
    show: Option<String>,
    /// Copy an experiment file
    #[arg(long, value_name = "NAME")]
    copy: Option<String>,
    /// Name of the copy [default: NAME.toml]
    #[arg(short, long, visible_alias = "out", value_name = "FILE", requires = "copy")]
    output: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long, requires = "copy")]
    force: bool,
    /// Print the list as JSON
    #[arg(long, conflicts_with_all = ["show", "copy"])]
    json: bool,
}

/// # Errors
/// [`CliError::Usage`]: there is no such spec, or the copy would replace a file. [`CliError::Failed`]: the copy can't
/// be written.
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
        note(&format!("wrote {}\nhint: vqlab run {0}", path.display()));
        return Ok(());
    }
    list(args.json)
}

/// Finds a spec by its file name, with or without the ending.
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
