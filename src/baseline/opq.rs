//! Optimised product quantization (Ge, He, Ke, Sun, "Optimized Product Quantization for Approximate Nearest Neighbor
//! Search", CVPR 2013), the non-parametric kind: codes, codewords and rotation are improved in turn.

use nalgebra::DMatrix;
use rand_chacha::ChaCha8Rng;

use super::axes::{Axes, mean};
use super::kmeans::PULSE;
use super::sums::Sums;
use super::watch::Best;
use super::{Error, Progress, Watch, kmeans, stagewise};
use crate::quantizer::kernels::{ROWS, Rows, squared_length};
use crate::quantizer::{Assign, Codebooks, Method, Rotation, assigner};

pub const ITERATIONS: usize = 60;

/// Iterations after which the better start goes on.
const TRIED: usize = 10;

/// The share of the work that a start takes.
const START: f64 = 0.25;

/// OPQ codebooks of the shape of `books`. Two starts are tried: the vectors as they are, with the codebooks of a PVQ (the
/// coordinates of some data, as SIFT's, belong together as they stand), and their principal axes, spread over the stages
/// so that the variances of each multiply to the same.
pub fn train(
    books: Codebooks,
    vectors: &[f32],
    iterations: usize,
    rng: &mut ChaCha8Rng,
    progress: &mut Progress,
    watch: &mut Watch,
) -> Result<Codebooks, Error> {
    let axes = principal_axes(vectors, books.dimension(), books.stages());
    let mut best: Option<Trial> = None;
    for (number, rotation) in
        [None, axes].into_iter().enumerate().filter(|(number, axes)| *number == 0 || axes.is_some())
    {
        let mut progress = progress.part(START * number as f64, START);
        let mut rotated = vectors.to_vec();
        let mut books = books.clone();
        if let Some(matrix) = rotation {
            books = books.with_rotation(matrix)?;
            books.rotation().iter().for_each(|rotation| rotation.apply(&mut rotated));
        }
        let begin = &mut progress.part(0.0, 0.7);
        let start = stagewise::train(books, &rotated, kmeans::ITERATIONS, rng, begin, &mut Watch::default())?;
        drop(rotated);
        let mut trial = Trial::new(start, vectors);
        trial.run(vectors, iterations.min(TRIED), &mut progress.part(0.7, 0.3), &mut Watch::default())?;
        if best.as_ref().is_none_or(|best| trial.error < best.error) {
            best = Some(trial);
        }
    }
    let mut best = best.ok_or(Error::NoVectors)?;
    let rest = &mut progress.part(2.0 * START, 1.0 - 2.0 * START);
    best.run(vectors, iterations.saturating_sub(TRIED), rest, watch)?;
    watch.kept.iter_mut().for_each(|kept| *kept += TRIED);
    Ok(best.books)
}

/// Codebooks on their way.
struct Trial {
    books: Codebooks,
    search: Box<dyn Assign>,
    /// n × M.
    picks: Vec<u32>,
    /// Σ‖x − q‖² before the last change of the codebooks.
    error: f64,
}

impl Trial {
    fn new(books: Codebooks, vectors: &[f32]) -> Self {
        let picks = vec![0; vectors.len() / books.dimension() * books.stages()];
        Self { books, search: assigner(Method::Opq, None), picks, error: f64::INFINITY }
    }

    /// Improves the rotation, the codes and the codewords so many times.
    fn run(
        &mut self,
        vectors: &[f32],
        iterations: usize,
        progress: &mut Progress,
        watch: &mut Watch,
    ) -> Result<(), Error> {
        let mut best = Best::default();
        for iteration in 0..iterations {
            if iteration > 0 && (progress.late() || best.converged()) {
                break;
            }
            self.encode(vectors, &mut progress.step(iteration, iterations))?;
            let (dimension, stages) = (self.books.dimension(), self.books.stages());
            let rows = Rows { data: vectors, stride: dimension };
            let sums = Sums::new(rows, dimension, &self.picks, stages, stages * self.books.size());
            self.move_codewords(&sums);
            self.turn(&sums)?;
            // The best codewords for these codes in the new coordinates.
            self.move_codewords(&sums);
            watch.note(&mut best, &self.books, self.search.as_mut());
        }
        self.books = best.or(std::mem::replace(&mut self.books, Codebooks::zeros(Method::Opq, 1, 1, 1)?));
        Ok(())
    }

    fn encode(&mut self, vectors: &[f32], progress: &mut Progress) -> Result<(), Error> {
        let (dimension, stages) = (self.books.dimension(), self.books.stages());
        let rows = (PULSE / self.books.values().len()).next_multiple_of(ROWS);
        let mut x = vec![0.0; rows.min(vectors.len() / dimension) * dimension];
        self.error = 0.0;
        self.search.prepare(&self.books);
        let blocks = vectors.chunks(rows * dimension).zip(self.picks.chunks_mut(rows * stages));
        for (block, (vectors_block, picks)) in blocks.enumerate() {
            progress.done((block * rows * dimension) as f64 / vectors.len() as f64)?;
            let x = &mut x[..vectors_block.len()];
            x.copy_from_slice(vectors_block);
            self.search.assign(&self.books, x, picks);
            self.error += x.chunks_exact(dimension).map(|x| f64::from(squared_length(x))).sum::<f64>();
        }
        Ok(())
    }

    /// Each codeword becomes the mean of its rotated vectors; `sums` are those of the vectors as they are.
    fn move_codewords(&mut self, sums: &Sums) {
        let (dimension, size, width) = (self.books.dimension(), self.books.size(), self.books.width());
        let mut mean = vec![0f32; dimension];
        for number in (0..sums.counts.len()).filter(|number| sums.counts[*number] > 0) {
            let count = f64::from(sums.counts[number]);
            mean.iter_mut().zip(sums.row(number)).for_each(|(m, s)| *m = (s / count) as f32);
            let span = self.books.span(number / size);
            let part: Vec<f32> = match self.books.rotation().map(Rotation::matrix) {
                None => mean[span].to_vec(),
                Some(matrix) => {
                    span.map(|row| product(&matrix[row * dimension..(row + 1) * dimension], &mean)).collect()
                }
            };
            self.books.values_mut()[number * width..(number + 1) * width].copy_from_slice(&part);
        }
    }

    /// The rotation R for which the rotated vectors X·Rᵀ are nearest to their decoded ones Y (orthogonal Procrustes problem):
    /// R = V·Uᵀ with XᵀY = U·S·Vᵀ.
    fn turn(&mut self, sums: &Sums) -> Result<(), Error> {
        let (dimension, size, width) = (self.books.dimension(), self.books.size(), self.books.width());
        let mut cross = DMatrix::<f64>::zeros(dimension, dimension);
        for stage in 0..self.books.stages() {
            let numbers = stage * size..(stage + 1) * size;
            let values = &sums.values[numbers.start * dimension..numbers.end * dimension];
            let sums = DMatrix::from_column_slice(dimension, size, values);
            let words = self.books.stage(stage).iter().map(|v| f64::from(*v));
            let words = DMatrix::from_row_iterator(size, width, words);
            cross.columns_mut(stage * width, width).gemm(1.0, &sums, &words, 0.0);
        }
        let svd = cross.svd(true, true);
        let (Some(u), Some(v_t)) = (svd.u, svd.v_t) else { return Err(Error::LeastSquares) };
        // Row-major R = V·Uᵀ is column-major U·Vᵀ.
        let matrix = (u * v_t).iter().map(|v| *v as f32).collect();
        let books = std::mem::replace(&mut self.books, Codebooks::zeros(Method::Opq, 1, 1, 1)?);
        self.books = books.with_rotation(matrix)?;
        Ok(())
    }
}

fn product(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() as f32
}

/// The principal axes of the vectors as the rows of a rotation (D × D), in an order in which the variances of each of the
/// `stages` parts multiply to about the same; None where they are no rotation (vectors of huge or tiny values).
fn principal_axes(vectors: &[f32], dimension: usize, stages: usize) -> Option<Vec<f32>> {
    let all = Axes::of(vectors, &mean(vectors, dimension));
    // What rounding makes of a variance of 0 may be anything small.
    let least = all.variance(all.order()[0]).max(f64::MIN_POSITIVE) * 1e-12;
    let width = dimension / stages;
    let mut parts: Vec<(f64, Vec<usize>)> = vec![(0.0, Vec::new()); stages];
    for &axis in all.order() {
        let open = parts.iter_mut().filter(|part| part.1.len() < width);
        let part = open.min_by(|a, b| a.0.total_cmp(&b.0))?;
        // In units of the least, so that each further axis adds to the logarithm.
        part.0 += (all.variance(axis).max(least) / least).ln();
        part.1.push(axis);
    }
    let axes = parts.iter().flat_map(|part| &part.1);
    let matrix: Vec<f32> = axes.flat_map(|axis| all.vector(*axis)).collect();
    Rotation::new(dimension, matrix).ok().map(|rotation| rotation.matrix().to_vec())
}
