//! Encoding of many vectors, with one thread and with all: `cargo bench --bench encode`.

mod common;

use common::{Shape, encode_all, quick, random_vectors};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rayon::ThreadPoolBuilder;
use vqlab::quantizer::Method;

const VECTORS: usize = 4096;

fn encoding(criterion: &mut Criterion) {
    let pool = ThreadPoolBuilder::new().build().expect("threads");
    let mut group = criterion.benchmark_group("encode");
    group.throughput(Throughput::Elements(VECTORS as u64));
    for method in [Method::Pvq, Method::Rvq, Method::Avq] {
        for (dimension, stages, bits) in [(64, 4, 5), (64, 4, 10), (128, 8, 8)] {
            let shape = Shape::new(method, dimension, stages, bits, 16);
            let (books, x) = (shape.random_books(), random_vectors("x", VECTORS * dimension, 1.0));
            for (threads, pool) in [("one thread", None), ("all threads", Some(&pool))] {
                group.bench_function(BenchmarkId::new(shape.name(), threads), |bencher| {
                    bencher.iter(|| encode_all(&shape, &books, &x, pool));
                });
            }
        }
    }
    group.finish();
}

criterion_group! { name = benches; config = quick(10, 2); targets = encoding }
criterion_main!(benches);
