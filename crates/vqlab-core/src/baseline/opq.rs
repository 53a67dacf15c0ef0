//! Optimized product quantization (Ge, He, Ke, Sun, "Optimized Product Quantization for Approximate Nearest Neighbor
//! Search", CVPR 2013), the non-parametric version: codes, codewords and rotation are improved in turn.

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::axes::{Axes, mean};
use super::team::Team;
use super::watch::{Best, Fall};
use super::{Error, Progress, Watch, stagewise};
use crate::level::run;
use crate::linear::{Columns, add_product, nearest_orthogonal, nearly_nearest_orthogonal, rows_times_transposed};
use crate::quantizer::kernels::{Rows, squared_length};
use crate::quantizer::{Assign, Codebooks, Greedy, Method, Rotation, TrainRequest, assigner};

pub const ITERATIONS: usize = 60;

/// Iterations after which the better start continues.
const TRIED: usize = 5;

/// Coordinates of the vectors whose products with all others are computed together.
const COLUMNS: usize = 96;

/// Vectors whose sums by codeword are computed by all stages before the next ones are read.
const SUMMED: usize = 512;

/// Vectors that are rotated, or multiplied with their decoded vectors, together.
const BLOCK: usize = 1024;

/// Iterations of k-means in a start, and those of wide vectors: the codewords change again with every rotation.
const START_ITERATIONS: usize = 10;
const START_ITERATIONS_WIDE: usize = 5;

/// The share of the work that a start takes.
const START: f64 = 0.25;

/// Vectors of more dimensions are wide: a rotation of all of them takes n·D² multiplications, most of the work, and their
/// training is made of fewer. Up to this dimension, the trainings keep their numbers from release to release.
const WIDE: usize = 256;

/// Wide vectors on which the starts are compared: this many, and this many for each codeword of a stage.
const COMPARED: usize = 8192;
const COMPARED_EACH: usize = 16;

/// Iterations after which they are compared.
const COMPARED_AFTER: usize = 2;

/// The share of the work on these.
const COMPARISON: f64 = 0.15;

/// The training of wide vectors ends where this many iterations lower the error by less than this share.
const WIDE_FALL: Fall = Fall { window: 2, nothing: 1e-3 };

/// Iterations on all wide vectors from the codebooks of a part of them.
const CONTINUED: usize = 3;

/// Coordinates of a stage from which on [`cross_products_by_codeword`] is faster: n·D·M additions, which wait for the
/// memory, instead of n·D² multiplications.
const SUMS_WIDTH: usize = 32;

/// The trainer of OPQ. Two starts are tried. The first uses the unrotated vectors with the codebooks
/// of a PVQ (the coordinates of some data, such as SIFT, belong together in their order). The second uses the principal
/// axes, spread over the stages so that the variances of each stage multiply to the same product.
pub fn train(request: &TrainRequest, progress: &mut Progress, watch: &mut Watch) -> Result<Codebooks, Error> {
    fill(request.zeros()?, request.vectors, request.iterations, &mut request.stream(), progress, watch)
}

/// Codebooks of the shape of `books`.
pub fn fill(
    books: Codebooks,
    vectors: &[f32],
    iterations: usize,
    rng: &mut ChaCha8Rng,
    progress: &mut Progress,
    watch: &mut Watch,
) -> Result<Codebooks, Error> {
    let dimension = books.dimension();
    if dimension > WIDE
        && let Some(known) = watch.found_books(&books)
    {
        let mut trial = Trial::new(known, vectors);
        trial.run(vectors, iterations.min(CONTINUED), progress, watch)?;
        return Ok(trial.books);
    }
    let compared = COMPARED.max(books.size().saturating_mul(COMPARED_EACH));
    let count = vectors.len() / dimension;
    let mut tried = watch.tried();
    let mut share = 0.0;
    if dimension > WIDE && count >= 2 * compared && tried.is_none() {
        let part = (0..compared).flat_map(|i| &vectors[i * count / compared * dimension..][..dimension]);
        let part: Vec<f32> = part.copied().collect();
        let after = iterations.min(COMPARED_AFTER);
        tried = Some(better_start(&books, &part, after, rng, &mut progress.part(0.0, COMPARISON), None)?.1);
        share = COMPARISON;
    }
    let progress = &mut progress.part(share, 1.0 - share);
    let begin = &mut progress.part(0.0, 2.0 * START);
    let (mut best, start) = better_start(&books, vectors, iterations.min(TRIED), rng, begin, tried)?;
    watch.kept.start = Some(start);
    let rest = &mut progress.part(2.0 * START, 1.0 - 2.0 * START);
    best.run(vectors, iterations.saturating_sub(TRIED), rest, watch)?;
    watch.kept.iterations.iter_mut().for_each(|kept| *kept += TRIED);
    if dimension > WIDE {
        watch.kept.books = Some(best.books.clone());
    }
    Ok(best.books)
}

/// The start with the lower error after this many iterations, and its number. `only` names a start that is known to be the
/// better one.
fn better_start(
    books: &Codebooks,
    vectors: &[f32],
    iterations: usize,
    rng: &mut ChaCha8Rng,
    progress: &mut Progress,
    only: Option<usize>,
) -> Result<(Trial, usize), Error> {
    let tries = |start: usize| only.is_none_or(|only| only == start);
    let axes = if tries(1) { principal_axes(vectors, books.dimension(), books.stages()) } else { None };
    let as_they_are = tries(0) || axes.is_none();
    let mut best: Option<(Trial, usize)> = None;
    for (number, rotation) in [None, axes].into_iter().enumerate() {
        let mut progress = progress.part(0.5 * number as f64, 0.5);
        let books = match rotation {
            None if number == 0 && as_they_are => books.clone(),
            None => continue,
            Some(matrix) => books.clone().with_rotation(matrix)?,
        };
        let begin = &mut progress.part(0.0, 0.7);
        let turned = turned(&books, vectors);
        let rounds = if books.dimension() > WIDE { START_ITERATIONS_WIDE } else { START_ITERATIONS };
        let start = stagewise::fill(books, &turned, rounds, rng, begin, &mut Watch::default())?;
        drop(turned);
        let mut trial = Trial::new(start, vectors);
        trial.run(vectors, iterations, &mut progress.part(0.7, 0.3), &mut Watch::default())?;
        if best.as_ref().is_none_or(|best| trial.error < best.0.error) {
            best = Some((trial, number));
        }
    }
    best.ok_or(Error::NoVectors)
}

/// Codebooks in training.
struct Trial {
    books: Codebooks,
    team: Team<Greedy>,
    /// n × M.
    indices: Vec<u32>,
    /// Σ‖x − q‖² before the last change of the codebooks.
    error: f64,
}

impl Trial {
    fn new(books: Codebooks, vectors: &[f32]) -> Self {
        let indices = vec![0; vectors.len() / books.dimension() * books.stages()];
        Self { books, team: Team::new(Greedy::default), indices, error: f64::INFINITY }
    }

    /// Improves the rotation, the codes and the codewords in `iterations` iterations.
    fn run(
        &mut self,
        vectors: &[f32],
        iterations: usize,
        progress: &mut Progress,
        watch: &mut Watch,
    ) -> Result<(), Error> {
        let fall = if self.books.dimension() > WIDE { WIDE_FALL } else { Fall::default() };
        let mut best = Best::until(fall);
        let mut turned = turned(&self.books, vectors);
        for iteration in 0..iterations {
            if iteration > 0 && (progress.late() || best.converged()) {
                break;
            }
            let mut progress = progress.step(iteration, iterations);
            self.encode(&turned, &mut progress.part(0.0, 0.4))?;
            move_codewords(&mut self.books, &turned, &self.indices);
            self.turn(vectors, &mut progress.part(0.4, 0.6))?;
            rotate(&self.books, vectors, &mut turned);
            // The best codewords for these codes in the new coordinates.
            move_codewords(&mut self.books, &turned, &self.indices);
            watch.note(&mut best, &self.books, assigner(Method::Opq, None).as_mut());
        }
        self.books = best.or(std::mem::replace(&mut self.books, Codebooks::zeros(Method::Opq, 1, 1, 1)?));
        Ok(())
    }

    fn encode(&mut self, turned: &[f32], progress: &mut Progress) -> Result<(), Error> {
        let Self { books, team, indices, error } = self;
        let (dimension, stages) = (books.dimension(), books.stages());
        team.each(|search| search.prepare(books));
        let (part, pulse) = team.rows(books.values().len());
        let mut errors = vec![0f32; indices.len() / stages];
        let count = errors.len();
        let pulses =
            turned.chunks(pulse.saturating_mul(dimension)).zip(indices.chunks_mut(pulse.saturating_mul(stages)));
        for (number, ((turned, indices), errors)) in pulses.zip(errors.chunks_mut(pulse)).enumerate() {
            progress.done((number * pulse) as f64 / count as f64)?;
            let parts = turned.chunks(part * dimension).zip(indices.chunks_mut(part * stages));
            team.share(parts.zip(errors.chunks_mut(part)), |search, ((x, indices), errors)| {
                let mut x = x.to_vec();
                search.assign(books, &mut x, indices);
                errors.iter_mut().zip(x.chunks_exact(dimension)).for_each(|(e, x)| *e = squared_length(x));
            });
        }
        // In the order of the vectors, on any number of threads.
        *error = errors.into_iter().map(f64::from).sum();
        Ok(())
    }

    /// The rotation R for which the rotated vectors X·Rᵀ are nearest to their decoded vectors Y (orthogonal Procrustes
    /// problem): R = V·Uᵀ with XᵀY = U·S·Vᵀ.
    fn turn(&mut self, vectors: &[f32], progress: &mut Progress) -> Result<(), Error> {
        let dimension = self.books.dimension();
        progress.done(0.0)?;
        let mut matrix = if sums_pay(&self.books, self.indices.len() / self.books.stages()) {
            cross_products_by_codeword(&self.books, vectors, &self.indices)
        } else {
            cross_products(&self.books, vectors, &self.indices)
        };
        progress.done(0.3)?;
        // Row-major XᵀY is column-major V·S·Uᵀ, which becomes column-major V·Uᵀ.
        let nearest = if dimension > WIDE { nearly_nearest_orthogonal } else { nearest_orthogonal };
        if !nearest(&mut matrix, dimension) {
            return Err(Error::LeastSquares);
        }
        let rows = (0..dimension * dimension).map(|at| matrix[at % dimension * dimension + at / dimension] as f32);
        let books = std::mem::replace(&mut self.books, Codebooks::zeros(Method::Opq, 1, 1, 1)?);
        self.books = books.with_rotation(rows.collect())?;
        progress.done(1.0)
    }
}

/// XᵀY, D × D and row-major, of the vectors X and their decoded vectors Y in rotated coordinates. It is computed for
/// blocks of vectors, whose products are summed in single precision.
fn cross_products(books: &Codebooks, vectors: &[f32], indices: &[u32]) -> Vec<f64> {
    let (dimension, stages) = (books.dimension(), books.stages());
    let mut cross = vec![0f64; dimension * dimension];
    let mut decoded = vec![0f32; BLOCK * dimension];
    for (x, indices) in vectors.chunks(BLOCK * dimension).zip(indices.chunks(BLOCK * stages)) {
        let decoded = &mut decoded[..x.len()];
        decoded.par_chunks_exact_mut(dimension).zip(indices.par_chunks_exact(stages)).for_each(|(y, indices)| {
            let parts = y.chunks_exact_mut(books.width()).zip(indices);
            parts.for_each(|(part, index)| part.copy_from_slice(books.codeword(*index as usize)));
        });
        cross.par_chunks_mut(COLUMNS * dimension).enumerate().for_each(|(number, rows)| {
            let from = number * COLUMNS;
            let columns = from..from + rows.len() / dimension;
            add_product(rows, Columns { rows: x, stride: dimension, columns }, decoded);
        });
    }
    cross
}

/// Whether [`cross_products_by_codeword`] is faster for wide vectors and takes no more memory than they do.
fn sums_pay(books: &Codebooks, count: usize) -> bool {
    let words = books.stages().saturating_mul(books.size());
    books.dimension() > WIDE && books.width() >= SUMS_WIDTH && words.saturating_mul(2) <= count
}

/// As [`cross_products`], from the sums of the vectors of each codeword: XᵀY = Σ s·cᵀ over the codewords c. This takes
/// n·D·M additions instead of n·D² multiplications.
fn cross_products_by_codeword(books: &Codebooks, vectors: &[f32], indices: &[u32]) -> Vec<f64> {
    let (dimension, stages, size, width) = (books.dimension(), books.stages(), books.size(), books.width());
    let mut sums = vec![0f64; stages * size * dimension];
    for (x, indices) in vectors.chunks(SUMMED * dimension).zip(indices.chunks(SUMMED * stages)) {
        sums.par_chunks_mut(size * dimension).enumerate().for_each(|(stage, sums)| {
            add_by_codeword(
                Rows { data: x, stride: dimension },
                dimension,
                (&indices[stage..], stages),
                stage * size,
                sums,
            );
        });
    }
    let mut cross = vec![0f64; dimension * dimension];
    let products: Vec<Vec<f64>> = sums
        .par_chunks(size * dimension)
        .enumerate()
        .map(|(stage, sums)| {
            let sums: Vec<f32> = sums.iter().map(|v| *v as f32).collect();
            let words = &books.values()[stage * size * width..][..size * width];
            let mut products = vec![0f64; dimension * width];
            add_product(&mut products, Columns { rows: &sums, stride: dimension, columns: 0..dimension }, words);
            products
        })
        .collect();
    cross.par_chunks_mut(dimension).enumerate().for_each(|(row, cross)| {
        let parts = cross.chunks_exact_mut(width).zip(&products);
        parts.for_each(|(part, products)| part.copy_from_slice(&products[row * width..][..width]));
    });
    cross
}

/// Adds the first `columns` coordinates of each row to the sum of its codeword. The codeword index of row i is at
/// i·stride and is counted from `first` on.
fn add_by_codeword(rows: Rows, columns: usize, (indices, stride): (&[u32], usize), first: usize, sums: &mut [f64]) {
    run(
        #[inline(always)]
        |_| {
            for (i, index) in indices.iter().step_by(stride).enumerate() {
                let row = &rows.data[i * rows.stride..][..columns];
                let index = *index as usize - first;
                let sums = sums[index * columns..(index + 1) * columns].iter_mut();
                sums.zip(row).for_each(|(sum, v)| *sum += f64::from(*v));
            }
        },
    )
}

/// The vectors in the coordinates of the codewords.
fn turned(books: &Codebooks, vectors: &[f32]) -> Vec<f32> {
    let mut turned = vec![0.0; vectors.len()];
    rotate(books, vectors, &mut turned);
    turned
}

fn rotate(books: &Codebooks, vectors: &[f32], turned: &mut [f32]) {
    let dimension = books.dimension();
    let length = BLOCK * dimension;
    if let Some(rotation) = books.rotation().filter(|_| dimension > WIDE) {
        // Unlike those of `Rotation::apply`, the products of a vector may depend on its block.
        turned.par_chunks_mut(length).zip(vectors.par_chunks(length)).for_each(|(turned, vectors)| {
            rows_times_transposed(vectors, rotation.matrix(), dimension, turned);
        });
        return;
    }
    turned.par_chunks_mut(length).zip(vectors.par_chunks(length)).for_each(|(turned, vectors)| {
        turned.copy_from_slice(vectors);
        books.rotation().iter().for_each(|rotation: &&Rotation| rotation.apply(turned));
    });
}

/// Moves each used codeword to the mean of its parts of the rotated vectors.
fn move_codewords(books: &mut Codebooks, turned: &[f32], indices: &[u32]) {
    let (dimension, stages, size, width) = (books.dimension(), books.stages(), books.size(), books.width());
    books.values_mut().par_chunks_mut(size * width).enumerate().for_each(|(stage, words)| {
        let (mut sums, mut counts) = (vec![0f64; size * width], vec![0u32; size]);
        let (indices, first) = (&indices[stage..], stage * size);
        indices.iter().step_by(stages).for_each(|index| counts[*index as usize - first] += 1);
        let parts = Rows { data: &turned[stage * width..], stride: dimension };
        add_by_codeword(parts, width, (indices, stages), first, &mut sums);
        let words = words.chunks_exact_mut(width).zip(sums.chunks_exact(width)).zip(counts);
        for ((word, sums), count) in words.filter(|(_, count)| *count > 0) {
            word.iter_mut().zip(sums).for_each(|(v, sum)| *v = (sum / f64::from(count)) as f32);
        }
    });
}

/// The principal axes of the vectors as the rows of a rotation (D × D), in an order in which the variances of each of
/// the `stages` parts multiply to about the same product; None where they are not a rotation (vectors of huge or tiny
/// values).
fn principal_axes(vectors: &[f32], dimension: usize, stages: usize) -> Option<Vec<f32>> {
    let all = Axes::of(vectors, &mean(vectors, dimension))?;
    // Rounding can turn a variance of 0 into any small value.
    let least = all.variance(all.order()[0]).max(f64::MIN_POSITIVE) * 1e-12;
    let width = dimension / stages;
    let mut parts: Vec<(f64, Vec<usize>)> = vec![(0.0, Vec::new()); stages];
    for &axis in all.order() {
        let open = parts.iter_mut().filter(|part| part.1.len() < width);
        let part = open.min_by(|a, b| a.0.total_cmp(&b.0))?;
        // In units of the least variance, so that each further axis adds to the logarithm.
        part.0 += (all.variance(axis).max(least) / least).ln();
        part.1.push(axis);
    }
    let axes = parts.iter().flat_map(|part| &part.1);
    let matrix: Vec<f32> = axes.flat_map(|axis| all.vector(*axis)).collect();
    Rotation::new(dimension, matrix).ok().map(|rotation| rotation.matrix().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::stream::{normal, stream};

    #[test]
    fn products_by_codeword_are_those_of_the_vectors() {
        let (count, dimension, stages, size) = (1500, 264, 4, 8);
        let mut rng = stream("products by codeword");
        let mut numbers = |n: usize| -> Vec<f32> { (0..n).map(|_| normal(&mut rng)).collect() };
        let vectors = numbers(count * dimension);
        let books = Codebooks::new(Method::Opq, dimension, stages, size, numbers(size * dimension)).unwrap();
        // One codeword of each stage is never used.
        let indices: Vec<u32> = (0..count * stages)
            .map(|at| (at % stages * size + at / stages * (at % stages + 3) % (size - 1)) as u32)
            .collect();
        assert!(sums_pay(&books, count));
        let (slow, fast) =
            (cross_products(&books, &vectors, &indices), cross_products_by_codeword(&books, &vectors, &indices));
        let largest = slow.iter().fold(0.0, |largest: f64, v| largest.max(v.abs()));
        assert!(slow.iter().zip(&fast).all(|(slow, fast)| (slow - fast).abs() < 1e-5 * largest));
    }
}
