//! The table of points: our value with its spread, the published value, difference, margin and verdict, and the other
//! measurement.

use std::collections::BTreeSet;

use super::document::{Cell, Document, Table, Tone};
use super::format::{difference, margin as in_words, significant, unit};
use super::{ReportInput, panel_name};
use crate::compare::tradeoff::{error_of, uses_released_search};
use crate::compare::{PanelComparison, PointComparison, Verdict};
use crate::results::{Aggregate, Point, find_aggregate, primary_metric, published};
use crate::spec::{Contender, Margin, Panel, PanelAxis, PlannedPoint};

pub(super) fn tables(input: &ReportInput, document: &mut Document) {
    document.section("Points");
    let words = input.plan.task.words(input.plan.primary);
    document.paragraph(words.points);
    if input.plan.has_published() && !words.difference.is_empty() {
        document.paragraph(words.difference);
    }
    for panel in &input.plan.panels {
        document.subsection(panel_name(panel));
        let table = if is_wide(input, panel) { by_rank(input, panel) } else { table(input, panel) };
        match table.rows.is_empty() {
            true => document.paragraph("No cell of this panel is done."),
            false => document.table(table),
        }
    }
}

/// The method, with its search if that is not the default.
pub(crate) fn method_name(point: &PlannedPoint) -> String {
    let label = point.contender.label();
    if uses_released_search(point) { format!("{label} (released search)") } else { label.into() }
}

pub(super) fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Reproduced | Verdict::Better => Tone::Good,
        Verdict::Worse => Tone::Bad,
        Verdict::Inconclusive | Verdict::Missing => Tone::Doubtful,
        Verdict::NotComparable => Tone::Neutral,
    }
}

/// The columns beside the primary metric: title and values.
fn beside<'a>(input: &ReportInput<'a>, panel: &Panel) -> Vec<(&'static str, Option<&'a Aggregate>)> {
    let plan = input.plan;
    let other = |title: &'static str, ending: &str| {
        let metric = format!("{}-{ending}", panel.metric);
        (title, find_aggregate(input.aggregates, &panel.name, &metric))
    };
    plan.task.words(plan.primary).beside.iter().map(|(title, ending)| other(title, ending)).collect()
}

/// Whether the table has one row per T and one column per method: for panels over T without verdicts.
fn is_wide(input: &ReportInput, panel: &Panel) -> bool {
    let judged = input.comparisons.iter().any(|c| c.panel == panel.name && c.not_comparable.is_none());
    matches!(panel.axis, PanelAxis::Rank(_)) && !judged
}

/// The contenders of the plan that the panel has.
pub(crate) fn contenders(input: &ReportInput, panel: &Panel) -> Vec<Contender> {
    let is_there = |c: &Contender| panel.points.iter().any(|p| p.contender == *c);
    input.plan.contenders.iter().copied().filter(is_there).collect()
}

/// One row per T: the mean of each contender, and the published recall.
fn by_rank(input: &ReportInput, panel: &Panel) -> Table {
    let fixed = |recall: f64| format!("{recall:.4}");
    let contenders = contenders(input, panel);
    let file = panel.published_file.as_deref().and_then(published);
    let curve = |c: &Contender| file.as_ref().and_then(|file| file.curve(&panel.curve_name(*c)));
    let mut titles = vec!["#T".to_owned()];
    titles.extend(contenders.iter().map(|c| format!("#{}", c.label())));
    let shown: Vec<&Contender> = contenders.iter().filter(|c| curve(c).is_some()).collect();
    titles.extend(shown.iter().map(|c| format!("#published {}", panel.curve_name(**c))));
    let mut table = Table::new(&titles);
    let primary = find_aggregate(input.aggregates, &panel.name, &primary_metric(input.plan, panel));
    let Some(aggregate) = primary else { return table };
    if aggregate.points.iter().all(|p| p.samples.is_empty()) {
        return table;
    }
    for at in aggregate.places() {
        let own = |c: &Contender| aggregate.point(*c, at).and_then(Point::mean).map_or("–".into(), fixed);
        let theirs = |c: &&Contender| {
            let value =
                file.as_ref()?.tick(&panel.axis.tick(at)).and_then(|tick| curve(c)?.mean().get(tick).copied()?);
            Some(fixed(value?))
        };
        let mut row = vec![Cell::from(at.to_string())];
        row.extend(contenders.iter().map(own).map(Cell::from));
        row.extend(shown.iter().map(|c| theirs(c).unwrap_or_else(|| "–".into())).map(Cell::from));
        table.row(row);
    }
    table
}

fn table(input: &ReportInput, panel: &Panel) -> Table {
    let primary = find_aggregate(input.aggregates, &panel.name, &primary_metric(input.plan, panel));
    let comparison = input.comparisons.iter().find(|c| c.panel == panel.name);
    let beside = beside(input, panel);
    let shown = Shown::of(input, panel, primary, comparison);
    let place = format!("#{}", panel.axis.heading());
    let mut titles: Vec<String> = vec!["method".into(), place];
    titles.extend(shown.count.then(|| "#n".into()));
    titles.push("#ours".into());
    if comparison.is_some() {
        let margin = shown.margin.map_or(String::new(), |margin| format!(", margin {}", in_words(margin)));
        titles.push("#published".into());
        titles.push(format!("#difference {}{margin}", unit(panel.comparison.margin)));
        titles.extend((shown.spread && shown.margin.is_none()).then(|| "#margin".into()));
        titles.push("verdict".into());
    }
    titles.extend(beside.iter().map(|b| b.0.to_owned()));
    let mut table = Table::new(&titles);
    for (contender, at) in panel.places() {
        let Some(planned) = panel.planned(contender, at) else { continue };
        let ours = primary.and_then(|a| a.point(contender, at));
        if comparison.is_none() && ours.is_none_or(|p| p.samples.is_empty()) {
            continue;
        }
        let mut row: Vec<Cell> = vec![method_name(planned).into(), panel.axis.number(at).into()];
        row.extend(shown.count.then(|| count(ours, planned).into()));
        row.push(our_value(ours).best(primary.is_some_and(|aggregate| is_best(aggregate, contender, at))));
        if let Some(comparison) = comparison {
            row.extend(compared_cells(comparison, (contender, at), &shown));
        }
        row.extend(beside.iter().map(|(_, a)| value(a.and_then(|a| a.point(contender, at)))));
        table.row(row);
    }
    table
}

/// What the table shows of its points.
struct Shown {
    /// Whether values have a spread over seeds.
    spread: bool,
    /// Whether points have different numbers of seeds or items.
    count: bool,
    /// The margin, if all points have the same.
    margin: Option<Margin>,
}

impl Shown {
    fn of(
        input: &ReportInput,
        panel: &Panel,
        primary: Option<&Aggregate>,
        comparison: Option<&PanelComparison>,
    ) -> Self {
        let spread = input.plan.task.trains();
        let counts = panel.places().into_iter().filter_map(|(contender, at)| {
            Some(count(primary.and_then(|a| a.point(contender, at)), panel.planned(contender, at)?))
        });
        let counts: BTreeSet<String> = counts.collect();
        let margins = comparison.map_or(&[][..], |c| &c.points).iter().map(|point| point.margin);
        let mut margins: Vec<Margin> = margins.collect();
        margins.dedup();
        let margin = if let [only] = margins[..] { Some(only).filter(|_| spread) } else { None };
        Self { spread, count: spread && counts.len() > 1, margin }
    }
}

/// Whether the point has the lowest error, or the highest score, of those at its place.
fn is_best(aggregate: &Aggregate, contender: Contender, at: u32) -> bool {
    let error = |point: &Point| point.mean().map(|mean| error_of(&aggregate.metric, mean));
    let all = aggregate.points.iter().filter(|point| point.at == at);
    let errors: Vec<f64> = all.filter_map(error).collect();
    let own = aggregate.point(contender, at).and_then(error);
    errors.len() > 1 && own.is_some_and(|own| errors.iter().all(|other| own <= *other))
}

/// The number of seeds, or of test items.
fn count(point: Option<&Point>, planned: &PlannedPoint) -> String {
    let (n, all) = (point.map_or(0, |p| p.samples.len()), planned.cells.len());
    let seeds = if n == all { n.to_string() } else { format!("{n} of {all}") };
    // The value of a test item, such as an utterance, is the mean over the seeds.
    match point.map_or(0, |p| p.items.len()) {
        0 => seeds,
        items if n == all => items.to_string(),
        items => format!("{items} ({seeds} seeds)"),
    }
}

/// The mean, ± half the range that holds the middle 95 %.
fn our_value(point: Option<&Point>) -> Cell {
    let Some((point, mean)) = point.and_then(|p| Some((p, p.mean()?))) else { return "–".into() };
    let range = Some(point).filter(|p| p.values().len() > 1);
    let half = range.and_then(|p| Some((p.quantile_high()? - p.quantile_low()?) / 2.0)).filter(|half| *half > 0.0);
    // Two digits of the spread are enough.
    let half = half.map_or(String::new(), |half| format!(" ± {}", crate::number::digits(half, 2)));
    format!("{}{half}", significant(mean)).into()
}

fn value(point: Option<&Point>) -> Cell {
    point.and_then(Point::mean).map_or_else(|| "–".to_string(), significant).into()
}

fn compared_cells(comparison: &PanelComparison, place: (Contender, u32), shown: &Shown) -> Vec<Cell> {
    let has_margin = shown.spread && shown.margin.is_none();
    let found = comparison.points.iter().find(|p| (p.contender, p.at) == place);
    let Some(point) = found else { return vec![Cell::from("–"); if has_margin { 4 } else { 3 }] };
    let published = point.published.map_or_else(|| "–".into(), |e| significant(e.mean));
    let differs = point.difference.map_or_else(|| "–".into(), |d| difference(d, point.margin));
    let mut cells: Vec<Cell> = vec![published.into(), (differs + &interval(point)).into()];
    cells.extend(has_margin.then(|| in_words(point.margin).into()));
    cells.push(Cell::toned(point.verdict.name(), tone(point.verdict)));
    cells
}

/// ` (−0.10 to +0.30)`: the 95 % interval of the difference.
fn interval(point: &PointComparison) -> String {
    let bounds = point.interval.filter(|(low, high)| low.is_finite() && high.is_finite());
    let shown = |bound| difference(bound, point.margin);
    bounds.map_or(String::new(), |(low, high)| format!(" ({} to {})", shown(low), shown(high)))
}
