//! Accuracy against bitrate and complexity: the Pareto front, the best method for a complexity budget, and the bits
//! that one method saves over another.

mod bd_rate;
mod ladder;

pub use bd_rate::{BdRate, bd_rate};
pub use ladder::{Ladder, Step};
pub use vqlab_core::tradeoff::{best_by_budget, changes};

/// Budgets in log10 WMOPS for which a contender has the lowest error.
pub type BudgetRange = vqlab_core::tradeoff::BudgetRange<Contender>;

use vqlab_core::tradeoff::front;

use crate::complexity::{Model, Precision, count};
use crate::metric;
use crate::results::{Aggregate, find_aggregate, primary_metric};
use crate::spec::{Cell, Contender, Panel, PanelAxis, Plan, PlannedPoint, Search};

/// The trade-offs of a plan. An outcome computes them once; figures and reports read them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tradeoffs {
    /// Of every panel over bits with finished points.
    pub panels: Vec<PanelTradeoff>,
    /// Of every panel with finished points.
    pub ladders: Vec<Ladder>,
}

impl Tradeoffs {
    /// Empty for tasks that only count operations.
    pub fn new(plan: &Plan, aggregates: &[Aggregate]) -> Self {
        if !plan.task.trains() {
            return Self::default();
        }
        let ladders = plan.panels.iter().flat_map(|panel| ladder::ladders(plan, panel, aggregates)).collect();
        Self { panels: tradeoff(plan, aggregates), ladders }
    }

    /// Of the panel with this name.
    pub fn of(&self, panel: &str) -> Option<&PanelTradeoff> {
        self.panels.iter().find(|result| result.panel == panel)
    }
}

/// The trade-offs of one panel, by the means of the plan's primary metric.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelTradeoff {
    pub panel: String,
    /// The record metric: `mse-training`, `mse-fresh`, `psnr-fresh` or `recall@16`.
    pub metric: String,
    /// In the panel's order, without the points in `released` and points without a finished cell.
    pub points: Vec<TradeoffPoint>,
    /// By model, in the order of [`Model::ALL`]: the best contender for a complexity budget.
    pub budgets: Vec<(Model, Vec<BudgetRange>)>,
    /// Anchor, test method and the rate between them, for every pair in plan order. `None` if the rate is undefined.
    pub bd_rates: Vec<(Contender, Contender, Option<BdRate>)>,
    /// Points of the released search ([`uses_released_search`]). They are excluded, because their tuples may not be
    /// valid codes of their bitrate.
    pub released: Vec<(Contender, u32)>,
}

/// Whether the point's cells use the search of the authors' released code, which may use a codebook twice.
pub fn uses_released_search(point: &PlannedPoint) -> bool {
    let search = |cell: &Cell| cell.settings.quantizer().and_then(|quantizer| quantizer.search);
    point.cells.iter().any(|cell| search(cell) == Some(Search::Released))
}

/// Converts the mean of a record metric to a quantity to minimize, and back ([`metric::Metric::error`]). Values of
/// metrics without a row are errors.
pub fn error_of(metric: &str, mean: f64) -> f64 {
    metric::find(metric).map_or(mean, |row| row.error(mean))
}

/// Whether a record metric is in dB.
pub fn is_decibel(metric: &str) -> bool {
    metric::find(metric).is_some_and(|row| row.is_decibel())
}

#[derive(Clone, Debug, PartialEq)]
pub struct TradeoffPoint {
    pub contender: Contender,
    pub bits: u32,
    /// The quantity to minimize, see [`error_of`].
    pub error: f64,
    /// log10 WMOPS in single precision, in the order of [`Model::ALL`]. `None` if a model has no count for the shape.
    pub log10_wmops: [Option<f64>; 3],
    /// By model: whether the point is on the Pareto front of bits, error and operations.
    pub pareto: [bool; 3],
}

impl TradeoffPoint {
    pub fn log10_wmops(&self, model: Model) -> Option<f64> {
        self.log10_wmops[model as usize]
    }

    pub fn on_front(&self, model: Model) -> bool {
        self.pareto[model as usize]
    }
}

/// log10 WMOPS, in single precision, of encoding one vector with the quantizer at a position of a panel. `None` if the
/// model has no count for it.
pub fn log10_wmops(panel: &Panel, contender: Contender, at: u32, model: Model) -> Option<f64> {
    let planned = panel.planned(contender, at)?;
    let size = 1usize.checked_shl(planned.bits_per_stage)?;
    let operations = count(contender.method, panel.dimension, planned.stages, size, planned.beam_width, model);
    Some(operations.ok()?.log10_wmops(Precision::Single))
}

fn tradeoff(plan: &Plan, aggregates: &[Aggregate]) -> Vec<PanelTradeoff> {
    let aggregate = |panel: &Panel| find_aggregate(aggregates, &panel.name, &primary_metric(plan, panel));
    let over_bits = plan.panels.iter().filter(|p| p.axis == PanelAxis::Bits);
    let panels = over_bits.filter_map(|p| Some(panel_tradeoff(plan, p, aggregate(p)?)));
    panels.filter(|p| !p.points.is_empty()).collect()
}

fn panel_tradeoff(plan: &Plan, panel: &Panel, aggregate: &Aggregate) -> PanelTradeoff {
    let released: Vec<(Contender, u32)> =
        panel.points.iter().filter(|p| uses_released_search(p)).map(|p| (p.contender, p.bits)).collect();
    let mut points: Vec<TradeoffPoint> = aggregate
        .points
        .iter()
        .filter(|point| !released.contains(&(point.contender, point.at)))
        .filter_map(|point| {
            let log10_wmops = Model::ALL.map(|model| log10_wmops(panel, point.contender, point.at, model));
            let error = error_of(&aggregate.metric, point.mean()?);
            let (contender, bits) = (point.contender, point.at);
            Some(TradeoffPoint { contender, bits, error, log10_wmops, pareto: [false; 3] })
        })
        .collect();
    for (i, model) in Model::ALL.into_iter().enumerate() {
        let costs: Vec<_> = points.iter().map(|p| p.log10_wmops(model)).collect();
        let rows: Vec<_> = points
            .iter()
            .zip(&costs)
            .map(|(p, cost)| [f64::from(p.bits), p.error, cost.unwrap_or(f64::INFINITY)])
            .collect();
        for ((point, on_front), cost) in points.iter_mut().zip(front(&rows)).zip(costs) {
            point.pareto[i] = on_front && cost.is_some();
        }
    }
    let own: Vec<TradeoffPoint> = points.iter().filter(|p| takes_part(panel, p.contender)).cloned().collect();
    let budgets = Model::ALL.map(|model| (model, best_by_budget(&curves(plan, &own, model)))).into();
    let (panel, metric) = (panel.name.clone(), aggregate.metric.clone());
    PanelTradeoff {
        panel,
        metric,
        bd_rates: bd_rates(plan, &points, is_decibel(&aggregate.metric)),
        points,
        budgets,
        released,
    }
}

/// Whether a contender takes part in the choice. Panels with published numbers compare methods of one trainer, as the
/// paper does. Baselines would only repeat the methods.
pub(crate) fn takes_part(panel: &Panel, contender: Contender) -> bool {
    panel.published_file.is_none() || contender.trainer == panel.trainer()
}

fn curves(plan: &Plan, points: &[TradeoffPoint], model: Model) -> Vec<(Contender, Vec<(f64, f64)>)> {
    let curve = |contender| {
        let own = points.iter().filter(move |p| p.contender == contender);
        own.filter_map(|p| Some((p.log10_wmops(model)?, p.error))).collect()
    };
    plan.contenders.iter().map(|contender| (*contender, curve(*contender))).collect()
}

fn bd_rates(plan: &Plan, points: &[TradeoffPoint], is_decibel: bool) -> Vec<(Contender, Contender, Option<BdRate>)> {
    let curve = |contender: Contender| -> Vec<(f64, f64)> {
        let own = points.iter().filter(|p| p.contender == contender);
        own.map(|p| (f64::from(p.bits), if is_decibel { 10f64.powf(p.error / 10.0) } else { p.error })).collect()
    };
    let is_there = |contender: &&Contender| points.iter().any(|p| p.contender == **contender);
    let contenders: Vec<&Contender> = plan.contenders.iter().filter(is_there).collect();
    let mut rates = Vec::new();
    for (i, test) in contenders.iter().enumerate() {
        for anchor in &contenders[i + 1..] {
            rates.push((**anchor, **test, bd_rate(&curve(**anchor), &curve(**test))));
        }
    }
    rates
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{aggregate, fixture};
    use crate::spec::{CellSettings, Method};

    #[test]
    fn a_panel_has_points_fronts_budgets_and_rates() {
        let plan = fixture::plan(1);
        let mut aggregates = aggregate(&plan, &fixture::records(&plan));
        for (point, mse) in aggregates[0].points.iter_mut().zip([5.0, 4.0, 6.0, 4.6, 9.0, 7.0]) {
            point.samples[0].1 = mse;
        }
        let panels = tradeoff(&plan, &aggregates);
        let panel = &panels[0];
        assert!((panel.points[0].log10_wmops(Model::Published).unwrap() + 0.31026327412521015).abs() < 1e-12);
        assert!(panel.points.iter().all(|p| p.on_front(Model::Published)));
        let methods: Vec<_> = panel.budgets[0].1.iter().map(|r| r.choice.method).collect();
        assert_eq!(methods, [Method::Pvq, Method::Rvq, Method::Avq]);
        assert_eq!(panel.bd_rates.len(), 3);
        // AVQ's MSE of 5 to 4 meets RVQ's 6 to 4.6: AVQ needs fewer bits. PVQ's curve meets neither.
        let (anchor, test, rate) = &panel.bd_rates[0];
        assert_eq!((anchor.method, test.method), (Method::Rvq, Method::Avq));
        assert!(rate.as_ref().unwrap().bits < -2.0);
        assert_eq!(panel.bd_rates[1].2, None);
    }

    #[test]
    fn points_of_the_released_search_take_no_part() {
        let mut plan = fixture::plan(1);
        let aggregates = aggregate(&plan, &fixture::records(&plan));
        if let CellSettings::Toy(toy) = &mut plan.panels[0].points[0].cells[0].settings {
            toy.quantizer.search = Some(Search::Released);
        }
        let panel = &tradeoff(&plan, &aggregates)[0];
        assert_eq!(panel.released, [(Contender::proposed(Method::Avq), 12)]);
        assert_eq!((panel.points.len(), panel.points[0].bits), (5, 16));
    }

    #[test]
    fn baselines_are_chosen_where_the_question_is_not_the_papers() {
        let mut plan = fixture::plan(1);
        let mut aggregates = aggregate(&plan, &fixture::records(&plan));
        // PVQ becomes the baseline of RVQ, cheaper and better than all others.
        let baseline = Contender { method: Method::Rvq, trainer: crate::spec::Trainer::Kmeans };
        plan.contenders[2] = baseline;
        plan.panels[0].points[4..].iter_mut().for_each(|point| point.contender = baseline);
        for (point, mse) in aggregates[0].points.iter_mut().zip([5.0, 4.0, 6.0, 4.6, 3.0, 2.0]) {
            point.samples[0].1 = mse;
        }
        aggregates[0].points[4..].iter_mut().for_each(|point| point.contender = baseline);
        let best = |plan: &Plan| tradeoff(plan, &aggregates)[0].budgets[0].1.last().unwrap().choice;
        assert_eq!(best(&plan), Contender::proposed(Method::Avq));
        plan.panels[0].published_file = None;
        assert_eq!(best(&plan), baseline);
        assert_eq!(Tradeoffs::new(&plan, &aggregates).ladders[0].steps[0].last().unwrap().contender, baseline);
    }
}
