//! Pareto fronts and the choice at each bitrate.

use statrs::distribution::{ContinuousCDF, Normal};

use super::{Candidate, Estimate, Front, Limits, Recommendation};
use crate::tradeoff;

/// The choice at one bitrate. Candidates are indices into [`super::Recommendation::candidates`].
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub bits: u32,
    /// The recommended candidate; None where no candidate is within the limits.
    pub chosen: Option<usize>,
    /// The allowed candidate with the lowest error.
    pub best: Option<usize>,
    /// Candidates whose error can't be distinguished from the lowest error, and candidates with an error between
    /// (including `best`). `chosen` is the cheapest of them.
    pub equal: Vec<usize>,
    /// Standard errors within which two errors count as equal.
    pub within: f64,
    /// The allowed candidate with the next lowest error that is not equal, and its additional error.
    pub next: Option<Difference>,
    /// Among the allowed candidates with at most 10 % more error than `chosen` and at most half of its operations, the
    /// one with the fewest operations.
    pub cheaper: Option<Difference>,
    /// The candidate with the lowest error of all, where the limits exclude it.
    pub forbidden: Option<Difference>,
}

/// The error of a candidate minus the error of the best or chosen one, paired by vector, with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    pub candidate: usize,
    pub error: Estimate,
}

/// The probability that chance alone distinguishes any candidate from the best.
const ERROR: f64 = 0.05;

/// Standard errors within which two errors count as equal, where the best is compared with `others` candidates
/// (Bonferroni).
fn within(others: usize) -> f64 {
    Normal::standard().inverse_cdf(1.0 - ERROR / (2.0 * others.max(1) as f64))
}

/// The bounds of [`Choice::cheaper`].
const MORE_ERROR: f64 = 1.1;
const FEWER_OPERATIONS: f64 = 0.5;

/// The best of some candidates, those that count as equally good, and the cheapest of them. Candidates are indices that
/// the caller defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub best: usize,
    /// Includes `best`.
    pub equal: Vec<usize>,
    pub chosen: usize,
}

impl Standing {
    /// The rule of every choice. `is_alike` tells whether the error of a candidate can't be distinguished from the error
    /// of another one. Of candidates with equal costs, the earlier one is chosen. `None` without candidates.
    ///
    /// Candidates with the same codebooks have small but certain differences. A candidate between the lowest error and an
    /// error that equals it statistically is no worse than the latter. With all of them in the group, no candidate beats
    /// the choice in both error and operations.
    pub fn of<C: PartialOrd>(
        allowed: &[usize],
        error: impl Fn(usize) -> f64,
        cost: impl Fn(usize) -> C,
        is_alike: impl Fn(usize, usize) -> bool,
    ) -> Option<Self> {
        let best = allowed.iter().copied().min_by(|i, j| error(*i).total_cmp(&error(*j)))?;
        let alike = allowed.iter().filter(|i| is_alike(**i, best)).map(|i| error(*i));
        let highest = alike.fold(error(best), f64::max);
        let equal: Vec<usize> = allowed.iter().copied().filter(|i| error(*i) <= highest).collect();
        let cheapest = |i: &usize, j: &usize| cost(*i).partial_cmp(&cost(*j)).unwrap_or(std::cmp::Ordering::Equal);
        let chosen = equal.iter().copied().min_by(cheapest).unwrap_or(best);
        Some(Self { best, equal, chosen })
    }
}

impl Choice {
    /// The choice among the candidates of this bitrate that the limits allow.
    pub(super) fn of(candidates: &[Candidate], bits: u32, limits: &Limits) -> Self {
        let of_bits = (0..candidates.len()).filter(|i| candidates[*i].shape.bits() == bits);
        let lowest = |i: &usize, j: &usize| candidates[*i].mse.mean.total_cmp(&candidates[*j].mse.mean);
        let cost = |i: usize| (candidates[i].wmops, candidates[i].codebook_bytes as f64, candidates[i].ms_per_vector);
        let cheapest = |i: &usize, j: &usize| cost(*i).partial_cmp(&cost(*j)).unwrap_or(std::cmp::Ordering::Equal);
        let is_allowed = |i: &usize| limits.allow(&candidates[*i]);
        let allowed: Vec<usize> = of_bits.clone().filter(is_allowed).collect();
        let less = |i: usize, of: usize| Difference { candidate: i, error: paired(&candidates[i], &candidates[of]) };
        let within = within_of(candidates, bits);
        let mut choice = Self {
            bits,
            chosen: None,
            best: None,
            equal: Vec::new(),
            within,
            next: None,
            cheaper: None,
            forbidden: None,
        };
        let error = |i: usize| candidates[i].mse.mean;
        let is_alike = |i: usize, best: usize| is_equal(&less(i, best).error, within);
        let Some(standing) = Standing::of(&allowed, error, cost, is_alike) else { return choice };
        let Standing { best, equal, chosen } = standing;
        let worse: Vec<usize> = allowed.iter().copied().filter(|i| !equal.contains(i)).collect();
        choice.next = worse.iter().copied().min_by(lowest).map(|i| less(i, best));
        let much_cheaper = |i: &usize| {
            candidates[*i].mse.mean <= MORE_ERROR * candidates[chosen].mse.mean
                && candidates[*i].wmops <= FEWER_OPERATIONS * candidates[chosen].wmops
        };
        choice.cheaper = worse.iter().copied().filter(much_cheaper).min_by(cheapest).map(|i| less(i, chosen));
        let forbidden = of_bits.min_by(lowest).filter(|i| !is_allowed(i)).map(|i| less(i, best));
        choice.forbidden = forbidden.filter(|d| !is_equal(&d.error, within));
        Self { chosen: Some(chosen), best: Some(best), equal, ..choice }
    }
}

impl Recommendation {
    /// The choice at a bitrate under other limits than those of the request.
    pub fn choice_within(&self, bits: u32, limits: &Limits) -> Choice {
        Choice::of(&self.candidates, bits, limits)
    }

    /// Whether the errors of two candidates of one bitrate, by their indices, can't be distinguished
    /// ([`Choice::within`]).
    pub fn are_alike(&self, a: usize, b: usize) -> bool {
        is_equal(
            &paired(&self.candidates[a], &self.candidates[b]),
            within_of(&self.candidates, self.candidates[a].shape.bits()),
        )
    }
}

/// [`Choice::within`]: each candidate of the bitrate may be compared with all others.
fn within_of(candidates: &[Candidate], bits: u32) -> f64 {
    within(candidates.iter().filter(|c| c.shape.bits() == bits).count().saturating_sub(1))
}

fn is_equal(difference: &Estimate, within: f64) -> bool {
    difference.mean.abs() <= within * difference.standard_error || difference.mean == 0.0
}

/// The error of `a` minus the error of `b`, vector by vector.
pub(super) fn paired(a: &Candidate, b: &Candidate) -> Estimate {
    Estimate::of(a.errors.iter().zip(&b.errors).map(|(a, b)| a - b))
}

/// Marks the candidates on the fronts of their bitrate.
pub(super) fn fronts(candidates: &mut [Candidate]) {
    let mut all_bits: Vec<u32> = candidates.iter().map(|c| c.shape.bits()).collect();
    all_bits.sort_unstable();
    all_bits.dedup();
    for bits in all_bits {
        let mut own: Vec<&mut Candidate> = candidates.iter_mut().filter(|c| c.shape.bits() == bits).collect();
        let on_front = |cost: fn(&Candidate) -> f64| {
            tradeoff::front(&own.iter().map(|c| [cost(c), c.mse.mean]).collect::<Vec<_>>())
        };
        let fronts = [on_front(|c| c.wmops), on_front(|c| c.ms_per_vector), on_front(|c| c.codebook_bytes as f64)];
        for (i, candidate) in own.iter_mut().enumerate() {
            candidate.front = Front { wmops: fronts[0][i], ms: fronts[1][i], bytes: fronts[2][i] };
        }
    }
}
