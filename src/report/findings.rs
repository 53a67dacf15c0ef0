//! Claims of the paper and the generalization gap.

use super::document::{Cell, Document, Table, Tone, text};
use super::format::{enumerate, signed};
use super::{ReportInput, panel_name};
use crate::compare::{ClaimCheck, ClaimResult};
use crate::figure::generalization_gap;
use crate::results::{Point, find_aggregate};
use crate::spec::{Contender, Panel, PanelAxis};

pub(super) fn claims(input: &ReportInput, document: &mut Document) {
    if input.claims.is_empty() {
        return;
    }
    document.section("Claims");
    let is_of_the_paper = input.plan.has_published();
    document.paragraph(match is_of_the_paper {
        true => {
            "Claims of the paper in our words, checked on our means and on the published means. A failing claim names \
             its bitrates (or T)."
        }
        false => "Claims of this spec, checked on the means over the seeds. A failing claim names its bitrates (or T).",
    });
    let head: &[&str] = &["claim", "on", "ours", "published"];
    let mut table = Table::new(if is_of_the_paper { head } else { &head[..3] });
    for ClaimCheck { text, panel, axis, ours, published } in input.claims {
        let panel = if panel.is_empty() { "all panels together" } else { panel };
        let mut row = vec![text.as_str().into(), panel.into(), outcome(ours, axis)];
        row.extend(is_of_the_paper.then(|| outcome(published, axis)));
        table.row(row);
    }
    document.table(table);
}

pub(super) fn outcome(result: &ClaimResult, axis: &PanelAxis) -> Cell {
    match result {
        ClaimResult::Holds => Cell::toned("holds", Tone::Good),
        ClaimResult::FailsAt(places) => {
            let places: Vec<String> = places.iter().map(|at| axis.number(*at)).collect();
            Cell::toned(format!("fails at {}", axis.in_words(&enumerate(&places))), Tone::Bad)
        }
        ClaimResult::Fails(instead) => Cell::toned(format!("fails: {instead}"), Tone::Bad),
        ClaimResult::Unknown => Cell::toned("not known", Tone::Doubtful),
    }
}

/// The gap of a method at a bitrate: mean, low and high in %.
pub(super) type Gap = (Contender, u32, (f64, f64, f64));

pub(super) fn gaps(input: &ReportInput, panel: &Panel) -> Vec<Gap> {
    let metric = |ending: &str| find_aggregate(input.aggregates, &panel.name, &format!("{}-{ending}", panel.metric));
    let (Some(training), Some(fresh)) = (metric("training"), metric("fresh")) else { return Vec::new() };
    let gap = |t: &Point| Some((t.contender, t.at, generalization_gap(t, fresh.point(t.contender, t.at)?)?));
    training.points.iter().filter_map(gap).collect()
}

pub(super) fn generalization(input: &ReportInput, document: &mut Document) {
    if input.plan.task.name() != "toy" {
        return;
    }
    let panels: Vec<(&Panel, Vec<Gap>)> = input.plan.panels.iter().map(|p| (p, gaps(input, p))).collect();
    if panels.iter().all(|(_, gaps)| gaps.is_empty()) {
        return;
    }
    document.section("Training set error and test error");
    document.paragraph(
        "The same codebooks are measured on the training set and on test vectors of the same distribution. The gap is \
         the test error minus the training set error, in % of the training set error. It measures overfitting. The \
         test error is the error in use.",
    );
    document.list(panels.iter().filter_map(|(panel, gaps)| gap_text(panel, gaps)).map(text).collect());
    for (panel, gaps) in panels.iter().filter(|(_, gaps)| !gaps.is_empty()) {
        document.subsection(format!("Gap in %: {}", panel_name(panel)));
        document.table(gap_table(&input.plan.contenders, gaps));
    }
}

fn gap_text(panel: &Panel, gaps: &[Gap]) -> Option<String> {
    let most_bits = gaps.iter().map(|g| g.1).max()?;
    let at_end: Vec<String> = gaps
        .iter()
        .filter(|g| g.1 == most_bits)
        .map(|(contender, _, gap)| format!("{} % for {}", signed(gap.0, 2), contender.label()))
        .collect();
    let (contender, bits, widest) = gaps.iter().max_by(|a, b| a.2.0.total_cmp(&b.2.0))?;
    Some(format!(
        "{}: at {most_bits} bits the test error differs from the training set error by {}. The widest gap is {} % ({} \
         at {bits} bits).",
        panel_name(panel),
        enumerate(&at_end),
        signed(widest.0, 2),
        contender.label(),
    ))
}

fn gap_table(contenders: &[Contender], gaps: &[Gap]) -> Table {
    let mut bits: Vec<u32> = gaps.iter().map(|g| g.1).collect();
    bits.sort_unstable();
    bits.dedup();
    let present: Vec<Contender> = contenders.iter().copied().filter(|m| gaps.iter().any(|g| g.0 == *m)).collect();
    let titles: Vec<String> =
        std::iter::once("#bits".to_string()).chain(present.iter().map(|m| format!("#{}", m.label()))).collect();
    let mut table = Table::new(&titles);
    for bits in bits {
        let cell = |contender: &Contender| {
            let gap = gaps.iter().find(|g| g.0 == *contender && g.1 == bits);
            gap.map_or("–".into(), |(_, _, (mean, low, high))| match low == high {
                true => signed(*mean, 2),
                false => format!("{} ({} … {})", signed(*mean, 2), signed(*low, 2), signed(*high, 2)),
            })
        };
        table.row(std::iter::once(bits.to_string()).chain(present.iter().map(cell)).map(Cell::from).collect());
    }
    table
}
