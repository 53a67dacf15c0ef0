//! The form of a spec: TOML, tables, fields, names, and the command line's `--profile`, `--set`, `--seeds`.

use super::Case;

#[test]
fn not_toml() {
    Case::default().edit("bits = [12, 16]", "bits = [12, 16").refused(
        r#"
spec.toml:9:1: not TOML: missing comma between array elements, expected `,`
  |
9 | stages = [4]
  | ^"#,
    );
}

#[test]
fn duplicate_key() {
    Case::default().edit("updates = 1000", "updates = 1000\nupdates = 2000").refused(
        r#"
spec.toml:23:1: not TOML: duplicate key
   |
23 | updates = 2000
   | ^^^^^^^"#,
    );
}

#[test]
fn missing_experiment() {
    Case::default().edit("[experiment]\nname = \"toy\"\ntitle = \"Toy\"\ntask = \"toy\"\n", "").refused(
        r#"
spec.toml:1:1: the table [experiment] is missing
  |
1 | 
  | ^
hint: start the spec with [experiment] and its name, title and task"#,
    );
}

#[test]
fn missing_name_and_task() {
    Case::default().edit("name = \"toy\"\n", "").edit("task = \"toy\"\n", "").refused(
        r#"
spec.toml:1:1: `experiment.name` and `experiment.task` are missing
  |
1 | [experiment]
  | ^^^^^^^^^^^^
allowed: a name for files, and a task out of "toy", "search", "image", "speech", "complexity"
hint: add, with values of your own,
  [experiment]
  name = "mine"
  task = "toy""#,
    );
}

#[test]
fn unknown_task() {
    Case::default().edit(r#"task = "toy""#, r#"task = "video""#).refused(
        r#"
spec.toml:4:8: unknown task "video"
  |
4 | task = "video"
  |        ^^^^^^^
allowed: "toy", "search", "image", "speech", "complexity""#,
    );
}

#[test]
fn unknown_field() {
    Case::default().edit("learning-rate", "learning-rte").refused(
        r#"
spec.toml:21:1: unknown field `learning-rte` in [training]
   |
21 | learning-rte = 0.1
   | ^^^^^^^^^^^^
allowed: trainer, iterations, optimizer, beta1, beta2, epsilon, momentum, learning-rate, schedule, final-rate, step-every, step-factor, batch-size, updates, log-every, replacement
hint: did you mean `learning-rate`?"#,
    );
}

#[test]
fn unknown_table() {
    Case::default().edit("[training]", "[trainng]").refused(
        r#"
spec.toml:20:2: unknown table [trainng]
   |
20 | [trainng]
   |  ^^^^^^^
allowed: experiment, sweep, data, network, codec, quantizer, training, end-to-end, evaluation, comparison, output, variant, override, profile, claim
hint: did you mean `training`?"#,
    );
}

#[test]
fn unknown_axis() {
    Case::default().edit("seeds = 3", "seeds = 3\ndata.dimensions = [64, 128]").refused(
        r#"
spec.toml:11:6: unknown field `dimensions` in [data]
   |
11 | data.dimensions = [64, 128]
   |      ^^^^^^^^^^
allowed: distribution, dimension, rank, correlation, variance, vectors, mixing-seed
hint: did you mean `dimension`?"#,
    );
}

#[test]
fn axis_not_a_list() {
    Case::default().edit("seeds = 3", "seeds = 3\ndata.rank = 8").refused(
        r#"
spec.toml:11:13: `sweep.data.rank` can't be 8
   |
11 | data.rank = 8
   |             ^
allowed: a list of values, not empty
hint: sweep.data.rank = [first, second]; for a single value set data.rank itself"#,
    );
}

#[test]
fn variant_with_axis() {
    Case::default().add("[variant.a]\nsweep.data.dimension = [8]\n").refused(
        r#"
spec.toml:24:12: a variant can't have the axis `sweep.data.dimension`
   |
24 | sweep.data.dimension = [8]
   |            ^^^^^^^^^
allowed: sweep.methods, sweep.bits, sweep.bits-per-stage, sweep.stages, sweep.seeds
hint: give the axis in [sweep], where it holds for all variants"#,
    );
}

#[test]
fn unknown_variant() {
    Case::default().add("[variant.a]\n[profile.paper.variant.b]\ntraining.updates = 5\n").refused(
        r#"
spec.toml:24:24: unknown variant `b`
   |
24 | [profile.paper.variant.b]
   |                        ^
allowed: a"#,
    );
}

#[test]
fn unknown_profile() {
    Case::default().add("[profile.paper]\nsweep.seeds = 10\n").profile("papr").refused(
        r#"
--profile papr: the experiment "toy" has no such profile; did you mean `paper`?
allowed: default, paper"#,
    );
}

#[test]
fn set_beam() {
    Case::default().set("sweep.bits=[12]").set("quantizer.beam-width=65").refused(
        r#"
--set:1:22: `quantizer.beam-width` is 65, wider than the M·K = 32 codewords of AVQ at 12 bits (M = 4, K = 8)
  |
1 | quantizer.beam-width=65
  |                      ^^
allowed: 1 to 32 at these bits
hint: "min(K, N)" follows the codebook size; an [[override]] with where = { bits = [12] } sets these bits alone"#,
    );
}

#[test]
fn set_bare() {
    Case::default().set("quantizer.init=dat").refused(
        r#"
--set:1:16: `quantizer.init` can't be "dat"
  |
1 | quantizer.init=dat
  |                ^^^
allowed: "uniform", "normal", "data", "kmeans", "pvq", "rvq"
hint: did you mean "data"?"#,
    );
}

#[test]
fn set_nothing() {
    Case::default().set("training.updates").refused(
        r#"
--set:1:1: `--set` needs a key and a value
  |
1 | training.updates
  | ^^^^^^^^^^^^^^^^
allowed: key=value, as in training.updates=500"#,
    );
}

#[test]
fn set_broken() {
    Case::default().set("sweep.bits=[12").refused(
        r#"
--set:1:15: not TOML: unclosed array, expected `]`
  |
1 | sweep.bits=[12
  |               ^"#,
    );
}

#[test]
fn set_title() {
    Case::default().set("experiment.title=x").refused(
        r#"
--set:1:1: `--set` can't change `experiment`
  |
1 | experiment.title=x
  | ^^^^^^^^^^
allowed: sweep, data, network, codec, quantizer, training, end-to-end, evaluation, comparison, variant"#,
    );
}

#[test]
fn set_axis_value() {
    Case::default()
        .edit("seeds = 3", "seeds = 3\ndata.dimension = [64, 128]")
        .edit("dimension = 64\n", "")
        .set("data.dimension=32")
        .refused(
            r#"
--set:1:16: `data.dimension` is also an axis of the sweep, which decides on its values
  |
1 | data.dimension=32
  |                ^^
hint: remove it, or change sweep.data.dimension = […]"#,
        );
}

#[test]
fn seeds_option() {
    Case::default().seeds(0).refused(
        r#"
--seeds 0: there are no seeds to run
allowed: a number of seeds, 1 or more"#,
    );
}

#[test]
fn complexity_trains() {
    Case::default().edit(r#"task = "toy""#, r#"task = "complexity""#).edit("seeds = 3\n", "").edit("distribution = \"normal\"\n", "").edit("variance = 1.0\n", "").refused(
        r#"
spec.toml:18:1: `training.learning-rate` has no meaning here: task "complexity" counts operations and trains nothing
   |
18 | learning-rate = 0.1
   | ^^^^^^^^^^^^^
allowed: sweep.methods, sweep.bits, sweep.bits-per-stage, sweep.stages, data.dimension, quantizer.beam-width, comparison.margin, comparison.comparable, comparison.reason, comparison.anomalies"#,
    );
}

#[test]
fn complexity_seeds() {
    Case::default().edit(r#"task = "toy""#, r#"task = "complexity""#).refused(
        r#"
spec.toml:10:1: `sweep.seeds` has no meaning here: task "complexity" counts operations and trains nothing
   |
10 | seeds = 3
   | ^^^^^
allowed: sweep.methods, sweep.bits, sweep.bits-per-stage, sweep.stages, data.dimension, quantizer.beam-width, comparison.margin, comparison.comparable, comparison.reason, comparison.anomalies"#,
    );
}
