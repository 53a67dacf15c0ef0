//! `[output]`: the file of a panel's numbers, the published file for the comparison, the figure of the panel, and the
//! first entries of the Results file.

use std::collections::HashMap;
use std::path::{Component, Path};

use super::document::{LONGEST_NAME, check_keys, names_files};
use super::error::{Checked, Fault, quoted};
use super::field::{FIGURES, Kind};
use super::layer::unknown;
use super::value::{Key, Node};

#[derive(Default)]
pub(super) struct Output {
    results: Vec<(Key, Node)>,
    published: Vec<(Key, Node)>,
    figures: Vec<(Key, Node)>,
    labels: Vec<(Key, Node)>,
    /// Whether the codebooks of toy cells are kept.
    pub codebooks: bool,
}

/// The outputs of one panel.
pub(super) struct PanelOutput {
    pub results_file: String,
    pub published_file: Option<String>,
    pub figure: Option<String>,
    pub labels: Vec<(String, String)>,
}

impl Output {
    pub fn read(node: &Node) -> Checked<Output> {
        let table = node.expect_table("output")?;
        check_keys("output", table, &["results", "published", "figures", "labels", "codebooks"])?;
        if let Some(node) = table.get("codebooks") {
            Kind::Flag.check("output.codebooks", node)?;
        }
        let entries = |name: &str, check: &dyn Fn(&str, &Node) -> Checked<()>| {
            let section = format!("output.{name}");
            let Some(node) = table.get(name) else { return Ok(Vec::new()) };
            let entries = &node.expect_table(&section)?.entries;
            entries.iter().try_for_each(|(key, node)| check(&format!("{section}.{}", key.name), node))?;
            Ok(entries.clone())
        };
        Ok(Output {
            results: entries("results", &check_file)?,
            published: entries("published", &check_file)?,
            figures: entries("figures", &check_figure)?,
            labels: entries("labels", &check_labels)?,
            codebooks: table.get("codebooks").and_then(Node::flag).unwrap_or(false),
        })
    }

    /// Checks that every panel named here is in `known`.
    pub fn check_panels(&self, known: &[&str]) -> Checked<()> {
        let named = [&self.results, &self.published, &self.figures, &self.labels];
        match named.into_iter().flatten().find(|(key, _)| !known.contains(&key.name.as_str())) {
            Some((key, _)) => Err(unknown(key.span, &format!("unknown panel `{}`", key.name), &key.name, known)),
            None => Ok(()),
        }
    }

    /// Checks that `[experiment] figures` has the figures of `[output.figures]`, in any order.
    pub fn check_figures(&self, listed: &Node) -> Checked<()> {
        let mut drawn: Vec<&str> = self.figures.iter().filter_map(|(_, node)| node.text()).collect();
        drawn.sort_unstable();
        drawn.dedup();
        let items = listed.list().unwrap_or_default();
        let is_listed = |figure: &&str| items.iter().any(|item| item.text() == Some(*figure));
        let fault = if let Some(extra) = items.iter().find(|item| item.text().is_none_or(|id| !drawn.contains(&id))) {
            Fault::new(extra.span, format!("`experiment.figures` has {extra}, which no panel of [output.figures] has"))
        } else if let Some(missing) = drawn.iter().find(|figure| !is_listed(figure)) {
            let message = format!("`experiment.figures` lacks \"{missing}\", which [output.figures] has");
            Fault::new(listed.span, message)
        } else {
            return Ok(());
        };
        let allowed = if drawn.is_empty() { "none".to_owned() } else { quoted(drawn) };
        Err(fault.allowed(format!("{allowed}: the figures of [output.figures]")))
    }

    /// Checks that no two panels of `panels` write the same file.
    pub fn check_files(&self, experiment: &str, panels: &[&str]) -> Checked<()> {
        let mut seen = HashMap::new();
        // Beside NAME.json, the other measurement is in NAME-fresh.json or NAME-training.json.
        for panel in panels {
            let file = self.panel(experiment, panel).results_file;
            for ending in ["-fresh.json", "-training.json"] {
                seen.insert(file.replace(".json", ending), *panel);
            }
        }
        for panel in panels {
            let file = self.panel(experiment, panel).results_file;
            if let Some(first) = seen.insert(file.clone(), *panel) {
                // Default names differ, so at least one of the two is in the spec.
                let written = |name: &str| self.results.iter().find(|(key, _)| key.name == name);
                let span = written(panel).or(written(first)).map(|(_, node)| node.span).unwrap_or_default();
                let message = format!("the panels `{first}` and `{panel}` would both write \"{file}\"");
                return Err(Fault::new(span, message).help("give each panel a file of its own"));
            }
        }
        Ok(())
    }

    /// Whether any panel has a published file for comparison.
    pub fn has_published(&self) -> bool {
        let is_named_so = |(_, node): &(Key, Node)| node.text().is_some_and(is_of_the_paper);
        !self.published.is_empty() || self.results.iter().any(is_named_so)
    }

    pub fn panel(&self, experiment: &str, panel: &str) -> PanelOutput {
        let text = |entries: &[(Key, Node)]| {
            let entry = entries.iter().find(|(key, _)| key.name == panel);
            entry.and_then(|(_, node)| node.text()).map(str::to_owned)
        };
        let results_file = text(&self.results).unwrap_or_else(|| format!("{experiment}/{}.json", as_file(panel)));
        let same_name = is_of_the_paper(&results_file).then(|| results_file.clone());
        let labels = self.labels.iter().find(|(key, _)| key.name == panel);
        let labels = labels.and_then(|(_, node)| node.table()).map(|table| &table.entries[..]).unwrap_or_default();
        PanelOutput {
            published_file: text(&self.published).or(same_name),
            figure: text(&self.figures),
            labels: labels.iter().filter_map(|(k, node)| Some((k.name.clone(), node.text()?.to_owned()))).collect(),
            results_file,
        }
    }
}

/// A panel's name as a file name. Panels of an axis over `data.path` have the name of a folder.
fn as_file(panel: &str) -> String {
    let parts = panel.split(['/', '\\', ':']).filter(|part| !matches!(*part, "" | "." | ".."));
    let name = parts.collect::<Vec<_>>().join("-").replace(char::is_control, "-");
    if name.is_empty() { "-".into() } else { name }
}

/// Whether a Results file has the name of one of the paper's figures. It is then compared with the published file of
/// that name.
fn is_of_the_paper(results_file: &str) -> bool {
    results_file.starts_with("Figure ")
}

/// Folders of a profile's results with other content.
pub(super) const RESERVED: [&str; 4] = ["provenance", "codebooks", "pictures", "audio"];

/// Folders in results/ that are no profile's.
pub const FOLDERS: [&str; 9] =
    ["audio", "cells", "published", "codebooks", "shared", "pictures", "networks", "checkpoints", "slurm"];

/// Files must be below the results folder: relative, without `..`, JSON.
fn check_file(name: &str, node: &Node) -> Checked<()> {
    let allowed = "a relative path without .. that ends in .json, as \"Figure 2/correlated.json\"; in it no control \
                   characters, \\ or :, and names of up to 200 bytes";
    let is_good = |text: &str| {
        let is_name = |part: &Component| matches!(part, Component::Normal(name) if name.len() <= LONGEST_NAME);
        let inside = Path::new(text).components().all(|part| is_name(&part));
        inside
            && !text.contains(['\\', ':'])
            && !text.contains(char::is_control)
            && text.ends_with(".json")
            && !text.split('/').next().is_some_and(|first| RESERVED.contains(&first))
            && text.len() > ".json".len()
    };
    if node.text().is_some_and(is_good) { Ok(()) } else { Err(node.cannot_be(name).allowed(allowed)) }
}

/// One of the paper's figures, or a user-defined name.
pub(super) fn check_figure(name: &str, node: &Node) -> Checked<()> {
    match node.text() {
        Some(figure) if names_files(figure) => Ok(()),
        _ => Err(node.cannot_be(name).allowed(format!(
            "the paper's figures, {}, or a name of your own: 1 to {LONGEST_NAME} of the letters a-z and A-Z, digits, - and _",
            quoted(FIGURES.iter().copied())
        ))),
    }
}

fn check_labels(name: &str, node: &Node) -> Checked<()> {
    for (key, node) in &node.expect_table(name)?.entries {
        node.expect_text(&format!("{name}.{}", key.name))?;
        if key.name == "Metric" {
            return Err(Fault::new(key.span, "the label \"Metric\" is added to every Results file").help("remove it"));
        }
    }
    Ok(())
}
