//! Comparisons between panels of an image experiment: the estimators, AVQ's released search, and the ranking of the
//! methods with a frozen network and in joint training.

use super::settings;
use crate::compare::tradeoff::{error_of, is_decibel};
use crate::metric;
use crate::report::ReportInput;
use crate::report::document::{Cell, Document, Table, text};
use crate::report::format::{enumerate, signed};
use crate::report::points::method_name;
use crate::results::{Aggregate, Point, ResultsFile, find_aggregate, primary_metric, published};
use crate::spec::{CellSettings, Contender, ImageSettings, Method, Panel, Search, Trainer};

const AVQ: Contender = Contender::proposed(Method::Avq);
const RVQ: Contender = Contender::proposed(Method::Rvq);

pub(super) fn sections(input: &ReportInput, document: &mut Document) {
    estimators(input, document);
    searches(input, document);
    frozen(input, document);
}

/// A panel with its numbers.
#[derive(Clone, Copy)]
struct Measured<'a> {
    panel: &'a Panel,
    aggregate: &'a Aggregate,
}

impl Measured<'_> {
    fn mean(&self, contender: Contender, bits: u32) -> Option<f64> {
        self.aggregate.point(contender, bits).and_then(Point::mean)
    }

    /// The methods trained by NSVQ with a mean at these bits, best first.
    fn ranking(&self, bits: u32) -> Vec<Method> {
        let at = self.aggregate.points.iter().filter(|p| p.at == bits && p.contender.trainer == Trainer::Nsvq);
        let means = at.filter_map(|p| Some((p.contender.method, p.mean()?)));
        ranked(&self.aggregate.metric, means)
    }

    fn digits(&self) -> usize {
        if is_decibel(&self.aggregate.metric) { 2 } else { 4 }
    }
}

/// The methods, best first.
fn ranked(metric: &str, means: impl Iterator<Item = (Method, f64)>) -> Vec<Method> {
    let mut errors: Vec<(Method, f64)> = means.map(|(method, mean)| (method, error_of(metric, mean))).collect();
    errors.sort_by(|a, b| a.1.total_cmp(&b.1));
    errors.into_iter().map(|(method, _)| method).collect()
}

/// The panels with numbers.
fn measured<'a>(input: &ReportInput<'a>) -> Vec<Measured<'a>> {
    let of = |panel: &'a Panel| {
        let aggregate = find_aggregate(input.aggregates, &panel.name, &primary_metric(input.plan, panel))?;
        aggregate.points.iter().any(|p| !p.samples.is_empty()).then_some(Measured { panel, aggregate })
    };
    input.plan.panels.iter().filter_map(of).collect()
}

/// The panels with the first panel's metric that differ in `value`. Panels without a value are omitted, and panels that
/// are not `alike` in everything else.
fn differing<'a, T: PartialEq>(
    all: &[Measured<'a>],
    value: impl Fn(&Panel) -> Option<T>,
    alike: impl Fn(&Panel, &Panel) -> bool,
) -> Vec<(Measured<'a>, T)> {
    let mut found: Vec<(Measured, T)> = Vec::new();
    for measured in all {
        let Some(value) = value(measured.panel) else { continue };
        let first = found.first().map(|(first, _)| first.panel);
        let same = first.is_none_or(|first| first.metric == measured.panel.metric && alike(first, measured.panel));
        if same && found.iter().all(|(_, known)| *known != value) {
            found.push((*measured, value));
        }
    }
    if found.len() > 1 { found } else { Vec::new() }
}

/// The settings of a method's first cell in a panel with joint training.
fn joint(panel: &Panel, contender: Contender) -> Option<ImageSettings> {
    let cell = panel.points.iter().find(|p| p.contender == contender)?.cells.first()?;
    let CellSettings::Image(settings) = &cell.settings else { return None };
    settings.joint.as_ref().map(|_| settings.clone())
}

fn estimators(input: &ReportInput, document: &mut Document) {
    let alike = |a: &Panel, b: &Panel| {
        let first = |panel: &Panel| joint(panel, panel.points.first()?.contender);
        first(a).zip(first(b)).is_some_and(|(a, b)| ImageSettings { joint: b.joint.clone(), ..a } == b)
    };
    let panels = differing(&measured(input), |panel| Some(settings(panel)?.joint.as_ref()?.estimator), alike);
    let Some((first, _)) = panels.first() else { return };
    document.section("Which estimator trains best");
    document.paragraph(format!(
        "{} of the same network, codebooks and updates, by the gradient estimator of the quantizer. NSVQ is the \
         paper's estimator. The others are straight-through with codebook and commitment losses, the rotation trick, \
         and DiVeQ.",
        metric::label(&first.aggregate.metric)
    ));
    let names: Vec<String> = panels.iter().map(|(_, estimator)| format!("#{}", estimator.label())).collect();
    let mut table = Table::new(&[vec!["method".into(), "#bits".into()], names, vec!["best".into()]].concat());
    let mut wins = vec![0usize; panels.len()];
    for point in &first.panel.points {
        let means: Vec<Option<f64>> = panels.iter().map(|(m, _)| m.mean(point.contender, point.bits)).collect();
        let error = |i: &usize| means[*i].map_or(f64::INFINITY, |mean| error_of(&first.aggregate.metric, mean));
        let all = means.iter().all(Option::is_some);
        let best = (0..means.len()).min_by(|a, b| error(a).total_cmp(&error(b))).filter(|_| all);
        let mut row: Vec<Cell> = vec![method_name(point).into(), point.bits.to_string().into()];
        row.extend(means.iter().map(|mean| number(*mean, first.digits())));
        row.push(best.map_or("–", |best| panels[best].1.label()).into());
        best.into_iter().for_each(|best| wins[best] += 1);
        table.row(row);
    }
    let counts: Vec<String> = panels.iter().zip(&wins).map(|((_, e), n)| format!("{} at {n}", e.label())).collect();
    let total: usize = wins.iter().sum();
    document.paragraph(format!("Best estimator: {} of {total} points.", enumerate(&counts)));
    document.table(table);
}

fn number(mean: Option<f64>, digits: usize) -> Cell {
    mean.map_or("–".into(), |mean| format!("{mean:.digits$}")).into()
}

/// The search of AVQ in a panel with joint training.
fn search(panel: &Panel) -> Option<Search> {
    joint(panel, AVQ)?.quantizer.search
}

fn searches(input: &ReportInput, document: &mut Document) {
    let alike = |a: &Panel, b: &Panel| {
        joint(a, AVQ).zip(joint(b, AVQ)).is_some_and(|(mut a, b)| {
            a.quantizer.search = b.quantizer.search;
            a == b
        })
    };
    let panels = differing(&measured(input), search, alike);
    let Some((first, _)) = panels.first() else { return };
    let label = metric::label(&first.aggregate.metric);
    document.section("Does the released search explain the published AVQ?");
    document.paragraph(format!(
        "{label} of AVQ and RVQ, ours and published. Network and codebooks are trained together, with either search of \
         AVQ (\"released\": the wrong residual of the authors' code)."
    ));
    let columns: Vec<String> = panels.iter().map(|(_, search)| format!("AVQ, {}", search_name(*search))).collect();
    let mut titles = vec!["#bits".to_owned(), "#RVQ".into()];
    titles.extend(columns.iter().map(|name| format!("#{name}")));
    titles.extend(columns.iter().map(|name| format!("#{name} − RVQ")));
    titles.extend(["#published RVQ", "#published AVQ", "#published AVQ − RVQ"].map(String::from));
    let mut table = Table::new(&titles);
    let file = first.panel.published_file.as_deref().and_then(published);
    let mut gaps: Vec<(String, Vec<f64>)> = columns.iter().map(|name| (name.clone(), Vec::new())).collect();
    gaps.push(("the published AVQ".into(), Vec::new()));
    let digits = first.digits();
    let gap = |a: Option<f64>, b: Option<f64>| Some(a? - b?);
    for bits in first.aggregate.places() {
        let rvq = first.mean(RVQ, bits);
        let avq: Vec<Option<f64>> = panels.iter().map(|(m, _)| m.mean(AVQ, bits)).collect();
        let theirs = |file: &Option<ResultsFile>, contender| file.as_ref()?.mean_at(Contender::label(contender), bits);
        let (their_rvq, their_avq) = (theirs(&file, RVQ), theirs(&file, AVQ));
        let mut differences: Vec<Option<f64>> = avq.iter().map(|avq| gap(*avq, rvq)).collect();
        let mut row = vec![Cell::from(bits.to_string()), number(rvq, digits)];
        row.extend(avq.iter().map(|avq| number(*avq, digits)));
        let signed_cell = |d: &Option<f64>| Cell::from(d.map_or("–".into(), |d| signed(d, digits)));
        row.extend(differences.iter().map(signed_cell));
        let published = gap(their_avq, their_rvq);
        row.extend([number(their_rvq, digits), number(their_avq, digits), signed_cell(&published)]);
        differences.push(published);
        gaps.iter_mut().zip(differences).for_each(|((_, list), d)| list.extend(d));
        table.row(row);
    }
    document.table(table);
    let of_rvq = |(name, list): &(String, Vec<f64>)| {
        let below = list.iter().filter(|d| **d < 0.0).count();
        let mean = list.iter().sum::<f64>() / list.len() as f64;
        (!list.is_empty()).then(|| {
            text(format!(
                "{name}: mean difference to RVQ {}, below RVQ at {below} of {} bitrates.",
                signed(mean, digits),
                list.len()
            ))
        })
    };
    document.list(gaps.iter().filter_map(of_rvq).collect());
}

fn search_name(search: Search) -> &'static str {
    match search {
        Search::Beam => "true residual",
        Search::Ordered => "in order",
        Search::Released => "released search",
    }
}

/// Whether the cheap frozen network ranks the methods as joint training does.
fn frozen(input: &ReportInput, document: &mut Document) {
    let all = measured(input);
    let is_frozen = |m: &Measured| settings(m.panel).is_some_and(|s| s.joint.is_none());
    let pairs: Vec<(Measured, Measured)> = all
        .iter()
        .filter(|m| is_frozen(m))
        .filter_map(|frozen| {
            let joint = all.iter().find(|m| !is_frozen(m) && m.panel.metric == frozen.panel.metric)?;
            Some((*joint, *frozen))
        })
        .collect();
    if pairs.is_empty() {
        return;
    }
    document.section("Ranking of the methods: joint training and frozen network");
    document.paragraph(
        "A frozen network compares all quantizers at a small part of the cost of joint training. This section shows \
         whether the order of the methods is the same. A pair is two methods at one bitrate. Kendall's τ is 1 if all \
         pairs have the same order, and −1 if none has.",
    );
    for (joint, frozen) in pairs {
        let mut table =
            Table::new(&["#bits", "joint training, best first", "frozen network", "published", "#pairs alike"]);
        let (mut alike, mut total) = (0, 0);
        let file = joint.panel.published_file.as_deref().and_then(published);
        for bits in joint.aggregate.places() {
            let (a, b) = (joint.ranking(bits), frozen.ranking(bits));
            let (same, pairs) = concordant(&a, &b);
            if pairs == 0 {
                continue;
            }
            (alike, total) = (alike + same, total + pairs);
            let theirs = a.iter().filter_map(|method| Some((*method, file.as_ref()?.mean_at(method.label(), bits)?)));
            let theirs = ranked(&joint.aggregate.metric, theirs);
            table.row(vec![
                bits.to_string().into(),
                list(&a).into(),
                list(&b).into(),
                list(&theirs).into(),
                format!("{same} of {pairs}").into(),
            ]);
        }
        if total == 0 {
            continue;
        }
        let tau = 2.0 * alike as f64 / total as f64 - 1.0;
        document.paragraph(format!(
            "{} (frozen) against {} (joint), by {}: {alike} of {total} pairs in the same order, τ = {}.",
            frozen.panel.name,
            joint.panel.name,
            metric::label(&joint.aggregate.metric),
            signed(tau, 2)
        ));
        document.table(table);
    }
}

fn list(methods: &[Method]) -> String {
    if methods.is_empty() { "–".into() } else { methods.iter().map(|m| m.label()).collect::<Vec<_>>().join(" > ") }
}

/// The number of pairs of methods with the same order in both lists, and the number of pairs.
fn concordant(a: &[Method], b: &[Method]) -> (usize, usize) {
    let places: Vec<usize> = a.iter().filter_map(|method| b.iter().position(|other| other == method)).collect();
    let pairs =
        places.iter().enumerate().flat_map(|(i, first)| places[i + 1..].iter().map(move |second| first < second));
    (pairs.clone().filter(|same| *same).count(), pairs.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rankings_are_compared_pair_by_pair() {
        let (a, r, p) = (Method::Avq, Method::Rvq, Method::Pvq);
        assert_eq!(concordant(&[a, r, p], &[a, r, p]), (3, 3));
        assert_eq!(concordant(&[a, r, p], &[r, a, p]), (2, 3));
        assert_eq!(concordant(&[a, r, p], &[p, r, a]), (0, 3));
        assert_eq!(concordant(&[a, r], &[r]), (0, 0));
        assert_eq!(ranked("psnr-fresh", [(a, 24.0), (r, 25.0)].into_iter()), [r, a]);
        assert_eq!(ranked("mse-fresh", [(a, 24.0), (r, 25.0)].into_iter()), [a, r]);
    }
}
