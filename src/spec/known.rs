//! What an override or a claim may speak of: the panels, methods and bits of a spec under any of its profiles.

use std::collections::BTreeSet;

use super::document::{Body, Document};
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
}

impl Known {
    pub fn new(document: &Document, chosen: &[Frame]) -> Known {
        let mut known = Known { panels: Vec::new(), methods: Vec::new(), bits: BTreeSet::new() };
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
            for path in ["sweep.methods", "sweep.baselines"] {
                let methods = frame.settings.node(path).and_then(Node::list).unwrap_or_default();
                self.methods.extend(methods.iter().filter_map(Node::text).map(str::to_owned));
            }
            self.bits.extend(total_bits(frame).iter().map(|(_, bits)| bits));
        }
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
        }
        Ok(())
    }
}

fn check_names(what: &str, names: &Option<Node>, known: &[String]) -> Checked<()> {
    for node in names.iter().filter_map(Node::list).flatten() {
        let name = node.text().unwrap_or_default();
        if !known.iter().any(|known| known == name) {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            return Err(unknown(node.span, &format!("the sweep has no {what} `{name}`"), name, &known));
        }
    }
    Ok(())
}
