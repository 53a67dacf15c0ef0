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
    let half = submit(&env, &[]).ends_with(1).says("queue is full").says("scancel 71");
    half.says("no job gathers the results; submit it: sbatch --dependency=afterany:71 out/results/slurm/1/gather.sh");
    env.write("bin/queue", "71_1|PENDING\n71_2|PENDING\n71_3|PENDING\n");
    submit(&env, &[]).ends_with(0).says("24 in the queue");
    std::fs::remove_file(env.path("bin/squeue")).unwrap();
    let status = without(&["status", "tiny.toml", "--out", "out"]).ends_with(0);
    status.prints("Slurm's states are not known: cannot run squeue");
}

/// Sites print greetings beside the number, name the cluster, warn, and have line ends of another kind.
#[test]
fn a_job_number_is_found_beside_what_the_site_prints() {
    for (answer, clusters) in [
        ("echo 'Welcome to cluster 7'; echo; echo 71; echo 'Have a nice day; bye'", ""),
        ("printf '71\\r\\n'", ""),
        ("echo '71;big'", "--clusters=big "),
        ("echo 'no account given: 1 hour' >&2; echo 71", ""),
    ] {
        let env = slurm();
        let own = env.path("bin").display().to_string();
        command(&env, "sbatch", &format!("echo \"$@\" >> '{own}/submitted'; {answer}"));
        let run = submit(&env, &[]).ends_with(0).prints("job 71: 24 cells on 3 tasks");
        assert_eq!(run.stderr.contains("sbatch, of job 71: no account given: 1 hour"), answer.contains("account"));
        let call = format!("--parsable {clusters}--dependency=afterany:71 ");
        assert!(submitted(&env)[1].starts_with(&call), "{:?}", submitted(&env));
        env.write("bin/queue", "71_1|PENDING\n71_2|PENDING\n71_3|PENDING\n");
        submit(&env, &[]).ends_with(0).says("nothing to submit: 0 cells done, 24 in the queue");
    }
}

/// Where a job may be in the queue, nothing of it is thrown away, and the number can be told later.
#[test]
fn a_submission_without_a_number_is_kept() {
    for answer in
        ["echo 'Submission accepted'", "echo 'Socket timed out on send/recv operation' >&2; exit 1", "kill -9 $$"]
    {
        let env = slurm();
        command(&env, "sbatch", answer);
        let run = submit(&env, &[]).ends_with(1).says("a job may be in the queue").says("squeue --me");
        run.says("out/results/slurm/1 is kept")
            .says("sbatch --dependency=afterany:NUMBER out/results/slurm/1/gather.sh");
        for name in ["array.sh", "gather.sh", "shards.json", "submission.json"] {
            assert!(env.path("out/results/slurm/1").join(name).is_file(), "{answer}: no {name}");
        }
        env.run(&["status", "tiny.toml", "--out", "out"]).ends_with(0);
        submit(&env, &["--dry-run"])
            .ends_with(0)
            .says("out/results/slurm/1 was submitted, but sbatch gave no job number");

        // The user looks, and does as the message says.
        let record = "out/results/slurm/1/submission.json";
        let text = std::fs::read_to_string(env.path(record)).unwrap();
        env.write(record, &text.replace("\"array-job\": null", "\"array-job\": \"71\""));
        env.write("bin/queue", "71_1|PENDING\n71_2|PENDING\n71_3|PENDING\n");
        let again = submit(&env, &[]).ends_with(0).says("nothing to submit: 0 cells done, 24 in the queue");
        assert!(!again.stderr.contains("no job number"), "{again:#?}");
    }
}

#[test]
fn an_array_that_is_too_large_is_refused_with_the_size_that_is_allowed() {
    let env = slurm();
    command(
        &env,
        "sbatch",
        "echo 'sbatch: error: Batch job submission failed: Invalid job array specification' >&2; exit 1",
    );
    command(&env, "scontrol", "echo 'MaxArrayTasks = 7'; echo 'MaxArraySize            = 3'");
    let run = submit(&env, &[]).ends_with(1).says("Invalid job array specification");
    run.says("hint: the array has 3 tasks, this cluster allows 2 (MaxArraySize): --array-size 2");
    std::fs::remove_file(env.path("bin/scontrol")).unwrap();
    submit(&env, &[]).ends_with(1).says("MaxArraySize in `scontrol show config`").says("use a smaller --array-size");
    command(&env, "sbatch", "echo 'Job violates accounting/QOS policy (job submit limit, time limits)' >&2; exit 1");
    submit(&env, &[]).ends_with(1).says("job submit limit").says("smaller --array-size, --time or --memory");
    assert!(!env.path("out/results/slurm/1").exists(), "a refused submission stays");
}

/// The folder of the specs, of the results and of the logs has what the shell and Slurm stumble over.
#[test]
fn folders_of_any_name_are_submitted() {
    for name in ["a\nb", "-x", "it's \"$HOME\" `ls`", "50%a #c;&*\t", "a\n#SBATCH --array=7", "\u{fc} \u{6f22}"] {
        let env = slurm();
        let folder = env.path(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::copy(env.path("tiny.toml"), folder.join("-tiny.toml")).unwrap();
        let own = env.path("bin").display().to_string();
        // Every argument ends with a zero byte.
        command(&env, "sbatch", &format!("printf '%s\\0' \"$@\" >> '{own}/words'; echo 71"));
        let path = format!("{own}:/usr/bin:/bin");
        let args = ["submit", "./-tiny.toml", "--out=-out", "--array-size", "1"];
        Run::from(env.command(&args).current_dir(&folder).env("PATH", path).output().unwrap()).ends_with(0);
        let scripts = folder.join("-out/results/slurm/1");
        let words = String::from_utf8(std::fs::read(env.path("bin/words")).unwrap()).unwrap();
        let words: Vec<&str> = words.split_terminator('\0').collect();
        assert!(words.contains(&scripts.join("array.sh").to_str().unwrap()), "{words:?}");
        let text = std::fs::read_to_string(scripts.join("array.sh")).unwrap();
        let logs = format!("{}/%a.log", scripts.display().to_string().replace('%', "%%"));
        // Slurm has the folders from the script, or from the command line where a line of the script can't hold them.
        if name.contains('\n') {
            assert!(words.contains(&&*format!("--output={logs}")), "{words:?}");
            assert!(words.contains(&&*format!("--chdir={}", folder.display())), "{words:?}");
        } else {
            assert!(text.contains(&format!("--output=\"{}\"\n", logs.replace('"', "\\\""))), "{text}");
        }
        for (script, task) in [("array.sh", "1"), ("gather.sh", "")] {
            let run = Command::new("sh").arg(scripts.join(script)).env("SLURM_ARRAY_TASK_ID", task).output().unwrap();
            Run::from(run).ends_with(0);
        }
        assert!(folder.join("-out/results/default").is_dir(), "{name:?}: nothing was gathered");
    }
}

#[test]
fn folders_that_no_job_can_have_are_refused_before_anything_is_written() {
    use std::os::unix::ffi::OsStrExt;
    let env = slurm();
    let refused = |out: &std::ffi::OsStr| {
        let path = format!("{}:/usr/bin:/bin", env.path("bin").display());
        let run = env.command(&["submit", "tiny.toml", "--out"]).arg(out).env("PATH", path).output().unwrap();
        assert!(!std::path::Path::new(&env.path("x")).with_file_name(out).exists());
        Run::from(run).ends_with(1)
    };
    refused("back\\slash".as_ref()).says("back\\slash").says("removes backslashes").says("--out");
    refused(std::ffi::OsStr::from_bytes(b"\xe9")).says("not Unicode");
    assert!(submitted(&env).is_empty());
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
