//! Exact nearest neighbors by brute force.
//!
//! Blocked products give ½‖b‖² − x·b in f32 for all pairs. The vectors are moved to the origin and scaled, so that an
//! offset of the data costs no precision. The vectors that rounding errors can't exclude from the k nearest are
//! compared by Σ(x − b)² in f64, computed from the original vectors.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::{NEVER, Neighbors, SearchError, base_parts, check_count, check_finite, whole_rows};
use crate::level::run;
use crate::quantizer::centering::median;
use crate::quantizer::kernels::{ROWS, Rows, products, squared_length};

/// Base vectors of one product: with [`ROWS`] queries, the products take 256 KiB.
const BLOCK: usize = 1024;

/// Vectors of the smallest part of a base. The base is split where there are fewer queries than threads.
const LEAST_PART: usize = 4 * BLOCK;

/// Number of base vectors whose median is the origin.
const SAMPLE: usize = 256;

/// Above this, f32 products may overflow; every pair is then computed in f64.
const LARGE: f32 = 1e37;

/// The k nearest of the `base` vectors (N × D) for each query (n × D) by squared Euclidean distance, ties by the lower
/// id. Runs on the threads of the current rayon pool; their number changes only the time.
///
/// # Errors
/// Values that do not form whole rows, NaN or infinity; k = 0; more base vectors than ids.
pub fn exact_neighbors(base: &[f32], queries: &[f32], dimension: usize, k: usize) -> Result<Neighbors, SearchError> {
    exact_neighbors_until(base, queries, dimension, k, &NEVER)
}

/// As [`exact_neighbors`]; ends early where `stop` is set from outside.
///
/// # Errors
/// As [`exact_neighbors`]; [`SearchError::Stopped`].
pub fn exact_neighbors_until(
    base: &[f32],
    queries: &[f32],
    dimension: usize,
    k: usize,
    stop: &AtomicBool,
) -> Result<Neighbors, SearchError> {
    let count = whole_rows("base values", base.len(), dimension)?;
    let asked = whole_rows("query values", queries.len(), dimension)?;
    check_count(count)?;
    check_finite("base vector", base, dimension)?;
    check_finite("query", queries, dimension)?;
    if k == 0 {
        return Err(SearchError::NoNeighbors);
    }
    let k = k.min(count);
    if k == 0 || asked == 0 {
        return Ok(Neighbors { k, ids: Vec::new(), distances: Vec::new() });
    }
    let origin = Origin::of(base, dimension);
    let half: Vec<f32> =
        base.par_chunks(dimension).map_init(Vec::new, |moved, row| origin.half_norm(row, moved)).collect();
    let largest = half.iter().fold(0.0f32, |a, b| if *b > a { *b } else { a });
    let search = Exact { base, origin: &origin, half: &half, largest, dimension, k, stop };
    let parts = base_parts(asked.div_ceil(ROWS), count, LEAST_PART);
    let mut neighbors = Neighbors { k, ids: vec![0; asked * k], distances: vec![0.0; asked * k] };
    let targets = neighbors.ids.par_chunks_mut(ROWS * k).zip(neighbors.distances.par_chunks_mut(ROWS * k));
    queries.par_chunks(ROWS * dimension).zip(targets).for_each(|(queries, (ids, distances))| {
        if search.stopped() {
            return;
        }
        let part = |part: usize| search.part(queries, part * count / parts..(part + 1) * count / parts);
        let found: Vec<_> = (0..parts).into_par_iter().map(part).collect();
        let rows = ids.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k));
        for (query, (ids, distances)) in rows.enumerate() {
            let mut all: Vec<(f64, u32)> = found.iter().filter_map(|part| part.get(query)).flatten().copied().collect();
            sort(&mut all);
            for ((found, id), distance) in all.into_iter().zip(ids).zip(distances) {
                (*distance, *id) = (found.0 as f32, found.1);
            }
        }
    });
    if search.stopped() { Err(SearchError::Stopped) } else { Ok(neighbors) }
}

fn sort(found: &mut [(f64, u32)]) {
    found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
}

/// The center that is subtracted from vectors, and the power of two that multiplies them.
struct Origin {
    center: Vec<f32>,
    scale: f64,
}

impl Origin {
    /// The center is the median of some of the vectors. The scale brings their largest difference from it near 1.
    fn of(base: &[f32], dimension: usize) -> Self {
        let count = base.len() / dimension;
        let taken = count.min(SAMPLE);
        let row = |i: usize| &base[i * count / taken * dimension..][..dimension];
        let sample: Vec<&[f32]> = (0..taken).map(row).collect();
        let center = median(&sample);
        let difference = |x: &&[f32]| -> f64 {
            let differences = x.iter().zip(&center).map(|(v, c)| (f64::from(*v) - f64::from(*c)).abs());
            differences.fold(0.0, f64::max)
        };
        let exponent = sample.iter().map(difference).fold(0.0, f64::max).log2();
        let scale = if exponent.is_finite() { (-exponent.floor()).exp2() } else { 1.0 };
        Self { center, scale }
    }

    /// Writes (x − center)·scale of vectors (n × D).
    fn apply(&self, vectors: &[f32], out: &mut Vec<f32>) {
        out.clear();
        for x in vectors.chunks_exact(self.center.len()) {
            let moved = |(v, c): (&f32, &f32)| ((f64::from(*v) - f64::from(*c)) * self.scale) as f32;
            out.extend(x.iter().zip(&self.center).map(moved));
        }
    }

    fn half_norm(&self, row: &[f32], moved: &mut Vec<f32>) -> f32 {
        self.apply(row, moved);
        0.5 * squared_length(moved)
    }
}

struct Exact<'a> {
    base: &'a [f32],
    origin: &'a Origin,
    /// ½‖b‖² of the moved vectors.
    half: &'a [f32],
    /// Its maximum.
    largest: f32,
    dimension: usize,
    k: usize,
    /// After it is set, results are incomplete.
    stop: &'a AtomicBool,
}

/// Vectors that may be among the k nearest of a query.
struct Candidates {
    /// (½‖b‖² − x·b, id).
    kept: Vec<(f32, u32)>,
    /// Scores above this are excluded.
    limit: f32,
    /// The maximum error of two scores together.
    slack: f32,
    /// Length at which `kept` is pruned.
    full: usize,
}

impl Candidates {
    fn thin(&mut self, k: usize) {
        if self.kept.len() >= k && self.slack.is_finite() {
            let (_, last, _) = self.kept.select_nth_unstable_by(k - 1, |a, b| a.0.total_cmp(&b.0));
            self.limit = last.0 + self.slack;
            let limit = self.limit;
            self.kept.retain(|candidate| candidate.0 <= limit);
            self.full = 2 * self.kept.len().max(BLOCK / 2);
        }
    }
}

impl Exact<'_> {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn rows(&self, from: usize, to: usize) -> &[f32] {
        &self.base[from * self.dimension..to * self.dimension]
    }

    /// The k nearest of a part of the base for each of up to [`ROWS`] queries, in order.
    fn part(&self, queries: &[f32], part: std::ops::Range<usize>) -> Vec<Vec<(f64, u32)>> {
        let dimension = self.dimension;
        let (mut padded, mut moved) = (Vec::with_capacity(ROWS * dimension), Vec::new());
        self.origin.apply(queries, &mut padded);
        let mut candidates: Vec<Candidates> = padded.chunks_exact(dimension).map(|x| self.candidates(x)).collect();
        padded.resize(ROWS * dimension, 0.0);
        let mut dots = vec![0.0; ROWS * BLOCK];
        for from in part.clone().step_by(BLOCK) {
            if self.stopped() {
                return Vec::new();
            }
            let to = part.end.min(from + BLOCK);
            self.origin.apply(self.rows(from, to), &mut moved);
            let rows = Rows { data: &moved, stride: dimension };
            products(Rows { data: &padded, stride: dimension }, rows, to - from, dimension, &mut dots, to - from);
            for (candidates, dots) in candidates.iter_mut().zip(dots.chunks_exact(to - from)) {
                keep(dots, &self.half[from..to], candidates.limit, from as u32, &mut candidates.kept);
                if candidates.kept.len() >= candidates.full {
                    candidates.thin(self.k);
                }
            }
        }
        let queries = queries.chunks_exact(dimension);
        queries.zip(candidates).map(|(query, candidates)| self.decide(query, candidates)).collect()
    }

    fn candidates(&self, query: &[f32]) -> Candidates {
        let length = squared_length(query);
        // In any order of summation, a product of D terms has an error of at most about D·ε/2·‖x‖‖b‖, and a half norm
        // an error of the same fraction of itself. Moving the vectors adds ε/2 for each of the two. The sum is doubled
        // for two scores, and doubled again for the rounding in this function.
        let terms = (self.dimension + 8) as f32 * f32::EPSILON;
        let relative = 2.0 * terms * (length.sqrt() * (2.0 * self.largest).sqrt() + self.largest);
        // The error of tiny numbers is relative to the smallest positive number instead.
        let slack = relative + 8.0 * (self.dimension + 4) as f32 * f32::from_bits(1);
        let safe = length < LARGE && self.largest < LARGE;
        let slack = if safe { slack } else { f32::INFINITY };
        Candidates { kept: Vec::new(), limit: f32::INFINITY, slack, full: 2 * self.k.max(BLOCK) }
    }

    fn decide(&self, query: &[f32], mut candidates: Candidates) -> Vec<(f64, u32)> {
        candidates.thin(self.k);
        let distance = |id: u32| {
            let row = self.rows(id as usize, id as usize + 1);
            row.iter().zip(query).map(|(b, x)| (f64::from(*b) - f64::from(*x)).powi(2)).sum::<f64>()
        };
        let mut found: Vec<(f64, u32)> = candidates.kept.iter().map(|(_, id)| (distance(*id), *id)).collect();
        sort(&mut found);
        found.truncate(self.k);
        found
    }
}

/// Appends the (score, id) with half[j] − dots[j] ≤ limit, ids counted from `first`.
fn keep(dots: &[f32], half: &[f32], limit: f32, first: u32, kept: &mut Vec<(f32, u32)>) {
    run(
        #[inline(always)]
        |_| {
            const CHUNK: usize = 32;
            for (chunk, (dots, half)) in dots.chunks(CHUNK).zip(half.chunks(CHUNK)).enumerate() {
                let mut scores = [f32::INFINITY; CHUNK];
                let mut any = false;
                for ((score, dot), half) in scores.iter_mut().zip(dots).zip(half) {
                    *score = half - dot;
                    // Overflowed products carry no information, so they have to pass.
                    *score = if score.is_nan() { f32::NEG_INFINITY } else { *score };
                    any |= *score <= limit;
                }
                if any {
                    for (j, score) in scores[..dots.len()].iter().enumerate() {
                        if *score <= limit {
                            kept.push((*score, first + (chunk * CHUNK + j) as u32));
                        }
                    }
                }
            }
        },
    )
}
