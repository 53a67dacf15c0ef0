//! The trade-off explorer of a page: quantizers with their costs and errors, from which a reader's budgets select one.
//!
//! The rule of the choice is here ([`best`]) and, the same, in `explorer.js`. A test compares the two in a browser.
//! Without the script, the page shows a plot, the front and the table.

mod data;
mod fragment;
mod plot;

pub(super) use fragment::{SCRIPT, STYLE, html, tables};

use super::ReportInput;
use super::document::{Block, Document};
use crate::complexity::Model;
use crate::figure::FigureError;
use crate::recommend::{Recommendation, Standing};

/// Quantizers with their costs and errors, in groups.
#[derive(Clone, Debug, PartialEq)]
pub struct Explorer {
    /// A sentence about the rule and the uncertainty of the errors.
    pub note: String,
    pub by: By,
    pub groups: Vec<Group>,
    /// The limits that the page starts with.
    pub limits: Budget,
}

/// What distinguishes the groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The data set or task. Bits are one of the costs.
    Data,
    /// The bitrate.
    Bits,
}

/// Quantizers whose errors can be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub name: String,
    /// The name in links: `correlated`, or the bits.
    pub key: String,
    /// The name of the error.
    pub error: String,
    pub scale: Scale,
    pub entries: Vec<Entry>,
}

/// How errors are shown and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Minus a ratio in dB: Peak SNR. The ratio is shown.
    Decibel,
    /// A mean squared error: ratios are given in dB.
    Power,
    /// Ratios are given in percent.
    Other,
}

/// A quantizer with its costs and its error.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// `RVQ 8 × 8` or `RVQ, 24 bits`.
    pub name: String,
    /// The label of the method and its trainer, which share a color.
    pub method: String,
    /// Red, green and blue on light pages.
    pub color: [u8; 3],
    pub bits: u32,
    /// In the order of [`Model::ALL`]. `None` if a model has no count.
    pub wmops: [Option<f64>; 3],
    /// Measured milliseconds per vector.
    pub ms: Option<f64>,
    pub codebook_bytes: usize,
    /// The quantity to minimize.
    pub error: f64,
    /// The uncertainty of the error, as the note defines it.
    pub plus_minus: Option<f64>,
    /// Entries of the group whose error can't be distinguished from this one, by their indices.
    pub alike: Vec<usize>,
}

/// Upper limits of the costs; `None` = no limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    pub bits: Option<u32>,
    pub wmops: Option<f64>,
    pub ms: Option<f64>,
    pub codebook_bytes: Option<f64>,
    /// The operation count that `wmops` limits.
    pub model: Model,
}

impl Default for Budget {
    fn default() -> Self {
        Self { bits: None, wmops: None, ms: None, codebook_bytes: None, model: Model::Corrected }
    }
}

impl Budget {
    /// Whether all costs are within the limits. A cost that is not known is within no limit.
    pub fn allows(&self, entry: &Entry) -> bool {
        let is_within =
            |cost: Option<f64>, limit: Option<f64>| limit.is_none_or(|most| cost.is_some_and(|cost| cost <= most));
        self.bits.is_none_or(|most| entry.bits <= most)
            && is_within(entry.wmops(self.model), self.wmops)
            && is_within(entry.ms, self.ms)
            && is_within(Some(entry.codebook_bytes as f64), self.codebook_bytes)
    }
}

impl Entry {
    pub fn wmops(&self, model: Model) -> Option<f64> {
        self.wmops[model as usize]
    }
}

impl Group {
    fn allowed(&self, budget: &Budget) -> Vec<usize> {
        (0..self.entries.len()).filter(|i| budget.allows(&self.entries[*i])).collect()
    }
}

/// The choice within a budget, by the rule of [`Standing::of`]: the lowest error, or the cheapest of the entries whose
/// error can't be distinguished from it. Cheap means few operations, then few bits, a small codebook and a short time.
pub fn best(group: &Group, budget: &Budget) -> Option<usize> {
    let entry = |i: usize| &group.entries[i];
    let most = |cost: Option<f64>| cost.unwrap_or(f64::INFINITY);
    let cost = |i: usize| {
        let Entry { bits, codebook_bytes, ms, .. } = *entry(i);
        (most(entry(i).wmops(budget.model)), bits, codebook_bytes, most(ms))
    };
    let is_alike = |i: usize, best: usize| entry(best).alike.contains(&i);
    Standing::of(&group.allowed(budget), |i| entry(i).error, cost, is_alike).map(|standing| standing.chosen)
}

/// Marks the entries within the budget that no other such entry beats in both error and operations.
pub fn front(group: &Group, budget: &Budget) -> Vec<bool> {
    let costs = group.entries.iter().map(|entry| entry.wmops(budget.model).filter(|_| budget.allows(entry)));
    let costs: Vec<Option<f64>> = costs.collect();
    let rows = group.entries.iter().zip(&costs).map(|(entry, cost)| match cost {
        Some(cost) => [*cost, entry.error],
        None => [f64::INFINITY; 2],
    });
    let rows: Vec<[f64; 2]> = rows.collect();
    vqlab_core::tradeoff::front(&rows)
        .into_iter()
        .zip(costs)
        .map(|(on_front, cost)| on_front && cost.is_some())
        .collect()
}

/// Adds the explorer of an experiment that has trade-offs.
///
/// # Errors
/// [`FigureError`]
pub(super) fn section(input: &ReportInput, document: &mut Document) -> Result<(), FigureError> {
    match Explorer::of_experiment(input.plan, input.tradeoffs, input.aggregates) {
        Some(explorer) => add(explorer, document),
        None => Ok(()),
    }
}

/// Adds the explorer of a recommendation.
///
/// # Errors
/// [`FigureError`]
pub(super) fn of_recommendation(found: &Recommendation, document: &mut Document) -> Result<(), FigureError> {
    add(Explorer::of_recommendation(found), document)
}

fn add(explorer: Explorer, document: &mut Document) -> Result<(), FigureError> {
    let plots = plot::plots(&explorer)?;
    document.section("Trade-off explorer");
    document.blocks.push(Block::Explorer { explorer: Box::new(explorer), plots });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries by their bits, WMOPS and error, of 1000 bytes.
    pub(super) fn group(entries: &[(u32, f64, f64)]) -> Group {
        let entry = |&(bits, wmops, error): &(u32, f64, f64)| Entry {
            name: format!("RVQ <{bits}>"),
            method: "RVQ".into(),
            color: [0, 0, 200],
            bits,
            wmops: [None, Some(wmops), Some(wmops / 4.0)],
            ms: None,
            codebook_bytes: 1000,
            error,
            plus_minus: Some(0.1),
            alike: Vec::new(),
        };
        let entries = entries.iter().map(entry).collect();
        Group { name: "a & b".into(), key: "a".into(), error: "MSE".into(), scale: Scale::Power, entries }
    }

    #[test]
    fn the_lowest_error_within_all_budgets_is_chosen() {
        let group = group(&[(8, 1.0, 9.0), (12, 2.0, 5.0), (12, 4.0, 4.0), (16, 3.0, 4.0)]);
        let choose = |budget: Budget| best(&group, &budget);
        let none = Budget::default();
        // Of equal errors, the one with fewer operations.
        assert_eq!(choose(none), Some(3));
        assert_eq!(choose(Budget { bits: Some(12), ..none }), Some(2));
        assert_eq!(choose(Budget { bits: Some(12), wmops: Some(2.0), ..none }), Some(1));
        assert_eq!(choose(Budget { bits: Some(12), wmops: Some(1.0), model: Model::Lookup, ..none }), Some(2));
        // Costs that are not known are within no limit.
        assert_eq!(choose(Budget { ms: Some(1e9), ..none }), None);
        assert_eq!(choose(Budget { wmops: Some(1e9), model: Model::Published, ..none }), None);
        assert_eq!(choose(Budget { codebook_bytes: Some(999.0), ..none }), None);
        assert_eq!(choose(Budget { codebook_bytes: Some(1000.0), model: Model::Published, ..none }), Some(2));
    }

    #[test]
    fn the_cheapest_of_errors_that_cannot_be_distinguished_is_chosen() {
        let mut group = group(&[(8, 4.0, 1.0), (8, 1.0, 1.2), (8, 0.5, 1.1), (8, 0.1, 1.3)]);
        group.entries[0].alike = vec![1];
        // The third one lies between errors that are equal.
        assert_eq!(best(&group, &Budget::default()), Some(2));
        assert_eq!(best(&group, &Budget { wmops: Some(0.2), ..Budget::default() }), Some(3));
    }

    #[test]
    fn fronts_are_of_entries_within_the_budget() {
        let group = group(&[(8, 1.0, 9.0), (12, 2.0, 5.0), (12, 4.0, 6.0), (16, 3.0, 4.0)]);
        assert_eq!(front(&group, &Budget::default()), [true, true, false, true]);
        assert_eq!(front(&group, &Budget { bits: Some(8), ..Budget::default() }), [true, false, false, false]);
        assert_eq!(front(&group, &Budget { model: Model::Published, ..Budget::default() }), [false; 4]);
    }
}
