//! Estimates how long cells take: the cost model's seconds, corrected by the pace of this machine and by the wall time
//! of the cells that have ended.

use std::collections::HashMap;

use crate::spec::{Cell, Method};
use crate::task::pace::pace;

/// Weight of the cost model, as seconds of observed cells.
const BELIEF: f64 = 0.5;

/// Wall seconds and estimated seconds of the same cells.
#[derive(Clone, Copy, Debug, Default)]
struct Observed {
    wall: f64,
    cost: f64,
}

impl Observed {
    fn add(&mut self, cost: f64, wall: f64) {
        self.wall += wall;
        self.cost += cost;
    }

    /// A cell of a tenth of a second has less weight than the model; a cell of ten seconds has more.
    fn ratio(self) -> Option<f64> {
        (self.cost > 0.0 && self.wall > 0.0).then(|| (self.wall + BELIEF) / (self.cost + BELIEF))
    }
}

/// Wall time per estimated cost, by task and method. The error of a cost model differs mostly from method to method.
#[derive(Clone, Debug, Default)]
struct Ratios {
    all: Observed,
    groups: HashMap<(String, Method), Observed>,
}

impl Ratios {
    fn add(&mut self, cell: &Cell, cost: f64, wall: f64) {
        // Operation counts take no time, and say nothing about other tasks.
        if cell.settings.training().is_some() {
            self.all.add(cost, wall);
        }
        self.groups.entry(Estimator::group(cell)).or_default().add(cost, wall);
    }

    fn of(&self, cell: &Cell) -> Option<f64> {
        let group = self.groups.get(&Estimator::group(cell)).and_then(|seen| seen.ratio());
        group.or_else(|| self.all.ratio())
    }
}

/// The pace of earlier runs, corrected by the pace of this run: the machine may be busier now than then, or less so.
#[derive(Clone, Debug, Default)]
pub struct Estimator {
    /// By the records found at the start.
    earlier: Ratios,
    /// By the cells that ended in this run. Their costs are those expected from earlier runs.
    run: Ratios,
}

impl Estimator {
    /// Learns from a record that an earlier run made: the cell's cost by the model and its wall time, both in seconds.
    pub fn observe(&mut self, cell: &Cell, cost: f64, wall: f64) {
        self.earlier.add(cell, cost * Self::pace(cell), wall);
    }

    /// Learns from a cell that has ended in this run.
    pub fn finished(&mut self, cell: &Cell, cost: f64, wall: f64) {
        self.run.add(cell, self.expected(cell, cost), wall);
    }

    /// Expected seconds of a cell.
    pub fn seconds(&self, cell: &Cell, cost: f64) -> f64 {
        self.expected(cell, cost) * self.run.of(cell).unwrap_or(1.0)
    }

    /// Expected seconds by the cost model and earlier runs.
    fn expected(&self, cell: &Cell, cost: f64) -> f64 {
        cost * Self::pace(cell) * self.earlier.of(cell).unwrap_or(1.0)
    }

    /// The pace of this machine.
    fn pace(cell: &Cell) -> f64 {
        if cell.settings.training().is_none() { 1.0 } else { pace(cell.method()) }
    }

    fn group(cell: &Cell) -> (String, Method) {
        (cell.settings.task().to_owned(), cell.method())
    }
}

/// Seconds until all cells are done on `jobs` threads. `running` holds the remaining seconds of each running cell.
/// `queued` holds the seconds of the next cells in the order in which they start.
pub fn time_left(jobs: usize, running: &[f64], queued: impl IntoIterator<Item = f64>) -> f64 {
    let mut free_at: Vec<f64> = running.to_vec();
    free_at.resize(free_at.len().max(jobs.max(1)), 0.0);
    for seconds in queued {
        if let Some(first) = free_at.iter_mut().min_by(|a, b| a.total_cmp(b)) {
            *first += seconds;
        }
    }
    free_at.into_iter().fold(0.0, f64::max)
}

/// `0.02 s`, `12.3 s`, `4 min`, `2 h 10 min`.
pub fn human_seconds(seconds: f64) -> String {
    // An empty sum is −0.
    let seconds = seconds.abs();
    if seconds < 0.995 {
        return format!("{seconds:.2} s");
    }
    if seconds < 90.0 {
        return format!("{seconds:.1} s");
    }
    let minutes = (seconds / 60.0).round() as u64;
    if minutes < 90 { format!("{minutes} min") } else { format!("{} h {} min", minutes / 60, minutes % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{CellSettings, ComplexitySettings};

    #[test]
    fn time_left_fills_the_threads_in_order() {
        assert_eq!(time_left(2, &[], [3.0, 2.0, 2.0]), 4.0);
        assert_eq!(time_left(2, &[5.0], [1.0, 1.0]), 5.0);
        assert_eq!(time_left(0, &[], []), 0.0);
    }

    #[test]
    fn this_run_corrects_the_pace_of_earlier_ones() {
        let cell = |method| Cell {
            settings: CellSettings::Complexity(ComplexitySettings {
                method,
                dimension: 64,
                stages: 4,
                bits_per_stage: 3,
                beam_width: None,
            }),
            seed: 1,
        };
        let (rvq, pvq) = (cell(Method::Rvq), cell(Method::Pvq));
        let mut estimator = Estimator::default();
        let near = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 0.05, "{found} {expected}");
        near(estimator.seconds(&rvq, 100.0), 100.0);
        // Records of a busy machine, then a cell of this run on a quiet one.
        estimator.observe(&rvq, 100.0, 300.0);
        near(estimator.seconds(&rvq, 100.0), 300.0);
        near(estimator.seconds(&pvq, 100.0), 100.0);
        estimator.finished(&rvq, 100.0, 100.0);
        near(estimator.seconds(&rvq, 100.0), 100.0);
        estimator.finished(&pvq, 100.0, 50.0);
        near(estimator.seconds(&pvq, 100.0), 50.0);
        near(estimator.seconds(&rvq, 100.0), 100.0);
    }

    #[test]
    fn durations_read_well() {
        let shown: Vec<_> = [0.0213, 12.34, 89.9, 240.0, 7800.0].into_iter().map(human_seconds).collect();
        assert_eq!(shown, ["0.02 s", "12.3 s", "89.9 s", "4 min", "2 h 10 min"]);
    }
}
