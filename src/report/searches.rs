//! Compares AVQ's released search and its beam search on equal codebooks, and which of them the published numbers fit.

use super::ReportInput;
use super::document::{Document, Table, text};
use super::format::{enumerate, percent, share, significant};
use super::points::method_name;
use crate::results::{Aggregate, ResultsFile, aggregate_metric, find_aggregate, primary_metric, published};
use crate::spec::{Contender, Method, Panel, PlannedPoint, Search};

const AVQ: Contender = Contender::proposed(Method::Avq);

/// One AVQ point, both searches on the same codebooks and vectors.
pub(super) struct Searched {
    panel: String,
    method: String,
    pub bits: u32,
    beam: f64,
    released: f64,
    /// Share of vectors that use a codebook twice under the released search.
    repeated: Option<f64>,
    published: Option<f64>,
    /// The search that the published number fits. `None` if it fits neither better.
    fit: Option<Fit>,
}

impl Searched {
    /// The relative increase of the error by the released search.
    pub fn cost(&self) -> f64 {
        self.released / self.beam - 1.0
    }

    /// The search that the published number is nearer to. `None` if it is undecided.
    pub fn nearer(&self) -> Option<Search> {
        self.fit.map(|fit| fit.search)
    }
}

/// The search that a published number fits, and the criterion.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fit {
    search: Search,
    /// By the ratio AVQ/RVQ, otherwise by AVQ's error alone.
    by_ratio: bool,
}

/// Below this relative difference of the two errors, the published numbers can't distinguish the searches.
const TELLING: f64 = 0.005;

pub(super) fn section(input: &ReportInput, document: &mut Document) {
    let panels: Vec<(&Panel, Vec<Searched>)> = input.plan.panels.iter().map(|p| (p, searched(input, p))).collect();
    if panels.iter().all(|(_, points)| points.is_empty()) {
        return;
    }
    document.section("Released search and beam search");
    document.paragraph(
        "The authors' released code computes a wrong residual in AVQ from the third stage on: it subtracts only the \
         last codeword, once per step. It also keeps permutations of one choice apart. If the beam is wider than the \
         number of remaining codewords, it fills the beam with codebooks that were used before. Here both searches \
         encode the same training vectors with the same codebooks: first our search (true residual, no permutations), \
         then the released one. A vector that uses a codebook twice has no valid code.",
    );
    document.list(panels.iter().filter_map(|(panel, points)| sentence(panel, points)).map(text).collect());
    let mut table = Table::new(&[
        "panel",
        "trained with",
        "#bits",
        "#beam MSE",
        "#released MSE",
        "#released minus beam %",
        "#codebook used twice",
        "#beam to published %",
        "#released to published %",
    ]);
    for p in panels.iter().flat_map(|(_, points)| points) {
        let against = |value: f64| p.published.map_or("–".into(), |published| percent(value / published - 1.0));
        table.row(vec![
            p.panel.as_str().into(),
            p.method.as_str().into(),
            p.bits.to_string().into(),
            significant(p.beam).into(),
            significant(p.released).into(),
            percent(p.cost()).into(),
            p.repeated.map_or("–".into(), share).into(),
            against(p.beam).into(),
            against(p.released).into(),
        ]);
    }
    document.table(table);
}

/// The AVQ points of a panel that both searches encoded, in the panel's order.
pub(super) fn searched(input: &ReportInput, panel: &Panel) -> Vec<Searched> {
    let metric = |name: &str| aggregate_metric(panel, name, input.records);
    let (beam, released) = (metric("mse-subset-beam"), metric("mse-subset-released"));
    let repeated = [metric("repeated-share-subset-released"), metric("repeated-share")];
    let file = panel.published_file.as_deref().and_then(published);
    let primary = find_aggregate(input.aggregates, &panel.name, &primary_metric(input.plan, panel));
    let point = |planned: &PlannedPoint| {
        let (contender, bits) = (planned.contender, planned.bits);
        let errors = (beam.point(contender, bits)?.mean()?, released.point(contender, bits)?.mean()?);
        Some(Searched {
            panel: panel.name.clone(),
            method: method_name(planned),
            bits,
            beam: errors.0,
            released: errors.1,
            repeated: repeated.iter().find_map(|a| a.point(contender, bits)?.mean()),
            published: file.as_ref().and_then(|f| f.mean_at(&panel.curve_name(contender), bits)),
            fit: file.as_ref().and_then(|f| fit(planned, errors, primary?, f)),
        })
    };
    panel.points.iter().filter(|p| p.contender == AVQ).filter_map(point).collect()
}

/// Compares AVQ's main error under either search with the published error. If both sides have RVQ, the errors are
/// relative to RVQ's, because a better training than the authors' lowers AVQ's error under both searches. Without RVQ,
/// the comparison is decided only if the published error is between those of the two searches.
fn fit(planned: &PlannedPoint, (beam, released): (f64, f64), primary: &Aggregate, file: &ResultsFile) -> Option<Fit> {
    if (released / beam - 1.0).abs() < TELLING {
        return None;
    }
    let bits = planned.bits;
    let own = match own_search(planned)? {
        Search::Beam => beam,
        Search::Released => released,
        Search::Ordered => return None,
    };
    let main = primary.point(AVQ, bits)?.mean()?;
    let theirs = file.mean_at(Method::Avq.label(), bits)?;
    let rvq = primary
        .point(Contender::proposed(Method::Rvq), bits)
        .and_then(|p| p.mean())
        .zip(file.mean_at(Method::Rvq.label(), bits));
    let (ours, theirs) = rvq.map_or((main, theirs), |(our_rvq, their_rvq)| (main / our_rvq, theirs / their_rvq));
    let away = |subset: f64| (ours * subset / own / theirs).ln();
    nearer(away(beam), away(released), rvq.is_some())
}

/// `beam` and `released` are log ratios to the published value.
fn nearer(beam: f64, released: f64, by_ratio: bool) -> Option<Fit> {
    if !(beam.is_finite() && released.is_finite()) || (!by_ratio && beam.signum() == released.signum()) {
        return None;
    }
    let search = if released.abs() < beam.abs() { Search::Released } else { Search::Beam };
    Some(Fit { search, by_ratio })
}

fn own_search(planned: &PlannedPoint) -> Option<Search> {
    planned.cells.first()?.settings.quantizer()?.search
}

/// The effect of the released search on a panel, and the search that the published numbers fit.
fn sentence(panel: &Panel, points: &[Searched]) -> Option<String> {
    let by_cost = |a: &&Searched, b: &&Searched| a.cost().total_cmp(&b.cost());
    let (least, most) = (points.iter().min_by(by_cost)?, points.iter().max_by(by_cost)?);
    let (low, high) = (percent(least.cost()), percent(most.cost()));
    let range = match (low == high, points.len()) {
        (true, 1) => format!("{low} % at {} bits", least.bits),
        (true, _) => format!("{low} % at every bitrate"),
        _ => format!("{low} % ({} bits) to {high} % ({} bits)", least.bits, most.bits),
    };
    let cost = format!("{}: the released search changes the error by {range}.", panel.name);
    Some(format!("{cost}{}", fits(points, panel.comparison.not_comparable.is_some())))
}

fn fits(points: &[Searched], for_orientation: bool) -> String {
    if points.iter().all(|p| p.published.is_none()) {
        return String::new();
    }
    let explained = [
        (
            true,
            "by the ratio of AVQ's error to RVQ's, ours under either search against the published ratio (the errors \
             alone do not decide, because a better training lowers them under both searches)",
        ),
        (false, "by AVQ's error, where the published error is between the errors of the two searches"),
    ];
    let told: Vec<String> = explained
        .into_iter()
        .filter_map(|(by_ratio, how)| {
            let bits = |search| -> Vec<u32> {
                points.iter().filter(|p| p.fit == Some(Fit { search, by_ratio })).map(|p| p.bits).collect()
            };
            let side = |bits: Vec<u32>, search: &str| {
                (!bits.is_empty()).then(|| format!("the {search} search at {} bits", enumerate(&bits)))
            };
            let sides = [side(bits(Search::Beam), "beam"), side(bits(Search::Released), "released")];
            let sides: Vec<String> = sides.into_iter().flatten().collect();
            (!sides.is_empty()).then(|| format!("{}, {how}", enumerate(&sides)))
        })
        .collect();
    let orientation = if for_orientation { " (for orientation: the panel is not comparable)" } else { "" };
    match told.is_empty() {
        true => " The published numbers do not distinguish the two searches: their errors differ by less than 0.5 %, \
                 or both are on one side of the published error."
            .into(),
        false => format!(" The published numbers are nearer to {}{orientation}.", told.join("; and to ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_better_training_does_not_speak_for_the_released_search() {
        let beam = Some(Fit { search: Search::Beam, by_ratio: true });
        // The ratio under the beam search equals the published ratio, although both errors are far below.
        assert_eq!(nearer(0.01, 0.08, true), beam);
        assert_eq!(nearer(-0.09, -0.02, false), None);
        assert_eq!(nearer(-0.01, 0.05, false), Some(Fit { search: Search::Beam, by_ratio: false }));
        assert_eq!(nearer(-0.05, 0.01, false), Some(Fit { search: Search::Released, by_ratio: false }));
        assert_eq!(nearer(f64::NAN, 0.01, true), None);
    }
}
