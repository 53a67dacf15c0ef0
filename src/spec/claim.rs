//! `[[claim]]`: statements of the paper that are checked on our results and on the published results.

use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Unbounded};

use super::document::{check_keys, method, read_range};
use super::error::{Checked, Fault, quoted};
use super::field::{Kind, POSITIVE};
use super::known::Known;
use super::layer::unknown;
use super::plan::{Claim, ClaimKind, ClaimMetric, Named};
use super::value::{Node, Table};
use super::{Method, Trainer};
use crate::task::Task;

/// A claim with panels and bits as written. They can be checked as soon as those of the sweep are known.
pub(super) struct WrittenClaim {
    claim: Claim,
    panels: Vec<Node>,
    /// `where.bits`.
    bits: Vec<Node>,
    /// The nodes that name methods in the claim.
    methods: Vec<Node>,
}

pub(super) const KINDS: [&str; 7] =
    ["order", "lowest", "highest", "rises", "gap-shrinks", "near-baseline", "best-by-complexity"];
const ALLOWED: &str = "exactly one of order = [methods, lowest first, or with best-first = true the best first], \
     lowest = METHOD, highest = METHOD, near-baseline = { method = METHOD, margin = NUMBER }, rises = true, \
     gap-shrinks = true, best-by-complexity = [methods, the best for the fewest operations first]";

/// The names of the smallest and the largest position in a claim, and the maximum value.
pub(super) type Bounds = ([&'static str; 2], i64);

/// The bounds that a claim may have. The bounds of the panels' axis come first.
pub(super) fn bounds(task: &dyn Task) -> Vec<Bounds> {
    const BITS: Bounds = (["min-bits", "max-bits"], 256);
    task.axis().map(|axis| axis.bounds).into_iter().chain([BITS]).collect()
}

/// The keys that define the scope of a claim, beside it or under `where`.
pub(super) fn scope_names(task: &dyn Task) -> Vec<&'static str> {
    std::iter::once("panels").chain(bounds(task).into_iter().rev().flat_map(|(names, _)| names)).collect()
}

pub(super) fn read(task: &dyn Task, node: &Node) -> Checked<WrittenClaim> {
    let table = node.expect_table("claim")?;
    check_keys(
        "claim",
        table,
        &[&["text", "metric", "where", "best-first", "margin"], &KINDS[..], &scope_names(task)].concat(),
    )?;
    if let Some(node) = table.get("metric") {
        // For images and speech, `evaluation.metric` selects the panel's own metric.
        Kind::Choice(task.claim_metrics()).check("claim.metric", node)?;
    }
    let metric = match table.get("metric").and_then(Node::text) {
        Some("complexity") if task.trains() => ClaimMetric::Complexity,
        _ => ClaimMetric::Primary,
    };
    let Some(text_node) = table.get("text") else {
        return Err(Fault::new(node.span, "`claim.text` is missing").allowed("the statement in words, in quotes"));
    };
    let text = text_node.expect_text("claim.text")?.to_owned();
    let kinds: Vec<_> = table.entries.iter().filter(|(key, _)| KINDS.contains(&key.name.as_str())).collect();
    let kind = match kinds[..] {
        [(key, node)] => read_kind(&key.name, node, table)?,
        [] => return Err(Fault::new(text_node.span, "the claim says nothing that can be checked").allowed(ALLOWED)),
        [(first, _), (second, _), ..] => {
            let message = format!("the claim has both `{}` and `{}`", first.name, second.name);
            return Err(Fault::new(second.span, message).allowed(ALLOWED).help("write two claims"));
        }
    };
    if let (ClaimKind::BestByComplexity(_), Some(node)) = (&kind, table.get("metric")) {
        return Err(Fault::new(node.span, "`claim.metric` has no meaning beside `best-by-complexity`")
            .allowed("the panel's own metric, over the paper's count of operations")
            .help("remove it"));
    }
    let margin = margin(table, &kind)?;
    let methods = kinds.first().map(|(_, node)| method_nodes(node)).unwrap_or_default();
    let scope = scope(task, table)?;
    let list = |name: &str, kind: Kind| match scope.get(name) {
        Some(node) => kind.check(&format!("claim.{name}"), node).map(|()| node.list().unwrap_or_default().to_vec()),
        None => Ok(Vec::new()),
    };
    let panels = list("panels", Kind::Names)?;
    let written_bits = list("bits", Kind::WholeList(1, 256))?;
    let (min, max) = range(&scope, &bounds(task))?;
    let narrow = |place: Option<u64>| place.and_then(|place| u32::try_from(place).ok());
    let claim = Claim { text, kind, metric, panels: Vec::new(), min: narrow(min), max: narrow(max), margin };
    Ok(WrittenClaim { claim, panels, bits: written_bits, methods })
}

/// Reads `margin`, which has a meaning only where values are compared.
fn margin(table: &Table, kind: &ClaimKind) -> Checked<Option<f64>> {
    let Some(node) = table.get("margin") else { return Ok(None) };
    let name = "claim.margin";
    if !matches!(kind, ClaimKind::Order { .. } | ClaimKind::Lowest(_) | ClaimKind::Highest(_)) {
        return Err(Fault::new(node.span, "`claim.margin` has no meaning in a claim of this kind")
            .allowed("beside order, lowest or highest; near-baseline has a margin of its own")
            .help("remove it"));
    }
    let words = "a number above 0: a share of the larger value (0.02 is 2 %), or dB, or points of PESQ";
    Kind::Number((Excluded(0.0), Unbounded), words).check(name, node)?;
    Ok(node.number())
}

/// The nodes that name methods in the value of a claim's kind.
fn method_nodes(node: &Node) -> Vec<Node> {
    let inner = node.table().and_then(|table| table.get("method"));
    let list = node.list().map(<[Node]>::to_vec);
    list.unwrap_or_else(|| vec![inner.unwrap_or(node).clone()])
        .into_iter()
        .filter(|node| node.text().is_some())
        .collect()
}

/// The first of these bounds with a value.
fn range(scope: &Table, bounds: &[Bounds]) -> Checked<(Option<u64>, Option<u64>)> {
    let mut found = (None, None);
    for (names, most) in bounds.iter().rev() {
        match read_range(scope, *names, *most)? {
            (None, None) => {}
            range => found = range,
        }
    }
    Ok(found)
}

/// The scope of the claim, in either notation, each key once.
fn scope(task: &dyn Task, table: &Table) -> Checked<Table> {
    let names = scope_names(task);
    let beside = table.entries.iter().filter(|(key, _)| names.contains(&key.name.as_str()));
    let mut scope = Table { entries: beside.cloned().collect() };
    if let Some(node) = table.get("where") {
        let filter = node.expect_table("claim.where")?;
        check_keys("claim.where", filter, &[&["panels", "bits"], &scope_names(task)[1..]].concat())?;
        for (key, node) in &filter.entries {
            if scope.get(&key.name).is_some() {
                let message = format!("the claim has `{}` both in `where` and beside it", key.name);
                return Err(Fault::new(key.span, message)
                    .allowed("only one of the two forms")
                    .help("remove one of them"));
            }
            scope.entries.push((key.clone(), node.clone()));
        }
    }
    let named = |name: &str| scope.entries.iter().find(|(key, _)| key.name == name);
    match (named("bits"), named("min-bits").or(named("max-bits"))) {
        (Some(_), Some((key, _))) => {
            let message = format!("the claim has both `bits` and `{}`", key.name);
            Err(Fault::new(key.span, message).allowed("bits = [total bits, …], or min-bits and max-bits"))
        }
        _ => Ok(scope),
    }
}

fn read_kind(name: &str, node: &Node, table: &Table) -> Checked<ClaimKind> {
    let one = || read_named(&format!("claim.{name}"), node);
    let best_first = table.get("best-first");
    if let Some(node) = best_first {
        if name != "order" {
            return Err(Fault::new(node.span, format!("`claim.best-first` has no meaning beside `{name}`"))
                .allowed("beside order")
                .help("remove it"));
        }
        Kind::Flag.check("claim.best-first", node)?;
    }
    match name {
        "order" => {
            let best_first = best_first.and_then(Node::flag).unwrap_or(false);
            let first = if best_first { "the best first" } else { "lowest first" };
            Ok(ClaimKind::Order { order: read_order("claim.order", node, first)?, best_first })
        }
        "best-by-complexity" => {
            let name = "claim.best-by-complexity";
            Kind::MethodList.check(name, node)?;
            let order = read_order(name, node, "the best for the fewest operations first")?;
            Ok(ClaimKind::BestByComplexity(order.into_iter().map(|named| named.method).collect()))
        }
        "lowest" => Ok(ClaimKind::Lowest(one()?)),
        "highest" => Ok(ClaimKind::Highest(one()?)),
        "near-baseline" => near_baseline(node),
        "rises" if node.flag() == Some(true) => Ok(ClaimKind::Rises),
        "gap-shrinks" if node.flag() == Some(true) => Ok(ClaimKind::GapShrinks),
        _ => Err(node.cannot_be(&format!("claim.{name}")).allowed("true")),
    }
}

fn read_order(name: &str, node: &Node, first: &str) -> Checked<Vec<Named>> {
    let items = node.list().unwrap_or_default();
    let order = items.iter().map(|item| read_named(name, item)).collect::<Checked<Vec<Named>>>()?;
    if order.len() < 2 {
        return Err(node.cannot_be(name).allowed(format!("two methods or more, {first}")));
    }
    match items.iter().enumerate().find(|(i, _)| order[..*i].contains(&order[*i])) {
        Some((_, item)) => Err(Fault::new(item.span, format!("`{name}` has {item} twice")).help("remove one of them")),
        None => Ok(order),
    }
}

/// A method, optionally with its trainer: `rvq` or `rvq:kmeans`.
fn read_named(name: &str, node: &Node) -> Checked<Named> {
    let allowed = || {
        let methods: Vec<String> = Method::names();
        format!("{}, or with a trainer, as \"rvq:kmeans\" for the baseline", quoted(methods.iter().map(String::as_str)))
    };
    let text = node.text().ok_or_else(|| node.cannot_be(name).allowed(allowed()))?;
    let (method_name, trainer) = text.split_once(':').map_or((text, None), |(method, trainer)| (method, Some(trainer)));
    let trainer = match trainer {
        None => Some(None),
        Some("kmeans") => Some(Some(Trainer::Kmeans)),
        Some("nsvq") => Some(Some(Trainer::Nsvq)),
        Some(_) => None,
    };
    match (method(method_name), trainer) {
        (Some(method), Some(trainer)) => Ok(Named { method, trainer }),
        _ => Err(node.cannot_be(name).allowed(allowed())),
    }
}

fn near_baseline(node: &Node) -> Checked<ClaimKind> {
    let table = node.expect_table("claim.near-baseline")?;
    check_keys("claim.near-baseline", table, &["method", "margin"])?;
    let (Some(name), Some(margin)) = (table.get("method"), table.get("margin")) else {
        return Err(node.cannot_be("claim.near-baseline").allowed("{ method = \"avq\", margin = 0.05 }"));
    };
    Kind::Method.check("claim.near-baseline.method", name)?;
    POSITIVE.check("claim.near-baseline.margin", margin)?;
    let method = name.text().and_then(method).ok_or_else(|| name.cannot_be("claim.near-baseline.method"))?;
    Ok(ClaimKind::NearBaseline { method, margin: margin.number().unwrap_or_default() })
}

impl WrittenClaim {
    /// The claim for a plan with the panels `planned`. `known` has everything under any profile. None if all panels of
    /// the claim are missing in this plan.
    pub fn resolve(&self, planned: &[&str], known: &Known) -> Checked<Option<Claim>> {
        let (min, max) = self.range(&known.bits)?;
        for node in &self.methods {
            known.check_method(node)?;
        }
        let known: Vec<&str> = known.panels.iter().map(String::as_str).collect();
        let mut panels = Vec::new();
        for node in &self.panels {
            let name = node.text().unwrap_or_default();
            if !known.contains(&name) {
                return Err(unknown(node.span, &format!("unknown panel `{name}`"), name, &known));
            }
            if planned.contains(&name) {
                panels.push(name.to_owned());
            }
        }
        if panels.is_empty() && !self.panels.is_empty() {
            return Ok(None);
        }
        Ok(Some(Claim { panels, min, max, ..self.claim.clone() }))
    }

    /// The smallest and the largest bits. A list of bits must not leave gaps in the bits of the sweep, `known`.
    fn range(&self, known: &BTreeSet<u64>) -> Checked<(Option<u32>, Option<u32>)> {
        let list: BTreeSet<u64> = self.bits.iter().filter_map(Node::whole).collect();
        let (Some(&least), Some(&most)) = (list.first(), list.last()) else {
            return Ok((self.claim.min, self.claim.max));
        };
        let words = |bits: &BTreeSet<u64>| bits.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        let is_known = |node: &&Node| node.whole().is_some_and(|bits| known.contains(&bits));
        if let Some(node) = self.bits.iter().find(|node| !is_known(node)) {
            let message = format!("no point of the sweep has {node} bits in total");
            return Err(Fault::new(node.span, message).allowed(words(known)));
        }
        if let (Some(gap), Some(node)) =
            (known.range(least..=most).find(|bits| !list.contains(bits)), self.bits.first())
        {
            let message = format!("`claim.bits` leaves out {gap} bits, between {least} and {most}");
            return Err(Fault::new(node.span, message)
                .allowed(format!("neighbors out of {}", words(known)))
                .help("write one claim for each run of bits"));
        }
        Ok((u32::try_from(least).ok(), u32::try_from(most).ok()))
    }
}
