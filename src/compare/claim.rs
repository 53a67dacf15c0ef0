//! The paper's statements, checked on the means of ours and on the published ones.

use super::{ClaimCheck, ClaimResult};
use crate::results::{Aggregate, ResultsFile, find_aggregate, primary_metric, published};
use crate::spec::{Claim, ClaimKind, Method, Panel, Plan};

/// Every claim on every panel it speaks of; one that compares panels gives one check. Ours are the means of the primary
/// metric. A claim holds where it is true at every bitrate of its range; where none contradicts it but a mean is lacking,
/// it is unknown.
pub fn check_claims(plan: &Plan, aggregates: &[Aggregate]) -> Vec<ClaimCheck> {
    let metric = primary_metric(plan);
    let mut checks = Vec::new();
    for claim in &plan.claims {
        let panels = claimed_panels(plan, claim);
        let ours: Vec<_> =
            panels.iter().map(|p| Means::ours(plan, p, find_aggregate(aggregates, &p.name, &metric))).collect();
        let theirs: Vec<_> = panels.iter().map(|p| Means::published(p)).collect();
        if matches!(claim.kind, ClaimKind::GapShrinks) {
            let (ours, published) = (gap_shrinks(claim, &ours), gap_shrinks(claim, &theirs));
            checks.push(ClaimCheck { text: claim.text.clone(), panel: String::new(), ours, published });
            continue;
        }
        for (panel, (ours, theirs)) in panels.iter().zip(ours.iter().zip(&theirs)) {
            let (ours, published) = (on_panel(claim, ours), on_panel(claim, theirs));
            checks.push(ClaimCheck { text: claim.text.clone(), panel: panel.name.clone(), ours, published });
        }
    }
    checks
}

/// In the order in which the claim names them.
fn claimed_panels<'a>(plan: &'a Plan, claim: &Claim) -> Vec<&'a Panel> {
    if claim.panels.is_empty() {
        return plan.panels.iter().collect();
    }
    claim.panels.iter().filter_map(|name| plan.panels.iter().find(|p| p.name == *name)).collect()
}

/// A panel's means: by bitrate one value a method, `None` where it is lacking.
struct Means {
    methods: Vec<Method>,
    rows: Vec<(u32, Vec<Option<f64>>)>,
}

impl Means {
    fn ours(plan: &Plan, panel: &Panel, aggregate: Option<&Aggregate>) -> Means {
        let mut bits: Vec<u32> = panel.points.iter().map(|p| p.bits).collect();
        bits.sort_unstable();
        bits.dedup();
        let methods: Vec<_> =
            plan.methods.iter().copied().filter(|m| panel.points.iter().any(|p| p.method == *m)).collect();
        let mean = |m: &Method, b| aggregate.and_then(|a| a.point(*m, b)).and_then(|p| p.mean());
        let rows = bits.iter().map(|b| (*b, methods.iter().map(|m| mean(m, *b)).collect())).collect();
        Means { rows, methods }
    }

    fn published(panel: &Panel) -> Means {
        let file: Option<ResultsFile> = panel.published_file.as_deref().and_then(published);
        let methods: Vec<_> = Method::PAPER.to_vec();
        let Some(file) = file else { return Means { methods, rows: Vec::new() } };
        let methods: Vec<_> = methods.into_iter().filter(|m| file.curve(m.label()).is_some()).collect();
        let bits = file.axis.bits();
        let row = |b: u32| (b, methods.iter().map(|m| file.mean_at(m.label(), b)).collect());
        Means { rows: bits.into_iter().flatten().map(row).collect(), methods }
    }

    fn in_range(&self, claim: &Claim) -> impl Iterator<Item = &(u32, Vec<Option<f64>>)> {
        let (min, max) = (claim.min_bits.unwrap_or(0), claim.max_bits.unwrap_or(u32::MAX));
        self.rows.iter().filter(move |(bits, _)| (min..=max).contains(bits))
    }

    fn at(&self, bits: u32) -> Option<&[Option<f64>]> {
        self.rows.iter().find(|(b, _)| *b == bits).map(|(_, values)| values.as_slice())
    }
}

/// Sums up the outcomes by bitrate: `None` = lacking numbers.
fn sum_up(outcomes: impl Iterator<Item = (u32, Option<bool>)>) -> ClaimResult {
    let (mut any, mut lacking, mut fails) = (false, false, Vec::new());
    for (bits, outcome) in outcomes {
        any = true;
        match outcome {
            Some(true) => {}
            Some(false) => fails.push(bits),
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
    sum_up(means.in_range(claim).map(|(bits, row)| (*bits, holds(&claim.kind, &means.methods, row))))
}

fn holds(kind: &ClaimKind, methods: &[Method], row: &[Option<f64>]) -> Option<bool> {
    let of = |method: &Method| methods.iter().position(|m| m == method).and_then(|i| row[i]);
    let against_others = |method: &Method, right: fn(f64, f64) -> bool| {
        let own = of(method)?;
        let others = methods.iter().filter(|m| *m != method);
        let others = others.map(of).collect::<Option<Vec<f64>>>()?;
        (!others.is_empty()).then(|| others.iter().all(|other| right(own, *other)))
    };
    match kind {
        ClaimKind::Order(order) => {
            let values = order.iter().map(of).collect::<Option<Vec<f64>>>()?;
            Some(values.windows(2).all(|pair| pair[0] < pair[1]))
        }
        ClaimKind::Lowest(method) => against_others(method, |own, other| own < other),
        ClaimKind::Highest(method) => against_others(method, |own, other| own > other),
        ClaimKind::GapShrinks => None,
    }
}

fn gap_shrinks(claim: &Claim, panels: &[Means]) -> ClaimResult {
    let Some(first) = panels.first().filter(|_| panels.len() > 1) else { return ClaimResult::Unknown };
    sum_up(first.in_range(claim).map(|(bits, _)| {
        let gaps: Option<Vec<f64>> = panels.iter().map(|p| relative_gap(p.at(*bits)?)).collect();
        (*bits, gaps.map(|gaps| gaps.windows(2).all(|pair| pair[1] < pair[0])))
    }))
}

/// (max − min)/min over the methods.
fn relative_gap(row: &[Option<f64>]) -> Option<f64> {
    let values = row.iter().copied().collect::<Option<Vec<f64>>>()?;
    let (min, max) = values.iter().fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
    (values.len() > 1).then(|| (max - min) / min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{aggregate, fixture};

    fn check(
        kind: ClaimKind,
        min_bits: Option<u32>,
        change: impl Fn(&mut Plan, &mut Vec<Aggregate>),
    ) -> Vec<ClaimCheck> {
        let mut plan = fixture::plan(1);
        let text = "a claim".into();
        plan.claims = vec![Claim { text, kind, panels: vec![], min_bits, max_bits: None }];
        let mut aggregates = aggregate(&plan, &fixture::records(&plan));
        for (i, point) in aggregates[0].points.iter_mut().enumerate() {
            point.samples[0].1 = i as f64 + 1.0;
        }
        change(&mut plan, &mut aggregates);
        check_claims(&plan, &aggregates)
    }

    #[test]
    fn orders_hold_fail_or_are_unknown() {
        let order = || ClaimKind::Order(vec![Method::Avq, Method::Rvq, Method::Pvq]);
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
    fn lowest_and_highest() {
        let pvq_lowest = |p: &mut Plan, _: &mut Vec<Aggregate>| {
            p.panels[0].published_file = Some("Figure 2/uncorrelated_dataset_Fig2-b.json".into());
        };
        let checks = check(ClaimKind::Lowest(Method::Pvq), Some(20), pvq_lowest);
        assert_eq!((&checks[0].ours, &checks[0].published), (&ClaimResult::Unknown, &ClaimResult::Holds));
        let checks = check(ClaimKind::Highest(Method::Pvq), None, pvq_lowest);
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
}
