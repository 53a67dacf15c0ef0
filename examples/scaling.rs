//! Prints the tables of docs/scaling.md: `cargo run --release --example scaling`, in the folder with experiments/ and
//! results/.
//!
//! Costs come from the cost model, corrected by the wall times in results/*/provenance as the runner does it. Cells in
//! results/*/provenance count with their wall times. The simulation uses the runner's code.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use vqlab::results::read_provenance;
use vqlab::runner::{Estimator, Options, Quiet, Status, Store, TaskFns, human_seconds, run, time_left};
use vqlab::spec::{Cell, CellSettings, ComplexitySettings, LoadOptions, Method, Plan, load, profiles};
use vqlab::task::{Outcome, cost};

fn main() -> Result<(), Box<dyn Error>> {
    let measured = Measured::read(Path::new("results"))?;
    model_errors(&measured);
    let plans = plans(Path::new("experiments"))?;
    let cells = work(&plans, &measured);
    cluster(&cells);
    kills(&cells);
    records_a_second()
}

/// Wall seconds by key, and the runner's estimator fitted to them.
struct Measured {
    seconds: HashMap<String, f64>,
    /// By provenance file: cell, seconds of the model, wall seconds.
    files: BTreeMap<String, Vec<(Cell, f64, f64)>>,
    estimator: Estimator,
}

impl Measured {
    fn read(results: &Path) -> Result<Self, Box<dyn Error>> {
        let mut measured = Self { seconds: HashMap::new(), files: BTreeMap::new(), estimator: Estimator::default() };
        for folder in sorted(results)? {
            let Ok(files) = sorted(&folder.join("provenance")) else { continue };
            for path in files {
                let file = read_provenance(&path)?;
                let rows = measured.files.entry(format!("{} ({})", file.experiment, file.profile)).or_default();
                for cell in file.cells.iter().filter(|cell| cell.status == Status::Done) {
                    let shape = cell.cell();
                    let model = cost(&shape);
                    measured.estimator.observe(&shape, model, cell.wall_seconds);
                    measured.seconds.insert(cell.key.clone(), cell.wall_seconds);
                    rows.push((shape, model, cell.wall_seconds));
                }
            }
        }
        Ok(measured)
    }
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, std::io::Error> {
    let entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

/// The ratio of wall time to the model's time, by experiment and method. Also for the quickest of the cells that differ
/// in their seed alone, because other work of the machine only adds time: geometric mean over the points, and the
/// factor of their standard deviation.
fn model_errors(measured: &Measured) {
    println!(
        "| experiment (profile) | method | cells | wall time | model | wall / model | quickest of equal cells / model |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (name, rows) in &measured.files {
        let mut groups: BTreeMap<&str, Vec<&(Cell, f64, f64)>> = BTreeMap::new();
        for row in rows.iter().filter(|(cell, ..)| !matches!(cell.settings, CellSettings::Complexity(_))) {
            groups.entry(row.0.contender().label()).or_default().push(row);
        }
        for (method, rows) in groups {
            let (model, wall) = (rows.iter().map(|row| row.1).sum::<f64>(), rows.iter().map(|row| row.2).sum::<f64>());
            let mut quickest: BTreeMap<String, f64> = BTreeMap::new();
            for (cell, model, wall) in &rows {
                let point = Cell { seed: 0, ..cell.clone() }.key();
                let least = quickest.entry(point).or_insert(f64::INFINITY);
                *least = least.min(wall / model);
            }
            let logs: Vec<f64> = quickest.values().map(|ratio| ratio.ln()).collect();
            let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / logs.len() as f64;
            let center = mean(&mut logs.iter().copied());
            let spread = mean(&mut logs.iter().map(|log| (log - center).powi(2))).sqrt();
            let (center, spread, ratio) = (center.exp(), spread.exp(), wall / model);
            let (n, wall, model) = (rows.len(), human_seconds(wall), human_seconds(model));
            println!("| {name} | {method} | {n} | {wall} | {model} | {ratio:.2} | {center:.2} ×/÷ {spread:.2} |");
        }
    }
    println!();
}

/// Every spec, with the profile `paper` if it has one.
fn plans(folder: &Path) -> Result<Vec<Plan>, Box<dyn Error>> {
    let mut plans = Vec::new();
    for path in sorted(folder)?.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "toml")) {
        let paper = profiles(&path)?.into_iter().find(|profile| profile == "paper");
        plans.push(load(&path, &LoadOptions { profile: paper, ..LoadOptions::default() })?);
    }
    Ok(plans)
}

/// One cell of the paper.
struct Job {
    seconds: f64,
    /// The bytes of the record and the codebooks.
    bytes: f64,
}

/// The measured size of a record with twenty points of its training log.
const RECORD_BYTES: f64 = 7e3;

fn bytes(cell: &Cell) -> f64 {
    let Some(quantizer) = cell.settings.quantizer() else { return RECORD_BYTES };
    let dimension = match &cell.settings {
        CellSettings::Search(search) => search.data.dimension,
        CellSettings::Image(image) => image.network.dimension,
        _ => return RECORD_BYTES,
    };
    let share = if quantizer.method.is_product() { quantizer.stages } else { 1 };
    RECORD_BYTES + 4.0 * (quantizer.stages * quantizer.codebook_size() * dimension / share) as f64
}

/// The cells of all plans, each once, printed by experiment.
fn work(plans: &[Plan], measured: &Measured) -> Vec<Job> {
    println!("| experiment | profile | cells | of them measured | core time | most expensive cell | storage |");
    println!("|---|---|---|---|---|---|---|");
    let (mut seen, mut all, mut known) = (HashSet::new(), Vec::new(), 0);
    for plan in plans {
        let (mut jobs, mut known_here) = (Vec::new(), 0);
        for cell in plan.cells().into_iter().filter(|cell| seen.insert(cell.key())) {
            let wall = measured.seconds.get(&cell.key()).copied();
            known_here += usize::from(wall.is_some());
            let seconds = wall.unwrap_or_else(|| measured.estimator.seconds(&cell, cost(&cell)));
            jobs.push(Job { seconds, bytes: bytes(&cell) });
        }
        row(&plan.name, &plan.profile, &jobs, known_here);
        known += known_here;
        all.extend(jobs);
    }
    row("all", "", &all, known);
    println!();
    all
}

fn row(name: &str, profile: &str, jobs: &[Job], known: usize) {
    let total: f64 = jobs.iter().map(|job| job.seconds).sum();
    let longest = jobs.iter().map(|job| job.seconds).fold(0.0, f64::max);
    let megabytes = jobs.iter().map(|job| job.bytes).sum::<f64>() / 1e6;
    let (n, total, longest) = (jobs.len(), human_seconds(total), human_seconds(longest));
    println!("| {name} | {profile} | {n} | {known} | {total} | {longest} | {megabytes:.1} MB |");
}

/// The most expensive cells first, as the runner starts them.
fn in_order(cells: &[Job]) -> Vec<f64> {
    let mut seconds: Vec<f64> = cells.iter().map(|job| job.seconds).collect();
    seconds.sort_by(|a, b| b.total_cmp(a));
    seconds
}

const CORES: [usize; 6] = [1, 2, 16, 256, 1024, 4096];

fn cluster(cells: &[Job]) {
    let seconds = in_order(cells);
    let work: f64 = seconds.iter().sum();
    println!(
        "| cores | wall time | speed-up | efficiency | limit by work / cores | limit by the most expensive cell |"
    );
    println!("|---|---|---|---|---|---|");
    for cores in CORES {
        let wall = time_left(cores, &[], seconds.iter().copied());
        let (speed_up, efficiency) = (work / wall, 100.0 * work / wall / cores as f64);
        let (wall, ideal) = (human_seconds(wall), human_seconds(work / cores as f64));
        let longest = human_seconds(seconds.first().copied().unwrap_or(0.0));
        println!("| {cores} | {wall} | {speed_up:.1} | {efficiency:.0} % | {ideal} | {longest} |");
    }
    println!();
}

/// The expected seconds until a cell of `length` seconds is done, if its process is killed at random `rate` times per
/// second and resumes from a checkpoint every `interval` seconds. Each part is repeated until it is not interrupted.
fn expected(length: f64, rate: f64, interval: f64) -> f64 {
    let parts = (length / interval).ceil().max(1.0);
    parts * ((rate * length / parts).exp() - 1.0) / rate
}

fn kills(cells: &[Job]) {
    let seconds = in_order(cells);
    let work: f64 = seconds.iter().sum();
    println!(
        "| kills of a core | lost without checkpoints | lost with one every 5 min | most expensive cell without \
         | with |"
    );
    println!("|---|---|---|---|---|");
    for (name, every) in [("once a week", 604_800.0), ("once a day", 86_400.0), ("every 4 hours", 14_400.0)] {
        let rate = 1.0 / every;
        let lost = |interval: f64| {
            let needed: f64 = seconds.iter().map(|&length| expected(length, rate, interval)).sum();
            format!("{} ({:.1} %)", human_seconds(needed - work), 100.0 * (needed - work) / work)
        };
        let longest = |interval| human_seconds(expected(seconds.first().copied().unwrap_or(0.0), rate, interval));
        let never = f64::INFINITY;
        println!("| {name} | {} | {} | {} | {} |", lost(never), lost(300.0), longest(never), longest(300.0));
    }
    println!();
}

/// The cost of the records alone, with cells that compute nothing.
fn records_a_second() -> Result<(), Box<dyn Error>> {
    const CELLS: u64 = 2000;
    let settings =
        ComplexitySettings { method: Method::Pvq, dimension: 8, stages: 2, bits_per_stage: 2, beam_width: None };
    let settings = CellSettings::Complexity(settings);
    let cells: Vec<Cell> = (0..CELLS).map(|seed| Cell { settings: settings.clone(), seed }).collect();
    let outcome = Outcome { metrics: BTreeMap::from([("mse".into(), 1.0)]), ..Outcome::default() };
    println!("| jobs | records per second | found again per second |");
    println!("|---|---|---|");
    for jobs in [1, 2, 4, 16] {
        let folder = tempfile::tempdir_in(".")?;
        let store = Store::open(folder.path())?;
        let task = TaskFns { run: &|_, _| Ok(outcome.clone()), cost: &|_| 1.0 };
        let options = Options { jobs, ..Options::default() };
        let a_second = || -> Result<f64, Box<dyn Error>> {
            let since = Instant::now();
            let summary = run(&cells, &store, &options, task, &Quiet, &AtomicBool::new(false))?;
            summary.error.map_or(Ok(CELLS as f64 / since.elapsed().as_secs_f64()), |error| Err(error.into()))
        };
        println!("| {jobs} | {:.0} | {:.0} |", a_second()?, a_second()?);
    }
    Ok(())
}
