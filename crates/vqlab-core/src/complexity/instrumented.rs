//! The look-up searches as [`Model::Lookup`](super::Model::Lookup) describes them. Each operation is counted where it
//! is performed. This checks the formula; it is not a fast search.

use super::Operations;
use crate::data::stream::{normal, stream};
use crate::quantizer::{Additive, Assign, Codebooks, Greedy, Method};

/// Codebooks with their look-up tables, and the count.
struct Search<'a> {
    books: &'a Codebooks,
    gram: Vec<f64>,
    norms: Vec<f64>,
    done: Operations,
}

/// A tuple: its error minus ‖x‖², its codewords ascending.
#[derive(Clone)]
struct Tuple {
    error: f64,
    indices: Vec<usize>,
}

impl<'a> Search<'a> {
    fn new(books: &'a Codebooks) -> Self {
        let words = books.stages() * books.size();
        let dot = |a: usize, b: usize| -> f64 {
            books.codeword(a).iter().zip(books.codeword(b)).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        let gram = (0..words * words).map(|i| 2.0 * dot(i / words, i % words)).collect();
        let norms = (0..words).map(|i| dot(i, i)).collect();
        Self { books, gram, norms, done: Operations::default() }
    }

    /// ‖c‖² − 2x·c of all codewords; the factor 2 belongs to the table.
    fn scores(&mut self, x: &[f32]) -> Vec<f64> {
        let mut scores = self.norms.clone();
        for (number, score) in scores.iter_mut().enumerate() {
            for (c, x) in self.books.codeword(number).iter().zip(x) {
                *score -= 2.0 * f64::from(*c) * f64::from(*x);
                self.done.multiplications += 1;
                self.done.additions += 1;
            }
        }
        scores
    }

    /// Offers a tuple to the list of the `keep` best.
    fn offer(&mut self, kept: &mut Vec<Tuple>, keep: usize, error: f64, indices: impl Fn() -> Vec<usize>) {
        self.done.additions += 1;
        if kept.len() == keep && kept.last().is_some_and(|last| error >= last.error) {
            return;
        }
        let indices = indices();
        self.done.branches += kept.len() as u128;
        if kept.iter().any(|tuple| tuple.indices == indices) {
            return;
        }
        self.done.additions += kept.len() as u128;
        let place = kept.partition_point(|tuple| tuple.error < error);
        kept.insert(place, Tuple { error, indices });
        kept.truncate(keep);
        self.done.moves += (kept.len() - place) as u128;
    }

    fn additive(&mut self, x: &[f32], width: usize) -> Vec<usize> {
        let (stages, size) = (self.books.stages(), self.books.size());
        let words = stages * size;
        let scores = self.scores(x);
        let mut beam = Vec::new();
        for (index, score) in scores.iter().enumerate() {
            self.offer(&mut beam, if stages == 1 { 1 } else { width }, *score, || vec![index]);
        }
        for step in 1..stages {
            let keep = if step + 1 == stages { 1 } else { width };
            let mut next = Vec::new();
            for tuple in &beam {
                self.done.additions += 1;
                for stage in 0..stages {
                    self.done.branches += 1;
                    if tuple.indices.iter().any(|index| index / size == stage) {
                        continue;
                    }
                    for (index, score) in scores.iter().enumerate().skip(stage * size).take(size) {
                        let mut score = *score;
                        for other in &tuple.indices {
                            score += self.gram[other * words + index];
                            self.done.additions += 1;
                        }
                        // The threshold already contains the error of the parent.
                        self.offer(&mut next, keep, tuple.error + score, || {
                            let mut indices = [tuple.indices.as_slice(), &[index]].concat();
                            indices.sort_unstable();
                            indices
                        });
                    }
                }
            }
            self.done.moves += (next.len() * (step + 1)) as u128;
            beam = next;
        }
        beam.swap_remove(0).indices
    }

    fn residual(&mut self, x: &[f32]) -> Vec<usize> {
        let (stages, size) = (self.books.stages(), self.books.size());
        let words = stages * size;
        let scores = self.scores(x);
        let mut indices: Vec<usize> = Vec::new();
        for stage in 0..stages {
            let mut best = (f64::INFINITY, 0);
            for (index, score) in scores.iter().enumerate().skip(stage * size).take(size) {
                let mut score = *score;
                for other in &indices {
                    score += self.gram[other * words + index];
                    self.done.additions += 1;
                }
                if index > stage * size {
                    self.done.additions += 1;
                    self.done.moves += 1;
                }
                if score < best.0 {
                    best = (score, index);
                }
            }
            indices.push(best.1);
        }
        self.done.additions += ((stages - 1) * self.books.dimension()) as u128;
        indices
    }
}

fn trained_like(method: Method, dimension: usize, stages: usize, size: usize) -> Codebooks {
    let mut rng = stream(&format!("instrumented/{stages}/{size}"));
    let mut books = Codebooks::zeros(method, dimension, stages, size).unwrap();
    books.values_mut().iter_mut().for_each(|v| *v = 0.4 * normal(&mut rng));
    books
}

/// Additions, multiplications, moves and branches per vector.
fn each(total: Operations, n: usize) -> [f64; 4] {
    [total.additions, total.multiplications, total.moves, total.branches].map(|v| v as f64 / n as f64)
}

#[test]
fn the_formula_for_rvq_is_the_count_of_a_run() {
    let (dimension, stages, size, n) = (16, 4, 32, 20);
    let books = trained_like(Method::Rvq, dimension, stages, size);
    let mut rng = stream("instrumented/x");
    let x: Vec<f32> = (0..n * dimension).map(|_| normal(&mut rng)).collect();
    let mut search = Search::new(&books);
    let indices: Vec<u32> = x.chunks(dimension).flat_map(|x| search.residual(x)).map(|index| index as u32).collect();
    let (mut fast, mut left) = (vec![0; n * stages], x.clone());
    let mut greedy = Greedy::default();
    greedy.prepare(&books);
    greedy.assign(&books, &mut left, &mut fast);
    assert_eq!(indices, fast);
    let model = super::count(Method::Rvq, dimension, stages, size, None, super::Model::Lookup).unwrap();
    assert_eq!(each(search.done, n), each(model, 1));
}

/// Multiplications and the additions of looked-up values are exact. The number of candidates that enter the beam is the
/// expected number for a random order; W operations for each are an upper bound.
#[test]
fn the_formula_for_avq_bounds_the_count_of_a_run() {
    for (dimension, stages, size, width) in [(16, 4, 8, 4), (16, 4, 32, 16), (64, 4, 64, 16), (32, 2, 128, 8)] {
        let n = 40;
        let books = trained_like(Method::Avq, dimension, stages, size);
        let mut rng = stream("instrumented/x");
        let x: Vec<f32> = (0..n * dimension).map(|_| normal(&mut rng)).collect();
        let mut search = Search::new(&books);
        let mut additive = Additive::new(width);
        additive.prepare(&books);
        for x in x.chunks(dimension) {
            let slow = search.additive(x, width);
            let (mut fast, mut left) = (vec![0; stages], x.to_vec());
            additive.assign(&books, &mut left, &mut fast);
            assert_eq!(slow, fast.iter().map(|index| *index as usize).collect::<Vec<_>>());
        }
        let model = super::count(Method::Avq, dimension, stages, size, Some(width), super::Model::Lookup).unwrap();
        let (counted, formula) = (each(search.done, n), each(model, 1));
        assert_eq!(counted[1], formula[1]);
        let total = |operations: [f64; 4]| operations[0] + operations[1] + operations[2] + 4.0 * operations[3];
        let share = total(counted) / total(formula);
        println!("D = {dimension}, M = {stages}, K = {size}, W = {width}: {share:.3} of the formula");
        assert!((0.6..1.02).contains(&share), "{share}: {counted:?} against {formula:?}");
    }
}
