//! What only shows when the sweep is expanded: points, panels, files, claims.

use super::Case;

#[test]
fn bits_not_divisible() {
    Case::default().edit("bits = [12, 16]", "bits = [12, 18]").refused(
        r#"
spec.toml:8:13: 18 bits can't be divided by 4 stages
  |
8 | bits = [12, 18]
  |             ^^
allowed: multiples of 4 from 4 to 64
help: the nearest: 16, 20"#,
    );
}

#[test]
fn too_many_bits() {
    Case::default().edit("bits = [12, 16]", "bits = [12, 68]").refused(
        r#"
spec.toml:8:13: 68 bits are 17 bits for each of 4 stages
  |
8 | bits = [12, 68]
  |             ^^
allowed: multiples of 4 from 4 to 64: 1 to 16 bits a stage"#,
    );
}

#[test]
fn dimension_not_divisible() {
    Case::default().edit("dimension = 64", "dimension = 66").refused(
        r#"
spec.toml:14:13: D = 66 can't be divided by M = 4 (D/M = 16.500): PVQ cuts each vector into M equal parts
   |
14 | dimension = 66
   |             ^^
allowed: multiples of 4; the nearest: 64, 68"#,
    );
}

#[test]
fn beam_too_wide() {
    Case::default().edit("beam-width = 16", "beam-width = 40").refused(
        r#"
spec.toml:18:14: `quantizer.beam-width` is 40, wider than the M·K = 32 codewords of AVQ at 12 bits (M = 4, K = 8)
   |
18 | beam-width = 40
   |              ^^
allowed: 1 to 32 at these bits
help: "min(K, N)" follows the codebook size; an [[override]] with where = { bits = [12] } sets these bits alone"#,
    );
}

#[test]
fn released_beam_too_wide() {
    Case::default().edit("beam-width = 16", "beam-width = 8\ntraining-beam-width = 33\nsearch = \"released\"").refused(
        r#"
spec.toml:19:23: `quantizer.training-beam-width` is 33, wider than the M·K = 32 codewords of AVQ at 12 bits (M = 4, K = 8)
   |
19 | training-beam-width = 33
   |                       ^^
allowed: 1 to 32 at these bits
help: "min(K, N)" follows the codebook size; an [[override]] with where = { bits = [12] } sets these bits alone"#,
    );
}

#[test]
fn init_of_pvq() {
    Case::default().edit("beam-width = 16", "beam-width = 16\ninit = \"pvq\"\ninit-updates = 10").refused(
        r#"
spec.toml:19:8: PVQ can't start from "pvq"
   |
19 | init = "pvq"
   |        ^^^^^
allowed: "uniform", "normal", "data", "kmeans" for PVQ
help: keep "pvq" for the other methods and add
  [[override]]
  where = { methods = ["pvq"] }
  quantizer.init = "uniform""#,
    );
}

#[test]
fn init_of_rvq() {
    Case::default().edit("beam-width = 16", "beam-width = 16\ninit = \"rvq\"\ninit-updates = 10").refused(
        r#"
spec.toml:19:8: RVQ can't start from "rvq"
   |
19 | init = "rvq"
   |        ^^^^^
allowed: "uniform", "normal", "data", "kmeans", "pvq" for RVQ
help: keep "rvq" for the other methods and add
  [[override]]
  where = { methods = ["rvq"] }
  quantizer.init = "uniform""#,
    );
}

#[test]
fn init_without_updates() {
    Case::default()
        .edit("beam-width = 16", "beam-width = 16\ninit = \"pvq\"")
        .edit(r#""rvq", "pvq""#, r#""rvq""#)
        .refused(
            r#"
spec.toml:19:8: `quantizer.init` = "pvq" needs `quantizer.init-updates`
   |
19 | init = "pvq"
   |        ^^^^^
allowed: a whole number, 1 or more: the updates of the warm start"#,
        );
}

#[test]
fn fewer_vectors_than_a_batch() {
    Case::default().edit("variance = 1.0", "variance = 1.0\nvectors = 100").refused(
        r#"
spec.toml:16:11: 100 training vectors are fewer than one batch of 256
   |
16 | vectors = 100
   |           ^^^
allowed: data.vectors = 256 or more, or training.batch-size = 100 or less"#,
    );
}

#[test]
fn fewer_vectors_than_codewords() {
    Case::default().edit("variance = 1.0", "variance = 1.0\nvectors = 1000").edit("bits = [12, 16]", "bits = [40]").refused(
        r#"
spec.toml:16:11: 1000 training vectors are fewer than the 1024 codewords of a codebook of AVQ at 40 bits (M = 4, K = 1024)
   |
16 | vectors = 1000
   |           ^^^^
allowed: data.vectors = 1024 or more"#,
    );
}

#[test]
fn primary_of_a_stream() {
    Case::default()
        .edit("variance = 1.0", "variance = 1.0\nvectors = \"stream\"")
        .add("[evaluation]\nprimary = \"training\"\n")
        .refused(
            r#"
spec.toml:25:11: `evaluation.primary` can't be "training": a stream is no training set to measure on
   |
25 | primary = "training"
   |           ^^^^^^^^^^
allowed: "fresh" where data.vectors = "stream""#,
        );
}

#[test]
fn reason_missing() {
    Case::default().add("[comparison]\ncomparable = false\n").refused(
        r#"
spec.toml:24:14: `comparison.comparable` = false needs `comparison.reason`
   |
24 | comparable = false
   |              ^^^^^
allowed: reason = "why the numbers can't stand against the published ones""#,
    );
}

#[test]
fn axis_and_value() {
    Case::default().edit("seeds = 3", "seeds = 3\ndata.dimension = [64, 128]").refused(
        r#"
spec.toml:15:13: `data.dimension` is also an axis of the sweep, which decides on its values
   |
15 | dimension = 64
   |             ^^
help: remove it, or change sweep.data.dimension = […]"#,
    );
}

#[test]
fn too_many_cells() {
    Case::default().edit("seeds = 3", "seeds = 1_000_000_000").refused(
        r#"
spec.toml:10:9: the sweep has 6000000000 cells or more
   |
10 | seeds = 1_000_000_000
   |         ^^^^^^^^^^^^^
allowed: up to 1000000 cells: panels × methods × bits × seeds
help: shorten a list, or split the experiment into several specs"#,
    );
}

#[test]
fn override_of_nothing() {
    Case::default().add("[[override]]\nwhere = { bits = [20] }\ntraining.updates = 10\n").refused(
        r#"
spec.toml:24:19: no point of the sweep has 20 bits in total
   |
24 | where = { bits = [20] }
   |                   ^^
allowed: 12, 16"#,
    );
}

#[test]
fn override_of_unknown_panel() {
    Case::default().add("[[override]]\nwhere = { panels = [\"toi\"] }\ntraining.updates = 10\n").refused(
        r#"
spec.toml:24:21: the sweep has no panel `toi`
   |
24 | where = { panels = ["toi"] }
   |                     ^^^^^
allowed: toy
help: did you mean `toy`?"#,
    );
}

#[test]
fn override_of_a_panel_field() {
    Case::default().add("[[override]]\ndata.dimension = 32\n").refused(
        r#"
spec.toml:24:6: an override can't set `data.dimension`, which holds for a whole panel
   |
24 | data.dimension = 32
   |      ^^^^^^^^^
help: set it in the experiment itself, a [variant.NAME] or a [profile.NAME]"#,
    );
}

#[test]
fn unknown_panel() {
    Case::default().add("[output.results]\ncorelated = \"Figure 2/a.json\"\n[variant.correlated]\n").refused(
        r#"
spec.toml:24:1: unknown panel `corelated`
   |
24 | corelated = "Figure 2/a.json"
   | ^^^^^^^^^
allowed: correlated
help: did you mean `correlated`?"#,
    );
}

#[test]
fn unknown_figure() {
    Case::default().add("[output.figures]\ntoy = \"2c\"\n").refused(
        r#"
spec.toml:24:7: `output.figures.toy` can't be "2c"
   |
24 | toy = "2c"
   |       ^^^^
allowed: "2a", "2b", "3", "4c", "6b""#,
    );
}

#[test]
fn file_outside() {
    Case::default().add("[output.results]\ntoy = \"../results.json\"\n").refused(
        r#"
spec.toml:24:7: `output.results.toy` can't be "../results.json"
   |
24 | toy = "../results.json"
   |       ^^^^^^^^^^^^^^^^^
allowed: a relative path without .. that ends in .json, as "Figure 2/correlated.json""#,
    );
}

#[test]
fn file_absolute() {
    Case::default().add("[output.results]\ntoy = \"/tmp/results.json\"\n").refused(
        r#"
spec.toml:24:7: `output.results.toy` can't be "/tmp/results.json"
   |
24 | toy = "/tmp/results.json"
   |       ^^^^^^^^^^^^^^^^^^^
allowed: a relative path without .. that ends in .json, as "Figure 2/correlated.json""#,
    );
}

#[test]
fn one_file_for_two() {
    Case::default().add("[output.results]\na = \"x.json\"\nb = \"x.json\"\n[variant.a]\n[variant.b]\n").refused(
        r#"
spec.toml:25:5: the panels `a` and `b` would both write "x.json"
   |
25 | b = "x.json"
   |     ^^^^^^^^
help: give each panel a file of its own"#,
    );
}

#[test]
fn claim_without_kind() {
    Case::default().add("[[claim]]\ntext = \"PVQ is best\"\n").refused(
        r#"
spec.toml:24:8: the claim says nothing that can be checked
   |
24 | text = "PVQ is best"
   |        ^^^^^^^^^^^^^
allowed: exactly one of order = [methods, lowest first], lowest = METHOD, highest = METHOD, gap-shrinks = true"#,
    );
}

#[test]
fn claim_with_two_kinds() {
    Case::default().add("[[claim]]\ntext = \"PVQ is best\"\nlowest = \"pvq\"\nhighest = \"rvq\"\n").refused(
        r#"
spec.toml:26:1: the claim has both `lowest` and `highest`
   |
26 | highest = "rvq"
   | ^^^^^^^
allowed: exactly one of order = [methods, lowest first], lowest = METHOD, highest = METHOD, gap-shrinks = true
help: write two claims"#,
    );
}
