//! The image experiment as a user sees it: one command from images to figures, tables and pictures.

mod common;

use common::{Env, files_below};
use vqlab::results::ResultsFile;

/// Two metrics of the same cells, a frozen network with baselines, and small everything.
const SMALL: &str = r#"
[experiment]
name = "small"
title = "Small images"
task = "image"
figures = ["4a", "4b"]

[sweep]
methods = ["avq", "rvq", "pvq"]
stages = [4]
bits = [12, 16]
seeds = 1

[data]
images = 60
test-images = 20

[variant.ssim]
evaluation.metric = "ssim"

[variant.psnr]
evaluation.metric = "psnr"

[variant.frozen]
network.frozen = true
evaluation.metric = "psnr"
sweep.methods = ["rvq", "pvq"]
sweep.baselines = ["pvq"]
training.batch-size = 64
training.iterations = 2

[network]
width = 8
blocks = 1
latent-dimension = 16
updates = 8
batch-size = 4

[quantizer]
beam-width = 4

[training]
learning-rate = 0.001
batch-size = 4
updates = 8

[output.results]
ssim = "Figure 4/SSIM_Fig4-a.json"
psnr = "Figure 4/PeakSNR_Fig4-b.json"

[output.figures]
ssim = "4a"
psnr = "4b"

[[claim]]
text = "PVQ is best first, then RVQ, then AVQ"
panels = ["ssim", "psnr"]
best-by-complexity = ["pvq", "rvq", "avq"]
"#;

fn read(env: &Env, name: &str) -> String {
    std::fs::read_to_string(env.path(name)).unwrap()
}

#[test]
fn one_command_gives_both_metrics_pictures_and_a_report() {
    let env = Env::new();
    env.write("small.toml", SMALL);
    let run = env.run(&["run", "small.toml"]).ends_with(0).prints("diff dB").prints("diff %").prints("±0.25 dB");
    run.prints("not comparable: the images are not CIFAR-10 but synthetic-images: 60 training");
    let results = env.path("results/default");
    for (file, metric) in [("SSIM_Fig4-a", "SSIM"), ("PeakSNR_Fig4-b", "Peak SNR")] {
        for name in [file.to_owned(), format!("{file}-training")] {
            let file = ResultsFile::read(&results.join(format!("Figure 4/{name}.json"))).unwrap();
            assert_eq!((file.metric(), file.label("Data")), (Some(metric), Some("synthetic-images")));
            assert!(file.mean_at("AVQ", 16).is_some_and(f64::is_finite));
        }
    }
    // 6 joint cells and 4 of the frozen network have pictures; the baseline's are not shown.
    assert_eq!(files_below(&results.join("pictures/small")).len(), 6 + 4 + 1);
    for figure in ["figure-4a", "figure-4b", "figure-4c", "quality-frozen", "pictures", "pictures-frozen"] {
        assert!(env.path(&format!("reports/default/figures/small/{figure}.png")).is_file(), "{figure}");
    }
    let report = read(&env, "reports/default/small.md");
    for part in [
        "synthetic-images (made by this program, not photographs; seed 1)",
        "64 latent vectors of dimension 16 per image",
        "All measures of the images",
        "Ranking of the methods: joint training and frozen network",
        "The uncertainty of one run",
        "figures/small/pictures.png",
    ] {
        assert!(report.contains(part), "{part}");
    }
    // The kept pictures suffice for the report.
    std::fs::remove_dir_all(env.path("results/pictures")).unwrap();
    std::fs::remove_dir_all(env.path("results/cells")).unwrap();
    let picture = env.path("reports/default/figures/small/pictures.png");
    let before = std::fs::read(&picture).unwrap();
    std::fs::remove_file(&picture).unwrap();
    env.run(&["report", "small.toml"]).ends_with(0);
    assert_eq!(std::fs::read(&picture).unwrap(), before);
}

#[test]
fn estimators_and_searches_stand_side_by_side() {
    let env = Env::new();
    let one_panel = SMALL.split("[variant.ssim]").next().unwrap().replace("figures = [\"4a\", \"4b\"]\n", "");
    let settings = &SMALL[SMALL.find("[network]").unwrap()..SMALL.find("[output.results]").unwrap()];
    let spec = |name: &str, axis: &str| {
        let text =
            one_panel.replace("\"small\"", &format!("{name:?}")).replace("seeds = 1", &format!("seeds = 1\n{axis}"));
        format!("{text}{settings}")
    };
    env.write("estimators.toml", &spec("estimators", r#"quantizer.estimator = ["nsvq", "ste", "rotation", "diveq"]"#));
    env.write("searches.toml", &spec("searches", r#"quantizer.search = ["beam", "released"]"#));
    env.run(&["run", "estimators.toml", "searches.toml", "--format", "svg"]).ends_with(0);
    let report = read(&env, "reports/default/estimators.md");
    assert!(report.contains("| method | bits | NSVQ | straight-through | rotation trick | DiVeQ | best |"), "{report}");
    let report = read(&env, "reports/default/searches.md");
    assert!(report.contains("AVQ, released search − RVQ"), "{report}");
    // RVQ has no beam: its cells are the same under either search, and under the first estimator.
    let cells =
        files_below(&env.path("results/cells")).iter().filter(|f| f.extension().is_some_and(|e| e == "json")).count();
    assert_eq!(cells, 4 * 6 + 2);
}
