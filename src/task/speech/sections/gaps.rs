//! Paired gaps between methods, and between panels, on the same utterances.

use super::super::beside::{Gap, GapAt, gaps};
use crate::metric;
use crate::report::document::{Cell, Document, Table, Tone};
use crate::report::format::signed;
use crate::report::{ReportInput, panel_name};
use crate::results::{Aggregate, PairedGap, find_aggregate, primary_metric};
use crate::spec::{Contender, Panel};

pub(super) fn sections(input: &ReportInput, document: &mut Document) {
    methods(input, document);
    panels(input, document);
}

/// AVQ minus RVQ, and RVQ minus PVQ.
fn methods(input: &ReportInput, document: &mut Document) {
    let found: Vec<(&Panel, Vec<Gap>)> =
        input.plan.panels.iter().map(|panel| (panel, gaps(input.plan, panel, input.aggregates))).collect();
    let is_there = |gaps: &[Gap]| gaps.iter().flat_map(|gap| &gap.places).any(|place| place.ours.is_some());
    if !found.iter().any(|(_, gaps)| is_there(gaps)) {
        return;
    }
    document.section("Gaps between the methods, utterance by utterance");
    document.paragraph(
        "The value of one method minus the value of the other on the same utterance (the mean over the seeds if there \
         are several): mean over the test utterances ± standard error over utterances. Beside it is the gap of the \
         published means, whose pairing is unknown. A gap below two standard errors is marked as doubtful.",
    );
    for (panel, gaps) in found.iter().filter(|(_, gaps)| is_there(gaps)) {
        document.subsection(format!("{}: {}", panel_name(panel), metric::label(&primary_metric(input.plan, panel))));
        let mut titles = vec![format!("#{}", panel.axis.heading()), "#utterances".to_owned()];
        for gap in gaps {
            let pair = format!("{} − {}", panel.curve_name(gap.first), panel.curve_name(gap.second));
            titles.extend([format!("#{pair}"), "#published".to_owned()]);
        }
        let mut table = Table::new(&titles);
        for (i, first) in gaps.iter().flat_map(|gap| gap.places.iter().enumerate()).take(gaps[0].places.len()) {
            let at: Vec<&GapAt> = gaps.iter().filter_map(|gap| gap.places.get(i)).collect();
            let Some(n) = at.iter().find_map(|place| place.ours).map(|ours| ours.n) else { continue };
            let mut row: Vec<Cell> = vec![panel.axis.number(first.at).into(), n.to_string().into()];
            row.extend(
                at.iter().flat_map(|place| [gap_cell(place.ours), or_dash(place.published.map(|gap| signed(gap, 3)))]),
            );
            table.row(row);
        }
        document.table(table);
    }
}

/// Each panel minus the first panel with the same metric and axis, method by method.
fn panels(input: &ReportInput, document: &mut Document) {
    let plan = input.plan;
    let mut tables: Vec<(String, Table)> = Vec::new();
    for (i, panel) in plan.panels.iter().enumerate() {
        let same = |other: &&Panel| other.metric == panel.metric && other.axis == panel.axis;
        let Some(first) = plan.panels[..i].iter().find(same) else { continue };
        let aggregate = |panel: &Panel| find_aggregate(input.aggregates, &panel.name, &primary_metric(plan, panel));
        let (Some(own), Some(reference)) = (aggregate(panel), aggregate(first)) else { continue };
        let table = panel_table(panel, own, reference);
        if !table.rows.is_empty() {
            let label = metric::label(&primary_metric(plan, panel));
            tables.push((format!("{} − {}: {label}", panel.name, first.name), table));
        }
    }
    if tables.is_empty() {
        return;
    }
    document.section("Gaps between the panels, utterance by utterance");
    document.paragraph(
        "The value of a method in one panel minus its value in another panel on the same utterance: mean over the test \
         utterances ± standard error over utterances. A gap below two standard errors is marked as doubtful.",
    );
    for (title, table) in tables {
        document.subsection(title);
        document.table(table);
    }
}

fn panel_table(panel: &Panel, own: &Aggregate, reference: &Aggregate) -> Table {
    let gap = |contender: Contender, at: u32| own.point(contender, at)?.paired_gap(reference.point(contender, at)?);
    let mut contenders: Vec<Contender> = Vec::new();
    for (contender, at) in panel.places() {
        if !contenders.contains(&contender) && gap(contender, at).is_some() {
            contenders.push(contender);
        }
    }
    let titles = contenders.iter().map(|contender| format!("#{}", panel.curve_name(*contender)));
    let titles: Vec<String> = std::iter::once(format!("#{}", panel.axis.heading())).chain(titles).collect();
    let mut table = Table::new(&titles);
    for at in own.places().into_iter().filter(|_| !contenders.is_empty()) {
        let cells = contenders.iter().map(|contender| gap_cell(gap(*contender, at)));
        table.row(std::iter::once(panel.axis.number(at).into()).chain(cells).collect());
    }
    table
}

fn or_dash(value: Option<String>) -> Cell {
    value.unwrap_or_else(|| "–".into()).into()
}

fn gap_cell(gap: Option<PairedGap>) -> Cell {
    let Some(gap) = gap else { return "–".into() };
    match gap.standard_error {
        Some(error) => Cell::toned(
            format!("{} ± {error:.3}", signed(gap.mean, 3)),
            if gap.is_clear() { Tone::Neutral } else { Tone::Doubtful },
        ),
        None => Cell::toned(signed(gap.mean, 3), Tone::Doubtful),
    }
}
