//! Cells that cost nothing and tasks that compute nothing, for the runner.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use vqlab::runner::{Options, Quiet, Store, Summary, TaskFns, run};
use vqlab::spec::{Cell, CellSettings, ComplexitySettings, Method};
use vqlab::task::{Context, Outcome, TaskError};

pub type TaskResult = Result<Outcome, TaskError>;

/// Cells whose dimension is their number and, in these tests, their cost.
pub fn cells(n: usize) -> Vec<Cell> {
    let settings = |dimension| ComplexitySettings {
        method: Method::ALL[dimension % 3],
        dimension,
        stages: 4,
        bits_per_stage: 3,
        beam_width: (dimension % 3 == 0).then_some(8),
    };
    (1..=n).map(|i| Cell { settings: CellSettings::Complexity(settings(i)), seed: i as u64 % 2 }).collect()
}

pub fn number(cell: &Cell) -> usize {
    match &cell.settings {
        CellSettings::Complexity(settings) => settings.dimension,
        _ => 0,
    }
}

pub fn outcome(cell: &Cell) -> Outcome {
    Outcome { metrics: BTreeMap::from([("mse".into(), 1.0 / number(cell) as f64)]), ..Outcome::default() }
}

pub fn cost(cell: &Cell) -> f64 {
    number(cell) as f64
}

pub fn run_with(
    cells: &[Cell],
    folder: &Path,
    options: &Options,
    task: &(dyn Fn(&Cell, &Context) -> TaskResult + Sync),
) -> Summary {
    let store = Store::open(folder).unwrap();
    run(cells, &store, options, TaskFns { run: task, cost: &cost }, &Quiet, &AtomicBool::new(false)).unwrap()
}

pub fn jobs(jobs: usize) -> Options {
    Options { jobs, ..Options::default() }
}

pub fn simple(cell: &Cell, _: &Context) -> TaskResult {
    Ok(outcome(cell))
}

/// Names of the files in a folder that are not records.
pub fn leftovers(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.ends_with(".json")).collect()
}
