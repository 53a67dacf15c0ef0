//! `vqlab submit` with commands that stand for Slurm's: what is submitted, what the scripts do when they are run, and
//! what is said when Slurm is missing or refuses. A real Slurm is in tests/slurm/run.sh.

#![cfg(unix)]

mod common;

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use common::{Env, Run, TINY_CELLS};
use serde_json::Value;

/// A folder with commands in the place of Slurm's: sbatch counts its jobs from 71 on and keeps its arguments in
/// `bin/submitted`, squeue shows the file `bin/queue`, sacct has no accounts.
fn slurm() -> Env {
    let env = Env::new();
    std::fs::create_dir(env.path("bin")).unwrap();
    let own = env.path("bin").display().to_string();
    command(&env, "sbatch", &format!("echo \"$@\" >> '{own}/submitted'; expr 70 + $(wc -l < '{own}/submitted')"));
    command(&env, "squeue", &format!("cat '{own}/queue'"));
    command(&env, "sacct", "echo 'Slurm accounting storage is disabled' >&2; exit 1");
    env.write("bin/queue", "");
    env
}

fn command(env: &Env, name: &str, body: &str) {
    env.write(&format!("bin/{name}"), &format!("#!/bin/sh\n{body}\n"));
    std::fs::set_permissions(env.path(&format!("bin/{name}")), PermissionsExt::from_mode(0o755)).unwrap();
}

/// The program, where Slurm's commands are those of `bin`.
fn run(env: &Env, args: &[&str]) -> Run {
    let path = format!("{}:/usr/bin:/bin", env.path("bin").display());
    Run::from(env.command(args).env("PATH", path).output().unwrap())
}

fn submit(env: &Env, more: &[&str]) -> Run {
    run(env, &[&["submit", "tiny.toml", "--out", "out", "--array-size", "3"], more].concat())
}

/// Runs a script as Slurm would, as the task of this number.
fn run_script(env: &Env, script: &str, task: &str) -> Run {
    let script = env.path(&format!("out/results/slurm/{script}"));
    Run::from(Command::new("sh").arg(script).env("SLURM_ARRAY_TASK_ID", task).output().unwrap())
}

fn submitted(env: &Env) -> Vec<String> {
    std::fs::read_to_string(env.path("bin/submitted")).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn shards(env: &Env, number: u32) -> Vec<Vec<String>> {
    let text = std::fs::read(env.path(&format!("out/results/slurm/{number}/shards.json"))).unwrap();
    serde_json::from_value(serde_json::from_slice::<Value>(&text).unwrap()["shards"].clone()).unwrap()
}

#[test]
fn the_scripts_do_it_all_and_a_second_array_does_only_what_is_missing() {
    let env = slurm();
    submit(&env, &["--cpus", "2"]).ends_with(0).prints("job 71: 24 cells on 3 tasks").prints("job 72: gathers");
    let calls = submitted(&env);
    assert!(calls[0].starts_with("--parsable ") && calls[0].ends_with("/1/array.sh"), "{calls:?}");
    assert!(calls[1].contains("--dependency=afterany:71 ") && calls[1].ends_with("/1/gather.sh"), "{calls:?}");
    assert_eq!(shards(&env, 1).iter().map(Vec::len).sum::<usize>(), TINY_CELLS);

    // Two of three tasks come to their end; the third is killed before its first cell.
    for task in ["1", "3"] {
        run_script(&env, "1/array.sh", task).ends_with(0).says(&format!("shard {task}/3"));
    }
    let lost = shards(&env, 1)[1].len();
    let gather = run_script(&env, "1/gather.sh", "").ends_with(1);
    gather.says(&format!("{lost} of 24 cells have no numbers")).says("not computed");

    let second = submit(&env, &[]).ends_with(0);
    let done = TINY_CELLS - lost;
    second.prints(&format!("job 73: {lost} cells on 3 tasks")).prints(&format!("({done} cells done)"));
    let mut missing: Vec<String> = shards(&env, 2).concat();
    missing.sort();
    let mut expected = shards(&env, 1)[1].clone();
    expected.sort();
    assert_eq!(missing, expected);
    let computed: usize =
        ["1", "2", "3"].map(|task| run_script(&env, "2/array.sh", task).ends_with(0).computed()).iter().sum();
    assert_eq!(computed, lost);
    run_script(&env, "2/gather.sh", "").ends_with(0);

    submit(&env, &[]).ends_with(0).says("nothing to submit: 24 cells done");
    assert_eq!(submitted(&env).len(), 4);
    env.run(&["run", "tiny.toml", "--out", "alone"]).ends_with(0);
    let mut ours = env.results("out");
    ours.retain(|path, _| !path.starts_with("slurm"));
    assert_eq!(ours, env.results("alone"));
}

#[test]
fn what_is_in_the_queue_is_left_out_and_shown() {
    let env = slurm();
    submit(&env, &[]).ends_with(0);
    env.write("bin/queue", "71_1|RUNNING\n71_2|FAILED\n71_3|PENDING\n72|PENDING\n");
    let sizes: Vec<usize> = shards(&env, 1).iter().map(Vec::len).collect();
    let status = run(&env, &["status", "tiny.toml", "--out", "out"]).ends_with(0);
    let status = status.prints("Slurm job 71, 24 of 24 cells left, tasks: 1 FAILED, 1 PENDING, 1 RUNNING");
    let failed = format!("71_2 FAILED: {} cells left; out/results/slurm/1/2.log", sizes[1]);
    status.prints(&failed).prints("job 72 gathers the results: PENDING");

    let json = run(&env, &["status", "tiny.toml", "--out", "out", "--json"]).ends_with(0).stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    let tasks = json["slurm"]["submissions"][0]["tasks"].as_array().unwrap();
    assert_eq!(
        tasks.iter().map(|task| task["state"].as_str().unwrap()).collect::<Vec<_>>(),
        ["RUNNING", "FAILED", "PENDING"]
    );
    let cells = json["experiments"][0]["cells"].as_array().unwrap();
    let of_task = |name: &str| cells.iter().filter(|cell| cell["slurm"]["task"] == name).count();
    assert_eq!([of_task("71_1"), of_task("71_2"), of_task("71_3")], [sizes[0], 0, sizes[2]]);

    let second = submit(&env, &[]).ends_with(0).prints(&format!("job 73: {} cells on 3 tasks", sizes[1]));
    second.prints(&format!("(0 cells done, {} in the queue)", sizes[0] + sizes[2]));
    env.write("bin/queue", "71_1|RUNNING\n71_3|PENDING\n73_1|PENDING\n73_2|PENDING\n73_3|PENDING\n");
    submit(&env, &[]).ends_with(0).says("nothing to submit: 0 cells done, 24 in the queue");
}

#[test]
fn a_slurm_that_is_missing_or_refuses_is_an_error_with_its_words() {
    let env = slurm();
    command(&env, "sbatch", "echo 'sbatch: error: invalid partition specified: gpu' >&2; exit 1");
    submit(&env, &["--partition", "gpu"]).ends_with(1).says("invalid partition specified: gpu");
    assert!(!env.path("out/results/slurm/1").exists(), "a refused submission stays");
    std::fs::remove_file(env.path("bin/sbatch")).unwrap();
    let without = |args: &[&str]| Run::from(env.command(args).env("PATH", env.path("bin")).output().unwrap());
    without(&["submit", "tiny.toml", "--out", "out"]).ends_with(1).says("cannot run sbatch").says("PATH");
    // Where nothing was submitted, nobody asks for Slurm.
    assert!(!without(&["status", "tiny.toml", "--out", "out"]).ends_with(0).stdout.contains("Slurm"));

    // The second sbatch fails: the array is in the queue, and known.
    let own = env.path("bin").display().to_string();
    command(
        &env,
        "sbatch",
        &format!("[ -e '{own}/once' ] && {{ echo 'queue is full' >&2; exit 1; }}; : > '{own}/once'; echo 71"),
    );
    submit(&env, &[]).ends_with(1).says("queue is full").says("scancel 71");
    env.write("bin/queue", "71_1|PENDING\n71_2|PENDING\n71_3|PENDING\n");
    submit(&env, &[]).ends_with(0).says("24 in the queue");
    std::fs::remove_file(env.path("bin/squeue")).unwrap();
    let status = without(&["status", "tiny.toml", "--out", "out"]).ends_with(0);
    status.prints("Slurm's states are not known: cannot run squeue");
}

#[test]
fn a_dry_run_prints_scripts_and_writes_nothing() {
    let env = slurm();
    let more =
        ["--dry-run", "--partition", "long", "--time", "1-12", "--memory", "2G", "--set", "training.updates=100"];
    let dry = submit(&env, &more).ends_with(0).says("would submit 24 cells on 3 tasks");
    for line in [
        "#SBATCH --array=1-3",
        "#SBATCH --requeue",
        "#SBATCH --partition=long",
        "#SBATCH --time=1-12",
        "#SBATCH --mem=2G",
    ] {
        assert!(dry.stdout.contains(line), "{line}: {dry:#?}");
    }
    assert!(dry.stdout.contains("--set=training.updates=100") && dry.stdout.contains("--gather"), "{dry:#?}");
    assert!(!env.path("out").exists() && submitted(&env).is_empty());
    for wrong in [["--partition", "a b"], ["--time", "1;rm"], ["--memory", ""], ["--cpus", "0"], ["--array-size", "0"]]
    {
        run(&env, &[&["submit", "tiny.toml", "--out", "out"], &wrong[..]].concat()).ends_with(2).says("allowed are");
    }
}

#[test]
fn a_deal_of_other_cells_is_refused() {
    let env = slurm();
    submit(&env, &[]).ends_with(0);
    let tiny = std::fs::read_to_string(env.path("tiny.toml")).unwrap();
    env.write("tiny.toml", &tiny.replace("updates = 200", "updates = 201"));
    run_script(&env, "1/array.sh", "2").ends_with(2).says("changed since the deal; submit again");
    env.write("tiny.toml", &tiny);
    run_script(&env, "1/array.sh", "4").ends_with(2).says("allowed is I/N");
    let deal = "out/results/slurm/1/shards.json";
    run(&env, &["run", "tiny.toml", "--out", "out", "--deal", deal, "--shard", "1/4"]).ends_with(2).says("1/3 to 3/3");
    env.write(deal, "{\"format\": \"vqlab-shards\", \"version\": 9}");
    run_script(&env, "1/array.sh", "2").ends_with(2).says("this program reads vqlab-shards 1");
}

#[test]
fn gathering_computes_nothing() {
    let env = Env::new();
    let gather = ["run", "tiny.toml", "--out", "out", "--gather"];
    env.run(&gather).ends_with(1).says("nothing to gather");
    env.run(&["run", "tiny.toml", "--out", "out", "--shard", "1/2"]).ends_with(0);
    let before = env.results("out").len();
    let records = || common::files_below(&env.path("out/results/cells")).len();
    let found = records();
    let gathered = env.run(&gather).ends_with(1).says("are missing in the results").says(": not computed");
    assert!(gathered.computed() == 0 && records() == found && env.results("out").len() > before);
    env.run(&["run", "tiny.toml", "--out", "out", "--shard", "2/2"]).ends_with(0);
    env.run(&gather).ends_with(0);
    env.run(&["run", "tiny.toml", "--out", "whole"]).ends_with(0);
    assert_eq!(env.results("out"), env.results("whole"));
}
