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
hint: the nearest: 16, 20"#,
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
allowed: multiples of 4 from 4 to 64: 1 to 16 bits per stage"#,
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
hint: "min(K, N)" follows the codebook size; an [[override]] with where = { bits = [12] } sets these bits alone"#,
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
hint: "min(K, N)" follows the codebook size; an [[override]] with where = { bits = [12] } sets these bits alone"#,
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
hint: keep "pvq" for the other methods and add
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
hint: keep "rvq" for the other methods and add
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
spec.toml:25:11: `evaluation.primary` can't be "training": a stream is not a training set to measure on
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
allowed: reason = "why the numbers can't be compared with the published ones""#,
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
hint: remove it, or change sweep.data.dimension = […]"#,
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
allowed: up to 100000 cells: panels × methods × bits × seeds
hint: shorten a list, or split the experiment into several specs"#,
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
hint: did you mean `toy`?"#,
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
hint: set it in the experiment itself, a [variant.NAME] or a [profile.NAME]"#,
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
hint: did you mean `correlated`?"#,
    );
}

#[test]
fn figure_that_names_no_file() {
    Case::default().add("[output.figures]\ntoy = \"a/b\"\n").refused(
        r#"
spec.toml:24:7: `output.figures.toy` can't be "a/b"
   |
24 | toy = "a/b"
   |       ^^^^^
allowed: the paper's figures, "1", "1a", "1b", "2a", "2b", "3", "4a", "4b", "4c", "5", "6a", "6b", or a name of your own: 1 to 200 of the letters a-z and A-Z, digits, - and _"#,
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
allowed: a relative path without .. that ends in .json, as "Figure 2/correlated.json"; in it no control characters, \ or :, and names of up to 200 bytes"#,
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
allowed: a relative path without .. that ends in .json, as "Figure 2/correlated.json"; in it no control characters, \ or :, and names of up to 200 bytes"#,
    );
}

fn error(spec: &str) -> String {
    let options = vqlab::spec::LoadOptions::default();
    vqlab::spec::parse(std::path::Path::new("spec.toml"), spec, &options).expect_err("the spec is refused").to_string()
}

/// Other files that no system or not every system can have; what was found is shown without control characters.
#[test]
fn names_that_are_no_files() {
    let long = format!("{}.json", "x".repeat(250));
    for (name, shown) in [
        ("a\\u0007.json", "a\\u{7}.json"),
        ("a\\n.json", "a\\n.json"),
        ("a\\u007f.json", "a\\u{7f}.json"),
        ("a\\\\b.json", "a\\\\b.json"),
        ("c:a.json", "c:a.json"),
        (&long, &long),
    ] {
        let said = error(&format!("{}[output.results]\ntoy = \"{name}\"\n", Case::default().valid));
        assert!(said.contains(&format!("can't be \"{shown}\"")), "{said}");
        assert!(said.contains("no control characters, \\ or :, and names of up to 200 bytes"), "{said}");
    }
    for name in ["a/b", "a\\tb", "", &"x".repeat(201)] {
        let said = error(&Case::default().valid.replacen("name = \"toy\"", &format!("name = \"{name}\""), 1));
        assert!(said.contains("can't name files") && said.contains("allowed: 1 to 200 of the letters a-z"), "{said}");
        assert!(!said.lines().next().unwrap().contains('\t'), "{said}");
    }
}

#[test]
fn one_file_for_two() {
    Case::default().add("[output.results]\na = \"x.json\"\nb = \"x.json\"\n[variant.a]\n[variant.b]\n").refused(
        r#"
spec.toml:25:5: the panels `a` and `b` would both write "x.json"
   |
25 | b = "x.json"
   |     ^^^^^^^^
hint: give each panel a file of its own"#,
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
allowed: exactly one of order = [methods, lowest first, or with best-first = true the best first], lowest = METHOD, highest = METHOD, near-baseline = { method = METHOD, margin = NUMBER }, rises = true, gap-shrinks = true, best-by-complexity = [methods, the best for the fewest operations first]"#,
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
allowed: exactly one of order = [methods, lowest first, or with best-first = true the best first], lowest = METHOD, highest = METHOD, near-baseline = { method = METHOD, margin = NUMBER }, rises = true, gap-shrinks = true, best-by-complexity = [methods, the best for the fewest operations first]
hint: write two claims"#,
    );
}

#[test]
fn released_search_too_large() {
    Case::default()
        .edit("bits = [12, 16]", "bits = [48]")
        .edit("beam-width = 16", "beam-width = 16\nsearch = \"released\"")
        .refused(
            r#"
spec.toml:19:10: `quantizer.search` is "released", but the released search can't take the M·K = 16384 codewords of AVQ at 48 bits (M = 4, K = 4096)
   |
19 | search = "released"
   |          ^^^^^^^^^^
allowed: M·K up to 8192: the search keeps a matrix of (M·K)² entries
hint: set search = "beam""#,
        );
}

#[test]
fn other_search_too_large() {
    Case::default()
        .edit("bits = [12, 16]", "bits = [12, 48]")
        .add("[evaluation]\nother-search-vectors = 10\n")
        .refused(
            r#"
spec.toml:24:24: `evaluation.other-search-vectors` is 10, but the released search can't take the M·K = 16384 codewords of AVQ at 48 bits (M = 4, K = 4096)
   |
24 | other-search-vectors = 10
   |                        ^^
allowed: M·K up to 8192: the search keeps a matrix of (M·K)² entries
hint: set it to 0 there:
  [[override]]
  where = { methods = ["avq"], bits = [48] }
  evaluation.other-search-vectors = 0"#,
        );
}

#[test]
fn codebooks_too_large() {
    Case::default()
        .edit("bits = [12, 16]", "bits = [12, 64]")
        .edit("dimension = 64", "dimension = 2048")
        .refused(
            r#"
spec.toml:8:13: the codebooks of AVQ at 64 bits (M = 4, K = 65536) have M·K·D = 262144 × 2048 = 536870912 values: 2.0 GiB of f32, five times that in training
  |
8 | bits = [12, 64]
  |             ^^
allowed: up to 268435456 values, 1 GiB
hint: use fewer bits per stage, or a smaller data.dimension"#,
        );
}

#[test]
fn figures_that_no_panel_has() {
    Case::default()
        .edit("task = \"toy\"", "task = \"toy\"\nfigures = [\"2a\", \"2b\"]")
        .add("[output.figures]\ntoy = \"2a\"\n")
        .refused(
            r#"
spec.toml:5:18: `experiment.figures` has "2b", which no panel of [output.figures] has
  |
5 | figures = ["2a", "2b"]
  |                  ^^^^
allowed: "2a": the figures of [output.figures]"#,
        );
}

#[test]
fn figures_left_out() {
    Case::default()
        .edit("task = \"toy\"", "task = \"toy\"\nfigures = [\"2a\"]")
        .add("[output.figures]\na = \"2a\"\nb = \"2b\"\n[variant.a]\n[variant.b]\n")
        .refused(
            r#"
spec.toml:5:11: `experiment.figures` lacks "2b", which [output.figures] has
  |
5 | figures = ["2a"]
  |           ^^^^^^
allowed: "2a", "2b": the figures of [output.figures]"#,
        );
}

#[test]
fn metric_of_another_task() {
    Case::default().add("[[claim]]\ntext = \"t\"\nlowest = \"pvq\"\nmetric = \"recall\"\n").refused(
        r#"
spec.toml:26:10: `claim.metric` can't be "recall"
   |
26 | metric = "recall"
   |          ^^^^^^^^
allowed: "mse", "complexity""#,
    );
}

#[test]
fn claim_in_two_spellings() {
    Case::default()
        .add("[[claim]]\ntext = \"t\"\nlowest = \"pvq\"\nmin-bits = 12\nwhere = { min-bits = 16 }\n")
        .refused(
            r#"
spec.toml:27:11: the claim has `min-bits` both in `where` and beside it
   |
27 | where = { min-bits = 16 }
   |           ^^^^^^^^
allowed: only one of the two forms
hint: remove one of them"#,
        );
}

#[test]
fn claim_with_bits_and_a_range() {
    Case::default().add("[[claim]]\ntext = \"t\"\nlowest = \"pvq\"\nmax-bits = 16\nwhere = { bits = [16] }\n").refused(
        r#"
spec.toml:26:1: the claim has both `bits` and `max-bits`
   |
26 | max-bits = 16
   | ^^^^^^^^
allowed: bits = [total bits, …], or min-bits and max-bits"#,
    );
}

#[test]
fn claim_of_bits_with_a_gap() {
    Case::default()
        .edit("bits = [12, 16]", "bits = [12, 16, 20]")
        .add("[[claim]]\ntext = \"t\"\nlowest = \"pvq\"\nwhere = { bits = [12, 20] }\n")
        .refused(
            r#"
spec.toml:26:19: `claim.bits` leaves out 16 bits, between 12 and 20
   |
26 | where = { bits = [12, 20] }
   |                   ^^
allowed: neighbors out of 12, 16, 20
hint: write one claim for each run of bits"#,
        );
}

#[test]
fn claim_of_unknown_bits() {
    Case::default().add("[[claim]]\ntext = \"t\"\nlowest = \"pvq\"\nwhere = { bits = [20] }\n").refused(
        r#"
spec.toml:26:19: no point of the sweep has 20 bits in total
   |
26 | where = { bits = [20] }
   |                   ^^
allowed: 12, 16"#,
    );
}

#[test]
fn claim_where_unknown() {
    Case::default().add("[[claim]]\ntext = \"t\"\nlowest = \"pvq\"\nwhere = { panel = [\"toy\"] }\n").refused(
        r#"
spec.toml:26:11: unknown field `panel` in [claim.where]
   |
26 | where = { panel = ["toy"] }
   |           ^^^^^
allowed: panels, bits, min-bits, max-bits
hint: did you mean `panels`?"#,
    );
}

#[test]
fn complexity_of_one_stage() {
    Case::default()
        .edit(r#"task = "toy""#, r#"task = "complexity""#)
        .edit("methods = [\"avq\", \"rvq\", \"pvq\"]", "methods = [\"pvq\"]")
        .edit("stages = [4]\nseeds = 3\n", "stages = [1]\n")
        .edit("distribution = \"normal\"\n", "")
        .edit("variance = 1.0\n", "")
        .edit("[training]\nlearning-rate = 0.1\nupdates = 1000\n", "")
        .refused(
            r#"
spec.toml:9:10: the published model counts no distance of PVQ with one stage
  |
9 | stages = [1]
  |          ^^^
allowed: 2 stages or more for RVQ and PVQ; 1 for AVQ alone"#,
        );
}

#[test]
fn an_override_of_an_axis() {
    let edited = "training.updates = [10, 20]\nseeds = 3";
    let more = "[[override]]\nwhere = { bits = [12] }\ntraining.updates = 7\n";
    let error = Case::default().edit("seeds = 3", edited).edit("updates = 1000\n", "").add(more).error();
    assert!(error.contains("an override can't set `training.updates`, which is an axis of the sweep"), "{error}");
}

#[test]
fn a_file_that_another_measurement_has() {
    let more = "[variant.a]\n[variant.a-training]\n";
    let error = Case::default().add(more).error();
    assert!(error.contains("would both write \"toy/a-training.json\""), "{error}");
}

#[test]
fn names_of_folders_of_the_results() {
    let error = Case::default().edit("name = \"toy\"", "name = \"provenance\"").error();
    assert!(error.contains("an experiment can't be named \"provenance\""), "{error}");
    let error = Case::default().add("[output.results]\ntoy = \"provenance/x.json\"\n").error();
    assert!(error.contains("can't be \"provenance/x.json\""), "{error}");
}
