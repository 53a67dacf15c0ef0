//! One joint training step of the image autoencoder on 32 images, with and without a quantizer, and of a convolution against
//! candle's: `cargo bench --bench image_step`. The quantizer's share is the difference to `autoencoder`.

mod common;

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{VarBuilder, VarMap};
use common::{Shape, quick};
use criterion::{Criterion, criterion_group, criterion_main};
use vqlab::data::stream::{normal, stream};
use vqlab::network::{
    Autoencoder, BLOCK_VALUES, Conv, ConvConfig, GRID, JointSettings, LATENTS, Layer, NetworkSettings, Trainer,
    TrainerPlan,
};
use vqlab::quantizer::{Estimator, Init, Method, Noise, QuantizerSettings, Search};
use vqlab::training::{Optimizer, Schedule, TrainingSettings};

const BATCH: usize = 32;
const DIMENSION: usize = 64;

fn random(shape: &[usize], name: &str) -> Tensor {
    let mut rng = stream(name);
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| 0.2 * normal(&mut rng)).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).expect("the shape is that of the values")
}

fn trainer(shape: Option<&Shape>) -> candle_core::Result<Trainer> {
    let network = NetworkSettings {
        width: 64,
        blocks: 2,
        dimension: DIMENSION,
        updates: 0,
        learning_rate: 1e-3,
        batch_size: BATCH,
    };
    let training = TrainingSettings {
        optimizer: Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        learning_rate: 1e-3,
        schedule: Schedule::Constant,
        batch_size: BATCH,
        updates: u64::MAX,
        log_every: u64::MAX,
        replacement: None,
    };
    let joint = JointSettings { estimator: Estimator::Nsvq, commitment: None, noise: Noise::Vector, exact_updates: 0 };
    let layer = shape.map(|shape| {
        let settings = QuantizerSettings {
            method: shape.method,
            stages: shape.stages,
            bits_per_stage: shape.size.ilog2(),
            beam_width: shape.beam,
            training_beam_width: shape.beam,
            search: shape.beam.map(|_| if shape.ordered { Search::Ordered } else { Search::Beam }),
            init: Init::Uniform,
            init_updates: None,
            init_learning_rate: None,
        };
        Layer::new(shape.random_books(), &settings, &joint, &training, BATCH * LATENTS)
    });
    let plan = TrainerPlan { training, learning_rate: 1e-3, variance: 0.06 };
    Trainer::new(Autoencoder::new(&network, "bench", DType::F32)?, layer, plan, "bench")
}

fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("image-step");
    let blocks = random(&[BATCH, GRID, GRID, BLOCK_VALUES], "blocks");
    let mut shapes = vec![None];
    for (method, beam) in [(Method::Pvq, 0), (Method::Rvq, 0), (Method::Avq, 1), (Method::Avq, 4)] {
        shapes.extend([3, 5, 7, 10].map(|bits| Some(Shape::new(method, DIMENSION, 4, bits, beam))));
    }
    for shape in shapes {
        let mut trainer = trainer(shape.as_ref()).expect("settings are right");
        let name = shape.map_or("autoencoder".to_owned(), |shape| shape.name());
        group.bench_function(name, |bencher| bencher.iter(|| trainer.step(&blocks).expect("shapes are right")));
    }
    group.finish();
}

/// Forth and back, 3 × 3, 64 to 64 channels.
fn convolutions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("convolution");
    let variables = VarMap::new();
    let vb = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
    let config =
        ConvConfig { inputs: 64, outputs: 64, kernel: 3, stride: 1, padding: 1, activate: false, is_first: false };
    let conv = Conv::new(config, vb).expect("a new layer");
    let x = Var::from_tensor(&random(&[BATCH, GRID, GRID, 64], "x")).expect("a variable");
    let back = |y: Tensor| y.sqr().and_then(|y| y.sum_all()).and_then(|y| y.backward()).expect("a gradient");
    group.bench_function("ours", |bencher| bencher.iter(|| back(conv.forward(&x).expect("right shapes"))));
    let x = Var::from_tensor(&random(&[BATCH, 64, GRID, GRID], "x")).expect("a variable");
    let w = Var::from_tensor(&random(&[64, 64, 3, 3], "w")).expect("a variable");
    group.bench_function("candle", |bencher| {
        bencher.iter(|| back(x.conv2d(&w, 1, 1, 1, 1).expect("right shapes")));
    });
    group.finish();
}

criterion_group! { name = benches; config = quick(10, 2); targets = steps, convolutions }
criterion_main!(benches);
