//! Several runs at once in one folder.

use std::process::{Child, Stdio};

use crate::common::{Env, Run, TINY, TINY_CELLS};

fn begin(env: &Env, args: &[&str]) -> Child {
    env.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn end(child: Child) -> Run {
    Run::from(child.wait_with_output().unwrap()).ends_with(0)
}

/// Half of the cells are those of `tiny.toml`.
fn overlapping(env: &Env) {
    let other = TINY.replace("name = \"tiny\"", "name = \"other\"").replace("Tiny/", "Other/");
    env.write("other.toml", &other.replace("bits = [4, 8]", "bits = [8, 10]"));
}

const SHORT: [&str; 6] = ["--jobs", "2", "--format", "svg", "--out", "both"];

/// `12 of 24 cells computed by this run`
fn computed(run: &Run) -> usize {
    let before = run.stderr.split_once(" cells computed by this run").unwrap_or_else(|| panic!("{run:#?}")).0;
    before.rsplit(' ').nth(2).unwrap().parse().unwrap()
}

#[test]
fn runs_of_one_spec_and_of_overlapping_specs_compute_each_cell_once() {
    let env = Env::new();
    overlapping(&env);
    let shards = |spec| [&["run", spec, "--shard", "1/1"][..], &SHORT].concat();
    let specs = ["tiny.toml", "other.toml", "tiny.toml", "other.toml"];
    let runs: Vec<Child> = specs.into_iter().map(|spec| begin(&env, &shards(spec))).collect();
    let computed: usize = runs.into_iter().map(|run| computed(&end(run))).sum();
    assert_eq!(computed, TINY_CELLS + TINY_CELLS / 2);
    assert!(env.leftovers("both").is_empty());
}

#[test]
fn runs_that_end_together_write_the_files_of_one_that_was_alone() {
    let env = Env::new();
    overlapping(&env);
    for spec in ["tiny.toml", "other.toml"] {
        env.run(&["run", spec, "--format", "svg", "--out", "alone"]).ends_with(0);
    }
    let args = |spec| [&["run", spec][..], &SHORT].concat();
    let specs = ["tiny.toml", "other.toml", "tiny.toml", "other.toml"];
    let runs: Vec<Child> = specs.into_iter().map(|spec| begin(&env, &args(spec))).collect();
    let printed: Vec<String> = runs.into_iter().map(|run| end(run).stdout).collect();
    assert_eq!((&printed[0], &printed[1]), (&printed[2], &printed[3]));
    assert_eq!(env.results("both"), env.results("alone"));
    assert!(env.leftovers("both").is_empty());
}
