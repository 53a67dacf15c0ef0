//! Trains codebooks on vectors in memory, saves them to a file, encodes and decodes:
//! `cargo run --release --example train_and_encode`.

use vqlab::baseline::{self, Settings};
use vqlab::data::stream::{normal, stream};
use vqlab::quantizer::{Method, Provenance, assigner, encode, load, save};

const DIMENSION: usize = 16;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // 4,000 vectors with correlated coordinates. The last 1,000 are held out.
    let mut rng = stream("an example");
    let vector = |_| {
        let common = normal(&mut rng);
        (0..DIMENSION).map(|_| common + 0.5 * normal(&mut rng)).collect::<Vec<f32>>()
    };
    let vectors: Vec<f32> = (0..4000).flat_map(vector).collect();
    let (training, test) = vectors.split_at(3000 * DIMENSION);

    let folder = tempfile::tempdir()?;
    for method in [Method::Pvq, Method::Rvq, Method::Avq] {
        // 4 stages of 4 bits.
        let settings = Settings::new(method, 4, 16);
        let books = baseline::train(&settings, training, DIMENSION, "an example", &mut |_done| true)?;
        let path = folder.path().join("books.safetensors");
        let made = Provenance { beam_width: 16, trainer: "kmeans".into(), provenance: "an example".into() };
        save(&path, &books, &made)?;

        let (books, _) = load(&path)?;
        let codes = encode(&books, assigner(method, None).as_mut(), test)?;
        let mut decoded = vec![0.0; test.len()];
        books.decode(&codes, &mut decoded)?;
        let squares: f64 = test.iter().zip(&decoded).map(|(x, y)| f64::from(x - y).powi(2)).sum();
        println!("{}: mean squared error {:.4} at 16 bits per vector", method.label(), squares / test.len() as f64);
    }
    Ok(())
}
