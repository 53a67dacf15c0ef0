//! Tests of the network as a whole: gradients, training, and an interrupted training.

use candle_core::{DType, Device, Tensor, Var};

use super::*;
use crate::data::stream::{below, normal, stream};
use crate::quantizer::{
    Codebooks, Estimator, Init, Method, Noise, QuantizerSettings, Search, Substitute, assigner, substitute,
};
use crate::training::{Optimizer, Replacement, Schedule, TrainingSettings};

fn settings() -> NetworkSettings {
    NetworkSettings { width: 6, blocks: 1, dimension: 4, updates: 0, learning_rate: 2e-3, batch_size: 4 }
}

/// Images with smooth shades.
fn images(count: usize) -> Vec<u8> {
    let mut rng = stream("images");
    let mut image = |_| {
        let slope: Vec<f32> = (0..9).map(|_| 2.5 * normal(&mut rng)).collect();
        (0..IMAGE_BYTES).map(move |at| {
            let (x, y, c) = ((at / 3 % 32) as f32 - 16.0, (at / 96) as f32 - 16.0, at % 3);
            (128.0 + slope[c] * x + slope[3 + c] * y + 10.0 * slope[6 + c]).clamp(0.0, 255.0) as u8
        })
    };
    (0..count).flat_map(|n| image(n).collect::<Vec<u8>>()).collect()
}

fn quantizer(method: Method) -> QuantizerSettings {
    let beam = (method == Method::Avq).then_some(2);
    QuantizerSettings {
        method,
        stages: 2,
        bits_per_stage: 3,
        beam_width: beam,
        training_beam_width: beam,
        search: beam.map(|_| Search::Beam),
        init: Init::Uniform,
        init_updates: None,
        init_learning_rate: None,
    }
}

fn training(updates: u64) -> TrainingSettings {
    TrainingSettings {
        optimizer: Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        learning_rate: 2e-2,
        schedule: Schedule::Cosine { final_rate: 2e-3 },
        batch_size: 4,
        updates,
        log_every: 10,
        replacement: Some(Replacement { every: 7, threshold: 0.01, stop_before_end: 5 }),
    }
}

/// Compares the gradient of a function of all parameters, by the backward passes of the operations, with central
/// differences in double precision. The choice of codewords has no gradient and is held fixed.
#[test]
fn gradients_of_the_whole_network_match_finite_differences() {
    for (method, noise) in [(Method::Rvq, Noise::Vector), (Method::Pvq, Noise::Stage), (Method::Avq, Noise::Vector)] {
        let network = Autoencoder::new(&settings(), "gradients", DType::F64).unwrap();
        let x = to_blocks(&images(2)).unwrap().to_dtype(DType::F64).unwrap();
        let mut rng = stream("codebooks");
        let width = if method == Method::Pvq { 2 } else { 4 };
        let words: Vec<f64> = (0..2 * 8 * width).map(|_| 0.1 * f64::from(normal(&mut rng))).collect();
        let words = Var::from_vec(words, (2, 8, width), &Device::Cpu).unwrap();
        let indices: Vec<u32> = (0..2 * LATENTS * 2).map(|i| (i % 2 * 8 + below(&mut rng, 8)) as u32).collect();
        let how = Substitute { estimator: Estimator::Nsvq, commitment: 0.0, noise };
        let loss = || {
            let z = network.encode(&x).unwrap();
            let y = substitute(&z, &words, indices.clone(), method, &how, &mut stream("noise")).unwrap();
            (network.decode(&y).unwrap() - &x).unwrap().sqr().unwrap().mean_all().unwrap()
        };
        let gradients = loss().backward().unwrap();
        let mut variables = network.parameters();
        variables.push(("codebooks".into(), words.clone()));
        for (name, var) in variables {
            let gradient: Vec<f64> = gradients.get(&var).unwrap().flatten_all().unwrap().to_vec1().unwrap();
            let values: Vec<f64> = var.flatten_all().unwrap().to_vec1().unwrap();
            // The largest entry, and some others.
            let largest = (0..values.len()).max_by(|a, b| gradient[*a].abs().total_cmp(&gradient[*b].abs())).unwrap();
            for at in [largest, 0, values.len() / 2, values.len() - 1] {
                let moved = |by: f64| {
                    let mut values = values.clone();
                    values[at] += by;
                    var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu).unwrap()).unwrap();
                    loss().to_scalar::<f64>().unwrap()
                };
                let step = 1e-6;
                let difference = (moved(step) - moved(-step)) / (2.0 * step);
                moved(0.0);
                let error = (difference - gradient[at]).abs();
                assert!(error < 1e-8 + 1e-5 * gradient[at].abs(), "{name}[{at}]: {} {difference}", gradient[at]);
            }
        }
    }
}

fn trainer(method: Option<Method>, estimator: Estimator, updates: u64) -> Trainer {
    let network = Autoencoder::new(&settings(), "trained", DType::F32).unwrap();
    let training = training(updates);
    let joint = JointSettings {
        estimator,
        commitment: estimator.has_commitment().then_some(0.25),
        noise: Noise::Vector,
        exact_updates: 0,
    };
    let layer = method.map(|method| {
        let settings = quantizer(method);
        let mut books = Codebooks::zeros(method, 4, 2, 8).unwrap();
        let mut rng = stream("start");
        books.values_mut().iter_mut().for_each(|v| *v = 0.1 * normal(&mut rng));
        Layer::new(books, &settings, &joint, &training, 4 * LATENTS)
    });
    let plan = TrainerPlan { training, learning_rate: 5e-3, variance: 0.05 };
    Trainer::new(network, layer, plan, "trained").unwrap()
}

fn steps(trainer: &mut Trainer, until: u64) -> Vec<f64> {
    let pixels = images(12);
    let mut losses = Vec::new();
    while trainer.done() < until {
        let batch = (trainer.done() % 3) as usize * 4 * IMAGE_BYTES;
        losses.push(trainer.step(&to_blocks(&pixels[batch..batch + 4 * IMAGE_BYTES]).unwrap()).unwrap());
    }
    losses
}

#[test]
fn every_method_and_estimator_learns() {
    for estimator in Estimator::ALL {
        for method in [None, Some(Method::Pvq), Some(Method::Rvq), Some(Method::Avq)] {
            let mut trainer = trainer(method, estimator, 60);
            let losses = steps(&mut trainer, 60);
            let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
            let (first, last) = (mean(&losses[..6]), mean(&losses[54..]));
            assert!(last < 0.6 * first, "{method:?} {estimator:?}: {first} to {last}");
            assert_eq!(trainer.log().len(), 6);
        }
    }
}

#[test]
fn a_training_goes_on_from_a_checkpoint_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    for method in [None, Some(Method::Rvq)] {
        let mut whole = trainer(method, Estimator::Nsvq, 40);
        let losses = steps(&mut whole, 40);
        for stop in [1, 13, 20, 39] {
            let mut first = trainer(method, Estimator::Nsvq, 40);
            steps(&mut first, stop);
            first.save(&path).unwrap();
            let mut second = trainer(method, Estimator::Nsvq, 40);
            second.restore(&path).unwrap();
            assert_eq!(second.done(), stop);
            assert_eq!(steps(&mut second, 40), losses[stop as usize..]);
            assert_eq!(second.log(), whole.log());
            assert_eq!(second.parameters.values, whole.parameters.values);
            let words = |t: &Trainer| t.quantizer.as_ref().map(|layer| layer.books.clone());
            assert_eq!(words(&second), words(&whole));
        }
    }
    // A file of another training, or a truncated one, changes nothing.
    let mut other = trainer(Some(Method::Pvq), Estimator::Nsvq, 40);
    assert!(other.restore(&path).is_err());
    let bytes = std::fs::read(&path).unwrap();
    for cut in [0, 7, 100, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..cut]).unwrap();
        assert!(other.restore(&path).is_err());
    }
    assert_eq!(other.done(), 0);
}

#[test]
fn the_last_phase_leaves_encoder_and_codebooks_at_rest() {
    let mut trainer = trainer(Some(Method::Rvq), Estimator::Nsvq, 20);
    if let Some(layer) = &mut trainer.quantizer {
        *layer = Layer::new(
            layer.books.clone(),
            &quantizer(Method::Rvq),
            &JointSettings { estimator: Estimator::Nsvq, commitment: None, noise: Noise::Vector, exact_updates: 15 },
            &training(20),
            4 * LATENTS,
        );
    }
    let state = |trainer: &Trainer| {
        let parts: Vec<(String, Vec<f32>)> = trainer
            .network
            .parameters()
            .into_iter()
            .map(|(name, var)| (name, var.flatten_all().unwrap().to_vec1().unwrap()))
            .collect();
        parts
    };
    steps(&mut trainer, 5);
    let (before, books) = (state(&trainer), trainer.quantizer.as_ref().map(|layer| layer.books.clone()));
    let losses = steps(&mut trainer, 20);
    for ((name, before), (_, after)) in before.iter().zip(state(&trainer)) {
        assert_eq!(name.starts_with("encoder"), *before == after, "{name}");
    }
    assert_eq!(trainer.quantizer.as_ref().map(|layer| layer.books.clone()), books);
    assert!(losses[12..].iter().sum::<f64>() < losses[..3].iter().sum::<f64>());
}

/// With a codeword for every latent vector, quantization is lossless.
#[test]
fn a_lossless_quantizer_reproduces_the_autoencoder() {
    let network = Autoencoder::new(&settings(), "lossless", DType::F32).unwrap();
    let blocks = to_blocks(&images(2)).unwrap();
    let latents = network.encode(&blocks).unwrap();
    let x = latents.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    for method in Method::PAPER {
        let books = Codebooks::new(method, 4, 1, 2 * LATENTS, x.clone()).unwrap();
        let mut assign = assigner(method, Some((Search::Beam, 4)));
        let (mut residual, mut indices) = (x.clone(), vec![0u32; 2 * LATENTS]);
        assign.prepare(&books);
        assign.assign(&books, &mut residual, &mut indices);
        let residual = Tensor::from_vec(residual, latents.shape(), &Device::Cpu).unwrap();
        let quantized = network.decode(&(&latents - residual).unwrap()).unwrap();
        assert_eq!(to_pixels(&quantized).unwrap(), to_pixels(&network.decode(&latents).unwrap()).unwrap());
    }
}
