//! The inner loops alone: `cargo bench --bench kernels`.

mod common;

use std::hint::black_box;

use common::{quick, random_vectors};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use vqlab::quantizer::kernels::{CHUNK, ROWS, Rows, adam, products};
use vqlab::quantizer::panels::{Panels, ScoreRows};
use vqlab::quantizer::tiles::Tiles;
use vqlab::quantizer::{Codebooks, Method};

const D: usize = 64;

/// ROWS × D times D × K.
fn matrix_products(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("products");
    for size in [8, 32, 128, 1024, 4096] {
        let (x, words) = (random_vectors("x", ROWS * D, 1.0), random_vectors("c", size * D, 1.0));
        let mut out = vec![0.0; ROWS * size];
        group.throughput(Throughput::Elements((2 * ROWS * size * D) as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            let (a, b) = (Rows { data: &x, stride: D }, Rows { data: &words, stride: D });
            bencher.iter(|| products(black_box(a), black_box(b), size, D, &mut out, size));
        });
    }
    group.finish();
}

/// The nearest codeword, all scores with the minima of their chunks, and the packing of the codebook before.
fn fused_nearest(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("nearest");
    let selection: Vec<u32> = (0..ROWS as u32).collect();
    for size in [8, 32, 128, 1024, 4096] {
        let x = random_vectors("x", ROWS * D, 1.0);
        let books = Codebooks::new(Method::Rvq, D, 1, size, random_vectors("c", size * D, 1.0)).expect("a valid shape");
        let (mut panels, mut tiles, mut found) = (Panels::default(), Tiles::default(), Vec::new());
        group.throughput(Throughput::Elements((2 * ROWS * size * D) as u64));
        group.bench_function(BenchmarkId::new("pack", size), |bencher| bencher.iter(|| panels.pack(black_box(&books))));
        group.bench_function(BenchmarkId::new("scan", size), |bencher| {
            let rows = Rows { data: &x, stride: D };
            tiles.prepare(&books);
            bencher.iter(|| tiles.nearest(&books, 0, black_box(rows), &selection, &mut found));
        });
        let chunks = size.div_ceil(CHUNK);
        let (mut scores, mut minima) = (vec![0.0; ROWS * chunks * CHUNK], vec![0.0; ROWS * chunks]);
        group.bench_function(BenchmarkId::new("scores", size), |bencher| {
            let rows = Rows { data: &x, stride: D };
            bencher.iter(|| {
                let (scores, minima) = (&mut scores[..], &mut minima[..]);
                let out = ScoreRows { scores, stride: chunks * CHUNK, minima, minima_stride: chunks, chunks };
                panels.scores(0, black_box(rows), &selection, out);
            });
        });
    }
    group.finish();
}

fn updates(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("adam");
    for count in [4 * 32 * D, 4 * 1024 * D] {
        let mut parameters = random_vectors("p", count, 1.0);
        let (mut gradient, mut first, mut second) = (vec![0.0; count], vec![0.0; count], vec![0.0; count]);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter(|| {
                let rates = (0.1, 0.999, 0.001);
                adam(&mut parameters, &mut gradient, &mut first, &mut second, rates, (1e-3, 0.5), 1e-8);
            });
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = quick(100, 1); targets = matrix_products, fused_nearest, updates }
criterion_main!(benches);
