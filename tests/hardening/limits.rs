//! Too many cells, too much memory, and a base that is too large for one machine.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use vqlab::quantizer::{Codebooks, Method};
use vqlab::runner::{LogPoint, RECORD_FORMAT, RECORD_VERSION, Record, RunInfo, StageUse, Status};
use vqlab::search::{Codes, Index, Norms};
use vqlab::spec::{Cell, LoadOptions, load};

use crate::common::Env;
use crate::common::vectors::numbers;
use crate::disk::shell;

/// The largest memory of a process that was ever in use, in MB, as Linux tells it.
fn peak_memory(env: &Env, args: &[&str]) -> f64 {
    let mut child = env.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let file = format!("/proc/{}/status", child.id());
    let mut peak: f64 = 0.0;
    loop {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
        peak = peak.max(kib.unwrap_or(0.0) / 1e3);
        if let Some(ended) = child.try_wait().unwrap() {
            assert_eq!(ended.code(), Some(0));
            assert!(peak > 1.0, "{file} told nothing");
            return peak;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_stays_below_200_mb_a_job() {
    let env = Env::new();
    // The shape of the dearest toy cells: 64 dimensions, 4 × 1024 codewords.
    let large = "run tiny.toml --format svg --seeds 1 --set data.dimension=64 --set sweep.stages=[4] --set sweep.bits=[40] \
                 --set data.vectors=500000 --set evaluation.training-vectors=4000 --set training.updates=20";
    for jobs in ["1", "2"] {
        let args: Vec<&str> = large.split_whitespace().chain(["--jobs", jobs, "--out", jobs]).collect();
        let peak = peak_memory(&env, &args);
        eprintln!("--jobs {jobs}: {peak:.0} MB");
        assert!(peak < 200.0 * jobs.parse::<f64>().unwrap(), "--jobs {jobs}: {peak} MB");
    }
}

#[test]
fn sweeps_of_too_many_cells_are_refused_with_their_number_before_they_are_made() {
    let env = Env::new();
    let list = |from: usize, n: usize| (from..from + n).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    let axes = |n: usize| {
        let fields = ["data.dimension", "training.updates", "training.batch-size", "evaluation.vectors"];
        fields.map(|field| format!("{field}=[{}]", list(100, n)))
    };
    // 4 axes of 1,000 values, each with 12 points: 24 with both data sets.
    let long = axes(1000).map(|axis| format!("sweep.{axis}"));
    let set = |values: &[String]| values.iter().flat_map(|v| ["--set".to_owned(), v.clone()]).collect::<Vec<_>>();
    let cases = [
        (vec!["--seeds".into(), "1000000".into()], "the sweep has 12000000 cells or more"),
        (vec!["--seeds".into(), u64::MAX.to_string()], "the sweep has 221360928884514619380 cells or more"),
        (set(&["sweep.seeds=1000000".into()]), "the sweep has 12000000 cells or more"),
        (set(&long), "the sweep has 24000000000000 cells or more"),
        (
            set(&[&long[..], &["sweep.seeds=1000000000000".into()]].concat()),
            "the sweep has 12000000000000000000000000 ",
        ),
    ];
    for (more, said) in cases {
        // So little memory, in KB, that nothing can be made of it.
        let command = format!("ulimit -v 100000; exec $vqlab run tiny.toml '{}'", more.join("' '"));
        let run = shell(&env, &command).ends_with(2).says(said).says("allowed: up to 100000 cells");
        assert_eq!(run.stdout, "");
    }
    assert!(!env.path("results").exists());
}

/// 9 dimensions, 3 methods, 4 bitrates, 100 seeds.
const MANY: &str = r#"
[experiment]
name = "many"
title = "More than ten thousand cells"
task = "toy"

[sweep]
methods = ["avq", "rvq", "pvq"]
bits = [4, 6, 8, 10]
stages = [2]
seeds = 100
data.dimension = [4, 6, 8, 10, 12, 14, 16, 18, 20]

[data]
distribution = "normal"
variance = 1.0

[quantizer]
beam-width = 4

[training]
learning-rate = 0.1
updates = 20
"#;

/// Clocks say nothing on a busy machine, so the times are told and not tested (with `--nocapture`).
#[test]
fn ten_thousand_cells_are_planned_and_found() {
    let env = Env::new();
    env.write("many.toml", MANY);
    let cells = load(&env.path("many.toml"), &LoadOptions::default()).unwrap().cells();
    assert_eq!(cells.len(), 10_800);
    let told = |args: &[&str]| {
        let since = Instant::now();
        let run = env.run(args).ends_with(0);
        eprintln!("{}: {:.2?}", args[0], since.elapsed());
        run
    };
    told(&["status", "many.toml"]).prints("0 of 10800 cells done");
    let folder = env.path("results/cells");
    std::fs::create_dir_all(&folder).unwrap();
    for cell in cells {
        let record = done(cell);
        let text = serde_json::to_string(&record).unwrap() + "\n";
        std::fs::write(folder.join(format!("{}.json", record.key)), text).unwrap();
    }
    told(&["status", "many.toml"]).prints("10800 of 10800 cells done");
    told(&["run", "many.toml", "--dry-run"]).prints("0 of 10800 cells to compute");
}

/// The record of a cell, with a log as long as they get.
fn done(cell: Cell) -> Record {
    let stages = vec![StageUse { perplexity: 12.345678901234567, used_share: 0.987654321, histogram: vec![7; 12] }; 2];
    let point = |update| LogPoint {
        update,
        loss: 1.2345678901234567,
        learning_rate: 0.0123456789,
        replaced: 0,
        stages: stages.clone(),
    };
    Record {
        format: RECORD_FORMAT.into(),
        version: RECORD_VERSION,
        key: cell.key(),
        cell,
        status: Status::Done,
        reason: None,
        metrics: BTreeMap::from(["mse-training", "mse-fresh"].map(|name| (name.to_owned(), 0.123456789012345))),
        log: (1..=20).map(|i| point(10 * i)).collect(),
        samples: BTreeMap::new(),
        run: RunInfo {
            wall_seconds: 1.0,
            program_version: "0".into(),
            finished_unix: 7,
            cpu: "test".into(),
            timings: BTreeMap::new(),
        },
    }
}

/// What docs/scaling.md says of a base that is spread over machines.
#[test]
fn neighbors_in_parts_of_a_base_merge_to_those_of_the_whole() {
    const K: usize = 20;
    for method in Method::PAPER {
        let width = if method == Method::Pvq { 4 } else { 16 };
        let books = Codebooks::new(method, 16, 4, 8, numbers("books", 4 * 8 * width)).unwrap();
        // Few codes for many vectors: ties are the rule.
        let codes: Vec<u8> = numbers("codes", 4 * 5000).iter().map(|v| (v.abs() * 1e3) as u8 % 8).collect();
        let queries = numbers("queries", 16 * 30);
        let found = |codes| Index::new(&books, Codes::U8(codes), Norms::Exact).unwrap().search(&queries, K).unwrap();
        let whole = found(&codes);
        let mut merged: Vec<Vec<(f32, u32)>> = vec![Vec::new(); 30];
        for (first, part) in [(0, 0..1700), (1700, 1700..1713), (1713, 1713..5000)] {
            let found = found(&codes[4 * part.start..4 * part.end]);
            for (i, (id, distance)) in found.ids.iter().zip(&found.distances).enumerate() {
                merged[i / found.k].push((*distance, first + id));
            }
        }
        for (i, mut all) in merged.into_iter().enumerate() {
            all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let expected = whole.distances.iter().copied().zip(whole.ids.iter().copied()).skip(i * K).take(K);
            assert_eq!(all[..K], expected.collect::<Vec<_>>(), "{method:?}, query {i}");
        }
    }
}
