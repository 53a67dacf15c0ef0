//! A random sample of a file, in two parts.

use super::FitError;
use crate::data::file::VectorFile;
use crate::data::stream::{shuffle, stream};
use rand::Rng;

/// Vectors of a file in random order, so that any first part of them is also a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampled {
    /// n × D.
    pub training: Vec<f32>,
    /// n × D.
    pub validation: Vec<f32>,
    pub dimension: usize,
    /// Vectors in the file.
    pub of: u64,
}

/// At most `sample` vectors of the file, chosen at random by the seed. The fraction `share` of them is for validation.
/// Unless `share` is 0, each of the two parts has at least one vector. Only these vectors are read, in the order of the
/// file, and checked to be finite.
///
/// # Errors
/// [`FitError::Share`], [`FitError::TooFew`] for fewer than two vectors, [`FitError::File`].
pub fn sample(file: &VectorFile, sample: usize, share: f64, seed: u64) -> Result<Sampled, FitError> {
    let (of, dimension) = (file.len(), file.dimension());
    let mut rng = stream(&format!("fit/{seed}/sample"));
    let [for_training, validating] = parts(of, sample, share)?;
    let rows = rows(of, sample, &mut rng);
    let mut places: Vec<usize> = (0..rows.len()).collect();
    shuffle(&mut places, &mut rng);
    let mut validation = vec![0.0; validating * dimension];
    let mut training = vec![0.0; for_training * dimension];
    for (row, place) in rows.into_iter().zip(places) {
        let (part, place) =
            if place < validating { (&mut validation, place) } else { (&mut training, place - validating) };
        file.read(row, &mut part[place * dimension..(place + 1) * dimension])?;
    }
    Ok(Sampled { training, validation, dimension, of: of as u64 })
}

/// The numbers of training and validation vectors that [`sample`] returns for a file of `of` vectors.
///
/// # Errors
/// [`FitError::Share`], [`FitError::TooFew`].
pub fn parts(of: usize, sample: usize, share: f64) -> Result<[usize; 2], FitError> {
    if !(0.0..1.0).contains(&share) {
        return Err(FitError::Share(share));
    }
    let (count, needed) = (sample.min(of), if share == 0.0 { 1 } else { 2 });
    if count < needed {
        return Err(FitError::TooFew { part: "sampled", found: count, needed });
    }
    let validating = if share == 0.0 { 0 } else { ((count as f64 * share).round() as usize).clamp(1, count - 1) };
    Ok([count - validating, validating])
}

/// `sample` of `of` rows, ascending, each set equally likely (Knuth's algorithm S); all rows where there are no more.
fn rows(of: usize, sample: usize, rng: &mut impl Rng) -> Vec<usize> {
    let mut left = sample.min(of);
    let mut rows = Vec::with_capacity(left);
    for row in 0..of {
        if left == 0 {
            break;
        }
        let draw = (u128::from(rng.next_u64()) * (of - row) as u128) >> 64;
        if (draw as usize) < left {
            rows.push(row);
            left -= 1;
        }
    }
    rows
}
