//! Fast equals slow: every search against distances from their definition, over decoded vectors.

use proptest::prelude::*;

use super::norms::{Levels, decoded_norms};
use super::*;
use crate::data::stream::{below, normal, stream};
use crate::quantizer::centering::Centered;
use crate::quantizer::{Codebooks, Method};

/// Codebooks and vectors of whole numbers: all sums are exact in f32, so that equal distances are equal.
struct Whole {
    books: Codebooks,
    codes: Vec<u16>,
    queries: Vec<f32>,
}

fn whole(method: Method, part: usize, stages: usize, size: usize, count: usize, seed: u64) -> Whole {
    let dimension = part * stages;
    let mut rng = stream(&format!("search/{seed}"));
    let mut small = |n: usize| -> Vec<f32> { (0..n).map(|_| below(&mut rng, 7) as f32 - 3.0).collect() };
    let width = if method.is_product() { part } else { dimension };
    let books = Codebooks::new(method, dimension, stages, size, small(stages * size * width)).unwrap();
    let queries = small(5 * dimension);
    let codes = (0..count * stages).map(|_| below(&mut rng, size) as u16).collect();
    Whole { books, codes, queries }
}

fn index(whole: &Whole, norms: Norms) -> Index {
    let bytes: Vec<u8> = whole.codes.iter().map(|c| *c as u8).collect();
    let codes = if whole.books.size() <= 256 { Codes::U8(&bytes) } else { Codes::U16(&whole.codes) };
    Index::new(&whole.books, codes, norms).unwrap()
}

fn decoded(whole: &Whole) -> Vec<f32> {
    let mut vectors = vec![0.0; whole.codes.len() / whole.books.stages() * whole.books.dimension()];
    whole.books.decode(&whole.codes, &mut vectors).unwrap();
    vectors
}

/// The data as the index sees them: the norms, and the ranking without norms, depend on the center.
fn at_the_origin(whole: &Whole, norms: Norms) -> Whole {
    let Whole { mut books, codes, mut queries } =
        Whole { books: whole.books.clone(), codes: whole.codes.clone(), queries: whole.queries.clone() };
    let always = norms != Norms::Exact && !books.method().is_product();
    if let Some(centered) = if always { Centered::always(&books) } else { Centered::of(&books) } {
        centered.apply(&mut queries);
        books = centered.books().clone();
    }
    Whole { books, codes, queries }
}

/// Ids and distances by sorting all distances.
fn slow(whole: &Whole, norms: Norms, k: usize) -> (Vec<u32>, Vec<f32>) {
    let whole = &at_the_origin(whole, norms);
    let (vectors, dimension) = (decoded(whole), whole.books.dimension());
    let lengths = decoded_norms(&whole.books, Codes::U16(&whole.codes), &NEVER).unwrap();
    let levels = Levels::fit(&lengths);
    let (mut ids, mut distances) = (Vec::new(), Vec::new());
    for x in whole.queries.chunks_exact(dimension) {
        let mut all: Vec<(f64, u32)> = Vec::new();
        for (i, q) in vectors.chunks_exact(dimension).enumerate() {
            let dot: f64 = x.iter().zip(q).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            let xx: f64 = x.iter().map(|a| f64::from(*a).powi(2)).sum();
            let qq: f64 = match norms {
                _ if whole.books.method().is_product() => q.iter().map(|a| f64::from(*a).powi(2)).sum(),
                Norms::Exact => q.iter().map(|a| f64::from(*a).powi(2)).sum(),
                Norms::Byte => f64::from(levels.0[usize::from(levels.nearest(lengths[i]))]),
                Norms::Omitted => 0.0,
            };
            // As the index rounds: levels need not be whole numbers.
            all.push((f64::from((qq - 2.0 * dot) as f32) + xx, i as u32));
        }
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        all.truncate(k);
        ids.extend(all.iter().map(|found| found.1));
        distances.extend(all.iter().map(|found| found.0 as f32));
    }
    (ids, distances)
}

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

/// A level applies to one thread, so the pool has one thread.
fn at_every_level<T: Send>(work: impl Fn() -> T + Sync) -> Vec<T> {
    let alone = || {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build().unwrap();
        let mut all = Vec::new();
        crate::level::each(|_| all.push(pool.install(&work)));
        all
    };
    std::thread::scope(|scope| scope.spawn(alone).join().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn search_equals_brute_force_over_decoded_vectors(
        part in 1usize..6, stages in 1usize..10, size in prop::sample::select(vec![1usize, 2, 3, 16, 200, 256, 257, 700]),
        count in prop::sample::select(vec![1usize, 2, 63, 64, 65, 200, 1000, 5000]), k in 1usize..150, seed in 0u64..1000,
    ) {
        for method in Method::ALL {
            let whole = whole(method, part, stages, size, count, seed);
            for norms in [Norms::Exact, Norms::Byte, Norms::Omitted] {
                let expected = slow(&whole, norms, k);
                let mut index = index(&whole, norms);
                for filtered in [true, false] {
                    index.set_filtered(filtered);
                    let found = index.search(&whole.queries, k).unwrap();
                    prop_assert_eq!(found.k, k.min(count));
                    prop_assert_eq!((&found.ids, &found.distances), (&expected.0, &expected.1));
                }
            }
        }
    }

    #[test]
    fn real_values_give_the_same_with_and_without_filter_for_any_tile_and_threads(
        stages in 1usize..10, size in prop::sample::select(vec![2usize, 100, 256]), count in 1usize..3000,
        k in 1usize..40, asked in 1usize..150, scale in prop::sample::select(vec![1e-30f32, 1.0, 1e15]), seed in 0u64..1000,
    ) {
        let mut rng = stream(&format!("real/{seed}"));
        let mut numbers = |n: usize| -> Vec<f32> { (0..n).map(|_| scale * normal(&mut rng)).collect() };
        let queries = numbers(asked * 2 * stages);
        for method in Method::ALL {
            let width = if method.is_product() { 2 } else { 2 * stages };
            let books = Codebooks::new(method, 2 * stages, stages, size, numbers(stages * size * width)).unwrap();
            let codes: Vec<u8> = (0..count * stages).map(|i| (i * 7919 % 65_537 % size) as u8).collect();
            for norms in [Norms::Exact, Norms::Byte, Norms::Omitted] {
                let mut index = Index::new(&books, Codes::U8(&codes), norms).unwrap();
                let found = on_threads(1, || index.search(&queries, k)).unwrap();
                prop_assert_eq!(&on_threads(5, || index.search(&queries, k)).unwrap(), &found);
                for (at, query) in queries.chunks_exact(2 * stages).enumerate().step_by(29) {
                    let alone = index.search(query, k).unwrap();
                    prop_assert_eq!(&alone.ids[..], &found.ids[at * found.k..(at + 1) * found.k]);
                }
                index.set_filtered(false);
                prop_assert_eq!(&index.search(&queries, k).unwrap(), &found);
            }
        }
    }

    /// At every level of the CPU. With whole numbers, distances are often equal, and sums have all signs.
    #[test]
    fn filters_of_every_level_change_nothing(
        stages in 1usize..30, size in prop::sample::select(vec![1usize, 2, 5, 16, 130, 256]), count in 1usize..6000,
        k in prop::sample::select(vec![1usize, 2, 10, 100, 1000]), integers in any::<bool>(), seed in 0u64..1000,
    ) {
        let mut rng = stream(&format!("levels/{seed}"));
        let mut number = || if integers { below(&mut rng, 7) as f32 - 3.0 } else { normal(&mut rng) };
        let queries: Vec<f32> = (0..3 * 2 * stages).map(|_| number()).collect();
        for method in [Method::Pvq, Method::Rvq] {
            let width = if method.is_product() { 2 } else { 2 * stages };
            let values = (0..stages * size * width).map(|_| number()).collect();
            let books = Codebooks::new(method, 2 * stages, stages, size, values).unwrap();
            let codes: Vec<u8> = (0..count * stages).map(|i| (i * 7919 % 65_537 % size) as u8).collect();
            for norms in [Norms::Exact, Norms::Byte, Norms::Omitted] {
                let mut index = Index::new(&books, Codes::U8(&codes), norms).unwrap();
                let found = [true, false].map(|filtered| {
                    index.set_filtered(filtered);
                    at_every_level(|| index.search(&queries, k).unwrap())
                });
                prop_assert_eq!(&found[0], &found[1]);
            }
        }
    }

    /// DESIGN, "Invariance": an offset of all data and a scale by a power of two.
    #[test]
    fn offsets_and_scales_change_no_neighbor_but_near_ties(
        method in prop::sample::select(Method::ALL.to_vec()), size in prop::sample::select(vec![16usize, 300]),
        offset in prop::sample::select(vec![0f32, 1e2, 1e3, 1e4, 1e5]), power in prop::sample::select(vec![-60, 0, 60]),
        seed in 0u64..1000
    ) {
        let (dimension, stages, count, k) = (8, 2, 2000, 10);
        let mut rng = stream(&format!("offset/{seed}"));
        let mut numbers = |n: usize| -> Vec<f32> { (0..n).map(|_| normal(&mut rng)).collect() };
        let width = if method.is_product() { dimension / stages } else { dimension };
        let plain = Codebooks::new(method, dimension, stages, size, numbers(stages * size * width)).unwrap();
        let queries = numbers(20 * dimension);
        let codes: Vec<u16> = (0..count * stages).map(|i| (i * 7919 % 65_537 % size) as u16).collect();
        let scale = 2f32.powi(power);
        let moved = |v: f32| (v + offset) * scale;
        let mut books = plain.clone();
        let first = if method.is_product() { stages } else { 1 } * size * width;
        books.values_mut()[..first].iter_mut().for_each(|v| *v = moved(*v));
        books.values_mut()[first..].iter_mut().for_each(|v| *v *= scale);
        let there: Vec<f32> = queries.iter().map(|v| moved(*v)).collect();
        // The numbers that the index received, moved back without rounding.
        let back = |v: f32| f64::from(v) / f64::from(scale) - f64::from(offset);
        let mut rounded = plain.clone();
        rounded.values_mut()[..first].iter_mut().zip(books.values()).for_each(|(r, v)| *r = back(*v) as f32);
        let rounded_queries: Vec<f32> = there.iter().map(|v| back(*v) as f32).collect();
        let mut decoded = vec![0.0; count * dimension];
        rounded.decode(&codes, &mut decoded).unwrap();
        let distance = |query: usize, id: u32| -> f64 {
            let (x, y) = (&rounded_queries[query * dimension..], &decoded[id as usize * dimension..]);
            x.iter().zip(y).take(dimension).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum()
        };
        for norms in [Norms::Exact, Norms::Byte, Norms::Omitted] {
            let found = Index::new(&books, Codes::U16(&codes), norms).unwrap().search(&there, k).unwrap();
            let plain = Index::new(&rounded, Codes::U16(&codes), norms).unwrap().search(&rounded_queries, k).unwrap();
            let sum = |ids: &[u32]| -> f64 { ids.iter().enumerate().map(|(at, id)| distance(at / k, *id)).sum() };
            let (there, here) = (sum(&found.ids), sum(&plain.ids));
            // Near ties of inner products have other distances: one of them gives a query about ten copies of another
            // vector.
            let allowed = if norms == Norms::Omitted { 0.2 } else { 1e-3 };
            prop_assert!((there / here - 1.0).abs() < allowed, "{method:?} {norms:?}: {there} against {here}");
        }
        let found = exact_neighbors(&there, &there, dimension, 3).unwrap();
        prop_assert!(found.ids.chunks_exact(3).enumerate().all(|(at, ids)| ids[0] as usize == at));
    }

    #[test]
    fn exact_neighbors_equal_brute_force(
        dimension in 1usize..40, count in 1usize..2500, asked in 1usize..140, k in 1usize..60, whole in any::<bool>(),
        offset in prop::sample::select(vec![0.0f32, 1000.0, 1e5]),
        scale in prop::sample::select(vec![1e-30f32, 1e-20, 1.0, 1e30]),
        seed in 0u64..1000
    ) {
        let mut rng = stream(&format!("exact/{seed}"));
        let mut number = || if whole { below(&mut rng, 4) as f32 } else { scale * (offset + normal(&mut rng)) };
        let base: Vec<f32> = (0..count * dimension).map(|_| number()).collect();
        let queries: Vec<f32> = (0..asked * dimension).map(|_| number()).collect();
        let found = on_threads(1, || exact_neighbors(&base, &queries, dimension, k)).unwrap();
        prop_assert_eq!(&on_threads(3, || exact_neighbors(&base, &queries, dimension, k)).unwrap(), &found);
        for (x, ids) in queries.chunks_exact(dimension).zip(found.ids.chunks_exact(found.k)) {
            let mut all: Vec<(f64, u32)> = base.chunks_exact(dimension).zip(0..).map(|(b, i)| {
                (x.iter().zip(b).map(|(x, b)| (f64::from(*b) - f64::from(*x)).powi(2)).sum(), i)
            }).collect();
            all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let slow: Vec<u32> = all.iter().take(k).map(|found| found.1).collect();
            prop_assert_eq!(ids, &slow[..]);
        }
    }
}

/// One base of many blocks, so that limits change and parts are cut.
#[test]
fn large_bases_are_cut_in_parts_and_blocks_without_a_trace() {
    let whole = whole(Method::Rvq, 2, 4, 16, 150_001, 3);
    for norms in [Norms::Exact, Norms::Byte] {
        let index = index(&whole, norms);
        for k in [1, 10, 3000] {
            let (ids, distances) = slow(&whole, norms, k);
            for threads in [1, 2, 7] {
                let found = on_threads(threads, || index.search(&whole.queries, k)).unwrap();
                assert!((&found.ids, &found.distances) == (&ids, &distances), "{norms:?}, k = {k}, {threads} threads");
            }
        }
    }
}

#[test]
fn values_that_overflow_give_neighbors_all_the_same() {
    let books = Codebooks::new(Method::Rvq, 2, 2, 2, vec![3e38, -3e38, 0.0, 1.0, 3e38, 1.0, -3e38, 3e38]).unwrap();
    let codes: Vec<u8> = (0..2000).map(|i| (i / 3 % 2) as u8).collect();
    for norms in [Norms::Exact, Norms::Byte, Norms::Omitted] {
        let mut index = Index::new(&books, Codes::U8(&codes), norms).unwrap();
        let found = index.search(&[3e38, 3e38, 1.0, 0.0], 70).unwrap();
        index.set_filtered(false);
        assert_eq!(index.search(&[3e38, 3e38, 1.0, 0.0], 70).unwrap().ids, found.ids);
    }
    let base = [3e38, -3e38, 1.0, 2.0, 3e38, 3e38];
    assert_eq!(exact_neighbors(&base, &[3e38, 2e38], 2, 3).unwrap().ids, [2, 1, 0]);
}

#[test]
fn bits_count_the_code_and_the_norm() {
    let bits = |method, size, norms| index(&whole(method, 2, 4, size, 3, 1), norms).bits_per_vector();
    assert_eq!(bits(Method::Rvq, 256, Norms::Exact), 64 - 32 + 32);
    assert_eq!(bits(Method::Avq, 256, Norms::Byte), 32 + 8);
    assert_eq!(bits(Method::Avq, 200, Norms::Omitted), 32);
    assert_eq!(bits(Method::Pvq, 1024, Norms::Exact), 40);
}

#[test]
fn wrong_input_is_named() {
    let books = Codebooks::new(Method::Rvq, 2, 2, 2, vec![0.0; 8]).unwrap();
    let new = |codes: &[u8]| Index::new(&books, Codes::U8(codes), Norms::Exact).map(|_| ()).unwrap_err().to_string();
    assert!(new(&[0, 1, 0]).starts_with("3 codes are not a whole number of rows of 2"));
    assert!(new(&[0, 1, 0, 2]).starts_with("vector 1, stage 1: code 2 is out of range"));
    let index = Index::new(&books, Codes::U8(&[0, 1]), Norms::Exact).unwrap();
    assert_eq!(index.search(&[1.0, 2.0], 0), Err(SearchError::NoNeighbors));
    assert!(index.search(&[1.0, 2.0, 3.0], 1).is_err());
    let infinite = index.search(&[1.0, 2.0, 3.0, f32::INFINITY], 1).unwrap_err().to_string();
    assert!(infinite.starts_with("query 1, coordinate 1 is inf"), "{infinite}");
    assert!(exact_neighbors(&[1.0], &[1.0], 0, 1).is_err());
    assert!(exact_neighbors(&[f32::NAN], &[1.0], 1, 1).is_err());
    let empty = Index::new(&books, Codes::U8(&[]), Norms::Byte).unwrap();
    assert_eq!(empty.search(&[1.0, 2.0], 5).unwrap().k, 0);
}

#[test]
fn rotated_codes_are_searched_in_the_coordinates_of_the_queries() {
    // A rotation by 45° and a swap, exact to the last bits.
    let half = std::f32::consts::FRAC_1_SQRT_2;
    let matrix = vec![half, half, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, half, -half, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0];
    let mut rng = stream("rotated");
    let mut numbers = |n: usize| -> Vec<f32> { (0..n).map(|_| normal(&mut rng)).collect() };
    let books = Codebooks::new(Method::Opq, 4, 2, 16, numbers(2 * 16 * 2)).unwrap().with_rotation(matrix).unwrap();
    let codes: Vec<u8> = (0..500 * 2).map(|i| (i * 7919 % 65_537 % 16) as u8).collect();
    let mut decoded = vec![0.0; 500 * 4];
    books.decode(&codes.iter().map(|c| u16::from(*c)).collect::<Vec<_>>(), &mut decoded).unwrap();
    let queries = numbers(10 * 4);
    let found = Index::new(&books, Codes::U8(&codes), Norms::Exact).unwrap().search(&queries, 20).unwrap();
    let expected = exact_neighbors(&decoded, &queries, 4, 20).unwrap();
    for (found, expected) in found.distances.iter().zip(&expected.distances) {
        assert!((found - expected).abs() < 1e-4, "{found}, {expected}");
    }
}

#[test]
fn a_stop_ends_searches_with_an_error() {
    let whole = whole(Method::Rvq, 2, 2, 4, 300, 1);
    let (index, base) = (index(&whole, Norms::Exact), decoded(&whole));
    let dimension = whole.books.dimension();
    let mut stop = AtomicBool::new(true);
    assert_eq!(index.search_until(&whole.queries, 3, &stop), Err(SearchError::Stopped));
    assert_eq!(exact_neighbors_until(&base, &whole.queries, dimension, 3, &stop), Err(SearchError::Stopped));
    *stop.get_mut() = false;
    assert_eq!(index.search_until(&whole.queries, 3, &stop), index.search(&whole.queries, 3));
    let exact = exact_neighbors(&base, &whole.queries, dimension, 3);
    assert_eq!(exact_neighbors_until(&base, &whole.queries, dimension, 3, &stop), exact);
}

/// The parts of an index are filled by several threads; the first wrong code is named.
#[test]
fn an_index_of_many_parts_names_its_first_wrong_code_and_stops() {
    use std::sync::atomic::AtomicBool;

    let books = Codebooks::new(Method::Rvq, 2, 2, 200, vec![1.0; 800]).unwrap();
    let mut codes = vec![7u8; 2 * 30_000];
    let new = |codes: &[u8], norms, stop| {
        Index::new_until(&books, Codes::U8(codes), norms, &AtomicBool::new(stop)).map(|index| index.len())
    };
    assert_eq!(new(&codes, Norms::Exact, false), Ok(30_000));
    for norms in [Norms::Exact, Norms::Byte, Norms::Omitted] {
        assert_eq!(new(&codes, norms, true), Err(SearchError::Stopped));
    }
    (codes[2 * 29_999], codes[2 * 17_003 + 1], codes[2 * 17_004]) = (200, 250, 251);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let error = pool.install(|| new(&codes, Norms::Exact, false)).unwrap_err().to_string();
    assert!(error.starts_with("vector 17003, stage 1: code 250 is out of range"), "{error}");
}
