//! Trains codebooks by stochastic optimization (NSVQ) alone, without a network: `cargo run --release --example nsvq_training`.

use vqlab::data::stream::{normal, stream};
use vqlab::quantizer::{Method, QuantizerSettings, assigner, encode};
use vqlab::training::{Feed, Setup, Shuffled, TrainingSettings, initial_codebooks, train};

const DIMENSION: usize = 16;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = stream("an example");
    let vectors: Vec<f32> = (0..20_000 * DIMENSION).map(|_| normal(&mut rng)).collect();
    let mut batches = Shuffled::new(&vectors, DIMENSION, "an example");

    // 4 stages of 4 bits; learning rate 0.1 and 3,000 updates, for data with standard deviation 1.
    let quantizer = QuantizerSettings::new(Method::Rvq, 4, 4);
    let training = TrainingSettings::new(0.1, 3_000);
    let mut next_batch = |out: &mut [f32]| batches.next_batch(out);
    let mut feed = Feed { next_batch: &mut next_batch, go_on: &mut |_done| true, checkpoint: None };
    let books = initial_codebooks(&quantizer, &training, DIMENSION, "an example", &mut feed)?;
    let setup = Setup { quantizer: &quantizer, training: &training, rng: stream("replacement") };
    let trained = train(books, setup, &mut feed)?;
    for point in trained.log.iter().step_by(5) {
        println!("update {}: batch error {:.4}", point.update, point.loss);
    }

    let test: Vec<f32> = (0..5_000 * DIMENSION).map(|_| normal(&mut rng)).collect();
    let codes = encode(&trained.codebooks, assigner(Method::Rvq, None).as_mut(), &test)?;
    let mut decoded = vec![0.0; test.len()];
    trained.codebooks.decode(&codes, &mut decoded)?;
    let squares: f64 = test.iter().zip(&decoded).map(|(x, y)| f64::from(x - y).powi(2)).sum();
    println!("test error {:.4} per coordinate at 16 bits per vector", squares / test.len() as f64);
    Ok(())
}
