//! The sections that only a search experiment's report has: recall by T, NSVQ against k-means, and the cost of each
//! method.

use super::document::{Cell, Document, Table, text};
use super::format::{signed, significant};
use super::{ReportInput, panel_name};
use crate::compare::tradeoff::log10_wmops;
use crate::complexity::Model;
use crate::results::{Aggregate, Point, aggregate_metric, find_aggregate, primary_metric, published, timing_mean};
use crate::spec::{CellSettings, Contender, Norms, Panel, PanelAxis, PlannedPoint, Trainer};

/// The format of a recall in tables.
fn points(recall: f64) -> String {
    format!("{recall:.4}")
}

fn contenders(input: &ReportInput, panel: &Panel) -> Vec<Contender> {
    let is_there = |c: &Contender| panel.points.iter().any(|p| p.contender == *c);
    input.plan.contenders.iter().copied().filter(is_there).collect()
}

fn primary<'a>(input: &ReportInput<'a>, panel: &Panel) -> Option<&'a Aggregate> {
    find_aggregate(input.aggregates, &panel.name, &primary_metric(input.plan, panel))
}

/// One row per T: the mean of each contender, and the published recall.
pub(super) fn by_rank(input: &ReportInput, panel: &Panel) -> Table {
    let contenders = contenders(input, panel);
    let file = panel.published_file.as_deref().and_then(published);
    let curve = |c: &Contender| file.as_ref().and_then(|file| file.curve(&panel.curve_name(*c)));
    let mut titles = vec!["#T".to_owned()];
    titles.extend(contenders.iter().map(|c| format!("#{}", c.label())));
    let shown: Vec<&Contender> = contenders.iter().filter(|c| curve(c).is_some()).collect();
    titles.extend(shown.iter().map(|c| format!("#published {}", panel.curve_name(**c))));
    let mut table = Table::new(&titles);
    let Some(aggregate) = primary(input, panel) else { return table };
    if aggregate.points.iter().all(|p| p.samples.is_empty()) {
        return table;
    }
    for at in aggregate.places() {
        let own = |c: &Contender| aggregate.point(*c, at).and_then(Point::mean).map_or("–".into(), points);
        let theirs = |c: &&Contender| {
            let value =
                file.as_ref()?.tick(&panel.axis.tick(at)).and_then(|tick| curve(c)?.mean().get(tick).copied()?);
            Some(points(value?))
        };
        let mut row = vec![Cell::from(at.to_string())];
        row.extend(contenders.iter().map(own).map(Cell::from));
        row.extend(shown.iter().map(|c| theirs(c).unwrap_or_else(|| "–".into())).map(Cell::from));
        table.row(row);
    }
    table
}

/// Compares stochastic optimization with k-means.
pub(super) fn trainers(input: &ReportInput, document: &mut Document) {
    if input.plan.task.name() != "search" {
        return;
    }
    let mut table = Table::new(&[
        "panel",
        "method",
        "place",
        "#NSVQ",
        "#k-means",
        "#difference (points)",
        "#middle 95 %",
        "#MSE %",
    ]);
    let mut sentences = Vec::new();
    for panel in input.plan.panels.iter().filter(|p| !input.plan.is_part_of_earlier(p)) {
        let Some(aggregate) = primary(input, panel) else { continue };
        let error = aggregate_metric(panel, "mse-fresh", input.records);
        for own in contenders(input, panel).into_iter().filter(|c| c.trainer == Trainer::Nsvq) {
            let baseline = Contender { trainer: Trainer::Kmeans, ..own };
            let mut differences = Vec::new();
            for at in aggregate.places() {
                let pair = aggregate.point(own, at).zip(aggregate.point(baseline, at));
                let Some((nsvq, kmeans)) = pair else { continue };
                let (Some(a), Some(b), Some(difference)) = (nsvq.mean(), kmeans.mean(), nsvq.paired_difference(kmeans))
                else {
                    continue;
                };
                if a == 1.0 && b == 1.0 {
                    continue;
                }
                differences.push((at, difference.0));
                let errors = [own, baseline].map(|c| error.point(c, nsvq.bits()).and_then(Point::mean));
                let mse = if let [Some(a), Some(b)] = errors { signed(100.0 * (a / b - 1.0), 2) } else { "–".into() };
                let place = panel.axis.tick(at);
                table.row(vec![
                    panel.name.as_str().into(),
                    own.label().into(),
                    if panel.axis == PanelAxis::Bits { place } else { format!("T = {place}") }.into(),
                    points(a).into(),
                    points(b).into(),
                    signed(100.0 * difference.0, 2).into(),
                    format!("{} … {}", signed(100.0 * difference.1, 2), signed(100.0 * difference.2, 2)).into(),
                    mse.into(),
                ]);
            }
            sentences.extend(sentence(panel, own, &differences));
        }
    }
    if table.rows.is_empty() {
        return;
    }
    document.section("Stochastic optimization against k-means");
    document.paragraph(
        "The same method, search and data, trained by NSVQ with Adam or by k-means (AVQ: alternating optimization), \
         with the same seeds. The table omits T at which both find every neighbor. Differences are NSVQ minus k-means, \
         paired by seed. MSE % is the relative difference of the error on the base vectors (below zero: NSVQ has less \
         error).",
    );
    document.list(sentences.into_iter().map(text).collect());
    document.table(table);
}

fn sentence(panel: &Panel, own: Contender, differences: &[(u32, f64)]) -> Option<String> {
    let (worst, best) = (
        differences.iter().min_by(|a, b| a.1.total_cmp(&b.1))?,
        differences.iter().max_by(|a, b| a.1.total_cmp(&b.1))?,
    );
    let place = |at: u32| panel.axis.in_words(&panel.axis.number(at));
    Some(format!(
        "{}: {} trained by NSVQ differs from its baseline by {} points ({}) to {} points ({}).",
        panel_name(panel),
        own.method.label(),
        signed(100.0 * worst.1, 1),
        place(worst.0),
        signed(100.0 * best.1, 1),
        place(best.0)
    ))
}

/// Recall and error, bits, operations, measured times and memory of each method.
pub(super) fn costs(input: &ReportInput, document: &mut Document) {
    if input.plan.task.name() != "search" {
        return;
    }
    document.section("Cost of the methods");
    document.paragraph(
        "Operations are weighted millions (WMOPS) for encoding one vector: by the paper's count, with all stages, and \
         with look-up tables. Times are measured on one thread while other cells ran: encoding of one base vector, \
         search of the whole base for one query (with as many neighbors as the largest T), and training. Bits: code + \
         stored norm.",
    );
    for panel in input.plan.panels.iter().filter(|p| !input.plan.is_part_of_earlier(p)) {
        document.subsection(panel_name(panel));
        let recalls: Vec<u32> = match &panel.axis {
            PanelAxis::Rank(_) => [1, 10, 100].into_iter().filter(|t| measured(panel).contains(t)).collect(),
            PanelAxis::Bits | PanelAxis::Bitrate(_) => panel.measured_at.to_vec(),
        };
        let mut titles = vec!["method".to_owned(), "#bits".into()];
        titles.extend(recalls.iter().map(|t| format!("#recall@{t}")));
        titles.extend(
            [
                "#MSE (base)",
                "#WMOPS paper's",
                "#all stages",
                "#look-up",
                "#encode µs",
                "#search µs",
                "#training s",
                "#codebooks KiB",
            ]
            .map(String::from),
        );
        let mut table = Table::new(&titles);
        for planned in &panel.points {
            table.row(row(input, panel, planned, &recalls));
        }
        document.table(table);
    }
}

/// The T of the cells, including the T of other panels.
fn measured(panel: &Panel) -> &[u32] {
    match panel.points.iter().flat_map(|p| &p.cells).map(|cell| &cell.settings).next() {
        Some(CellSettings::Search(search)) => &search.evaluation.recall_at,
        _ => &[],
    }
}

fn row(input: &ReportInput, panel: &Panel, planned: &PlannedPoint, recalls: &[u32]) -> Vec<Cell> {
    let own = |metric: &str| {
        let aggregate = aggregate_metric(panel, metric, input.records);
        aggregate.point(planned.contender, planned.bits).and_then(Point::mean)
    };
    let norms = planned.cells.first().map_or(0, |cell| match &cell.settings {
        CellSettings::Search(search) if search.evaluation.norms != Norms::Omitted => search.evaluation.norms.bits(),
        _ => 0,
    });
    let bits = if norms > 0 { format!("{} + {norms}", planned.bits) } else { planned.bits.to_string() };
    let mut row: Vec<Cell> = vec![planned.contender.label().into(), bits.into()];
    let or_dash = |value: Option<String>| Cell::from(value.unwrap_or_else(|| "–".into()));
    row.extend(recalls.iter().map(|t| or_dash(own(&format!("recall@{t}")).map(points))));
    row.push(or_dash(own("mse-fresh").map(significant)));
    for model in Model::ALL {
        let wmops = log10_wmops(panel, planned.contender, planned.bits, model);
        row.push(or_dash(wmops.map(|log10| significant(10f64.powf(log10)))));
    }
    for (timing, digits) in [("encode-us", 2), ("search-us", 0), ("train-seconds", 1)] {
        let value = timing_mean(planned, timing, input.records);
        row.push(or_dash(value.map(|value| format!("{value:.digits$}"))));
    }
    let values = planned.contender.method.parameters(panel.dimension, planned.stages, 1 << planned.bits_per_stage);
    row.push((values * 4 / 1024).to_string().into());
    row
}
