//! The runner with mock tasks: order, resume, sharing, failures, and records that must not be trusted.

mod common;

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use common::mock::{cells, cost, jobs, leftovers, number, run_with, simple};
use proptest::prelude::*;
use vqlab::runner::{Loaded, Options, Plain, Quiet, Shard, Status, Store, TaskFns, run};
use vqlab::spec::Cell;
use vqlab::task::{Context, Outcome, TaskError};

#[test]
fn dear_cells_start_first_and_a_second_run_computes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let order = Mutex::new(Vec::new());
    let task = |cell: &Cell, context: &Context| {
        order.lock().unwrap().push(number(cell));
        simple(cell, context)
    };
    let twice: Vec<Cell> = cells(6).into_iter().chain(cells(6)).collect();
    let first = run_with(&twice, folder.path(), &jobs(1), &task);
    assert_eq!(*order.lock().unwrap(), [6, 5, 4, 3, 2, 1]);
    assert_eq!((first.total, first.computed, first.stopped), (6, 6, false));

    let second = run_with(&cells(6), folder.path(), &jobs(2), &task);
    assert_eq!(second.computed, 0);
    assert_eq!(second.records, first.records);
    let forced = run_with(&cells(6), folder.path(), &Options { force: true, ..jobs(2) }, &task);
    assert_eq!(forced.computed, 6);
    assert!(leftovers(folder.path()).is_empty());
}

/// As after an update of this program that brings a metric: the cells are measured again, once.
#[test]
fn a_record_without_a_wanted_metric_is_measured_again() {
    let folder = tempfile::tempdir().unwrap();
    let old = |cell: &Cell, context: &Context| match number(cell) {
        4 => Err(TaskError::Diverged("loss is NaN".into())),
        _ => simple(cell, context),
    };
    assert_eq!(run_with(&cells(4), folder.path(), &jobs(1), &old).computed, 4);
    let anew = AtomicBool::new(false);
    let new = |cell: &Cell, context: &Context| {
        anew.fetch_or(context.anew, Ordering::Relaxed);
        let mut outcome = simple(cell, context)?;
        outcome.metrics.insert("mae".into(), 0.5);
        Ok(outcome)
    };
    let wanted = ["mae", "mse"].map(str::to_owned);
    let metrics = cells(4).iter().skip(1).map(|cell| (cell.key(), wanted.clone().into())).collect();
    let options = Options { metrics, ..jobs(1) };
    // Not cell 1, of which nothing is wanted, nor cell 4, which has no metrics at all.
    assert_eq!(run_with(&cells(4), folder.path(), &options, &new).computed, 2);
    assert!(!anew.load(Ordering::Relaxed), "what a cell kept is used");
    let again = run_with(&cells(4), folder.path(), &options, &new);
    assert_eq!(again.computed, 0);
    assert_eq!(again.records[&cells(4)[2].key()].metrics.len(), 2);
}

#[test]
fn runs_at_the_same_time_share_the_cells() {
    let folder = tempfile::tempdir().unwrap();
    let counts: Mutex<HashMap<usize, usize>> = Mutex::default();
    let task = |cell: &Cell, context: &Context| {
        *counts.lock().unwrap().entry(number(cell)).or_default() += 1;
        thread::sleep(Duration::from_millis(3));
        simple(cell, context)
    };
    thread::scope(|scope| {
        let one = || run_with(&cells(40), folder.path(), &jobs(2), &task);
        let runs: Vec<_> = (0..3).map(|_| scope.spawn(one)).collect();
        let summaries: Vec<_> = runs.into_iter().map(|run| run.join().unwrap()).collect();
        assert!(summaries.iter().all(|s| s.records == summaries[0].records && s.records.len() == 40));
        assert_eq!(summaries.iter().map(|s| s.computed).sum::<usize>(), 40);
    });
    assert!(counts.into_inner().unwrap().values().all(|&n| n == 1));
    assert!(leftovers(folder.path()).is_empty());
}

#[test]
fn shards_partition_the_cells_evenly() {
    let folder = tempfile::tempdir().unwrap();
    let part = |i| {
        let options = Options { shard: Some(Shard::new(i, 3).unwrap()), ..jobs(1) };
        run_with(&cells(11), folder.path(), &options, &simple).computed
    };
    // Costs are 1 to 11, 66 in all: 22 each.
    assert_eq!([part(1), part(2), part(3)], [3, 4, 4]);
    let whole = run_with(&cells(11), folder.path(), &jobs(2), &simple);
    assert_eq!((whole.computed, whole.records.len()), (0, 11));
}

#[test]
fn a_stopped_run_keeps_what_is_done_and_the_next_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let task = |cell: &Cell, context: &Context| {
        if number(cell) == 7 {
            stop.store(true, Ordering::Relaxed);
        }
        context.check()?;
        simple(cell, context)
    };
    let store = Store::open(folder.path()).unwrap();
    let fns = TaskFns { run: &task, cost: &cost };
    let summary = run(&cells(10), &store, &jobs(1), fns, &Quiet, &stop).unwrap();
    assert!(summary.stopped && summary.error.is_none());
    assert_eq!(summary.computed, 3);
    assert!(leftovers(folder.path()).is_empty());
    assert_eq!(run_with(&cells(10), folder.path(), &jobs(1), &simple).computed, 7);
}

#[test]
fn failures_and_panics_are_kept_with_their_reason_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let task = |cell: &Cell, context: &Context| match number(cell) {
        1 => Err(TaskError::Failed("no such file".into())),
        2 => panic!("index out of bounds"),
        3 => Err(TaskError::Diverged("loss is NaN at update 5".into())),
        4 => Ok(Outcome { metrics: BTreeMap::from([("mse".into(), f64::NAN)]), ..Outcome::default() }),
        5 => Ok(Outcome::default()),
        6 => {
            let samples = BTreeMap::from([("pesq@8000".into(), vec![1.5, f64::INFINITY])]);
            simple(cell, context).map(|outcome| Outcome { samples, ..outcome })
        }
        _ => simple(cell, context),
    };
    let summary = run_with(&cells(8), folder.path(), &jobs(2), &task);
    assert_eq!((summary.records.len(), summary.computed), (8, 8));
    let reasons = summary.failed.join("\n");
    for reason in [
        "no such file",
        "panicked: index out of bounds",
        "loss is NaN",
        "mse is NaN",
        "measured nothing",
        "pesq@8000 is inf",
    ] {
        assert!(reasons.contains(reason), "{reason} is not in {reasons}");
    }
    // Failed ones (1, 2, 5) are tried again; diverged ones (3, 4, 6) would diverge again.
    let again = run_with(&cells(8), folder.path(), &jobs(2), &simple);
    assert_eq!((again.computed, again.failed.len()), (3, 3));
    assert!(again.records.values().filter(|r| r.status == Status::Diverged).all(|r| r.metrics.is_empty()));
}

#[test]
fn a_foreign_or_edited_record_is_never_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let two = cells(2);
    run_with(&two, folder.path(), &jobs(1), &simple);
    let store = Store::at(folder.path());
    let path = |cell: &Cell| folder.path().join(format!("{}.json", cell.key()));
    let whole = std::fs::read(path(&two[0])).unwrap();
    let reason = |bytes: &[u8]| {
        std::fs::write(path(&two[0]), bytes).unwrap();
        match store.load(&two[0]) {
            Loaded::Unusable(reason) => reason,
            other => panic!("{other:?}"),
        }
    };
    assert!(reason(&std::fs::read(path(&two[1])).unwrap()).contains("another cell"));
    let text = String::from_utf8(whole.clone()).unwrap();
    let edits = [
        ("\"dimension\":1", "\"dimension\":2", "it was edited"),
        ("\"seed\":1", "\"seed\":3", "it was edited"),
        ("\"version\":1", "\"version\":0", "this program reads"),
        ("vqlab-record", "other-record", "this program reads"),
        ("\"mse\":1.0", "\"mse\":null", "not a record"),
        ("\"mse\":1.0", "\"mse\":1e999", "not a record"),
        ("\"mse\":1.0", "", "without metrics"),
        ("\"format\"", "\"color\":1,\"format\"", "not a record"),
    ];
    for (from, to, expected) in edits {
        assert!(text.contains(from), "{from} is not in {text}");
        let found = reason(text.replace(from, to).as_bytes());
        assert!(found.contains(expected), "{from} → {to}: {found}");
    }
    let summary = run_with(&two, folder.path(), &jobs(1), &simple);
    assert_eq!((summary.computed, summary.unusable.len()), (1, 1));
}

#[test]
fn what_killed_processes_leave_is_cleared_but_not_what_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let two = cells(2);
    for cell in &two {
        std::fs::write(folder.path().join(format!("{}.tmp", cell.key())), "{\"format\":").unwrap();
        std::fs::write(folder.path().join(format!("{}.lock", cell.key())), "").unwrap();
    }
    let store = Store::at(folder.path());
    let claim = store.claim(&two[0]).unwrap().unwrap();
    assert!(store.claim(&two[0]).unwrap().is_none());
    assert!(store.is_running(&two[0]) && !store.is_running(&two[1]));
    Store::open(folder.path()).unwrap();
    assert_eq!(leftovers(folder.path()).len(), 2);
    drop(claim);
    Store::open(folder.path()).unwrap();
    assert!(leftovers(folder.path()).is_empty());
}

#[test]
fn a_claim_admits_one_thread_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let cell = &cells(1)[0];
    let (inside, entered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    let Some(_claim) = store.claim(cell).unwrap() else { continue };
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    entered.fetch_add(1, Ordering::SeqCst);
                    inside.fetch_sub(1, Ordering::SeqCst);
                }
            });
        }
    });
    assert!(entered.into_inner() > 0);
}

#[test]
fn a_record_that_cannot_be_written_stops_the_run_and_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let three = cells(3);
    run_with(&three[..1], folder.path(), &jobs(1), &simple);
    // A folder in the place of the record makes the rename fail, whoever runs the tests.
    std::fs::create_dir(folder.path().join(format!("{}.json", three[2].key()))).unwrap();
    let summary = run_with(&three, folder.path(), &jobs(1), &simple);
    let error = summary.error.unwrap().to_string();
    assert!(error.contains("cannot write the record") && error.contains(&three[2].key()), "{error}");
    assert!(summary.stopped);
    assert_eq!(summary.records.len(), 1);
    assert!(leftovers(folder.path()).is_empty());
}

#[test]
fn plain_progress_counts_to_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let mut out = Vec::new();
    let plain = Plain::new(&mut out);
    let fns = TaskFns { run: &simple, cost: &cost };
    let places = HashMap::from([(cells(3)[1].key(), "uncorrelated".to_owned())]);
    let options = Options { places, ..jobs(2) };
    run(&cells(3), &store, &options, fns, &plain, &AtomicBool::new(false)).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.matches("] uncorrelated: PVQ 12 bits").count(), 1, "{text}");
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.contains("\n[1/3] ") && text.contains("\n[3/3] "), "{text}");
}

/// The files of a run, without the part that says where and how long it ran.
fn record_bytes(n: usize, threads: usize) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let summary = run_with(&cells(n), folder.path(), &jobs(threads), &simple);
    let read = |key: &String| std::fs::read_to_string(folder.path().join(format!("{key}.json"))).unwrap();
    let before_run = |text: String| text.split_once("\"run\":").unwrap().0.to_string();
    summary.records.keys().map(|key| (key.clone(), before_run(read(key)))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_number_of_jobs_gives_the_same_records(n in 1_usize..30, threads in 1_usize..9) {
        prop_assert_eq!(record_bytes(n, 1), record_bytes(n, threads));
    }
}
