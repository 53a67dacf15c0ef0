//! The numbers that a reader looks for first, in the cards at the top of an experiment's page.

use super::ReportInput;
use super::costs::records;
use super::document::{Card, Tone};
use super::format::{difference, duration, unit, whole};
use crate::compare::{ClaimResult, PointComparison, Verdict};
use crate::spec::{Panel, PanelAxis};

const MOST: usize = 5;

/// At most [`MOST`] cards.
pub(super) fn cards(input: &ReportInput) -> Vec<Card> {
    let mut cards = Vec::new();
    cards.extend(points(input));
    cards.extend(widest(input));
    cards.extend(claims(input));
    cards.extend(runs(input));
    cards.extend(cost(input));
    if cards.len() < MOST {
        cards.extend(data(input));
    }
    cards
}

/// The names of the data.
fn data(input: &ReportInput) -> Option<Card> {
    let mut names: Vec<&str> = input.plan.panels.iter().filter_map(Panel::data_name).collect();
    names.dedup();
    (!names.is_empty()).then(|| Card::new(names.join(", "), "data"))
}

/// Points with a verdict, with their panel's axis.
fn judged<'a>(input: &ReportInput<'a>) -> Vec<(&'a PanelAxis, &'a PointComparison)> {
    let panels = input.comparisons.iter().filter(|comparison| comparison.not_comparable.is_none());
    panels.flat_map(|comparison| comparison.judged().map(|point| (&comparison.axis, point))).collect()
}

fn points(input: &ReportInput) -> Option<Card> {
    let judged = judged(input);
    let of = |verdict: Verdict| judged.iter().filter(|(_, point)| point.verdict == verdict).count();
    let (reproduced, better) = (of(Verdict::Reproduced), of(Verdict::Better));
    let label = if better > 0 { "points reproduced or better" } else { "points reproduced" };
    let tone = match judged.len() - reproduced - better {
        0 => Tone::Good,
        _ if of(Verdict::Worse) > 0 => Tone::Bad,
        _ => Tone::Doubtful,
    };
    let value = format!("{} of {}", reproduced + better, judged.len());
    (!judged.is_empty()).then(|| Card::new(value, label).toned(tone))
}

fn widest(input: &ReportInput) -> Option<Card> {
    let judged = judged(input);
    // In widths of the margin: panels have different units.
    let size = |point: &PointComparison| point.difference.map_or(0.0, f64::abs) / point.margin.width();
    let (axis, point) = judged.into_iter().max_by(|a, b| size(a.1).total_cmp(&size(b.1)))?;
    let value = format!("{} {}", difference(point.difference?, point.margin), unit(point.margin));
    let at = axis.in_words(&axis.number(point.at));
    Some(Card::new(value, format!("widest difference: {} at {at}", point.contender.label())))
}

fn claims(input: &ReportInput) -> Option<Card> {
    let holds = input.claims.iter().filter(|claim| claim.ours == ClaimResult::Holds).count();
    let whose = if input.plan.has_published() { "claims of the paper hold" } else { "claims hold" };
    let value = format!("{holds} of {}", input.claims.len());
    (!input.claims.is_empty()).then(|| Card::new(value, whose))
}

/// The number of seeds, or of test items.
fn runs(input: &ReportInput) -> Option<Card> {
    if !input.plan.task.trains() {
        return None;
    }
    let metric = input.plan.panels.first().map(|panel| crate::results::primary_metric(input.plan, panel))?;
    let points = || input.aggregates.iter().filter(|a| a.metric == metric).flat_map(|aggregate| &aggregate.points);
    let items = points().map(|point| point.items.len()).max().unwrap_or(0);
    let seeds = points().map(|point| point.samples.len());
    let range = match (seeds.clone().min()?, seeds.max()?) {
        (least, most) if least == most => most.to_string(),
        (least, most) => format!("{least} to {most}"),
    };
    let label = if range == "1" { "seed" } else { "seeds" };
    Some(match items {
        0 => Card::new(range, label),
        items => Card::new(items.to_string(), format!("test utterances, {range} {label}")),
    })
}

fn cost(input: &ReportInput) -> Option<Card> {
    let records = records(input);
    let seconds: f64 = records.iter().map(|record| record.run.wall_seconds).sum();
    let count = if records.len() == 1 { "1 cell".into() } else { format!("{} cells", whole(records.len() as u64)) };
    (input.plan.task.trains() && seconds > 0.0)
        .then(|| Card::new(duration(seconds), format!("computing time of {count}")))
}
