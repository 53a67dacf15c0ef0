//! The table of metrics against what the built-in tasks write: small cells of every task are computed.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use vqlab::metric::{METRICS, find, find_label};
use vqlab::results::{published, published_names};
use vqlab::spec::{LoadOptions, parse};
use vqlab::speech::Opus;
use vqlab::task::{self, Context};

const TOY: &str = r#"
[data]
distribution = "normal"
dimension = 4
vectors = 300
[quantizer]
search = "released"
[training]
updates = 20
[evaluation]
vectors = 200
other-search-vectors = 100
"#;

const SEARCH: &str = r#"
[data]
learn = 200
base = 200
queries = 10
[evaluation]
recall-at = [1, 10]
[training]
trainer = "kmeans"
iterations = 2
"#;

const IMAGE: &str = r#"
[data]
images = 50
test-images = 10
[network]
width = 4
blocks = 0
latent-dimension = 4
updates = 2
[quantizer]
search = "released"
[training]
learning-rate = 1e-3
batch-size = 2
updates = 2
"#;

const SPEECH: &str = r#"
[data]
utterances = 4
test-utterances = 1
[evaluation]
bitrates = [8_000]
[training]
trainer = "kmeans"
iterations = 2
"#;

const COMPLEXITY: &str = "[data]\ndimension = 4\n";

const TASKS: [(&str, &str); 5] =
    [("toy", TOY), ("search", SEARCH), ("image", IMAGE), ("speech", SPEECH), ("complexity", COMPLEXITY)];

/// The metrics that a cell of the task writes.
fn written(task: &str, settings: &str) -> BTreeSet<String> {
    let seeds = if task == "complexity" { "" } else { "seeds = 1\n" };
    let spec = format!(
        "[experiment]\nname = \"{task}\"\ntitle = \"small\"\ntask = \"{task}\"\n[sweep]\nmethods = [\"avq\"]\n\
         stages = [2]\nbits = [4]\n{seeds}{settings}"
    );
    let options = LoadOptions { set: vec!["quantizer.beam-width=4".into()], ..LoadOptions::default() };
    let plan = parse(Path::new("small.toml"), &spec, &options).unwrap_or_else(|e| panic!("{e}"));
    let (cancel, progress) = (AtomicBool::new(false), |_: f64| {});
    let context = Context { cancel: &cancel, progress: &progress, kept: None, anew: false, codebooks: false };
    let outcomes = plan.cells().into_iter().map(|cell| task::run(&cell, &context).unwrap_or_else(|e| panic!("{e}")));
    outcomes.flat_map(|outcome| outcome.metrics.into_keys().chain(outcome.samples.into_keys())).collect()
}

#[test]
fn every_metric_has_a_row_and_every_row_a_user() {
    assert_eq!(TASKS.map(|(name, _)| name).len(), task::all().len(), "a built-in task is missing here");
    let names: BTreeSet<String> = TASKS.iter().flat_map(|(task, settings)| written(task, settings)).collect();
    let of_cells: BTreeSet<&str> = names.iter().map(|name| name.split('@').next().unwrap()).collect();
    let rows: BTreeSet<String> = METRICS.iter().flat_map(|row| row.record_names()).collect();
    for name in &of_cells {
        assert!(rows.contains(*name), "a task writes {name}, which has no row in src/metric/table.rs");
    }
    // Opus needs its tools.
    let is_there = |name: &str| of_cells.contains(name) || (name.ends_with("-opus") && Opus::find().is_none());
    for name in &rows {
        assert!(is_there(name), "no task writes {name}; remove its row or part from src/metric/table.rs");
    }
    for file in published_names() {
        let label = published(file).unwrap().metric().map(str::to_owned).unwrap();
        assert!(find_label(&label).is_some_and(|row| find(row.name) == Some(row)), "{file}: {label}");
    }
}
