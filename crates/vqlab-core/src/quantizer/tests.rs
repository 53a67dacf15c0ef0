//! Fast equals slow: every search against a brute-force reference that computes each distance from its definition.

use proptest::prelude::*;

use super::*;
use crate::data::stream::{normal, stream};
use crate::quantizer::{Method, Search};

mod beyond;
mod invariance;
#[cfg(feature = "candle")]
mod layer;

fn numbers(name: &str, n: usize) -> Vec<f32> {
    let mut rng = stream(name);
    (0..n).map(|_| normal(&mut rng)).collect()
}

fn books(method: Method, dimension: usize, stages: usize, size: usize, seed: u64) -> Codebooks {
    let mut books = Codebooks::zeros(method, dimension, stages, size).unwrap();
    let values = numbers(&format!("books/{seed}"), books.values().len());
    books.values_mut().iter_mut().zip(values).for_each(|(b, v)| *b = 0.5 * v);
    books
}

fn distance(x: &[f32], books: &Codebooks, indices: &[u32]) -> f64 {
    let mut left: Vec<f64> = x.iter().map(|v| f64::from(*v)).collect();
    for index in indices {
        let index = *index as usize;
        for (l, c) in left[books.span(index / books.size())].iter_mut().zip(books.codeword(index)) {
            *l -= f64::from(*c);
        }
    }
    left.iter().map(|v| v * v).sum()
}

fn stage_words(books: &Codebooks, stage: usize) -> impl Iterator<Item = u32> + use<> {
    (stage * books.size()) as u32..((stage + 1) * books.size()) as u32
}

/// Stage by stage, the codeword with the least distance.
fn slow_greedy(x: &[f32], books: &Codebooks) -> Vec<u32> {
    let mut indices = Vec::new();
    for stage in 0..books.stages() {
        let with = |index: u32| distance(x, books, &[indices.as_slice(), &[index]].concat());
        let best = stage_words(books, stage).min_by(|a, b| with(*a).total_cmp(&with(*b)));
        indices.extend(best);
    }
    indices
}

/// Beam search over sets of codewords, each distance from its definition.
fn slow_beam(x: &[f32], books: &Codebooks, width: usize) -> Vec<u32> {
    let mut beam: Vec<Vec<u32>> = vec![vec![]];
    for _ in 0..books.stages() {
        let mut sets = std::collections::BTreeSet::new();
        for tuple in &beam {
            let used: Vec<u32> = tuple.iter().map(|p| p / books.size() as u32).collect();
            for stage in (0..books.stages()).filter(|s| !used.contains(&(*s as u32))) {
                for index in stage_words(books, stage) {
                    let mut set = [tuple.as_slice(), &[index]].concat();
                    set.sort_unstable();
                    sets.insert(set);
                }
            }
        }
        let mut ranked: Vec<Vec<u32>> = sets.into_iter().collect();
        ranked.sort_by(|a, b| distance(x, books, a).total_cmp(&distance(x, books, b)));
        ranked.truncate(width);
        beam = ranked;
    }
    beam.swap_remove(0)
}

/// Beam search over the codebooks in their order; then each codeword is chosen again, given the others.
fn slow_ordered(x: &[f32], books: &Codebooks, width: usize) -> Vec<u32> {
    let mut beam: Vec<Vec<u32>> = vec![vec![]];
    for stage in 0..books.stages() {
        let longer = |tuple: &Vec<u32>| {
            let tuple = tuple.clone();
            stage_words(books, stage).map(move |index| [tuple.as_slice(), &[index]].concat())
        };
        beam = beam.iter().flat_map(longer).collect();
        beam.sort_by(|a, b| distance(x, books, a).total_cmp(&distance(x, books, b)));
        beam.truncate(width);
    }
    let mut indices = beam.swap_remove(0);
    for stage in 0..books.stages() {
        let with = |index: u32| {
            let mut indices = indices.clone();
            indices[stage] = index;
            distance(x, books, &indices)
        };
        let best = stage_words(books, stage).min_by(|a, b| with(*a).total_cmp(&with(*b)));
        indices[stage] = best.unwrap();
    }
    indices
}

/// The authors' released search, step by step as PAPER.md describes it. Of tuples that differ by rounding alone, the
/// first or the last ones stay.
fn slow_released(x: &[f32], books: &Codebooks, width: usize, last: bool) -> Vec<u32> {
    let words = (books.stages() * books.size()) as u32;
    let size = books.size() as u32;
    let mut first: Vec<u32> = (0..words).collect();
    first.sort_by(|a, b| distance(x, books, &[*a]).total_cmp(&distance(x, books, &[*b])));
    let mut beam: Vec<Vec<u32>> = first[..width].iter().map(|p| vec![*p]).collect();
    for step in 1..books.stages() {
        let mut tuples = Vec::new();
        for tuple in &beam {
            let used: Vec<u32> = tuple.iter().map(|p| p / size).collect();
            // The released residual: the last codeword, once per step.
            let wrong = vec![*tuple.last().unwrap(); step];
            let key = |index: u32| distance(x, books, &[wrong.as_slice(), &[index]].concat());
            let (free, taken): (Vec<u32>, Vec<u32>) = (0..words).partition(|p| !used.contains(&(p / size)));
            let mut near = free;
            near.sort_by(|a, b| key(*a).total_cmp(&key(*b)));
            near.extend(taken);
            tuples.extend(near[..width].iter().map(|p| [tuple.as_slice(), &[*p]].concat()));
        }
        if last {
            tuples.reverse();
        }
        let coarse = |tuple: &[u32]| (distance(x, books, tuple) * 1e6).round();
        tuples.sort_by(|a, b| coarse(a).total_cmp(&coarse(b)));
        tuples.truncate(width);
        beam = tuples;
    }
    beam.swap_remove(0)
}

fn assigned(books: &Codebooks, assign: &mut dyn Assign, x: &[f32]) -> (Vec<u32>, Vec<f32>) {
    let mut residual = x.to_vec();
    let mut indices = vec![0; x.len() / books.dimension() * books.stages()];
    assign.prepare(books);
    assign.assign(books, &mut residual, &mut indices);
    (indices, residual)
}

fn same_error(x: &[f32], books: &Codebooks, fast: &[u32], slow: &[u32]) -> bool {
    let (fast, slow) = (distance(x, books, fast), distance(x, books, slow));
    (fast - slow).abs() <= 1e-5 * slow.max(1e-3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn greedy_equals_brute_force(
        stages in 1usize..4, part in 1usize..7, size in 2usize..40, n in 1usize..80, seed in 0u64..1000
    ) {
        for method in [Method::Pvq, Method::Rvq] {
            let books = books(method, stages * part, stages, size, seed);
            let x = numbers(&format!("x/{seed}"), n * stages * part);
            let (indices, residual) = assigned(&books, &mut Greedy::default(), &x);
            let rows = x.chunks_exact(stages * part).zip(indices.chunks_exact(stages));
            for ((x, indices), left) in rows.zip(residual.chunks_exact(stages * part)) {
                prop_assert!(same_error(x, &books, indices, &slow_greedy(x, &books)));
                let error: f64 = left.iter().map(|v| f64::from(*v).powi(2)).sum();
                prop_assert!((error - distance(x, &books, indices)).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn beam_equals_brute_force_with_and_without_gram_matrix(
        stages in 1usize..5, dimension in 1usize..9, size in 2usize..7, width in 1usize..10, seed in 0u64..1000
    ) {
        let books = books(Method::Avq, dimension, stages, size, seed);
        let width = width.min(stages * size);
        let x = numbers(&format!("x/{seed}"), 5 * dimension);
        let (by_gram, _) = assigned(&books, &mut Additive::new(width), &x);
        let (by_residual, _) = assigned(&books, &mut Additive::new(width).for_training(0), &x);
        let (by_free_order, _) = assigned(&books, &mut FreeOrder::default(), &x);
        let (in_order, _) = assigned(&books, &mut Additive::in_order(width), &x);
        let (in_order_by_residual, _) = assigned(&books, &mut Additive::in_order(width).for_training(0), &x);
        for (i, x) in x.chunks_exact(dimension).enumerate() {
            let slow = slow_ordered(x, &books, width);
            prop_assert!(same_error(x, &books, &in_order[i * stages..][..stages], &slow));
            prop_assert!(same_error(x, &books, &in_order_by_residual[i * stages..][..stages], &slow));
            let slow = slow_beam(x, &books, width);
            prop_assert!(same_error(x, &books, &by_gram[i * stages..][..stages], &slow));
            prop_assert!(same_error(x, &books, &by_residual[i * stages..][..stages], &slow));
            let single = slow_beam(x, &books, 1);
            prop_assert!(same_error(x, &books, &by_free_order[i * stages..][..stages], &single));
        }
    }

    /// So large that byte products are used where the processor has them.
    #[test]
    fn searches_of_large_codebooks_equal_brute_force(
        stages in 1usize..4, dimension in 32usize..40, size in 256usize..290, width in 2usize..5, seed in 0u64..1000
    ) {
        let x = numbers(&format!("x/{seed}"), 3 * dimension);
        let residual = books(Method::Rvq, dimension, stages, size, seed);
        let (greedy, _) = assigned(&residual, &mut Greedy::default(), &x);
        let additive = books(Method::Avq, dimension, stages, size, seed);
        let (by_gram, _) = assigned(&additive, &mut Additive::new(width), &x);
        let (by_residual, _) = assigned(&additive, &mut Additive::new(width).for_training(0), &x);
        let (by_free_order, _) = assigned(&additive, &mut FreeOrder::default(), &x);
        let (in_order, _) = assigned(&additive, &mut Additive::in_order(width), &x);
        let (in_order_by_residual, _) = assigned(&additive, &mut Additive::in_order(width).for_training(0), &x);
        for (i, x) in x.chunks_exact(dimension).enumerate() {
            let row = |indices: &[u32]| indices[i * stages..(i + 1) * stages].to_vec();
            prop_assert!(same_error(x, &residual, &row(&greedy), &slow_greedy(x, &residual)));
            let slow = slow_ordered(x, &additive, width);
            prop_assert!(same_error(x, &additive, &row(&in_order), &slow));
            prop_assert!(same_error(x, &additive, &row(&in_order_by_residual), &slow));
            let slow = slow_beam(x, &additive, width);
            prop_assert!(same_error(x, &additive, &row(&by_gram), &slow));
            prop_assert!(same_error(x, &additive, &row(&by_residual), &slow));
            prop_assert!(same_error(x, &additive, &row(&by_free_order), &slow_beam(x, &additive, 1)));
        }
    }

    #[test]
    fn released_equals_brute_force(
        stages in 1usize..5, dimension in 2usize..9, size in 2usize..7, width in 1usize..9, seed in 0u64..1000
    ) {
        let books = books(Method::Avq, dimension, stages, size, seed);
        let width = width.min(stages * size);
        let x = numbers(&format!("x/{seed}"), 5 * dimension);
        let (indices, _) = assigned(&books, &mut Released::new(width), &x);
        for (x, indices) in x.chunks_exact(dimension).zip(indices.chunks_exact(stages)) {
            // Two orders of one set have the same error but different wrong residuals. Where the beam has room for only
            // one of them, rounding decides; either is right.
            let mut both = [false, true].iter().map(|last| slow_released(x, &books, width, *last));
            prop_assert!(both.any(|slow| same_error(x, &books, indices, &slow)));
        }
    }

    #[test]
    fn codes_do_not_hang_on_the_batch(seed in 0u64..200, n in 1usize..150) {
        for method in Method::PAPER {
            let books = books(method, 8, 2, 16, seed);
            let x = numbers(&format!("x/{seed}"), n * 8);
            let mut assign = assigner(method, Some((Search::Beam, 4)));
            let whole = encode(&books, assign.as_mut(), &x).unwrap();
            let single: Vec<u16> = x.chunks_exact(8).flat_map(|x| encode(&books, assign.as_mut(), x).unwrap()).collect();
            prop_assert_eq!(whole, single);
        }
    }
}

#[test]
fn a_beam_of_all_tuples_is_exhaustive_and_a_wider_beam_is_never_worse_on_average() {
    let books = books(Method::Avq, 6, 3, 4, 5);
    let x = numbers("x", 200 * 6);
    let error = |width| {
        let (_, left) = assigned(&books, &mut Additive::new(width), &x);
        left.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>()
    };
    let all: f64 = x
        .chunks_exact(6)
        .map(|x| {
            let tuples = (0..64u32).map(|t| [t & 3, 4 + (t >> 2 & 3), 8 + (t >> 4)]);
            tuples.map(|t| distance(x, &books, &t)).fold(f64::INFINITY, f64::min)
        })
        .sum();
    assert!((error(64) / all - 1.0).abs() < 1e-5);
    let errors: Vec<f64> = [1, 2, 4, 8, 64].into_iter().map(error).collect();
    assert!(errors.windows(2).all(|w| w[1] <= w[0] * 1.0001), "{errors:?}");
}

#[test]
fn duplicate_codewords_give_the_lowest_number() {
    let books = Codebooks::new(Method::Rvq, 1, 1, 4, vec![1.0, 1.0, 0.0, 0.0]).unwrap();
    assert_eq!(encode(&books, &mut Greedy::default(), &[0.9, 0.1]).unwrap(), [0, 2]);
    let books = Codebooks::new(Method::Avq, 1, 1, 4, vec![1.0, 1.0, 0.0, 0.0]).unwrap();
    assert_eq!(encode(&books, &mut Additive::new(2), &[0.9, 0.1]).unwrap(), [0, 2]);
}

#[test]
fn codes_that_repeat_a_codebook_are_refused() {
    let books = books(Method::Avq, 4, 4, 2, 1);
    let x = numbers("x", 50 * 4);
    let mut released = Released::new(8);
    let (indices, _) = assigned(&books, &mut released, &x);
    assert!(indices.chunks_exact(4).any(|p| repeats_codebook(p, 2)));
    assert!(matches!(encode(&books, &mut released, &x), Err(CodeError::RepeatedCodebook { .. })));
}

#[test]
fn codes_out_of_range_are_named() {
    let books = books(Method::Rvq, 4, 2, 8, 1);
    let error = books.decode(&[0, 1, 2, 8], &mut [0.0; 8]).unwrap_err();
    assert_eq!(error, CodeError::OutOfRange { vector: 1, stage: 1, code: 8, size: 8 });
}

#[test]
fn infinite_codebooks_do_not_panic() {
    for method in Method::PAPER {
        let mut books = books(method, 4, 2, 4, 1);
        books.values_mut().fill(f32::NAN);
        let mut assign = assigner(method, Some((Search::Beam, 4)));
        assert_eq!(encode(&books, assign.as_mut(), &[1.0; 8]).unwrap().len(), 4);
    }
}

#[test]
fn codebook_files_come_back_as_they_were_and_damage_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.safetensors");
    let provenance = Provenance { beam_width: 16, trainer: "nsvq".into(), provenance: "a test".into() };
    for method in Method::PAPER {
        let books = books(method, 12, 3, 8, 3);
        save(&path, &books, &provenance).unwrap();
        assert_eq!(load(&path).unwrap(), (books, provenance.clone()));
    }
    let bytes = std::fs::read(&path).unwrap();
    for length in (0..bytes.len()).step_by(7) {
        std::fs::write(&path, &bytes[..length]).unwrap();
        assert!(matches!(load(&path), Err(CheckpointError::Malformed(..))), "{length} bytes");
    }
    let mut infinite = books(Method::Rvq, 4, 2, 2, 1);
    infinite.values_mut()[9] = f32::INFINITY;
    save(&path, &infinite, &provenance).unwrap();
    assert!(load(&path).unwrap_err().to_string().contains("codeword 2 holds inf"));
}

#[test]
fn the_metadata_of_a_codebook_file_sizes_no_allocation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.safetensors");
    let provenance = Provenance { beam_width: 1, trainer: "nsvq".into(), provenance: "a test".into() };
    for method in Method::PAPER {
        save(&path, &books(method, 12, 3, 8, 3), &provenance).unwrap();
        let text = |bytes: &[u8]| bytes.iter().map(|b| char::from(*b)).collect::<String>();
        let whole = text(&std::fs::read(&path).unwrap());
        for dim in ["18446744073709551615", "1537228672809129301", "999999999999", "9"] {
            let spelt = whole.replacen("\"dim\":\"12\"", &format!("\"dim\":\"{dim}\""), 1);
            let mut bytes: Vec<u8> = spelt.chars().map(|c| c as u8).collect();
            let header = u64::from_le_bytes(*bytes.first_chunk().unwrap()) + dim.len() as u64 - 2;
            bytes[..8].copy_from_slice(&header.to_le_bytes());
            std::fs::write(&path, &bytes).unwrap();
            let error = load(&path).unwrap_err().to_string();
            assert!(error.contains("not a codebook file") && !error.contains("header"), "{dim}: {error}");
        }
    }
    assert!(matches!(Codebooks::zeros(Method::Rvq, usize::MAX, 2, 2), Err(ShapeError::TooManyValues(..))));
}

proptest! {
    #[test]
    fn damaged_codebook_files_are_read_or_refused(
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>())
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("books.safetensors");
        let provenance = Provenance { beam_width: 4, trainer: "nsvq".into(), provenance: "a test".into() };
        save(&path, &books(Method::Avq, 4, 2, 4, 3), &provenance).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        for (at, byte) in damages {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.map_or(bytes.len(), |cut| cut.index(bytes.len())));
        std::fs::write(&path, &bytes).unwrap();
        if let Ok((books, _)) = load(&path) {
            prop_assert!(books.values().len() * 4 <= bytes.len());
        }
    }
}
