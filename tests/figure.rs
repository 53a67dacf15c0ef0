//! Every figure of an experiment is written in every format, holds its texts, and has no broken number in it.

mod synthetic;

use std::path::Path;

use vqlab::compare::compare_plan;
use vqlab::compare::tradeoff::Tradeoffs;
use vqlab::figure::{Drawn, Format, Options, draw_experiment, draw_log, draw_published};
use vqlab::results::aggregate;
use vqlab::spec::{CellSettings, Plan, Training};

fn draw(plan: &Plan, leave_out_every: usize, dir: &Path) -> Vec<Drawn> {
    let records = synthetic::records(plan, leave_out_every);
    let aggregates = aggregate(plan, &records);
    let comparisons = compare_plan(plan, &aggregates);
    let tradeoffs = Tradeoffs::new(plan, &aggregates);
    let options = Options { comparisons: &comparisons, tradeoffs: &tradeoffs, published: true, files: None };
    let drawn = draw_experiment(plan, &aggregates, &records, dir, &Format::ALL, options).unwrap();
    drawn.iter().for_each(check);
    drawn
}

fn check(drawn: &Drawn) {
    assert!(!drawn.svg.contains("NaN") && !drawn.svg.contains("inf"), "{}", drawn.id);
    assert!(drawn.svg.contains("<polyline") && drawn.svg.contains("Noto Sans"), "{}", drawn.id);
    assert!(!drawn.caption.is_empty() && !drawn.title.is_empty());
    assert_eq!(drawn.files.len(), 3);
    for file in &drawn.files {
        let bytes = std::fs::read(file).unwrap();
        match file.extension().and_then(|e| e.to_str()) {
            Some("png") => {
                assert!(bytes.starts_with(b"\x89PNG"));
                let width = u32::from_be_bytes(bytes[16..20].try_into().unwrap());
                assert!(width >= 1600, "{}: {width}", drawn.id);
            }
            Some("pdf") => assert!(bytes.starts_with(b"%PDF") && bytes.len() > 5_000),
            _ => {
                assert_eq!(bytes, drawn.svg.as_bytes());
                roxmltree::Document::parse(&drawn.svg).unwrap();
            }
        }
    }
}

fn ids(drawn: &[Drawn]) -> Vec<&str> {
    drawn.iter().map(|d| d.id.as_str()).collect()
}

fn draw_speech(plan: &Plan, opus: bool, dir: &Path) -> Vec<Drawn> {
    let records = synthetic::speech::records(plan, opus);
    let aggregates = aggregate(plan, &records);
    let comparisons = compare_plan(plan, &aggregates);
    let tradeoffs = Tradeoffs::new(plan, &aggregates);
    let options = Options { comparisons: &comparisons, tradeoffs: &tradeoffs, published: true, files: None };
    let drawn = draw_experiment(plan, &aggregates, &records, dir, &Format::ALL, options).unwrap();
    drawn.iter().for_each(check);
    drawn
}

/// The target folder can be kept for a look at the figures.
fn folder(name: &str) -> std::path::PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("figures").join(name);
    let _ = std::fs::remove_dir_all(&dir);
    dir
}

#[test]
fn toy_figures() {
    let drawn = draw(&synthetic::toy(), 0, &folder("toy"));
    let expected =
        ["figure-2a", "figure-2b", "tradeoff-correlated", "tradeoff-uncorrelated", "generalization", "difference"];
    assert_eq!(ids(&drawn), expected);
    for text in ["AVQ", "RVQ", "PVQ", "published", "VQ bitrate"] {
        assert!(drawn[0].svg.contains(text), "{text}");
    }
    assert!(drawn[2].svg.contains("RVQ better than PVQ from"));
}

#[test]
fn dimensions_share_one_chart() {
    let drawn = draw(&synthetic::dimensions(), 7, &folder("toy-dimension"));
    let figure = drawn.iter().find(|d| d.id == "figure-3").unwrap();
    for label in ["D = 64", "D = 128", "D = 256"] {
        assert!(figure.svg.contains(label));
    }
}

#[test]
fn draws_of_one_data_set() {
    let drawn = draw(&synthetic::draws(), 0, &folder("draws"));
    assert_eq!(ids(&drawn), ["figure-2a", "tradeoff-1", "generalization", "draws"]);
}

/// Panels with one published file that differ in more than the draw are no draws of one data set.
#[test]
fn settings_are_no_draws() {
    let mut plan = synthetic::draws();
    plan.panels.truncate(2);
    for point in &mut plan.panels[1].points {
        for cell in &mut point.cells {
            let CellSettings::Toy(toy) = &mut cell.settings else { continue };
            if let Training::Nsvq(training) = &mut toy.training {
                training.updates *= 2;
            }
        }
    }
    let drawn = draw(&plan, 0, &folder("settings"));
    assert_eq!(ids(&drawn), ["figure-2a", "tradeoff-1", "tradeoff-2", "generalization", "difference"]);
    assert!(drawn[2].title.contains("correlated data, D = 64: 2"), "{}", drawn[2].title);
}

#[test]
fn complexity_figures() {
    assert_eq!(ids(&draw(&synthetic::complexity(), 0, &folder("complexity"))), ["figure-4c", "figure-6b"]);
}

#[test]
fn speech_figures_with_and_without_opus() {
    let drawn = draw_speech(&synthetic::speech::recorded(1), true, &folder("speech"));
    assert_eq!(ids(&drawn), ["figure-1a", "figure-1b", "gaps-pesq", "gaps-psnr"]);
    for text in ["PESQ (MOS)", "bitrate (kbit/s)", "9.6", "13.2", "Opus", "published", "middle 95 % of utterances"] {
        assert!(drawn[0].svg.contains(text), "{text}");
    }
    assert!(drawn[1].svg.contains("pSNR (dB)") && !drawn[1].svg.contains("Opus"));
    assert!(drawn[2].svg.contains("AVQ − RVQ") && drawn[2].svg.contains("± 2 standard errors"));
    let drawn = draw_speech(&synthetic::speech::plan(2), false, &folder("speech-synthetic"));
    assert!(!drawn[0].svg.contains("Opus") && !drawn[0].caption.contains("Opus"));
    assert!(drawn[0].caption.contains("only the order of the curves"));
}

#[test]
fn both_parts_of_figure_1_can_be_one() {
    let mut plan = synthetic::speech::recorded(1);
    plan.figures = vec!["1".into()];
    plan.panels.iter_mut().for_each(|panel| panel.figure = Some("1".into()));
    let drawn = draw_speech(&plan, true, &folder("speech-one"));
    assert_eq!(ids(&drawn), ["figure-1", "gaps-pesq", "gaps-psnr"]);
    assert!(drawn[0].svg.contains("PESQ (MOS)") && drawn[0].svg.contains("pSNR (dB)"));
}

#[test]
fn nothing_done_draws_nothing() {
    assert_eq!(draw(&synthetic::toy(), 1, &folder("nothing")), []);
    let plan = synthetic::speech::plan(1);
    let (none, tradeoffs) = (Default::default(), Tradeoffs::default());
    let options = Options { comparisons: &[], tradeoffs: &tradeoffs, published: true, files: None };
    let drawn = draw_experiment(&plan, &aggregate(&plan, &none), &none, &folder("silence"), &[], options).unwrap();
    assert_eq!(drawn, []);
}

#[test]
fn training_log() {
    let plan = synthetic::toy();
    let records = synthetic::records(&plan, 0);
    let cell = &plan.panels[0].points[5].cells[0];
    let mut record = records[&cell.key()].clone();
    let drawn = draw_log(&record, &folder("log"), &Format::ALL).unwrap();
    check(&drawn);
    for text in ["Stage 4", "update 20000", "training MSE"] {
        assert!(drawn.svg.contains(text), "{text}");
    }
    record.log.clear();
    assert!(draw_log(&record, &folder("no-log"), &[]).unwrap_err().to_string().contains("no training log"));
}

#[test]
fn published_figures() {
    let drawn = draw_published(&folder("published"), &Format::ALL, &[]).unwrap();
    drawn.iter().for_each(check);
    assert_eq!(drawn.len(), 11);
}
