//! Trainings that are killed go on from their checkpoint, with the same bits and fewer updates.

mod common;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{Env, files_below};
use vqlab::spec::{self, Cell, LoadOptions};
use vqlab::task::{self, Context, Outcome};

/// Long enough to be killed on its way. The replacement and the log have periods that no checkpoint falls on.
const LONG: &str = r#"
[experiment]
name = "long"
title = "A cell that takes a second or so"
task = "toy"

[sweep]
methods = ["avq", "rvq", "pvq"]
bits = [16]
stages = [4]
seeds = 1

[data]
dimension = 32
vectors = 3000
distribution = "low-rank-mixture"
rank = 4
variance = 4.0

[quantizer]
beam-width = 4

[variant.cold]
quantizer.init = "uniform"

[variant.warm]
sweep.methods = ["avq"]
quantizer.init = "rvq"
quantizer.init-updates = 1500

[training]
learning-rate = 0.1
batch-size = 64
updates = 4001
log-every = 130

[training.replacement]
every = 70

[evaluation]
vectors = 1000
"#;

fn cells(env: &Env) -> Vec<Cell> {
    env.write("long.toml", LONG);
    spec::load(&env.path("long.toml"), &LoadOptions::default()).unwrap().cells()
}

/// Runs a cell here; gives also the times that it told its progress, which it does every 16 updates.
fn run_here(cell: &Cell, kept: Option<&Path>) -> (Outcome, usize) {
    let told = AtomicUsize::new(0);
    let progress = |_| {
        told.fetch_add(1, Ordering::Relaxed);
    };
    let context = Context { cancel: &AtomicBool::new(false), progress: &progress, kept, anew: false, codebooks: false };
    let outcome = task::run(cell, &context).unwrap();
    (outcome, told.into_inner())
}

fn checkpoints(folder: &Path) -> Vec<PathBuf> {
    files_below(&folder.join("checkpoints"))
}

/// Kills `vqlab run` with SIGKILL some time after a cell has got a checkpoint, and gives the cell.
fn kill_in_training(env: &Env, out: &str, after: Duration) -> String {
    let mut run = env.command(&["run", "long.toml", "--out", out, "--jobs", "1", "--format", "svg"]);
    run.env("VQLAB_CHECKPOINT_SECONDS", "0.05").stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = run.spawn().unwrap();
    let (folder, since) = (env.path(out).join("results"), Instant::now());
    let key = loop {
        assert!(since.elapsed() < Duration::from_secs(60) && child.try_wait().unwrap().is_none(), "no checkpoint");
        let record = |key: &str| folder.join("cells").join(format!("{key}.json"));
        let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        let visible = |path: &&std::path::PathBuf| path.extension().is_some_and(|e| e == "safetensors");
        if let Some(key) = checkpoints(&folder).iter().filter(visible).map(name).find(|key| !record(key).exists()) {
            break key;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    key
}

#[test]
fn a_killed_training_goes_on_with_the_same_bits_and_fewer_updates() {
    let env = Env::new();
    let cells = cells(&env);
    let mut resumed_somewhere = 0;
    for round in 0..3 {
        let out = format!("killed-{round}");
        let key = kill_in_training(&env, &out, Duration::from_millis(60) * round);
        let folder = env.path(&out).join("results");
        // On a quick machine the record may have come between the look and the kill.
        if !folder.join(format!("cells/{key}.json")).exists() {
            resumed_somewhere += 1;
            let cell = cells.iter().find(|cell| cell.key() == key).unwrap();
            let bytes = goes_on(&env, cell, &folder);
            if resumed_somewhere == 1 {
                begins_anew(&env, cell, &bytes);
            }
        }
        // And by the program itself.
        env.run(&["run", "long.toml", "--out", &out, "--format", "svg"]).ends_with(0);
        assert!(checkpoints(&folder).is_empty(), "checkpoints stay when their records are written");
    }
    assert!(resumed_somewhere > 0);
    env.run(&["run", "long.toml", "--out", "whole", "--format", "svg"]).ends_with(0);
    for round in 0..3 {
        assert_eq!(env.results(&format!("killed-{round}")), env.results("whole"));
    }
}

/// Goes on here with what the kill left in `folder`, and counts the updates; gives the bytes of the checkpoint.
fn goes_on(env: &Env, cell: &Cell, folder: &Path) -> Vec<u8> {
    let bytes = std::fs::read(checkpoint(folder, cell)).unwrap();
    let ((whole, all), (resumed, rest)) = (run_here(cell, None), run_with(env, cell, &bytes));
    assert!(rest < all, "{rest} of {all} steps were done again");
    eprintln!("{}: {rest} of {all} steps after the kill", cell.label());
    assert!(resumed.earlier_seconds > 0.0 && whole.earlier_seconds == 0.0);
    assert_eq!((&resumed.metrics, &resumed.log), (&whole.metrics, &whole.log));
    bytes
}

/// A checkpoint that is damaged or of another cell counts as none.
fn begins_anew(env: &Env, cell: &Cell, bytes: &[u8]) {
    let key = cell.key();
    let mut other = bytes.to_vec();
    let at = bytes.windows(key.len()).position(|part| part == key.as_bytes()).expect("it says whose it is");
    other[at] = if other[at] == b'a' { b'b' } else { b'a' };
    let (whole, all) = run_here(cell, None);
    for damaged in [&bytes[..7], &bytes[..bytes.len() - 1], &other] {
        let (outcome, steps) = run_with(env, cell, damaged);
        assert_eq!((&outcome.metrics, steps), (&whole.metrics, all), "{} bytes left", damaged.len());
    }
}

fn checkpoint(folder: &Path, cell: &Cell) -> PathBuf {
    folder.join(format!("checkpoints/{}.safetensors", cell.key()))
}

/// Runs a cell here that has this checkpoint.
fn run_with(env: &Env, cell: &Cell, bytes: &[u8]) -> (Outcome, usize) {
    let copy = env.path("copy");
    std::fs::create_dir_all(copy.join("checkpoints")).unwrap();
    std::fs::write(checkpoint(&copy, cell), bytes).unwrap();
    run_here(cell, Some(&copy))
}

#[test]
fn an_interval_that_is_no_number_is_refused() {
    let env = Env::new();
    let mut run = env.command(&["run", "tiny.toml", "--out", "out"]);
    let run = common::Run::from(run.env("VQLAB_CHECKPOINT_SECONDS", "soon").output().unwrap());
    run.ends_with(1).says("VQLAB_CHECKPOINT_SECONDS is \"soon\"; allowed: a number of seconds");
}
