//! What an override or a claim may speak of: the panels, methods and bits of a spec under any of its profiles.

use std::collections::BTreeSet;

use super::document::{Body, Document, Filter};
use super::error::{Checked, Fault};
use super::expand::{distinct, total_bits};
use super::frame::{Choice, Frame, frames};
use super::layer::unknown;
use super::value::Node;

/// What names and bits there are under any profile: an override may speak of points that the chosen profile or a
/// `--set` leaves out, but not of points that no profile has.
pub(super) struct Known {
    pub panels: Vec<String>,
    methods: Vec<String>,
    pub bits: BTreeSet<u64>,
    /// Panel, methods and bits of every frame.
    points: Vec<(String, Vec<String>, Vec<u64>)>,
}

impl Known {
    pub fn new(document: &Document, chosen: &[Frame]) -> Known {
        let mut known = Known { panels: Vec::new(), methods: Vec::new(), bits: BTreeSet::new(), points: Vec::new() };
        let set = Body::default();
        let profiles = std::iter::once(None).chain(document.profiles.iter().map(|(_, body)| Some(body)));
        for profile in profiles {
            // What is wrong with a profile that was not chosen is said when it is.
            known.add(&frames(document, Choice { profile, set: &set, seeds: Some(1) }).unwrap_or_default());
        }
        known.add(chosen);
        known.panels = distinct(std::mem::take(&mut known.panels).into_iter());
        known.methods = distinct(std::mem::take(&mut known.methods).into_iter());
        known
    }

    fn add(&mut self, frames: &[Frame]) {
        for frame in frames {
            self.panels.push(frame.name.clone());
            let names = |path: &str| frame.settings.node(path).and_then(Node::list).unwrap_or_default();
            let all = names("sweep.methods").iter().chain(names("sweep.baselines"));
            let methods: Vec<String> = all.filter_map(Node::text).map(str::to_owned).collect();
            let bits: Vec<u64> = total_bits(frame).iter().map(|(_, bits)| *bits).collect();
            self.methods.extend(methods.iter().cloned());
            self.bits.extend(&bits);
            self.points.push((frame.name.clone(), methods, bits));
        }
    }

    /// A method as a claim names it, with or without its trainer, is one of the sweep.
    pub fn check_method(&self, node: &Node) -> Checked<()> {
        let name = node.text().unwrap_or_default();
        let method = name.split(':').next().unwrap_or_default();
        if self.methods.iter().any(|known| known.eq_ignore_ascii_case(method)) {
            return Ok(());
        }
        let known: Vec<&str> = self.methods.iter().map(String::as_str).collect();
        Err(unknown(node.span, &format!("the sweep has no method `{method}`"), method, &known))
    }

    pub fn check_filters(&self, document: &Document) -> Checked<()> {
        let profiles = document.profiles.iter().map(|(_, body)| body);
        for filter in std::iter::once(&document.base).chain(profiles).flat_map(|b| &b.overrides).map(|o| &o.filter) {
            check_names("panel", &filter.panels, &self.panels)?;
            check_names("method", &filter.methods, &self.methods)?;
            for node in filter.bits.iter().filter_map(Node::list).flatten() {
                if node.whole().is_none_or(|bits| !self.bits.contains(&bits)) {
                    let all: Vec<String> = self.bits.iter().map(u64::to_string).collect();
                    return Err(Fault::new(node.span, format!("no point of the sweep has {node} bits in total"))
                        .allowed(all.join(", ")));
                }
            }
            self.check_matches(filter)?;
        }
        Ok(())
    }
}

impl Known {
    /// An override that changes no point is a mistake.
    fn check_matches(&self, filter: &Filter) -> Checked<()> {
        let matches = |(panel, methods, bits): &(String, Vec<String>, Vec<u64>)| {
            methods.iter().any(|method| bits.iter().any(|bits| filter.matches(panel, method, *bits)))
        };
        if self.points.iter().any(matches) || self.points.is_empty() {
            return Ok(());
        }
        let all: Vec<String> = self.bits.iter().map(u64::to_string).collect();
        Err(Fault::new(filter.span, "no point of the sweep matches this `where`")
            .allowed(format!(
                "panels {}; methods {}; total bits {}, those that belong together",
                self.panels.join(", "),
                self.methods.join(", "),
                all.join(", ")
            ))
            .help("remove the override, or what filters too much"))
    }
}

fn check_names(what: &str, names: &Option<Node>, known: &[String]) -> Checked<()> {
    for node in names.iter().filter_map(Node::list).flatten() {
        let name = node.text().unwrap_or_default();
        if !known.iter().any(|known| known == name || (what == "method" && known.eq_ignore_ascii_case(name))) {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            return Err(unknown(node.span, &format!("the sweep has no {what} `{name}`"), name, &known));
        }
    }
    Ok(())
}
