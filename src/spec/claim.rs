//! `[[claim]]`: statements of the paper that are checked on our results and on the published ones.

use std::collections::BTreeSet;

use super::cell::Method;
use super::document::{check_keys, method, read_range};
use super::error::{Checked, Fault};
use super::field::{Kind, MOST_BITRATE, MOST_RANK};
use super::layer::unknown;
use super::plan::{Claim, ClaimKind, ClaimMetric, TaskKind};
use super::value::{Node, Table};

/// A claim with panels and bits as written, so that they can be checked once those of the sweep are known.
pub(super) struct WrittenClaim {
    claim: Claim,
    panels: Vec<Node>,
    /// `where.bits`.
    bits: Vec<Node>,
}

const KINDS: [&str; 7] = ["order", "lowest", "highest", "rises", "gap-shrinks", "near-baseline", "best-by-complexity"];
const ALLOWED: &str = "exactly one of order = [methods, lowest first], lowest = METHOD, highest = METHOD, \
     near-baseline = { method = METHOD, margin = NUMBER }, rises = true, gap-shrinks = true, \
     best-by-complexity = [methods, the best for the fewest operations first]";

/// Names of a smallest and a largest place, and the most that they may be.
type Bounds = ([&'static str; 2], i64);

/// The bounds that a claim may have, those of the panels' axis first.
fn bounds(task: TaskKind) -> &'static [Bounds] {
    const BITS: Bounds = (["min-bits", "max-bits"], 256);
    const RANK: Bounds = (["min-t", "max-t"], MOST_RANK);
    const BITRATE: Bounds = (["min-bitrate", "max-bitrate"], MOST_BITRATE);
    match task {
        TaskKind::Search => &[RANK, BITS],
        TaskKind::Speech => &[BITRATE, BITS],
        TaskKind::Toy | TaskKind::Image | TaskKind::Complexity => &[BITS],
    }
}

/// What a claim speaks of, beside it or under `where`.
fn scope_names(task: TaskKind) -> Vec<&'static str> {
    std::iter::once("panels").chain(bounds(task).iter().rev().flat_map(|(names, _)| *names)).collect()
}

pub(super) fn read(task: TaskKind, node: &Node) -> Checked<WrittenClaim> {
    let table = node.expect_table("claim")?;
    check_keys("claim", table, &[&["text", "metric", "where"], &KINDS[..], &scope_names(task)].concat())?;
    if let Some(node) = table.get("metric") {
        let metric: &[&str] = match task {
            TaskKind::Toy => &["mse", "complexity"],
            TaskKind::Search => &["recall", "complexity"],
            // The own metric of a panel of images or speech is that of `evaluation.metric`.
            TaskKind::Image | TaskKind::Speech | TaskKind::Complexity => &["complexity"],
        };
        Kind::Choice(metric).check("claim.metric", node)?;
    }
    let metric = match table.get("metric").and_then(Node::text) {
        Some("complexity") if task != TaskKind::Complexity => ClaimMetric::Complexity,
        _ => ClaimMetric::Primary,
    };
    let Some(text_node) = table.get("text") else {
        return Err(Fault::new(node.span, "`claim.text` is missing").allowed("the statement in words, in quotes"));
    };
    let text = text_node.expect_text("claim.text")?.to_owned();
    let kinds: Vec<_> = table.entries.iter().filter(|(key, _)| KINDS.contains(&key.name.as_str())).collect();
    let kind = match kinds[..] {
        [(key, node)] => read_kind(&key.name, node)?,
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
    let scope = scope(task, table)?;
    let list = |name: &str, kind: Kind| match scope.get(name) {
        Some(node) => kind.check(&format!("claim.{name}"), node).map(|()| node.list().unwrap_or_default().to_vec()),
        None => Ok(Vec::new()),
    };
    let panels = list("panels", Kind::Names)?;
    let written_bits = list("bits", Kind::WholeList(1, 256))?;
    let (min, max) = range(&scope, bounds(task))?;
    let narrow = |place: Option<u64>| place.and_then(|place| u32::try_from(place).ok());
    let claim = Claim { text, kind, metric, panels: Vec::new(), min: narrow(min), max: narrow(max) };
    Ok(WrittenClaim { claim, panels, bits: written_bits })
}

/// The first of these bounds that are given.
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

/// What the claim speaks of, in either spelling: each thing once.
fn scope(task: TaskKind, table: &Table) -> Checked<Table> {
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
                    .allowed("one of the two spellings")
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

fn read_kind(name: &str, node: &Node) -> Checked<ClaimKind> {
    let allowed = Kind::Method;
    let one = || {
        allowed.check(&format!("claim.{name}"), node)?;
        node.text().and_then(method).ok_or_else(|| node.cannot_be(name))
    };
    match name {
        "order" => Ok(ClaimKind::Order(read_order("claim.order", node, "lowest first")?)),
        "best-by-complexity" => Ok(ClaimKind::BestByComplexity(read_order(
            "claim.best-by-complexity",
            node,
            "the best for the fewest operations first",
        )?)),
        "lowest" => Ok(ClaimKind::Lowest(one()?)),
        "highest" => Ok(ClaimKind::Highest(one()?)),
        "near-baseline" => near_baseline(node),
        "rises" if node.flag() == Some(true) => Ok(ClaimKind::Rises),
        "gap-shrinks" if node.flag() == Some(true) => Ok(ClaimKind::GapShrinks),
        _ => Err(node.cannot_be(&format!("claim.{name}")).allowed("true")),
    }
}

fn read_order(name: &str, node: &Node, first: &str) -> Checked<Vec<Method>> {
    Kind::MethodList.check(name, node)?;
    let methods: Vec<Method> =
        node.list().unwrap_or_default().iter().filter_map(|item| item.text().and_then(method)).collect();
    if methods.len() < 2 {
        return Err(node.cannot_be(name).allowed(format!("two methods or more, {first}")));
    }
    Ok(methods)
}

fn near_baseline(node: &Node) -> Checked<ClaimKind> {
    let table = node.expect_table("claim.near-baseline")?;
    check_keys("claim.near-baseline", table, &["method", "margin"])?;
    let (Some(name), Some(margin)) = (table.get("method"), table.get("margin")) else {
        return Err(node.cannot_be("claim.near-baseline").allowed("{ method = \"avq\", margin = 0.05 }"));
    };
    Kind::Method.check("claim.near-baseline.method", name)?;
    Kind::Number(|x| x > 0.0, "a number above 0").check("claim.near-baseline.margin", margin)?;
    let method = name.text().and_then(method).ok_or_else(|| name.cannot_be("claim.near-baseline.method"))?;
    Ok(ClaimKind::NearBaseline { method, margin: margin.number().unwrap_or_default() })
}

impl WrittenClaim {
    /// The claim for a plan with the panels `planned`, out of all panels `known` and all `bits` under any profile; None
    /// where it speaks only of panels that this plan has not.
    pub fn resolve(&self, planned: &[&str], known: &[&str], bits: &BTreeSet<u64>) -> Checked<Option<Claim>> {
        let (min, max) = self.range(bits)?;
        let mut panels = Vec::new();
        for node in &self.panels {
            let name = node.text().unwrap_or_default();
            if !known.contains(&name) {
                return Err(unknown(node.span, &format!("unknown panel `{name}`"), name, known));
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

    /// Smallest and largest bits; a list of bits has to be without gaps in those of the sweep, `known`.
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
                .allowed(format!("neighbours out of {}", words(known)))
                .help("write one claim for each run of bits"));
        }
        Ok((u32::try_from(least).ok(), u32::try_from(most).ok()))
    }
}
