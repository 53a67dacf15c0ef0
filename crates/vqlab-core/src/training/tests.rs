//! Optimizers and schedules against PyTorch, warm starts, and the loop as a whole.

use super::*;
use crate::data::stream::stream;
use crate::quantizer::{Codebooks, assigner};
use crate::quantizer::{Init, Method, QuantizerSettings, Search};
use crate::training::{Optimizer, Replacement, Schedule, TrainingSettings};

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
        init_learning_rate: None,
    }
}

/// Vectors around eight far-apart centers.
fn batches(dimension: usize) -> impl FnMut(&mut [f32]) {
    let mut rng = stream("batches");
    move |out: &mut [f32]| {
        for x in out.chunks_exact_mut(dimension) {
            let center = crate::data::stream::below(&mut rng, 8);
            for (j, v) in x.iter_mut().enumerate() {
                *v = ((center * (j + 3)) % 7) as f32 - 3.0 + 0.25 * crate::data::stream::normal(&mut rng);
            }
        }
    }
}

fn mse(books: &Codebooks, next: &mut dyn FnMut(&mut [f32])) -> f64 {
    let mut x = vec![0.0; 2000 * books.dimension()];
    let mut indices = vec![0; 2000 * books.stages()];
    next(&mut x);
    let mut assign = assigner(books.method(), Some((Search::Beam, 4)));
    assign.prepare(books);
    assign.assign(books, &mut x, &mut indices);
    f64::from(squared_norm(&x)) / x.len() as f64
}

#[test]
fn every_method_learns_from_every_start_and_twice_the_same() {
    for method in Method::ALL {
        for init in [Init::Uniform, Init::Normal, Init::Data, Init::Kmeans, Init::Pvq, Init::Rvq] {
            let (quantizer, training) = (quantizer(method, init), training(400));
            let run = || {
                let mut next = batches(4);
                let mut feed = Feed { next_batch: &mut next, go_on: &mut |_| true, checkpoint: None };
                let start = initial_codebooks(&quantizer, &training, 4, "t", &mut feed)?;
                let setup = Setup { quantizer: &quantizer, training: &training, rng: stream("r") };
                Ok::<_, InitError>(train(start, setup, &mut feed)?)
            };
            let trained = match run() {
                Err(InitError::WarmStart(..)) if method.is_product() || init == Init::Rvq && method == Method::Rvq => {
                    continue;
                }
                result => result.unwrap(),
            };
            let error = mse(&trained.codebooks, &mut batches(4));
            assert!(error < 0.5, "{method:?} {init:?}: {error}");
            assert_eq!(trained.log.iter().map(|l| l.update).collect::<Vec<_>>(), [100, 200, 300, 400]);
            assert!(trained.log[0].loss > trained.log[3].loss);
            // The last replacement is 50 updates before the end, inside the last log point.
            assert!(trained.log.iter().all(|l| l.stages.len() == 2 && l.replaced <= 2 * 16));
            assert_eq!(run().unwrap().codebooks, trained.codebooks);
        }
    }
}

#[test]
fn a_run_stops_when_asked_and_says_when_it_diverges() {
    let (quantizer, mut training) = (quantizer(Method::Rvq, Init::Uniform), training(400));
    let start = Codebooks::zeros(Method::Rvq, 4, 2, 8).unwrap();
    let run = |training: &TrainingSettings, go_on: &mut dyn FnMut(f64) -> bool| {
        let setup = Setup { quantizer: &quantizer, training, rng: stream("r") };
        train(start.clone(), setup, &mut Feed { next_batch: &mut batches(4), go_on, checkpoint: None }).map(|t| t.log)
    };
    assert_eq!(run(&training, &mut |share| share < 0.5), Err(Stop::Asked));
    training.optimizer = Optimizer::Sgd { momentum: 0.9 };
    training.learning_rate = 1e30;
    training.schedule = Schedule::Constant;
    assert!(matches!(run(&training, &mut |_| true), Err(Stop::Diverged { .. })));
}

/// Trains with a checkpoint at every check, until the progress passes `stop_at`. Vectors drawn before are skipped.
fn attempt(quantizer: &QuantizerSettings, path: &std::path::Path, stop_at: f64) -> (Result<Trained, InitError>, u64) {
    let training = training(400);
    let checkpoint = Checkpoint::new(path.into(), "t".into(), std::time::Duration::ZERO, false);
    let mut next = batches(4);
    next(&mut vec![0.0; 4 * checkpoint.drawn() as usize]);
    let mut updates = 0;
    let mut next_batch = |out: &mut [f32]| {
        next(out);
        updates += 1;
        checkpoint.count(out.len() / 4);
    };
    let go_on = &mut |share| share <= stop_at;
    let mut feed = Feed { next_batch: &mut next_batch, go_on, checkpoint: Some(&checkpoint) };
    let setup = Setup { quantizer, training: &training, rng: stream("r") };
    let start = if checkpoint.holds(&setup) {
        Ok(Codebooks::zeros(quantizer.method, 4, 2, 8).unwrap())
    } else {
        initial_codebooks(quantizer, &training, 4, "t", &mut feed)
    };
    let trained = start.and_then(|start| Ok(train(start, setup, &mut feed)?));
    (trained, updates)
}

#[test]
fn a_training_that_is_stopped_anywhere_goes_on_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    for (method, init) in [
        (Method::Avq, Init::Uniform),
        (Method::Avq, Init::Rvq),
        (Method::Rvq, Init::Pvq),
        (Method::Rvq, Init::Kmeans),
        (Method::Pvq, Init::Data),
    ] {
        let quantizer = quantizer(method, init);
        let (whole, all) = attempt(&quantizer, &folder.path().join(format!("{method:?} {init:?}")), 2.0);
        let whole = whole.unwrap();
        // A warm start takes the first fifth; here the progress of the training after it starts at 0 again.
        for stop_at in [0.05, 0.1, 0.3, 0.45, 0.7, 0.95] {
            let path = folder.path().join(format!("{method:?} {init:?} {stop_at}"));
            let (stopped, before) = attempt(&quantizer, &path, stop_at);
            assert!(matches!(stopped, Err(InitError::Stop(Stop::Asked))), "{method:?} {init:?} {stop_at}");
            let (resumed, after) = attempt(&quantizer, &path, 2.0);
            let resumed = resumed.unwrap();
            assert_eq!(
                (&resumed.codebooks, &resumed.log),
                (&whole.codebooks, &whole.log),
                "{method:?} {init:?} {stop_at}"
            );
            assert_eq!(before + after, all, "{method:?} {init:?} stopped at {stop_at}");
        }
    }
}

#[test]
fn what_is_passed_over_is_as_if_drawn() {
    let vectors: Vec<f32> = (0..7).map(|i| i as f32).collect();
    let drawn = |skipped: &[u64], then: usize| {
        let mut set = Shuffled::new(&vectors, 1, "t");
        skipped.iter().for_each(|count| set.skip(*count));
        let mut out = vec![0.0; then];
        set.next_batch(&mut out);
        out
    };
    let all = drawn(&[], 60);
    for skipped in [0, 1, 6, 7, 8, 14, 20] {
        assert_eq!(drawn(&[skipped], 40), all[skipped as usize..][..40]);
        assert_eq!(drawn(&[skipped, 5], 10), all[skipped as usize + 5..][..10]);
    }
}

/// An optimizer's parameters after five updates with gradients g_t = (t + 1)·[0.1, −0.2, 0] + p/10.
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

/// The numbers are those of PyTorch 2.15:
///
/// ```python
/// def run(opt, sched=None):
///     p = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
///     o = opt([p]); s = sched(o) if sched else None
///     for t in range(5):
///         p.grad = (t + 1) * torch.tensor([0.1, -0.2, 0.0]) + p.detach() / 10
///         o.step()
///         if s: s.step()
///     return [float(v) for v in p.detach()]
/// run(lambda p: torch.optim.Adam(p, lr=0.1))
/// run(lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.8, 0.99), eps=1e-3))
/// run(lambda p: torch.optim.SGD(p, lr=0.1))
/// run(lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9))
/// run(lambda p: torch.optim.Adam(p, lr=0.1), lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.01 ** (1 / 4)))
/// ```
#[test]
fn optimizers_are_those_of_pytorch() {
    let adam = |beta1, beta2, epsilon| Optimizer::Adam { beta1, beta2, epsilon };
    let constant = TrainingSettings { schedule: Schedule::Constant, ..training(5) };
    let cases = [
        (adam(0.9, 0.999, 1e-8), &constant, [0.503_072_9, -1.503_643_2, 0.027_814_545]),
        (adam(0.8, 0.99, 1e-3), &constant, [0.493_612_4, -1.492_938_4, 0.048_746_236]),
        (Optimizer::Sgd { momentum: 0.0 }, &constant, [0.802_975_1, -1.605_950_2, 0.475_495_04]),
        (Optimizer::Sgd { momentum: 0.9 }, &constant, [0.559_633_3, -1.119_266_6, 0.435_817_03]),
        (adam(0.9, 0.999, 1e-8), &training(5), [0.854_588_8, -1.854_633_5, 0.354_882_24]),
    ];
    for (optimizer, settings, expected) in cases {
        let ours = five_updates(optimizer.clone(), settings);
        for (a, b) in ours.iter().zip(expected) {
            assert!((a - b).abs() < 2e-6, "{optimizer:?}: {ours:?}, PyTorch {expected:?}");
        }
    }
}

/// The numbers are those of PyTorch 2.15: the learning rates of nine updates from 0.1 under
/// `ExponentialLR(o, 0.01 ** (1 / 8))`, `CosineAnnealingLR(o, 8, eta_min=0.001)` and `StepLR(o, 3, 0.5)`.
#[test]
fn schedules_are_those_of_pytorch() {
    let cases = [
        (Schedule::Constant, [0.1; 9]),
        (
            Schedule::Exponential { final_rate: 0.001 },
            [
                0.1,
                0.056_234_132_519,
                0.031_622_776_602,
                0.017_782_794_100,
                0.01,
                0.005_623_413_252,
                0.003_162_277_660,
                0.001_778_279_410,
                0.001,
            ],
        ),
        (
            Schedule::Cosine { final_rate: 0.001 },
            [
                0.1,
                0.096_232_036_859,
                0.085_501_785_669,
                0.069_442_829_902,
                0.0505,
                0.031_557_170_098,
                0.015_498_214_331,
                0.004_767_963_141,
                0.001,
            ],
        ),
        (Schedule::Step { every: 3, factor: 0.5 }, [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025]),
    ];
    for (schedule, expected) in cases {
        let settings = TrainingSettings { schedule, ..training(9) };
        for (update, expected) in expected.iter().enumerate() {
            let ours = rate(&settings, update as u64);
            assert!((ours - expected).abs() < 1e-10, "{:?} update {update}: {ours}", settings.schedule);
        }
    }
}
