//! Checks the paper's claims on our means and on the published means.

use super::tradeoff::{best_by_budget, error_of, log10_wmops};
use super::{ClaimCheck, ClaimResult};
use crate::complexity::Model;
use crate::metric::{self, Direction};
use crate::results::{Aggregate, ResultsFile, find_aggregate, primary_metric, published};
use crate::spec::{Claim, ClaimKind, ClaimMetric, Contender, Method, Named, Panel, PanelAxis, Plan, Trainer};

/// Checks every claim on each of its panels. A claim that compares panels gives one check. Our values are the means of
/// the primary metric, or operation counts if the claim is about complexity. A claim holds if it is true at every
/// position of its range on the axis. It is unknown if no position contradicts it but a mean is missing.
pub fn check_claims(plan: &Plan, aggregates: &[Aggregate]) -> Vec<ClaimCheck> {
    let mut checks = Vec::new();
    for claim in &plan.claims {
        let panels = claimed_panels(plan, claim);
        let ours: Vec<_> = panels.iter().map(|panel| Means::ours(plan, panel, claim.metric, aggregates)).collect();
        let theirs: Vec<_> = panels.iter().map(|panel| Means::published(plan, panel, claim.metric)).collect();
        let text = claim.text.clone();
        if matches!(claim.kind, ClaimKind::GapShrinks) {
            let (ours, published) = (gap_shrinks(claim, &ours), gap_shrinks(claim, &theirs));
            let axis = panels.first().map_or(PanelAxis::Bits, |panel| panel.axis.clone());
            checks.push(ClaimCheck { text, panel: String::new(), axis, ours, published });
            continue;
        }
        for (panel, (ours, theirs)) in panels.iter().zip(ours.iter().zip(&theirs)) {
            let result = |means| match &claim.kind {
                ClaimKind::BestByComplexity(order) => by_complexity(claim, order, (plan, panel), means),
                _ => on_panel(claim, means),
            };
            let (ours, published) = (result(ours), result(theirs));
            let (text, axis) = (text.clone(), panel.axis.clone());
            checks.push(ClaimCheck { text, panel: panel.name.clone(), axis, ours, published });
        }
    }
    checks
}

/// The panels of a claim, in the claim's order.
fn claimed_panels<'a>(plan: &'a Plan, claim: &Claim) -> Vec<&'a Panel> {
    if claim.panels.is_empty() {
        return plan.panels.iter().collect();
    }
    claim.panels.iter().filter_map(|name| plan.panels.iter().find(|p| p.name == *name)).collect()
}

/// The means of a panel: one value per contender and position on the axis. `None` for a missing value.
struct Means {
    contenders: Vec<Contender>,
    /// The trainer of the contenders that a bare method name means.
    trainer: Trainer,
    rows: Vec<(u32, Vec<Option<f64>>)>,
    /// Values above the ceiling are not distinguished.
    ceiling: Option<f64>,
    higher_is_better: bool,
    /// Whether values are compared by differences (as in dB) instead of ratios.
    by_difference: bool,
}

impl Means {
    fn ours(plan: &Plan, panel: &Panel, metric: ClaimMetric, aggregates: &[Aggregate]) -> Means {
        let aggregate = find_aggregate(aggregates, &panel.name, &primary_metric(plan, panel));
        let mean = |contender: Contender, at| match metric {
            ClaimMetric::Primary => aggregate?.point(contender, at)?.mean(),
            ClaimMetric::Complexity => log10_wmops(panel, contender, at, Model::Published),
        };
        Means::of(plan, panel, metric, planned_places(panel), mean)
    }

    /// The published numbers of the panel's contenders, on the whole published axis.
    fn published(plan: &Plan, panel: &Panel, metric: ClaimMetric) -> Means {
        let file: Option<ResultsFile> = panel.published_file.as_deref().and_then(published);
        let mean = |contender: Contender, at| {
            if metric == ClaimMetric::Complexity && plan.task.trains() {
                return log10_wmops(panel, contender, at, Model::Published);
            }
            let file = file.as_ref()?;
            let tick = file.tick(&panel.axis.tick(at))?;
            file.curve(&panel.curve_name(contender))?.mean().get(tick).copied().flatten()
        };
        let places = file.as_ref().map_or_else(|| planned_places(panel), |file| file.axis.places());
        let mut means = Means::of(plan, panel, metric, places, mean);
        // A contender that the paper does not show can't contradict its claims.
        let shown = |i: usize| means.rows.iter().any(|(_, row)| row[i].is_some());
        let shown: Vec<usize> = (0..means.contenders.len()).filter(|i| shown(*i)).collect();
        means.contenders = shown.iter().map(|i| means.contenders[*i]).collect();
        means.rows.iter_mut().for_each(|(_, row)| *row = shown.iter().map(|i| row[*i]).collect());
        means.rows.retain(|(_, row)| row.iter().any(Option::is_some));
        means
    }

    fn of(
        plan: &Plan,
        panel: &Panel,
        metric: ClaimMetric,
        places: Vec<u32>,
        mean: impl Fn(Contender, u32) -> Option<f64>,
    ) -> Means {
        let is_there = |contender: &Contender| panel.points.iter().any(|p| p.contender == *contender);
        let contenders: Vec<_> = plan.contenders.iter().copied().filter(is_there).collect();
        let rows = places.iter().map(|at| (*at, contenders.iter().map(|c| mean(*c, *at)).collect())).collect();
        let row = metric::find(&primary_metric(plan, panel)).filter(|_| metric == ClaimMetric::Primary);
        Means {
            contenders,
            trainer: panel.trainer(),
            rows,
            ceiling: row.and_then(|row| row.ceiling),
            higher_is_better: row.is_some_and(|row| row.direction == Direction::HigherIsBetter),
            // Operation counts are compared by their logarithm.
            by_difference: row.is_none_or(metric::Metric::is_by_difference),
        }
    }

    fn in_range(&self, claim: &Claim) -> impl Iterator<Item = &(u32, Vec<Option<f64>>)> {
        let (min, max) = (claim.min.unwrap_or(0), claim.max.unwrap_or(u32::MAX));
        self.rows.iter().filter(move |(at, _)| (min..=max).contains(at))
    }

    fn at(&self, at: u32) -> Option<&[Option<f64>]> {
        self.rows.iter().find(|(place, _)| *place == at).map(|(_, values)| values.as_slice())
    }

    /// The contender that a claim names.
    fn find(&self, named: Named) -> Option<Contender> {
        let of_method = |c: &&Contender| c.method == named.method;
        let own = named.trainer.unwrap_or(self.trainer);
        let found = self.contenders.iter().filter(of_method).find(|c| c.trainer == own);
        let mut all = self.contenders.iter().filter(of_method);
        let only = all.next().filter(|_| named.trainer.is_none() && all.next().is_none());
        found.or(only).copied()
    }

    fn value(&self, row: &[Option<f64>], named: Named) -> Option<f64> {
        let own = self.find(named)?;
        row[self.contenders.iter().position(|c| *c == own)?]
    }

    /// Whether `low` is below `high`, by at least the margin if there is one. Also true if both are at the ceiling.
    fn is_below(&self, low: f64, high: f64, margin: Option<f64>) -> bool {
        let gap = if self.by_difference { high - low } else { (high - low) / high.abs() };
        let is_apart = margin.map_or(low < high, |margin| gap >= margin);
        is_apart || self.ceiling.is_some_and(|ceiling| low >= ceiling && high >= ceiling)
    }
}

/// The positions of the panel's points on its axis, ascending.
fn planned_places(panel: &Panel) -> Vec<u32> {
    let mut places: Vec<u32> = panel.places().into_iter().map(|(_, at)| at).collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// Combines the outcomes of all positions. `None` = missing numbers.
fn sum_up(outcomes: impl Iterator<Item = (u32, Option<bool>)>) -> ClaimResult {
    let (mut any, mut lacking, mut fails) = (false, false, Vec::new());
    for (at, outcome) in outcomes {
        any = true;
        match outcome {
            Some(true) => {}
            Some(false) => fails.push(at),
            None => lacking = true,
        }
    }
    if !fails.is_empty() {
        ClaimResult::FailsAt(fails)
    } else if lacking || !any {
        ClaimResult::Unknown
    } else {
        ClaimResult::Holds
    }
}

fn on_panel(claim: &Claim, means: &Means) -> ClaimResult {
    if matches!(claim.kind, ClaimKind::Rises) {
        return rises(claim, means);
    }
    sum_up(means.in_range(claim).map(|(at, row)| (*at, holds(claim, means, row))))
}

fn holds(claim: &Claim, means: &Means, row: &[Option<f64>]) -> Option<bool> {
    let below = |low: f64, high: f64| means.is_below(low, high, claim.margin);
    let against_others = |named: Named, right: &dyn Fn(f64, f64) -> bool| {
        let (contender, own) = (means.find(named)?, means.value(row, named)?);
        let is_other = |c: &Contender| *c != contender && c.trainer == contender.trainer;
        let others = means.contenders.iter().zip(row).filter(|(c, _)| is_other(c));
        let others = others.map(|(_, value)| *value).collect::<Option<Vec<f64>>>()?;
        (!others.is_empty()).then(|| others.iter().all(|other| right(own, *other)))
    };
    match &claim.kind {
        ClaimKind::Order { order, best_first } => {
            let mut values = order.iter().map(|named| means.value(row, *named)).collect::<Option<Vec<f64>>>()?;
            if *best_first && means.higher_is_better {
                values.reverse();
            }
            Some(values.windows(2).all(|pair| below(pair[0], pair[1])))
        }
        ClaimKind::Lowest(method) => against_others(*method, &below),
        ClaimKind::Highest(method) => against_others(*method, &|own, other| below(other, own)),
        ClaimKind::NearBaseline { method, margin } => {
            let baseline = Named { method: *method, trainer: Some(Trainer::Kmeans) };
            let (own, baseline) = (means.value(row, (*method).into())?, means.value(row, baseline)?);
            Some((own - baseline).abs() <= *margin)
        }
        ClaimKind::Rises | ClaimKind::GapShrinks | ClaimKind::BestByComplexity(_) => None,
    }
}

/// Whether every method's value is above its value at the previous position.
fn rises(claim: &Claim, means: &Means) -> ClaimResult {
    let rows: Vec<_> = means.in_range(claim).collect();
    let own: Vec<usize> =
        (0..means.contenders.len()).filter(|i| means.contenders[*i].trainer == means.trainer).collect();
    sum_up(rows.windows(2).map(|pair| {
        let [(_, before), (at, row)] = [pair[0], pair[1]];
        let steps: Vec<Option<bool>> = own.iter().map(|i| Some(row[*i]? > before[*i]?)).collect();
        let falls = steps.contains(&Some(false));
        (*at, if falls { Some(false) } else { steps.into_iter().collect::<Option<Vec<_>>>().map(|_| true) })
    }))
}

/// Whether the best method follows `order` as the budget of operations (the paper's count) grows.
fn by_complexity(claim: &Claim, order: &[Method], (plan, panel): (&Plan, &Panel), means: &Means) -> ClaimResult {
    let metric = primary_metric(plan, panel);
    let own = means.contenders.iter().enumerate().filter(|(_, contender)| contender.trainer == means.trainer);
    let curve = |(i, contender): (usize, &Contender)| {
        let mut points = Vec::new();
        for (at, row) in means.in_range(claim) {
            // Only planned points have a shape, and thus an operation count.
            if let Some(wmops) = log10_wmops(panel, *contender, *at, Model::Published) {
                points.push((wmops, error_of(&metric, row[i]?)));
            }
        }
        Some((*contender, points))
    };
    let Some(curves) = own.map(curve).collect::<Option<Vec<_>>>().filter(|_| panel.axis == PanelAxis::Bits) else {
        return ClaimResult::Unknown;
    };
    let found: Vec<Method> = best_by_budget(&curves).iter().map(|range| range.choice.method).collect();
    match found.as_slice() {
        [] => ClaimResult::Unknown,
        found if found == order => ClaimResult::Holds,
        found => ClaimResult::Fails(found.iter().map(|method| method.label()).collect::<Vec<_>>().join(", then ")),
    }
}

fn gap_shrinks(claim: &Claim, panels: &[Means]) -> ClaimResult {
    let Some(first) = panels.first().filter(|_| panels.len() > 1) else { return ClaimResult::Unknown };
    sum_up(first.in_range(claim).map(|(at, _)| {
        let gaps: Option<Vec<f64>> = panels.iter().map(|p| relative_gap(p.at(*at)?)).collect();
        (*at, gaps.map(|gaps| gaps.windows(2).all(|pair| pair[1] < pair[0])))
    }))
}

/// (max − min)/min over the contenders.
fn relative_gap(row: &[Option<f64>]) -> Option<f64> {
    let values = row.iter().copied().collect::<Option<Vec<f64>>>()?;
    let (min, max) = values.iter().fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
    (values.len() > 1).then(|| (max - min) / min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{aggregate, fixture};

    fn check(kind: ClaimKind, min: Option<u32>, change: impl Fn(&mut Plan, &mut Vec<Aggregate>)) -> Vec<ClaimCheck> {
        let mut plan = fixture::plan(1);
        let text = "a claim".into();
        let claim = Claim { text, kind, panels: vec![], metric: ClaimMetric::Primary, min, max: None, margin: None };
        plan.claims = vec![claim];
        let mut aggregates = aggregate(&plan, &fixture::records(&plan));
        for (i, point) in aggregates[0].points.iter_mut().enumerate() {
            point.samples[0].1 = i as f64 + 1.0;
        }
        change(&mut plan, &mut aggregates);
        check_claims(&plan, &aggregates)
    }

    #[test]
    fn orders_hold_fail_or_are_unknown() {
        let order = || ClaimKind::Order { order: Method::PAPER.map(Named::from).to_vec(), best_first: false };
        let checks = check(order(), None, |_, _| {});
        assert_eq!((&checks[0].ours, &checks[0].published), (&ClaimResult::Holds, &ClaimResult::Holds));
        assert_eq!(checks[0].panel, "correlated");
        // Points: AVQ 12, 16, RVQ 12, 16, PVQ 12, 16 bits.
        let checks = check(order(), None, |_, a| a[0].points[1].samples[0].1 = 9.0);
        assert_eq!(checks[0].ours, ClaimResult::FailsAt(vec![16]));
        let checks = check(order(), None, |_, a| a[0].points[1].samples.clear());
        assert_eq!(checks[0].ours, ClaimResult::Unknown);
        let checks = check(order(), Some(14), |_, a| a[0].points[0].samples.clear());
        assert_eq!(checks[0].ours, ClaimResult::Holds);
    }

    #[test]
    fn the_best_comes_first_where_higher_is_better() {
        let order = ClaimKind::Order { order: Method::PAPER.map(Named::from).to_vec(), best_first: true };
        // Points: AVQ 1 and 2, RVQ 3 and 4, PVQ 5 and 6.
        assert_eq!(check(order.clone(), None, |_, _| {})[0].ours, ClaimResult::Holds);
        let as_quality = |plan: &mut Plan, aggregates: &mut Vec<Aggregate>| {
            plan.panels[0].metric = "psnr".into();
            aggregates[0].metric = "psnr-training".into();
        };
        assert_eq!(check(order, None, as_quality)[0].ours, ClaimResult::FailsAt(vec![12, 16]));
    }

    #[test]
    fn baselines_are_named_and_margins_kept() {
        let kmeans = Named { method: Method::Rvq, trainer: Some(Trainer::Kmeans) };
        let order = || ClaimKind::Order { order: vec![kmeans, Method::Rvq.into()], best_first: true };
        // Points: AVQ 1 and 2, RVQ 3 and 4, PVQ 5 and 6; AVQ's points become those of RVQ's baseline.
        let change = |margin: Option<f64>| {
            move |plan: &mut Plan, aggregates: &mut Vec<Aggregate>| {
                let baseline = Contender { method: Method::Rvq, trainer: Trainer::Kmeans };
                plan.contenders[0] = baseline;
                plan.panels[0].points[..2].iter_mut().for_each(|point| point.contender = baseline);
                aggregates[0].points[..2].iter_mut().for_each(|point| point.contender = baseline);
                plan.claims[0].margin = margin;
            }
        };
        assert_eq!(check(order(), None, change(None))[0].ours, ClaimResult::Holds);
        // 1 is 67 % below 3, and 2 is half of 4.
        assert_eq!(check(order(), None, change(Some(0.5)))[0].ours, ClaimResult::Holds);
        assert_eq!(check(order(), None, change(Some(0.6)))[0].ours, ClaimResult::FailsAt(vec![16]));
        // No other contender has the baseline's trainer, so there is nothing to compare.
        assert_eq!(check(ClaimKind::Lowest(kmeans), None, change(None))[0].ours, ClaimResult::Unknown);
    }

    #[test]
    fn values_that_rise() {
        // Points: AVQ 1 and 2, RVQ 3 and 4, PVQ 5 and 6; the published errors fall.
        let checks = check(ClaimKind::Rises, None, |_, _| {});
        assert_eq!(checks[0].ours, ClaimResult::Holds);
        assert!(matches!(&checks[0].published, ClaimResult::FailsAt(bits) if bits.len() == 7 && bits[0] == 16));
        let checks = check(ClaimKind::Rises, None, |_, a| a[0].points[3].samples[0].1 = 3.0);
        assert_eq!(checks[0].ours, ClaimResult::FailsAt(vec![16]));
        let checks = check(ClaimKind::Rises, None, |_, a| a[0].points[3].samples.clear());
        assert_eq!(checks[0].ours, ClaimResult::Unknown);
        // A single position has no previous one.
        assert_eq!(check(ClaimKind::Rises, Some(16), |_, _| {})[0].ours, ClaimResult::Unknown);
    }

    #[test]
    fn lowest_and_highest() {
        let pvq_lowest = |p: &mut Plan, _: &mut Vec<Aggregate>| {
            p.panels[0].published_file = Some("Figure 2/uncorrelated_dataset_Fig2-b.json".into());
        };
        let checks = check(ClaimKind::Lowest(Method::Pvq.into()), Some(20), pvq_lowest);
        assert_eq!((&checks[0].ours, &checks[0].published), (&ClaimResult::Unknown, &ClaimResult::Holds));
        let checks = check(ClaimKind::Highest(Method::Pvq.into()), None, pvq_lowest);
        assert_eq!(checks[0].ours, ClaimResult::Holds);
        assert!(matches!(&checks[0].published, ClaimResult::FailsAt(bits) if bits.contains(&40)));
    }

    #[test]
    fn the_published_gaps_shrink_with_the_dimension() {
        let checks = check(ClaimKind::GapShrinks, Some(16), |plan, _| {
            let panel = plan.panels[0].clone();
            plan.panels = ["64", "128", "256"]
                .map(|d| (d, panel.clone()))
                .map(|(d, panel)| Panel {
                    name: d.into(),
                    published_file: Some(format!("Figure 3/Data_Dimension_{d}.json")),
                    ..panel
                })
                .into();
        });
        assert_eq!(checks.len(), 1);
        assert_eq!((checks[0].panel.as_str(), &checks[0].ours), ("", &ClaimResult::Unknown));
        // At 16 and 20 bits the published gaps are below 0.2 % and in no order.
        assert_eq!(checks[0].published, ClaimResult::FailsAt(vec![16, 20]));
    }

    #[test]
    fn the_best_method_by_complexity() {
        let list = |methods: &[Method]| ClaimKind::BestByComplexity(methods.to_vec());
        let [avq, rvq, pvq] = Method::PAPER;
        // AVQ 5 and 4, RVQ 6 and 4.6, PVQ 9 and 7: more operations give less error.
        let change = |_: &mut Plan, aggregates: &mut Vec<Aggregate>| {
            for (point, mse) in aggregates[0].points.iter_mut().zip([5.0, 4.0, 6.0, 4.6, 9.0, 7.0]) {
                point.samples[0].1 = mse;
            }
        };
        assert_eq!(check(list(&[pvq, rvq, avq]), None, change)[0].ours, ClaimResult::Holds);
        let fails = ClaimResult::Fails("PVQ, then RVQ, then AVQ".into());
        assert_eq!(check(list(&[pvq, avq]), None, change)[0].ours, fails);
        let lacking = |_: &mut Plan, aggregates: &mut Vec<Aggregate>| aggregates[0].points[1].samples.clear();
        assert_eq!(check(list(&[pvq, rvq, avq]), None, lacking)[0].ours, ClaimResult::Unknown);
    }
}
