//! The defects of the published methods, each with its measured effect.

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
    document.section("Defects and their effects");
    document.paragraph(
        "Properties of the authors' code and published numbers that the paper does not state. Every number below is \
         computed from the cells beside it.",
    );
    released_training(reproduction, document);
    released_encoding(reproduction, document);
    short_count(reproduction, document);
    training_error(reproduction, document);
}

/// All experiments, kept results last.
fn all<'a>(reproduction: &'a Reproduction<'a>) -> impl Iterator<Item = &'a ReportInput<'a>> {
    reproduction.computed.iter().chain(reproduction.kept)
}

/// Adds the table, or a note if no cell has its numbers.
fn unless_empty(table: Table, needs: &str, document: &mut Document) {
    match table.rows.is_empty() {
        true => document.paragraph(format!("Not computed here: this table needs the experiments {needs}.")),
        false => document.table(table),
    }
}

/// AVQ trained and evaluated with the released search, and with the true residual.
fn released_training(reproduction: &Reproduction, document: &mut Document) {
    document.subsection("AVQ's residual is wrong from the third stage on");
    document.paragraph(
        "The released search subtracts the last codeword once per step instead of all chosen codewords, and keeps \
         permutations of a choice apart. If the beam is wider than the number of remaining codewords, it fills the \
         beam with codebooks that were used before. Such a vector has no code of its bitrate. Here AVQ is trained and \
         evaluated with each search, all else equal. Effect: the change by the released search, error in % or Peak SNR \
         in dB. AVQ − RVQ shows whether the published order depends on the released search.",
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

/// The row of a point of the released search.
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
        // The published difference is shown only if our results have RVQ.
        against(theirs(AVQ), theirs(RVQ).filter(|_| rvq.is_some())),
    ])
}

/// The first value minus the second: in dB, or in % of the second.
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

/// The same cell with the true residual. `None` if the cell does not use the released search.
fn twin(cell: &Work) -> Option<Work> {
    let mut twin = cell.clone();
    let quantizer = twin.settings.quantizer_mut()?;
    (quantizer.search.replace(Search::Beam) == Some(Search::Released)).then_some(twin)
}

/// Both searches on equal codebooks.
fn released_encoding(reproduction: &Reproduction, document: &mut Document) {
    document.subsection("Encoding with the same codebooks by either search");
    document.paragraph(
        "A part of the training vectors is encoded twice with the same codebooks: with the true residual, and with the \
         released search. The table has the increase of the error by the released search, and the bitrates at which \
         the published numbers are nearer to each search. With RVQ, the criterion is the ratio of AVQ's error to \
         RVQ's, because a better training lowers both errors. Without RVQ, it is AVQ's error, if the published error \
         is between the two.",
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
        "The operation counts of Figures 4c and 6b have M − 1 of M stages for RVQ and PVQ, and all stages for AVQ. The \
         table has the increase by the count of all stages, and the factor by which look-up tables reduce that count. \
         They give the same codes.",
    );
    let mut table = Table::new(&["figure", "method", "bits", "#all stages against published", "#look-up: times fewer"]);
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

/// The published toy errors are training set errors.
fn training_error(reproduction: &Reproduction, document: &mut Document) {
    document.subsection("The published toy errors are training set errors");
    document.paragraph(
        "The published errors match errors on a training set of some 500,000 vectors. The table has the test error \
         minus the training set error of the same codebooks, in % of the training set error, at the highest bitrate. \
         The test vectors have the same distribution.",
    );
    let methods = Method::PAPER.map(Contender::proposed);
    let titles = [&["data", "numbers of", "#bits"][..], &["#AVQ", "#RVQ", "#PVQ"]].concat();
    let mut table = Table::new(&titles);
    for input in all(reproduction).filter(|input| input.plan.task.published_part() == Some("training")) {
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
