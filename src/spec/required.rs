//! Fields that an experiment must have. All missing fields are reported at once, each in its table with a value to
//! paste.

use super::document::Document;
use super::error::{Checked, Fault, Span};
use super::frame::{Choice, settings_of_variants};
use super::layer::Settings;
use super::value::Node;
use crate::task::Wanted;

/// Rejects an experiment that lacks fields under the chosen profile.
pub(super) fn check(document: &Document, choice: Choice) -> Checked<()> {
    let mut missing: Vec<Wanted> = Vec::new();
    for settings in settings_of_variants(document, choice) {
        for field in wanted(document, choice, &settings) {
            if !missing.contains(&field) {
                missing.push(field);
            }
        }
    }
    let Some((first, _)) = missing.first() else { return Ok(()) };
    let names: Vec<String> = missing.iter().map(|(path, _)| format!("`{path}`")).collect();
    let message = match &names[..] {
        [one] => format!("{one} is missing"),
        [all @ .., last] => format!("{} and {last} are missing", all.join(", ")),
        [] => return Ok(()),
    };
    Err(Fault::new(place(document, first), message)
        .help(format!("add, with values of your own,\n{}", to_paste(&missing))))
}

/// The position of a field's table, or else of the head of the spec.
fn place(document: &Document, path: &str) -> Span {
    let section = path.split('.').next().unwrap_or(path);
    let found = document.head.tables.iter().find(|(name, _)| name == section);
    found.map_or(document.head.span, |(_, span)| *span)
}

/// Lines for the spec, grouped by table.
fn to_paste(missing: &[Wanted]) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut tables: Vec<&str> = Vec::new();
    for (path, _) in missing {
        let table = path.split('.').next().unwrap_or(path);
        if tables.contains(&table) {
            continue;
        }
        tables.push(table);
        lines.push(format!("  [{table}]"));
        let own =
            missing.iter().filter_map(|(path, value)| Some((path.strip_prefix(table)?.strip_prefix('.')?, value)));
        lines.extend(own.map(|(name, value)| format!("  {name} = {value}")));
    }
    lines.join("\n")
}

/// The fields that these settings lack.
fn wanted(document: &Document, choice: Choice, settings: &Settings) -> Vec<Wanted> {
    let has = |path: &str| {
        let in_overrides = || {
            let bodies = std::iter::once(&document.base).chain(choice.profile);
            bodies.flat_map(|body| &body.overrides).any(|patch| patch.layer.has(path))
        };
        settings.node(path).is_some() || settings.axes().iter().any(|(axis, _)| *axis == path) || in_overrides()
    };
    let names = |path: &str| settings.node(path).and_then(Node::list).is_some_and(|items| !items.is_empty());
    let mut fields: Vec<Wanted> = Vec::new();
    let mut want = |path: &'static str, value: &'static str| {
        if !has(path) {
            fields.push((path, value));
        }
    };
    if !names("sweep.methods") && !names("sweep.baselines") {
        want("sweep.methods", "[\"rvq\", \"pvq\"]");
    }
    want("sweep.stages", "[4]");
    if !has("sweep.bits-per-stage") {
        want("sweep.bits", "[12, 16, 20]");
    }
    let task = document.head.task;
    let trains = names("sweep.methods") && settings.text("training.trainer") != Some("kmeans");
    let of_training = if trains { task.wanted_of_training(settings) } else { Vec::new() };
    for (path, value) in task.wanted(settings).into_iter().chain(of_training) {
        want(path, value);
    }
    fields
}
