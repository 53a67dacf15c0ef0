//! Compares a plan's panels with the embedded published files.

use super::statistics::{FEW_RUNS, PUBLISHED_RUNS, pooled_spread};
use super::{Estimate, Judgement, PanelComparison, PointComparison, Verdict, judge, judge_exact};
use crate::metric::{self, Direction};
use crate::results::{Aggregate, CurveValues, Point, ResultsFile, find_aggregate, primary_metric, published};
use crate::spec::{Comparison, Contender, Margin, Panel, PanelAxis, Plan};

/// The number of bitrates on each side of a point that contribute to its spread. The spread changes slowly along the
/// axis.
const NEIGHBORS: usize = 2;

/// Compares every panel with a published file, by the primary metric. A point without a published counterpart is *not
/// comparable*, and has no part in the verdict on its panel. A panel with an unknown published file is not comparable as a whole.
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
    let computed = !plan.task.trains();
    let points: Vec<_> = panel
        .places()
        .into_iter()
        .map(|(contender, at)| {
            let ours = aggregate.and_then(|a| a.point(contender, at));
            let spread = aggregate.and_then(|a| spread_of(panel, a, contender, at));
            // The paper does not state the number of test utterances.
            let runs = ours.map(|point| point.items.len()).filter(|items| *items > 0).unwrap_or(PUBLISHED_RUNS);
            let theirs =
                published.as_ref().and_then(|file| published_value(file, panel, (contender, at), computed, runs));
            let bits = panel.planned(contender, at).map_or(at, |planned| planned.bits);
            let ours = ours.and_then(estimate).map(|ours| with_few_runs(ours, spread, panel.comparison.margin));
            compare_point((contender, at, bits), ours, theirs, &panel.comparison, direction)
        })
        .collect();
    let mut comparison = PanelComparison {
        panel: panel.name.clone(),
        axis: panel.axis.clone(),
        measured_on: plan.task.measured_on(plan.primary).map(|_| plan.primary),
        results_file: panel.results_file.clone(),
        verdict: Verdict::Missing,
        points,
        not_comparable,
        anomalies: panel.comparison.anomalies.clone(),
    };
    comparison.verdict = comparison.judged().map(|point| point.verdict).max().unwrap_or(Verdict::Missing);
    comparison
}

fn estimate(point: &Point) -> Option<Estimate> {
    // The mean real bitrate is not the mean over utterances.
    Some(Estimate { mean: point.mean()?, ..Estimate::of_values(&point.values())? })
}

/// The spread of a method in the unit of the margin, over a bitrate and its neighbors. The T of one search are not
/// independent runs.
fn spread_of(panel: &Panel, aggregate: &Aggregate, contender: Contender, at: u32) -> Option<(f64, usize)> {
    if panel.axis != PanelAxis::Bits {
        return None;
    }
    let mut points: Vec<&Point> = aggregate.points.iter().filter(|point| point.contender == contender).collect();
    points.sort_by_key(|point| point.at);
    let place = points.iter().position(|point| point.at == at)?;
    let estimates = near(&points, place).iter().filter_map(|point| estimate(point));
    let with_units: Vec<_> = estimates.map(|e| (e, panel.comparison.margin.scale(e.mean))).collect();
    pooled_spread(&with_units)
}

/// The point and its neighbors.
fn near<T>(points: &[T], place: usize) -> &[T] {
    &points[place.saturating_sub(NEIGHBORS)..points.len().min(place + NEIGHBORS + 1)]
}

/// Replaces the spread of few runs by the pooled spread of their neighbors, if that has more degrees of freedom.
fn with_few_runs(ours: Estimate, spread: Option<(f64, usize)>, margin: Margin) -> Estimate {
    match spread {
        Some((spread, freedom)) if ours.n < FEW_RUNS && freedom > ours.freedom => {
            Estimate { standard_deviation: spread * margin.scale(ours.mean), freedom, ..ours }
        }
        _ => ours,
    }
}

/// A published number: a mean over runs, or a computed value.
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
        // A single number of unknown spread, such as a baseline, is treated as exact.
        CurveValues::Plain(_) => Some(Published::Measured(Estimate::certain(value))),
        CurveValues::Spread { .. } => {
            let (low, high) = curve.quantiles(tick)?;
            Some(Published::Measured(Estimate::of_quantiles(value, low, high, runs)))
        }
    }
}

fn compare_point(
    (contender, at, bits): (Contender, u32, u32),
    ours: Option<Estimate>,
    published: Option<Published>,
    comparison: &Comparison,
    direction: Direction,
) -> PointComparison {
    let special = comparison.point_margins.iter().find(|(c, theirs, _)| (*c, *theirs) == (contender, bits));
    let margin = special.map_or(comparison.margin, |(_, _, margin)| *margin);
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

    /// The share of points of two runs that are *reproduced*, and the share that are *better* or *worse*, if the true
    /// difference is `shift` %. The spreads are those of RVQ on uncorrelated toy data (percent, 12 to 40 bits; the
    /// published spreads are recovered from 10 runs).
    fn rates(shift: f64, margin: f64) -> (f64, f64) {
        const OURS: [f64; 8] = [0.031, 0.031, 0.063, 0.032, 0.022, 0.027, 0.023, 0.020];
        const THEIRS: [f64; 8] = [0.006, 0.009, 0.012, 0.018, 0.007, 0.006, 0.007, 0.008];
        const TRIALS: usize = 400;
        let margin = Margin::Relative(margin / 100.0);
        let mut rng = crate::data::stream::stream("simulated verdicts of few runs");
        let mut runs = |mean: f64, spread: f64, n: usize| -> Vec<f64> {
            let mut one = || mean * (1.0 + 0.01 * spread * f64::from(crate::data::stream::normal(&mut rng)));
            (0..n).map(|_| one()).collect()
        };
        let mut count = [0usize; 2];
        for _ in 0..TRIALS {
            let ours: Vec<Estimate> =
                OURS.iter().map(|spread| Estimate::of_values(&runs(100.0 + shift, *spread, 2)).unwrap()).collect();
            let with_units: Vec<_> = ours.iter().map(|e| (*e, margin.scale(e.mean))).collect();
            for (place, (ours, theirs)) in ours.iter().zip(THEIRS).enumerate() {
                let spread = pooled_spread(near(&with_units, place));
                assert!((3..=5).contains(&spread.unwrap().1));
                let values = runs(100.0, theirs, PUBLISHED_RUNS);
                let theirs = Estimate::of_values(&values).unwrap();
                let theirs = Estimate::of_quantiles(theirs.mean, theirs.low, theirs.high, PUBLISHED_RUNS);
                let ours = with_few_runs(*ours, spread, margin);
                match judge(&ours, &theirs, margin, Direction::LowerIsBetter).verdict {
                    Verdict::Reproduced => count[0] += 1,
                    Verdict::Better | Verdict::Worse => count[1] += 1,
                    _ => {}
                }
            }
        }
        let share = |n: usize| n as f64 / (TRIALS * OURS.len()) as f64;
        (share(count[0]), share(count[1]))
    }

    #[test]
    fn two_runs_a_point_give_verdicts_with_the_error_rates_of_the_tests() {
        // Equal, or two thirds of the margin away: reproduced, and never better or worse.
        assert_eq!(rates(0.0, 0.5), (1.0, 0.0));
        let (reproduced, different) = rates(0.33, 0.5);
        assert!(reproduced > 0.99 && different < 0.001, "{reproduced} {different}");
        // At the edge of the margin: reproduced at the level of the two one-sided tests.
        let (reproduced, _) = rates(0.5, 0.5);
        assert!(reproduced < 0.075, "{reproduced}");
        // Far beyond it.
        let (reproduced, different) = rates(0.8, 0.5);
        assert!(reproduced == 0.0 && different > 0.99, "{reproduced} {different}");
        // A margin as narrow as the spread: two runs are inconclusive.
        let (reproduced, different) = rates(0.0, 0.03);
        assert!(reproduced < 0.5 && different < 0.075, "{reproduced} {different}");
    }

    #[test]
    fn the_spread_of_few_runs_is_that_of_their_method() {
        let of = |values: &[f64]| Estimate::of_values(values).unwrap();
        let points = [of(&[99.0, 101.0]), of(&[10.0, 10.0]), of(&[5.0])].map(|e| (e, e.mean));
        // √((2/100² + 0)/2), two degrees of freedom.
        let (spread, freedom) = pooled_spread(&points).unwrap();
        assert!((spread - 0.01).abs() < 1e-12 && freedom == 2);
        let ours = with_few_runs(points[2].0, Some((spread, freedom)), Margin::Relative(0.1));
        assert!((ours.standard_deviation - 0.05).abs() < 1e-12 && ours.freedom == 2 && ours.n == 1);
        let in_db = with_few_runs(points[2].0, Some((0.3, 4)), Margin::Decibel(0.5));
        assert_eq!(in_db.standard_deviation, 0.3);
        let many = of(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(with_few_runs(many, Some((0.01, 40)), Margin::Relative(0.1)), many);
        assert_eq!(pooled_spread(&points[2..]), None);
    }
}
