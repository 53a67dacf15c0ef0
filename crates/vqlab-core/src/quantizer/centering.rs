//! Moves codebooks to the origin and to a moderate scale, so that float32 resolves distances for any offset and scale
//! of the data.
//!
//! The kernels rank codewords by ½‖c‖² − x·c. Where the codewords are far from the origin compared with their spread,
//! both terms are large and rounding dominates their difference. Moving the codewords of each stage by a constant
//! vector, and the vectors by the sum of these, changes no distance. Multiplying both by a power of two changes no
//! digit. This is done once, when codebooks are prepared ([`Conditioned`], and the index of [`crate::search`]), and
//! only where it is needed.

use super::assign::Assign;
use super::codebooks::Codebooks;

/// A stage is moved where its center is more than 4 times as far from the origin as its codewords are from the center.
const FAR: f64 = 16.0;

/// Codebooks whose largest value lies between 2^−30 and 2^30 keep their scale.
const MODERATE: i32 = 30;

/// Number of codewords of a stage from which its center (the median) is computed.
const SAMPLE: usize = 17;

/// Codebooks moved to the origin and scaled, and the same map for vectors: x ↦ (x − center)·scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Centered {
    books: Codebooks,
    /// D values, before the rotation; empty = zero.
    center: Vec<f32>,
    /// A power of two.
    scale: f64,
}

impl Centered {
    /// Centers `books`; None where the codebooks can be used as they are.
    pub fn of(books: &Codebooks) -> Option<Self> {
        Self::with(books, Centers::of(books))
    }

    /// As [`Centered::of`], with every stage moved. An index that stores a coarse norm for each vector needs this: the
    /// error of the norm grows with the distance from the origin.
    pub fn always(books: &Codebooks) -> Option<Self> {
        Self::with(books, Centers::beyond(books, 0.0))
    }

    fn with(books: &Codebooks, centers: Option<Centers>) -> Option<Self> {
        let scale = scale(books, centers.as_ref());
        if centers.is_none() && scale == 1.0 {
            return None;
        }
        let mut moved = books.clone();
        let length = books.size() * books.width();
        for (stage, words) in moved.values_mut().chunks_exact_mut(length).enumerate() {
            let center = centers.as_ref().map(|centers| centers.of_stage(books, stage));
            for (at, value) in words.iter_mut().enumerate() {
                let offset = center.map_or(0.0, |center| center[at % center.len()]);
                *value = ((f64::from(*value) - offset) * scale) as f32;
            }
        }
        Some(Self { books: moved, center: centers.map_or(Vec::new(), |centers| centers.vector), scale })
    }

    /// The codebooks for the moved vectors.
    pub fn books(&self) -> &Codebooks {
        &self.books
    }

    /// The factor that converts a length in the coordinates of [`Centered::books`] to the original coordinates.
    pub fn unit(&self) -> f64 {
        1.0 / self.scale
    }

    /// Moves and scales vectors (n × D).
    pub fn apply(&self, vectors: &mut [f32]) {
        if self.center.is_empty() {
            return scale_by(vectors, self.scale);
        }
        for x in vectors.chunks_exact_mut(self.center.len()) {
            for (v, center) in x.iter_mut().zip(&self.center) {
                *v = ((f64::from(*v) - f64::from(*center)) * self.scale) as f32;
            }
        }
    }
}

fn scale_by(values: &mut [f32], factor: f64) {
    if factor != 1.0 {
        values.iter_mut().for_each(|v| *v = (f64::from(*v) * factor) as f32);
    }
}

/// The centers of the codewords.
pub(super) struct Centers {
    /// The vector subtracted from data vectors: D values, before the rotation.
    pub vector: Vec<f32>,
    /// The vectors subtracted from codewords: M × D for additive codewords, D (after the rotation) for concatenated
    /// codewords.
    words: Vec<f64>,
}

impl Centers {
    /// None where no stage is far from the origin.
    pub fn of(books: &Codebooks) -> Option<Self> {
        Self::beyond(books, FAR)
    }

    fn beyond(books: &Codebooks, far: f64) -> Option<Self> {
        let found: Vec<Option<Vec<f32>>> = (0..books.stages()).map(|stage| far_center(books, stage, far)).collect();
        if found.iter().all(Option::is_none) {
            return None;
        }
        let width = books.width();
        let or_zero = |center: Option<Vec<f32>>| center.unwrap_or_else(|| vec![0.0; width]);
        let mut words: Vec<f64> = found.into_iter().flat_map(or_zero).map(f64::from).collect();
        let vector = match books.rotation() {
            Some(rotation) => {
                // Neither the vector that is subtracted before the rotation nor the rotation itself is exact. The
                // codewords are therefore moved by the rotation of the vector that is subtracted.
                let vector = rotation.undo_precisely(&words);
                words = rotation.apply_precisely(&vector);
                vector
            }
            None if books.method().is_product() => words.iter().map(|v| *v as f32).collect(),
            None => {
                let column = |at: usize| words.iter().skip(at).step_by(width).sum::<f64>();
                let sums: Vec<f64> = (0..width).map(column).collect();
                // The first stage takes the rounding error of the sum.
                words.iter_mut().zip(&sums).for_each(|(word, sum)| *word += f64::from(*sum as f32) - sum);
                sums.into_iter().map(|sum| sum as f32).collect()
            }
        };
        // Sums of huge centers may overflow; such codebooks need the scale instead.
        vector.iter().all(|v| v.is_finite()).then_some(Self { vector, words })
    }

    /// The vector subtracted from the codewords of a stage.
    pub fn of_stage(&self, books: &Codebooks, stage: usize) -> &[f64] {
        &self.words[stage * books.width()..(stage + 1) * books.width()]
    }
}

/// The coordinate-wise median of (a sample of) the codewords of a stage; None where it is not `far` from the origin.
/// The median is used instead of the mean: a single codeword for an outlier must not move all others away.
fn far_center(books: &Codebooks, stage: usize, far: f64) -> Option<Vec<f32>> {
    let (width, count) = (books.width(), books.size().min(SAMPLE));
    let words = books.stage(stage);
    let sample: Vec<&[f32]> = (0..count).map(|i| &words[i * books.size() / count * width..][..width]).collect();
    let center = median(&sample);
    is_farther(far, &center, &sample).then_some(center)
}

/// The coordinate-wise median of vectors; 0 where it is NaN. Without vectors the result is empty.
pub fn median(vectors: &[&[f32]]) -> Vec<f32> {
    let mut column = vec![0f32; vectors.len()];
    let width = vectors.first().map_or(0, |x| x.len());
    let mut of_column = |at: usize| {
        column.iter_mut().zip(vectors).for_each(|(c, x)| *c = x[at]);
        let middle = *column.select_nth_unstable_by(vectors.len() / 2, f32::total_cmp).1;
        if middle.is_finite() { middle } else { 0.0 }
    };
    (0..width).map(&mut of_column).collect()
}

/// Whether the center is far from the origin compared with the distances of these vectors from the center.
pub fn is_far(center: &[f32], vectors: &[&[f32]]) -> bool {
    is_farther(FAR, center, vectors)
}

fn is_farther(far: f64, center: &[f32], vectors: &[&[f32]]) -> bool {
    let length: f64 = center.iter().map(|v| f64::from(*v).powi(2)).sum();
    let distance = |x: &&[f32]| x.iter().zip(center).map(|(v, c)| (f64::from(*v) - f64::from(*c)).powi(2)).sum();
    let mut distances: Vec<f64> = vectors.iter().map(distance).collect();
    if length == 0.0 || distances.is_empty() {
        return false;
    }
    let middle = distances.len() / 2;
    length > far * *distances.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// The power of two that brings the largest value of the moved codewords near 1; 1 where that value is moderate or
/// missing.
fn scale(books: &Codebooks, centers: Option<&Centers>) -> f64 {
    let length = books.size() * books.width();
    let mut most = 0f64;
    for (stage, words) in books.values().chunks_exact(length).enumerate() {
        most = match centers.map(|centers| centers.of_stage(books, stage)) {
            None => f64::from(words.iter().fold(most as f32, |m, v| if v.abs() > m { v.abs() } else { m })),
            Some(center) => {
                words.chunks_exact(center.len()).flat_map(|word| word.iter().zip(center)).fold(most, |m, (v, c)| {
                    let moved = (f64::from(*v) - c).abs();
                    if moved > m { moved } else { m }
                })
            }
        };
    }
    let exponent = most.log2();
    if !exponent.is_finite() || exponent.abs() <= f64::from(MODERATE) { 1.0 } else { (-exponent.floor()).exp2() }
}

/// An assignment for codebooks of any offset and scale. It wraps an assignment that needs codebooks near the origin.
pub struct Conditioned {
    inner: Box<dyn Assign>,
    always: bool,
    centered: Option<Centered>,
}

impl Conditioned {
    /// `inner` receives moved codebooks and vectors where this improves the precision.
    pub fn new(inner: Box<dyn Assign>) -> Self {
        Self { inner, always: false, centered: None }
    }

    /// `inner` always receives centered codebooks. Searches that compare tuples of different codebooks need this: a
    /// tuple that lacks the codebook with the data's offset would look bad.
    pub fn always(inner: Box<dyn Assign>) -> Self {
        Self { inner, always: true, centered: None }
    }
}

impl Assign for Conditioned {
    fn prepare(&mut self, books: &Codebooks) {
        self.centered = if self.always { Centered::always(books) } else { Centered::of(books) };
        self.inner.prepare(self.centered.as_ref().map_or(books, Centered::books));
    }

    fn assign(&mut self, books: &Codebooks, residual: &mut [f32], indices: &mut [u32]) {
        let Some(centered) = &self.centered else { return self.inner.assign(books, residual, indices) };
        centered.apply(residual);
        self.inner.assign(&centered.books, residual, indices);
        scale_by(residual, centered.unit());
    }
}
