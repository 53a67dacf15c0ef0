//! Claims of the paper, the generalisation gap, and the released search against the beam search.

use super::document::{Cell, Document, Table, Tone, text};
use super::format::{enumerate, percent, share, signed, significant};
use super::points::method_name;
use super::{ReportInput, panel_name};
use crate::compare::{ClaimCheck, ClaimResult};
use crate::figure::generalisation_gap;
use crate::results::{Point, aggregate_metric, find_aggregate, published};
use crate::spec::{Method, Panel, TaskKind};

pub(super) fn claims(input: &ReportInput, document: &mut Document) {
    if input.claims.is_empty() {
        return;
    }
    document.section("Claims");
    document.paragraph(
        "Statements of the paper in our words, checked on the means of our numbers and of the published ones. Where one fails, \
         the bitrates are named.",
    );
    let mut table = Table::new(&["claim", "on", "ours", "published"]);
    for ClaimCheck { text, panel, ours, published } in input.claims {
        let panel = if panel.is_empty() { "all panels together" } else { panel };
        table.row(vec![text.as_str().into(), panel.into(), outcome(ours), outcome(published)]);
    }
    document.table(table);
}

fn outcome(result: &ClaimResult) -> Cell {
    match result {
        ClaimResult::Holds => Cell { text: "holds".into(), tone: Tone::Good },
        ClaimResult::FailsAt(bits) => {
            let text = format!("fails at {} bits", enumerate(bits));
            Cell { text, tone: Tone::Bad }
        }
        ClaimResult::Unknown => Cell { text: "not known".into(), tone: Tone::Doubtful },
    }
}

/// Gap of a method at a bitrate: mean, low and high in %.
type Gap = (Method, u32, (f64, f64, f64));

fn gaps(input: &ReportInput, panel: &Panel) -> Vec<Gap> {
    let metric =
        |ending: &str| find_aggregate(input.aggregates, &panel.name, &format!("{}-{ending}", input.plan.metric));
    let (Some(training), Some(fresh)) = (metric("training"), metric("fresh")) else { return Vec::new() };
    let gap = |t: &Point| Some((t.method, t.bits, generalisation_gap(t, fresh.point(t.method, t.bits)?)?));
    training.points.iter().filter_map(gap).collect()
}

pub(super) fn generalisation(input: &ReportInput, document: &mut Document) {
    if input.plan.task != TaskKind::Toy {
        return;
    }
    let panels: Vec<(&Panel, Vec<Gap>)> = input.plan.panels.iter().map(|p| (p, gaps(input, p))).collect();
    if panels.iter().all(|(_, gaps)| gaps.is_empty()) {
        return;
    }
    document.section("Training set and fresh vectors");
    document.paragraph(
        "The same codebooks, measured on the vectors that they were trained on and on fresh ones of the same law. The gap is how \
         much larger the error on fresh vectors is, in % of the training error: what the codebooks have learnt by heart. It is \
         the fresh error that counts in use.",
    );
    document.list(panels.iter().filter_map(|(panel, gaps)| gap_text(panel, gaps)).map(text).collect());
    for (panel, gaps) in panels.iter().filter(|(_, gaps)| !gaps.is_empty()) {
        document.subsection(format!("Gap in %: {}", panel_name(panel)));
        document.table(gap_table(&input.plan.methods, gaps));
    }
}

fn gap_text(panel: &Panel, gaps: &[Gap]) -> Option<String> {
    let most_bits = gaps.iter().map(|g| g.1).max()?;
    let at_end: Vec<String> = gaps
        .iter()
        .filter(|g| g.1 == most_bits)
        .map(|(method, _, gap)| format!("{} % for {}", signed(gap.0, 2), method.label()))
        .collect();
    let (method, bits, widest) = gaps.iter().max_by(|a, b| a.2.0.total_cmp(&b.2.0))?;
    Some(format!(
        "{}: at {most_bits} bits the error on fresh vectors differs from that on the training set by {}; the widest gap of all \
         is {} % ({} at {bits} bits).",
        panel_name(panel),
        enumerate(&at_end),
        signed(widest.0, 2),
        method.label(),
    ))
}

fn gap_table(methods: &[Method], gaps: &[Gap]) -> Table {
    let mut bits: Vec<u32> = gaps.iter().map(|g| g.1).collect();
    bits.sort_unstable();
    bits.dedup();
    let present: Vec<Method> = methods.iter().copied().filter(|m| gaps.iter().any(|g| g.0 == *m)).collect();
    let titles: Vec<String> =
        std::iter::once("#bits".to_string()).chain(present.iter().map(|m| format!("#{}", m.label()))).collect();
    let mut table = Table::new(&titles);
    for bits in bits {
        let cell = |method: &Method| {
            let gap = gaps.iter().find(|g| g.0 == *method && g.1 == bits);
            gap.map_or("–".into(), |(_, _, (mean, low, high))| match low == high {
                true => signed(*mean, 2),
                false => format!("{} ({} … {})", signed(*mean, 2), signed(*low, 2), signed(*high, 2)),
            })
        };
        table.row(std::iter::once(bits.to_string()).chain(present.iter().map(cell)).map(Cell::from).collect());
    }
    table
}

/// One AVQ point, both searches on the same codebooks and vectors.
struct Searched {
    panel: String,
    method: String,
    bits: u32,
    beam: f64,
    released: f64,
    /// Share of vectors that use a codebook twice under the released search.
    repeated: Option<f64>,
    published: Option<f64>,
}

pub(super) fn searches(input: &ReportInput, document: &mut Document) {
    let points: Vec<Searched> = input.plan.panels.iter().flat_map(|panel| searched(input, panel)).collect();
    if points.is_empty() {
        return;
    }
    document.section("Released search and beam search");
    document.paragraph(
        "The authors' released code forms AVQ's remainder wrongly from the third stage on (it subtracts the last codeword once \
         per step), keeps permutations of one choice apart, and fills a beam that is wider than the codewords left with \
         codebooks used before. Here both searches encode the same training vectors with the same codebooks: first ours (true \
         remainder, no permutations), then the released one. A vector that uses a codebook twice is no valid code.",
    );
    let mut table = Table::new(&[
        "panel",
        "trained with",
        "#bits",
        "#beam MSE",
        "#released MSE",
        "#released costs %",
        "#codebook used twice",
        "#beam to published %",
        "#released to published %",
    ]);
    for p in &points {
        let against = |value: f64| p.published.map_or("–".into(), |published| percent(value / published - 1.0));
        table.row(vec![
            p.panel.as_str().into(),
            p.method.as_str().into(),
            p.bits.to_string().into(),
            significant(p.beam).into(),
            significant(p.released).into(),
            percent(p.released / p.beam - 1.0).into(),
            p.repeated.map_or("–".into(), share).into(),
            against(p.beam).into(),
            against(p.released).into(),
        ]);
    }
    document.list(search_texts(&points).into_iter().map(text).collect());
    document.table(table);
}

fn searched(input: &ReportInput, panel: &Panel) -> Vec<Searched> {
    let metric = |name: &str| aggregate_metric(panel, name, input.records);
    let (beam, released) = (metric("mse-subset-beam"), metric("mse-subset-released"));
    let repeated = [metric("repeated-share-subset-released"), metric("repeated-share")];
    let file =
        panel.published_file.as_deref().filter(|_| panel.comparison.not_comparable.is_none()).and_then(published);
    let point = |planned: &crate::spec::PlannedPoint| {
        let (method, bits) = (planned.method, planned.bits);
        Some(Searched {
            panel: panel.name.clone(),
            method: method_name(planned),
            bits,
            beam: beam.point(method, bits)?.mean()?,
            released: released.point(method, bits)?.mean()?,
            repeated: repeated.iter().find_map(|a| a.point(method, bits)?.mean()),
            published: file.as_ref().and_then(|f| f.mean_at(method.label(), bits)),
        })
    };
    panel.points.iter().filter(|p| p.method == Method::Avq).filter_map(point).collect()
}

/// A sentence a panel on the cost, and one on which search the published numbers fit.
fn search_texts(points: &[Searched]) -> Vec<String> {
    let mut panels: Vec<&str> = points.iter().map(|p| p.panel.as_str()).collect();
    panels.dedup();
    let mut texts = Vec::new();
    for panel in panels {
        let own: Vec<&Searched> = points.iter().filter(|p| p.panel == panel).collect();
        let cost = |p: &&Searched| p.released / p.beam - 1.0;
        let by_cost = |a: &&&Searched, b: &&&Searched| cost(a).total_cmp(&cost(b));
        let (Some(least), Some(most)) = (own.iter().min_by(by_cost), own.iter().max_by(by_cost)) else { continue };
        let (low, high) = (percent(cost(least)), percent(cost(most)));
        let range = match (low == high, own.len()) {
            (true, 1) => format!("{low} % at {} bits", least.bits),
            (true, _) => format!("{low} % at every bitrate"),
            _ => format!("{low} % ({} bits) to {high} % ({} bits)", least.bits, most.bits),
        };
        let mut sentence = format!("{panel}: the released search changes the error by {range}");
        sentence.push_str(&fit(&own));
        texts.push(sentence);
    }
    texts
}

/// Below this relative difference of the two errors the published numbers can't tell the searches apart.
const TELLING: f64 = 0.005;

fn fit(points: &[&Searched]) -> String {
    let compared = points.iter().filter_map(|p| Some((p, p.published?)));
    let mut nearer: [Vec<u32>; 2] = Default::default();
    let mut any = false;
    for (p, published) in compared {
        any = true;
        if (p.released / p.beam - 1.0).abs() >= TELLING {
            let released = (p.released - published).abs() < (p.beam - published).abs();
            nearer[usize::from(released)].push(p.bits);
        }
    }
    let side = |bits: &[u32], search: &str| {
        (!bits.is_empty()).then(|| format!("at {} bits they are nearer to the {search} search", enumerate(bits)))
    };
    let [beam, released] = &nearer;
    let sides: Vec<String> = [side(beam, "beam"), side(released, "released")].into_iter().flatten().collect();
    match (any, sides.is_empty()) {
        (false, _) => ".".into(),
        (true, true) => "; the published numbers do not tell the two apart (less than 0.5 % between them).".into(),
        (true, false) => {
            format!("; of the published numbers, where the two differ by 0.5 % or more: {}.", sides.join(", "))
        }
    }
}
