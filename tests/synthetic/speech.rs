//! The speech experiment as its spec has it, with made-up records: the published means, and utterances around them.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use vqlab::results::published;
use vqlab::runner::{RECORD_FORMAT, RECORD_VERSION, Record, RunInfo, Status};
use vqlab::spec::*;
use vqlab::speech::{EXCERPTS, excerpt_name, opus_name, original_name};

/// Test utterances.
pub const UTTERANCES: usize = 12;

/// experiments/speech.toml.
pub fn plan(seeds: usize) -> Plan {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/speech.toml");
    load(&path, &LoadOptions { seeds: Some(seeds), ..LoadOptions::default() }).expect("experiments/speech.toml")
}

/// The same as if it were of recorded speech in a folder.
pub fn recorded(seeds: usize) -> Plan {
    let mut plan = plan(seeds);
    plan.attributions = vec!["Utterances: A Corpus <of> Speech, CC BY 4.0".into()];
    for panel in &mut plan.panels {
        panel.comparison.not_comparable = None;
        panel.labels.clear();
        for cell in panel.points.iter_mut().flat_map(|point| &mut point.cells) {
            let CellSettings::Speech(speech) = &mut cell.settings else { continue };
            speech.data = SpeechData { digest: Some("0123456789abcdef".repeat(4)), seed: None, ..speech.data.clone() };
            speech.data.name = "corpus".into();
        }
    }
    plan
}

/// A finished record for every cell, with Opus or without.
pub fn records(plan: &Plan, opus: bool) -> HashMap<String, Record> {
    plan.cells().into_iter().map(|cell| (cell.key(), record(&cell, opus))).collect()
}

/// A value of an utterance: what is common to the methods is far more than what is not.
pub fn value(mean: f64, method: Method, seed: u64, utterance: usize) -> f64 {
    let j = utterance as f64;
    let common = 0.4 * (1.7 * j + 0.3).sin();
    mean + common + 0.02 * (3.1 * j + number(method)).cos() + 0.005 * (seed as f64 * (j + 1.0)).sin()
}

fn number(method: Method) -> f64 {
    Method::ALL.iter().position(|m| *m == method).unwrap() as f64
}

fn record(cell: &Cell, opus: bool) -> Record {
    let CellSettings::Speech(speech) = &cell.settings else { panic!("not a speech cell") };
    let (method, mut metrics, mut samples) = (cell.method(), BTreeMap::new(), BTreeMap::new());
    let utterances = |mean: f64| (0..UTTERANCES).map(|j| value(mean, method, cell.seed, j)).collect::<Vec<f64>>();
    for &at in &speech.evaluation.bitrates {
        let mut add = |name: &str, values: Vec<f64>| {
            metrics.insert(format!("{name}@{at}"), values.iter().sum::<f64>() / values.len() as f64);
            samples.insert(format!("{name}@{at}"), values);
        };
        add("pesq", utterances(published_mean("Figure 1/PESQ.json", method, at)));
        add("psnr-perceptual", utterances(published_mean("Figure 1/pSNR.json", method, at)));
        let rate = f64::from(at);
        add("bitrate", (0..UTTERANCES).map(|j| rate * (1.0 + 0.004 * (j as f64).sin())).collect());
        if opus {
            add("pesq-opus", utterances(1.2 + 2.9 * (rate / 32e3).sqrt()));
            add("psnr-perceptual-opus", utterances(4.0 * (rate / 8e3).log2()));
            add("bitrate-opus", vec![rate * 1.03; UTTERANCES]);
        }
        // Real bitrates are total bits over total seconds.
        metrics.insert(format!("bitrate@{at}"), rate * 1.0015);
    }
    metrics.insert("envelope-db".into(), 2.5 + 0.1 * number(method));
    metrics.insert("envelope-db-training".into(), 2.4 + 0.1 * number(method));
    Record {
        format: RECORD_FORMAT.into(),
        version: RECORD_VERSION,
        key: cell.key(),
        cell: cell.clone(),
        status: Status::Done,
        reason: None,
        metrics,
        log: vec![],
        samples,
        run: RunInfo {
            wall_seconds: 30.0,
            program_version: "0.1.0".into(),
            finished_unix: 1_700_000_000,
            cpu: "avx512f, Test CPU".into(),
            timings: BTreeMap::from([("train-seconds".into(), 12.5)]),
        },
    }
}

pub fn published_mean(file: &str, method: Method, bitrate: u32) -> f64 {
    let file = published(file).expect("embedded");
    let tick = file.tick(&PanelAxis::Bitrate(vec![]).tick(bitrate)).expect("a published bitrate");
    file.curve(method.label()).expect("a curve").mean()[tick].expect("a value")
}

/// Leaves a tone in place of every excerpt that `wanted` names.
pub fn write_excerpts(plan: &Plan, folder: &Path, wanted: impl Fn(&str) -> bool) {
    std::fs::create_dir_all(folder).unwrap();
    let write = |name: String| {
        if wanted(&name) {
            let tone: Vec<f32> = (0..1600).map(|i| 0.2 * (i as f32 * 0.2).sin()).collect();
            std::fs::write(folder.join(name), vqlab::data::speech::wav_bytes(&tone)).unwrap();
        }
    };
    for cell in plan.cells() {
        let CellSettings::Speech(speech) = &cell.settings else { continue };
        for i in 0..EXCERPTS {
            write(original_name(&speech.data, i));
            for &bitrate in &speech.evaluation.bitrates {
                write(excerpt_name(&cell.key(), bitrate, i));
                write(opus_name(&speech.data, bitrate, i));
            }
        }
    }
}
