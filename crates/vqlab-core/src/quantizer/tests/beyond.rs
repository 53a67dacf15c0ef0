//! Methods beyond the paper: rotations (OPQ) and local search (LSQ).

use super::*;

proptest! {
    #[test]
    fn a_decoded_product_code_encodes_to_itself(seed in 0u64..200, size in 2usize..64, n in 1usize..20) {
        for method in [Method::Pvq, Method::Opq] {
            let mut books = books(method, 12, 3, size, seed);
            if method == Method::Opq {
                books = books.with_rotation(rotation(12, seed)).unwrap();
            }
            let codes: Vec<u16> = (0..n * 3).map(|i| ((i * 7919 + seed as usize) % size) as u16).collect();
            let mut x = vec![0.0; n * 12];
            books.decode(&codes, &mut x).unwrap();
            prop_assert_eq!(encode(&books, assigner(method, None).as_mut(), &x).unwrap(), codes);
        }
    }

    #[test]
    fn local_search_never_raises_the_error_and_more_rounds_neither(
        stages in 1usize..6, size in 1usize..40, dimension in 2usize..9, seed in 0u64..1000
    ) {
        let books = books(Method::Lsq, dimension, stages, size, seed);
        let x = numbers(&format!("x/{seed}"), 70 * dimension);
        let index = |i: usize| (i % stages * size + (i * 7919 + seed as usize) % size) as u32;
        let start: Vec<u32> = (0..70 * stages).map(index).collect();
        let mut errors = vec![start.clone()];
        for rounds in [0, 1, 8] {
            let (mut residual, mut indices) = (x.clone(), start.clone());
            let mut search = LocalSearch::new(rounds);
            search.prepare(&books);
            search.improve(&books, &mut residual, &mut indices);
            let of_stages = indices.iter().enumerate().all(|(i, index)| *index as usize / size == i % stages);
            prop_assert!(of_stages && residual.iter().all(|v| v.is_finite()));
            errors.push(indices);
        }
        for (i, x) in x.chunks_exact(dimension).enumerate() {
            let of = |indices: &Vec<u32>| distance(x, &books, &indices[i * stages..(i + 1) * stages]);
            let errors: Vec<f64> = errors.iter().map(of).collect();
            prop_assert!(errors.is_sorted_by(|a, b| *b <= a + 1e-5 * (1.0 + a)), "{errors:?}");
        }
    }
}

/// An orthogonal matrix (D × D): Gram–Schmidt orthogonalization of normal numbers.
pub(super) fn rotation(dimension: usize, seed: u64) -> Vec<f32> {
    let drawn: Vec<f64> =
        numbers(&format!("rotation/{seed}"), dimension * dimension).into_iter().map(f64::from).collect();
    let mut rows: Vec<Vec<f64>> = Vec::new();
    for row in drawn.chunks_exact(dimension) {
        let mut row = row.to_vec();
        for _ in 0..2 {
            for other in &rows {
                let along: f64 = row.iter().zip(other).map(|(a, b)| a * b).sum();
                row.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
            }
        }
        let length = row.iter().map(|a| a * a).sum::<f64>().sqrt();
        rows.push(row.iter().map(|a| a / length).collect());
    }
    rows.concat().into_iter().map(|v| v as f32).collect()
}

#[test]
fn rotated_codebooks_encode_decode_and_come_back_from_a_file() {
    let plain = books(Method::Opq, 12, 3, 8, 1);
    let matrix = rotation(12, 1);
    let books = plain.clone().with_rotation(matrix.clone()).unwrap();
    let (x, product) =
        (numbers("x", 100 * 12), Codebooks::new(Method::Pvq, 12, 3, 8, plain.values().to_vec()).unwrap());
    let product_with = |row: &[f32], x: &[f32]| -> f32 { row.iter().zip(x).map(|(r, x)| r * x).sum() };
    let turn = |x: &[f32]| -> Vec<f32> { matrix.chunks_exact(12).map(|row| product_with(row, x)).collect() };
    let turned: Vec<f32> = x.chunks_exact(12).flat_map(turn).collect();
    let codes = encode(&books, assigner(Method::Opq, None).as_mut(), &x).unwrap();
    assert_eq!(codes, encode(&product, &mut Greedy::default(), &turned).unwrap());
    let (mut decoded, mut in_turned) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    books.decode(&codes, &mut decoded).unwrap();
    product.decode(&codes, &mut in_turned).unwrap();
    let (_, left) = assigned(&books, assigner(Method::Opq, None).as_mut(), &x);
    for i in 0..100 {
        let length = |a: &[f32], b: &[f32]| -> f32 {
            a[i * 12..][..12].iter().zip(&b[i * 12..]).map(|(a, b)| (a - b).powi(2)).sum()
        };
        let expected = length(&turned, &in_turned);
        assert!(
            (length(&x, &decoded) - expected).abs() < 1e-4 && (length(&left, &[0.0; 1200]) - expected).abs() < 1e-4
        );
    }

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.safetensors");
    let provenance = Provenance { beam_width: 1, trainer: "kmeans".into(), provenance: "a test".into() };
    save(&path, &books, &provenance).unwrap();
    assert_eq!(load(&path).unwrap(), (books, provenance.clone()));

    let mut skewed = matrix.clone();
    skewed[5] += 0.01;
    assert!(matches!(plain.clone().with_rotation(skewed), Err(ShapeError::Rotation(RotationError::NotOrthogonal(..)))));
    let mut broken = matrix.clone();
    broken[13] = f32::NAN;
    let error = plain.clone().with_rotation(broken).unwrap_err().to_string();
    assert_eq!(error, "row 1, column 1 of the rotation is NaN");
    assert!(plain.with_rotation(vec![1.0; 10]).is_err());
    assert_eq!(product.with_rotation(matrix), Err(ShapeError::Rotated(Method::Pvq)));
    // A file of one method is not valid for the other.
    for (method, other, reason) in [("opq", "pvq", "PVQ has none"), ("pvq", "opq", "has no tensor `rotation`")] {
        let made = Method::ALL.into_iter().find(|m| m.label().eq_ignore_ascii_case(method)).unwrap();
        save(&path, &Codebooks::zeros(made, 12, 3, 8).unwrap(), &provenance).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let (from, to) = (format!("\"method\":\"{method}\""), format!("\"method\":\"{other}\""));
        let at = bytes.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
        let changed = [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat();
        std::fs::write(&path, changed).unwrap();
        assert!(load(&path).unwrap_err().to_string().contains(reason));
    }
}
