//! Too many cells, and too much memory.

use std::process::Stdio;
use std::time::Duration;

use crate::common::Env;

/// The largest memory of a process that was ever in use, in MB, as Linux tells it.
fn peak_memory(env: &Env, args: &[&str], status: i32) -> f64 {
    let mut child = env.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let file = format!("/proc/{}/status", child.id());
    let mut peak: f64 = 0.0;
    loop {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
        peak = peak.max(kib.unwrap_or(0.0) / 1e3);
        if let Some(ended) = child.try_wait().unwrap() {
            assert_eq!(ended.code(), Some(status));
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
    let large = [
        "run",
        "tiny.toml",
        "--format",
        "svg",
        "--seeds",
        "1",
        "--set",
        "data.dimension=64",
        "--set",
        "sweep.stages=[4]",
        "--set",
        "sweep.bits=[40]",
        "--set",
        "data.vectors=500000",
        "--set",
        "training.updates=20",
    ];
    for jobs in ["1", "2"] {
        let peak = peak_memory(&env, &[&large[..], &["--jobs", jobs, "--out", jobs]].concat(), 0);
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
        let args: Vec<&str> = ["run", "tiny.toml"].into_iter().chain(more.iter().map(String::as_str)).collect();
        let run = env.run(&args).ends_with(2).says(said).says("allowed: up to 100000 cells");
        assert_eq!(run.stdout, "");
        if cfg!(target_os = "linux") {
            let peak = peak_memory(&env, &args, 2);
            assert!(peak < 60.0, "{said}: {peak} MB");
        }
    }
    assert!(!env.path("results").exists());
}
