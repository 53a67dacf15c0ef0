//! The methods that are worth their operations at given bits.

use super::{error_of, log10_wmops, takes_part, uses_released_search};
use crate::complexity::Model;
use crate::results::{Aggregate, Point, find_aggregate, primary_metric};
use crate::spec::{Contender, Panel, Plan};

/// From `log10_wmops` on, `contender` is the best choice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub contender: Contender,
    pub log10_wmops: f64,
    /// The quantity to minimize, see [`error_of`].
    pub error: f64,
}

/// The candidates that no other candidate beats, by ascending complexity. Each has less error than all cheaper
/// candidates.
pub fn ladder(mut candidates: Vec<Step>) -> Vec<Step> {
    candidates.sort_by(|a, b| a.log10_wmops.total_cmp(&b.log10_wmops).then(a.error.total_cmp(&b.error)));
    let mut least = f64::INFINITY;
    candidates.retain(|step| {
        let is_better = step.error < least;
        least = least.min(step.error);
        is_better
    });
    candidates
}

/// The ladder of the methods at each position on the panel's axis (ascending), for each count in the order of
/// [`Model::ALL`]. Baselines beside published numbers and points of the released search are excluded. Positions without
/// a mean are omitted.
pub fn ladders(plan: &Plan, panel: &Panel, aggregates: &[Aggregate]) -> Vec<(u32, [Vec<Step>; 3])> {
    let metric = primary_metric(plan, panel);
    let Some(aggregate) = find_aggregate(aggregates, &panel.name, &metric) else { return Vec::new() };
    let is_candidate = |point: &&Point| {
        let planned = panel.planned(point.contender, point.at);
        takes_part(panel, point.contender) && planned.is_some_and(|planned| !uses_released_search(planned))
    };
    let at_place = |at: u32| {
        let own: Vec<(Contender, f64)> = aggregate
            .points
            .iter()
            .filter(|point| point.at == at)
            .filter(is_candidate)
            .filter_map(|point| Some((point.contender, error_of(&metric, point.mean()?))))
            .collect();
        let step = |(contender, error): &(Contender, f64), model| {
            let log10_wmops = log10_wmops(panel, *contender, at, model)?;
            Some(Step { contender: *contender, log10_wmops, error: *error })
        };
        (at, Model::ALL.map(|model| ladder(own.iter().filter_map(|candidate| step(candidate, model)).collect())))
    };
    let places = aggregate.places().into_iter().map(at_place);
    places.filter(|(_, models)| models.iter().any(|steps| !steps.is_empty())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{aggregate, fixture};
    use crate::spec::Method;

    const fn step(method: Method, log10_wmops: f64, error: f64) -> Step {
        Step { contender: Contender::proposed(method), log10_wmops, error }
    }

    #[test]
    fn what_costs_more_and_gives_no_less_error_is_no_step() {
        let (avq, rvq, pvq) = (step(Method::Avq, 1.0, 5.0), step(Method::Rvq, 0.2, 7.0), step(Method::Pvq, 0.1, 7.0));
        assert_eq!(ladder(vec![avq, rvq, pvq]), [pvq, avq]);
        assert_eq!(ladder(vec![step(Method::Avq, 1.0, 8.0), rvq, step(Method::Pvq, 0.2, 9.0)]), [rvq]);
        assert_eq!(ladder(vec![]), []);
    }

    #[test]
    fn a_panel_has_a_ladder_a_bitrate() {
        let plan = fixture::plan(1);
        let mut aggregates = aggregate(&plan, &fixture::records(&plan));
        for (point, mse) in aggregates[0].points.iter_mut().zip([5.0, 4.0, 6.0, 4.6, 9.0, 4.5]) {
            point.samples[0].1 = mse;
        }
        let found = ladders(&plan, &plan.panels[0], &aggregates);
        let methods = |at: usize| -> Vec<Method> { found[at].1[0].iter().map(|step| step.contender.method).collect() };
        assert_eq!((found[0].0, methods(0)), (12, vec![Method::Pvq, Method::Rvq, Method::Avq]));
        assert_eq!((found[1].0, methods(1)), (16, vec![Method::Pvq, Method::Avq]));
    }
}
