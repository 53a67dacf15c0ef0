//! Records and their folder: cut files, files of later versions, clocks that jump, folders that vanish.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use vqlab::runner::{Claim, Loaded, Options, Overview, Record, RunInfo, Sink, Status, Store, StoreError, TaskFns, run};
use vqlab::spec::Cell;
use vqlab::task::{Context, TaskError};

use crate::common::mock::{TaskResult, cells, cost, jobs, leftovers, number, run_with, simple};
use crate::common::{Env, Run, files_below};

fn path(folder: &Path, cell: &Cell) -> PathBuf {
    folder.join(format!("{}.json", cell.key()))
}

/// Without the part that says where and how long it ran.
fn numbers(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap().split_once("\"run\":").unwrap().0.to_owned()
}

#[test]
fn a_record_cut_at_any_byte_is_computed_again() {
    let folder = tempfile::tempdir().unwrap();
    let one = cells(1);
    run_with(&one, folder.path(), &jobs(1), &simple);
    let record = path(folder.path(), &one[0]);
    let (whole, expected) = (std::fs::read(&record).unwrap(), numbers(&record));
    for length in 0..whole.len() {
        std::fs::write(&record, &whole[..length]).unwrap();
        let summary = run_with(&one, folder.path(), &jobs(1), &simple);
        assert_eq!((summary.computed, summary.unusable.len()), (1, 1), "cut at {length}");
        assert_eq!(numbers(&record), expected);
    }
}

/// A real one, with its log: as long as they get.
#[test]
fn a_real_record_cut_at_any_byte_is_not_trusted() {
    let env = Env::new();
    env.run(&["run", "tiny.toml", "--seeds", "1", "--format", "svg"]).ends_with(0);
    let options = vqlab::spec::LoadOptions { seeds: Some(1), ..Default::default() };
    let plan = vqlab::spec::load(&env.path("tiny.toml"), &options).unwrap();
    let cell = &plan.cells()[0];
    let store = Store::at(env.path("results/cells"));
    let record = path(store.folder(), cell);
    let whole = std::fs::read(&record).unwrap();
    assert!(matches!(store.load(cell), Loaded::Found(_)) && whole.len() > 2000, "{} bytes", whole.len());
    for length in 0..whole.len() {
        std::fs::write(&record, &whole[..length]).unwrap();
        assert!(matches!(store.load(cell), Loaded::Unusable(_)), "cut at {length}");
    }
}

/// As a later version would write it: other fields, another number.
fn make_later(record: &Path) -> Vec<u8> {
    let text = std::fs::read_to_string(record).unwrap();
    let later = text.replace("\"version\":1", "\"version\":2,\"color\":\"blue\"");
    assert_ne!(text, later);
    std::fs::write(record, &later).unwrap();
    later.into_bytes()
}

#[test]
fn a_record_of_a_later_version_is_kept_and_nothing_is_computed() {
    let folder = tempfile::tempdir().unwrap();
    let three = cells(3);
    run_with(&three[1..2], folder.path(), &jobs(1), &simple);
    let record = path(folder.path(), &three[1]);
    let later = make_later(&record);
    for force in [false, true] {
        let summary = run_with(&three, folder.path(), &Options { force, ..jobs(2) }, &simple);
        let error = summary.error.unwrap();
        assert!(matches!(&error, StoreError::Newer(_)), "{error}");
        let said = error.to_string();
        assert!(said.contains(".json: written by a later vqlab (vqlab-record 2, this one reads 1)"), "{said}");
        assert_eq!((summary.computed, summary.stopped), (0, true));
        assert_eq!(std::fs::read(&record).unwrap(), later);
    }
    // One that comes while the run is at work is kept as well.
    std::fs::remove_file(&record).unwrap();
    let task = |cell: &Cell, context: &Context| {
        std::fs::write(&record, &later).unwrap();
        simple(cell, context)
    };
    let summary = run_with(&three, folder.path(), &jobs(1), &task);
    assert!(matches!(summary.error, Some(StoreError::Newer(_))));
    assert_eq!((summary.computed, std::fs::read(&record).unwrap()), (1, later));
    assert!(leftovers(folder.path()).is_empty());
}

#[test]
fn commands_say_which_record_is_of_a_later_version() {
    let env = Env::new();
    env.run(&["run", "tiny.toml", "--format", "svg"]).ends_with(0);
    let record = files_below(&env.path("results/cells")).remove(3);
    let later = make_later(&record);
    let name = record.file_name().unwrap().to_str().unwrap();
    for command in [&["run", "tiny.toml"][..], &["run", "tiny.toml", "--force"]] {
        let run = env.run(command).ends_with(1).says(name).says("written by a later vqlab");
        let run = run.says("move the file away, or write to another folder with --output");
        assert_eq!(run.computed(), 0);
    }
    env.run(&["status", "tiny.toml"]).ends_with(0).prints("23 of 24 cells done, 1 unusable").prints("later vqlab");
    env.run(&["report", "tiny.toml", "--format", "svg"]).ends_with(0).says("not trusted, left out").says(name);
    assert_eq!(std::fs::read(&record).unwrap(), later);
}

/// Rewrites when the records of a folder say that they were made.
fn set_clock(folder: &Path, seconds: u64) {
    for record in files_below(folder) {
        let text = std::fs::read_to_string(&record).unwrap();
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        value["run"]["finished-unix"] = seconds.into();
        std::fs::write(&record, format!("{value}\n")).unwrap();
    }
}

const CLOCKS: [u64; 4] = [0, 1, 1_900_000_000, u64::MAX];

#[test]
fn records_count_whatever_the_clock_said_when_they_were_made() {
    let folder = tempfile::tempdir().unwrap();
    for clock in CLOCKS {
        run_with(&cells(4), folder.path(), &jobs(2), &simple);
        set_clock(folder.path(), clock);
        let found = run_with(&cells(4), folder.path(), &jobs(2), &simple);
        assert_eq!((found.computed, found.unusable.len()), (0, 0));
        let forced = run_with(&cells(4), folder.path(), &Options { force: true, ..jobs(2) }, &simple);
        assert_eq!(forced.computed, 4, "{clock}");
    }
}

/// A forced run comes to a cell that another process holds, which ends in `how` it ends; gives whether the run computed
/// the cell, and when its record says that it was made.
fn forced_run_beside(clock: u64, how: impl FnOnce(&Claim, Record)) -> (usize, u64) {
    let folder = tempfile::tempdir().unwrap();
    let one = cells(1);
    run_with(&one, folder.path(), &jobs(1), &simple);
    set_clock(folder.path(), clock);
    let store = Store::at(folder.path());
    let Loaded::Found(record) = store.load(&one[0]) else { panic!("no record") };
    let claim = store.claim(&one[0]).unwrap().unwrap();
    thread::scope(|scope| {
        let run = scope.spawn(|| run_with(&one, folder.path(), &Options { force: true, ..jobs(1) }, &simple));
        thread::sleep(Duration::from_millis(300));
        assert!(!run.is_finished());
        how(&claim, *record);
        drop(claim);
        let summary = run.join().unwrap();
        (summary.computed, summary.records[&one[0].key()].run.finished_unix)
    })
}

#[test]
fn an_old_record_from_the_future_is_not_taken_for_a_new_one() {
    // The other process dies.
    assert_eq!(forced_run_beside(u64::MAX, |_, _| {}).0, 1);
}

#[test]
fn a_new_record_from_the_past_is_taken_for_a_new_one() {
    let write = |claim: &Claim, record: Record| {
        let wall_seconds = record.run.wall_seconds + 1.0;
        let run = RunInfo { finished_unix: 7, wall_seconds, ..record.run };
        claim.write(&Record { run, ..record }).unwrap();
    };
    assert_eq!(forced_run_beside(1_900_000_000, write), (0, 7));
}

#[test]
fn a_folder_removed_during_a_run_stops_it_and_is_not_made_again() {
    for threads in [1, 2] {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("cells");
        let started = AtomicUsize::new(0);
        let task = |cell: &Cell, context: &Context| -> TaskResult {
            if started.fetch_add(1, Ordering::SeqCst) == 3 {
                std::fs::rename(&folder, root.path().join("away")).unwrap();
            }
            simple(cell, context)
        };
        let summary = run_with(&cells(9), &folder, &jobs(threads), &task);
        let said = summary.error.unwrap().to_string();
        assert!(said.contains("cells is gone: removed, renamed or unmounted"), "{said}");
        assert!(summary.stopped && !folder.exists());
        assert!(started.into_inner() < 4 + threads);
        assert_eq!(run_with(&cells(9), &folder, &jobs(threads), &simple).computed, 9);
    }
}

#[test]
fn a_command_whose_results_are_removed_says_so_and_the_next_one_makes_them_whole() {
    let env = Env::new();
    let args = |out| ["run", "tiny.toml", "--format", "svg", "--seeds", "4", "--out", out];
    env.run(&args("whole")).ends_with(0);
    let slow = [&args("cut")[..], &["--set", "training.updates=20000"]].concat();
    let child = env.command(&slow).stderr(std::process::Stdio::piped()).spawn().unwrap();
    while files_below(&env.path("cut/results/cells")).is_empty() {
        thread::sleep(Duration::from_millis(5));
    }
    std::fs::rename(env.path("cut/results"), env.path("away")).unwrap();
    let run = Run::from(child.wait_with_output().unwrap());
    run.ends_with(1).says("cut/results/cells is gone").says("run the same command again; it resumes");
    assert!(!env.path("cut/results/cells").exists());
    env.run(&args("cut")).ends_with(0);
    assert_eq!(env.results("cut"), env.results("whole"));
}

/// `rm results/cells/*.lock` while runs are at work.
#[test]
fn removed_lock_files_cost_no_record_and_no_other_claim() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let cell = &cells(1)[0];
    run_with(&cells(1), folder.path(), &jobs(1), &simple);
    let Loaded::Found(record) = store.load(cell) else { panic!("no record") };
    let lock = folder.path().join(format!("{}.lock", cell.key()));

    let alone = store.claim(cell).unwrap().unwrap();
    std::fs::remove_file(&lock).unwrap();
    alone.write(&record).unwrap();

    let robbed = alone;
    let other = store.claim(cell).unwrap().unwrap();
    let said = robbed.write(&record).unwrap_err().to_string();
    assert!(said.contains("another process has claimed the cell"), "{said}");
    drop(robbed);
    assert!(store.is_running(cell) && store.claim(cell).unwrap().is_none());
    other.write(&record).unwrap();
    drop(other);
    assert!(leftovers(folder.path()).is_empty());
}

/// Lets runs start together: each has looked for records before any computes.
struct Together(Barrier);

impl Sink for Together {
    fn begin(&self, _: &Overview) {
        self.0.wait();
    }
}

#[test]
fn failures_of_another_process_are_not_tried_again_by_the_run_that_waited() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let tried: Mutex<BTreeMap<usize, usize>> = Mutex::default();
    let failing = |cell: &Cell, _: &Context| -> TaskResult {
        *tried.lock().unwrap().entry(number(cell)).or_default() += 1;
        thread::sleep(Duration::from_millis(5));
        Err(TaskError::Failed("no such file".into()))
    };
    let fns = TaskFns { run: &failing, cost: &cost };
    for attempt in 1..=2 {
        let together = Together(Barrier::new(2));
        let one = || run(&cells(6), &store, &jobs(1), fns, &together, &AtomicBool::new(false)).unwrap();
        thread::scope(|scope| {
            for run in [scope.spawn(one), scope.spawn(one)] {
                let summary = run.join().unwrap();
                assert_eq!((summary.failed.len(), summary.records.len()), (6, 6));
                assert!(summary.records.values().all(|record| record.status == Status::Failed));
            }
        });
        assert!(tried.lock().unwrap().values().all(|n| *n == attempt), "{attempt}: {tried:?}");
    }
}
