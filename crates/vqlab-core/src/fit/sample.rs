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
    let chosen = Selection::new(file.len(), sample, share, seed)?;
    Ok(chosen.gather(file.dimension(), |_, row, out| file.read(row, out))?)
}

/// The rows of a sample, before any vector is read: for vectors that are not in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    of: usize,
    /// Ascending.
    rows: Vec<usize>,
    /// Of each row: validation vectors come first, then training vectors.
    places: Vec<usize>,
    validating: usize,
}

impl Selection {
    /// Chooses among `of` rows, as [`sample`] does.
    ///
    /// # Errors
    /// [`FitError::Share`], [`FitError::TooFew`].
    pub fn new(of: usize, sample: usize, share: f64, seed: u64) -> Result<Self, FitError> {
        let mut rng = stream(&format!("fit/{seed}/sample"));
        let [_, validating] = parts(of, sample, share)?;
        let rows = rows(of, sample, &mut rng);
        let mut places: Vec<usize> = (0..rows.len()).collect();
        shuffle(&mut places, &mut rng);
        Ok(Self { of, rows, places, validating })
    }

    /// The chosen rows, ascending.
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// The numbers of training and validation vectors.
    pub fn counts(&self) -> [usize; 2] {
        [self.rows.len() - self.validating, self.validating]
    }

    /// Reads the vectors: `read` gets the position among the chosen rows, the row, and the D values to fill. It is
    /// called in the order of the rows.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn gather<E>(
        &self,
        dimension: usize,
        mut read: impl FnMut(usize, usize, &mut [f32]) -> Result<(), E>,
    ) -> Result<Sampled, E> {
        let [for_training, validating] = self.counts();
        let mut validation = vec![0.0; validating * dimension];
        let mut training = vec![0.0; for_training * dimension];
        for (position, (row, place)) in self.rows.iter().zip(&self.places).enumerate() {
            let (part, place) =
                if *place < validating { (&mut validation, *place) } else { (&mut training, place - validating) };
            read(position, *row, &mut part[place * dimension..(place + 1) * dimension])?;
        }
        Ok(Sampled { training, validation, dimension, of: self.of as u64 })
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_reads_each_of_its_rows_once_and_in_order() {
        let chosen = Selection::new(1000, 100, 0.2, 1).unwrap();
        assert_eq!((chosen.counts(), chosen.rows().len()), ([80, 20], 100));
        let mut read = Vec::new();
        let sampled = chosen.gather(1, |position, row, out| {
            assert_eq!(chosen.rows()[position], row);
            read.push(row);
            out.fill(row as f32);
            Ok::<(), ()>(())
        });
        let sampled = sampled.unwrap();
        assert!(read.is_sorted_by(|a, b| a < b) && read == chosen.rows());
        let mut all: Vec<usize> = sampled.training.iter().chain(&sampled.validation).map(|v| *v as usize).collect();
        all.sort_unstable();
        assert_eq!((all, sampled.of), (read, 1000));
        // The order is random, so that a part is a sample, too.
        assert!(!sampled.training.is_sorted());
        assert!(Selection::new(1000, 1, 0.2, 1).is_err() && Selection::new(1000, 100, 1.0, 1).is_err());
    }
}
