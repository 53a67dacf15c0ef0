//! Tests of whole image cells: they learn, they are bit-identical after a kill, and they keep their files.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use super::*;
use crate::data::images::ImageData;
use crate::network::{JointSettings, NetworkSettings};
use crate::quantizer::Method;
use crate::quantizer::{Estimator, Init, Noise, QuantizerSettings, Search};
use crate::training::{KmeansSettings, Optimizer, Replacement, Schedule, Training, TrainingSettings};

/// The cell of the first seed.
fn cell(settings: &ImageSettings) -> Cell {
    Cell { settings: crate::task::cell::CellSettings::Image(settings.clone()), seed: 1 }
}

fn settings(method: Method, joint: bool, training: Option<KmeansSettings>) -> ImageSettings {
    let nsvq = TrainingSettings {
        optimizer: Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        learning_rate: 2e-2,
        schedule: Schedule::Cosine { final_rate: 2e-4 },
        batch_size: if joint { 8 } else { 64 },
        updates: 120,
        log_every: 20,
        replacement: Some(Replacement { every: 25, threshold: 0.01, stop_before_end: 20 }),
    };
    let beam = (method == Method::Avq).then_some(2);
    ImageSettings {
        data: ImageData::synthetic(64, 20, 1),
        network: NetworkSettings {
            width: 8,
            blocks: 1,
            dimension: 4,
            updates: if joint { 20 } else { 120 },
            learning_rate: 4e-3,
            batch_size: 8,
        },
        quantizer: QuantizerSettings {
            method,
            stages: 2,
            bits_per_stage: 3,
            beam_width: beam,
            training_beam_width: beam,
            search: beam.map(|_| Search::Beam),
            init: Init::Kmeans,
            init_updates: None,
            init_learning_rate: None,
        },
        joint: joint.then_some(JointSettings {
            estimator: Estimator::Nsvq,
            commitment: None,
            noise: Noise::Vector,
            exact_updates: 0,
        }),
        training: training.map_or(Training::Nsvq(nsvq), Training::Kmeans),
    }
}

/// Runs a cell that is stopped as soon as its progress exceeds `stop_at`.
fn attempt(settings: &ImageSettings, kept: Option<&Path>, stop_at: f64) -> Result<Outcome, TaskError> {
    let cancel = AtomicBool::new(false);
    let progress = |share: f64| cancel.store(share > stop_at, Relaxed);
    run(
        settings,
        &cell(settings),
        &Context { cancel: &cancel, progress: &progress, kept, anew: false, codebooks: false },
    )
}

#[test]
fn every_method_learns_joint_and_frozen() {
    for method in Method::ALL {
        for (joint, kmeans) in [(true, false), (false, false), (false, true)] {
            if !kmeans && !Method::PAPER.contains(&method) {
                continue;
            }
            let settings = settings(method, joint, kmeans.then_some(KmeansSettings { kmeans_iterations: 4 }));
            let outcome = attempt(&settings, None, 2.0).unwrap();
            let metric = |name: &str| outcome.metrics[name];
            // Gray pictures have about 12 dB.
            let (quantized, exact) = (metric("psnr-fresh"), metric("psnr-unquantized-fresh"));
            assert!(quantized > 13.5 && exact > 14.0, "{method:?} {joint} {kmeans}: {quantized} of {exact}");
            assert!(metric("latent-nmse-training") < 1.0 && metric("ssim-fresh") < 1.0);
            assert!(metric("psnr-images-fresh") > quantized);
            assert_eq!(outcome.timings.len(), 2 + usize::from(joint));
        }
    }
}

#[test]
fn a_stopped_cell_goes_on_to_the_same_bits_and_leaves_its_files() {
    let settings = settings(Method::Rvq, true, None);
    let whole = attempt(&settings, None, 2.0).unwrap();
    for stop_at in [0.01, 0.1, 0.3, 0.7, 0.899, 0.93] {
        let folder = tempfile::tempdir().unwrap();
        let stopped = attempt(&settings, Some(folder.path()), stop_at);
        assert!(matches!(stopped, Err(TaskError::Cancelled)), "{stop_at}: {stopped:?}");
        let steps = AtomicBool::new(false);
        let watch = |share: f64| {
            steps.fetch_or(share > 0.0 && share < stop_at, Relaxed);
        };
        let cancel = AtomicBool::new(false);
        let context =
            Context { cancel: &cancel, progress: &watch, kept: Some(folder.path()), anew: false, codebooks: false };
        let resumed = run(&settings, &cell(&settings), &context).unwrap();
        assert!(!steps.load(Relaxed), "{stop_at}: it did not resume");
        assert_eq!((&resumed.metrics, &resumed.log), (&whole.metrics, &whole.log), "{stop_at}");
        let count = |sub: &str| std::fs::read_dir(folder.path().join(sub)).map_or(0, Iterator::count);
        assert_eq!(["networks", "codebooks", "pictures", "shared", "checkpoints"].map(count), [1, 2, 2, 1, 0]);
        let anew = run(&settings, &cell(&settings), &Context { anew: true, ..context }).unwrap();
        // Files that several cells share stay.
        assert!(steps.load(Relaxed) || stop_at < 0.3, "--force trains again");
        assert_eq!(anew.metrics, whole.metrics);
    }
}

#[test]
fn damaged_files_are_made_again() {
    let settings = settings(Method::Pvq, true, None);
    let folder = tempfile::tempdir().unwrap();
    let whole = attempt(&settings, Some(folder.path()), 2.0).unwrap();
    for sub in ["networks", "shared"] {
        for file in std::fs::read_dir(folder.path().join(sub)).unwrap() {
            std::fs::write(file.unwrap().path(), "torn").unwrap();
        }
        assert_eq!(attempt(&settings, Some(folder.path()), 2.0).unwrap().metrics, whole.metrics);
    }
}

#[test]
fn a_hopeless_training_is_a_status() {
    let mut settings = settings(Method::Rvq, true, None);
    settings.network.learning_rate = 1e4;
    assert!(matches!(attempt(&settings, None, 2.0), Err(TaskError::Diverged(_))));
}
