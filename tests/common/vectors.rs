//! Files of codebooks and vectors, and what the commands on them say.

use std::path::Path;

use vqlab::data::file::{Output, VectorFile, VectorWriter};
use vqlab::data::stream::{normal, stream};
use vqlab::quantizer::{Codebooks, Method, Provenance, save};

use super::{Env, Run};

pub fn numbers(name: &str, n: usize) -> Vec<f32> {
    let mut rng = stream(name);
    (0..n).map(|_| normal(&mut rng)).collect()
}

pub fn put_books(env: &Env, name: &str, method: Method, (dimension, stages, size): (usize, usize, usize)) {
    let mut books = Codebooks::zeros(method, dimension, stages, size).unwrap();
    let values = numbers(name, books.values().len());
    books.values_mut().copy_from_slice(&values);
    let provenance = Provenance { beam_width: 4, trainer: "nsvq".into(), provenance: "a test".into() };
    save(&env.path(name), &books, &provenance).unwrap();
}

pub fn put_vectors(path: &Path, dimension: usize, values: &[f32]) {
    let mut writer = VectorWriter::create(Output::new(path).force(true), dimension).unwrap();
    writer.write(values).unwrap();
    writer.finish().unwrap();
}

pub fn json(run: &Run, key: &str) -> f64 {
    let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    value[key].as_f64().unwrap_or_else(|| panic!("no {key}: {run:#?}"))
}

pub fn read(path: &Path) -> (usize, Vec<f32>) {
    let file = VectorFile::open(path).unwrap();
    let mut values = vec![0.0; file.len() * file.dimension()];
    file.read(0, &mut values).unwrap();
    (file.dimension(), values)
}
