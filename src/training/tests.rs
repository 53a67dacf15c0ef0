//! Optimisers and schedules against PyTorch, warm starts, and the loop as a whole.

use super::*;
use crate::data::stream::stream;
use crate::quantizer::{Codebooks, assigner};
use crate::spec::{Init, Method, Optimizer, QuantizerSettings, Replacement, Schedule, Search, TrainingSettings};

fn training(updates: u64) -> TrainingSettings {
    TrainingSettings {
        optimizer: Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        learning_rate: 0.1,
        schedule: Schedule::Exponential { final_rate: 0.001 },
        batch_size: 64,
        updates,
        log_every: 100,
        replacement: Some(Replacement { every: 50, threshold: 0.01, stop_before_end: 50 }),
    }
}

fn quantizer(method: Method, init: Init) -> QuantizerSettings {
    QuantizerSettings {
        method,
        stages: 2,
        bits_per_stage: 3,
        beam_width: (method == Method::Avq).then_some(4),
        training_beam_width: (method == Method::Avq).then_some(2),
        search: (method == Method::Avq).then_some(Search::Beam),
        init,
        init_updates: matches!(init, Init::Pvq | Init::Rvq).then_some(100),
    }
}

/// Vectors around eight far-apart centres.
fn batches(dimension: usize) -> impl FnMut(&mut [f32]) {
    let mut rng = stream("batches");
    move |out: &mut [f32]| {
        for x in out.chunks_exact_mut(dimension) {
            let centre = crate::data::toy::below(&mut rng, 8);
            for (j, v) in x.iter_mut().enumerate() {
                *v = ((centre * (j + 3)) % 7) as f32 * 4.0 - 12.0 + crate::data::toy::normal(&mut rng);
            }
        }
    }
}

fn mse(books: &Codebooks, next: &mut dyn FnMut(&mut [f32])) -> f64 {
    let mut x = vec![0.0; 2000 * books.dimension()];
    let mut picks = vec![0; 2000 * books.stages()];
    next(&mut x);
    let mut assign = assigner(books.method(), Some((Search::Beam, 4)));
    assign.prepare(books);
    assign.assign(books, &mut x, &mut picks);
    f64::from(squared_norm(&x)) / x.len() as f64
}

#[test]
fn every_method_learns_from_every_start_and_twice_the_same() {
    for method in Method::ALL {
        for init in [Init::Uniform, Init::Normal, Init::Data, Init::Kmeans, Init::Pvq, Init::Rvq] {
            let (quantizer, training) = (quantizer(method, init), training(400));
            let run = || {
                let mut next = batches(4);
                let start = initial_codebooks(&quantizer, &training, 4, "t", &mut next, &mut |_| true)?;
                let setup = Setup { quantizer: &quantizer, training: &training, rng: stream("r") };
                Ok::<_, InitError>(train(start, setup, &mut next, &mut |_| true)?)
            };
            let trained = match run() {
                Err(InitError::WarmStart(..))
                    if method == Method::Pvq || init == Init::Rvq && method == Method::Rvq =>
                {
                    continue;
                }
                result => result.unwrap(),
            };
            let error = mse(&trained.codebooks, &mut batches(4));
            assert!(error < 4.0, "{method:?} {init:?}: {error}");
            assert_eq!(trained.log.iter().map(|l| l.update).collect::<Vec<_>>(), [100, 200, 300, 400]);
            assert!(trained.log[0].loss > trained.log[3].loss);
            // The last replacement is 50 updates before the end, inside the last log point.
            assert!(trained.log.iter().all(|l| l.stages.len() == 2 && l.replaced <= 2 * 16));
            assert_eq!(run().unwrap().codebooks, trained.codebooks);
        }
    }
}

#[test]
fn k_means_finds_separate_centres() {
    let x: Vec<f32> = (0..400).map(|i| (i % 4) as f32 * 10.0 + (i % 5) as f32 * 0.01).collect();
    let mut centroids = kmeans(&x, 1, 4, 20, &mut stream("k"));
    centroids.sort_by(f32::total_cmp);
    for (k, c) in centroids.iter().enumerate() {
        assert!((c - k as f32 * 10.0 - 0.02).abs() < 0.01, "{centroids:?}");
    }
}

#[test]
fn a_run_stops_when_asked_and_says_when_it_diverges() {
    let (quantizer, mut training) = (quantizer(Method::Rvq, Init::Uniform), training(400));
    let start = Codebooks::zeros(Method::Rvq, 4, 2, 8).unwrap();
    let run = |training: &TrainingSettings, go_on: &mut dyn FnMut(f64) -> bool| {
        let setup = Setup { quantizer: &quantizer, training, rng: stream("r") };
        train(start.clone(), setup, &mut batches(4), go_on).map(|t| t.log)
    };
    assert_eq!(run(&training, &mut |share| share < 0.5), Err(Stop::Asked));
    training.optimizer = Optimizer::Sgd { momentum: 0.9 };
    training.learning_rate = 1e30;
    training.schedule = Schedule::Constant;
    assert!(matches!(run(&training, &mut |_| true), Err(Stop::Diverged { .. })));
}

/// An optimiser's parameters after five updates with gradients g_t = (t + 1)·[0.1, −0.2, 0] + p/10.
fn five_updates(optimizer: Optimizer, settings: &TrainingSettings) -> Vec<f32> {
    let mut p = vec![1.0f32, -2.0, 0.5];
    let mut state = OptimizerState::new(&optimizer, 3);
    for t in 0..5u8 {
        let mut g: Vec<f32> = p.iter().zip([0.1f32, -0.2, 0.0]).map(|(p, d)| f32::from(t + 1) * d + p / 10.0).collect();
        state.step(&mut p, &mut g, rate(settings, u64::from(t)));
        assert_eq!(g, [0.0; 3]);
    }
    p
}
