//! docs/own-experiment.md as a reader follows it: its spec runs as written (shortened), draws its figure, checks its
//! claims, tells the command that gives the same numbers, and can be compared with a second run.

mod common;

use common::Env;
use serde_json::Value;

const DOC: &str = include_str!("../docs/own-experiment.md");

/// What makes the spec of the page small.
const SMALL: [&str; 8] = [
    "--set",
    "training.updates=60",
    "--set",
    "data.vectors=5000",
    "--set",
    "evaluation.vectors=2000",
    "--set",
    "sweep.bits=[6, 12]",
];

/// The first code block of that language.
fn block(language: &str) -> &'static str {
    let start =
        DOC.find(&format!("```{language}\n")).unwrap_or_else(|| panic!("no {language} block")) + language.len() + 4;
    &DOC[start..start + DOC[start..].find("```").unwrap()]
}

fn with<'a>(first: &[&'a str]) -> Vec<&'a str> {
    first.iter().copied().chain(SMALL).collect()
}

#[test]
fn the_spec_of_the_page_gives_figures_claims_and_a_comparison() {
    let env = Env::new();
    env.write("own.toml", block("toml"));
    let run = env.run(&with(&["run", "own.toml", "--format", "svg"])).ends_with(0);
    assert!(!run.stdout.contains("published"), "{}", run.stdout);
    run.prints("laplace: lowest MSE on the test set: ")
        .prints("claims of this spec: ")
        .prints("ar1: means over the seeds");
    let drawn = std::fs::read_to_string(env.path("reports/default/figures/own/figure-errors.svg")).unwrap();
    for text in ["laplace", "ar1", "RVQ (k-means)", "MSE per coordinate (on test vectors)"] {
        assert!(drawn.contains(text), "the figure lacks {text}");
    }
    let tradeoff = std::fs::read_to_string(env.path("reports/default/figures/own/tradeoff-laplace.svg")).unwrap();
    assert!(tradeoff.contains("PVQ (k-means)"));
    let report = std::fs::read_to_string(env.path("reports/default/own.md")).unwrap();
    assert!(report.contains("Claims of this spec") && !report.contains("Claims of the paper"));

    // Readable names, and codebooks that other commands take.
    let books = "results/default/codebooks/own/laplace/rvq-12bits-seed1.safetensors";
    env.run(&["inspect", books]).ends_with(0).prints("method               rvq");

    // Other files where codebooks are wanted.
    for (file, hint) in [
        ("results/default/own/laplace.json", "is a Results file, which `vqlab compare` takes"),
        ("results/default/provenance/own.json", "is a provenance file, which `vqlab run --adopt` takes"),
        ("own.toml", "is an experiment file, which `vqlab run` takes"),
    ] {
        env.run(&["encode", file, file, "-o", "codes.npy"]).ends_with(2).says(hint);
    }
    let coding = ["speech", "encode", books, "speech.wav", "--bitrate", "9600", "-o", "coded"];
    env.run(&coding).ends_with(2).says("is a codebook file, which `vqlab encode, decode and search` takes");

    // The command of the provenance gives the same bytes.
    let read = |path: &str| std::fs::read(env.path(path)).unwrap();
    let provenance: Value = serde_json::from_slice(&read("results/default/provenance/own.json")).unwrap();
    let command = provenance["command"].as_str().unwrap();
    assert!(report.contains(command), "{command}");
    let words = shell_words(command);
    assert_eq!(words[0], "vqlab");
    let again: Vec<&str> = words[1..].iter().map(String::as_str).chain(["-o", "again", "--format", "svg"]).collect();
    env.run(&again).ends_with(0);
    for file in ["own/laplace.json", "own/laplace-training.json", "own/ar1.json"] {
        let [first, second] = ["results/default", "again/results/default"].map(|root| read(&format!("{root}/{file}")));
        assert_eq!(first, second, "{file}");
    }

    let same = env.run(&["compare", "again/results/default", "results/default"]).ends_with(0);
    same.prints("identical").prints("MSE on the test set over VQ Bitrate");
    let longer = ["--format", "svg", "-o", "long", "--set", "training.updates=120"];
    env.run(&[&with(&["run", "own.toml"])[..], &longer].concat()).ends_with(0);
    let folders = ["compare", "long/results/default", "again/results/default", "results/default"];
    let table = env.run(&folders).ends_with(0);
    table.prints("long/results against results: ").prints("again/results against results: ").prints("identical");
    let paths = [&folders[..], &["--baseline", "long/results/default", "--json"]].concat();
    let json: Value = serde_json::from_str(&env.run(&paths).ends_with(0).stdout).unwrap();
    assert_eq!(json["baseline"], "long/results");
    let point = &json["comparisons"][0]["files"][0]["points"][0];
    assert_eq!((&point["ours"]["n"], &point["published"]["n"]), (&2.into(), &2.into()), "{point}");

    // What was measured on other vectors is not compared.
    env.run(&["compare", "results/default/own/laplace.json", "results/default/own/laplace-training.json"])
        .ends_with(1)
        .says("measured on the test set, the other one on the training set");
    env.run(&["compare", "results/default", "again/results/default", "--baseline", "long"])
        .ends_with(2)
        .says("none of the compared paths");
}

/// The words of a POSIX shell's line with single quotes.
fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words
}

#[test]
fn the_specs_of_the_paper_are_at_hand_without_the_repository() {
    let env = Env::new();
    env.run(&["specs"]).ends_with(0).prints("toy-dimension      Figure 3").prints("complexity");
    env.run(&["specs", "--copy", "complexity", "-o", "mine.toml"]).ends_with(0).says("vqlab run mine.toml");
    env.run(&["specs", "--copy", "complexity", "-o", "mine.toml"]).ends_with(2).says("--force");
    env.run(&["run", "mine.toml", "--format", "svg"]).ends_with(0).prints("Figure 4c, complexity: reproduced");
    env.run(&["specs", "--show", "toys"]).ends_with(2).says("there is no spec `toys`").says("allowed: ");
    env.run(&["run", "toy.toml"]).ends_with(2).says("vqlab specs --copy NAME");
}
