//! The verdict on a panel in one sentence, for the terminal and the top of every page.

use super::document::{Line, Tone};
use super::format::{difference, enumerate, margin as margin_in_words, significant};
use super::points::tone;
use crate::compare::tradeoff::error_of;
use crate::compare::{PanelComparison, PointComparison, Verdict};
use crate::figure::curves::capitalized;
use crate::metric;
use crate::results::{Aggregate, Point, find_aggregate, primary_metric};
use crate::spec::{Margin, Panel, PanelAxis, Plan};

/// The answer of an experiment, the most important first: the verdicts, the best methods, and why panels have no verdict.
pub(super) fn answer(plan: &Plan, comparisons: &[PanelComparison], aggregates: &[Aggregate]) -> Vec<Line> {
    let (judged, others): (Vec<&PanelComparison>, Vec<&PanelComparison>) =
        comparisons.iter().partition(|comparison| comparison.not_comparable.is_none());
    // Beside verdicts, panels that vary something else are for the tables.
    let is_main = |panel: &Panel| judged.is_empty() || judged.iter().any(|comparison| comparison.panel == panel.name);
    let verdicts = lines(plan, judged.iter().copied());
    [verdicts, best_lines(plan, aggregates, is_main), lines(plan, others)].concat()
}

/// The lines of the answer, for the terminal.
pub fn answer_sentences(plan: &Plan, comparisons: &[PanelComparison], aggregates: &[Aggregate]) -> Vec<String> {
    answer(plan, comparisons, aggregates).iter().map(Line::to_string).collect()
}

/// The best methods, one line per panel that is wanted: `laplace: lowest MSE on the test set: PVQ at 12 bits, RVQ at
/// 24 and 36 bits`. The values, if there is only one method.
fn best_lines(plan: &Plan, aggregates: &[Aggregate], wanted: impl Fn(&Panel) -> bool) -> Vec<Line> {
    if !plan.task.trains() || plan.panels.len() > MOST_LINES {
        return Vec::new();
    }
    let panels = plan.panels.iter().filter(|panel| wanted(panel));
    panels.filter_map(|panel| best_line(plan, panel, aggregates)).collect()
}

fn best_line(plan: &Plan, panel: &Panel, aggregates: &[Aggregate]) -> Option<Line> {
    let metric = primary_metric(plan, panel);
    let aggregate = find_aggregate(aggregates, &panel.name, &metric)?;
    let row = metric::find(&metric)?;
    let set = match metric.rsplit_once('-') {
        Some((_, "training")) => " on the training set",
        Some((_, "fresh")) => " on the test set",
        _ => "",
    };
    if let Some((label, verdict)) = only_contender(panel, aggregate) {
        let before = format!("{}: {}{set} with {label}: ", place(panel), metric::label(&metric));
        return Some(Line { before, verdict, after: String::new(), tone: Tone::Neutral });
    }
    let mut winners: Vec<Winners> = Vec::new();
    let places = aggregate.places();
    for (i, at) in places.iter().enumerate() {
        let best = best_at(aggregate, *at)?;
        match winners.iter_mut().find(|(names, _)| *names == best) {
            Some((_, where_best)) => where_best.push(i),
            None => winners.push((best, vec![i])),
        }
    }
    let extreme = row.direction.best();
    let before = format!("{}: {extreme} {}{set}: ", place(panel), metric::label(&metric));
    if winners.len() > MOST_WINNERS {
        return ranking(panel, aggregate, &before);
    }
    let numbers: Vec<String> = places.iter().map(|at| panel.axis.number(*at)).collect();
    let at = |(names, where_best): &Winners| {
        let all = aggregate.points.iter().filter(|point| point.at == places[where_best[0]]).count();
        // Of methods that are all alike, none is best.
        let best = if names.len() == all { "no clear best".into() } else { names.join(" or ") };
        format!("{best} at {}", panel.axis.in_words(&in_order(where_best, &numbers)))
    };
    let verdict = winners.iter().map(at).collect::<Vec<_>>().join(", ");
    Some(Line { before, verdict, after: String::new(), tone: Tone::Neutral })
}

/// The label of a panel's only contender, and its first and last value: `0.648 at 8 bits, 0.121 at 24 bits`.
fn only_contender(panel: &Panel, aggregate: &Aggregate) -> Option<(&'static str, String)> {
    let known: Vec<(&Point, f64)> = aggregate.points.iter().filter_map(|point| Some((point, point.mean()?))).collect();
    let (first, last) = (known.first()?, known.last()?);
    if known.iter().any(|(point, _)| point.contender != first.0.contender) {
        return None;
    }
    let value = |(point, mean): &(&Point, f64)| {
        format!("{} at {}", significant(*mean), panel.axis.in_words(&panel.axis.number(point.at)))
    };
    let ends = if known.len() == 1 { value(first) } else { format!("{}, {}", value(first), value(last)) };
    Some((first.0.contender.label(), ends))
}

/// The best contenders, and where they are among the positions.
type Winners<'a> = (Vec<&'a str>, Vec<usize>);

/// `12, 20 and 24`, or `12 to 40` for three or more positions without a gap.
fn in_order(chosen: &[usize], numbers: &[String]) -> String {
    match chosen {
        [first, .., last] if chosen.len() > 2 && last - first + 1 == chosen.len() => {
            format!("{} to {}", numbers[*first], numbers[*last])
        }
        _ => enumerate(&chosen.iter().map(|i| &numbers[*i]).collect::<Vec<_>>()),
    }
}

/// More groups of winners are counted.
const MOST_WINNERS: usize = 3;

/// The best contenders with their values at one position, where the best of all positions are too many to name:
/// `LSQ 0.428, AVQ 0.420, AVQ (k-means) 0.396 at T = 1`. The position is the first of search ranks, where methods
/// differ most, and else the middle one.
fn ranking(panel: &Panel, aggregate: &Aggregate, before: &str) -> Option<Line> {
    const MOST: usize = 3;
    let places = aggregate.places();
    let at = match panel.axis {
        PanelAxis::Rank(_) => places.first(),
        _ => places.get(places.len() / 2),
    };
    let at = *at?;
    let error = |mean: f64| error_of(&aggregate.metric, mean);
    let points = aggregate.points.iter().filter(|point| point.at == at);
    let mut means: Vec<(&str, f64)> =
        points.filter_map(|point| Some((point.contender.label(), point.mean()?))).collect();
    means.sort_by(|a, b| error(a.1).total_cmp(&error(b.1)));
    let best = means.iter().take(MOST).map(|(label, mean)| format!("{label} {}", significant(*mean)));
    let verdict = best.collect::<Vec<_>>().join(", ");
    let after = format!(" at {}, of {} methods", panel.axis.in_words(&panel.axis.number(at)), means.len());
    Some(Line { before: before.to_owned(), verdict, after, tone: Tone::Neutral })
}

/// The best contender at a position, then the contenders that are no worse: on the same test items, such as utterances,
/// by their paired gaps; otherwise if their ranges over the seeds overlap. `None` if there is only one contender.
fn best_at(aggregate: &Aggregate, at: u32) -> Option<Vec<&'static str>> {
    let points: Vec<&Point> =
        aggregate.points.iter().filter(|point| point.at == at && point.mean().is_some()).collect();
    let error = |point: &Point| point.mean().map_or(f64::INFINITY, |mean| error_of(&aggregate.metric, mean));
    let best = points.iter().min_by(|a, b| error(a).total_cmp(&error(b))).filter(|_| points.len() > 1)?;
    let range = |point: &Point| Some((point.quantile_low()?, point.quantile_high()?));
    let overlaps = |point: &Point| {
        if let Some(gap) = best.paired_gap(point) {
            return !gap.is_clear();
        }
        let (own, other) = (range(best), range(point));
        own.zip(other).is_some_and(|((low, high), (other_low, other_high))| low <= other_high && other_low <= high)
    };
    let alike = points.iter().filter(|point| point.contender != best.contender && overlaps(point));
    Some(std::iter::once(best).chain(alike).map(|point| point.contender.label()).collect())
}

/// The largest number of panels with sentences. Larger sweeps have the table alone.
const MOST_LINES: usize = 8;

/// One line per panel: `Figure 2b, MSE: reproduced, 24 of 24 points within 0.5 %, 2 seeds`. Panels that are not comparable for
/// the same reason share one.
fn lines<'a>(plan: &Plan, comparisons: impl IntoIterator<Item = &'a PanelComparison>) -> Vec<Line> {
    let panel = |comparison: &PanelComparison| plan.panels.iter().find(|panel| panel.name == comparison.panel);
    let mut lines: Vec<(String, Line)> = Vec::new();
    for comparison in comparisons {
        let subject = subject(plan, panel(comparison), comparison);
        let line = line(&subject, comparison);
        let same = |(_, other): &&mut (String, Line)| other.verdict == line.verdict && other.after == line.after;
        // The same reason is stated once.
        match lines.iter_mut().find(same).filter(|_| comparison.not_comparable.is_some()) {
            Some((subjects, other)) => {
                *subjects += &format!("; {subject}");
                other.before = format!("{subjects}: ");
            }
            None => lines.push((subject, line)),
        }
    }
    lines.into_iter().map(|(_, line)| line).collect()
}

/// Leaves out the panel's name where the page has a single line: the page's title is above it.
pub(super) fn without_name(lines: &mut [Line], plan: &Plan) {
    let ([line], [panel]) = (lines, plan.panels.as_slice()) else { return };
    let Some(rest) = line.before.strip_prefix(&format!("{}: ", place(panel))) else { return };
    line.before = capitalized(rest);
}

fn line(subject: &str, comparison: &PanelComparison) -> Line {
    let before = format!("{subject}: ");
    if let Some(reason) = &comparison.not_comparable {
        let (verdict, after) = ("not comparable".into(), format!(": {reason}"));
        return Line { before, verdict, after, tone: Tone::Neutral };
    }
    let of = |verdict: Verdict| -> Vec<&PointComparison> {
        comparison.judged().filter(|point| point.verdict == verdict).collect()
    };
    let [reproduced, better] = [Verdict::Reproduced, Verdict::Better].map(|verdict| of(verdict).len());
    let verdict = match comparison.verdict {
        Verdict::Better if reproduced > 0 => "reproduced or better",
        verdict => verdict.name(),
    };
    let count = comparison.judged().count();
    let mut parts = vec![format!("{reproduced} of {count} points within {}", margins(comparison))];
    if better > 0 {
        parts.push(format!("{better} better"));
    }
    for verdict in [Verdict::Worse, Verdict::Inconclusive, Verdict::Missing, Verdict::NotComparable] {
        let points = of(verdict);
        if !points.is_empty() {
            parts.push(format!("{} {} ({})", points.len(), verdict.name(), named(comparison, &points)));
        }
    }
    let others = comparison.points.len() - count;
    if others > 0 {
        parts.push(format!("{others} more without a published number"));
    }
    let after = format!(", {}{}", parts.join(", "), seeds(comparison));
    Line { before, verdict: verdict.into(), after, tone: tone(comparison.verdict) }
}

/// `Figure 2b, MSE`, or as [`place`].
fn subject(plan: &Plan, panel: Option<&Panel>, comparison: &PanelComparison) -> String {
    let Some(panel) = panel else { return comparison.panel.clone() };
    match has_own_figure(panel) {
        true => format!("{}, {}", place(panel), plan.task.shows(plan, panel)),
        false => place(panel),
    }
}

/// `Figure 2b`, `Figure 3, D = 64` where the figure has several panels, or the panel's name alone.
fn place(panel: &Panel) -> String {
    // Panels that are named by their dimension.
    let name =
        if panel.name == panel.dimension.to_string() { format!("D = {}", panel.name) } else { panel.name.clone() };
    match panel.paper_figure() {
        Some(figure) if has_own_figure(panel) => format!("Figure {figure}"),
        Some(figure) => format!("Figure {figure}, {name}"),
        None => name,
    }
}

/// A figure with a letter has one panel.
fn has_own_figure(panel: &Panel) -> bool {
    panel.paper_figure().is_some_and(|figure| figure.ends_with(|c: char| c.is_ascii_alphabetic()))
}

/// `0.5 %`, or `4 % (1 % for AVQ at 16 to 40 bits)`: the margin of most points, then other margins.
fn margins(comparison: &PanelComparison) -> String {
    let mut found: Vec<(Margin, Vec<&PointComparison>)> = Vec::new();
    for point in &comparison.points {
        match found.iter_mut().find(|(margin, _)| *margin == point.margin) {
            Some((_, points)) => points.push(point),
            None => found.push((point.margin, vec![point])),
        }
    }
    found.sort_by_key(|(_, points)| std::cmp::Reverse(points.len()));
    let without_sign = |margin: Margin| margin_in_words(margin).trim_start_matches('±').to_owned();
    let Some(((usual, _), others)) = found.split_first() else { return String::new() };
    let others: Vec<String> = others
        .iter()
        .map(|(margin, points)| format!("{} for {}", without_sign(*margin), range(comparison, points)))
        .collect();
    let others = if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
    without_sign(*usual) + &others
}

/// `AVQ at 16 to 40 bits`, method by method.
fn range(comparison: &PanelComparison, points: &[&PointComparison]) -> String {
    let mut parts: Vec<(&str, u32, u32)> = Vec::new();
    for point in points {
        let label = point.contender.label();
        match parts.iter_mut().find(|(name, ..)| *name == label) {
            Some((_, least, most)) => (*least, *most) = ((*least).min(point.at), (*most).max(point.at)),
            None => parts.push((label, point.at, point.at)),
        }
    }
    let of = |(label, least, most): &(&str, u32, u32)| {
        let axis = &comparison.axis;
        let numbers = match least == most {
            true => axis.number(*least),
            false => format!("{} to {}", axis.number(*least), axis.number(*most)),
        };
        format!("{label} at {}", axis.in_words(&numbers))
    };
    enumerate(&parts.iter().map(of).collect::<Vec<_>>())
}

/// The names of points with their differences. Of many points, the smallest and the largest difference, or their ranges
/// if the differences are not known: the table has the rest.
fn named(comparison: &PanelComparison, points: &[&PointComparison]) -> String {
    const MOST: usize = 3;
    if points.len() > MOST {
        return between(points).unwrap_or_else(|| range(comparison, points));
    }
    let name = |point: &&PointComparison| {
        let at = comparison.axis.in_words(&comparison.axis.number(point.at));
        let unit = super::format::unit(point.margin);
        let difference =
            point.difference.map(|d| format!(" {} {unit}", difference(d, point.margin))).unwrap_or_default();
        format!("{} at {at}{difference}", point.contender.label())
    };
    points.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// `−6.24 to −1.41 %`.
fn between(points: &[&PointComparison]) -> Option<String> {
    let margin = points.first()?.margin;
    let all: Option<Vec<f64>> = points.iter().map(|point| point.difference).collect();
    let all = all?;
    let [least, most] = [f64::min, f64::max].map(|of: fn(f64, f64) -> f64| all.iter().copied().reduce(of));
    Some(format!("{} to {} {}", difference(least?, margin), difference(most?, margin), super::format::unit(margin)))
}

/// `, 2 seeds`, or `, 46 utterances` if these are the sample. Empty for computed values.
fn seeds(comparison: &PanelComparison) -> String {
    let unit = if matches!(comparison.axis, PanelAxis::Bitrate(_)) { "utterances" } else { "seeds" };
    let runs = comparison.points.iter().filter_map(|point| point.ours).map(|ours| ours.n);
    match (runs.clone().min(), runs.max()) {
        (Some(least), Some(most)) if most > 1 && comparison.measured_on.is_some() => match least == most {
            true => format!(", {most} {unit}"),
            false => format!(", {least} to {most} {unit}"),
        },
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
