//! Habits of a command line: completions, man pages, colors, `--quiet`, `status --watch`, `init` and the schema of specs.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{Env, Run};

#[test]
fn bash_completes_commands_and_options() {
    let env = Env::new();
    for shell in ["zsh", "fish"] {
        env.run(&["completions", shell]).ends_with(0).prints("status");
    }
    env.write("vqlab.bash", &env.run(&["completions", "bash"]).ends_with(0).stdout);
    let bash = |script: &str| {
        Run::from(Command::new("bash").args(["-c", script]).current_dir(env.path(".")).output().unwrap()).ends_with(0)
    };
    bash("bash -n vqlab.bash");
    let completed = |words: &str, last: usize| {
        let script = format!(
            "source ./vqlab.bash; COMP_WORDS=({words}); COMP_CWORD={last}; _vqlab vqlab \"${{COMP_WORDS[{last}]}}\" \
             \"${{COMP_WORDS[{last}-1]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        bash(&script).stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(completed("vqlab re", 1), ["report", "reproduce", "recommend"]);
    let options = completed("vqlab run --", 2);
    for option in ["--profile", "--set", "--jobs", "--dry-run", "--verbose", "--quiet", "--color"] {
        assert!(options.iter().any(|found| found == option), "{option}: {options:?}");
    }
    assert_eq!(completed("vqlab run --dry", 2), ["--dry-run"]);
}

#[test]
fn every_command_has_a_man_page() {
    let env = Env::new();
    env.run(&["man", "man1"]).ends_with(0);
    for (page, text) in
        [("vqlab.1", "vqlab\\-run(1)"), ("vqlab-run.1", "\\-\\-dry\\-run"), ("vqlab-data-fetch.1", "NAME")]
    {
        let page = std::fs::read_to_string(env.path("man1").join(page)).unwrap();
        assert!(page.contains(text), "{page}");
    }
    env.run(&["man", "man1"]).ends_with(2).says("hint: --force");
    env.run(&["man", "man1", "--force"]).ends_with(0);
}

#[test]
fn colors_are_for_terminals_and_for_those_who_ask() {
    let env = Env::new();
    let colored = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = env.command(args);
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        let run = Run::from(command.envs(variables.iter().copied()).output().unwrap());
        (run.stdout + &run.stderr).contains("\x1b[")
    };
    let wrong = ["status", "none.toml"];
    assert!(!colored(&wrong, &[]));
    assert!(colored(&[&wrong[..], &["--color", "always"]].concat(), &[("NO_COLOR", "1")]));
    assert!(colored(&wrong, &[("CLICOLOR_FORCE", "1")]));
    assert!(!colored(&wrong, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!colored(&["--color=never", "status", "none.toml"], &[("CLICOLOR_FORCE", "1")]));
    // clap's own texts.
    assert!(colored(&["run", "--help", "--color=always"], &[]));
    assert!(!colored(&["run", "--help", "--color=never"], &[("CLICOLOR_FORCE", "1")]));
    let claimed = std::fs::read_to_string(env.path("complexity.toml")).unwrap()
        + "\n[[claim]]\ntext = \"PVQ is the cheapest\"\nlowest = \"pvq\"\n";
    env.write("claimed.toml", &claimed);
    let run = env.run(&["run", "claimed.toml", "--color", "always"]).ends_with(0);
    run.prints("PVQ is the cheapest [operations]: \x1b[32mholds\x1b[0m").says(" written)");
}

#[test]
fn quiet_leaves_results_and_errors() {
    let env = Env::new();
    let run = env.run(&["run", "complexity.toml", "--quiet"]).ends_with(0).prints("AVQ");
    assert_eq!(run.stderr, "");
    let run = env.run(&["--quiet", "run", "none.toml"]).ends_with(2).says("none.toml");
    assert!(run.stderr.contains("\nhint: "), "{run:#?}");
    env.run(&["run", "complexity.toml", "--quiet", "--verbose"]).ends_with(2);
}

#[test]
fn a_run_says_where_its_files_are_in_one_line() {
    let env = Env::new();
    let run = env.run(&["run", "complexity.toml", "--format", "svg"]).ends_with(0);
    let line = run.stderr.lines().last().unwrap_or_default();
    assert!(line.starts_with("files: reports/default/operations.html, results/default ("), "{run:#?}");
    assert!(!run.stderr.contains("wrote"), "{run:#?}");
    let again = env.run(&["run", "complexity.toml", "--format", "svg"]).ends_with(0);
    assert!(again.stderr.trim_end().ends_with(" up to date)") && again.stderr.contains("(all "), "{again:#?}");
}

#[test]
fn status_watches_until_all_cells_are_done() {
    let env = Env::new();
    env.run(&["status", "tiny.toml", "--watch", "--interval", "0"]).ends_with(2);
    let mut watch = env.command(&["status", "complexity.toml", "--watch", "--interval", "0.1"]);
    let mut watch = watch.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert!(watch.try_wait().unwrap().is_none(), "it does not wait for the cells");
    env.run(&["run", "complexity.toml"]).ends_with(0);
    let run = Run::from(watch.wait_with_output().unwrap()).ends_with(0);
    let blocks: Vec<&str> = run.stdout.lines().collect();
    assert!(blocks.len() > 2 && blocks[0].contains("0 of 6 cells done"), "{run:#?}");
    assert!(blocks[blocks.len() - 1].contains("6 of 6 cells done"), "{run:#?}");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_watching() {
    let env = Env::new();
    let mut command = env.command(&["status", "tiny.toml", "--watch", "--interval", "600"]);
    let mut watch = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(700));
    assert!(Command::new("kill").args(["-INT", &watch.id().to_string()]).status().unwrap().success());
    let begin = Instant::now();
    assert_eq!(watch.wait().unwrap().code(), Some(0));
    assert!(begin.elapsed() < Duration::from_secs(10));
}

const TASKS: [&str; 5] = ["toy", "search", "image", "speech", "complexity"];

#[test]
fn init_writes_specs_that_run() {
    let env = Env::new();
    for task in TASKS {
        let file = format!("my-{task}.toml");
        env.run(&["init", &file, "--task", task]).ends_with(0).says(&format!("hint: vqlab run {file}"));
        env.run(&["run", &file, "--dry-run"]).ends_with(0).prints("cells to compute");
    }
    env.run(&["run", "my-complexity.toml", "--format", "svg"]).ends_with(0).prints("PVQ");
    env.run(&["run", "my-toy.toml", "--format", "svg", "--seeds", "1"]).ends_with(0).prints("lowest MSE");
    env.run(&["init", "my-toy.toml", "--task", "search"]).ends_with(2).says("--force");
    env.run(&["init", "my-toy.toml", "--task", "search", "--force"]).ends_with(0);
    env.run(&["init", "new.toml", "--task", "play"]).ends_with(2).says("allowed: toy");
    env.run(&["init", "a b.toml", "--task", "toy"]).ends_with(2).says("can't name an experiment");
    env.run(&["init", "new.json", "--task", "toy"]).ends_with(2);
}

/// A commented field of a new spec is valid once its # is removed, unless another value excludes it.
#[test]
fn the_comments_of_a_new_spec_are_fields() {
    let env = Env::new();
    for task in TASKS {
        let file = format!("my-{task}.toml");
        env.run(&["init", &file, "--task", task]).ends_with(0);
        let text = std::fs::read_to_string(env.path(&file)).unwrap();
        let is_field =
            |line: &&str| line.strip_prefix('#').is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic()));
        let fields: Vec<&str> = text.lines().filter(is_field).collect();
        assert!(fields.len() > 2 || task == "complexity", "{text}");
        for field in fields {
            env.write(&file, &text.replacen(&format!("\n{field}\n"), &format!("\n{}\n", &field[1..]), 1));
            let run = env.run(&["run", &file, "--dry-run"]);
            assert!(run.status == Some(0) || run.stderr.contains("has no meaning"), "{field}: {run:#?}");
        }
    }
}

fn experiments() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments")
}

#[test]
fn the_schema_is_current_and_every_spec_names_it() {
    let path = experiments().join("vqlab.schema.json");
    let schema = Env::new().run(&["schema"]).ends_with(0).stdout;
    if std::env::var_os("VQLAB_WRITE_DOCS").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap();
    assert!(found == schema, "{} is not what the code says: set VQLAB_WRITE_DOCS=1 to write it", path.display());
    for entry in std::fs::read_dir(experiments()).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|ending| ending == "toml") {
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(text.starts_with("#:schema ./vqlab.schema.json\n"), "{}", file.display());
        }
    }
}

/// Prints the number of faults of each spec, by Python's `jsonschema`.
const VALIDATE: &str = "
import json, sys, tomllib
from jsonschema import Draft7Validator
schema = json.load(open(sys.argv[1]))
Draft7Validator.check_schema(schema)
validator = Draft7Validator(schema)
for path in sys.argv[2:]:
    with open(path, 'rb') as file:
        print(path, len(list(validator.iter_errors(tomllib.load(file)))))
";

#[test]
#[cfg_attr(not(has_jsonschema), ignore = "needs Python with jsonschema")]
fn specs_validate_and_wrong_ones_do_not() {
    let env = Env::new();
    let mut right = vec![env.path("tiny.toml"), env.path("complexity.toml")];
    right.extend(std::fs::read_dir(experiments()).unwrap().map(|entry| entry.unwrap().path()));
    right.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    for task in TASKS {
        let file = format!("my-{task}.toml");
        env.run(&["init", &file, "--task", task]).ends_with(0);
        right.push(env.path(&file));
    }
    let wrong = [
        ("updates = 200", "updates = \"many\""),
        ("updates = 200", "updates = 0"),
        ("updates = 200", "update = 200"),
        ("learning-rate = 0.1", "learning-rate = 0"),
        ("methods = [\"avq\"", "methods = [\"vq\""),
        ("seeds = 2", "seeds = []"),
        ("task = \"toy\"", "task = \"toys\""),
        ("name = \"tiny\"\n", ""),
        ("[quantizer]", "[quantiser]"),
        // A field of another task, and an axis in a variant.
        ("[data]", "[data]\nimages = 10"),
        ("[quantizer]", "[variant.other]\nsweep.training.updates = [1, 2]\n[quantizer]"),
        ("[quantizer]", "[[override]]\nwhere = { bit = [4] }\n[quantizer]"),
        ("[quantizer]", "[[override]]\ndata.dimension = 4\n[quantizer]"),
        ("[quantizer]", "[[claim]]\ntext = \"Nothing\"\n[quantizer]"),
        ("[quantizer]", "[[claim]]\ntext = \"T\"\nmin-t = 1\nlowest = \"pvq\"\n[quantizer]"),
        ("Tiny/mixed.json", "Tiny/mixed.txt"),
    ];
    let mut files = right.clone();
    for (i, (from, to)) in wrong.iter().enumerate() {
        assert!(common::TINY.contains(from), "{from}");
        let name = format!("wrong-{i}.toml");
        env.write(&name, &common::TINY.replacen(from, to, 1));
        // The program refuses them, too.
        env.run(&["run", &name, "--dry-run"]).ends_with(2);
        files.push(env.path(&name));
    }
    let mut python = Command::new("python3");
    python.args(["-c", VALIDATE]).arg(experiments().join("vqlab.schema.json")).args(&files);
    let run = Run::from(python.output().unwrap()).ends_with(0);
    assert_eq!(run.stdout.lines().count(), files.len(), "{run:#?}");
    for (i, line) in run.stdout.lines().enumerate() {
        let faults: usize = line.rsplit(' ').next().and_then(|count| count.parse().ok()).unwrap();
        match i.checked_sub(right.len()) {
            None => assert_eq!(faults, 0, "{line}"),
            Some(i) => assert!(faults > 0, "{:?} passes", wrong[i]),
        }
    }
}
