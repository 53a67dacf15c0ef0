//! The done and open cells of plans, and the estimated time: the common part of `status` and `run --dry-run`.

use std::collections::{BTreeSet, HashSet};

use crate::results;
use crate::runner::{Estimator, Loaded, Options, Record, Status, Store, by_cost, time_left};
use crate::spec::{Cell, Plan};

/// The default options, with what the specs say about each cell: its metrics, its panels (with the experiment's name if
/// there are several experiments), and whether it keeps its codebooks.
pub fn for_plans(plans: &[Plan]) -> Options {
    let mut options = Options::default();
    for plan in plans {
        for panel in &plan.panels {
            let metrics = results::shown_metrics(plan, panel);
            let keys: BTreeSet<String> = panel.points.iter().flat_map(|p| &p.cells).map(|cell| cell.key()).collect();
            for key in keys {
                let place = options.places.entry(key.clone()).or_default();
                match place.is_empty() {
                    true if plans.len() > 1 => *place = format!("{} {}", plan.name, panel.name),
                    true => place.clone_from(&panel.name),
                    false => *place = format!("{place}, {}", panel.name),
                }
                if plan.codebooks {
                    options.codebooks.insert(key.clone());
                }
                options.metrics.entry(key).or_default().extend(metrics.iter().cloned());
            }
        }
    }
    // Where all cells are in the same panels, nobody has to be told.
    if options.places.values().collect::<BTreeSet<_>>().len() < 2 {
        options.places.clear();
    }
    options
}

/// One cell of a plan.
pub struct Entry {
    /// The position of the cell's plan.
    pub plan: usize,
    pub panel: String,
    pub cell: Cell,
    pub state: State,
    cost: f64,
}

/// The state of a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    Done,
    Diverged(String),
    /// The next run tries the cell again.
    Failed(String),
    /// A process is computing the cell.
    Running,
    /// The record is not trusted, or lacks a metric. The next run computes or measures the cell again.
    Unusable(String),
    ToDo,
    /// Finished before. `run --adopt` takes the cell from the provenance.
    ToAdopt,
}

impl State {
    pub fn name(&self) -> &'static str {
        match self {
            State::Done => "done",
            State::Diverged(_) => "diverged",
            State::Failed(_) => "failed",
            State::Running => "running",
            State::Unusable(_) => "unusable",
            State::ToDo => "to do",
            State::ToAdopt => "to adopt",
        }
    }

    pub fn reason(&self) -> Option<&str> {
        match self {
            State::Diverged(reason) | State::Failed(reason) | State::Unusable(reason) => Some(reason),
            _ => None,
        }
    }

    /// Whether the cell is running or waits for a run. Failed cells do not count: nobody computes them.
    pub fn is_open(&self) -> bool {
        matches!(self, State::Running | State::Unusable(_) | State::ToDo)
    }

    /// Whether the next run keeps the cell as it is.
    pub fn is_settled(&self) -> bool {
        matches!(self, State::Done | State::Diverged(_) | State::ToAdopt)
    }
}

/// Every cell of the plans once, in plan order.
pub struct Survey {
    pub entries: Vec<Entry>,
    estimator: Estimator,
}

impl Survey {
    pub fn new(plans: &[Plan], store: &Store, options: &Options) -> Self {
        let all: Vec<Cell> = plans.iter().flat_map(Plan::cells).collect();
        let all = by_cost(&all, &crate::task::cost);
        let part = match options.shard {
            Some(shard) => shard.part(all),
            None => all,
        };
        let mut taken: HashSet<String> = part.iter().map(|(cell, _)| cell.key()).collect();
        let mut survey = Self { entries: Vec::new(), estimator: Estimator::default() };
        for (position, plan) in plans.iter().enumerate() {
            for panel in &plan.panels {
                for cell in panel.points.iter().flat_map(|point| &point.cells) {
                    if taken.remove(&cell.key()) {
                        survey.add(position, &panel.name, cell, store, options);
                    }
                }
            }
        }
        survey
    }

    fn add(&mut self, plan: usize, panel: &str, cell: &Cell, store: &Store, options: &Options) {
        let cost = crate::task::cost(cell);
        let state = match store.load(cell) {
            Loaded::Found(record) => {
                if record.tells_pace() {
                    self.estimator.observe(cell, cost, record.run.wall_seconds);
                }
                match options.missing_metric(&record) {
                    _ if options.force => State::ToDo,
                    Some(metric) => State::Unusable(format!("the record lacks the metric {metric}")),
                    None => state_of(&record),
                }
            }
            Loaded::Unusable(reason) | Loaded::Newer(reason) => State::Unusable(reason),
            Loaded::Absent => State::ToDo,
        };
        let state = if !state.is_settled() && store.is_running(cell) { State::Running } else { state };
        self.entries.push(Entry { plan, panel: panel.into(), cell: cell.clone(), state, cost });
    }

    /// Marks the cells without a record that `run --adopt` finds in the provenance.
    pub fn mark_adoptable(&mut self, keys: &HashSet<String>) {
        for entry in self.entries.iter_mut().filter(|entry| entry.state == State::ToDo) {
            if keys.contains(&entry.cell.key()) {
                entry.state = State::ToAdopt;
            }
        }
    }

    /// Estimated seconds of a cell on one thread.
    pub fn seconds(&self, entry: &Entry) -> f64 {
        self.estimator.seconds(&entry.cell, entry.cost)
    }

    /// The estimated seconds of `entries` on one thread, and on `jobs` threads.
    pub fn left<'a>(&self, entries: impl IntoIterator<Item = &'a Entry>, jobs: usize) -> (f64, f64) {
        let open = entries.into_iter().filter(|entry| !entry.state.is_settled());
        let mut seconds: Vec<f64> = open.map(|entry| self.seconds(entry)).collect();
        seconds.sort_by(|a, b| b.total_cmp(a));
        (seconds.iter().sum(), time_left(jobs, &[], seconds))
    }
}

fn state_of(record: &Record) -> State {
    let reason = || record.reason.clone().unwrap_or_default();
    match record.status {
        Status::Done => State::Done,
        Status::Diverged => State::Diverged(reason()),
        Status::Failed => State::Failed(reason()),
    }
}
