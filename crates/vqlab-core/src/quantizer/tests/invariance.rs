//! An offset or a scale of all data changes no code, except for ties. Every search runs on moved data and is compared
//! with brute force in f64 on the data moved back.

use super::*;
use crate::quantizer::centering::Centered;

/// The added offset, in units of the spread of the data (DESIGN, "Invariance").
const OFFSETS: [f32; 5] = [0.0, 1e2, 1e3, 1e4, 1e5];

/// Codebooks and vectors that were moved and rounded, and the same data moved back without rounding.
struct Moved {
    books: Codebooks,
    x: Vec<f32>,
    books_back: Codebooks,
    x_back: Vec<f32>,
}

/// Adds an offset of `offset` times the spread to the vectors. Codebooks of products each take their part of the
/// offset. Of additive codebooks, the first one takes the whole offset; the first two also take `apart` times `offset`
/// with opposite signs.
fn moved(books: &Codebooks, x: &[f32], offset: f32, apart: f32, seed: u64) -> Moved {
    let dimension = books.dimension();
    let direction = numbers(&format!("direction/{seed}"), dimension);
    let shift: Vec<f32> = direction.iter().map(|v| (offset * v).round()).collect();
    let (stages, length) = (books.stages(), books.size() * books.width());
    let of_stage = |stage: usize| -> Vec<f32> {
        if books.method().is_product() {
            return shift[books.span(stage)].to_vec();
        }
        // Whole numbers, so that the shares add up without rounding.
        let apart = if stages == 1 { 0.0 } else { (apart * offset).round() };
        match stage {
            0 => shift.iter().map(|v| v + apart).collect(),
            1 => vec![-apart; dimension],
            _ => vec![0.0; dimension],
        }
    };
    let (mut there, mut back) = (books.clone(), books.clone());
    for stage in 0..stages {
        let shift = of_stage(stage);
        for at in stage * length..(stage + 1) * length {
            let moved = books.values()[at] + shift[at % shift.len()];
            there.values_mut()[at] = moved;
            back.values_mut()[at] = (f64::from(moved) - f64::from(shift[at % shift.len()])) as f32;
        }
    }
    let x: Vec<f32> = x.iter().enumerate().map(|(at, v)| v + shift[at % dimension]).collect();
    let x_back =
        x.iter().enumerate().map(|(at, v)| (f64::from(*v) - f64::from(shift[at % dimension])) as f32).collect();
    Moved { books: there, x, books_back: back, x_back }
}

type Slow<'a> = &'a dyn Fn(&[f32], &Codebooks) -> Vec<u32>;

impl Moved {
    fn error(&self, indices: &[u32]) -> f64 {
        let rows = self.x_back.chunks_exact(self.books.dimension()).zip(indices.chunks_exact(self.books.stages()));
        rows.map(|(x, indices)| distance(x, &self.books_back, indices)).sum()
    }

    /// The error of `slow` on the data moved back.
    fn slow_error(&self, slow: Slow) -> f64 {
        let rows = self.x_back.chunks_exact(self.books.dimension());
        self.error(&rows.flat_map(|x| slow(x, &self.books_back)).collect::<Vec<u32>>())
    }

    /// The error of `slow` on the data as `centered` sees them: the tuples that a search tries may depend on the
    /// position of the codewords of later stages.
    fn slow_error_around(&self, centered: Option<Centered>, slow: Slow) -> f64 {
        let Some(centered) = centered else { return self.slow_error(slow) };
        let mut x = self.x.clone();
        centered.apply(&mut x);
        let rows = x.chunks_exact(self.books.dimension());
        self.error(&rows.flat_map(|x| slow(x, centered.books())).collect::<Vec<u32>>())
    }
}

/// The summed error of `assign` on the moved data is within a thousandth of `expected`, and the residuals give the same
/// error.
fn within_a_thousandth(moved: &Moved, assign: &mut dyn Assign, expected: f64) -> Result<(), TestCaseError> {
    let (indices, left) = assigned(&moved.books, assign, &moved.x);
    let found = moved.error(&indices);
    prop_assert!((found / expected - 1.0).abs() < 1e-3, "{found} against {expected}");
    let told: f64 = left.iter().map(|v| f64::from(*v).powi(2)).sum();
    prop_assert!((told / found - 1.0).abs() < 1e-3, "the residuals give {told}, the codes {found}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// The offset is in the first stage, or split into the parts of the stages, as trainings leave it.
    #[test]
    fn offsets_change_no_error(
        stages in 1usize..4, part in 2usize..5, size in 4usize..24, seed in 0u64..1000
    ) {
        let dimension = stages * part;
        let x = numbers(&format!("x/{seed}"), 60 * dimension);
        for offset in OFFSETS {
            for method in [Method::Pvq, Method::Rvq] {
                let moved = moved(&books(method, dimension, stages, size, seed), &x, offset, 0.0, seed);
                let expected = moved.slow_error(&slow_greedy);
                within_a_thousandth(&moved, assigner(method, None).as_mut(), expected)?;
            }
            let moved = moved(&books(Method::Avq, dimension, stages, size, seed), &x, offset, 0.0, seed);
            for width in [1, 3] {
                let mut ordered = assigner(Method::Avq, Some((Search::Ordered, width)));
                let expected = moved.slow_error(&|x, books| slow_ordered(x, books, width));
                within_a_thousandth(&moved, ordered.as_mut(), expected)?;
                let mut beam = assigner(Method::Avq, Some((Search::Beam, width)));
                let around = Centered::always(&moved.books);
                let expected = moved.slow_error_around(around, &|x, books| slow_beam(x, books, width));
                within_a_thousandth(&moved, beam.as_mut(), expected)?;
            }
        }
    }

    /// Offsets in every stage that cancel each other in part.
    #[test]
    fn offsets_of_every_stage_change_no_error(
        apart in prop::sample::select(vec![0.5f32, 3.0]), offset in prop::sample::select(OFFSETS.to_vec()), seed in 0u64..1000
    ) {
        let (dimension, stages, size) = (12, 3, 20);
        let x = numbers(&format!("x/{seed}"), 60 * dimension);
        let residual = moved(&books(Method::Rvq, dimension, stages, size, seed), &x, offset, apart, seed);
        let expected = residual.slow_error_around(Centered::of(&residual.books), &slow_greedy);
        within_a_thousandth(&residual, assigner(Method::Rvq, None).as_mut(), expected)?;
        let additive = moved(&books(Method::Avq, dimension, stages, size, seed), &x, offset, apart, seed);
        let expected =
            additive.slow_error_around(Centered::of(&additive.books), &|x, books| slow_ordered(x, books, 3));
        within_a_thousandth(&additive, assigner(Method::Avq, Some((Search::Ordered, 3))).as_mut(), expected)?;
    }

    /// So many coordinates and codewords that bounds from byte products are used.
    #[test]
    fn offsets_change_no_error_of_large_codebooks(offset in prop::sample::select(OFFSETS.to_vec()), seed in 0u64..1000) {
        let (dimension, stages, size) = (64, 2, 256);
        let x = numbers(&format!("x/{seed}"), 12 * dimension);
        for method in [Method::Pvq, Method::Rvq] {
            let moved = moved(&books(method, dimension, stages, size, seed), &x, offset, 0.0, seed);
            let expected = moved.slow_error(&slow_greedy);
            within_a_thousandth(&moved, assigner(method, None).as_mut(), expected)?;
        }
        let moved = moved(&books(Method::Avq, dimension, stages, size, seed), &x, offset, 0.0, seed);
        let expected = moved.slow_error(&|x, books| slow_ordered(x, books, 2));
        within_a_thousandth(&moved, assigner(Method::Avq, Some((Search::Ordered, 2))).as_mut(), expected)?;
    }

    /// Local search and the released search have no oracle that is free of ties. The reference is the same search on
    /// the data moved back.
    #[test]
    fn offsets_change_hardly_a_code_of_the_other_searches(
        method in prop::sample::select(vec![Method::Lsq, Method::Avq]), size in 8usize..40, seed in 0u64..1000
    ) {
        let x = numbers(&format!("x/{seed}"), 300 * 12);
        for offset in OFFSETS {
            let moved = moved(&books(method, 12, 3, size, seed), &x, offset, 0.0, seed);
            let assign = || assigner(method, Some((Search::Released, 4)));
            let (there, _) = assigned(&moved.books, assign().as_mut(), &moved.x);
            let (back, _) = assigned(&moved.books_back, assign().as_mut(), &moved.x_back);
            // The candidates of the released search depend on the position of the codewords.
            let allowed = if method == Method::Lsq { 1e-3 } else { 5e-2 };
            let (there, back) = (moved.error(&there), moved.error(&back));
            prop_assert!((there / back - 1.0).abs() < allowed, "{method:?} {offset}: {there} against {back}");
        }
    }

    #[test]
    fn powers_of_two_change_no_code(power in -60i32..=60, size in 2usize..40, seed in 0u64..1000) {
        let x = numbers(&format!("x/{seed}"), 50 * 12);
        let scale = 2f32.powi(power);
        for method in Method::ALL {
            let plain = books(method, 12, 3, size, seed);
            let mut scaled = plain.clone();
            scaled.values_mut().iter_mut().for_each(|v| *v *= scale);
            let scaled_x: Vec<f32> = x.iter().map(|v| v * scale).collect();
            for search in [Search::Beam, Search::Ordered, Search::Released] {
                let assign = || assigner(method, Some((search, 4)));
                let (indices, left) = assigned(&plain, assign().as_mut(), &x);
                let (scaled_indices, scaled_left) = assigned(&scaled, assign().as_mut(), &scaled_x);
                prop_assert_eq!(indices, scaled_indices);
                prop_assert!(left.iter().zip(scaled_left).all(|(a, b)| a * scale == b));
            }
        }
    }

    #[test]
    fn an_outlier_leaves_the_other_vectors_alone(column in 0usize..8, far in 1e5f32..1e9, seed in 0u64..1000) {
        let x = numbers(&format!("x/{seed}"), 80 * 8);
        for method in [Method::Pvq, Method::Rvq, Method::Avq] {
            let mut books = books(method, 8, 2, 32, seed);
            let stage = if books.method().is_product() { column / 4 } else { 0 };
            let at = (stage * 32 + 5) * books.width() + column % books.width();
            books.values_mut()[at] = far;
            let moved = Moved { books_back: books.clone(), x_back: x.clone(), books, x: x.clone() };
            let slow: Slow = if method == Method::Avq { &|x, books| slow_ordered(x, books, 4) } else { &slow_greedy };
            let expected = moved.slow_error(slow);
            within_a_thousandth(&moved, assigner(method, Some((Search::Ordered, 4))).as_mut(), expected)?;
        }
    }
}

/// A rotation in float32 loses digits of an offset; encoding and decoding avoid this.
#[test]
fn a_rotation_loses_no_offset() {
    let x = numbers("x", 500 * 16);
    let plain = books(Method::Opq, 16, 4, 32, 1).with_rotation(super::beyond::rotation(16, 1)).unwrap();
    let error = |offset: f32| {
        let center: Vec<f32> = numbers("offset", 16).iter().map(|v| (offset * v).round()).collect();
        let mut books = plain.clone();
        let turned = plain.rotation().unwrap().apply_precisely(&center);
        let values = books.values_mut().iter_mut().enumerate();
        // Stage m holds the turned coordinates 4·m to 4·m + 3.
        values.for_each(|(at, v)| *v = (f64::from(*v) + turned[at / (32 * 4) * 4 + at % 4]) as f32);
        let x: Vec<f32> = x.iter().enumerate().map(|(at, v)| v + center[at % 16]).collect();
        let mut decoded = vec![0.0; x.len()];
        books.decode(&encode(&books, assigner(Method::Opq, None).as_mut(), &x).unwrap(), &mut decoded).unwrap();
        x.iter().zip(decoded).map(|(a, b)| (f64::from(*a) - f64::from(b)).powi(2)).sum::<f64>()
    };
    let plain = error(0.0);
    for offset in OFFSETS {
        assert!((error(offset) / plain - 1.0).abs() < 1e-3, "{offset}: {} against {plain}", error(offset));
    }
}

#[test]
fn a_codebook_file_has_the_same_bytes_each_time() {
    let provenance = Provenance { beam_width: 16, trainer: "nsvq".into(), provenance: "a \"test\"\n".into() };
    let books = books(Method::Avq, 4, 2, 4, 3);
    let file = to_bytes(&books, &provenance).unwrap();
    let length = u64::from_le_bytes(*file.first_chunk().unwrap()) as usize;
    let header = std::str::from_utf8(&file[8..8 + length]).unwrap();
    let places = ["beam_width", "bits", "dim", "format", "method", "provenance", "stages", "trainer", "version"]
        .map(|name| header.find(&format!("\"{name}\":")).unwrap());
    assert!(places.is_sorted(), "{header}");
    for _ in 0..20 {
        assert_eq!(to_bytes(&books, &provenance).unwrap(), file);
    }
}
