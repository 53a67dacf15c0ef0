//! Tests of cells with a few synthetic utterances.

use std::sync::atomic::AtomicBool;

use super::run;
use crate::data::speech::SpeechData;
use crate::quantizer::{Estimator, Init, Method, QuantizerSettings, Search};
use crate::speech::{CodecSettings, EndToEndSettings};
use crate::task::cell::{Cell, SpeechEvaluation, SpeechSettings};
use crate::task::{Context, Outcome};
use crate::training::{Optimizer, Schedule, Training, TrainingSettings};

/// The cell of the first seed.
fn cell(settings: &SpeechSettings) -> Cell {
    Cell { settings: crate::task::cell::CellSettings::Speech(settings.clone()), seed: 1 }
}

fn settings(method: Method, end_to_end: Option<EndToEndSettings>) -> SpeechSettings {
    let is_avq = method == Method::Avq;
    SpeechSettings {
        data: SpeechData::synthetic(2, 2, 5),
        codec: CodecSettings::default(),
        quantizer: QuantizerSettings {
            method,
            stages: 4,
            bits_per_stage: 3,
            beam_width: is_avq.then_some(4),
            training_beam_width: is_avq.then_some(2),
            search: is_avq.then_some(Search::Beam),
            init: Init::Kmeans,
            init_updates: None,
            init_learning_rate: None,
        },
        training: Training::Nsvq(TrainingSettings {
            optimizer: Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
            learning_rate: 0.1,
            schedule: Schedule::Constant,
            batch_size: 32,
            updates: 40,
            log_every: 20,
            replacement: None,
        }),
        end_to_end,
        evaluation: SpeechEvaluation { bitrates: vec![8_000, 24_400], opus: false },
    }
}

fn outcome(settings: &SpeechSettings, kept: Option<&std::path::Path>) -> Outcome {
    let context = Context { cancel: &AtomicBool::new(false), progress: &|_| (), kept, anew: false, codebooks: false };
    Outcome { timings: Default::default(), earlier_seconds: 0.0, ..run(settings, &cell(settings), &context).unwrap() }
}

#[test]
fn a_cell_has_the_values_of_every_utterance_and_bitrate() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(Method::Avq, None);
    let first = outcome(&settings, Some(folder.path()));
    for bitrate in [8_000u32, 24_400] {
        for metric in ["pesq", "psnr-perceptual"] {
            let name = format!("{metric}@{bitrate}");
            let values = &first.samples[&name];
            assert_eq!(values.len(), 2);
            assert!((values.iter().sum::<f64>() / 2.0 - first.metrics[&name]).abs() < 1e-12);
        }
        let real = first.metrics[&format!("bitrate@{bitrate}")];
        assert!((real / f64::from(bitrate) - 1.0).abs() < 0.02, "{real} for {bitrate}");
    }
    assert!(first.metrics["pesq@24400"] > first.metrics["pesq@8000"]);
    assert!(first.metrics["envelope-db"] > 0.0);
    // A repeated attempt with kept codebooks gives the same result, and so does a cell in another folder.
    assert_eq!(outcome(&settings, Some(folder.path())), first);
    assert_eq!(outcome(&settings, None), first);
    assert_eq!(std::fs::read_dir(folder.path().join("audio")).unwrap().count(), 2 * 2 + 2);
    assert_eq!(std::fs::read_dir(folder.path().join("codecs")).unwrap().count(), 1);
}

#[test]
fn end_to_end_training_changes_the_codebooks_and_is_logged() {
    let plain = outcome(&settings(Method::Rvq, None), None);
    for estimator in Estimator::ALL {
        let end = EndToEndSettings { updates: 20, learning_rate: 0.02, batch_size: 16, estimator };
        let trained = outcome(&settings(Method::Rvq, Some(end.clone())), None);
        assert_ne!(trained.metrics["envelope-db"], plain.metrics["envelope-db"], "{estimator:?}");
        assert_eq!(trained.log.last().unwrap().update, 60);
        assert!(trained.log.last().unwrap().loss < 1.0);
        assert_eq!(outcome(&settings(Method::Rvq, Some(end)), None), trained);
    }
}
