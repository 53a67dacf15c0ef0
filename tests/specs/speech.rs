//! Speech experiments: the codec's bounds, bitrates, end-to-end training, and claims over bitrates.

use super::Case;

#[test]
fn bands_that_stages_do_not_divide() {
    Case::speech().edit("bands = 24", "bands = 20").refused(
        r#"
spec.toml:13:9: D = 20 can't be divided by M = 8 (D/M = 2.500): PVQ cuts each vector into M equal parts
   |
13 | bands = 20
   |         ^^
allowed: multiples of 8; the nearest: 16, 24"#,
    );
}

#[test]
fn codec_out_of_bounds() {
    Case::speech().edit("bands = 24", "bands = 24\nadvance = 640").refused(
        r#"
spec.toml:14:11: `codec.advance` can't be 640
   |
14 | advance = 640
   |           ^^^
allowed: a whole number, 320 to 512"#,
    );
}

#[test]
fn an_odd_advance() {
    Case::speech().edit("bands = 24", "bands = 24\nadvance = 401").refused(
        r#"
spec.toml:14:11: `codec.advance` can't be 401
   |
14 | advance = 401
   |           ^^^
allowed: even numbers, 320 to 512"#,
    );
}

#[test]
fn the_released_search() {
    Case::speech().edit("beam-width = 16", "beam-width = 16\nsearch = \"released\"").refused(
        r#"
spec.toml:17:10: `quantizer.search` can't be "released"
   |
17 | search = "released"
   |          ^^^^^^^^^^
allowed: "beam", "ordered": the released search may use a codebook twice, which no file can hold"#,
    );
}

#[test]
fn rounding_above_a_half() {
    Case::speech().edit("bands = 24", "bands = 24\nrounding = 0.7").refused(
        r#"
spec.toml:14:12: `codec.rounding` can't be 0.7
   |
14 | rounding = 0.7
   |            ^^^
allowed: a number from 0 to 0.5"#,
    );
}

#[test]
fn bitrate_in_kilobits() {
    Case::speech().edit("[8000, 16400]", "[8, 16]").refused(
        r#"
spec.toml:23:13: `evaluation.bitrates` can't be 8
   |
23 | bitrates = [8, 16]
   |             ^
allowed: a whole number, 6000 to 64000"#,
    );
}

#[test]
fn bitrates_in_no_order() {
    Case::speech().edit("[8000, 16400]", "[16400, 8000]").refused(
        r#"
spec.toml:23:12: `evaluation.bitrates` can't be a list
   |
23 | bitrates = [16400, 8000]
   |            ^^^^^^^^^^^^^
allowed: bit/s from the smallest to the largest, because it is the x axis"#,
    );
}

#[test]
fn bitrate_twice() {
    Case::speech().edit("[8000, 16400]", "[8000, 8000]").refused(
        r#"
spec.toml:23:19: `evaluation.bitrates` has 8000 twice
   |
23 | bitrates = [8000, 8000]
   |                   ^^^^
hint: remove one of them"#,
    );
}

#[test]
fn no_bitrates() {
    Case::speech().edit("\n[evaluation]\nbitrates = [8000, 16400]\n", "").refused(
        r#"
spec.toml:1:1: `evaluation.bitrates` is missing
  |
1 | [experiment]
  | ^^^^^^^^^^^^
hint: add, with values of your own,
  [evaluation]
  bitrates = [8_000, 13_200, 24_400]"#,
    );
}

#[test]
fn metric_of_images() {
    Case::speech().edit("bitrates =", "metric = \"psnr\"\nbitrates =").refused(
        r#"
spec.toml:23:10: `evaluation.metric` can't be "psnr"
   |
23 | metric = "psnr"
   |          ^^^^^^
allowed: "pesq", "psnr-perceptual"
hint: did you mean "psnr-perceptual"?"#,
    );
}

#[test]
fn end_to_end_settings_without_updates() {
    Case::speech().add("\n[end-to-end]\nlearning-rate = 0.1\n").refused(
        r#"
spec.toml:26:17: `end-to-end.learning-rate` has no meaning where `end-to-end.updates` is left at its default
   |
26 | learning-rate = 0.1
   |                 ^^^
allowed: only with end-to-end.updates = 1 or more
hint: remove it"#,
    );
}

#[test]
fn baselines_have_no_gradient() {
    Case::speech()
        .edit("stages = [8]", "stages = [8]\nbaselines = [\"opq\"]")
        .add("\n[end-to-end]\nupdates = 100\n")
        .refused(
            r#"
spec.toml:10:14: the baseline OPQ can't be trained end to end
   |
10 | baselines = ["opq"]
   |              ^^^^^
allowed: end-to-end.updates = 0
hint: set it to 0 in a [variant.NAME] of its own, or leave the baselines out: k-means has no gradient of the decoded signal"#,
        );
}

#[test]
fn kmeans_has_no_gradient() {
    Case::speech()
        .edit("learning-rate = 0.1\nupdates = 1000", "trainer = \"kmeans\"")
        .add("\n[end-to-end]\nupdates = 100\n")
        .refused(
            r#"
spec.toml:19:11: AVQ with training.trainer = "kmeans" can't be trained end to end
   |
19 | trainer = "kmeans"
   |           ^^^^^^^^
allowed: end-to-end.updates = 0
hint: set it to 0 in a [variant.NAME] of its own, or leave the baselines out: k-means has no gradient of the decoded signal"#,
        );
}

#[test]
fn another_estimator_alone() {
    Case::speech().edit("beam-width = 16", "beam-width = 16\nestimator = \"ste\"").refused(
        r#"
spec.toml:17:13: `quantizer.estimator` can't be "ste"
   |
17 | estimator = "ste"
   |             ^^^^^
allowed: "nsvq"
hint: only codebooks inside a network, task "image", or trained end to end (end-to-end.estimator) need another one: alone they get the exact gradient"#,
    );
}

#[test]
fn seed_of_files() {
    Case::speech().add("\n[data]\npath = \"somewhere\"\nseed = 3\n").refused(
        r#"
spec.toml:27:8: `data.seed` has no meaning where `data.path` is "somewhere"
   |
27 | seed = 3
   |        ^
allowed: only with synthetic speech, without data.path
hint: remove it"#,
    );
}

#[test]
fn distribution_of_speech() {
    Case::speech().add("\n[data]\ndistribution = \"normal\"\n").refused(
        r#"
spec.toml:26:1: `data.distribution` has no meaning here: task "speech" takes utterances from a folder, or synthetic ones, and measures their quality after coding
   |
26 | distribution = "normal"
   | ^^^^^^^^^^^^
allowed: data.path, data.set, data.utterances, data.test-utterances, data.attribution, data.seed"#,
    );
}

#[test]
fn margin_of_speech_elsewhere() {
    Case::default().add("\n[comparison]\nmargin-pesq = 0.1\n").refused(
        r#"
spec.toml:25:1: `comparison.margin-pesq` has no meaning here: task "toy" draws its vectors and measures their error
   |
25 | margin-pesq = 0.1
   | ^^^^^^^^^^^
allowed: comparison.margin, comparison.comparable, comparison.reason, comparison.anomalies"#,
    );
}

#[test]
fn claim_over_bitrates_the_wrong_way_round() {
    Case::speech().add("\n[[claim]]\ntext = \"t\"\nrises = true\nmin-bitrate = 16400\nmax-bitrate = 8000\n").refused(
        r#"
spec.toml:29:15: `max-bitrate` can't be 8000
   |
29 | max-bitrate = 8000
   |               ^^^^
allowed: min-bitrate, which is 16400, or more"#,
    );
}

#[test]
fn claim_over_bitrates_elsewhere() {
    Case::default().add("\n[[claim]]\ntext = \"t\"\nlowest = \"pvq\"\nmin-bitrate = 8000\n").refused(
        r#"
spec.toml:27:1: unknown field `min-bitrate` in [claim]
   |
27 | min-bitrate = 8000
   | ^^^^^^^^^^^
allowed: text, metric, where, best-first, margin, order, lowest, highest, rises, gap-shrinks, near-baseline, best-by-complexity, panels, min-bits, max-bits"#,
    );
}

#[test]
fn claim_that_falls() {
    Case::speech().add("\n[[claim]]\ntext = \"t\"\nrises = false\n").refused(
        r#"
spec.toml:27:9: `claim.rises` can't be false
   |
27 | rises = false
   |         ^^^^^
allowed: true"#,
    );
}
