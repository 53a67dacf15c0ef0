//! The commands as a user calls them: exit statuses, messages, resume, shards, and what happens when things go wrong.

mod common;

use std::process::{Command, Stdio};
use std::time::Duration;

use common::vectors::{numbers, put_books, put_vectors};
use common::{Env, Run, TINY, TINY_CELLS, files_below};

const COMMANDS: [&str; 12] = [
    "run",
    "status",
    "figures",
    "compare",
    "report",
    "complexity",
    "encode",
    "decode",
    "inspect",
    "search",
    "score",
    "data",
];

#[test]
fn every_command_has_help_with_an_example() {
    let env = Env::new();
    let all = env.run(&["--help"]).ends_with(0).prints("Exit status: 0 done, 1 failed at work, 2 wrong use.");
    for command in COMMANDS {
        assert!(all.stdout.contains(&format!("\n  {command} ")), "{command}");
        let help = env.run(&[command, "--help"]).ends_with(0);
        assert!(help.stdout.contains("Example") && help.stdout.contains(&format!("  vqlab {command} ")), "{help:#?}");
    }
    env.run(&["--version"]).ends_with(0).prints(env!("CARGO_PKG_VERSION"));
}

#[test]
fn wrong_use_ends_with_2_before_any_work() {
    let env = Env::new();
    env.write("reserved.toml", &format!("{TINY}\n[profile.cells]\ntraining.updates = 1\n"));
    let wrong: [(&[&str], &str); 13] = [
        (&[], "Usage"),
        (&["train"], "train"),
        (&["run"], "SPEC"),
        (&["run", "tiny.toml", "--jobs", "0"], "from 1 to"),
        (&["run", "tiny.toml", "--shard", "3/2"], "1 ≤ I ≤ N"),
        (&["run", "tiny.toml", "--seeds", "0"], "--seeds"),
        (&["run", "tiny.toml", "--format", "bmp"], "png"),
        (&["run", "no-such.toml"], "no-such.toml"),
        (&["run", "tiny.toml", "--profile", "papper"], "papper"),
        (&["run", "tiny.toml", "--set", "training.update=3"], "training.update"),
        (&["run", "tiny.toml", "tiny.toml"], "another spec"),
        (&["figures"], "experiments/"),
        (&["run", "reserved.toml", "--profile", "cells"], "rename the profile"),
    ];
    for (args, message) in wrong {
        env.run(args).ends_with(2).says(message);
    }
    assert!(!env.path("results").exists() && !env.path("reports").exists());
}

/// Every command with a file as its output.
fn with_outputs(env: &Env, output: &dyn Fn(&str) -> String, check: &dyn Fn(Run, &str)) {
    for (command, ending) in [
        ("fit x.fvecs --method rvq --stages 2 --bits 2 --updates 2", "safetensors"),
        ("fit --import codebooks.npy --method rvq", "safetensors"),
        ("encode rvq x.fvecs", "npy"),
        ("decode rvq codes.npy", "fvecs"),
        ("search rvq codes.npy x.fvecs -k 3", "ivecs"),
    ] {
        let output = output(ending);
        let words: Vec<&str> = command.split(' ').chain(["-o", &output]).collect();
        check(env.run(&words), &output);
        check(env.run(&[&words[..], &["--force"]].concat()), &output);
    }
}

#[cfg(unix)]
#[test]
fn outputs_that_cannot_be_are_refused_before_any_work() {
    let env = Env::new();
    put_books(&env, "rvq", vqlab::quantizer::Method::Rvq, (8, 2, 16));
    put_vectors(&env.path("x.fvecs"), 8, &numbers("x", 8 * 100));
    env.run(&["encode", "rvq", "x.fvecs", "-o", "codes.npy"]).ends_with(0);
    let head = format!("{:117}\n", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4, 8), }");
    let values: Vec<u8> = numbers("codebooks", 64).iter().flat_map(|v| v.to_le_bytes()).collect();
    let npy = [&b"\x93NUMPY\x01\x00v\x00"[..], head.as_bytes(), &values].concat();
    std::fs::write(env.path("codebooks.npy"), npy).unwrap();
    for ending in ["safetensors", "npy", "fvecs", "ivecs"] {
        std::fs::create_dir(env.path(&format!("folder.{ending}"))).unwrap();
        std::os::unix::fs::symlink(format!("gone.{ending}"), env.path(&format!("dangling.{ending}"))).unwrap();
    }
    std::os::unix::fs::symlink("gone", env.path("link")).unwrap();
    let before = files_below(&env.path("."));
    let refused = |output: &dyn Fn(&str) -> String, said: &str| {
        with_outputs(&env, output, &|run, output| {
            let run = run.ends_with(2).says(output).says(said);
            assert!(!run.stderr.contains("vectors on") && run.stdout.is_empty(), "{run:#?}");
        });
    };
    refused(&|ending| format!("folder.{ending}"), ": it is a folder; name a file in it");
    refused(&|_| ".".into(), ": it is a folder; name a file in it");
    refused(&|ending| format!("dangling.{ending}"), ": it is a symbolic link to gone.");
    refused(&|ending| format!("none/x.{ending}"), ": the folder none does not exist; make it first");
    refused(&|ending| format!("x.fvecs/x.{ending}"), "cannot write x.fvecs/x.");
    refused(&|_| "-".into(), ": outputs are files that appear when they are whole; nothing is written to stdout");
    refused(&|_| "/dev/stdout".into(), "nothing is written to stdout");
    refused(&|_| "/dev/null".into(), ": it is not a regular file");
    refused(&|ending| format!("{}.{ending}", "x".repeat(300)), "File name too long");
    assert_eq!(files_below(&env.path(".")), before);

    // Outputs that are folders.
    for command in ["data make synthetic-images", "recommend x.fvecs --bits 8 --budget 1s", "run tiny.toml"] {
        let to = |output| env.run(&command.split(' ').chain(["-o", output]).collect::<Vec<_>>());
        to("-").says("nothing is written to stdout").ends_with(2);
        assert_ne!(to("link").says("symbolic link to gone, which does not exist").status, Some(0), "{command}");
        assert_ne!(to("x.fvecs").says("x.fvecs").status, Some(0), "{command}");
    }
    assert_eq!(files_below(&env.path(".")), before);
}

/// `--force` replaces what a symbolic link leads to, and the link stays.
#[cfg(unix)]
#[test]
fn a_link_to_an_output_stays() {
    let env = Env::new();
    put_books(&env, "rvq", vqlab::quantizer::Method::Rvq, (8, 2, 16));
    put_vectors(&env.path("x.fvecs"), 8, &numbers("x", 8 * 100));
    std::fs::create_dir(env.path("there")).unwrap();
    env.write("there/codes.npy", "old");
    std::os::unix::fs::symlink("there/codes.npy", env.path("codes.npy")).unwrap();
    env.run(&["encode", "rvq", "x.fvecs", "-o", "codes.npy"]).ends_with(2).says("codes.npy exists");
    env.run(&["encode", "rvq", "x.fvecs", "-o", "codes.npy", "--force"]).ends_with(0).says("wrote codes.npy");
    assert!(env.path("codes.npy").is_symlink());
    assert!(std::fs::read(env.path("there/codes.npy")).unwrap().starts_with(b"\x93NUMPY"));
    // A folder behind a link, too.
    std::fs::create_dir(env.path("there/images")).unwrap();
    std::os::unix::fs::symlink("there/images", env.path("images")).unwrap();
    let make = ["data", "make", "synthetic-images", "--training", "2", "--test", "1", "-o", "images"];
    env.run(&make).ends_with(0);
    assert!(env.path("images").is_symlink() && env.path("there/images/test_batch.bin").is_file());
    env.run(&make).ends_with(2).says("images exists");
    env.run(&[&make[..], &["--force"]].concat()).ends_with(0);
}

/// `-o` and `--output` name an output in every command that has one; `--out` of older versions is understood.
#[test]
fn one_name_for_outputs() {
    let env = Env::new();
    for command in COMMANDS.iter().chain(&["fit", "recommend", "reproduce", "submit", "speech encode", "data make"]) {
        let help = env.run(&command.split(' ').chain(["--help"]).collect::<Vec<_>>()).ends_with(0).stdout;
        let has_output = !["compare", "complexity", "inspect", "score", "data"].contains(command);
        assert_eq!(help.contains("-o, --output "), has_output, "{command}: {help}");
    }
    for option in ["-o", "--output", "--out"] {
        env.run(&["status", "tiny.toml", option, "there"]).ends_with(0).prints("24 left");
        env.run(&["reproduce", "--figure", "2a", "--dry-run", option, "there"]).ends_with(0);
    }
    let args = ["run", "tiny.toml", "--seeds", "1", "--format", "svg", "-o", "there", "--verbose"];
    env.run(&args).ends_with(0).says("wrote there/results/default/Tiny/plain.json");
}

#[test]
fn a_broken_spec_is_shown_with_line_and_column_and_stops_the_others() {
    let env = Env::new();
    env.write("broken.toml", &TINY.replace("bits = [4, 8]", "bits = [4, 9]"));
    let run = env.run(&["run", "tiny.toml", "broken.toml"]).ends_with(2).says("bits = [4, 9]");
    let line = TINY.lines().position(|line| line == "bits = [4, 8]").unwrap() + 1;
    assert!(run.stderr.contains(&format!("broken.toml:{line}:12")), "{run:#?}");
    assert!(!env.path("results").exists());
}

#[test]
fn a_run_goes_the_whole_way_and_a_second_one_only_prints() {
    let env = Env::new();
    let args = ["run", "tiny.toml", "complexity.toml", "--format", "svg", "--verbose"];
    let first = env.run(&args).ends_with(0).prints("AVQ").says("wrote results/default/Tiny/plain.json");
    assert_eq!(first.computed(), TINY_CELLS + 6);
    for file in ["Tiny/plain.json", "Tiny/plain-fresh.json", "Tiny/mixed.json", "provenance/tiny.json"] {
        assert!(env.path("results/default").join(file).is_file(), "{file}");
    }
    for file in ["tiny.html", "tiny.md", "operations.html"] {
        assert!(env.path("reports/default").join(file).is_file(), "{file}");
    }
    let modified = |env: &Env| {
        let files = files_below(&env.path("results"));
        files.into_iter().map(|f| (f.metadata().unwrap().modified().unwrap(), f)).collect::<Vec<_>>()
    };
    let before = modified(&env);
    let second = env
        .run(&args)
        .ends_with(0)
        .says("30 of 30 cells have a record, nothing to compute")
        .says("files of tiny are up to date");
    assert!(!second.stderr.contains("wrote"), "{second:#?}");
    assert_eq!((second.computed(), &second.stdout), (0, &first.stdout));
    assert_eq!(modified(&env), before);
    assert!(env.leftovers(".").is_empty());

    // As in a fresh clone: the committed results without the records.
    std::fs::remove_dir_all(env.path("results/cells")).unwrap();
    std::fs::remove_dir_all(env.path("reports")).unwrap();
    let report = env.run(&["report", "tiny.toml", "--format", "svg"]).ends_with(0);
    assert!(first.stdout.contains(report.stdout.trim()), "{report:#?}");
    assert_eq!(modified(&env).iter().map(|(_, f)| f).collect::<Vec<_>>(), before_without_cells(&before));
    let figures = env.run(&["figures", "tiny.toml", "--format", "svg"]).ends_with(0);
    assert!(figures.stdout.lines().count() > 0);
    assert!(figures.stdout.lines().all(|path| env.path(path).is_file()), "{figures:#?}");
}

fn before_without_cells<T>(files: &[(T, std::path::PathBuf)]) -> Vec<&std::path::PathBuf> {
    files.iter().map(|(_, file)| file).filter(|file| !file.to_string_lossy().contains("/cells/")).collect()
}

#[test]
fn a_dry_run_and_the_status_compute_and_write_nothing() {
    let env = Env::new();
    let dry = env.run(&["run", "tiny.toml", "--dry-run", "--jobs", "2"]).ends_with(0);
    assert_eq!(dry.stdout.lines().filter(|line| line.ends_with("to do")).count(), TINY_CELLS, "{dry:#?}");
    let dry = dry.prints("24 of 24 cells to compute: about ").prints("with --jobs 2");
    assert!(dry.stderr.is_empty());
    env.run(&["status", "tiny.toml"]).ends_with(0).prints("tiny (profile default): 0 of 24 cells done, 24 left");
    assert!(!env.path("results").exists());

    env.run(&["run", "tiny.toml", "--seeds", "1", "--format", "svg"]).ends_with(0);
    env.run(&["status", "tiny.toml"]).ends_with(0).prints("12 of 24 cells done, 12 left: about ");
    let status = env.run(&["status", "tiny.toml", "--json"]).ends_with(0);
    let json: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!((&json["experiments"][0]["done"], &json["experiments"][0]["left"]), (&12.into(), &12.into()));
    env.run(&["run", "tiny.toml", "--dry-run"]).ends_with(0).prints("12 of 24 cells to compute");
    env.run(&["run", "tiny.toml", "--dry-run", "--force"]).ends_with(0).prints("24 of 24 cells to compute");
    let in_shard = |shard| -> usize {
        let run = env.run(&["run", "tiny.toml", "--dry-run", "--shard", shard]).ends_with(0);
        let (before, _) = run.stdout.split_once(" cells to compute").unwrap();
        before.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(["1/3", "2/3", "3/3"].map(in_shard).iter().sum::<usize>(), 24);
}

#[test]
fn jobs_and_shards_give_the_same_results() {
    let env = Env::new();
    let run = |out: &str, more: &[&str]| {
        env.run(&[["run", "tiny.toml", "--format", "svg", "--out", out].as_slice(), more].concat()).ends_with(0)
    };
    run("one", &["--jobs", "1"]);
    run("two", &["--jobs", "2"]);
    let shards = [run("parts", &["--shard", "1/2"]), run("parts", &["--shard", "2/2"])];
    assert_eq!(shards.map(|shard| shard.computed()), [TINY_CELLS / 2; 2]);
    assert!(env.results("parts").is_empty());
    assert_eq!(run("parts", &[]).computed(), 0);
    assert_eq!(env.results("one").len(), 4);
    assert_eq!(env.results("one"), env.results("two"));
    assert_eq!(env.results("one"), env.results("parts"));
}

#[test]
fn two_processes_at_once_share_the_cells() {
    let env = Env::new();
    let args = ["run", "tiny.toml", "--format", "svg", "--jobs", "1"];
    let start = || env.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let children = [start(), start()];
    let runs = children.map(|child| Run::from(child.wait_with_output().unwrap()).ends_with(0));
    assert_eq!(runs[0].stdout, runs[1].stdout);
    assert!(env.leftovers(".").is_empty());
    let records = files_below(&env.path("results/cells"));
    assert_eq!(records.len(), TINY_CELLS);
}

#[test]
fn diverged_cells_are_named_and_the_rest_is_written() {
    let env = Env::new();
    env.write(
        "wild.toml",
        &format!(
            "{TINY}\n[[override]]\nwhere = {{ methods = [\"pvq\"], bits = [8] }}\ntraining.learning-rate = 1e38\n"
        ),
    );
    let run = env.run(&["run", "wild.toml", "--format", "svg"]).ends_with(1);
    let run = run.says("4 of 24 cells have no numbers").says("missing: ").says("PVQ 8 bits seed 2");
    assert!(run.stdout.contains("RVQ"), "{run:#?}");
    let results =
        String::from_utf8(env.results(".").remove(std::path::Path::new("default/Tiny/plain.json")).unwrap()).unwrap();
    assert!(results.contains("null"), "{results}");
    env.run(&["status", "wild.toml"]).ends_with(0).prints("20 of 24 cells done, 4 diverged");
    assert_eq!(env.run(&["run", "wild.toml", "--format", "svg"]).ends_with(1).computed(), 0);
}

#[test]
fn a_truncated_record_is_reported_and_computed_again() {
    let env = Env::new();
    let args = ["run", "tiny.toml", "--format", "svg"];
    env.run(&args).ends_with(0);
    let results = env.results(".");
    let record = files_below(&env.path("results/cells")).remove(7);
    let bytes = std::fs::read(&record).unwrap();
    std::fs::write(&record, &bytes[..bytes.len() / 2]).unwrap();
    let name = record.file_name().unwrap().to_str().unwrap();
    env.run(&["status", "tiny.toml"]).ends_with(0).prints("1 unusable").prints(name);
    let again = env.run(&args).ends_with(0).says("not trusted, computed again").says(name);
    assert_eq!((again.computed(), env.results(".")), (1, results));
}

#[cfg(unix)]
#[test]
fn an_interrupt_stops_in_good_order() {
    let env = Env::new();
    let args = ["run", "tiny.toml", "--format", "svg", "--jobs", "2", "--set", "training.updates=200000"];
    let child = env.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let locks =
        || files_below(&env.path("results/cells")).into_iter().filter(|f| f.extension().is_some_and(|e| e == "lock"));
    while locks().count() < 2 {
        std::thread::sleep(Duration::from_millis(10));
    }
    env.run(&["status", args[1], "--set", args[7]]).ends_with(0).prints("2 running");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let run = Run::from(child.wait_with_output().unwrap()).ends_with(1);
    run.says("stopping: no more cells start").says(" of 24 cells done\nhint: the same command resumes the run");
    assert!(env.leftovers(".").is_empty());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let env = Env::new();
    let mut child =
        env.command(&["run", "tiny.toml", "--dry-run"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    Run::from(child.wait_with_output().unwrap()).ends_with(0);
}

#[test]
fn committed_results_can_be_adopted_instead_of_computed() {
    let env = Env::new();
    let run =
        |more: &[&str]| env.run(&[["run", "tiny.toml", "--format", "svg"].as_slice(), more].concat()).ends_with(0);
    let first = run(&[]);
    let results = env.results(".");
    std::fs::remove_dir_all(env.path("results/cells")).unwrap();
    let planned = run(&["--adopt", "--dry-run"]).stdout;
    assert!(planned.contains("to adopt") && planned.contains("0 of 24 cells to compute"), "{planned}");
    let second = run(&["--adopt"]).says("adopted 24 cells of tiny from");
    assert_eq!((second.computed(), &second.stdout), (0, &first.stdout));
    assert_eq!(env.results("."), results);
    env.run(&["run", "tiny.toml", "--adopt", "--force"]).ends_with(2);
}
