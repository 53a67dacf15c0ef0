//! Records → points: the values over seeds, their mean and their quantiles, for every point of a plan.

use std::collections::HashMap;

use super::quantile::quantile;
use super::write::primary_metric;
use crate::runner::Record;
use crate::spec::{Contender, Panel, PanelAxis, Plan, PlannedPoint};

/// One panel and one metric of an experiment, aggregated over seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// [`crate::spec::Panel::name`].
    pub panel: String,
    /// The record metric, with its ending: `mse-training`, `mse-fresh`, `log10-wmops-published`, …. If the axis is T,
    /// it is `recall`, and every point has its own record metric.
    pub metric: String,
    /// In the order of [`Panel::places`].
    pub points: Vec<Point>,
}

/// One point of a curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    pub contender: Contender,
    /// The position on the panel's axis: B = M·b, or T.
    pub at: u32,
    pub stages: usize,
    pub bits_per_stage: u32,
    pub beam_width: Option<usize>,
    /// (seed, value) of the finished cells, sorted by seed.
    pub samples: Vec<(u64, f64)>,
    /// The values of single test items, such as utterances, averaged over the finished cells. If there are items,
    /// spread and intervals are over the items, not over the seeds. Empty if the cells have no item values.
    pub items: Vec<f64>,
    /// The number of planned seeds.
    pub planned: usize,
}

impl Point {
    /// B = M·b.
    pub fn bits(&self) -> u32 {
        self.stages as u32 * self.bits_per_stage
    }

    /// The values that define the spread: over test items if there are any, otherwise over seeds.
    pub fn values(&self) -> Vec<f64> {
        match self.items.is_empty() {
            true => self.samples.iter().map(|(_, value)| *value).collect(),
            false => self.items.clone(),
        }
    }

    /// The mean over seeds. `None` if no cell is done, as for the quantiles.
    pub fn mean(&self) -> Option<f64> {
        let n = self.samples.len();
        (n > 0).then(|| self.samples.iter().map(|(_, value)| value).sum::<f64>() / n as f64)
    }

    /// The 2.5 % quantile, linearly interpolated.
    pub fn quantile_low(&self) -> Option<f64> {
        quantile(&self.values(), 0.025)
    }

    /// The 97.5 % quantile, linearly interpolated.
    pub fn quantile_high(&self) -> Option<f64> {
        quantile(&self.values(), 0.975)
    }

    /// The sample standard deviation (n − 1); `None` below two values.
    pub fn standard_deviation(&self) -> Option<f64> {
        standard_deviation(&self.values())
    }
}

/// The sample standard deviation (n − 1); `None` below two values.
fn standard_deviation(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (n > 1.0).then(|| (squares / (n - 1.0)).sqrt())
}

/// The difference of two points on the same test items.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedGap {
    pub mean: f64,
    /// Standard error of the mean, over the items. `None` for a single item.
    pub standard_error: Option<f64>,
    /// Number of test items.
    pub n: usize,
}

impl PairedGap {
    /// Whether there is a gap of two standard errors or more.
    pub fn is_clear(&self) -> bool {
        self.mean != 0.0 && self.standard_error.is_some_and(|error| self.mean.abs() >= 2.0 * error)
    }
}

impl Point {
    /// The gap to another point, item by item. `None` if a point has no items, or if their numbers differ.
    pub fn paired_gap(&self, other: &Point) -> Option<PairedGap> {
        let n = self.items.len();
        if n == 0 || n != other.items.len() {
            return None;
        }
        let gaps: Vec<f64> = self.items.iter().zip(&other.items).map(|(own, theirs)| own - theirs).collect();
        let standard_error = standard_deviation(&gaps).map(|deviation| deviation / (n as f64).sqrt());
        Some(PairedGap { mean: gaps.iter().sum::<f64>() / n as f64, standard_error, n })
    }

    /// The mean over seeds of this point's value minus the other's with the same seed, and the 2.5 % and 97.5 %
    /// quantiles.
    pub fn paired_difference(&self, other: &Point) -> Option<(f64, f64, f64)> {
        let of_seed = |(seed, value): &(u64, f64)| {
            let (_, theirs) = other.samples.iter().find(|(s, _)| s == seed)?;
            Some(value - theirs)
        };
        let values: Vec<f64> = self.samples.iter().filter_map(of_seed).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        Some((mean, quantile(&values, 0.025)?, quantile(&values, 0.975)?))
    }
}

/// The mean of a timing, such as `encode-us`, over a point's finished cells.
pub fn timing_mean(point: &PlannedPoint, timing: &str, records: &HashMap<String, Record>) -> Option<f64> {
    let finished = point.cells.iter().filter_map(|cell| records.get(&cell.key()).filter(|r| r.is_done()));
    let values: Vec<f64> = finished.filter_map(|record| record.run.timings.get(timing).copied()).collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

impl Aggregate {
    /// The positions on the axis, ascending.
    pub fn places(&self) -> Vec<u32> {
        let mut places: Vec<u32> = self.points.iter().map(|p| p.at).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    pub fn point(&self, contender: Contender, at: u32) -> Option<&Point> {
        self.points.iter().find(|p| p.contender == contender && p.at == at)
    }
}

/// The aggregate of a panel and metric.
pub fn find_aggregate<'a>(aggregates: &'a [Aggregate], panel: &str, metric: &str) -> Option<&'a Aggregate> {
    aggregates.iter().find(|a| a.panel == panel && a.metric == metric)
}

/// The metrics in a panel's Results files, including the primary metric.
pub fn result_metrics(plan: &Plan, panel: &Panel) -> Vec<String> {
    let metric = &panel.metric;
    let parts = plan.task.parts();
    match panel.axis {
        _ if !parts.is_empty() => parts.iter().map(|part| format!("{metric}-{part}")).collect(),
        PanelAxis::Bits if plan.task.axis().is_some() => {
            panel.measured_at.iter().map(|at| format!("{metric}@{at}")).collect()
        }
        _ => vec![metric.clone()],
    }
}

/// Aggregates every panel and every metric of [`result_metrics`], in that order. Only finished cells count. `records`
/// is by key.
pub fn aggregate(plan: &Plan, records: &HashMap<String, Record>) -> Vec<Aggregate> {
    let mut aggregates = Vec::new();
    for panel in &plan.panels {
        let keys = cell_keys(panel);
        for metric in result_metrics(plan, panel) {
            aggregates.push(panel_metric(panel, &keys, &metric, records));
        }
    }
    aggregates
}

/// Aggregates one record metric of one panel, such as `repeated-share`.
pub fn aggregate_metric(panel: &Panel, metric: &str, records: &HashMap<String, Record>) -> Aggregate {
    panel_metric(panel, &cell_keys(panel), metric, records)
}

/// The keys of every point's cells. Each key costs one hash.
fn cell_keys(panel: &Panel) -> Vec<Vec<String>> {
    panel.points.iter().map(|p| p.cells.iter().map(|c| c.key()).collect()).collect()
}

fn panel_metric(panel: &Panel, keys: &[Vec<String>], metric: &str, records: &HashMap<String, Record>) -> Aggregate {
    let mut points = Vec::new();
    for (planned, keys) in panel.points.iter().zip(keys) {
        match &panel.axis {
            PanelAxis::Rank(places) | PanelAxis::Bitrate(places) if metric == panel.metric => {
                let at_place = |at: &u32| point(planned, *at, keys, &format!("{metric}@{at}"), records);
                points.extend(places.iter().map(at_place));
            }
            _ => points.push(point(planned, planned.bits, keys, metric, records)),
        }
    }
    Aggregate { panel: panel.name.clone(), metric: metric.into(), points }
}

/// The values of single test items of one point, averaged over its finished cells. Empty if a cell has none, or if the
/// numbers of items differ.
fn items(keys: &[String], metric: &str, records: &HashMap<String, Record>) -> Vec<f64> {
    let finished = keys.iter().filter_map(|key| records.get(key).filter(|r| r.is_done()));
    let Some(cells) = finished.map(|record| record.samples.get(metric)).collect::<Option<Vec<&Vec<f64>>>>() else {
        return Vec::new();
    };
    let Some(first) = cells.first().filter(|first| cells.iter().all(|cell| cell.len() == first.len())) else {
        return Vec::new();
    };
    let mean = |i: usize| cells.iter().map(|cell| cell[i]).sum::<f64>() / cells.len() as f64;
    (0..first.len()).map(mean).collect()
}

fn point(planned: &PlannedPoint, at: u32, keys: &[String], metric: &str, records: &HashMap<String, Record>) -> Point {
    let value = |key: &String| records.get(key).filter(|r| r.is_done())?.metrics.get(metric).copied();
    let seeds = planned.cells.iter().map(|c| c.seed);
    let mut samples: Vec<(u64, f64)> = seeds.zip(keys).filter_map(|(seed, key)| Some((seed, value(key)?))).collect();
    samples.sort_by_key(|(seed, _)| *seed);
    Point {
        contender: planned.contender,
        at,
        stages: planned.stages,
        bits_per_stage: planned.bits_per_stage,
        beam_width: planned.beam_width,
        samples,
        items: items(keys, metric, records),
        planned: planned.cells.len(),
    }
}

/// One line per panel and method with unfinished points: `correlated, AVQ: 12 bits 0/3, 16 bits 2/3 seeds done`.
pub fn missing(plan: &Plan, aggregates: &[Aggregate]) -> Vec<String> {
    let mut lines = Vec::new();
    for panel in &plan.panels {
        let Some(aggregate) = find_aggregate(aggregates, &panel.name, &primary_metric(plan, panel)) else {
            lines.push(format!("{}: nothing done", panel.name));
            continue;
        };
        for contender in &plan.contenders {
            let points = aggregate.points.iter().filter(|p| p.contender == *contender && p.samples.len() < p.planned);
            let lacking = points.map(|p| (p.bits(), format!("{} bits {}/{}", p.bits(), p.samples.len(), p.planned)));
            let mut lacking: Vec<_> = lacking.collect();
            // A bitrate has one point per T.
            lacking.dedup_by_key(|(bits, _)| *bits);
            let lacking: Vec<_> = lacking.into_iter().map(|(_, text)| text).collect();
            if !lacking.is_empty() {
                lines.push(format!("{}, {}: {} seeds done", panel.name, contender.label(), lacking.join(", ")));
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture;

    #[test]
    fn only_finished_cells_count_in_seed_order() {
        let plan = fixture::plan(3);
        let mut records = fixture::records(&plan);
        let first = &plan.panels[0].points[0].cells;
        if let Some(record) = records.get_mut(&first[1].key()) {
            record.status = crate::runner::Status::Diverged;
        }
        records.remove(&plan.panels[0].points[1].cells[0].key());
        let aggregates = aggregate(&plan, &records);
        assert_eq!(aggregates.len(), 2);
        let seeds: Vec<u64> = aggregates[0].points[0].samples.iter().map(|(s, _)| *s).collect();
        assert_eq!(seeds, [1, 3]);
        let lines = missing(&plan, &aggregates);
        assert_eq!(lines, ["correlated, AVQ: 12 bits 2/3, 16 bits 2/3 seeds done"]);
    }

    #[test]
    fn moments_of_a_point() {
        let plan = fixture::plan(1);
        let mut point = aggregate(&plan, &HashMap::new())[0].points[0].clone();
        assert_eq!((point.mean(), point.quantile_low(), point.standard_deviation()), (None, None, None));
        point.samples = vec![(1, 1.0), (2, 2.0), (3, 6.0)];
        assert_eq!(point.mean(), Some(3.0));
        assert_eq!(point.quantile_low(), Some(1.05));
        assert_eq!(point.standard_deviation(), Some(7f64.sqrt()));
    }
}
