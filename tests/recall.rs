//! The search experiment as a user sees it: one command from descriptors to recall, on synthetic and on real ones.

mod common;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{Env, files_below};
use vqlab::results::{ResultsFile, published};

/// All methods and trainers on a few hundred descriptors; over T and over bits.
const SMALL: &str = r#"
[experiment]
name = "small"
title = "A small search"
task = "search"

[sweep]
methods = ["avq", "rvq", "pvq"]
baselines = ["avq", "pvq"]
stages = [4]
seeds = 2

[data]
learn = 400
base = 300
queries = 25

[variant.recall]
sweep.bits = [16]
evaluation.recall-at = [1, 8, 64]

[variant.beyond]
sweep.bits = [16]
sweep.methods = ["rvq"]
sweep.baselines = ["rvq", "opq", "lsq"]
evaluation.recall-at = [1, 10]

[variant.bits]
sweep.bits = [8, 16]
sweep.baselines = ["pvq"]
evaluation.recall-at = [16, 1]

[quantizer]
beam-width = 4
search = "ordered"

[training]
learning-rate = 3.0
batch-size = 32
updates = 300
iterations = 3

[output.results]
recall = "Figure 5/Recall.json"
bits = "Figure 6/Recall_at_16_Fig6-b.json"

[output.published]
bits = "Figure 6/Recall_at_16_Fig6-b_digitised.json"

[output.figures]
recall = "5"
bits = "6b"

[[claim]]
text = "AVQ costs most"
metric = "complexity"
highest = "avq"
panels = ["recall", "bits"]

[[claim]]
text = "PVQ is near its baseline"
panels = ["recall"]
near-baseline = { method = "pvq", margin = 0.9 }
"#;

fn env() -> Env {
    let env = Env::new();
    env.write("small.toml", SMALL);
    env
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn one_command_gives_results_figures_and_report() {
    let env = env();
    let run = env.run(&["run", "small.toml", "--jobs", "2"]).ends_with(0).prints("synthetic-descriptors");
    assert!(run.stdout.contains("not SIFT1M but synthetic-descriptors: 400 learn, 300 base and 25 query vectors"));
    let file = ResultsFile::read(&env.path("results/default/Figure 5/Recall.json")).unwrap();
    let theirs = published("Figure 5/Recall.json").unwrap();
    let names = |file: &ResultsFile| file.curves.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    // Ours has the published curves, in their order, and after them those of the other panels.
    assert_eq!(names(&file)[..5], names(&theirs)[..]);
    assert_eq!((file.axis.name.as_str(), file.metric()), ("T", Some("Recall @ T")));
    assert_eq!(file.axis.ticks, ["1", "8", "64"]);
    for name in ["AVQ proposed", "PVQ baseline"] {
        let recall: Vec<f64> = file.curve(name).unwrap().mean().iter().map(|v| v.unwrap()).collect();
        assert!(recall.is_sorted() && recall[2] > 0.5, "{name}: {recall:?}");
    }
    let over_bits = ResultsFile::read(&env.path("results/default/Figure 6/Recall_at_16_Fig6-b.json")).unwrap();
    assert_eq!(
        (over_bits.metric(), &over_bits.axis.ticks[..]),
        (Some("Recall @ 16"), &["8 bits".into(), "16 bits".into()][..])
    );
    assert!(env.path("results/default/Figure 6/Recall_at_16_Fig6-b-T1.json").is_file());
    let figures = env.path("reports/default/figures/small");
    for figure in ["figure-5", "figure-6b", "recall-beyond", "nsvq-minus-kmeans-recall", "times-recall"] {
        let svg = text(&figures.join(format!("{figure}.svg")));
        assert!(svg.contains("synthetic-descriptors") || figure.starts_with("times"), "{figure}");
    }
    let report = text(&env.path("reports/default/small.md"));
    for part in [
        "made by this program, not real ones",
        "Stochastic optimization against k-means",
        "Cost of the methods",
        "| AVQ costs most | recall | holds | holds |",
        "OPQ",
        "16 + 32",
    ] {
        assert!(report.contains(part), "the report lacks `{part}`");
    }
    // A second call computes nothing; a report can be made from the provenance alone.
    assert_eq!(env.run(&["run", "small.toml"]).ends_with(0).computed(), 0);
    std::fs::remove_dir_all(env.path("results/cells")).unwrap();
    let again = text(&env.path("reports/default/small.md"));
    env.run(&["report", "small.toml"]).ends_with(0);
    assert_eq!(text(&env.path("reports/default/small.md")), again);
}

#[test]
fn jobs_and_kills_change_no_result() {
    let env = env();
    let start = Instant::now();
    env.run(&["run", "small.toml", "--out", "one", "--jobs", "1", "--format", "svg"]).ends_with(0);
    let whole = start.elapsed();
    for kill in 0..6u32 {
        let args = ["run", "small.toml", "--out", "killed", "--jobs", "2", "--format", "svg"];
        let mut child = env.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(2) + whole.mul_f64(f64::from(kill + 1) / 30.0));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    env.run(&["run", "small.toml", "--out", "killed", "--jobs", "2", "--format", "svg"]).ends_with(0);
    assert_eq!(env.results("killed"), env.results("one"));
    assert_eq!(env.leftovers("killed"), Vec::<PathBuf>::new());
}

#[test]
#[cfg_attr(not(has_shared_data), ignore = "needs ../shared/data")]
fn real_descriptors_get_a_folder_of_their_own() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/sift/siftsmall"));
    let env = env();
    let path = format!("data.path={}", folder.display());
    let run =
        env.run(&["run", "small.toml", "--seeds", "1", "--set", &path, "--set", "training.updates=50"]).ends_with(0);
    assert!(
        run.stdout.contains("not SIFT1M but siftsmall: 400 learn, 300 base and 25 query vectors"),
        "{}",
        run.stdout
    );
    assert!(env.path("results/siftsmall/Figure 5/Recall.json").is_file());
    let leaked = files_below(&env.path("results"))
        .into_iter()
        .filter(|file| std::fs::read(file).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains("shared/data")));
    assert_eq!(leaked.collect::<Vec<_>>(), Vec::<PathBuf>::new(), "a path of this machine is in a result");
}

#[test]
fn wrong_use_is_told_with_its_line() {
    let env = env();
    let refused = |from: &str, to: &str, says: &[&str]| {
        assert!(SMALL.contains(from), "{from}");
        env.write("broken.toml", &SMALL.replacen(from, to, 1));
        let run = env.run(&["run", "broken.toml"]).ends_with(2);
        for text in says {
            assert!(run.stderr.contains(text), "`{text}` is not in {}", run.stderr);
        }
    };
    refused("[data]\n", "[data]\npath = \"nowhere\"\n", &["broken.toml:14:8", "nowhere", "NAME_learn"]);
    refused(
        "learn = 400",
        "variance = 1.0",
        &["broken.toml:14:1", "`data.variance` has no meaning here", "data.learn"],
    );
    refused("learn = 400", "learn = 0", &["broken.toml:14:9", "a whole number, 1"]);
    refused("[1, 8, 64]", "[8, 1]", &["broken.toml:20:24", "from the smallest to the largest"]);
    refused("evaluation.recall-at = [1, 8, 64]", "", &["`evaluation.recall-at` is missing"]);
    let methods = "methods = [\"avq\", \"rvq\", \"pvq\"]";
    refused(methods, "methods = [\"opq\"]", &["broken.toml:8:12", "OPQ has no stochastic training", "sweep.baselines"]);
    refused(
        "updates = 300",
        "updates = 300\ntrainer = \"kmeans\"",
        &["`training.", "has no meaning where `training.trainer`"],
    );
    refused("margin = 0.9", "margin = -1", &["near-baseline.margin", "a number above 0"]);
    refused("method = \"pvq\", ", "", &["near-baseline", "method = \"avq\", margin = 0.05"]);
    // Fewer vectors than codewords is a matter of the user's choice; more than there are is not.
    env.run(&["data", "make", "synthetic-descriptors", "-o", "own", "--learn", "40", "--base", "50", "--queries", "5"])
        .ends_with(0);
    refused("[data]\n", "[data]\npath = \"own\"\n", &["broken.toml:14:8", "400", "40"]);
}

#[test]
fn any_experiment_can_have_baselines() {
    let env = env();
    let base = common::TINY.split("[output").next().unwrap();
    env.write("beside.toml", &base.replace("[sweep]\n", "[sweep]\nbaselines = [\"pvq\", \"opq\", \"lsq\"]\n"));
    let beside = env.run(&["run", "beside.toml", "--seeds", "1"]).ends_with(0);
    for name in ["PVQ (k-means)", "OPQ", "LSQ"] {
        assert!(beside.stdout.contains(name), "{}", beside.stdout);
    }
    env.write("axis.toml", &base.replace("[sweep]\n", "[sweep]\ntraining.trainer = [\"nsvq\", \"kmeans\"]\n"));
    let axis = env.run(&["run", "axis.toml", "--seeds", "1"]).ends_with(0).prints("mixed/kmeans").prints("mixed/nsvq");
    assert!(axis.stdout.contains("AVQ (k-means)"), "{}", axis.stdout);
    env.write(
        "stream.toml",
        &base
            .replace("vectors = 2000\n\n", "vectors = \"stream\"\n\n")
            .replace("primary = \"training\"", "")
            .replace("[sweep]\n", "[sweep]\nbaselines = [\"pvq\"]\n"),
    );
    env.run(&["run", "stream.toml"]).ends_with(2).says("k-means needs a fixed training set");
}
