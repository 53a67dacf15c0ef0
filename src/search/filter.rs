//! A cheap lower bound of the distance that throws almost all vectors out before their distance is computed.
//!
//! The idea is that of André, Kermarrec and Le Scouarnec ("Cache locality is not enough: high-performance nearest neighbor
//! search with product quantization fast scan", VLDB 2015): tables of small whole numbers, rounded down and scaled so that
//! the k-th best distance so far is a fixed number. A sum above it proves that the vector is farther away. What survives is
//! computed exactly, so the filter costs no accuracy. Their tables have 16 entries to fit a register; ours have all 256, of
//! as many bits as the CPU looks up fast ([`Lookup`]).

use super::blocks::LANES;
use super::lookup::{Lookup, Table};
use super::tables::Tables;
use crate::level::run;

/// Whether the processor looks small numbers up faster than floats.
pub fn pays() -> bool {
    Lookup::here().pays()
}

/// Tables of small numbers of one query.
pub struct Filter {
    lookup: Lookup,
    entries: Vec<Table>,
    /// The sum that a vector within the limit does not exceed.
    within: u8,
    limit: Option<f32>,
}

impl Filter {
    /// For tables of so many columns.
    pub fn new(columns: usize) -> Self {
        let lookup = Lookup::here();
        Self { lookup, entries: vec![[0; 256]; columns], within: within(lookup, columns), limit: None }
    }

    /// Makes the tables for this limit, if they are for another one. False where no lower bound can be had: keep
    /// everything then.
    pub fn prepare(&mut self, tables: &Tables, limit: f32) -> bool {
        if !tables.finite || !limit.is_finite() {
            return false;
        }
        if self.limit != Some(limit) {
            self.limit = Some(limit);
            let (scale, most) = (scale(tables, limit, self.within), self.lookup.most());
            for (column, (entries, least)) in self.entries.iter_mut().zip(&tables.minima).enumerate() {
                round_down(tables.column(column), *least, scale, most, entries);
            }
        }
        true
    }

    /// Bit j of survivors[g] is cleared where vector j of group g is beyond the limit.
    pub fn survivors(&self, groups: &[[u8; LANES]], survivors: &mut [u64]) {
        self.lookup.survivors(&self.entries, groups, self.within, survivors);
    }
}

/// What the limit becomes. Larger numbers lose less by rounding; but an entry is cut at its largest value, which tells
/// the less the smaller a part of the limit it is. Entries of bytes are never cut; for those of 4 bits the best compromise
/// is measured.
fn within(lookup: Lookup, columns: usize) -> u8 {
    let most = f64::from(lookup.most());
    (16.0 * (columns as f64).sqrt())
        .min((most - 1.0) * columns as f64)
        .max(if most > 15.0 { most - 1.0 } else { 0.0 })
        .min(254.0) as u8
}

/// Table units a unit of distance. A computed distance is a sum of rounded additions, so the limit is raised by their
/// largest error first: a true sum within that reaches at most `within` then.
fn scale(tables: &Tables, limit: f32, within: u8) -> f32 {
    let least: f64 = tables.minima.iter().map(|v| f64::from(*v)).sum();
    let rounding = (tables.columns() + 1) as f64 * f64::from(f32::EPSILON) * tables.magnitude;
    let budget = f64::from(limit) - least + rounding;
    // No budget: only columns at their very minimum can pass.
    if budget <= 0.0 { f32::MAX } else { (f64::from(within) * (1.0 - 1e-5) / budget).min(f64::from(f32::MAX)) as f32 }
}

/// entries[j] = ⌊(table[j] − least)·scale⌋, at most `most`, or one less.
fn round_down(table: &[f32], least: f32, scale: f32, most: u8, entries: &mut Table) {
    // Adding 2²³ rounds to the nearest whole number and leaves it in the low bits: vectorised, unlike `as u8`.
    const SHIFT: f32 = 8_388_608.0;
    let most = f32::from(most);
    run(
        #[inline(always)]
        |_| {
            for (entry, value) in entries.iter_mut().zip(table) {
                let scaled = (value - least) * scale - 0.5;
                let clamped = if scaled > most { most } else { scaled };
                *entry = ((if clamped > 0.0 { clamped } else { 0.0 }) + SHIFT).to_bits() as u8;
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::level::each;

    proptest! {
        #[test]
        fn rounding_never_goes_up(
            values in prop::collection::vec(0f32..300.0, 256), scale in 0.01f32..10.0, most in prop::sample::select(vec![15u8, 255])
        ) {
            each(|_| {
                let mut entries = [0; 256];
                round_down(&values, 0.0, scale, most, &mut entries);
                for (entry, value) in entries.iter().zip(&values) {
                    let exact = (f64::from(*value) * f64::from(scale)).min(f64::from(most));
                    assert!(f64::from(*entry) <= exact * (1.0 + 1e-6) && f64::from(*entry) >= exact - 1.001);
                }
            });
        }
    }
}
