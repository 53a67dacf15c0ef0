//! Values that are wrong alone or beside another one.

use super::Case;

#[test]
fn wrong_type() {
    Case::default().edit("updates = 1000", r#"updates = "many""#).refused(
        r#"
spec.toml:22:11: `training.updates` can't be "many"
   |
22 | updates = "many"
   |           ^^^^^^
allowed: a whole number, 1 or more"#,
    );
}

#[test]
fn huge_number() {
    Case::default().edit("updates = 1000", "updates = 99999999999999999999").refused(
        r#"
spec.toml:22:11: the number 99999999999999999999 is too large
   |
22 | updates = 99999999999999999999
   |           ^^^^^^^^^^^^^^^^^^^^"#,
    );
}

#[test]
fn list_outside_of_the_sweep() {
    Case::default().edit("updates = 1000", "updates = [1000, 2000]").refused(
        r#"
spec.toml:22:11: `training.updates` can't be a list
   |
22 | updates = [1000, 2000]
   |           ^^^^^^^^^^^^
allowed: a whole number, 1 or more
hint: to compare values, list them as `training.updates` under [sweep]"#,
    );
}

#[test]
fn unknown_method() {
    Case::default().edit(r#""rvq", "pvq""#, r#""rqv", "pvq""#).refused(
        r#"
spec.toml:7:19: `sweep.methods` can't be "rqv"
  |
7 | methods = ["avq", "rqv", "pvq"]
  |                   ^^^^^
allowed: "avq", "rvq", "pvq", "opq", "lsq"
hint: did you mean "rvq"?"#,
    );
}

#[test]
fn empty_list() {
    Case::default().edit(r#"methods = ["avq", "rvq", "pvq"]"#, "methods = []").refused(
        r#"
spec.toml:7:11: `sweep.methods` can't be an empty list
  |
7 | methods = []
  |           ^^
allowed: a list, not empty, out of "avq", "rvq", "pvq", "opq", "lsq""#,
    );
}

#[test]
fn zero_seeds() {
    Case::default().edit("seeds = 3", "seeds = 0").refused(
        r#"
spec.toml:10:9: `sweep.seeds` can't be 0
   |
10 | seeds = 0
   |         ^
allowed: a number of seeds, 1 or more (10 means 1 to 10), or a list of seeds such as [1, 5]"#,
    );
}

#[test]
fn seeds_twice() {
    Case::default().edit("seeds = 3", "seeds = [1, 2, 1]").refused(
        r#"
spec.toml:10:16: `sweep.seeds` has 1 twice
   |
10 | seeds = [1, 2, 1]
   |                ^
hint: remove one of them"#,
    );
}

#[test]
fn too_many_stages() {
    Case::default().edit("stages = [4]", "stages = [17]").refused(
        r#"
spec.toml:9:11: `sweep.stages` can't be 17
  |
9 | stages = [17]
  |           ^^
allowed: a whole number, 1 to 16"#,
    );
}

#[test]
fn beam_zero() {
    Case::default().edit("beam-width = 16", "beam-width = 0").refused(
        r#"
spec.toml:18:14: `quantizer.beam-width` can't be 0
   |
18 | beam-width = 0
   |              ^
allowed: a whole number, 1 or more, or "min(K, N)" with a whole number N"#,
    );
}

#[test]
fn variance_not_positive() {
    Case::default().edit("variance = 1.0", "variance = -1.0").refused(
        r#"
spec.toml:15:12: `data.variance` can't be -1.0
   |
15 | variance = -1.0
   |            ^^^^
allowed: a number above 0"#,
    );
}

#[test]
fn variance_infinite() {
    Case::default().edit("variance = 1.0", "variance = inf").refused(
        r#"
spec.toml:15:12: `data.variance` can't be inf
   |
15 | variance = inf
   |            ^^^
allowed: a number above 0"#,
    );
}

#[test]
fn correlation_out_of_range() {
    Case::default().edit(r#""normal""#, r#""ar1""#).edit("variance = 1.0", "variance = 1.0\ncorrelation = 1").refused(
        r#"
spec.toml:16:15: `data.correlation` can't be 1
   |
16 | correlation = 1
   |               ^
allowed: a number between -1 and 1, both excluded"#,
    );
}

#[test]
fn integer_variance() {
    Case::default().edit(r#""normal""#, r#""uniform-integers""#).edit("variance = 1.0", "variance = 141").refused(
        r#"
spec.toml:15:12: `data.variance` can't be 141
   |
15 | variance = 141
   |            ^^^
allowed: h(h+1)/3 for integers -h to h; the nearest: 140 (h = 20), 154 (h = 21)
hint: distribution = "uniform" takes any variance"#,
    );
}

#[test]
fn rank_missing() {
    Case::default().edit(r#""normal""#, r#""low-rank-mixture""#).refused(
        r#"
spec.toml:12:1: `data.rank` is missing
   |
12 | [data]
   | ^^^^^^
hint: add, with values of your own,
  [data]
  rank = 16"#,
    );
}

#[test]
fn rank_without_meaning() {
    Case::default().edit("dimension = 64", "dimension = 64\nrank = 16").refused(
        r#"
spec.toml:15:8: `data.rank` has no meaning where `data.distribution` is "normal"
   |
15 | rank = 16
   |        ^^
allowed: only with "low-rank-mixture" and "chained-maps"
hint: remove it"#,
    );
}

#[test]
fn rank_above_dimension() {
    Case::default()
        .edit(r#""normal""#, r#""chained-maps""#)
        .edit("dimension = 64", "dimension = 64\nrank = 65")
        .refused(
            r#"
spec.toml:15:8: `data.rank` can't be 65
   |
15 | rank = 65
   |        ^^
allowed: a whole number, 1 to data.dimension, which is 64"#,
        );
}

#[test]
fn rate_not_positive() {
    Case::default().edit("learning-rate = 0.1", "learning-rate = 0").refused(
        r#"
spec.toml:21:17: `training.learning-rate` can't be 0
   |
21 | learning-rate = 0
   |                 ^
allowed: a number above 0"#,
    );
}

#[test]
fn rising_rate() {
    Case::default().edit("learning-rate = 0.1", "learning-rate = 0.1\nfinal-rate = 0.2").refused(
        r#"
spec.toml:22:14: `training.final-rate` can't be 0.2
   |
22 | final-rate = 0.2
   |              ^^^
allowed: a number above 0, up to training.learning-rate, which is 0.1"#,
    );
}

#[test]
fn final_rate_of_a_constant() {
    Case::default()
        .edit("learning-rate = 0.1", "learning-rate = 0.1\nfinal-rate = 0.01\nschedule = \"constant\"")
        .refused(
            r#"
spec.toml:22:14: `training.final-rate` has no meaning where `training.schedule` is "constant"
   |
22 | final-rate = 0.01
   |              ^^^^
allowed: only with training.schedule = "cosine" or "exponential"
hint: remove it"#,
        );
}

#[test]
fn momentum_of_adam() {
    Case::default().edit("learning-rate = 0.1", "learning-rate = 0.1\nmomentum = 0.9").refused(
        r#"
spec.toml:22:12: `training.momentum` has no meaning where `training.optimizer` is left at its default
   |
22 | momentum = 0.9
   |            ^^^
allowed: only with training.optimizer = "sgd"
hint: remove it"#,
    );
}

#[test]
fn step_without_factor() {
    Case::default().edit("learning-rate = 0.1", "learning-rate = 0.1\nschedule = \"step\"").refused(
        r#"
spec.toml:22:12: the schedule "step" needs `training.step-every` and `training.step-factor`
   |
22 | schedule = "step"
   |            ^^^^^^
allowed: step-every = UPDATES and step-factor = a number above 0, up to 1"#,
    );
}

#[test]
fn vectors_text() {
    Case::default().edit("variance = 1.0", "variance = 1.0\nvectors = \"streams\"").refused(
        r#"
spec.toml:16:11: `data.vectors` can't be "streams"
   |
16 | vectors = "streams"
   |           ^^^^^^^^^
allowed: a whole number, 1 to 1000000000 (a fixed set keeps an order of its vectors in memory), or "stream" for endless new vectors"#,
    );
}

#[test]
fn threshold() {
    Case::default().add("replacement.threshold = 1.5\n").refused(
        r#"
spec.toml:23:25: `training.replacement.threshold` can't be 1.5
   |
23 | replacement.threshold = 1.5
   |                         ^^^
allowed: a number from 0 to 1"#,
    );
}

#[test]
fn stop_before_start() {
    Case::default().add("replacement.stop-before-end = 1001\n").refused(
        r#"
spec.toml:23:31: `training.replacement.stop-before-end` can't be 1001
   |
23 | replacement.stop-before-end = 1001
   |                               ^^^^
allowed: up to training.updates, which is 1000"#,
    );
}

#[test]
fn estimator() {
    Case::default().edit("beam-width = 16", r#"estimator = "ste""#).refused(
        r#"
spec.toml:18:13: `quantizer.estimator` can't be "ste"
   |
18 | estimator = "ste"
   |             ^^^^^
allowed: "nsvq"
hint: only codebooks inside a network, task "image", or trained end to end (end-to-end.estimator) need another one: alone they get the exact gradient"#,
    );
}

#[test]
fn both_bits() {
    Case::default().edit("stages = [4]", "stages = [4]\nbits-per-stage = [3]").refused(
        r#"
spec.toml:10:18: both `bits` and `bits-per-stage` are given
   |
10 | bits-per-stage = [3]
   |                  ^^^
allowed: one of them: bits counts all stages together, bits-per-stage one stage"#,
    );
}

#[test]
fn missing_bits() {
    Case::default().edit("bits = [12, 16]\n", "").refused(
        r#"
spec.toml:6:1: `sweep.bits` is missing
  |
6 | [sweep]
  | ^^^^^^^
hint: add, with values of your own,
  [sweep]
  bits = [12, 16, 20]"#,
    );
}

#[test]
fn all_that_is_missing_at_once() {
    Case::default().edit("bits = [12, 16]\n", "").edit("stages = [4]\n", "").edit("dimension = 64\n", "").refused(
        r#"
spec.toml:6:1: `sweep.stages`, `sweep.bits` and `data.dimension` are missing
  |
6 | [sweep]
  | ^^^^^^^
hint: add, with values of your own,
  [sweep]
  stages = [4]
  bits = [12, 16, 20]
  [data]
  dimension = 64"#,
    );
}

#[test]
fn abbreviations_and_fields_of_other_tables() {
    let refused = |from: &'static str, to: &'static str, help: &str| {
        let error = Case::default().edit(from, to).error();
        assert!(error.ends_with(help), "{error}");
    };
    refused("dimension = 64", "dim = 64", "hint: did you mean `dimension`?");
    refused("learning-rate = 0.1", "lr = 0.1", "hint: did you mean `training.learning-rate`?");
    refused("beam-width = 16", "updates = 100", "hint: did you mean `training.updates`?");
    refused("[quantizer]", "epochs = 100\n[quantizer]", "hint: did you mean `training.updates`?");
}

#[test]
fn quotes_that_the_shell_took() {
    Case::default().set("sweep.methods=[rvq, pvq]").refused(
        r#"
--set:1:16: not TOML: string values must be quoted, expected literal string
  |
1 | sweep.methods=[rvq, pvq]
  |                ^^^
hint: texts need quotes, which the shell removes: --set 'sweep.methods=["rvq","pvq"]'"#,
    );
}

#[test]
fn an_override_that_matches_nothing() {
    let more = "[[override]]\nwhere = { methods = [\"PVQ\"], bits = [12], min-bits = 16 }\ntraining.updates = 5\n";
    Case::default().add(more).refused(
        r#"
spec.toml:24:9: no point of the sweep matches this `where`
   |
24 | where = { methods = ["PVQ"], bits = [12], min-bits = 16 }
   |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
allowed: panels toy; methods avq, rvq, pvq; total bits 12, 16, in combinations of the sweep
hint: remove the override, or the keys that exclude all points"#,
    );
}

#[test]
fn too_many_vectors() {
    Case::default().edit("variance = 1.0", "variance = 1.0\nvectors = 1_000_000_001").refused(
        r#"
spec.toml:16:11: `data.vectors` can't be 1000000001
   |
16 | vectors = 1_000_000_001
   |           ^^^^^^^^^^^^^
allowed: a whole number, 1 to 1000000000 (a fixed set keeps an order of its vectors in memory), or "stream" for endless new vectors"#,
    );
}

#[test]
fn unknown_metric() {
    Case::default().add("[evaluation]\nmetrics = [\"mse\", \"psnr\"]\n").refused(
        r#"
spec.toml:24:19: `evaluation.metrics` can't be "psnr"
   |
24 | metrics = ["mse", "psnr"]
   |                   ^^^^^^
allowed: "mse""#,
    );
}
