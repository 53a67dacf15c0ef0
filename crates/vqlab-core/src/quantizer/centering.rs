//! Codebooks around an origin of their own and at a moderate scale, so that float32 resolves distances whatever the offset
//! and scale of the data.
//!
//! The kernels rank codewords by ½‖c‖² − x·c. Where the codewords stand far from the origin compared with their spread, both
//! terms are large and their difference drowns in rounding. Moving the codewords of each stage by a constant vector, and
//! the vectors by the sum of these, changes no distance; multiplying both by a power of two changes no digit. This is done
//! once, where codebooks are prepared ([`Conditioned`], and the index of [`crate::search`]), and only where it is needed.

use super::assign::Assign;
use super::codebooks::Codebooks;

/// A stage is moved where its center is more than 4 times as far from the origin as its codewords are from the center.
const FAR: f64 = 16.0;

/// Codebooks whose largest value lies between 2^−30 and 2^30 keep their scale.
const MODERATE: i32 = 30;

/// Codewords of a stage that its center is the median of.
const SAMPLE: usize = 17;

/// Codebooks moved to the origin and scaled, and how vectors follow them: x ↦ (x − center)·scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Centered {
    books: Codebooks,
    /// D values, before the rotation; empty = zero.
    center: Vec<f32>,
    /// A power of two.
    scale: f64,
}

impl Centered {
    /// Those of `books`; None where the codebooks serve as they are.
    pub fn of(books: &Codebooks) -> Option<Self> {
        Self::with(books, Centers::of(books))
    }

    /// As [`Centered::of`], with every stage moved: where a coarse norm stands for each vector, its error grows with the distance
    /// from the origin.
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

    /// The codebooks that the moved vectors are quantized with.
    pub fn books(&self) -> &Codebooks {
        &self.books
    }

    /// What a length in the coordinates of [`Centered::books`] must be multiplied with.
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

/// Where the codewords stand.
pub(super) struct Centers {
    /// What vectors are moved by: D values, before the rotation.
    pub vector: Vec<f32>,
    /// What codewords are moved by: M × D for codewords that add up, D (after the rotation) for those side by side.
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
                // Neither the vector that is subtracted before the rotation nor the rotation itself is exact, so the codewords
                // are moved by what the rotation makes of that vector.
                let vector = rotation.undo_precisely(&words);
                words = rotation.apply_precisely(&vector);
                vector
            }
            None if books.method().is_product() => words.iter().map(|v| *v as f32).collect(),
            None => {
                let column = |at: usize| words.iter().skip(at).step_by(width).sum::<f64>();
                let sums: Vec<f64> = (0..width).map(column).collect();
                // The rounding of the sum goes into the first stage.
                words.iter_mut().zip(&sums).for_each(|(word, sum)| *word += f64::from(*sum as f32) - sum);
                sums.into_iter().map(|sum| sum as f32).collect()
            }
        };
        // Sums of huge centers may overflow; the scale is what such codebooks need.
        vector.iter().all(|v| v.is_finite()).then_some(Self { vector, words })
    }

    /// What the codewords of a stage are moved by.
    pub fn of_stage(&self, books: &Codebooks, stage: usize) -> &[f64] {
        &self.words[stage * books.width()..(stage + 1) * books.width()]
    }
}

/// The coordinate-wise median of (a sample of) the codewords of a stage, where it is `far` from the origin. The median, not
/// the mean: a single codeword for an outlier must not move all others away.
fn far_center(books: &Codebooks, stage: usize, far: f64) -> Option<Vec<f32>> {
    let (width, count) = (books.width(), books.size().min(SAMPLE));
    let words = books.stage(stage);
    let sample: Vec<&[f32]> = (0..count).map(|i| &words[i * books.size() / count * width..][..width]).collect();
    let center = median(&sample);
    is_farther(far, &center, &sample).then_some(center)
}

/// The coordinate-wise median of vectors; 0 where it is no number. Without vectors, an empty one.
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

/// Whether the center is far from the origin in terms of the distances of these vectors from it.
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

/// The power of two that brings the largest value of the moved codewords near 1; 1 where it is moderate, or none.
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

/// An assignment to codebooks of any offset and scale, by one that needs them near the origin.
pub struct Conditioned {
    inner: Box<dyn Assign>,
    always: bool,
    centered: Option<Centered>,
}

impl Conditioned {
    /// `inner` sees moved codebooks and vectors where that serves the precision.
    pub fn new(inner: Box<dyn Assign>) -> Self {
        Self { inner, always: false, centered: None }
    }

    /// `inner` always sees codebooks around their centers: for searches that compare tuples of different codebooks, of which one
    /// that lacks a codebook with the data's offset would look bad.
    pub fn always(inner: Box<dyn Assign>) -> Self {
        Self { inner, always: true, centered: None }
    }
}

impl Assign for Conditioned {
    fn prepare(&mut self, books: &Codebooks) {
        self.centered = if self.always { Centered::always(books) } else { Centered::of(books) };
        self.inner.prepare(self.centered.as_ref().map_or(books, Centered::books));
    }

    fn assign(&mut self, books: &Codebooks, residual: &mut [f32], picks: &mut [u32]) {
        let Some(centered) = &self.centered else { return self.inner.assign(books, residual, picks) };
        centered.apply(residual);
        self.inner.assign(&centered.books, residual, picks);
        scale_by(residual, centered.unit());
    }
}
