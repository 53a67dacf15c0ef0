//! Plans and records for the tests of figures and reports: the published numbers with small deviations by a formula.
#![allow(dead_code)]

use std::collections::{BTreeMap, HashMap};

use vqlab::complexity::{Model, Precision, count};
use vqlab::results::published;
use vqlab::runner::{LogPoint, RECORD_FORMAT, RECORD_VERSION, Record, RunInfo, StageUse, Status};
use vqlab::spec::*;
use vqlab::task::Task;
use vqlab::task::complexity::Complexity;
use vqlab::task::toy::Toy;

pub mod made;
pub mod speech;

pub const METHODS: [Method; 3] = [Method::Avq, Method::Rvq, Method::Pvq];
const SEEDS: u64 = 4;

/// Figure 2: correlated and uncorrelated.
pub fn toy() -> Plan {
    let correlated = panel("correlated", "Correlated", 64, 1, "Figure 2/correlated_dataset_Fig2-a.json", "2a");
    let uncorrelated = panel("uncorrelated", "Uncorrelated", 64, 1, "Figure 2/uncorrelated_dataset_Fig2-b.json", "2b");
    let mut plan = plan("toy", "Toy data <MSE & bits>", &Toy, &["2a", "2b"], vec![correlated, uncorrelated]);
    plan.panels[0].comparison.anomalies = vec!["AVQ at 12 bits is not a 12-bit code: it uses a codebook twice.".into()];
    plan.claims = vec![Claim {
        text: "On correlated data AVQ has the lowest error, then RVQ, then PVQ.".into(),
        kind: ClaimKind::Order { order: METHODS.map(Into::into).to_vec(), best_first: false },
        panels: vec!["correlated".into()],
        metric: ClaimMetric::Primary,
        min: None,
        max: None,
        margin: None,
    }];
    plan
}

/// Figure 3: three dimensions.
pub fn dimensions() -> Plan {
    let of = |d: usize| {
        let mut p = panel(&d.to_string(), "", d, 1, &format!("Figure 3/Data_Dimension_{d}.json"), "3");
        p.labels = vec![("Data Dimension".into(), d.to_string())];
        p
    };
    plan("toy-dimension", "Dimension", &Toy, &["3"], [64, 128, 256].map(of).to_vec())
}

/// Five draws of the mixing matrix against Figure 2a.
pub fn draws() -> Plan {
    let of =
        |seed: u64| panel(&seed.to_string(), "Correlated", 64, seed, "Figure 2/correlated_dataset_Fig2-a.json", "2a");
    plan("draws", "Draws", &Toy, &["2a"], (1..=5).map(of).collect())
}

/// Figures 4c and 6b.
pub fn complexity() -> Plan {
    let of = |name: &str, file: &str, d: usize| {
        let mut panel = panel(name, "", d, 1, file, name);
        panel.labels.clear();
        panel.metric = "log10-wmops".into();
        for point in &mut panel.points {
            let k = 1usize << point.bits_per_stage;
            point.beam_width = (point.contender.method == Method::Avq).then_some(if d == 64 { 16 } else { k.min(64) });
            let (method, stages, bits_per_stage, beam_width) =
                (point.contender.method, 4, point.bits_per_stage, point.beam_width);
            let settings = ComplexitySettings { method, dimension: d, stages, bits_per_stage, beam_width };
            point.cells = vec![Cell { settings: CellSettings::Complexity(settings), seed: 0 }];
        }
        panel
    };
    let panels =
        vec![of("4c", "Figure 4/Complexity_Fig4-c.json", 64), of("6b", "Figure 6/Complexity_Fig6-b.json", 128)];
    plan("complexity", "Complexity", &Complexity, &["4c", "6b"], panels)
}

fn plan(name: &str, title: &str, task: &'static dyn Task, figures: &[&str], panels: Vec<Panel>) -> Plan {
    Plan {
        name: name.into(),
        title: title.into(),
        description: "A quantizer is trained alone on drawn vectors.".into(),
        source: format!("experiments/{name}.toml").into(),
        source_text: "[experiment]\nname = \"x\" # <b>\n".into(),
        task,
        profile: "paper".into(),
        folder: "paper".into(),
        figures: figures.iter().map(|f| f.to_string()).collect(),
        primary: Primary::Training,
        contenders: METHODS.map(Contender::proposed).to_vec(),
        seeds: (1..=SEEDS).collect(),
        panels,
        claims: vec![],
        codebooks: false,
        options: vqlab::spec::LoadOptions::default(),
        data_sets: vec![],
        attributions: vec![],
    }
}

fn panel(name: &str, data: &str, dimension: usize, mixing: u64, file: &str, figure: &str) -> Panel {
    let points = METHODS.iter().flat_map(|m| (3..=10).map(move |b| point(*m, b, data, dimension, mixing)));
    Panel {
        name: name.into(),
        labels: vec![("Data".into(), data.into())],
        metric: "mse".into(),
        dimension,
        results_file: file.into(),
        published_file: Some(file.into()),
        figure: Some(figure.into()),
        comparison: Comparison {
            margin: Margin::Relative(0.005),
            point_margins: vec![(Contender::proposed(Method::Avq), 12, Margin::Relative(0.01))],
            not_comparable: None,
            anomalies: vec![],
        },
        axis: PanelAxis::Bits,
        measured_at: vec![],
        points: points.collect(),
    }
}

fn point(method: Method, bits_per_stage: u32, data: &str, dimension: usize, mixing: u64) -> PlannedPoint {
    let beam_width = (method == Method::Avq).then_some(16);
    let low_rank = data == "Correlated";
    let toy = ToySettings {
        data: ToyData {
            distribution: if low_rank { Distribution::LowRankMixture } else { Distribution::UniformIntegers },
            dimension,
            rank: low_rank.then_some(16),
            correlation: None,
            variance: if low_rank { 15.7 } else { 140.0 },
            vectors: Vectors::Fixed(500_000),
            mixing_seed: low_rank.then_some(mixing),
        },
        quantizer: QuantizerSettings {
            method,
            stages: 4,
            bits_per_stage,
            beam_width,
            training_beam_width: beam_width.map(|_| 4),
            search: beam_width.map(|_| Search::Beam),
            init: Init::Uniform,
            init_updates: None,
            init_learning_rate: None,
        },
        training: Training::Nsvq(TrainingSettings {
            optimizer: Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
            learning_rate: 0.1,
            schedule: Schedule::Exponential { final_rate: 1e-3 },
            batch_size: 256,
            updates: 20_000,
            log_every: 1000,
            replacement: Some(Replacement { every: 200, threshold: 0.01, stop_before_end: 2000 }),
        }),
        evaluation: EvaluationSettings { vectors: 1 << 18, other_search_vectors: 1 << 16, training_vectors: None },
    };
    let cells = (1..=SEEDS).map(|seed| Cell { settings: CellSettings::Toy(toy.clone()), seed }).collect();
    PlannedPoint {
        contender: Contender::proposed(method),
        bits: 4 * bits_per_stage,
        stages: 4,
        bits_per_stage,
        beam_width,
        cells,
    }
}

/// A finished record for every cell, but one in `leave_out_every` (0 = none).
pub fn records(plan: &Plan, leave_out_every: usize) -> HashMap<String, Record> {
    let mut records = HashMap::new();
    let mut number: usize = 0;
    for panel in &plan.panels {
        for point in &panel.points {
            for cell in &point.cells {
                number += 1;
                if leave_out_every == 0 || !number.is_multiple_of(leave_out_every) {
                    records.insert(cell.key(), record(panel, point, cell));
                }
            }
        }
    }
    records
}

fn record(panel: &Panel, point: &PlannedPoint, cell: &Cell) -> Record {
    let file = panel.published_file.as_deref().and_then(published).expect("embedded");
    let value = file.mean_at(point.contender.method.label(), point.bits).expect("published point");
    let (metrics, log) = match &cell.settings {
        CellSettings::Toy(toy) => (toy_metrics(value, point, cell, toy), log(value, point.bits_per_stage)),
        _ => (wmops(panel.dimension, point), vec![]),
    };
    Record {
        format: RECORD_FORMAT.into(),
        version: RECORD_VERSION,
        key: cell.key(),
        status: Status::Done,
        reason: None,
        metrics,
        log,
        samples: BTreeMap::new(),
        run: RunInfo {
            wall_seconds: 1.5 * f64::from(point.bits),
            program_version: "0.1.0".into(),
            finished_unix: 1_700_000_000,
            cpu: "avx512f, Test CPU".into(),
            timings: BTreeMap::new(),
        },
        cell: cell.clone(),
    }
}

fn wmops(dimension: usize, point: &PlannedPoint) -> BTreeMap<String, f64> {
    let value = |model: Model| {
        let k = 1 << point.bits_per_stage;
        let operations = count(point.contender.method, dimension, 4, k, point.beam_width, model).ok()?;
        Some((format!("log10-wmops-{}", model.name()), operations.log10_wmops(Precision::Single)))
    };
    Model::ALL.into_iter().filter_map(value).collect()
}

fn toy_metrics(value: f64, point: &PlannedPoint, cell: &Cell, toy: &ToySettings) -> BTreeMap<String, f64> {
    let b = f64::from(point.bits_per_stage);
    let (seed, draw) = (cell.seed as f64, toy.data.mixing_seed.unwrap_or(1) as f64);
    let wave = 0.002 * (b * 1.7 + draw).sin() + 0.03 * (draw - 1.0) * (0.5 * draw).cos() + 0.0004 * (seed * 2.3).sin();
    let training = value * (1.0 + wave);
    let slope = if point.contender.method == Method::Pvq { 0.003 } else { 0.007 };
    let fresh = training * (1.0 + slope * (b - 3.0) + 0.001 + 0.0003 * (seed * 5.0).cos());
    let mut metrics = BTreeMap::from([("mse-training".to_string(), training), ("mse-fresh".to_string(), fresh)]);
    if point.contender.method == Method::Avq {
        let loss = if toy.data.rank.is_some() { 0.004 * (b - 2.0).powi(2) } else { 0.001 };
        metrics.insert("mse-subset-beam".into(), training * 1.001);
        metrics.insert("mse-subset-released".into(), training * 1.001 * (1.0 + loss));
        metrics.insert("repeated-share-subset-released".into(), if point.bits == 12 { 0.67 } else { 0.0 });
    }
    metrics
}

fn log(value: f64, bits_per_stage: u32) -> Vec<LogPoint> {
    let k = f64::from(1u32 << bits_per_stage);
    let at = |i: u64| {
        let t = i as f64 / 20.0;
        let stage = |s: usize| {
            let center = 6.0 + 6.0 * t;
            let bin = |j: u32| (k * (-((f64::from(j) - center) / 2.0).powi(2)).exp() / 3.6).round() as u32;
            let used = 0.6 + 0.39 * t + 0.002 * s as f64;
            StageUse { perplexity: k * (0.3 + 0.6 * t), used_share: used, histogram: (0..18).map(bin).collect() }
        };
        LogPoint {
            update: 1000 * i,
            learning_rate: 0.1 * 0.01f64.powf(t),
            loss: value * (1.0 + 2.0 * (-5.0 * t).exp()),
            replaced: if i < 18 { 40 / i } else { 0 },
            stages: (0..4).map(stage).collect(),
        }
    };
    (1..=20).map(at).collect()
}
