//! Files of different experiments, panels and data do not replace each other unnoticed, and `compare` counts the runs of
//! the right ones.

mod common;

use common::vectors::put_vectors;
use common::{Env, TINY, files_below};

/// One data set, one method, few updates; `[output.results]` goes to `file`.
fn spec(name: &str, file: &str, seeds: usize) -> String {
    let text = TINY.replace("name = \"tiny\"", &format!("name = \"{name}\"")).replace("updates = 200", "updates = 50");
    let text = text.replace("seeds = 2", &format!("seeds = {seeds}")).replace("bits = [4, 8]", "bits = [4]");
    text.replace("\"avq\", \"rvq\", \"pvq\"", "\"rvq\"").replace("Tiny/mixed.json", file)
}

#[test]
fn experiments_with_the_same_results_file_are_refused_before_they_compute() {
    let env = Env::new();
    env.write("a.toml", &spec("a", "Mine/mixed.json", 1));
    env.write("b.toml", &spec("b", "Mine/mixed.json", 2).replace("Tiny/plain.json", "Mine/other.json"));
    let both = env.run(&["run", "a.toml", "b.toml"]).ends_with(2);
    both.says("panel `mixed` of a.toml and panel `mixed` of b.toml would both write results/default/Mine/mixed.json");

    env.run(&["run", "a.toml"]).ends_with(0);
    let before = env.results(".");
    let run = env.run(&["run", "b.toml"]).ends_with(2);
    run.says("b.toml: results/default/Mine/mixed.json belongs to the experiment `a`").says("[output.results]");
    assert_eq!(env.results("."), before);
    env.run(&["run", "b.toml", "-o", "elsewhere"]).ends_with(0);
}

#[test]
fn panels_whose_other_measurements_share_a_file_are_refused() {
    let env = Env::new();
    let search = r#"
[experiment]
name = "ranks"
title = "Recall"
task = "search"

[sweep]
methods = ["rvq"]
bits = [4, 8]
stages = [2]
seeds = 1

[data]
learn = 500
base = 500
queries = 50

[training]
trainer = "kmeans"

[evaluation]
recall-at = [1, 10]

[variant.a]
data.seed = 1

[variant.a-T10]
data.seed = 2
"#;
    env.write("ranks.toml", search);
    env.run(&["run", "ranks.toml"]).ends_with(2).says("panel `a-T10`").says("results/default/ranks/a-T10.json");
    env.write("ranks.toml", &search.replace("a-T10", "b"));
    env.run(&["run", "ranks.toml"]).ends_with(0);
    // The files say that the data are made up, so that nothing compares them with real ones.
    let file = std::fs::read_to_string(env.path("results/default/ranks/a.json")).unwrap();
    assert!(file.contains("\"Data\": \"synthetic-descriptors\""), "{file}");
}

#[test]
fn an_axis_over_folders_stays_in_the_results_folder() {
    let env = Env::new();
    for (folder, first) in [("d/a", 1), ("d/b", 2), ("d/paper", 3)] {
        std::fs::create_dir_all(env.path(folder)).unwrap();
        for part in ["learn", "base", "query"] {
            let values: Vec<f32> = (0..600 * 8).map(|i| ((i * 37 + first) % 101) as f32).collect();
            put_vectors(&env.path(&format!("{folder}/x_{part}.fvecs")), 8, &values);
        }
    }
    let spec = |path: &str| {
        format!(
            "[experiment]\nname = \"f\"\ntitle = \"f\"\ntask = \"search\"\n[sweep]\nmethods = [\"rvq\"]\nbits = [4]\nstages = \
             [2]\nseeds = 1\n{path}\n[training]\ntrainer = \"kmeans\"\n[evaluation]\nrecall-at = [1]\n[profile.paper]\n"
        )
    };
    std::fs::create_dir_all(env.path("deep/er")).unwrap();
    env.write("deep/er/f.toml", &spec("data.path = [\"./deep/er/../../d/a\", \"deep/er/../../d/b\"]"));
    let before = files_below(&env.path("."));
    env.run(&["run", "deep/er/f.toml", "-o", "deep/er/out"]).ends_with(0);
    let new: Vec<_> = files_below(&env.path(".")).into_iter().filter(|file| !before.contains(file)).collect();
    assert!(new.iter().all(|file| file.starts_with(env.path("deep/er/out"))), "{new:?}");

    // A folder of data that has the name of a profile.
    env.write("g.toml", &spec("").replace("[evaluation]", "[data]\npath = \"d/paper\"\n[evaluation]"));
    env.run(&["run", "g.toml"]).ends_with(0);
    assert!(env.path("results/default-paper/f").is_dir() && !env.path("results/paper").exists());
    // Other data in a folder of the same name.
    std::fs::create_dir_all(env.path("e")).unwrap();
    std::fs::rename(env.path("d/b"), env.path("e/paper")).unwrap();
    let other = ["run", "g.toml", "--set", "data.path=e/paper"];
    env.run(&other).ends_with(0).says("the results on other data").says("are replaced");
    assert!(!env.run(&other).ends_with(0).stderr.contains("are replaced"));
}

#[test]
fn runs_are_counted_where_k_means_trains_all_methods() {
    let env = Env::new();
    let text = spec("km", "Mine/mixed.json", 2);
    let (head, _) = text.split_once("[quantizer]").unwrap();
    env.write("km.toml", &format!("{head}[training]\ntrainer = \"kmeans\"\n[evaluation]\nvectors = 2000\n"));
    env.run(&["run", "km.toml", "-o", "one"]).ends_with(0);
    env.run(&["run", "km.toml", "-o", "two", "--seeds", "3"]).ends_with(0);
    let compared = env.run(&["compare", "one/results/default/km", "two/results/default/km"]).ends_with(0);
    assert!(!compared.stderr.contains("assumed") && !compared.stdout.contains("assumed"), "{compared:#?}");
}

/// Settings of stochastic optimization have no effect on k-means.
#[test]
fn settings_without_effect_are_refused() {
    let env = Env::new();
    let text = spec("km", "Mine/mixed.json", 1);
    let (head, _) = text.split_once("[quantizer]").unwrap();
    for line in ["batch-size = 64", "schedule = \"cosine\"", "optimizer = \"sgd\"", "replacement.every = 50"] {
        env.write(
            "km.toml",
            &format!("{head}[training]\ntrainer = \"kmeans\"\n{line}\n[evaluation]\nvectors = 2000\n"),
        );
        let name = line.split(' ').next().unwrap();
        env.run(&["run", "km.toml", "--dry-run"]).ends_with(2).says(&format!("training.{name}"));
    }
}
