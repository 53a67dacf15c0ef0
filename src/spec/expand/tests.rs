//! Tests of the expansion: panels, precedence of the layers, and normalized cells, on small specs and on the full
//! example.

use super::super::{
    CellSettings, ClaimKind, Contender, Estimator, ImageSettings, Init, LoadOptions, Margin, Method, Noise, Optimizer,
    Plan, Primary, Replacement, Schedule, Search, ToySettings, TrainingSettings, Vectors, parse,
};
use std::path::Path;

const FULL: &str = include_str!("../../../tests/specs/toy.toml");

const SMALL: &str = r#"
[experiment]
name = "small"
title = "Small"
task = "toy"
[sweep]
methods = ["rvq", "avq"]
bits = [8, 4]
stages = [2]
seeds = [5, 1]
[data]
distribution = "normal"
dimension = 8
variance = 1
[training]
learning-rate = 0.1
updates = 1000
[quantizer]
beam-width = 8
"#;

fn load(text: &str, profile: Option<&str>, set: &[&str]) -> Plan {
    let options = LoadOptions {
        profile: profile.map(str::to_owned),
        set: set.iter().map(|s| (*s).to_owned()).collect(),
        seeds: None,
        ..LoadOptions::default()
    };
    parse(Path::new("spec.toml"), text, &options).unwrap_or_else(|error| panic!("{error}"))
}

/// The toy settings of one point.
fn toy(plan: &Plan, panel: &str, method: Method, bits: u32) -> ToySettings {
    let panel = plan.panels.iter().find(|p| p.name == panel).expect("panel");
    let point = panel.points.iter().find(|p| p.contender.method == method && p.bits == bits).expect("point");
    match &point.cells[0].settings {
        CellSettings::Toy(settings) => settings.clone(),
        _ => panic!("not a toy cell"),
    }
}

fn nsvq(settings: &ToySettings) -> &TrainingSettings {
    settings.training.nsvq().expect("stochastic training")
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.panels.iter().map(|panel| panel.name.as_str()).collect()
}

#[test]
fn small_spec_gets_defaults_and_order() {
    let plan = load(SMALL, None, &[]);
    assert_eq!(names(&plan), ["small"]);
    assert_eq!(
        (plan.profile.as_str(), plan.panels[0].metric.as_str(), plan.primary),
        ("default", "mse", Primary::Fresh)
    );
    let panel = &plan.panels[0];
    assert_eq!(panel.results_file, "small/small.json");
    assert_eq!((panel.published_file.as_ref(), panel.figure.as_ref()), (None, None));
    let points: Vec<_> = panel.points.iter().map(|p| (p.contender.method, p.bits, p.beam_width)).collect();
    let (rvq, avq) = (Method::Rvq, Method::Avq);
    assert_eq!(points, [(rvq, 4, None), (rvq, 8, None), (avq, 4, Some(8)), (avq, 8, Some(8))]);
    let following = load(SMALL, None, &["quantizer.beam-width=min(K, 16)"]);
    let beams: Vec<_> = following.panels[0].points.iter().map(|p| p.beam_width).collect();
    assert_eq!(beams, [None, None, Some(4), Some(16)]);
    assert_eq!(panel.points[0].cells.iter().map(|c| c.seed).collect::<Vec<_>>(), [5, 1]);
    let cell = toy(&plan, "small", Method::Rvq, 8);
    assert_eq!(nsvq(&cell).optimizer, Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
    assert_eq!(nsvq(&cell).schedule, Schedule::Exponential { final_rate: 0.001 });
    assert_eq!(nsvq(&cell).replacement, Some(Replacement { every: 200, threshold: 0.01, stop_before_end: 100 }));
    assert_eq!((nsvq(&cell).batch_size, nsvq(&cell).log_every), (256, 50));
    assert_eq!((cell.data.vectors, cell.evaluation.vectors), (Vectors::Fixed(500_000), 262_144));
}

#[test]
fn later_layers_win() {
    let updates = |profile, set: &[&str], panel, method, bits| {
        toy(&load(FULL, profile, set), panel, method, bits).training.nsvq().unwrap().updates
    };
    // base < variant < profile's variant, profile < variant
    assert_eq!(updates(None, &[], "uncorrelated", Method::Avq, 40), 8000);
    assert_eq!(updates(None, &[], "correlated", Method::Avq, 40), 16000);
    assert_eq!(updates(Some("paper"), &[], "uncorrelated", Method::Avq, 40), 20000);
    assert_eq!(updates(Some("reference"), &[], "correlated", Method::Rvq, 40), 16000);
    assert_eq!(updates(Some("paper"), &[], "correlated", Method::Rvq, 40), 60000);
    // < override < --set, and --set of a variant for that variant alone
    assert_eq!(updates(Some("paper"), &[], "correlated", Method::Avq, 28), 60000);
    assert_eq!(updates(Some("paper"), &[], "correlated", Method::Avq, 32), 30000);
    assert_eq!(updates(Some("paper"), &["training.updates=5000"], "correlated", Method::Avq, 32), 5000);
    let variant = ["training.updates=5000", "variant.correlated.training.updates=6000"];
    assert_eq!(updates(Some("paper"), &variant, "correlated", Method::Avq, 32), 6000);
    assert_eq!(updates(Some("paper"), &variant, "uncorrelated", Method::Avq, 32), 5000);
    // An axis overrides the profile. An override can't change an axis, because the panel's name would be wrong.
    let axis = SMALL.replace("seeds = [5, 1]", "training.updates = [2000, 3000]")
        + "[[override]]\nwhere = { panels = [\"updates=3000\"], bits = [8] }\ntraining.batch-size = 64\n[profile.p]\ntraining.log-every = 10\n";
    let axis = axis.replace("updates = 1000", "");
    let plan = load(&axis, Some("p"), &["quantizer.beam-width=2"]);
    assert_eq!(names(&plan), ["updates=2000", "updates=3000"]);
    let of = |panel, bits| {
        let training = toy(&plan, panel, Method::Avq, bits).training;
        training.nsvq().map(|nsvq| (nsvq.updates, nsvq.batch_size)).unwrap()
    };
    let found = (of("updates=2000", 8), of("updates=3000", 4), of("updates=3000", 8));
    assert_eq!(found, ((2000, 256), (3000, 256), (3000, 64)));
}

#[test]
fn full_spec_becomes_the_plan_it_says() {
    let plan = load(FULL, None, &[]);
    assert_eq!(names(&plan), ["correlated", "uncorrelated"]);
    assert_eq!(plan.figures, ["2a", "2b"]);
    assert_eq!(plan.contenders, Method::PAPER.map(Contender::proposed));
    assert_eq!(plan.seeds, [1, 2, 3]);
    assert_eq!(plan.cells().len(), 2 * 3 * 8 * 3);
    let panel = &plan.panels[0];
    assert_eq!(panel.labels, [("Data".to_owned(), "Correlated".to_owned())]);
    assert_eq!(panel.results_file, "Figure 2/correlated_dataset_Fig2-a.json");
    assert_eq!(panel.published_file.as_deref(), Some("Figure 2/correlated_dataset_Fig2-a.json"));
    assert_eq!(panel.comparison.point_margins, [(Contender::proposed(Method::Avq), 12, Margin::Relative(0.01))]);
    assert_eq!(panel.comparison.anomalies.len(), 1);
    assert!(panel.comparison.not_comparable.is_some());
    let released = toy(&plan, "correlated", Method::Avq, 12);
    assert_eq!(released.quantizer.search, Some(Search::Released));
    assert_eq!((released.quantizer.beam_width, released.quantizer.training_beam_width), (Some(16), Some(4)));
    assert_eq!((released.data.rank, released.data.mixing_seed), (Some(16), Some(1)));
    assert_eq!(released.evaluation.other_search_vectors, 16384);
    let pvq = toy(&plan, "uncorrelated", Method::Pvq, 12);
    assert_eq!((pvq.quantizer.search, pvq.quantizer.beam_width), (None, None));
    assert_eq!((pvq.data.rank, pvq.data.mixing_seed, pvq.evaluation.other_search_vectors), (None, None, 0));
    assert!(matches!(&plan.claims[1].kind, ClaimKind::Lowest(named) if *named == Method::Pvq.into()));
    assert_eq!((plan.claims[1].min, &plan.claims[1].panels[..]), (Some(20), &["uncorrelated".to_owned()][..]));
}

#[test]
fn what_a_later_choice_makes_meaningless_has_no_effect() {
    // `final-rate` of the base with the profile's constant schedule; `reason` with a comparable profile.
    let reference = load(FULL, Some("reference"), &[]);
    assert_eq!(nsvq(&toy(&reference, "correlated", Method::Rvq, 12)).schedule, Schedule::Constant);
    assert_eq!(reference.primary, Primary::Fresh);
    assert_eq!(load(FULL, Some("paper"), &[]).panels[0].comparison.not_comparable, None);
    // `init-updates` of the profile, where its override changes to another init.
    let warm = load(FULL, Some("warm"), &[]);
    let quantizer = |method| toy(&warm, "uncorrelated", method, 12).quantizer;
    assert_eq!((quantizer(Method::Pvq).init, quantizer(Method::Pvq).init_updates), (Init::Uniform, None));
    assert_eq!((quantizer(Method::Avq).init, quantizer(Method::Avq).init_updates), (Init::Pvq, Some(4000)));
}

#[test]
fn axes_make_panels_and_share_cells() {
    let axes = SMALL
        .replace("[data]", "data.dimension = [8, 16]\nquantizer.search = [\"beam\", \"released\"]\n[data]")
        .replace("stages = [2]", "stages = [2, 1]")
        .replace("dimension = 8", "")
        + "[variant.a]\n[variant.b]\ndata.distribution = \"laplace\"\n";
    let plan = load(&axes, None, &[]);
    assert_eq!(plan.panels.len(), 2 * 2 * 2 * 2);
    assert_eq!(
        names(&plan)[..5],
        [
            "a/dimension=8/beam/stages=2",
            "a/dimension=8/beam/stages=1",
            "a/dimension=8/released/stages=2",
            "a/dimension=8/released/stages=1",
            "a/dimension=16/beam/stages=2"
        ]
    );
    assert_eq!((plan.panels[4].dimension, plan.panels[4].points[0].stages), (16, 2));
    // RVQ has no encoder search setting, so those cells are the same work.
    assert_eq!(plan.cells().len(), 16 * 2 * 2 / 2 + 16 * 2 * 2);
    // --set can change the axes themselves. Names that other profiles know stay valid.
    let fewer = load(&axes, None, &["sweep.data.dimension=[8]", "sweep.stages=[2]"]);
    assert_eq!(
        names(&fewer),
        ["a/dimension=8/beam", "a/dimension=8/released", "b/dimension=8/beam", "b/dimension=8/released"]
    );
}

#[test]
fn bits_per_stage_and_seeds_can_be_replaced() {
    let plan = load(SMALL, None, &["sweep.bits-per-stage=[3]", "sweep.methods=[\"rvq\"]", "sweep.seeds=2"]);
    let point = &plan.panels[0].points[0];
    assert_eq!((point.bits, point.bits_per_stage, point.cells.len()), (6, 3, 2));
    let options = LoadOptions { seeds: Some(4), ..LoadOptions::default() };
    let plan = parse(Path::new("spec.toml"), SMALL, &options).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(plan.seeds, [1, 2, 3, 4]);
}

#[test]
fn complexity_has_shapes_alone() {
    let text = r#"
[experiment]
name = "complexity"
title = "Complexity"
task = "complexity"
[sweep]
methods = ["avq", "pvq"]
bits-per-stage = [3, 8]
stages = [4]
[data]
dimension = 128
[quantizer]
beam-width = "min(K, 64)"
[output.results]
complexity = "Figure 6/Complexity_Fig6-b.json"
"#;
    let plan = load(text, None, &[]);
    assert_eq!((plan.panels[0].metric.as_str(), &plan.seeds[..]), ("log10-wmops", &[0][..]));
    let widths: Vec<_> = plan.panels[0].points.iter().map(|p| (p.bits, p.beam_width, p.cells.len())).collect();
    assert_eq!(widths, [(12, Some(8), 1), (32, Some(64), 1), (12, None, 1), (32, None, 1)]);
}

#[test]
fn a_base_override_wins_over_the_profile_but_not_over_its_overrides() {
    let base = SMALL.to_owned()
        + "[[override]]\nwhere = { bits = [8] }\ntraining.updates = 8000\n[profile.quick]\ntraining.updates = 500\n";
    let updates = |text: &str, set: &[&str], bits| {
        toy(&load(text, Some("quick"), set), "small", Method::Avq, bits).training.nsvq().unwrap().updates
    };
    assert_eq!((updates(&base, &[], 4), updates(&base, &[], 8)), (500, 8000));
    assert_eq!(updates(&base, &["training.updates=50"], 8), 50);
    let own = base + "[[profile.quick.override]]\nwhere = { bits = [8] }\ntraining.updates = 600\n";
    assert_eq!(updates(&own, &[], 8), 600);
}

#[test]
fn contract_fields_say_again_what_the_spec_says() {
    let plain = load(FULL, None, &[]);
    let text = FULL
        .replacen("task = \"toy\"", "task = \"toy\"\nfigures = [\"2b\", \"2a\"]", 1)
        .replacen("[evaluation]", "[evaluation]\nmetrics = [\"mse\"]", 1)
        .replace("[[claim]]", "[[claim]]\nmetric = \"mse\"")
        .replacen(
            "lowest = \"pvq\"\npanels = [\"uncorrelated\"]\nmin-bits = 20",
            "lowest = \"pvq\"\nwhere = { panels = [\"uncorrelated\"], min-bits = 20 }",
            1,
        );
    let plan = load(&text, None, &[]);
    let keys = |plan: &Plan| plan.cells().iter().map(super::Cell::key).collect::<Vec<_>>();
    assert_eq!(keys(&plan), keys(&plain));
    assert_eq!(plan.figures, plain.figures);
    assert_eq!(format!("{:?}", plan.claims), format!("{:?}", plain.claims));
}

#[test]
fn bits_of_a_claim_are_a_range() {
    let range = |scope: &str| {
        let text = SMALL.replacen("[8, 4]", "[8, 4, 12]", 1) + "[[claim]]\ntext = \"t\"\nlowest = \"avq\"\n" + scope;
        let claim = &load(&text, None, &[]).claims[0];
        (claim.min, claim.max)
    };
    assert_eq!(range("where = { bits = [8, 4] }"), (Some(4), Some(8)));
    assert_eq!(range("where.bits = [12]"), (Some(12), Some(12)));
    assert_eq!(range("min-bits = 8\nwhere = { max-bits = 12 }"), (Some(8), Some(12)));
    assert_eq!(range(""), (None, None));
}

#[test]
fn limits_are_reached_but_not_passed() {
    // M·K = 8192 with the released search, both ways. RVQ and PVQ do not use it.
    let released = SMALL.replacen("[8, 4]", "[24]", 1).replacen("seeds = [5, 1]", "seeds = 1", 1)
        + "search = \"released\"\n[evaluation]\nother-search-vectors = 10\n";
    assert_eq!(toy(&load(&released, None, &[]), "small", Method::Avq, 24).quantizer.bits_per_stage, 12);
    let without = load(&released, None, &["sweep.methods=[\"rvq\"]", "sweep.bits=[28]"]);
    assert_eq!(toy(&without, "small", Method::Rvq, 28).evaluation.other_search_vectors, 0);
    // 2·2^11·2^16 = 2^28 values; PVQ has 1/M of them.
    let large = ["sweep.bits=[22]", "data.dimension=65536"];
    assert_eq!(toy(&load(SMALL, None, &large), "small", Method::Rvq, 22).data.dimension, 65_536);
    let cut = ["sweep.methods=[\"pvq\"]", "sweep.bits=[24]", "data.dimension=65536"];
    assert_eq!(toy(&load(SMALL, None, &cut), "small", Method::Pvq, 24).data.dimension, 65_536);
    let most = load(SMALL, None, &["data.vectors=1000000000"]);
    assert_eq!(toy(&most, "small", Method::Rvq, 4).data.vectors, Vectors::Fixed(1_000_000_000));
}

const IMAGE: &str = r#"
[experiment]
name = "image"
title = "Images"
task = "image"
[sweep]
methods = ["avq", "rvq", "pvq"]
bits = [12]
stages = [4]
seeds = 1
[variant.ssim]
evaluation.metric = "ssim"
[variant.psnr]
evaluation.metric = "psnr"
[variant.frozen]
network.frozen = true
sweep.baselines = ["opq"]
training.batch-size = 128
[quantizer]
estimator = "diveq"
noise = "stage"
[training]
learning-rate = 0.001
updates = 1000
[comparison]
margin = 0.02
margin-db = 0.5
"#;

fn image(plan: &Plan, panel: usize, point: usize) -> ImageSettings {
    match &plan.panels[panel].points[point].cells[0].settings {
        CellSettings::Image(settings) => settings.clone(),
        _ => panic!("not an image cell"),
    }
}

#[test]
fn panels_of_images_share_cells_under_two_metrics() {
    let plan = load(IMAGE, None, &[]);
    assert_eq!(plan.cells().len(), 3 + 4);
    assert_eq!(plan.primary, Primary::Fresh);
    let metrics: Vec<&str> = plan.panels.iter().map(|p| p.metric.as_str()).collect();
    assert_eq!(metrics, ["ssim", "psnr", "psnr"]);
    let margins: Vec<Margin> = plan.panels.iter().map(|p| p.comparison.margin).collect();
    assert_eq!(margins, [Margin::Relative(0.02), Margin::Decibel(0.5), Margin::Decibel(0.5)]);
    assert!(plan.is_part_of_earlier(&plan.panels[1]) && !plan.is_part_of_earlier(&plan.panels[2]));
    assert_eq!(plan.panels[0].labels, [("Data".into(), "synthetic-images".into())]);
}

#[test]
fn image_cells_hold_what_has_a_meaning() {
    let plan = load(IMAGE, None, &[]);
    let (avq, pvq, frozen) = (image(&plan, 0, 0), image(&plan, 0, 2), image(&plan, 2, 0));
    // Only a product quantizer can have noise per part.
    let noise = |settings: &ImageSettings| settings.joint.as_ref().map(|joint| joint.noise);
    assert_eq!([noise(&avq), noise(&pvq), noise(&frozen)], [Some(Noise::Vector), Some(Noise::Stage), None]);
    assert_eq!(avq.joint.as_ref().map(|j| (j.estimator, j.commitment)), Some((Estimator::Diveq, None)));
    assert_eq!([avq.quantizer.init, frozen.quantizer.init], [Init::Kmeans, Init::Uniform]);
    let batch = |settings: &ImageSettings| settings.training.nsvq().map(|nsvq| nsvq.batch_size);
    assert_eq!([batch(&avq), batch(&frozen)], [Some(32), Some(128)]);
    let plan = load(IMAGE, None, &["variant.psnr.quantizer.estimator=ste"]);
    let joint = image(&plan, 1, 2).joint.expect("joint training");
    assert_eq!((joint.estimator, joint.commitment, joint.noise), (Estimator::Ste, Some(0.25), Noise::Vector));
}
