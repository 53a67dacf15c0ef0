//! Three alternatives to a choice, with what they cost or save.

use super::choose::paired;
use super::{Candidate, Choice, Estimate, Recommendation};

/// A candidate beside the choice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alternative {
    pub candidate: usize,
    /// Its error minus the error of the choice, paired by vector.
    pub error: Estimate,
    /// Its costs, as multiples of the costs of the choice.
    pub wmops: f64,
    pub ms: f64,
    pub bytes: f64,
}

/// The largest number of alternatives.
const MOST: usize = 3;

/// A cost that is at most this multiple is a saving.
const SAVING: f64 = 0.5;

impl Recommendation {
    /// The most informative candidates beside the choice, lowest error first: the one that the limits exclude, the
    /// best of its equals, one with fewer operations, the next in error, one with smaller codebooks, and a faster one.
    /// Without such, the lowest errors.
    pub fn alternatives(&self, choice: &Choice) -> Vec<Alternative> {
        let Some(chosen) = choice.chosen else { return Vec::new() };
        let lowest = |i: &usize, j: &usize| self.candidates[*i].mse.mean.total_cmp(&self.candidates[*j].mse.mean);
        let of_bits = (0..self.candidates.len()).filter(|i| self.candidates[*i].shape.bits() == choice.bits);
        let mut allowed: Vec<usize> = of_bits.filter(|i| self.candidates[*i].allowed).collect();
        allowed.sort_by(lowest);
        let saving = |cost: fn(&Candidate) -> f64| {
            let most = SAVING * cost(&self.candidates[chosen]);
            allowed.iter().copied().find(|i| cost(&self.candidates[*i]) <= most)
        };
        let wanted = [
            choice.forbidden.map(|difference| difference.candidate),
            choice.equal.iter().copied().filter(|i| *i != chosen).min_by(lowest),
            choice.cheaper.map(|difference| difference.candidate).or_else(|| saving(|c| c.wmops)),
            choice.next.map(|difference| difference.candidate),
            saving(|c| c.codebook_bytes as f64),
            saving(|c| c.ms_per_vector),
        ];
        let mut found: Vec<usize> = Vec::new();
        for candidate in wanted.into_iter().flatten().chain(allowed.iter().copied()) {
            if candidate != chosen && !found.contains(&candidate) && found.len() < MOST {
                found.push(candidate);
            }
        }
        found.sort_by(lowest);
        found.into_iter().map(|i| Alternative::new(i, &self.candidates[i], &self.candidates[chosen])).collect()
    }
}

impl Alternative {
    fn new(place: usize, candidate: &Candidate, chosen: &Candidate) -> Self {
        let factor = |cost: fn(&Candidate) -> f64| cost(candidate) / cost(chosen);
        Self {
            candidate: place,
            error: paired(candidate, chosen),
            wmops: factor(|c| c.wmops),
            ms: factor(|c| c.ms_per_vector),
            bytes: factor(|c| c.codebook_bytes as f64),
        }
    }
}
