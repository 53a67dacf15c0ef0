//! The names that an override or a claim may use: the panels, methods and bits of a spec under any of its profiles.

use std::collections::BTreeSet;

use super::document::{Body, Document, Filter};
use super::error::{Checked, Fault};
use super::expand::{distinct, total_bits};
use super::frame::{Choice, Frame, frames};
use super::layer::unknown;
use super::value::Node;

/// The names and bits under any profile. An override may select points that the chosen profile or a `--set` leaves out,
/// but not points that no profile has.
pub(super) struct Known {
    pub panels: Vec<String>,
    methods: Vec<String>,
    pub bits: BTreeSet<u64>,
    frames: Vec<KnownFrame>,
}

/// The expansion of a frame.
struct KnownFrame {
    panel: String,
    /// Names, and whether each is a baseline.
    contenders: Vec<(String, bool)>,
    bits: Vec<u64>,
}

impl Known {
    pub fn new(document: &Document, chosen: &[Frame]) -> Known {
        let mut known = Known { panels: Vec::new(), methods: Vec::new(), bits: BTreeSet::new(), frames: Vec::new() };
        let set = Body::default();
        let profiles = std::iter::once(None).chain(document.profiles.iter().map(|(_, body)| Some(body)));
        for profile in profiles {
            // Errors in other profiles are reported when the user selects them.
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
            let of = |path: &str, is_baseline: bool| -> Vec<(String, bool)> {
                names(path).iter().filter_map(|node| Some((node.text()?.to_owned(), is_baseline))).collect()
            };
            let methods = [of("sweep.methods", false), of("sweep.baselines", true)].concat();
            let bits: Vec<u64> = total_bits(frame).iter().map(|(_, bits)| *bits).collect();
            self.methods.extend(methods.iter().map(|(name, _)| name.clone()));
            self.bits.extend(&bits);
            self.frames.push(KnownFrame { panel: frame.name.clone(), contenders: methods, bits });
        }
    }

    /// Checks that the method named in a claim, with or without its trainer, is in the sweep.
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
            for node in filter.methods.iter().filter_map(Node::list).flatten() {
                self.check_method(node)?;
            }
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
        let matches = |frame: &KnownFrame| {
            let of = |(method, is_baseline): &(String, bool)| {
                frame.bits.iter().any(|bits| filter.matches(&frame.panel, (method, *is_baseline), *bits))
            };
            frame.contenders.iter().any(of)
        };
        if self.frames.iter().any(matches) || self.frames.is_empty() {
            return Ok(());
        }
        let all: Vec<String> = self.bits.iter().map(u64::to_string).collect();
        Err(Fault::new(filter.span, "no point of the sweep matches this `where`")
            .allowed(format!(
                "panels {}; methods {}; total bits {}, in combinations of the sweep",
                self.panels.join(", "),
                self.methods.join(", "),
                all.join(", ")
            ))
            .help("remove the override, or the keys that exclude all points"))
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
