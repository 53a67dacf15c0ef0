//! A small plan with made-up records, for the tests of results and comparison.

use std::collections::{BTreeMap, HashMap};

use crate::runner::{RECORD_FORMAT, RECORD_VERSION, Record, RunInfo, Status};
use crate::spec::*;

/// One panel, `correlated`, with AVQ, RVQ and PVQ at 12 and 16 bits, against the published Figure 2a.
pub fn plan(seeds: u64) -> Plan {
    let seeds: Vec<u64> = (1..=seeds).collect();
    let contenders = Method::PAPER.map(Contender::proposed).to_vec();
    let points = Method::PAPER.iter().flat_map(|m| [3, 4].map(|b| point(*m, b, &seeds))).collect();
    let panel = Panel {
        name: "correlated".into(),
        labels: vec![("Data".into(), "Correlated".into())],
        metric: "mse".into(),
        dimension: 64,
        results_file: "Figure 2/correlated.json".into(),
        published_file: Some("Figure 2/correlated_dataset_Fig2-a.json".into()),
        figure: Some("2a".into()),
        comparison: Comparison {
            margin: Margin::Relative(0.01),
            point_margins: vec![],
            not_comparable: None,
            anomalies: vec![],
        },
        axis: PanelAxis::Bits,
        measured_at: vec![],
        points,
    };
    Plan {
        name: "small".into(),
        title: "Small".into(),
        description: String::new(),
        source: "experiments/small.toml".into(),
        source_text: "[experiment]".into(),
        task: &crate::task::toy::Toy,
        profile: "quick".into(),
        folder: "quick".into(),
        figures: vec!["2a".into()],
        primary: Primary::Training,
        contenders,
        seeds,
        panels: vec![panel],
        claims: vec![],
        codebooks: false,
        options: LoadOptions::default(),
        data_sets: Vec::new(),
        attributions: vec![],
    }
}

fn point(method: Method, bits_per_stage: u32, seeds: &[u64]) -> PlannedPoint {
    let beam_width = method.has_beam().then_some(16);
    let cells = seeds.iter().map(|seed| cell(method, bits_per_stage, beam_width, *seed)).collect();
    PlannedPoint {
        contender: Contender::proposed(method),
        bits: 4 * bits_per_stage,
        stages: 4,
        bits_per_stage,
        beam_width,
        cells,
    }
}

fn cell(method: Method, bits_per_stage: u32, beam_width: Option<usize>, seed: u64) -> Cell {
    let data = ToyData {
        distribution: Distribution::LowRankMixture,
        dimension: 64,
        rank: Some(16),
        correlation: None,
        variance: 15.8,
        vectors: Vectors::Fixed(1000),
        mixing_seed: Some(1),
    };
    let quantizer = QuantizerSettings {
        method,
        stages: 4,
        bits_per_stage,
        beam_width,
        training_beam_width: beam_width,
        search: beam_width.map(|_| Search::Beam),
        init: Init::Uniform,
        init_updates: None,
        init_learning_rate: None,
    };
    let training = TrainingSettings {
        optimizer: Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        learning_rate: 0.1,
        schedule: Schedule::Constant,
        batch_size: 64,
        updates: 10,
        log_every: 10,
        replacement: None,
    };
    let evaluation = EvaluationSettings { vectors: 100, other_search_vectors: 0, training_vectors: None };
    let training = Training::Nsvq(training);
    Cell { settings: CellSettings::Toy(ToySettings { data, quantizer, training, evaluation }), seed }
}

/// A finished record for every cell: the training MSE is bits + seed/100, the test MSE is 1 higher.
pub fn records(plan: &Plan) -> HashMap<String, Record> {
    plan.cells().into_iter().map(|cell| (cell.key(), record(cell))).collect()
}

fn record(cell: Cell) -> Record {
    let mse = f64::from(cell.total_bits()) + cell.seed as f64 / 100.0;
    Record {
        format: RECORD_FORMAT.into(),
        version: RECORD_VERSION,
        key: cell.key(),
        status: Status::Done,
        reason: None,
        metrics: BTreeMap::from([("mse-training".into(), mse), ("mse-fresh".into(), mse + 1.0)]),
        log: vec![],
        samples: BTreeMap::new(),
        run: RunInfo {
            wall_seconds: 1.5,
            program_version: "0.1.0".into(),
            finished_unix: 7,
            cpu: "none".into(),
            timings: BTreeMap::new(),
        },
        cell,
    }
}
