//! The table that `run` prints: our numbers and the published ones, in aligned columns.

use super::findings::outcome;
use super::format::{difference, margin, significant, unit};
use super::points::method_name;
use crate::compare::conditions::conditions;
use crate::compare::{ClaimCheck, ClaimResult, PanelComparison};
use crate::metric::{self, At};
use crate::results::{Aggregate, Point, primary_metric};
use crate::spec::{Contender, Panel, PanelAxis, Plan};
use crate::task::Task;

/// One block per panel: a head line, one line per point with our value, published value, difference, margin, verdict
/// and the other measurements, and the counts of the verdicts. Panels without a published file show our values alone.
/// Notes on warm starts and on settings that differ between points are below the block. Ends with a line break.
pub fn terminal_table(plan: &Plan, comparisons: &[PanelComparison], aggregates: &[Aggregate]) -> String {
    let mut panels: Vec<&str> = Vec::new();
    for name in aggregates.iter().map(|a| a.panel.as_str()).chain(comparisons.iter().map(|c| c.panel.as_str())) {
        if !panels.contains(&name) {
            panels.push(name);
        }
    }
    let blocks: Vec<String> = panels
        .iter()
        .map(|name| {
            let own: Vec<&Aggregate> = aggregates.iter().filter(|a| a.panel == *name).collect();
            let panel = plan.panels.iter().find(|p| p.name == *name);
            let comparison = comparisons.iter().find(|c| c.panel == *name);
            let judged = comparison.is_some_and(|c| c.not_comparable.is_none());
            let block = match comparison {
                comparison if !judged && panel.is_some_and(|p| matches!(p.axis, PanelAxis::Rank(_))) => {
                    by_rank(panel, name, comparison, &own)
                }
                Some(comparison) => {
                    let primary = panel.map(|panel| primary_metric(plan, panel));
                    compared(plan.task, panel, comparison, &own, primary.as_deref())
                }
                None => alone(plan, panel, name, &own),
            };
            block + &notes(panel)
        })
        .collect();
    blocks.join("\n")
}

/// The origin of the claims: the spec, if it compares nothing with the published numbers, otherwise the paper.
pub(super) fn whose_claims(plan: &Plan) -> &'static str {
    if plan.has_published() { "the paper" } else { "this spec" }
}

/// The claims, one line each: the result on our numbers, and on the published numbers if the claim fails there. Empty
/// without claims.
pub fn terminal_claims(plan: &Plan, claims: &[ClaimCheck]) -> String {
    if claims.is_empty() {
        return String::new();
    }
    let holds = claims.iter().filter(|claim| claim.ours == ClaimResult::Holds).count();
    let unknown = claims.iter().filter(|claim| claim.ours == ClaimResult::Unknown).count();
    let unknown = if unknown > 0 { format!(", {unknown} unknown from these points") } else { String::new() };
    let mut out = format!("claims of {}: {holds} of {} hold{unknown}\n", whose_claims(plan), claims.len());
    for ClaimCheck { text, panel, axis, ours, published } in claims {
        let ours = outcome(ours, axis).text;
        let published = match published {
            ClaimResult::Holds | ClaimResult::Unknown => String::new(),
            published => format!(" (published numbers: {})", outcome(published, axis).text),
        };
        let on = if panel.is_empty() { String::new() } else { format!(" [{panel}]") };
        out.push_str(&format!("  {text}{on}: {ours}{published}\n"));
    }
    out
}

/// Notes on the settings behind the numbers, one line each.
fn notes(panel: Option<&Panel>) -> String {
    let lines = panel.map(conditions).unwrap_or_default();
    lines.into_iter().map(|line| format!("  {line}\n")).collect()
}

/// The method, with its search if that is not the default.
fn name_of(panel: Option<&Panel>, contender: Contender, at: u32) -> String {
    let planned = panel.and_then(|p| p.planned(contender, at));
    planned.map_or_else(|| contender.label().into(), method_name)
}

fn compared(
    task: &dyn Task,
    panel: Option<&Panel>,
    comparison: &PanelComparison,
    aggregates: &[&Aggregate],
    primary: Option<&str>,
) -> String {
    let others = aggregates.iter().filter(|a| Some(a.metric.as_str()) != primary);
    // T is already a column.
    let others: Vec<&&Aggregate> = others.filter(|_| comparison.axis == PanelAxis::Bits).collect();
    let of_unit = format!("diff {}", panel.map_or("%", |panel| unit(panel.comparison.margin)));
    let mut head: Vec<String> =
        ["method", comparison.axis.heading(), "n", "ours", "published", &of_unit, "margin", "verdict"]
            .map(String::from)
            .to_vec();
    head.extend(others.iter().map(|a| ending(&a.metric)));
    let mut rows = vec![head];
    for point in &comparison.points {
        let estimate = |e: Option<crate::compare::Estimate>| e.map_or("–".into(), |e| significant(e.mean));
        let mut row = vec![
            name_of(panel, point.contender, point.at),
            comparison.axis.number(point.at),
            point.ours.map_or(0, |e| e.n).to_string(),
            estimate(point.ours),
            estimate(point.published),
            point.difference.map_or("–".into(), |d| difference(d, point.margin)),
            margin(point.margin),
            point.verdict.name().into(),
        ];
        row.extend(others.iter().map(|a| mean(a, point.contender, point.at)));
        rows.push(row);
    }
    let own = rows[0].len() - others.len();
    narrow(&mut rows, own);
    let measured = comparison
        .measured_on
        .and_then(|primary| task.measured_on(primary))
        .map(|on| format!(", measured on {on}"))
        .unwrap_or_default();
    let title = format!("{}: ours against {}{measured}", comparison.panel, comparison.results_file);
    let summary = match &comparison.not_comparable {
        Some(reason) => format!("not comparable: {reason}"),
        None => {
            let counts: Vec<String> = comparison.counts().iter().map(|(v, n)| format!("{n} {}", v.name())).collect();
            let (counts, of) = (counts.join(", "), comparison.judged().count());
            format!("{counts} of {of} points; verdict: {}", comparison.verdict.name())
        }
    };
    format!("{title}\n{}  {summary}\n", aligned(&rows))
}

/// A metric over search ranks, without verdicts: one line per T, one column per method.
fn by_rank(
    panel: Option<&Panel>,
    name: &str,
    comparison: Option<&PanelComparison>,
    aggregates: &[&Aggregate],
) -> String {
    let Some(aggregate) = aggregates.first() else { return String::new() };
    let mut contenders: Vec<Contender> = Vec::new();
    for point in &aggregate.points {
        if !contenders.contains(&point.contender) {
            contenders.push(point.contender);
        }
    }
    let mut rows =
        vec![std::iter::once("T".to_owned()).chain(contenders.iter().map(|c| c.label().to_owned())).collect()];
    for at in aggregate.places() {
        let means = contenders.iter().map(|c| mean(aggregate, *c, at));
        rows.push(std::iter::once(at.to_string()).chain(means).collect());
    }
    let data = panel.and_then(Panel::data_name).map(|data| format!(" on {data}")).unwrap_or_default();
    let seeds = aggregate.points.iter().map(|p| p.samples.len()).max().unwrap_or(0);
    let reason = comparison.and_then(|c| c.not_comparable.as_ref());
    let note =
        reason.map(|reason| format!("  not comparable with the published numbers: {reason}\n")).unwrap_or_default();
    let better = better(&aggregate.metric);
    let seeds = if seeds == 1 { "1 seed".to_owned() } else { format!("means over up to {seeds} seeds") };
    format!("{name}: {}{data}, {seeds}{better}\n{}{note}", metric::label(&aggregate.metric), aligned(&rows))
}

/// ` (higher is better)`; empty for an unknown metric.
fn better(metric: &str) -> String {
    metric::find(metric).map_or_else(String::new, |row| format!(" ({} is better)", row.direction.better()))
}

/// A panel without published numbers. The primary metric comes first.
fn alone(plan: &Plan, planned: Option<&Panel>, panel: &str, aggregates: &[&Aggregate]) -> String {
    let primary = planned.map(|panel| primary_metric(plan, panel));
    let mut aggregates: Vec<&Aggregate> = aggregates.to_vec();
    aggregates.sort_by_key(|aggregate| Some(&aggregate.metric) != primary.as_ref());
    let place = planned.map_or("bits", |panel| panel.axis.heading());
    let mut head: Vec<String> = ["method", place, "n"].map(String::from).to_vec();
    head.extend(aggregates.iter().map(|a| a.metric.clone()));
    let mut rows = vec![head];
    for point in aggregates.first().map_or(&[][..], |a| &a.points) {
        let place = planned.map_or_else(|| point.at.to_string(), |panel| panel.axis.number(point.at));
        let mut row = vec![name_of(planned, point.contender, point.at), place, point.values().len().to_string()];
        row.extend(aggregates.iter().map(|a| mean(a, point.contender, point.at)));
        rows.push(row);
    }
    narrow(&mut rows, 4);
    let hint = aggregates.first().map_or_else(String::new, |aggregate| better(&aggregate.metric));
    let title = if plan.has_published() { "ours, without a published counterpart" } else { "means over the seeds" };
    format!("{panel}: {title}{hint}\n{}", aligned(&rows))
}

fn mean(aggregate: &Aggregate, contender: Contender, at: u32) -> String {
    aggregate.point(contender, at).and_then(Point::mean).map_or("–".into(), significant)
}

/// `fresh` of `mse-fresh`, `T = 100` of `recall@100`, `at 9600` of `pesq@9600`.
fn ending(metric: &str) -> String {
    match metric.split_once('@').map(|(name, at)| (metric::find(name).map(|row| row.at), at)) {
        Some((Some(At::Rank), rank)) => format!("T = {rank}"),
        Some((Some(At::Bitrate | At::Nothing) | None, bitrate)) => format!("at {bitrate}"),
        None => metric.rsplit('-').next().unwrap_or(metric).to_owned(),
    }
}

/// The width of a terminal that tables fit into.
const WIDTH: usize = 80;

/// Drops columns at the end until the table fits into [`WIDTH`], but none of the first `kept`. Reports have them all.
fn narrow(rows: &mut [Vec<String>], kept: usize) {
    let widest = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    while rows[0].len() > kept && widest(&aligned(rows)) > WIDTH {
        rows.iter_mut().for_each(|row| row.truncate(row.len() - 1));
    }
}

/// Aligned rows, with two blanks between the columns. Words are flush left, numbers flush right.
pub(super) fn aligned(rows: &[Vec<String>]) -> String {
    let Some(head) = rows.first() else { return String::new() };
    let width = |i: usize| rows.iter().filter_map(|r| r.get(i)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for ((cell, width), title) in row.iter().zip(&widths).zip(head) {
            let left = matches!(title.as_str(), "method" | "instead" | "verdict" | "front" | "");
            let cell = if left { format!("  {cell:<width$}") } else { format!("  {cell:>width$}") };
            line.push_str(&cell);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::compare_plan;
    use crate::results::{aggregate, fixture};
    use crate::spec::{CellSettings, Search};

    #[test]
    fn columns_line_up_and_panels_without_published_numbers_show() {
        let mut plan = fixture::plan(3);
        let mut lonely = plan.panels[0].clone();
        (lonely.name, lonely.published_file) = ("lonely".into(), None);
        plan.panels.push(lonely);
        let aggregates = aggregate(&plan, &fixture::records(&plan));
        for point in plan.panels.iter_mut().map(|p| &mut p.points[0]) {
            if let CellSettings::Toy(toy) = &mut point.cells[0].settings {
                toy.quantizer.search = Some(Search::Released);
            }
        }
        let table = terminal_table(&plan, &compare_plan(&plan, &aggregates), &aggregates);
        let lines: Vec<&str> = table.lines().collect();
        assert!(
            lines[0].starts_with("correlated: ours against Figure 2/correlated.json, measured on the training set")
        );
        let column = lines[1].find("published").map(|at| lines[1][..at].chars().count() + "published".len());
        for line in &lines[2..8] {
            let upto: String = line.chars().take(column.unwrap()).collect();
            assert!(upto.ends_with(|c: char| c.is_ascii_digit()), "{line}");
        }
        assert!(lines[8].contains("of 6 points; verdict: worse"), "{}", lines[8]);
        assert!(lines[9].starts_with("  AVQ at 12 bits uses the search of the authors' released code"), "{}", lines[9]);
        assert_eq!(table.matches("AVQ (released search)").count(), 2);
        assert!(table.contains("lonely: ours, without a published counterpart (lower is better)"));
        assert!(table.contains("mse-training") && table.ends_with('\n'));
    }
}
