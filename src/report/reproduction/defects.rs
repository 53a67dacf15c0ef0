//! The defects found in the methods as published, each with its measured effect.

use std::collections::HashMap;

use super::super::document::{Cell, Document, Table};
use super::super::findings::gaps;
use super::super::format::{enumerate, percent, share, signed, significant};
use super::super::searches::{Searched, searched};
use super::super::{ReportInput, panel_name};
use super::{Reproduction, source};
use crate::compare::tradeoff::is_decibel;
use crate::complexity::Model;
use crate::metric;
use crate::results::{aggregate_metric, primary_metric, published, result_metrics};
use crate::runner::Record;
use crate::spec::{Cell as Work, Contender, Method, Panel, PlannedPoint, Search};

const AVQ: Contender = Contender::proposed(Method::Avq);
const RVQ: Contender = Contender::proposed(Method::Rvq);

pub(super) fn section(reproduction: &Reproduction, document: &mut Document) {
    document.section("Defects found, and what they do");
    document.paragraph(
        "What the authors' code and their published numbers have that their paper does not say. Every number below is computed from \
         the cells named beside it.",
    );
    released_training(reproduction, document);
    released_encoding(reproduction, document);
    short_count(reproduction, document);
    training_error(reproduction, document);
}

/// All experiments, kept ones last.
fn all<'a>(reproduction: &'a Reproduction<'a>) -> impl Iterator<Item = &'a ReportInput<'a>> {
    reproduction.computed.iter().chain(reproduction.kept)
}

/// What is said where no cell tells.
fn unless_empty(table: Table, needs: &str, document: &mut Document) {
    match table.rows.is_empty() {
        true => document.paragraph(format!("Not computed here: it needs the experiments {needs}.")),
        false => document.table(table),
    }
}

/// AVQ trained and evaluated with the released search, beside the same with the true residual.
fn released_training(reproduction: &Reproduction, document: &mut Document) {
    document.subsection("AVQ's residual is wrong from the third stage on");
    document.paragraph(
        "The released search subtracts the last codeword once a step instead of all chosen ones, keeps permutations of a choice \
         apart, and fills a beam wider than the codewords left with codebooks used before: then a vector has no code of its \
         bitrate. Here AVQ is trained and evaluated with each search, all else equal. Effect: what the released search changes, \
         error in % or Peak SNR in dB. AVQ − RVQ tells whether the published order needs it.",
    );
    let titles = [
        "data",
        "numbers of",
        "measure",
        "#bits",
        "#true residual",
        "#released",
        "#effect",
        "#no valid code",
        "#AVQ − RVQ, true",
        "#released",
        "#published",
    ];
    let mut table = Table::new(&titles);
    for input in all(reproduction) {
        for panel in &input.plan.panels {
            table.rows.extend(panel.points.iter().filter_map(|point| of_point(input, panel, point, reproduction)));
        }
    }
    unless_empty(table, "toy-search or image-search", document);
}

/// A row for a point of the released search.
fn of_point(
    input: &ReportInput,
    panel: &Panel,
    point: &PlannedPoint,
    reproduction: &Reproduction,
) -> Option<Vec<Cell>> {
    let metric = primary_metric(input.plan, panel);
    let pairs: Vec<(f64, f64)> = point
        .cells
        .iter()
        .filter_map(|cell| Some((value(input.records, cell, &metric)?, value(input.records, &twin(cell)?, &metric)?)))
        .collect();
    let mean = |side: fn(&(f64, f64)) -> f64| pairs.iter().map(side).sum::<f64>() / pairs.len() as f64;
    if pairs.is_empty() {
        return None;
    }
    let (released, beam) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let own = |contender| aggregate_metric(panel, &metric, input.records).point(contender, point.bits)?.mean();
    let rvq = own(RVQ);
    let file = panel.published_file.as_deref().and_then(published);
    let theirs = |contender: Contender| file.as_ref()?.mean_at(contender.label(), point.bits);
    let repeated =
        aggregate_metric(panel, "repeated-share", input.records).point(AVQ, point.bits).and_then(|p| p.mean());
    let against = |avq: Option<f64>, rvq: Option<f64>| Cell::from(difference(&metric, avq, rvq));
    let data = panel_name(panel);
    Some(vec![
        panel.data_name().map_or(data.clone(), |name| format!("{name}, {data}")).into(),
        source(input, reproduction).into(),
        metric::label(&metric).into(),
        point.bits.to_string().into(),
        significant(beam).into(),
        significant(released).into(),
        difference(&metric, Some(released), Some(beam)).into(),
        repeated.map_or("–".into(), share).into(),
        against(Some(beam), rvq),
        against(Some(released), rvq),
        // RVQ's place is only told where ours has one, too.
        against(theirs(AVQ), theirs(RVQ).filter(|_| rvq.is_some())),
    ])
}

/// The first value less the second: in dB, else in % of it.
fn difference(metric: &str, value: Option<f64>, from: Option<f64>) -> String {
    match (value, from) {
        (Some(value), Some(from)) if is_decibel(metric) => format!("{} dB", signed(value - from, 2)),
        (Some(value), Some(from)) => format!("{} %", percent(value / from - 1.0)),
        _ => "–".into(),
    }
}

fn value(records: &HashMap<String, Record>, cell: &Work, metric: &str) -> Option<f64> {
    records.get(&cell.key())?.metrics.get(metric).copied()
}

/// The same cell with the true residual; `None` where it is not of the released search.
fn twin(cell: &Work) -> Option<Work> {
    let mut twin = cell.clone();
    let quantizer = twin.settings.quantizer_mut()?;
    (quantizer.search.replace(Search::Beam) == Some(Search::Released)).then_some(twin)
}

/// Both searches on equal codebooks.
fn released_encoding(reproduction: &Reproduction, document: &mut Document) {
    document.subsection("The same codebooks, encoded by either search");
    document.paragraph(
        "A part of the training vectors is encoded twice with the same codebooks: by the true residual, and by the released search. \
         How much larger the error of the released search is, and at which bitrates the published numbers are nearer to which of \
         the two: by the ratio of AVQ's error to RVQ's where there is an RVQ, since a better training lowers both errors; elsewhere by \
         AVQ's error, where the published one lies between.",
    );
    let titles = [
        "data",
        "numbers of",
        "#least effect",
        "#at bits",
        "#largest effect",
        "#at bits",
        "nearer to the true residual at",
        "nearer to the released at",
    ];
    let mut table = Table::new(&titles);
    for input in all(reproduction) {
        for panel in &input.plan.panels {
            table.rows.extend(both_searches(panel, &searched(input, panel), source(input, reproduction)));
        }
    }
    unless_empty(table, "toy, toy-dimension or toy-search", document);
}

fn both_searches(panel: &Panel, points: &[Searched], source: String) -> Option<Vec<Cell>> {
    let by_cost = |a: &&Searched, b: &&Searched| a.cost().total_cmp(&b.cost());
    let (least, most) = (points.iter().min_by(by_cost)?, points.iter().max_by(by_cost)?);
    let nearer = |search: Search| {
        let bits: Vec<u32> = points.iter().filter(|p| p.nearer() == Some(search)).map(|p| p.bits).collect();
        Cell::from(if bits.is_empty() { "–".into() } else { format!("{} bits", enumerate(&bits)) })
    };
    Some(vec![
        panel_name(panel).into(),
        source.into(),
        format!("{} %", percent(least.cost())).into(),
        least.bits.to_string().into(),
        format!("{} %", percent(most.cost())).into(),
        most.bits.to_string().into(),
        nearer(Search::Beam),
        nearer(Search::Released),
    ])
}

/// Operation counts by each model.
fn short_count(reproduction: &Reproduction, document: &mut Document) {
    document.subsection("The published complexities of RVQ and PVQ are a stage short");
    document.paragraph(
        "The loops behind Figures 4c and 6b run over M − 1 of M stages, AVQ's over all. Counted with all stages, operations grow by \
         the first number; by look-up, which gives the same codes, a search takes so many times fewer of them than by the \
         count with all stages.",
    );
    let mut table =
        Table::new(&["figure", "method", "bits", "#all stages against published", "#by look-up, times fewer"]);
    for input in reproduction.computed.iter().filter(|input| !input.plan.task.trains()) {
        for panel in &input.plan.panels {
            for contender in &input.plan.contenders {
                table.rows.extend(counts(input, panel, *contender));
            }
        }
    }
    unless_empty(table, "complexity", document);
}

fn counts(input: &ReportInput, panel: &Panel, contender: Contender) -> Option<Vec<Cell>> {
    let metrics = result_metrics(input.plan, panel);
    let by_model = Model::ALL.map(|model| {
        let metric = metrics.iter().find(|metric| metric.ends_with(model.name()))?;
        Some(aggregate_metric(panel, metric, input.records))
    });
    let [Some(short), Some(full), Some(lookup)] = by_model else { return None };
    let at = |aggregate: &crate::results::Aggregate, bits| aggregate.point(contender, bits)?.mean();
    let mut places: Vec<(u32, f64, f64)> = Vec::new();
    for bits in full.places() {
        if let (Some(short), Some(full), Some(lookup)) = (at(&short, bits), at(&full, bits), at(&lookup, bits)) {
            places.push((bits, 10f64.powf(full - short) - 1.0, 10f64.powf(full - lookup)));
        }
    }
    let (first, last) = (places.first()?.0, places.last()?.0);
    let range = |value: fn(&(u32, f64, f64)) -> f64, shown: &dyn Fn(f64) -> String| {
        let low = places.iter().map(value).fold(f64::INFINITY, f64::min);
        let high = places.iter().map(value).fold(f64::NEG_INFINITY, f64::max);
        let ends = [shown(low), shown(high)];
        if ends[0] == ends[1] { ends[0].clone() } else { ends.join(" to ") }
    };
    Some(vec![
        panel_name(panel).into(),
        contender.label().into(),
        format!("{first} to {last}").into(),
        format!("{} %", range(|p| p.1, &percent)).into(),
        range(|p| p.2, &|times| format!("{times:.1}")).into(),
    ])
}

/// The published toy errors are those of the training set.
fn training_error(reproduction: &Reproduction, document: &mut Document) {
    document.subsection("The published toy errors are those of the training set");
    document.paragraph(
        "They are explained by errors on some 500,000 vectors that the codebooks were trained on. How much larger the errors of \
         the same codebooks are on fresh vectors of the same law, at the highest bitrate:",
    );
    let methods = Method::PAPER.map(Contender::proposed);
    let titles = [&["data", "numbers of", "#bits"][..], &["#AVQ", "#RVQ", "#PVQ"]].concat();
    let mut table = Table::new(&titles);
    for input in all(reproduction).filter(|input| input.plan.task.name() == "toy") {
        for panel in input.plan.panels.iter().filter(|panel| panel.figure.is_some()) {
            let gaps = gaps(input, panel);
            let Some(bits) = gaps.iter().map(|gap| gap.1).max() else { continue };
            let of = |contender: &Contender| {
                let gap = gaps.iter().find(|gap| (gap.0, gap.1) == (*contender, bits));
                Cell::from(gap.map_or("–".into(), |gap| format!("{} %", signed(gap.2.0, 2))))
            };
            let mut row: Vec<Cell> =
                vec![panel_name(panel).into(), source(input, reproduction).into(), bits.to_string().into()];
            row.extend(methods.iter().map(of));
            table.row(row);
        }
    }
    unless_empty(table, "toy or toy-dimension", document);
}
