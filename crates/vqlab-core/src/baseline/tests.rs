//! The trainers on small data: properties that hold for any vectors.

use super::*;
use crate::data::stream::normal;
use crate::data::stream::stream;
use crate::quantizer::{Search, ShapeError, assigner, encode};

fn numbers(name: &str, n: usize) -> Vec<f32> {
    let mut rng = stream(name);
    (0..n).map(|_| normal(&mut rng)).collect()
}

/// n vectors of 8 coordinates that depend on 3 factors each, and a little noise.
fn correlated(n: usize) -> Vec<f32> {
    let mix = numbers("mix", 8 * 3);
    let (sources, noise) = (numbers("sources", 3 * n), numbers("noise", 8 * n));
    let mixed =
        sources.chunks_exact(3).flat_map(|z| mix.chunks_exact(3).map(move |a| a[0] * z[0] + a[1] * z[1] + a[2] * z[2]));
    mixed.zip(noise).map(|(v, e)| v + 0.05 * e).collect()
}

fn trained(settings: &Settings, x: &[f32], dimension: usize) -> Result<Codebooks, Error> {
    train(settings, x, dimension, "test", &mut |_| true)
}

/// Mean ‖x − q‖² per coordinate.
fn error(books: &Codebooks, x: &[f32]) -> f64 {
    let mut assign = assigner(books.method(), Some((Search::Ordered, 8)));
    let codes = encode(books, assign.as_mut(), x).unwrap();
    let mut q = vec![0.0; x.len()];
    books.decode(&codes, &mut q).unwrap();
    x.iter().zip(q).map(|(x, q)| f64::from(x - q).powi(2)).sum::<f64>() / x.len() as f64
}

#[test]
fn k_means_finds_separate_centers() {
    let x: Vec<f32> = (0..400).map(|i| (i % 4) as f32 * 10.0 + (i % 5) as f32 * 0.01).collect();
    let points = Points::new(&x, 1, 0..1).unwrap();
    let mut centroids = kmeans(&points, 4, 20, &mut stream("k"), &mut Progress::new(&mut |_| true), &[]).unwrap();
    centroids.sort_by(f32::total_cmp);
    for (k, c) in centroids.iter().enumerate() {
        assert!((c - k as f32 * 10.0 - 0.02).abs() < 0.01, "{centroids:?}");
    }
}

#[test]
fn more_iterations_never_raise_the_error_of_k_means() {
    let x = numbers("x", 2000 * 4);
    let points = Points::new(&x, 4, 1..4).unwrap();
    let errors: Vec<f64> = [1, 2, 5, 6, 10, 40]
        .into_iter()
        .map(|iterations| {
            let centroids =
                kmeans(&points, 32, iterations, &mut stream("k"), &mut Progress::new(&mut |_| true), &[]).unwrap();
            let books = Codebooks::new(Method::Rvq, 3, 1, 32, centroids).unwrap();
            error(&books, &x.chunks_exact(4).flat_map(|x| &x[1..]).copied().collect::<Vec<_>>())
        })
        .collect();
    assert!(errors.is_sorted_by(|a, b| *b <= *a * 1.000001), "{errors:?}");
}

#[test]
fn every_method_is_better_than_the_simpler_one_it_comes_from() {
    let x = correlated(3000);
    let [avq, rvq, pvq, opq, lsq] = Method::ALL.map(|method| {
        let settings = Settings { iterations: 12, ..Settings::new(method, 2, 16) };
        let books = trained(&settings, &x, 8).unwrap();
        assert_eq!((books.method(), books.stages(), books.size(), books.dimension()), (method, 2, 16, 8));
        assert_eq!(trained(&settings, &x, 8).unwrap(), books);
        error(&books, &x)
    });
    assert!(opq < 0.9 * pvq && avq < rvq && lsq < rvq && rvq < pvq, "{avq} {rvq} {pvq} {opq} {lsq}");
}

#[test]
fn no_step_of_the_alternation_raises_the_training_error() {
    let x = correlated(800);
    let books = trained(&Settings { iterations: 3, ..Settings::new(Method::Rvq, 3, 8) }, &x, 8).unwrap();
    let mut books = Codebooks::new(Method::Avq, 8, 3, 8, books.values().to_vec()).unwrap();
    let mut codes = additive::Codes::none(&x, 8, 3);
    let mut errors = Vec::new();
    // A beam of 1 alone finds worse codes now and then.
    let mut team = team::Team::new(|| assigner(Method::Avq, Some((Search::Beam, 1))));
    for _ in 0..12 {
        team.each(|search| search.prepare(&books));
        let mut progress = |_| true;
        let mut progress = Progress::new(&mut progress);
        codes
            .improve(&books, &x, &mut team, &mut progress, |search, x, indices| search.assign(&books, x, indices))
            .unwrap();
        errors.push(codes.error(8));
        least_squares::fit(&mut books, &codes.residual, &codes.indices, &mut progress).unwrap();
        codes.update_residual(&books, &x);
        errors.push(codes.error(8));
    }
    assert!(errors.is_sorted_by(|a, b| *b <= *a * 1.000001), "{errors:?}");
    assert!(errors[23] < 0.9 * errors[0], "{errors:?}");
}

#[test]
fn few_vectors_and_vectors_without_differences_are_sound() {
    for method in Method::ALL {
        let settings = Settings { iterations: 4, ..Settings::new(method, 2, 8) };
        // Fewer vectors than codewords; fewer different vectors; all equal; all zero.
        let few = numbers("few", 3 * 4);
        let repeated: Vec<f32> = few.iter().copied().cycle().take(3 * 4 * 50).collect();
        for x in [&few[..], &few[..4], &repeated, &[2.5; 4 * 40], &[0.0; 4 * 40]] {
            let books = trained(&settings, x, 4).unwrap();
            assert!(error(&books, x) < 1e-9, "{method:?}, {} values: {}", x.len(), error(&books, x));
        }
        // One coordinate that is constant, and one codeword.
        let flat: Vec<f32> = (0..800).map(|i| if i % 4 == 1 { 7.0 } else { (i * i % 101) as f32 }).collect();
        assert!(error(&trained(&settings, &flat, 4).unwrap(), &flat) < 500.0);
        let one = trained(&Settings { size: 1, ..settings }, &flat, 4).unwrap();
        assert!(error(&one, &flat).is_finite());
    }
}

#[test]
fn tiny_and_large_vectors_train_as_others() {
    let x = correlated(500);
    for method in Method::ALL {
        let settings = Settings { iterations: 4, ..Settings::new(method, 2, 8) };
        let expected = error(&trained(&settings, &x, 8).unwrap(), &x);
        for (scale, offset) in [(1e-12f32, 0.0), (1e12, 0.0), (1e-30, 0.0), (1e30, 0.0), (1.0, 1e3), (1.0, 1e5)] {
            let scaled: Vec<f32> = x.iter().map(|v| scale * (v + offset)).collect();
            let found = error(&trained(&settings, &scaled, 8).unwrap(), &scaled) / f64::from(scale).powi(2);
            assert!((found / expected - 1.0).abs() < 0.2, "{method:?} × {scale}: {found}, {expected}");
        }
    }
}

#[test]
fn what_cannot_be_trained_is_refused() {
    for method in Method::ALL {
        let settings = Settings::new(method, 2, 4);
        let refused = |x: &[f32], dimension| trained(&settings, x, dimension).unwrap_err();
        assert_eq!(refused(&[], 4), Error::NoVectors);
        assert_eq!(refused(&[0.0; 7], 4), Error::Rows { values: 7, dimension: 4 });
        assert_eq!(refused(&[0.0; 8], 0), Error::Shape(ShapeError::Empty(0, 2, 4)));
        let mut x = vec![1.0; 40];
        x[22] = f32::INFINITY;
        assert_eq!(refused(&x, 4), Error::NotFinite { row: 5, column: 2, value: f32::INFINITY });
        let tiny: Vec<f32> = (0..40).map(f32::from_bits).collect();
        assert!(matches!(refused(&tiny, 4), Error::Spread { spread } if spread > 0.0 && spread < 1e-42));
        if matches!(method, Method::Avq | Method::Lsq) {
            let large = Settings { size: 4096, ..settings };
            let expected = Error::TooManyCodewords { stages: 2, size: 4096 };
            assert_eq!(trained(&large, &[1.0; 8], 4).unwrap_err(), expected);
        }
    }
}

#[test]
fn the_caller_is_told_of_progress_and_can_stop_at_any_time() {
    let x = correlated(600);
    for method in Method::ALL {
        let settings = Settings { iterations: 8, ..Settings::new(method, 2, 8) };
        let mut told = Vec::new();
        train(&settings, &x, 8, "test", &mut |done| {
            told.push(done);
            true
        })
        .unwrap();
        // Sums of shares have rounding errors.
        let ascending = told.is_sorted_by(|a, b| *a <= b + 1e-9);
        assert!(ascending && told[0] == 0.0 && told.last() == Some(&1.0), "{method:?}: {told:?}");
        for stop in (0..told.len()).step_by(7) {
            let mut calls = 0;
            let stopped = train(&settings, &x, 8, "test", &mut |_| {
                calls += 1;
                calls <= stop
            });
            assert_eq!((stopped, calls), (Err(Error::Stopped), stop + 1));
        }
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    // More vectors than one thread takes at once.
    let x = correlated(2500);
    for method in Method::ALL {
        let settings = Settings { iterations: 3, ..Settings::new(method, 2, 16) };
        let [one, three] = [1, 3].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| trained(&settings, &x, 8).unwrap())
        });
        assert!(one == three, "{method:?}");
    }
}

/// Fewer vectors than dimensions, low rank, constant columns, and all three.
#[test]
fn vectors_wider_than_their_number_or_rank_train_as_others() {
    let (n, dimension) = (150, 192);
    let (mix, sources) = (numbers("wide/mix", 5 * dimension), numbers("wide/sources", 5 * n));
    let of_rank_5 = |i: usize, j: usize| (0..5).map(|k| sources[i * 5 + k] * mix[k * dimension + j]).sum::<f32>();
    let noise = numbers("wide/noise", n * dimension);
    let cases: [&dyn Fn(usize, usize) -> f32; 4] = [
        &|i, j| noise[i * dimension + j],
        &of_rank_5,
        &|i, j| if j % 3 == 0 { 7.0 } else { noise[i * dimension + j] },
        &|i, j| if j >= 96 { -1.0 } else { of_rank_5(i, j) },
    ];
    for (number, case) in cases.into_iter().enumerate() {
        let x: Vec<f32> = (0..n * dimension).map(|at| case(at / dimension, at % dimension)).collect();
        let mean = mean(&x, dimension);
        let centered = x.iter().enumerate().map(|(at, v)| (f64::from(*v) - mean[at % dimension]).powi(2));
        let variance = centered.sum::<f64>() / x.len() as f64;
        let [_, _, pvq, opq, _] = Method::ALL.map(|method| {
            let settings = Settings { iterations: 3, ..Settings::new(method, 4, 8) };
            let found = error(&trained(&settings, &x, dimension).unwrap(), &x);
            assert!(found < variance, "{number}, {method:?}: {found} of {variance}");
            found
        });
        assert!(opq < 1.001 * pvq, "{number}: {opq} {pvq}");
    }
}

#[test]
fn what_no_memory_holds_is_refused_and_the_rest_works_in_100000_dimensions() {
    let (n, dimension) = (24, 100_000);
    let x = numbers("very wide", n * dimension);
    for method in Method::ALL {
        let settings = Settings { iterations: 1, ..Settings::new(method, 2, 4) };
        match (method, trained(&settings, &x, dimension)) {
            (Method::Opq, Err(error @ Error::Memory { .. })) => {
                let message = error.to_string();
                assert!(message.starts_with("OPQ of 2 × 4 for vectors of dimension 100000 needs about "), "{message}");
                assert!(message.contains(" GB of memory") && message.contains("use RVQ or PVQ"), "{message}");
            }
            (Method::Opq, found) => panic!("{:?}", found.map(drop)),
            (_, found) => assert!(error(&found.unwrap(), &x) < 1.0, "{method:?}"),
        }
    }
    // Sizes beyond any number.
    let settings = Settings::new(Method::Opq, 1, 2);
    assert_eq!(memory(&settings, usize::MAX, usize::MAX), u64::MAX);
}

#[test]
fn products_have_as_many_stages_as_the_dimension_allows() {
    let x = numbers("many stages", 60 * 96);
    for method in [Method::Pvq, Method::Opq, Method::Rvq] {
        let settings = Settings { iterations: 2, ..Settings::new(method, 96, 4) };
        let books = trained(&settings, &x, 96).unwrap();
        assert!(error(&books, &x) < 0.3, "{method:?}: {}", error(&books, &x));
    }
    for method in [Method::Avq, Method::Lsq] {
        let refused = trained(&Settings::new(method, 17, 4), &x, 96).unwrap_err();
        assert_eq!(refused, Error::Shape(ShapeError::TooManyStages(17, 16)));
    }
}

/// n vectors of 264 coordinates that depend on 20 factors each, and noise.
fn wide(n: usize, name: &str) -> Vec<f32> {
    let (mix, sources) = (numbers("wide/mix", 264 * 20), numbers(&format!("{name}/sources"), 20 * n));
    let noise = numbers(&format!("{name}/noise"), 264 * n);
    let row = |z: &[f32], j: usize| mix[j * 20..][..20].iter().zip(z).map(|(a, z)| a * z).sum::<f32>();
    noise.iter().enumerate().map(|(at, e)| row(&sources[at / 264 * 20..][..20], at % 264) + 0.3 * e).collect()
}

/// Starts of many wide vectors are compared on a part of them; few are trained as others.
#[test]
fn wide_opq_is_better_than_pvq_on_new_vectors_for_any_number_of_threads() {
    let fresh = wide(1000, "fresh");
    for n in [1000, 16_500] {
        let x = wide(n, "wide");
        let on = |threads: usize, method| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let settings = Settings { iterations: 8, ..Settings::new(method, 4, 16) };
            pool.install(|| trained(&settings, &x, 264).unwrap())
        };
        let (opq, pvq) = (on(3, Method::Opq), on(3, Method::Pvq));
        assert!(on(1, Method::Opq) == opq, "{n}");
        assert!(
            error(&opq, &fresh) < 0.95 * error(&pvq, &fresh),
            "{n}: {} {}",
            error(&opq, &fresh),
            error(&pvq, &fresh)
        );
    }
}

/// Training on more vectors continues from the codebooks that were found, where they are in the same coordinates.
#[test]
fn wide_opq_continues_from_the_codebooks_of_a_part() {
    let x = wide(1500, "continued");
    let settings = Settings::new(Method::Opq, 4, 16);
    let mut go_on = |_| true;
    let mut run = |vectors: &[f32], watch: &mut Watch| {
        train_watched(&settings, vectors, 264, "continued", &mut Progress::new(&mut go_on), watch).unwrap()
    };
    let mut watch = Watch::new(x[1200 * 264..].to_vec());
    let part = run(&x[..1200 * 264], &mut watch);
    assert!(watch.converged && watch.kept.books.as_ref() == Some(&part));
    let all = run(&x, &mut Watch::again(watch.kept.clone()));
    assert!(error(&all, &x) < error(&part, &x));
    // Codebooks of another shape are not used.
    let other = Settings::new(Method::Opq, 4, 32);
    let mut found = Watch::again(watch.kept);
    let books = train_watched(&other, &x, 264, "other", &mut Progress::new(&mut |_| true), &mut found).unwrap();
    assert_eq!(books.size(), 32);
}
