//! Cheap lower bounds of the distance that exclude almost all vectors before their distances are computed.
//!
//! The method follows André, Kermarrec and Le Scouarnec ("Cache locality is not enough: high-performance nearest
//! neighbor search with product quantization fast scan", VLDB 2015). Look-up tables hold small whole numbers, rounded
//! down and scaled so that the k-th best distance so far is a fixed number. A sum above this number proves that the
//! vector is farther away. The distances of the other vectors are computed exactly, so the filter costs no accuracy.
//! The tables in the paper have 16 entries to fit a register. The tables here have all 256 entries, of as many bits as
//! the CPU looks up fast ([`Lookup`]).

use super::blocks::LANES;
use super::lookup::{Lookup, Table};
use super::shares::Shares;
use super::tables::Tables;
use crate::level::run;

/// Whether the processor looks up small integers faster than floats.
pub fn pays() -> bool {
    Lookup::here().pays()
}

/// Look-up tables of small integers for one query.
pub struct Filter {
    lookup: Lookup,
    /// The values from which the entries are computed, columns × 256.
    values: Vec<[f32; 256]>,
    minima: Vec<f32>,
    /// The maximum effect of rounding on a distance and on the sum of its values.
    rounding: f64,
    finite: bool,
    entries: Vec<Table>,
    /// The sum of entries that a vector within the limit does not exceed.
    within: u8,
    limit: Option<f32>,
}

impl Filter {
    /// A filter for the look-up tables of a query, none with more than 256 values. With shares of the norms, the first
    /// column holds the rest of the norms and the stages follow. The filter does not use a column of norms.
    pub fn new(tables: &Tables, shares: Option<&Shares>) -> Self {
        let mut values: Vec<[f32; 256]> = shares.iter().map(|shares| shares.rest().0).collect();
        let stages = shares.map_or(tables.columns(), Shares::stages);
        for (stage, table) in tables.small()[..stages].iter().enumerate() {
            let mut column = *table;
            if let Some(shares) = shares {
                column.iter_mut().zip(shares.stage(stage)).for_each(|(value, share)| *value += share);
            }
            // Entries that no code uses must not be the minimum.
            let first = column[0];
            column[tables.size..].fill(first);
            values.push(column);
        }
        let found: Vec<(f32, f32)> = values.iter().map(extremes).collect();
        let columns = found.iter().copied().chain(tables.small().iter().map(extremes));
        let magnitude =
            columns.map(|(_, largest)| f64::from(largest)).sum::<f64>() + shares.map_or(0.0, Shares::largest_norm);
        // The additions of a distance, the additions of shares to values, and one more for safety.
        let additions = (tables.columns() + values.len() + 2) as f64;
        let lookup = Lookup::here();
        Self {
            lookup,
            minima: found.iter().map(|(least, _)| *least).collect(),
            rounding: additions * f64::from(f32::EPSILON) * magnitude,
            finite: magnitude.is_finite(),
            entries: vec![[0; 256]; values.len()],
            within: within(lookup, values.len()),
            limit: None,
            values,
        }
    }

    /// Computes the entries for this limit, unless they are for this limit already. Returns false where no lower bound
    /// exists; keep all vectors then.
    pub fn prepare(&mut self, limit: f32) -> bool {
        if !self.finite || !limit.is_finite() {
            return false;
        }
        if self.limit != Some(limit) {
            self.limit = Some(limit);
            let (scale, most) = (self.scale(limit), self.lookup.most());
            for ((entries, values), least) in self.entries.iter_mut().zip(&self.values).zip(&self.minima) {
                round_down(values, *least, scale, most, entries);
            }
        }
        true
    }

    /// Bit j of survivors[g] is cleared where vector j of group g is beyond the limit. A group has `columns` columns;
    /// the filter uses the first ones.
    pub fn survivors(&self, groups: &[[u8; LANES]], columns: usize, survivors: &mut [u64]) {
        self.lookup.survivors(&self.entries, groups, columns, self.within, survivors);
    }

    /// Units of the entries per unit of distance. A computed distance is a sum of rounded additions, so the limit is
    /// raised by their largest error first. The entries of a true sum within the raised limit then add up to at most
    /// `within`.
    fn scale(&self, limit: f32) -> f32 {
        let least: f64 = self.minima.iter().map(|v| f64::from(*v)).sum();
        let budget = f64::from(limit) - least + self.rounding;
        // Without a budget, only columns at their minimum can pass.
        let most = f64::from(f32::MAX);
        if budget <= 0.0 { f32::MAX } else { (f64::from(self.within) * (1.0 - 1e-5) / budget).min(most) as f32 }
    }
}

/// The limit in units of the entries. Larger numbers lose less by rounding. But an entry is cut at its largest value,
/// and a smaller share of the limit makes a cut entry less informative. Entries of bytes are not cut below the limit.
/// For entries of 4 bits the best compromise is measured: with 8 columns, limits of 40 to 55 leave about the same
/// number of survivors; 30 and 65 leave two to three times as many.
fn within(lookup: Lookup, columns: usize) -> u8 {
    let most = f64::from(lookup.most() - 1);
    let cut = 16.0 * (columns as f64).sqrt();
    if lookup.most() == u8::MAX { most as u8 } else { cut.min(most * columns as f64).min(254.0) as u8 }
}

/// entries[j] = ⌊(values[j] − least)·scale⌋, at most `most`, or one less.
fn round_down(values: &[f32; 256], least: f32, scale: f32, most: u8, entries: &mut Table) {
    // Adding 2²³ rounds to the nearest whole number and leaves it in the low bits: vectorized, unlike `as u8`.
    const SHIFT: f32 = 8_388_608.0;
    let most = f32::from(most);
    run(
        #[inline(always)]
        |_| {
            for (entry, value) in entries.iter_mut().zip(values) {
                let scaled = (value - least) * scale - 0.5;
                let clamped = if scaled > most { most } else { scaled };
                *entry = ((if clamped > 0.0 { clamped } else { 0.0 }) + SHIFT).to_bits() as u8;
            }
        },
    );
}

/// The least value and the largest |value|; the latter is NaN or infinite where any value is.
fn extremes(values: &[f32; 256]) -> (f32, f32) {
    run(
        #[inline(always)]
        |_| {
            const LANES: usize = 16;
            let mut least = [f32::INFINITY; LANES];
            let mut largest = [0.0f32; LANES];
            for chunk in values.as_chunks::<LANES>().0 {
                for ((least, largest), v) in least.iter_mut().zip(&mut largest).zip(chunk) {
                    *least = if *v < *least { *v } else { *least };
                    // Written so that a NaN stays: no comparison with NaN is true.
                    *largest = if v.abs() <= *largest { *largest } else { v.abs() };
                    *largest = if v.is_nan() { f32::INFINITY } else { *largest };
                }
            }
            let least = least.into_iter().fold(f32::INFINITY, |a, b| if b < a { b } else { a });
            (least, largest.into_iter().fold(0.0, |a, b| if b > a { b } else { a }))
        },
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::level::each;

    proptest! {
        #[test]
        fn rounding_never_goes_up(
            values in prop::collection::vec(0f32..300.0, 256), scale in 0.01f32..10.0,
            most in prop::sample::select(vec![15u8, 255])
        ) {
            each(|_| {
                let mut entries = [0; 256];
                round_down(values.first_chunk().unwrap(), 0.0, scale, most, &mut entries);
                for (entry, value) in entries.iter().zip(&values) {
                    let exact = (f64::from(*value) * f64::from(scale)).min(f64::from(most));
                    assert!(f64::from(*entry) <= exact * (1.0 + 1e-6) && f64::from(*entry) >= exact - 1.001);
                }
            });
        }
    }
}
