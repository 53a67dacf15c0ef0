//! The scheduler: threads that take the most expensive remaining cell, claim it, compute it and write its record.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::progress::{CellAtWork, CellEnd, Overview, Progress, Sink};
use super::running::Running;
use super::store::first_infinite;
use super::{Estimator, Loaded, Options, RECORD_FORMAT, RECORD_VERSION, Record, RunInfo, Status, Store, StoreError};
use super::{by_cost, cpu, time_left};
use crate::spec::Cell;
use crate::task::{Context, Outcome, TaskError};

type RunFn<'a> = &'a (dyn Fn(&Cell, &Context) -> Result<Outcome, TaskError> + Sync);
type CostFn<'a> = &'a (dyn Fn(&Cell) -> f64 + Sync);

/// Computes a cell, and estimates its cost in seconds. Tests replace both.
#[derive(Clone, Copy)]
pub struct TaskFns<'a> {
    pub run: RunFn<'a>,
    pub cost: CostFn<'a>,
}

impl TaskFns<'static> {
    /// The tasks of [`crate::task`].
    pub fn real() -> Self {
        Self { run: &|cell, context| crate::task::run(cell, context), cost: &|cell| crate::task::cost(cell) }
    }
}

/// The result of a run.
#[derive(Debug, Default)]
pub struct Summary {
    /// Records by key: found and computed ones, including failed and diverged ones.
    pub records: HashMap<String, Record>,
    /// Requested cells (of this shard).
    pub total: usize,
    /// Cells computed by this run.
    pub computed: usize,
    /// Why cells have no results, as `LABEL: reason`, sorted.
    pub failed: Vec<String>,
    /// Files that were not trusted and were computed again, with reasons.
    pub unusable: Vec<String>,
    /// A record could not be written; the run stopped there.
    pub error: Option<StoreError>,
    /// Whether `stop` was set before the end.
    pub stopped: bool,
}

/// Computes the cells that have no record yet, up to `options.jobs` at once, the most expensive first.
///
/// Done and diverged cells are kept, because both are deterministic. Failed cells are tried again. Each record is on
/// disk as soon as its cell has ended. The run waits for a cell that another process computes. Setting `stop` ends the
/// run soon; running cells are abandoned. If a record can't be written, the run sets `stop` itself. If a record has a
/// later version, nothing is computed at all, because the result could not be stored.
///
/// # Errors
/// The threads can't be started.
pub fn run(
    cells: &[Cell],
    store: &Store,
    options: &Options,
    task: TaskFns,
    sink: &dyn Sink,
    stop: &AtomicBool,
) -> Result<Summary, rayon::ThreadPoolBuildError> {
    let mut cells = by_cost(cells, &task.cost);
    if let Some(shard) = options.shard {
        cells = shard.part(cells);
    }
    let jobs = options.jobs.max(1);
    let state = Mutex::new(look_up(&cells, store, options, sink));
    let scheduler = Scheduler { cells: &cells, store, options, jobs, task, sink, stop, state };
    if scheduler.state().summary.error.is_some() {
        return Ok(scheduler.finish());
    }
    let seconds = scheduler.state().seconds_left(&cells, jobs);
    let found = scheduler.state().summary.records.len();
    sink.begin(&Overview { total: cells.len(), found, jobs, seconds });
    if !scheduler.state().queue.is_empty() {
        // Each thread has its own pool, so that parallel work inside a cell stays on this thread and takes no other
        // cell.
        let pool = |_| rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let pools = (0..jobs).map(pool).collect::<Result<Vec<_>, _>>()?;
        let scheduler = &scheduler;
        std::thread::scope(|scope| {
            for pool in &pools {
                scope.spawn(|| pool.install(|| scheduler.work()));
            }
        });
    }
    sink.end();
    Ok(scheduler.finish())
}

/// The state shared by the threads. Cells are identified by their position in the list by cost.
struct State {
    queue: VecDeque<usize>,
    /// Cells that another process has claimed.
    elsewhere: VecDeque<usize>,
    /// Time and place of the records that will be replaced, to distinguish them from new ones.
    replaced: HashMap<usize, RunInfo>,
    running: Vec<Running>,
    estimator: Estimator,
    /// Estimated seconds of the cells of this run: of all cells, and of the cells that have ended.
    work: f64,
    work_done: f64,
    summary: Summary,
    last_tick: Instant,
    /// Seconds until the end, with the time of the estimate. In a run of many small cells, a new estimate from the
    /// whole queue after every cell would be most of the work.
    left: Option<(Instant, f64)>,
}

impl State {
    /// How long an estimate of the remaining time is valid.
    const GOOD_FOR: Duration = Duration::from_millis(100);

    fn seconds_left(&mut self, cells: &[(Cell, f64)], jobs: usize) -> f64 {
        let (at, left) = match self.left {
            Some((at, left)) if at.elapsed() < Self::GOOD_FOR => (at, left),
            _ => (Instant::now(), self.estimate(cells, jobs)),
        };
        self.left = Some((at, left));
        (left - at.elapsed().as_secs_f64()).max(0.0)
    }

    fn estimate(&self, cells: &[(Cell, f64)], jobs: usize) -> f64 {
        let expected = |position: usize| self.estimator.seconds(&cells[position].0, cells[position].1);
        let running: Vec<f64> = self.running.iter().map(|cell| cell.seconds_left(expected(cell.position))).collect();
        time_left(jobs, &running, self.queue.iter().chain(&self.elsewhere).map(|&position| expected(position)))
    }

    fn at_work(&self, cells: &[(Cell, f64)], options: &Options) -> Vec<CellAtWork> {
        self.running.iter().map(|running| running.described(cells, &self.estimator, options)).collect()
    }

    fn progress(&mut self, cells: &[(Cell, f64)], jobs: usize) -> Progress {
        let at_work: f64 = self.running.iter().map(|cell| cell.share() * cells[cell.position].1).sum();
        let share = if self.work > 0.0 { ((self.work_done + at_work) / self.work).min(1.0) } else { 1.0 };
        Progress {
            done: self.summary.records.len(),
            total: cells.len(),
            running: self.running.len(),
            share,
            left: self.seconds_left(cells, jobs),
        }
    }
}

/// Reads the existing records, and queues the other cells.
fn look_up(cells: &[(Cell, f64)], store: &Store, options: &Options, sink: &dyn Sink) -> State {
    let mut state = State {
        queue: VecDeque::new(),
        elsewhere: VecDeque::new(),
        replaced: HashMap::new(),
        running: Vec::new(),
        estimator: Estimator::default(),
        work: 0.0,
        work_done: 0.0,
        summary: Summary { total: cells.len(), ..Summary::default() },
        last_tick: Instant::now(),
        left: None,
    };
    let mut lacking: Option<(usize, String)> = None;
    for (position, (cell, cost)) in cells.iter().enumerate() {
        match store.load(cell) {
            Loaded::Found(record) => {
                if record.tells_pace() {
                    state.estimator.observe(cell, *cost, record.run.wall_seconds);
                }
                if options.keeps(&record) {
                    state.summary.records.insert(record.key.clone(), *record);
                    continue;
                }
                if let Some(metric) = options.missing_metric(&record) {
                    lacking.get_or_insert_with(|| (0, metric.into())).0 += 1;
                }
                state.replaced.insert(position, record.run);
            }
            Loaded::Absent => {}
            Loaded::Unusable(reason) => {
                sink.warn(&format!("not trusted, computed again: {reason}"));
                state.summary.unusable.push(reason);
            }
            Loaded::Newer(reason) => {
                state.summary.error.get_or_insert(StoreError::Newer(reason));
            }
        }
        state.queue.push_back(position);
        state.work += cost;
    }
    if let Some((count, metric)) = lacking {
        sink.warn(&format!("{count} records lack a metric, such as {metric}; their cells are measured again"));
    }
    state
}

struct Scheduler<'a> {
    cells: &'a [(Cell, f64)],
    store: &'a Store,
    options: &'a Options,
    jobs: usize,
    task: TaskFns<'a>,
    sink: &'a dyn Sink,
    stop: &'a AtomicBool,
    state: Mutex<State>,
}

impl Scheduler<'_> {
    /// Interval between checks of a cell that another process has claimed.
    const POLL: Duration = Duration::from_millis(200);
    const TICK: Duration = Duration::from_millis(250);

    /// A thread that panicked outside of a task can't leave a half-done change that matters.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The work of one thread: computes cells until none is left.
    fn work(&self) {
        while !self.stop.load(Ordering::Relaxed) {
            let next = self.state().queue.pop_front();
            let attempt = match next {
                Some(position) => self.attempt(position, false),
                None => {
                    let Some(position) = self.state().elsewhere.pop_front() else { return };
                    sleep(Self::POLL);
                    self.attempt(position, true)
                }
            };
            if let Err(error) = attempt {
                self.stop.store(true, Ordering::Relaxed);
                self.state().summary.error.get_or_insert(error);
            }
        }
    }

    /// Computes a cell, unless another process is computing or has computed it.
    fn attempt(&self, position: usize, waited: bool) -> Result<(), StoreError> {
        let (cell, cost) = &self.cells[position];
        let Some(claim) = self.store.claim(cell)? else {
            let mut state = self.state();
            if !waited && state.elsewhere.is_empty() {
                self.sink.warn(&format!("{} is being computed by another process; waiting for it", cell.label()));
            }
            state.elsewhere.push_back(position);
            return Ok(());
        };
        match self.store.load(cell) {
            Loaded::Found(record) if self.is_settled(&record, position) => {
                self.keep(*record, *cost);
                return Ok(());
            }
            Loaded::Newer(reason) => return Err(StoreError::Newer(reason)),
            Loaded::Found(_) | Loaded::Absent | Loaded::Unusable(_) => {}
        }
        let Some(record) = self.compute(position) else { return Ok(()) };
        claim.write(&record)?;
        crate::task::forget_checkpoint(&record.key, self.store.folder().parent());
        self.state().summary.computed += 1;
        self.keep(record, *cost);
        Ok(())
    }

    /// Whether a record can be used as ours. This includes a record that another process wrote after our first look.
    /// Clocks jump and differ between machines, so the time alone can't decide. But no two records have exactly the
    /// same duration.
    fn is_settled(&self, record: &Record, position: usize) -> bool {
        let is_new = || self.state().replaced.get(&position).is_none_or(|old| *old != record.run);
        self.options.keeps(record) || is_new()
    }

    /// Runs the task on this thread. `None` if it was cancelled.
    fn compute(&self, position: usize) -> Option<Record> {
        let (cell, _) = &self.cells[position];
        let share = Arc::new(AtomicU64::new(0.0_f64.to_bits()));
        let since = Instant::now();
        self.state().running.push(Running { position, since, share: share.clone() });
        let progress = |done: f64| {
            share.store(done.to_bits(), Ordering::Relaxed);
            self.tick();
        };
        let context = Context {
            cancel: self.stop,
            progress: &progress,
            kept: self.store.folder().parent(),
            anew: self.options.force,
            codebooks: self.options.codebooks.contains(&cell.key()),
        };
        let result = catch_unwind(AssertUnwindSafe(|| (self.task.run)(cell, &context)));
        self.state().running.retain(|running| running.position != position);
        let result = result.unwrap_or_else(|panic| Err(TaskError::Failed(panic_text(panic.as_ref()))));
        record(cell, result, since.elapsed().as_secs_f64())
    }

    fn tick(&self) {
        let mut state = self.state();
        if state.last_tick.elapsed() >= Self::TICK {
            state.last_tick = Instant::now();
            let progress = state.progress(self.cells, self.jobs);
            self.sink.tick(&progress);
            self.sink.running(&state.at_work(self.cells, self.options));
        }
    }

    fn keep(&self, record: Record, cost: f64) {
        let mut state = self.state();
        state.work_done += cost;
        if record.tells_pace() {
            state.estimator.finished(&record.cell, cost, record.run.wall_seconds);
        }
        let label = self.options.label(&record.cell);
        let (status, seconds, reason) = (record.status, record.run.wall_seconds, record.reason.clone());
        state.summary.records.insert(record.key.clone(), record);
        let end = CellEnd { label: &label, status, reason: reason.as_deref(), seconds };
        self.sink.cell(&end, &state.progress(self.cells, self.jobs));
    }

    fn finish(self) -> Summary {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut summary = state.summary;
        let ended_badly = summary.records.values().filter(|record| !record.is_done());
        summary.failed = ended_badly
            .map(|r| format!("{}: {}", self.options.label(&r.cell), r.reason.as_deref().unwrap_or("no reason given")))
            .collect();
        summary.failed.sort();
        summary.stopped = summary.records.len() < summary.total;
        summary
    }
}

/// The record of an ended cell. `None` if the cell was cancelled. Numbers that are not finite count as divergence.
fn record(cell: &Cell, result: Result<Outcome, TaskError>, wall_seconds: f64) -> Option<Record> {
    let (status, reason, outcome) = match result {
        Ok(outcome) if outcome.metrics.is_empty() => {
            (Status::Failed, Some("the task measured nothing".into()), Outcome::default())
        }
        Ok(outcome) => match first_infinite(&outcome.metrics, &outcome.samples, &outcome.log) {
            None => (Status::Done, None, outcome),
            Some(reason) => (Status::Diverged, Some(reason), Outcome::default()),
        },
        Err(TaskError::Cancelled) => return None,
        Err(TaskError::Diverged(reason)) => (Status::Diverged, Some(reason), Outcome::default()),
        Err(TaskError::Failed(reason)) => (Status::Failed, Some(reason), Outcome::default()),
    };
    Some(Record {
        format: RECORD_FORMAT.into(),
        version: RECORD_VERSION,
        key: cell.key(),
        cell: cell.clone(),
        status,
        reason,
        metrics: outcome.metrics,
        log: outcome.log,
        samples: outcome.samples,
        run: RunInfo {
            wall_seconds: wall_seconds + outcome.earlier_seconds,
            program_version: env!("CARGO_PKG_VERSION").into(),
            finished_unix: unix_now(),
            cpu: cpu().into(),
            timings: outcome.timings,
        },
    })
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the program panicked: {}", text.unwrap_or("no message"))
}

fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
