//! Results of the claims, and the generalization gaps.

use super::ReportInput;
use super::document::{Cell, Document, Table, Tone};
use super::format::enumerate;
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
pub(crate) type Gap = (Contender, u32, (f64, f64, f64));

pub(crate) fn gaps(input: &ReportInput, panel: &Panel) -> Vec<Gap> {
    let metric = |ending: &str| find_aggregate(input.aggregates, &panel.name, &format!("{}-{ending}", panel.metric));
    let (Some(training), Some(fresh)) = (metric("training"), metric("fresh")) else { return Vec::new() };
    let gap = |t: &Point| Some((t.contender, t.at, generalization_gap(t, fresh.point(t.contender, t.at)?)?));
    training.points.iter().filter_map(gap).collect()
}
