//! `[[claim]]`: statements of the paper that are checked on our results and on the published ones.

use super::cell::Method;
use super::document::{check_keys, method, read_bits_range};
use super::error::{Checked, Fault};
use super::field::{Kind, METHODS};
use super::layer::unknown;
use super::plan::{Claim, ClaimKind};
use super::value::Node;

/// A claim with the panels as written, so that their names can be checked once they are known.
pub(super) struct WrittenClaim {
    claim: Claim,
    panels: Vec<Node>,
}

const KINDS: [&str; 4] = ["order", "lowest", "highest", "gap-shrinks"];
const ALLOWED: &str =
    "exactly one of order = [methods, lowest first], lowest = METHOD, highest = METHOD, gap-shrinks = true";

pub(super) fn read(node: &Node) -> Checked<WrittenClaim> {
    let table = node.expect_table("claim")?;
    check_keys(
        "claim",
        table,
        &["text", "order", "lowest", "highest", "gap-shrinks", "panels", "min-bits", "max-bits"],
    )?;
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
    let panels = match table.get("panels") {
        Some(node) => {
            Kind::Names.check("claim.panels", node)?;
            node.list().unwrap_or_default().to_vec()
        }
        None => Vec::new(),
    };
    let (min_bits, max_bits) = read_bits_range(table)?;
    let bits = |bits: Option<u64>| bits.and_then(|bits| u32::try_from(bits).ok());
    let claim = Claim { text, kind, panels: Vec::new(), min_bits: bits(min_bits), max_bits: bits(max_bits) };
    Ok(WrittenClaim { claim, panels })
}

fn read_kind(name: &str, node: &Node) -> Checked<ClaimKind> {
    let allowed = Kind::Choice(METHODS);
    let one = || {
        allowed.check(&format!("claim.{name}"), node)?;
        node.text().and_then(method).ok_or_else(|| node.cannot_be(name))
    };
    match name {
        "order" => {
            Kind::ChoiceList(METHODS).check("claim.order", node)?;
            let methods: Vec<Method> =
                node.list().unwrap_or_default().iter().filter_map(|item| item.text().and_then(method)).collect();
            if methods.len() < 2 {
                return Err(node.cannot_be("claim.order").allowed("two methods or more, lowest first"));
            }
            Ok(ClaimKind::Order(methods))
        }
        "lowest" => Ok(ClaimKind::Lowest(one()?)),
        "highest" => Ok(ClaimKind::Highest(one()?)),
        _ if node.flag() == Some(true) => Ok(ClaimKind::GapShrinks),
        _ => Err(node.cannot_be("claim.gap-shrinks").allowed("true")),
    }
}

impl WrittenClaim {
    /// The claim for a plan with the panels `planned`, out of all panels `known` under any profile; None where it
    /// speaks only of panels that this plan has not.
    pub fn resolve(&self, planned: &[&str], known: &[&str]) -> Checked<Option<Claim>> {
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
        Ok(Some(Claim { panels, ..self.claim.clone() }))
    }
}
