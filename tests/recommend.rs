//! `recommend` as a user calls it.

mod common;

use common::vectors::{numbers, put_vectors};
use common::{Env, files_below};

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
    assert!(found["reason"].as_str().unwrap().starts_with("For 8 bits per vector, use "));
    let bits: Vec<u64> = found["choices"].as_array().unwrap().iter().map(|c| c["bits"].as_u64().unwrap()).collect();
    assert_eq!(bits, [8, 12]);
    let chosen = found["candidates"].as_array().unwrap().iter().filter(|c| c["chosen"] == true).count();
    assert_eq!(chosen, 2);
    assert!(found["seconds"].as_f64().unwrap() < 60.0);
    let page = std::fs::read_to_string(env.path("which/report.html")).unwrap();
    assert!(page.contains("<svg ") && page.contains("use this") && page.contains("12 bits per vector"));
    // The page begins with the choice and its command, before any picture.
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}"));
    let places =
        [at("<p>Use <strong"), at("vqlab fit x.fvecs --method "), at("<dl class=\"cards\">"), at("class=\"chart\"")];
    assert!(places.is_sorted(), "{places:?}");
    assert!(
        at(">Alternatives</h2>") < at(">All quantizers</h2>") && at(">All quantizers</h2>") < at(">Definitions</h2>")
    );
    assert!(page.contains("<td class=\"n best\""));
    assert!(std::fs::read(env.path("which/pareto.png")).unwrap().starts_with(b"\x89PNG"));

    env.run(&[&args[..], &["-o", "which"]].concat()).ends_with(2).says("which/report.html exists");
}

/// Nothing is written unless it is asked for.
#[test]
fn it_prints_alone() {
    let env = env();
    let before = files_below(&env.path("."));
    let run = env.run(&["recommend", "x.fvecs", "--bits", "8", "--budget", "2s"]).ends_with(0);
    let run = run.prints("8 bits per vector: ").prints("instead").prints("vqlab fit x.fvecs --method ");
    assert!(!run.stderr.contains("wrote") && !run.stdout.contains("use this"), "{run:#?}");
    assert_eq!(files_below(&env.path(".")), before);
    let run = env.run(&["recommend", "x.fvecs", "--bits", "8", "--budget", "2s", "--verbose"]).ends_with(0);
    run.prints("8 bits per vector: ").prints("use this").prints("For 8 bits per vector, use ").prints("1,000 vectors");
    let args = ["recommend", "x.fvecs", "--bits", "8", "--budget", "2s", "--queries", "x.fvecs"];
    env.run(&args).ends_with(0).prints("\n  recall@1 ").prints(" of the queries\n");
}

/// The choice first, in 80 columns: with a long file name, several bitrates, limits, and shapes that are left out.
#[test]
fn the_answer_fits_80_columns() {
    let env = Env::new();
    let name = "descriptors-of-a-collection-with-a-long-name-and-a space.fvecs";
    put_vectors(&env.path(name), DIMENSION, &numbers("recommend", 200 * DIMENSION));
    let args = ["recommend", name, "--bits", "48,16", "--budget", "5s", "--sample", "150", "--max-wmops", "0.01"];
    let run = env.run(&args).ends_with(0).prints("Not fitted: ").prints("48 bits per vector: ");
    let longest = run.stdout.lines().max_by_key(|line| line.chars().count()).unwrap();
    assert!(longest.chars().count() <= 80, "{longest}\n{}", run.stdout);
    assert!(run.stdout.starts_with("48 bits per vector: "), "{}", run.stdout);
    assert!(run.stdout.contains("vqlab fit 'descriptors-of-a") && run.stdout.contains(" \\\n    --"), "{}", run.stdout);
    // Three alternatives to each choice.
    let tables =
        run.stdout.split("  instead").skip(1).map(|rest| rest.lines().skip(1).take_while(|l| !l.is_empty()).count());
    assert!(tables.clone().count() == 2 && tables.clone().all(|rows| rows == 3), "{}", run.stdout);
}

/// No `NaN`, no `inf`, no number of a hundred digits, whatever the vectors are.
#[test]
fn vectors_that_do_not_vary_and_those_of_odd_sizes_have_sensible_numbers() {
    let env = Env::new();
    let some = numbers("recommend", 1000 * DIMENSION);
    put_vectors(&env.path("constant.fvecs"), DIMENSION, &[7.0; 400 * DIMENSION]);
    put_vectors(&env.path("zero.fvecs"), DIMENSION, &[0.0; 400 * DIMENSION]);
    put_vectors(&env.path("fraction.fvecs"), DIMENSION, &[0.1; 400 * DIMENSION]);
    let few: Vec<f32> = (0..1000).flat_map(|i| [(i % 3) as f32; DIMENSION]).collect();
    put_vectors(&env.path("few.fvecs"), DIMENSION, &few);
    put_vectors(&env.path("tiny.fvecs"), DIMENSION, &some.iter().map(|v| 1e-15 * v).collect::<Vec<_>>());
    put_vectors(&env.path("huge.fvecs"), DIMENSION, &some.iter().map(|v| 1e12 * v).collect::<Vec<_>>());
    for name in ["constant", "zero", "fraction", "few", "tiny", "huge"] {
        let file = format!("{name}.fvecs");
        let run = env.run(&["recommend", &file, "--bits", "4,8", "--budget", "3s", "-o", name]).ends_with(0);
        let page = std::fs::read_to_string(env.path(name).join("report.html")).unwrap();
        let words = page.split("<svg").next().unwrap();
        for text in [&run.stdout, &run.stderr, words] {
            assert!(!text.contains("NaN") && !text.contains(" inf") && !text.contains("−inf"), "{name}: {text}");
            let longest = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap();
            assert!(longest <= 10, "{name}: {text}");
            assert!(!text.contains("MSE 0.0"), "{name}: {text}");
        }
        assert!(name != "constant" || run.stdout.contains("all vectors are equal"), "{run:#?}");
        let fit = ["fit", &file, "--method", "rvq", "--stages", "2", "--bits", "3", "--updates", "3", "-o"];
        let run = env.run(&[&fit[..], &[&format!("{name}.safetensors")]].concat()).ends_with(0);
        assert!(!run.stdout.contains("NaN") && !run.stdout.contains("0.000000"), "{run:#?}");
    }
    put_vectors(&env.path("one.fvecs"), DIMENSION, &[1.0; DIMENSION]);
    let said = "there is 1 sampled vector, at least 2 are needed: one to train on and one to validate";
    env.run(&["recommend", "one.fvecs", "--bits", "4"]).ends_with(2).says(said);
}

#[test]
fn limits_that_nothing_meets_are_a_failure_and_bad_use_is_told_first() {
    let env = env();
    let run = env.run(&["recommend", "x.fvecs", "--bits", "8", "--budget", "3s", "--max-codebook-bytes", "7"]);
    let run = run.ends_with(1).says("error: no choice for 8 bits per vector");
    assert!(!run.stderr.contains("within the limits"), "{}", run.stderr);
    assert!(run.stdout.starts_with("8 bits per vector: no quantizer is within the limits\n"), "{}", run.stdout);
    assert!(run.stdout.contains("The lowest value is ") && run.stdout.contains("bytes of codebooks"), "{}", run.stdout);
    let args = ["recommend", "x.fvecs", "--bits", "8", "--budget", "2s", "--max-codebook-bytes", "7", "--verbose"];
    env.run(&[&args[..], &["-o", "none"]].concat()).ends_with(1).prints("over a limit");
    let page = std::fs::read_to_string(env.path("none/report.html")).unwrap();
    let answer =
        "<p>8 bits per vector: <strong class=\"bad\">no quantizer is within the limits</strong>. The lowest value";
    assert!(page.contains(answer));
    env.run(&["recommend", "x.fvecs", "--bits", "67"]).ends_with(2).says("the nearest are 66 and 68");
    env.run(&["recommend", "x.fvecs", "--bits", "8", "--max-wmops", "0"]).ends_with(2).says("above 0");
    env.run(&["recommend", "none.fvecs", "--bits", "8"]).ends_with(2).says("none.fvecs");
}

#[test]
fn white_data_are_told() {
    let env = env();
    put_vectors(&env.path("white.fvecs"), 4, &numbers("white", 4000 * 4));
    env.run(&["recommend", "white.fvecs", "--bits", "8", "--budget", "3s"]).ends_with(0).prints("The data are white");
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
