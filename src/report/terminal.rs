//! The table that `run` prints: ours against published, in aligned columns.

use super::format::{margin, percent, significant};
use super::overview::{VERDICTS, measured_on, verdict_name};
use crate::compare::PanelComparison;
use crate::metric::{self, Direction};
use crate::results::{Aggregate, Point};
use crate::spec::Method;

/// One block a panel: a head line, then a line a point with ours, published, difference, margin, verdict and the other
/// measurements; then the counts of the verdicts. Panels without a published file show ours alone. Ends with a line break.
pub fn terminal_table(comparisons: &[PanelComparison], aggregates: &[Aggregate]) -> String {
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
            match comparisons.iter().find(|c| c.panel == *name) {
                Some(comparison) => compared(comparison, &own),
                None => alone(name, &own),
            }
        })
        .collect();
    blocks.join("\n")
}

fn compared(comparison: &PanelComparison, aggregates: &[&Aggregate]) -> String {
    let primary = format!("-{}", comparison.measured_on.name());
    let toy = aggregates.iter().any(|a| a.metric.ends_with(&primary));
    let others: Vec<&&Aggregate> =
        aggregates.iter().filter(|a| !a.metric.ends_with(if toy { &primary } else { "-published" })).collect();
    let mut head: Vec<String> =
        ["method", "bits", "n", "ours", "published", "diff %", "margin", "verdict"].map(String::from).to_vec();
    head.extend(others.iter().map(|a| ending(&a.metric).to_string()));
    let mut rows = vec![head];
    for point in &comparison.points {
        let estimate = |e: Option<crate::compare::Estimate>| e.map_or("–".into(), |e| significant(e.mean));
        let mut row = vec![
            point.method.label().into(),
            point.bits.to_string(),
            point.ours.map_or(0, |e| e.n).to_string(),
            estimate(point.ours),
            estimate(point.published),
            point.difference.map_or("–".into(), percent),
            margin(point.margin),
            verdict_name(point.verdict).into(),
        ];
        row.extend(others.iter().map(|a| mean(a, point.method, point.bits)));
        rows.push(row);
    }
    let measured = if toy { format!(", measured on {}", measured_on(comparison.measured_on)) } else { String::new() };
    let title = format!("{}: ours against {}{measured}", comparison.panel, comparison.results_file);
    let summary = match &comparison.not_comparable {
        Some(reason) => format!("not comparable: {reason}"),
        None => {
            let count = |v| comparison.points.iter().filter(|p| p.verdict == v).count();
            let counts =
                VERDICTS.iter().filter(|v| count(**v) > 0).map(|v| format!("{} {}", count(*v), verdict_name(*v)));
            let counts: Vec<String> = counts.collect();
            format!(
                "{} of {} points; verdict: {}",
                counts.join(", "),
                comparison.points.len(),
                verdict_name(comparison.verdict)
            )
        }
    };
    format!("{title}\n{}  {summary}\n", aligned(&rows))
}

fn alone(panel: &str, aggregates: &[&Aggregate]) -> String {
    let mut head: Vec<String> = ["method", "bits", "n"].map(String::from).to_vec();
    head.extend(aggregates.iter().map(|a| a.metric.clone()));
    let mut rows = vec![head];
    for point in aggregates.first().map_or(&[][..], |a| &a.points) {
        let mut row = vec![point.method.label().into(), point.bits.to_string(), point.samples.len().to_string()];
        row.extend(aggregates.iter().map(|a| mean(a, point.method, point.bits)));
        rows.push(row);
    }
    let direction = aggregates.first().and_then(|a| metric::find(&a.metric)).map(|m| m.direction);
    let hint = match direction {
        Some(Direction::HigherIsBetter) => " (higher is better)",
        Some(Direction::LowerIsBetter) => " (lower is better)",
        None => "",
    };
    format!("{panel}: ours, without a published counterpart{hint}\n{}", aligned(&rows))
}

fn mean(aggregate: &Aggregate, method: Method, bits: u32) -> String {
    aggregate.point(method, bits).and_then(Point::mean).map_or("–".into(), significant)
}

/// `fresh` of `mse-fresh`.
fn ending(metric: &str) -> &str {
    metric.rsplit('-').next().unwrap_or(metric)
}

/// Columns two blanks apart; the first one and `verdict` flush left, the others flush right.
fn aligned(rows: &[Vec<String>]) -> String {
    let Some(head) = rows.first() else { return String::new() };
    let width = |i: usize| rows.iter().filter_map(|r| r.get(i)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for ((cell, width), title) in row.iter().zip(&widths).zip(head) {
            let left = matches!(title.as_str(), "method" | "verdict");
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

    #[test]
    fn columns_line_up_and_panels_without_published_numbers_show() {
        let mut plan = fixture::plan(3);
        let mut lonely = plan.panels[0].clone();
        (lonely.name, lonely.published_file) = ("lonely".into(), None);
        plan.panels.push(lonely);
        let aggregates = aggregate(&plan, &fixture::records(&plan));
        let table = terminal_table(&compare_plan(&plan, &aggregates), &aggregates);
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
        assert!(table.contains("lonely: ours, without a published counterpart (lower is better)"));
        assert!(table.contains("mse-training") && table.ends_with('\n'));
    }
}
