//! One whole training step (search, gradient, Adam), B = 64: `cargo bench --bench training_step`.

mod common;

use common::{Shape, Steps, quick, random_vectors};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use vqlab::quantizer::Method;

const BATCH: usize = 64;
/// Different batches, taken in turn.
const BATCHES: usize = 16;

fn shapes() -> Vec<Shape> {
    let mut shapes = Vec::new();
    for (method, beam) in [(Method::Pvq, 0), (Method::Rvq, 0), (Method::Avq, 1), (Method::Avq, 8), (Method::Avq, 16)] {
        shapes.extend([3, 5, 7, 10].map(|bits| Shape::new(method, 64, 4, bits, beam)));
    }
    shapes.extend(Method::PAPER.map(|method| Shape::new(method, 128, 8, 8, 16)));
    shapes
}

fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("training-step");
    group.throughput(Throughput::Elements(BATCH as u64));
    for shape in shapes() {
        let length = BATCH * shape.dimension;
        let batches = random_vectors("batches", BATCHES * length, 1.0);
        let mut batches = batches.chunks_exact(length).cycle();
        let mut steps = Steps::new(&shape, shape.random_books(), BATCH, 1e-3);
        group.bench_function(shape.name(), |bencher| {
            bencher.iter(|| batches.next().map(|batch| steps.step(batch)));
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = quick(30, 1); targets = steps }
criterion_main!(benches);
