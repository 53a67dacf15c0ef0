//! The methods that are worth their operations at given bits.

use vqlab_core::tradeoff::steps;

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

/// The methods at one position on a panel's axis that are worth their operations.
#[derive(Clone, Debug, PartialEq)]
pub struct Ladder {
    pub panel: String,
    pub at: u32,
    /// By count, in the order of [`Model::ALL`], and by ascending complexity.
    pub steps: [Vec<Step>; 3],
}

fn ladder(candidates: &[Step]) -> Vec<Step> {
    let points: Vec<[f64; 2]> = candidates.iter().map(|step| [step.log10_wmops, step.error]).collect();
    steps(&points).into_iter().map(|i| candidates[i]).collect()
}

/// The ladder at each position on the panel's axis (ascending). Baselines beside published numbers and points of the released search are excluded. Positions without
/// a mean are omitted.
pub(super) fn ladders(plan: &Plan, panel: &Panel, aggregates: &[Aggregate]) -> Vec<Ladder> {
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
        let of_model = |model| ladder(&own.iter().filter_map(|candidate| step(candidate, model)).collect::<Vec<_>>());
        Ladder { panel: panel.name.clone(), at, steps: Model::ALL.map(of_model) }
    };
    let places = aggregate.places().into_iter().map(at_place);
    places.filter(|ladder| ladder.steps.iter().any(|steps| !steps.is_empty())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{aggregate, fixture};
    use crate::spec::Method;

    #[test]
    fn a_panel_has_a_ladder_a_bitrate() {
        let plan = fixture::plan(1);
        let mut aggregates = aggregate(&plan, &fixture::records(&plan));
        for (point, mse) in aggregates[0].points.iter_mut().zip([5.0, 4.0, 6.0, 4.6, 9.0, 4.5]) {
            point.samples[0].1 = mse;
        }
        let found = ladders(&plan, &plan.panels[0], &aggregates);
        let methods =
            |at: usize| -> Vec<Method> { found[at].steps[0].iter().map(|step| step.contender.method).collect() };
        assert_eq!((found[0].at, methods(0)), (12, vec![Method::Pvq, Method::Rvq, Method::Avq]));
        assert_eq!((found[1].at, methods(1)), (16, vec![Method::Pvq, Method::Avq]));
    }
}
