//! Additive quantization by local search with stochastic relaxation (Martinez, Zakhmi, Hoos, Little, "LSQ++", ECCV
//! 2018).

use super::additive::Codes;
use super::axes::mean;
use super::team::Team;
use super::watch::Best;
use super::{Error, Progress, Watch, kmeans, least_squares, opq, stagewise};
use crate::data::stream::normal;
use crate::quantizer::{Assign, Codebooks, LocalSearch, Method, Rotation, TrainRequest};

pub const ITERATIONS: usize = 15;

/// Rounds of the local search in one iteration, as in the authors' code. The search starts from the codes of the
/// iteration before.
const ROUNDS: usize = 8;

/// Iterations, without relaxation, after which the better start continues.
const TRIED: usize = 2;

/// The initial temperature. The authors use 1 and random codes; so much noise destroys a trained start. On SIFT, 0.3
/// ends with a lower error than 0 and 1.
const TEMPERATURE: f64 = 0.3;

/// The share of the work that the starts take.
const START: f64 = 0.3;

/// Iterations of the OPQ in a start.
const OPQ_ITERATIONS: usize = 16;

/// The largest dimension with an OPQ start. Above it, the D × D decompositions take longer than everything else.
const WIDEST_ROTATION: usize = 1024;

/// Whether an OPQ start is tried as well.
pub fn starts_from_opq(dimension: usize, stages: usize) -> bool {
    dimension <= WIDEST_ROTATION && stages > 0 && dimension.is_multiple_of(stages)
}

/// LSQ codebooks: optimizes codes by local search and codebooks by least squares in turn. It starts from an OPQ (where
/// D is divisible by M and at most [`WIDEST_ROTATION`]) or an RVQ, whichever is better after [`TRIED`] iterations.
/// Before the codes are improved, noise is added to the codewords (SR-D of the paper): the deviation of the vectors
/// over M, times a temperature that falls to 0 at the last iteration.
pub fn train(request: &TrainRequest, progress: &mut Progress, watch: &mut Watch) -> Result<Codebooks, Error> {
    let &TrainRequest { vectors, dimension, stages, size, iterations, .. } = request;
    least_squares::check(stages, size)?;
    let rng = &mut request.stream();
    let empty = request.zeros()?;
    let unwatched = &mut Watch::default();
    let mut best: Option<Trial> = None;
    for start in 0..2 {
        let progress = &mut progress.part(0.5 * START * start as f64, 0.5 * START);
        let begin = &mut progress.part(0.0, 0.7);
        let books = match start {
            0 if watch.tries(0) => stagewise::fill(empty.clone(), vectors, kmeans::ITERATIONS, rng, begin, unwatched)?,
            1 if watch.tries(1) && starts_from_opq(dimension, stages) => {
                let opq = Codebooks::zeros(Method::Opq, dimension, stages, size)?;
                as_sums(&opq::fill(opq, vectors, OPQ_ITERATIONS, rng, begin, unwatched)?)?
            }
            _ => continue,
        };
        let trial = Trial::new(books, vectors, &mut progress.part(0.7, 0.3))?;
        if best.as_ref().is_none_or(|best| trial.error < best.error) {
            (best, watch.kept.start) = (Some(trial), Some(start));
        }
    }
    let mut best = best.ok_or(Error::NoVectors)?;
    let deviations = deviations(vectors, dimension);
    let start = (best.error, best.books.clone());
    let mut progress = progress.part(START, 1.0 - START);
    let mut seen = Best::default();
    watch.note(&mut seen, &best.books, &mut LocalSearch::new(ROUNDS));
    for iteration in 0..iterations {
        if iteration > 0 && (progress.late() || seen.converged()) {
            break;
        }
        let left = 1.0 - (iteration + 1) as f64 / iterations as f64;
        let scale = (TEMPERATURE * left.sqrt() / stages as f64) as f32;
        for word in best.books.values_mut().chunks_exact_mut(dimension) {
            word.iter_mut().zip(&deviations).for_each(|(v, deviation)| *v += scale * deviation * normal(rng));
        }
        best.step(vectors, &mut progress.step(iteration, iterations))?;
        watch.note(&mut seen, &best.books, &mut LocalSearch::new(ROUNDS));
    }
    // The first check was before the first iteration.
    watch.kept.iterations.iter_mut().for_each(|kept| *kept -= 1);
    // Few iterations may not compensate for the noise.
    Ok(seen.or(if best.error <= start.0 { best.books } else { start.1 }))
}

/// Codebooks in training.
struct Trial {
    books: Codebooks,
    codes: Codes,
    team: Team<LocalSearch>,
    /// Σ‖x − q‖² over the training vectors.
    error: f64,
}

impl Trial {
    fn new(books: Codebooks, vectors: &[f32], progress: &mut Progress) -> Result<Self, Error> {
        let codes = Codes::none(vectors, books.dimension(), books.stages());
        let mut trial = Self { books, codes, team: Team::new(|| LocalSearch::new(ROUNDS)), error: f64::INFINITY };
        for step in 0..TRIED {
            trial.step(vectors, &mut progress.step(step, TRIED))?;
        }
        Ok(trial)
    }

    /// Improves the codes for the current codebooks, then the codebooks for these codes.
    fn step(&mut self, vectors: &[f32], progress: &mut Progress) -> Result<(), Error> {
        let Self { books, codes, team, error } = self;
        team.prepare(|search| search.prepare(books), |search, first| search.prepare_as(books, first));
        codes.update_residual(books, vectors);
        let known = codes.known();
        codes.improve(books, vectors, team, &mut progress.part(0.0, 0.8), |search, x, indices| match known {
            true => search.improve(books, x, indices),
            false => search.assign(books, x, indices),
        })?;
        least_squares::fit(books, &codes.residual, &codes.indices, &mut progress.part(0.8, 0.2))?;
        codes.update_residual(books, vectors);
        *error = codes.error(books.dimension());
        Ok(())
    }
}

/// An OPQ as additive codebooks: each codeword rotated back, with zeros for the other parts.
fn as_sums(opq: &Codebooks) -> Result<Codebooks, Error> {
    let (dimension, stages, size) = (opq.dimension(), opq.stages(), opq.size());
    let mut books = Codebooks::zeros(Method::Lsq, dimension, stages, size)?;
    for (number, word) in books.values_mut().chunks_exact_mut(dimension).enumerate() {
        word[opq.span(number / size)].copy_from_slice(opq.codeword(number));
    }
    opq.rotation().into_iter().for_each(|rotation: &Rotation| rotation.undo(books.values_mut()));
    Ok(books)
}

/// The standard deviation of each coordinate.
fn deviations(vectors: &[f32], dimension: usize) -> Vec<f32> {
    let count = (vectors.len() / dimension) as f64;
    let (mean, mut squares) = (mean(vectors, dimension), vec![0f64; dimension]);
    for x in vectors.chunks_exact(dimension) {
        squares.iter_mut().zip(x.iter().zip(&mean)).for_each(|(s, (v, m))| *s += (f64::from(*v) - m).powi(2) / count);
    }
    squares.into_iter().map(|s| s.sqrt() as f32).collect()
}
