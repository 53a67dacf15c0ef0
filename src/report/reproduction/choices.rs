//! The best method for each task, bitrate and complexity budget, by each of the three operation counts.

use super::super::document::{Cell, Document, Table, Tone};
use super::super::format::{percent, signed, significant};
use super::super::{ReportInput, panel_name};
use super::{Reproduction, source};
use crate::compare::tradeoff::{BudgetRange, Step, error_of, is_decibel};
use crate::complexity::Model;
use crate::figure::wmops;
use crate::metric::{self, Direction};
use crate::results::primary_metric;
use crate::spec::{CellSettings, Panel};

/// In the order of [`Model::ALL`].
const COUNTS: [&str; 3] = ["WMOPS as published", "WMOPS, all stages", "WMOPS with look-up"];

pub(super) fn section(reproduction: &Reproduction, document: &mut Document) {
    document.section("Which method to use");
    document.paragraph(
        "The choices follow the means on this page, even if the means are close. Operations are weighted millions \
         (WMOPS) for encoding one vector. There are three counts: as published, which omits one stage of RVQ and PVQ; \
         with all stages; and with look-up tables of codeword products, which give the same codes with fewer \
         operations.",
    );
    let overview = overview(reproduction);
    if !overview.rows.is_empty() {
        document.subsection("Free bitrate: lowest error for a budget of operations");
        document.paragraph(
            "The method with the lowest error within the budget over all bitrates of the figure, and the WMOPS from \
             which it is the best. With look-up tables, AVQ's expensive search pays off at far fewer operations than \
             by the paper's count.",
        );
        document.table(overview);
    }
    let mut any = false;
    let computed = reproduction.computed.iter().map(|input| (input, true));
    for (input, is_own) in computed.chain(reproduction.kept.iter().map(|input| (input, false))) {
        for panel in input.plan.panels.iter().filter(|panel| is_shown(input, panel) && (is_own || is_telling(panel))) {
            let table = by_place(input, panel);
            if table.rows.is_empty() {
                continue;
            }
            if !std::mem::replace(&mut any, true) {
                document.subsection("Given bitrate: methods that are worth their operations");
                document.paragraph(
                    "One row per bitrate (or T). For each count, the table lists the methods with a lower error than \
                     all cheaper methods, with their WMOPS. Use the last method within your budget. A budget below the \
                     first number is too small for every method. Gain is the improvement of the last method over the \
                     one before it, by the count with all stages.",
                );
            }
            document.subsection(format!(
                "{}, {}: {}",
                panel_name(panel),
                metric::label(&primary_metric(input.plan, panel)),
                source(input, reproduction)
            ));
            document.table(table);
        }
    }
    if !any {
        document.paragraph("No cell of an experiment with several methods is done, so there is no choice.");
    }
}

/// Whether kept numbers differ from the published setting in nothing but the user's own data.
fn is_telling(panel: &Panel) -> bool {
    let reason = &panel.comparison.not_comparable;
    reason.is_none() || *reason == panel.settings().and_then(CellSettings::other_data)
}

/// Whether a panel belongs to a figure and measures methods.
fn is_shown(input: &ReportInput, panel: &Panel) -> bool {
    panel.figure.is_some() && input.plan.task.trains()
}

fn overview(reproduction: &Reproduction) -> Table {
    let mut table = Table::new(&[&["figure", "measure", "numbers of"][..], &COUNTS].concat());
    for input in reproduction.computed.iter().chain(reproduction.kept) {
        for result in &input.tradeoffs.panels {
            let panel = input.plan.panels.iter().find(|p| p.name == result.panel && is_shown(input, p));
            let Some(panel) = panel.filter(|p| has_choice(p)) else { continue };
            let mut row: Vec<Cell> = vec![
                panel_name(panel).into(),
                metric::label(&result.metric).into(),
                source(input, reproduction).into(),
            ];
            row.extend(result.budgets.iter().map(|(_, ranges)| Cell::from(ranges_in_words(ranges))));
            table.row(row);
        }
    }
    table
}

fn has_choice(panel: &Panel) -> bool {
    let mut own = panel.points.iter().map(|p| p.contender).filter(|c| c.trainer == panel.trainer());
    own.next().is_some_and(|first| own.any(|other| other != first))
}

/// `PVQ from .0021, RVQ from .0075, AVQ from 1.03`.
fn ranges_in_words(ranges: &[BudgetRange]) -> String {
    let parts: Vec<String> =
        ranges.iter().map(|range| format!("{} from {}", range.choice.label(), wmops(range.from))).collect();
    if parts.is_empty() { "–".into() } else { parts.join(", ") }
}

/// One row per position on the panel's axis.
fn by_place(input: &ReportInput, panel: &Panel) -> Table {
    let titles = [format!("#{}", panel.axis.heading()), "best".into(), "#its value".into(), "#gain".into()];
    let titles = [&titles[..], &COUNTS.map(String::from)].concat();
    let mut table = Table::new(&titles);
    if !has_choice(panel) {
        return table;
    }
    let metric = primary_metric(input.plan, panel);
    for ladder in input.tradeoffs.ladders.iter().filter(|ladder| ladder.panel == panel.name) {
        let corrected = &ladder.steps[Model::Corrected as usize];
        let Some(best) = corrected.last() else { continue };
        let before = corrected.len().checked_sub(2).map(|i| &corrected[i]);
        let gain = before.map_or("–".into(), |before| gain(&metric, before, best));
        let mut row = vec![
            Cell::from(panel.axis.number(ladder.at)),
            Cell::toned(best.contender.label(), Tone::Good),
            value(&metric, best.error).into(),
            gain.into(),
        ];
        row.extend(ladder.steps.iter().map(|steps| Cell::from(steps_in_words(steps))));
        table.row(row);
    }
    table
}

/// `PVQ .0021 · AVQ 1.03`.
fn steps_in_words(steps: &[Step]) -> String {
    let parts: Vec<String> =
        steps.iter().map(|step| format!("{} {}", step.contender.label(), wmops(step.log10_wmops))).collect();
    if parts.is_empty() { "–".into() } else { parts.join(" · ") }
}

fn value(metric: &str, error: f64) -> String {
    // The function is its own inverse.
    let mean = error_of(metric, error);
    if is_decibel(metric) { format!("{mean:.2} dB") } else { significant(mean) }
}

/// The improvement of the second step over the first: in dB, in points of a score, or in % of the error.
fn gain(metric: &str, before: &Step, after: &Step) -> String {
    let less = before.error - after.error;
    match metric::find(metric) {
        Some(row) if row.is_decibel() => format!("{} dB", signed(less, 2)),
        Some(row) if row.direction == Direction::HigherIsBetter => signed(less, 3),
        _ => format!("{} %", percent(-less / before.error)),
    }
}
