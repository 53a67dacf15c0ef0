//! A plan's panels against the embedded published files.

use super::statistics::PUBLISHED_RUNS;
use super::{Estimate, Judgement, PanelComparison, PointComparison, Verdict, judge, judge_exact};
use crate::metric::{self, Direction};
use crate::results::{Aggregate, CurveValues, Point, ResultsFile, find_aggregate, primary_metric, published};
use crate::spec::{Comparison, Contender, Panel, Plan, TaskKind};

/// Every panel that has a published file, by the primary metric. A point of ours without a published counterpart is *not
/// comparable*; a panel whose published file is unknown is so as a whole.
pub fn compare_plan(plan: &Plan, aggregates: &[Aggregate]) -> Vec<PanelComparison> {
    let mut comparisons = Vec::new();
    for panel in &plan.panels {
        let metric = primary_metric(plan, panel);
        let direction = metric::find(&metric).map_or(Direction::LowerIsBetter, |m| m.direction);
        if let Some(name) = &panel.published_file {
            let aggregate = find_aggregate(aggregates, &panel.name, &metric);
            comparisons.push(compare_panel(plan, panel, aggregate, published(name), direction));
        }
    }
    comparisons
}

fn compare_panel(
    plan: &Plan,
    panel: &Panel,
    aggregate: Option<&Aggregate>,
    published: Option<ResultsFile>,
    direction: Direction,
) -> PanelComparison {
    let unknown = published.is_none().then(|| "its published file is not among the embedded ones".to_owned());
    let not_comparable = panel.comparison.not_comparable.clone().or(unknown);
    let computed = plan.task == TaskKind::Complexity;
    let points: Vec<_> = panel
        .places()
        .into_iter()
        .map(|(contender, at)| {
            let ours = aggregate.and_then(|a| a.point(contender, at));
            // Of how many utterances the published speech was is not known.
            let runs = ours.map(|point| point.items.len()).filter(|items| *items > 0).unwrap_or(PUBLISHED_RUNS);
            let theirs =
                published.as_ref().and_then(|file| published_value(file, panel, (contender, at), computed, runs));
            let bits = panel.planned(contender, at).map_or(at, |planned| planned.bits);
            compare_point((contender, at, bits), ours, theirs, &panel.comparison, direction)
        })
        .collect();
    PanelComparison {
        panel: panel.name.clone(),
        axis: panel.axis.clone(),
        measured_on: matches!(plan.task, TaskKind::Toy | TaskKind::Image | TaskKind::Speech).then_some(plan.primary),
        results_file: panel.results_file.clone(),
        verdict: points.iter().map(|p| p.verdict).max().unwrap_or(Verdict::Missing),
        points,
        not_comparable,
        anomalies: panel.comparison.anomalies.clone(),
    }
}

/// A published number: over runs, or computed.
enum Published {
    Measured(Estimate),
    Computed(f64),
}

fn published_value(
    file: &ResultsFile,
    panel: &Panel,
    (contender, at): (Contender, u32),
    computed: bool,
    runs: usize,
) -> Option<Published> {
    let curve = file.curve(&panel.curve_name(contender))?;
    let tick = file.tick(&panel.axis.tick(at))?;
    let value = (*curve.mean().get(tick)?)?;
    match curve.values {
        CurveValues::Plain(_) if computed => Some(Published::Computed(value)),
        // A single number of unknown spread, as the baselines: taken as it stands.
        CurveValues::Plain(_) => Some(Published::Measured(Estimate { n: usize::MAX, ..Estimate::exact(value) })),
        CurveValues::Spread { .. } => {
            let (low, high) = curve.quantiles(tick)?;
            Some(Published::Measured(Estimate::of_quantiles(value, low, high, runs)))
        }
    }
}

fn compare_point(
    (contender, at, bits): (Contender, u32, u32),
    ours: Option<&Point>,
    published: Option<Published>,
    comparison: &Comparison,
    direction: Direction,
) -> PointComparison {
    let special = comparison.point_margins.iter().find(|(c, theirs, _)| (*c, *theirs) == (contender, bits));
    let margin = special.map_or(comparison.margin, |(_, _, margin)| *margin);
    // The mean of real bitrates is not that of the utterances'.
    let ours = ours.and_then(|p| Some(Estimate { mean: p.mean()?, ..Estimate::of_values(&p.values())? }));
    let judgement: Option<Judgement> = match (&ours, &published) {
        (Some(ours), Some(Published::Measured(theirs))) => Some(judge(ours, theirs, margin, direction)),
        (Some(ours), Some(Published::Computed(value))) => Some(judge_exact(ours.mean, *value)),
        _ => None,
    };
    let verdict = match &judgement {
        None if ours.is_none() => Verdict::Missing,
        Some(judgement) if comparison.not_comparable.is_none() => judgement.verdict,
        _ => Verdict::NotComparable,
    };
    let published = published.map(|p| match p {
        Published::Measured(estimate) => estimate,
        Published::Computed(value) => Estimate::exact(value),
    });
    let difference = judgement.map(|j| j.difference);
    let interval = judgement.and_then(|j| j.interval);
    PointComparison { contender, at, ours, published, difference, interval, margin, verdict }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{aggregate, fixture};

    fn with_values(values: impl Fn(f64, usize) -> f64, seeds: u64) -> (Plan, Vec<Aggregate>) {
        let plan = fixture::plan(seeds);
        let file = published("Figure 2/correlated_dataset_Fig2-a.json").unwrap();
        let mut aggregates = aggregate(&plan, &fixture::records(&plan));
        for point in &mut aggregates[0].points {
            let theirs = file.mean_at(point.contender.label(), point.at).unwrap();
            for (i, sample) in point.samples.iter_mut().enumerate() {
                sample.1 = values(theirs, i);
            }
        }
        (plan, aggregates)
    }

    #[test]
    fn equal_values_are_reproduced_and_worse_ones_are_worse() {
        let (plan, mut aggregates) = with_values(|v, i| v * (1.0 + 0.001 * (i as f64 - 1.0)), 3);
        let panel = &compare_plan(&plan, &aggregates)[0];
        assert_eq!(panel.verdict, Verdict::Reproduced);
        assert_eq!(panel.counts().into_iter().collect::<Vec<_>>(), [(Verdict::Reproduced, 6)]);
        aggregates[0].points[3].samples.iter_mut().for_each(|s| s.1 *= 1.2);
        aggregates[0].points[4].samples.clear();
        let panel = &compare_plan(&plan, &aggregates)[0];
        assert_eq!((panel.points[3].verdict, panel.points[4].verdict), (Verdict::Worse, Verdict::Missing));
        assert!((panel.points[3].difference.unwrap() - 0.2).abs() < 1e-9);
        assert_eq!(panel.verdict, Verdict::Missing);
    }

    #[test]
    fn one_seed_or_other_data_give_no_verdict() {
        let (mut plan, aggregates) = with_values(|v, _| v, 1);
        let panel = &compare_plan(&plan, &aggregates)[0];
        assert!(panel.points.iter().all(|p| p.verdict == Verdict::Inconclusive && p.interval.is_none()));
        plan.panels[0].comparison.not_comparable = Some("a reduced profile".into());
        let panel = &compare_plan(&plan, &aggregates)[0];
        assert!(panel.points.iter().all(|p| p.verdict == Verdict::NotComparable && p.difference.is_some()));
        plan.panels[0].published_file = None;
        assert_eq!(compare_plan(&plan, &aggregates), []);
    }
}
