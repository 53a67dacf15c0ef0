//! Lloyd's algorithm.

use rand_chacha::ChaCha8Rng;

use super::seeding::{draw, seed};
use super::sums::Sums;
use super::team::Team;
use super::watch::{Best, mean_error};
use super::{Error, Progress};
use crate::quantizer::kernels::Rows;
use crate::quantizer::nearest::Nearest;
use crate::quantizer::tiles::WHOLE;
use crate::quantizer::{Codebooks, Greedy, Method};

/// Iterations of k-means for PVQ and RVQ.
pub const ITERATIONS: usize = 25;

/// Iterations after which the better start continues.
const TRIED: usize = 5;

/// The distance of the starts from the mean, relative to the drawn rows.
const STARTS: [f32; 2] = [1.0, 0.3];

/// Rows that are assigned together.
const BLOCK: usize = 4 * WHOLE;

/// The smallest K for which byte products are faster, measured.
const BYTES_FROM: usize = 2048;

/// n points: some coordinates of the rows of a matrix.
#[derive(Clone, Copy)]
pub struct Points<'a> {
    rows: Rows<'a>,
    pub(super) count: usize,
    pub(super) width: usize,
}

impl<'a> Points<'a> {
    /// The coordinates `span` of vectors of `dimension` coordinates (n × D).
    ///
    /// # Errors
    /// [`Error::Rows`] for vectors that are not whole rows, and for a span that is empty or beyond a vector;
    /// [`Error::NoVectors`].
    pub fn new(vectors: &'a [f32], dimension: usize, span: std::ops::Range<usize>) -> Result<Self, Error> {
        if dimension == 0 || !vectors.len().is_multiple_of(dimension) || span.is_empty() || span.end > dimension {
            return Err(Error::Rows { values: vectors.len(), dimension });
        }
        if vectors.is_empty() {
            return Err(Error::NoVectors);
        }
        let rows = Rows { data: &vectors[span.start..], stride: dimension };
        Ok(Self { rows, count: vectors.len() / dimension, width: span.len() })
    }

    /// The same points stored contiguously in `room`, unless they are contiguous already: k-means reads them many
    /// times.
    pub fn contiguous<'b>(&self, room: &'b mut Vec<f32>) -> Points<'b>
    where
        'a: 'b,
    {
        if self.rows.stride == self.width {
            return *self;
        }
        room.clear();
        (0..self.count).for_each(|i| room.extend_from_slice(self.row(i)));
        Points { rows: Rows { data: room, stride: self.width }, ..*self }
    }

    /// The mean of the points.
    fn mean(&self) -> Vec<f32> {
        let sums = Sums::new(self.rows, self.width, &vec![0; self.count], 1, 1);
        sums.values.iter().map(|sum| (sum / self.count as f64) as f32).collect()
    }

    /// One point.
    pub fn row(&self, i: usize) -> &'a [f32] {
        &self.rows.data[i * self.rows.stride..][..self.width]
    }
}

/// K centroids (K × width) of the points after at most `iterations` iterations. Two starts are tried for some of them:
/// rows drawn by k-means++, and the same rows moved towards the mean. In many dimensions without clusters, a row is far
/// from all others, so that most unmoved rows would stay alone (on the residuals of SIFT 183 of 256). Where there are
/// clusters, unmoved rows are the better start. An empty cluster takes a point that is drawn with a probability
/// proportional to its squared error. With `validation` points (n × width), the iterations after the trial end when the
/// validation error no longer falls, and the centroids with the lowest validation error are returned.
///
/// # Errors
/// A K that no codebook has; [`Error::Stopped`].
pub fn kmeans(
    points: &Points,
    size: usize,
    iterations: usize,
    rng: &mut ChaCha8Rng,
    progress: &mut Progress,
    validation: &[f32],
) -> Result<Vec<f32>, Error> {
    Ok(kmeans_counted(points, size, iterations, rng, progress, validation)?.0)
}

/// As [`kmeans`], and returns the number of iterations that led to the centroids.
pub(super) fn kmeans_counted(
    points: &Points,
    size: usize,
    iterations: usize,
    rng: &mut ChaCha8Rng,
    progress: &mut Progress,
    validation: &[f32],
) -> Result<(Vec<f32>, usize), Error> {
    // Checks the shape before anything is drawn.
    let empty = Codebooks::zeros(Method::Rvq, points.width, 1, size)?;
    let rows = seed(points, size, rng);
    let mean = points.mean();
    let tried = TRIED.min(iterations);
    let steps = ((STARTS.len() - 1) * tried).saturating_add(iterations);
    let mut best: Option<Run> = None;
    for (number, share) in STARTS.into_iter().enumerate() {
        let towards_mean = |(at, v): (usize, &f32)| mean[at % points.width] + share * (v - mean[at % points.width]);
        let centroids = if share == 1.0 { rows.clone() } else { rows.iter().enumerate().map(towards_mean).collect() };
        let mut run = Run::new(empty.clone(), centroids, points);
        for step in 0..tried {
            if step > 0 && progress.late() {
                break;
            }
            run.step(points, rng, &mut progress.step(number * tried + step, steps))?;
        }
        if best.as_ref().is_none_or(|best| run.score < best.score) {
            best = Some(run);
        }
    }
    let Some(mut best) = best else { return Ok((rows, 0)) };
    let (mut seen, mut done, mut kept) = (Best::default(), tried, tried);
    for step in STARTS.len() * tried..=steps {
        if let Some(error) = mean_error(&best.books, &mut Greedy::default(), validation)
            && seen.look(error, &best.books)
        {
            kept = done;
        }
        // The last turn measures the last step.
        let over = step == steps || seen.converged() || progress.late();
        if over || !best.step(points, rng, &mut progress.step(step, steps))? {
            break;
        }
        done += 1;
    }
    let kept = if validation.is_empty() { done } else { kept };
    Ok((seen.or(best.books).values().to_vec(), kept))
}

/// Centroids in training.
struct Run {
    books: Codebooks,
    nearest: Team<Nearest>,
    /// Score and centroid of each point.
    best: Vec<(f32, u32)>,
    indices: Vec<u32>,
    /// Σ(½‖c‖² − x·c) before the last step: half the squared error, without the part that is the same for all
    /// centroids.
    score: f64,
}

impl Run {
    fn new(mut books: Codebooks, centroids: Vec<f32>, points: &Points) -> Self {
        books.values_mut().copy_from_slice(&centroids);
        let indices = vec![u32::MAX; points.count];
        let best = vec![(f32::INFINITY, 0); points.count];
        Self { books, nearest: Team::new(Nearest::default), best, indices, score: f64::INFINITY }
    }

    /// Assigns each point to its nearest centroid and moves the centroids to the means; false where nothing changed.
    fn step(&mut self, points: &Points, rng: &mut ChaCha8Rng, progress: &mut Progress) -> Result<bool, Error> {
        if !self.assign(points, progress)? {
            return Ok(false);
        }
        let sums = Sums::new(points.rows, points.width, &self.indices, 1, self.books.size());
        for (k, centroid) in self.books.values_mut().chunks_exact_mut(points.width).enumerate() {
            let count = f64::from(sums.counts[k]);
            if count > 0.0 {
                centroid.iter_mut().zip(sums.row(k)).for_each(|(c, s)| *c = (s / count) as f32);
            }
        }
        if sums.counts.contains(&0) {
            fill_empty(&mut self.books, &sums.counts, points, &self.indices, rng);
        }
        Ok(true)
    }

    fn assign(&mut self, points: &Points, progress: &mut Progress) -> Result<bool, Error> {
        let Self { books, nearest, best, .. } = self;
        nearest.each(|nearest| nearest.prepare(books, BYTES_FROM));
        let (part, pulse) = nearest.rows(books.values().len());
        for (number, best) in best.chunks_mut(pulse).enumerate() {
            let first = number * pulse;
            progress.done(first as f64 / points.count as f64)?;
            let parts = best.chunks_mut(part).enumerate().map(|(number, best)| (first + number * part, best));
            nearest.share(parts, |nearest, (first, best)| find_nearest(nearest, books, points, first, best));
        }
        // In the order of the points, on any number of threads.
        self.score = self.best.iter().map(|(score, _)| f64::from(*score)).sum();
        let mut changed = false;
        for (index, (_, found)) in self.indices.iter_mut().zip(&self.best) {
            changed |= index != found;
            *index = *found;
        }
        Ok(changed)
    }
}

/// Finds the nearest centroids of the points from `first` on.
fn find_nearest(nearest: &mut Nearest, books: &Codebooks, points: &Points, first: usize, best: &mut [(f32, u32)]) {
    let selection: Vec<u32> = (0..BLOCK as u32).collect();
    for (block, best) in best.chunks_mut(BLOCK).enumerate() {
        let selection = &selection[..best.len()];
        let rows = Rows { data: &points.rows.data[(first + block * BLOCK) * points.rows.stride..], ..points.rows };
        best.fill((f32::INFINITY, 0));
        nearest.set_rows(books, rows, selection);
        nearest.improve(books, 0, rows, selection, best);
    }
}

/// Moves the centroids of empty clusters to points, preferably points with a large error. Where every point lies on a
/// centroid, no centroid moves.
fn fill_empty(books: &mut Codebooks, counts: &[u32], points: &Points, indices: &[u32], rng: &mut ChaCha8Rng) {
    let error = |(i, index): (usize, &u32)| -> f32 {
        points.row(i).iter().zip(books.codeword(*index as usize)).map(|(x, c)| (x - c) * (x - c)).sum()
    };
    let mut errors: Vec<f32> = indices.iter().enumerate().map(error).collect();
    for (k, _) in counts.iter().enumerate().filter(|(_, count)| **count == 0) {
        let total = errors.iter().map(|e| f64::from(*e)).sum();
        let Some(chosen) = draw(&errors, total, rng) else { return };
        errors[chosen] = 0.0;
        books.values_mut()[k * points.width..(k + 1) * points.width].copy_from_slice(points.row(chosen));
    }
}
