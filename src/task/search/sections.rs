//! The report of a search experiment: NSVQ against k-means, and the cost of each method.

use std::path::Path;

use super::Search;
use crate::compare::tradeoff::log10_wmops;
use crate::complexity::Model;
use crate::report::document::{Cell, Document, Table, text};
use crate::report::format::{signed, significant, whole};
use crate::report::points::contenders;
use crate::report::{ReportInput, Sections, Words, panel_name};
use crate::results::{Aggregate, Point, aggregate_metric, find_aggregate, primary_metric, timing_mean};
use crate::spec::{
    CellSettings, Contender, DescriptorData, Norms, Panel, PanelAxis, Plan, PlannedPoint, Primary, Trainer,
};

impl Sections for Search {
    fn words(&self, _: Primary) -> Words {
        Words {
            points: "Recall@T: the share of queries whose true nearest neighbor is among the T vectors that the search \
                 ranks first (higher is better). Ours is the mean over the seeds, ± half the \
                 range that holds the middle 95 % of them.",
            ..Words::default()
        }
    }

    fn shows(&self, _: &Plan, panel: &Panel) -> String {
        match (&panel.axis, panel.measured_at.first()) {
            (PanelAxis::Bits | PanelAxis::Bitrate(_), Some(rank)) => format!("recall@{rank}"),
            (PanelAxis::Rank(_), _) | (PanelAxis::Bits | PanelAxis::Bitrate(_), None) => "recall@T".into(),
        }
    }

    fn data_in_words(&self, settings: &CellSettings) -> String {
        if let CellSettings::Search(search) = settings { descriptors_in_words(&search.data) } else { String::new() }
    }

    fn measurement_in_words(&self, plan: &Plan) -> Option<String> {
        let cells = plan.cells();
        let mut norms: Vec<Norms> = Vec::new();
        for cell in cells.iter().filter(|cell| !cell.method().is_product()) {
            if let CellSettings::Search(search) = &cell.settings
                && !norms.contains(&search.evaluation.norms)
            {
                norms.push(search.evaluation.norms);
            }
        }
        (!cells.is_empty()).then(|| how_searched(&norms))
    }

    fn has_health(&self) -> bool {
        false
    }

    fn sections(&self, input: &ReportInput, _: &Path, document: &mut Document) {
        trainers(input, document);
        costs(input, document);
    }
}

fn descriptors_in_words(data: &DescriptorData) -> String {
    let what = match data.digest.is_some() {
        true => data.name.clone(),
        false => format!("{} (made by this program, not real ones; seed {})", data.name, data.seed.unwrap_or(1)),
    };
    format!(
        "{what}: {} training vectors, {} base vectors, {} queries, dimension {}",
        whole(data.learn),
        whole(data.base),
        whole(data.queries),
        data.dimension
    )
}

/// `norms`: of the methods that need them, without repetitions.
fn how_searched(norms: &[Norms]) -> String {
    let stored = norms.iter().map(|norms| match norms {
        Norms::Exact => "stored exactly (32 bits per vector beside the code)",
        Norms::Byte => "stored in one byte (8 bits per vector beside the code)",
        Norms::Omitted => "not stored",
    });
    let norms = match norms.is_empty() {
        true => String::new(),
        false => format!(
            "For AVQ, RVQ and LSQ, the squared norm of every decoded vector is {}. ",
            stored.collect::<Vec<_>>().join(" or ")
        ),
    };
    format!(
        "Search: asymmetric distances (ADC) with look-up tables, from the unquantized query to the codes of the base. \
         {norms}PVQ and OPQ need no norms. Recall \
         is relative to the exact nearest neighbor by Euclidean distance."
    )
}

/// The format of a recall in tables.
fn points(recall: f64) -> String {
    format!("{recall:.4}")
}

fn primary<'a>(input: &ReportInput<'a>, panel: &Panel) -> Option<&'a Aggregate> {
    find_aggregate(input.aggregates, &panel.name, &primary_metric(input.plan, panel))
}

/// Compares stochastic optimization with k-means.
fn trainers(input: &ReportInput, document: &mut Document) {
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
fn costs(input: &ReportInput, document: &mut Document) {
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
