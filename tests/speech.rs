//! The speech experiment from records to Results files, comparison and claims: means and spread over utterances, paired gaps,
//! the published layout, and what happens without Opus.

mod common;
mod synthetic;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use common::Env;
use synthetic::speech::{self, UTTERANCES, published_mean, value};
use vqlab::compare::{ClaimResult, Runs, Verdict, check_claims, compare_plan};
use vqlab::results::{
    Aggregate, CurveValues, aggregate, files_folder, find_aggregate, keep_files, published, quantile, read_provenance,
    results_file, shown_cells, write_provenance, write_results,
};
use vqlab::runner::Record;
use vqlab::spec::{Contender, Margin, Method, PanelAxis, Plan, profiles};
use vqlab::task::speech::beside::{gaps, opus};

const BITRATES: [u32; 6] = [8_000, 9_600, 13_200, 16_400, 24_400, 32_000];

fn of<'a>(aggregates: &'a [Aggregate], panel: &str, metric: &str) -> &'a Aggregate {
    find_aggregate(aggregates, panel, metric).unwrap()
}

#[test]
fn the_spec_holds_two_panels_of_the_same_cells_under_all_its_profiles() {
    let plan = speech::plan(1);
    assert_eq!(plan.cells().len(), 3);
    assert_eq!(plan.panels[0].axis, PanelAxis::Bitrate(BITRATES.to_vec()));
    assert!(plan.is_part_of_earlier(&plan.panels[1]));
    assert_eq!(plan.panels.iter().map(|p| p.metric.as_str()).collect::<Vec<_>>(), ["pesq", "psnr-perceptual"]);
    assert_eq!(plan.panels[0].comparison.margin, Margin::Score(0.2));
    assert_eq!(plan.panels[1].comparison.margin, Margin::Decibel(1.5));
    let reason = plan.panels[0].comparison.not_comparable.as_ref().unwrap();
    assert!(reason.contains("synthetic-speech: 60 training and 12 test utterances"), "{reason}");
    assert_eq!(plan.panels[0].labels, [("Data".to_owned(), "synthetic-speech".to_owned())]);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/speech.toml");
    assert_eq!(profiles(&path).unwrap(), ["default", "paper", "best"]);
    for name in ["paper", "best"] {
        let options = vqlab::spec::LoadOptions { profile: Some(name.into()), ..Default::default() };
        let plan = vqlab::spec::load(&path, &options).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(plan.attributions.len(), 1);
    }
}

#[test]
fn spread_is_that_of_the_utterances_averaged_over_seeds() {
    let plan = speech::recorded(3);
    let records = speech::records(&plan, true);
    let aggregates = aggregate(&plan, &records);
    let point = of(&aggregates, "pesq", "pesq").point(Contender::proposed(Method::Rvq), 9_600).unwrap();
    let mean = published_mean("Figure 1/PESQ.json", Method::Rvq, 9_600);
    let over_seeds = |j| (1..=3).map(|seed| value(mean, Method::Rvq, seed, j)).sum::<f64>() / 3.0;
    let expected: Vec<f64> = (0..UTTERANCES).map(over_seeds).collect();
    assert_eq!((point.samples.len(), point.items.len()), (3, UTTERANCES));
    assert!(point.items.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12));
    let average = expected.iter().sum::<f64>() / UTTERANCES as f64;
    assert!((point.mean().unwrap() - average).abs() < 1e-12);
    assert!((point.quantile_low().unwrap() - quantile(&expected, 0.025).unwrap()).abs() < 1e-12);
    let squares: f64 = expected.iter().map(|v| (v - average).powi(2)).sum();
    assert!((point.standard_deviation().unwrap() - (squares / 11.0).sqrt()).abs() < 1e-12);
    // A cell that kept no utterances leaves the seeds alone to tell.
    let mut fewer = records.clone();
    fewer.get_mut(&plan.panels[0].points[1].cells[0].key()).unwrap().samples.clear();
    let aggregates = aggregate(&plan, &fewer);
    let point = of(&aggregates, "pesq", "pesq").point(Contender::proposed(Method::Rvq), 9_600).unwrap();
    assert_eq!((point.items.len(), point.values().len()), (0, 3));
}

#[test]
fn gaps_are_paired_by_utterance() {
    let plan = speech::recorded(1);
    let aggregates = aggregate(&plan, &speech::records(&plan, false));
    let found = gaps(&plan, &plan.panels[0], &aggregates);
    let pairs: Vec<_> = found.iter().map(|gap| (gap.first.label(), gap.second.label(), gap.places.len())).collect();
    assert_eq!(pairs, [("AVQ", "RVQ", 6), ("RVQ", "PVQ", 6)]);
    for (place, at) in found[0].places.iter().zip(BITRATES) {
        let [avq, rvq] = [Method::Avq, Method::Rvq].map(|method| {
            let mean = published_mean("Figure 1/PESQ.json", method, at);
            ((0..UTTERANCES).map(|j| value(mean, method, 1, j)).collect::<Vec<f64>>(), mean)
        });
        let differences: Vec<f64> = avq.0.iter().zip(&rvq.0).map(|(a, b)| a - b).collect();
        let mean = differences.iter().sum::<f64>() / UTTERANCES as f64;
        let squares: f64 = differences.iter().map(|d| (d - mean).powi(2)).sum();
        let error = (squares / 11.0 / UTTERANCES as f64).sqrt();
        let ours = place.ours.unwrap();
        assert_eq!((place.at, ours.n), (at, UTTERANCES));
        assert!((ours.mean - mean).abs() < 1e-12 && (ours.standard_error.unwrap() - error).abs() < 1e-12);
        assert!((place.published.unwrap() - (avq.1 - rvq.1)).abs() < 1e-12);
        // The same values unpaired would be some ten times less sure.
        assert!(error < 0.01, "{error}");
    }
}

#[test]
fn the_published_numbers_in_our_files_give_the_published_files() {
    let plan = speech::recorded(1);
    let aggregates = aggregate(&plan, &speech::records(&plan, false));
    for (panel, name) in plan.panels.iter().zip(["Figure 1/PESQ.json", "Figure 1/pSNR.json"]) {
        let mut file = results_file(&plan, panel, of(&aggregates, &panel.name, &panel.metric));
        assert_eq!(panel.results_file, name);
        let theirs = published(name).unwrap();
        for curve in &mut file.curves {
            assert!(matches!(curve.values, CurveValues::Spread { .. }));
            curve.values = theirs.curve(&curve.name).unwrap().values.clone();
        }
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("results/published").join(name));
        assert_eq!(file.to_text().unwrap(), text.unwrap());
    }
}

fn checks(plan: &Plan, records: &HashMap<String, Record>) -> Vec<(String, ClaimResult, ClaimResult)> {
    let checks = check_claims(plan, &aggregate(plan, records));
    checks.into_iter().map(|check| (format!("{}: {}", check.panel, check.text), check.ours, check.published)).collect()
}

#[test]
fn all_claims_hold_on_the_published_numbers_and_so_on_records_of_them() {
    let plan = speech::recorded(1);
    let found = checks(&plan, &speech::records(&plan, false));
    assert_eq!(found.len(), 6);
    for (text, ours, published) in found {
        assert_eq!((ours, published), (ClaimResult::Holds, ClaimResult::Holds), "{text}");
    }
}

#[test]
fn claims_name_the_bitrates_at_which_they_fail() {
    let plan = speech::recorded(1);
    let mut records = speech::records(&plan, false);
    let avq = records.get_mut(&plan.panels[0].points[0].cells[0].key()).unwrap();
    for metrics in ["pesq@13200", "psnr-perceptual@13200"] {
        *avq.metrics.get_mut(metrics).unwrap() -= 1.0;
    }
    let found = checks(&plan, &records);
    let fails = |part: &str| found.iter().find(|(text, ..)| text.contains(part)).unwrap().1.clone();
    assert_eq!(fails("pesq: AVQ gives a higher"), ClaimResult::FailsAt(vec![13_200]));
    assert_eq!(fails("psnr: AVQ has the highest"), ClaimResult::FailsAt(vec![13_200]));
    assert_eq!(fails("pesq: Quality rises"), ClaimResult::FailsAt(vec![13_200]));
    // Without one method neither the orders nor the rise are known, and nothing contradicts them.
    records.remove(&plan.panels[0].points[0].cells[0].key());
    let found = checks(&plan, &records);
    assert!(found.iter().all(|(text, ours, _)| match text.contains("RVQ has") || text.contains("PVQ has") {
        true => *ours == ClaimResult::Holds,
        false => *ours == ClaimResult::Unknown,
    }));
}

#[test]
fn verdicts_are_over_utterances_on_both_sides() {
    let plan = speech::recorded(2);
    let comparisons = compare_plan(&plan, &aggregate(&plan, &speech::records(&plan, false)));
    let points = || comparisons.iter().flat_map(|c| &c.points);
    assert_eq!(points().count(), 36);
    for point in points() {
        let (ours, theirs) = (point.ours.unwrap(), point.published.unwrap());
        assert_eq!((ours.n, theirs.n), (UTTERANCES, UTTERANCES));
        // The published quantiles of PESQ lie some 4 standard deviations apart.
        assert!(theirs.standard_deviation > 0.25, "{theirs:?}");
        assert!(point.difference.unwrap().abs() < 0.1 && point.interval.is_some());
        assert_eq!(point.margin, if theirs.mean < 4.2 { Margin::Score(0.2) } else { Margin::Decibel(1.5) });
        // Equal means of a dozen utterances may leave the margin open, but are never taken for different.
        assert!(matches!(point.verdict, Verdict::Inconclusive | Verdict::Reproduced), "{point:?}");
    }
    let synthetic = speech::plan(1);
    let comparisons = compare_plan(&synthetic, &aggregate(&synthetic, &speech::records(&synthetic, false)));
    assert!(comparisons.iter().flat_map(|c| &c.points).all(|p| p.verdict == Verdict::NotComparable));
}

#[test]
fn opus_is_there_or_is_not() {
    let plan = speech::plan(1);
    let panel = &plan.panels[0];
    assert_eq!(opus(panel, &speech::records(&plan, false)), []);
    let measured = opus(panel, &speech::records(&plan, true));
    assert_eq!(measured.iter().map(|o| (o.at, o.bitrate.round())).collect::<Vec<_>>()[1], (9_600, 9_888.0));
    assert!(measured.iter().all(|o| o.psnr.is_some()) && measured.len() == 6);
}

#[test]
fn provenance_suffices_for_spread_and_counts_utterances() {
    let plan = speech::plan(2);
    let records = speech::records(&plan, true);
    let root = tempfile::tempdir().unwrap();
    let written = write_results(&plan, &aggregate(&plan, &records), root.path()).unwrap();
    let names: Vec<_> = written.iter().map(|p| p.strip_prefix(root.path()).unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["default/Figure 1/PESQ.json", "default/Figure 1/pSNR.json"]);
    let path = write_provenance(&plan, &records, root.path()).unwrap();
    assert_eq!(read_provenance(&path).unwrap().records(), records);
    let runs = Runs::find(&written[0]).unwrap();
    assert_eq!((runs.of("AVQ", "9.6 kbits/sec"), runs.of("LSQ", "9.6 kbits/sec")), (Some(UTTERANCES), None));
}

#[test]
fn excerpts_are_kept_as_far_as_they_are_there() {
    let plan = speech::plan(1);
    let records = speech::records(&plan, true);
    let root = tempfile::tempdir().unwrap();
    assert_eq!(keep_files(&plan, &records, root.path()).unwrap(), Vec::<std::path::PathBuf>::new());
    // Two originals, and of 6 bitrates and 2 excerpts one file a method and one of Opus.
    let panel = &plan.panels[0];
    let cells = shown_cells(panel, &records).into_iter();
    let names: BTreeSet<String> = cells.flat_map(|(_, cell)| plan.task.files(cell, &panel.measured_at)).collect();
    assert_eq!(names.len(), 2 + 6 * 2 * 4);
    speech::write_excerpts(&plan, &root.path().join("audio"), |name| !name.contains("opus"));
    let kept = keep_files(&plan, &records, root.path()).unwrap();
    assert_eq!(kept.len(), 2 + 6 * 2 * 3);
    let folder = files_folder(&plan, root.path()).unwrap();
    assert!(folder.ends_with("default/audio/speech"));
    assert!(kept.iter().all(|path| path.starts_with(&folder) && path.is_file()));
    assert!(shown_cells(panel, &HashMap::new()).is_empty());
}

#[test]
fn a_folder_of_recordings_is_compared_with_a_remark() {
    let root = tempfile::tempdir().unwrap();
    let tone = |pitch: f32| (0..16_000).map(|i| 0.3 * (i as f32 * pitch).sin()).collect::<Vec<f32>>();
    for (name, pitch) in [("train/1-1-0001.wav", 0.1), ("train/2-1-0001.wav", 0.2), ("test/3-1-0001.wav", 0.3)] {
        let path = root.path().join("corpus").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        vqlab::data::speech::write_wav(&path, &tone(pitch)).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/speech.toml");
    let options = vqlab::spec::LoadOptions {
        profile: Some("paper".into()),
        set: vec![format!("data.path={:?}", root.path().join("corpus").to_str().unwrap())],
        ..vqlab::spec::LoadOptions::default()
    };
    let plan = vqlab::spec::load(&path, &options).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((plan.folder.as_str(), plan.attributions.len()), ("paper-corpus", 1));
    for panel in &plan.panels {
        assert_eq!((panel.comparison.not_comparable.as_ref(), panel.labels.len()), (None, 0));
        let remarks = panel.comparison.anomalies.join("\n");
        assert!(remarks.contains("the paper does not state its test utterances; ours are 1 of corpus"), "{remarks}");
    }
}

#[test]
fn compare_takes_the_utterances_of_ours_for_both_sides() {
    let env = Env::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results/published/Figure 1");
    let folder = folder.to_str().unwrap();
    let run = env.run(&["compare", folder, folder, "--runs", "46"]).ends_with(0);
    run.prints("PESQ over Sampling Rate").prints("9.6 kbits/sec").prints("n are utterances").prints("46");
    let run = env.run(&["figures", "--published", "--format", "svg"]).ends_with(0);
    run.prints("published-1a.svg").prints("published-1b.svg");
}
