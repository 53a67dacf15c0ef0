//! `recommend` as a user calls it.

mod common;

use common::Env;
use common::vectors::{numbers, put_vectors};

const DIMENSION: usize = 8;

fn env() -> Env {
    let env = Env::new();
    put_vectors(&env.path("x.fvecs"), DIMENSION, &numbers("recommend", 1000 * DIMENSION));
    env
}

#[test]
fn it_answers_within_the_budget_with_reason_table_and_report() {
    let env = env();
    let args = ["recommend", "x.fvecs", "--bits", "8,12", "--queries", "x.fvecs", "--budget", "6s"];
    let run = env.run(&[&args[..], &["-o", "which", "--json"]].concat()).ends_with(0).says("wrote which/report.html");
    let found: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    for key in ["method", "stages", "bits_per_stage", "beam_width", "reason", "candidates"] {
        assert!(!found[key].is_null(), "{key}");
    }
    assert!(found["reason"].as_str().unwrap().starts_with("For 8 bits a vector, use "));
    let bits: Vec<u64> = found["choices"].as_array().unwrap().iter().map(|c| c["bits"].as_u64().unwrap()).collect();
    assert_eq!(bits, [8, 12]);
    let chosen = found["candidates"].as_array().unwrap().iter().filter(|c| c["chosen"] == true).count();
    assert_eq!(chosen, 2);
    assert!(found["seconds"].as_f64().unwrap() < 60.0);
    let page = std::fs::read_to_string(env.path("which/report.html")).unwrap();
    assert!(page.contains("<svg ") && page.contains("use this") && page.contains("12 bits a vector"));
    assert!(std::fs::read(env.path("which/pareto.png")).unwrap().starts_with(b"\x89PNG"));

    env.run(&[&args[..], &["-o", "which"]].concat()).ends_with(2).says("which/report.html exists");
}

#[test]
fn limits_that_nothing_meets_are_a_failure_and_bad_use_is_told_first() {
    let env = env();
    let run = env.run(&["recommend", "x.fvecs", "--bits", "8", "--budget", "3s", "--max-codebook-bytes", "7"]);
    let run = run.ends_with(1).says("nothing is within the limits").says("bytes of codebooks");
    assert!(run.stdout.contains("over a limit"), "{}", run.stdout);
    env.run(&["recommend", "x.fvecs", "--bits", "67"]).ends_with(2).says("the nearest are 66 and 68");
    env.run(&["recommend", "x.fvecs", "--bits", "8", "--max-wmops", "0"]).ends_with(2).says("above 0");
    env.run(&["recommend", "none.fvecs", "--bits", "8"]).ends_with(2).says("none.fvecs");
}

#[test]
fn very_wide_vectors_are_answered_without_what_no_memory_holds() {
    let env = Env::new();
    let dimension = 100_000;
    put_vectors(&env.path("wide.npy"), dimension, &numbers("wide", 60 * dimension));
    let args = ["recommend", "wide.npy", "--bits", "8", "--budget", "20s", "--json"];
    let run = env.run(&args).ends_with(0);
    let found: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let names = |key: &str, of: &str| -> Vec<String> {
        found[key].as_array().unwrap().iter().map(|entry| entry[of].as_str().unwrap().into()).collect()
    };
    let methods = names("candidates", "method");
    assert!(methods.contains(&"pvq".into()) && methods.contains(&"rvq".into()), "{methods:?}");
    let left_out = names("left_out", "shape").into_iter().zip(names("left_out", "reason"));
    let opq: Vec<String> = left_out.filter(|(shape, _)| shape.starts_with("OPQ")).map(|(_, reason)| reason).collect();
    assert!(!opq.is_empty() && !methods.contains(&"opq".into()));
    assert!(opq.iter().all(|reason| reason.contains("D × D") && reason.contains(" GB of memory")), "{opq:?}");
    assert!(found["spectral_flatness"].is_null());
}
