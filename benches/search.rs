//! Nearest-neighbor search over codes by table look-up, with one thread and with all: `cargo bench --bench search`.

mod common;

use common::{Shape, encode_all, quick, random_vectors};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rayon::ThreadPoolBuilder;
use vqlab::quantizer::Method;
use vqlab::search::{Codes, Index, Norms};

const BASE: usize = 50_000;
const QUERIES: usize = 64;
const NEIGHBORS: usize = 100;

fn searching(criterion: &mut Criterion) {
    let pools = [("one thread", 1), ("all threads", 0)]
        .map(|(name, threads)| (name, ThreadPoolBuilder::new().num_threads(threads).build().expect("threads")));
    let mut group = criterion.benchmark_group("search");
    group.throughput(Throughput::Elements((BASE * QUERIES) as u64));
    for (method, norms) in [(Method::Pvq, Norms::Omitted), (Method::Rvq, Norms::Exact), (Method::Rvq, Norms::Byte)] {
        for (dimension, stages, bits) in [(128, 8, 8), (64, 4, 10)] {
            let shape = Shape::new(method, dimension, stages, bits, 0);
            let books = shape.random_books();
            let codes = encode_all(&shape, &books, &random_vectors("base", BASE * dimension, 1.0), Some(&pools[1].1));
            let index = Index::new(&books, Codes::U16(&codes), norms).expect("valid codes");
            let queries = random_vectors("queries", QUERIES * dimension, 1.0);
            for (threads, pool) in &pools {
                let name = format!("{}, norms {norms:?}", shape.name());
                group.bench_function(BenchmarkId::new(name, threads), |bencher| {
                    bencher.iter(|| pool.install(|| index.search(&queries, NEIGHBORS)));
                });
            }
        }
    }
    group.finish();
}

criterion_group! { name = benches; config = quick(10, 2); targets = searching }
criterion_main!(benches);
