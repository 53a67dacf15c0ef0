//! The levels of instructions (`VQLAB_CPU`): what differs between them, and what does not.

mod common;

use common::vectors::{numbers, put_vectors, read};
use common::{Env, Run};
use vqlab::level::Level;

fn levels() -> impl Iterator<Item = Level> {
    Level::ALL.into_iter().filter(|level| *level <= Level::highest())
}

fn run_at(env: &Env, level: &str, args: &[&str]) -> Run {
    Run::from(env.command(args).env("VQLAB_CPU", level).output().unwrap())
}

/// The highest level rounds products once and the portable one twice, so that a codeword may be chosen otherwise where two are equally
/// near: at most one code in a thousand, at the same error to 10⁻⁶.
#[test]
fn levels_give_the_same_codes_but_for_ties() {
    let env = Env::new();
    let x = numbers("levels", 3000 * 16);
    put_vectors(&env.path("x.npy"), 16, &x);
    for method in ["pvq", "rvq", "avq", "opq", "lsq"] {
        let shape = ["--method", method, "--stages", "4", "--bits", "5", "--updates", "4"];
        let fit = [&["fit", "x.npy", "-o", "b.safetensors", "--force"][..], &shape].concat();
        run_at(&env, Level::highest().name(), &fit).ends_with(0);
        let mut found: Vec<(Vec<f32>, f64)> = Vec::new();
        for level in levels() {
            run_at(&env, level.name(), &["encode", "b.safetensors", "x.npy", "-o", "c.npy", "--force"]).ends_with(0);
            run_at(&env, level.name(), &["decode", "b.safetensors", "c.npy", "-o", "y.npy", "--force"]).ends_with(0);
            let decoded = read(&env.path("y.npy")).1;
            let error = x.iter().zip(&decoded).map(|(x, y)| f64::from(x - y).powi(2)).sum();
            found.push((read(&env.path("c.npy")).1, error));
        }
        let (codes, error) = &found[0];
        for (other, other_error) in &found[1..] {
            let differing = codes.iter().zip(other).filter(|(a, b)| a != b).count();
            assert!(differing * 1000 <= codes.len(), "{method}: {differing} of {} codes", codes.len());
            assert!((error / other_error - 1.0).abs() < 1e-6, "{method}: {error} {other_error}");
        }
    }
}

/// Trainings go apart after the first tie that falls otherwise, and end within 2 % of each other; at one level, the number of jobs
/// changes no bit.
#[test]
fn results_of_a_level_are_the_same_bits_for_any_number_of_jobs() {
    let env = Env::new();
    let mut means = Vec::new();
    for level in levels() {
        let at = |out: &str, jobs: &str| {
            let args = ["run", "tiny.toml", "--output", out, "--jobs", jobs];
            run_at(&env, level.name(), &args).ends_with(0);
            env.results(out)
        };
        let one = at(&format!("{level}-1"), "1");
        assert!(one == at(&format!("{level}-3"), "3"), "{level}");
        let records = common::files_below(&env.path(&format!("{level}-1"))).into_iter();
        let mut errors = Vec::new();
        for record in records.filter(|path| path.components().any(|c| c.as_os_str() == "cells")) {
            let Ok(text) = std::fs::read_to_string(&record) else { continue };
            let Ok(record) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
            let cpu = record["run"]["cpu"].as_str().unwrap_or_default();
            assert!(cpu.starts_with(&format!("{level}, ")), "{cpu}");
            errors.push((record["key"].as_str().unwrap_or_default().to_string(), record["metrics"].clone()));
        }
        assert_eq!(errors.len(), common::TINY_CELLS, "{level}");
        errors.sort_by(|a, b| a.0.cmp(&b.0));
        means.push(errors);
    }
    for other in &means[1..] {
        for ((key, a), (other_key, b)) in means[0].iter().zip(other) {
            assert_eq!(key, other_key);
            for (name, a) in a.as_object().unwrap().iter().filter(|(name, _)| name.contains("mse")) {
                let (a, b) = (a.as_f64().unwrap(), b[name].as_f64().unwrap());
                assert!((a / b - 1.0).abs() < 0.02, "{key} {name}: {a} {b}");
            }
        }
    }
}

#[test]
fn a_level_that_is_not_there_is_an_error_before_any_work() {
    let env = Env::new();
    let refused = run_at(&env, "sse9", &["run", "tiny.toml"]).ends_with(2);
    refused.says("VQLAB_CPU is \"sse9\", which is not a level; allowed here: portable");
    assert!(!env.path("results").exists());
    if Level::highest() < Level::Avx512 {
        run_at(&env, "avx512", &["status", "tiny.toml"]).ends_with(2).says("which this CPU does not have");
    }
}
