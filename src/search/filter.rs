//! A cheap lower bound of the distance that throws almost all vectors out before their distance is computed.
//!
//! The idea is that of André, Kermarrec and Le Scouarnec ("Cache locality is not enough: high-performance nearest neighbor
//! search with product quantization fast scan", VLDB 2015): tables of bytes, rounded down and scaled so that the k-th best
//! distance so far is 254, summed with saturation. A sum of 255 proves that the vector is farther away. What survives is
//! computed exactly, so the filter costs no accuracy. Their tables have 16 entries to fit a register; AVX-512 VBMI looks
//! 128 bytes up at once, so that two instructions reach all 256 entries for 64 vectors.

use multiversion::multiversion;
use multiversion::target::match_target;

use super::blocks::LANES;
use super::tables::Tables;

/// Groups that share the loads of a table: more do not fit in the registers beside it.
#[cfg(target_arch = "x86_64")]
const SHARED: usize = 4;

/// The sum that a vector within the limit does not exceed.
const WITHIN: f32 = 254.0;

/// Whether the processor looks bytes up faster than floats.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vbmi"))]
pub fn pays() -> bool {
    match_target! {
        "x86_64+avx512f+avx512bw+avx512vbmi" => true,
        _ => false,
    }
}

/// Byte tables of one query.
#[derive(Default)]
pub struct Filter {
    bytes: Vec<[u8; 256]>,
    limit: Option<f32>,
}

impl Filter {
    /// Makes the tables for this limit, if they are for another one. False where no lower bound can be had: keep
    /// everything then.
    pub fn prepare(&mut self, tables: &Tables, limit: f32) -> bool {
        if !tables.finite || !limit.is_finite() {
            return false;
        }
        if self.limit != Some(limit) {
            self.limit = Some(limit);
            self.bytes.resize(tables.columns(), [0; 256]);
            let scale = scale(tables, limit);
            for (column, (bytes, least)) in self.bytes.iter_mut().zip(&tables.minima).enumerate() {
                round_down(tables.column(column), *least, scale, bytes);
            }
        }
        true
    }

    /// Bit j of survivors[g] is cleared where vector j of group g is beyond the limit.
    pub fn survivors(&self, groups: &[[u8; LANES]], survivors: &mut [u64]) {
        survivors_of(&self.bytes, groups, survivors);
    }
}

/// Table units a unit of distance. A computed distance is a sum of rounded additions, so the limit is raised by their
/// largest error first: a true sum within that reaches at most 254 then.
fn scale(tables: &Tables, limit: f32) -> f32 {
    let least: f64 = tables.minima.iter().map(|v| f64::from(*v)).sum();
    let rounding = (tables.columns() + 1) as f64 * f64::from(f32::EPSILON) * tables.magnitude;
    let budget = f64::from(limit) - least + rounding;
    // No budget: only columns at their very minimum can pass.
    if budget <= 0.0 { f32::MAX } else { (f64::from(WITHIN) * (1.0 - 1e-5) / budget).min(f64::from(f32::MAX)) as f32 }
}

/// bytes[j] = ⌊(table[j] − least)·scale⌋, at most 255, or one less.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn round_down(table: &[f32], least: f32, scale: f32, bytes: &mut [u8; 256]) {
    // Adding 2²³ rounds to the nearest whole number and leaves it in the low bits: vectorised, unlike `as u8`.
    const SHIFT: f32 = 8_388_608.0;
    for (byte, value) in bytes.iter_mut().zip(table) {
        let scaled = (value - least) * scale - 0.5;
        let clamped = if scaled > 255.0 { 255.0 } else { scaled };
        *byte = ((if clamped > 0.0 { clamped } else { 0.0 }) + SHIFT).to_bits() as u8;
    }
}

/// As [`Filter::survivors`], for tables of all columns.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vbmi"))]
fn survivors_of(tables: &[[u8; 256]], groups: &[[u8; LANES]], survivors: &mut [u64]) {
    match_target! {
        "x86_64+avx512f+avx512bw+avx512vbmi" => {
            use std::arch::x86_64::*;

            #[multiversion::inherit_target]
            fn part<const G: usize>(tables: &[[u8; 256]], group: &[[u8; LANES]], survivors: &mut [u64; G]) {
                let columns = tables.len();
                let mut sums = [_mm512_setzero_si512(); G];
                for (column, table) in tables.iter().enumerate() {
                    let (quarters, _) = table.as_chunks::<64>();
                    let quarter = |i: usize| -> __m512i { bytemuck::cast(quarters[i]) };
                    let (a, b, c, d) = (quarter(0), quarter(1), quarter(2), quarter(3));
                    for (g, sum) in sums.iter_mut().enumerate() {
                        let codes: __m512i = bytemuck::cast(group[g * columns + column]);
                        // The low 7 bits of a code choose from 128 entries, the top bit chooses the half.
                        let low = _mm512_permutex2var_epi8(a, codes, b);
                        let high = _mm512_permutex2var_epi8(c, codes, d);
                        let value = _mm512_mask_blend_epi8(_mm512_movepi8_mask(codes), low, high);
                        *sum = _mm512_adds_epu8(*sum, value);
                    }
                }
                for (survivors, sum) in survivors.iter_mut().zip(sums) {
                    *survivors = _mm512_cmpneq_epi8_mask(sum, _mm512_set1_epi8(-1));
                }
            }

            let columns = tables.len();
            let (shared, rest) = survivors.as_chunks_mut::<SHARED>();
            let single = &groups[shared.len() * SHARED * columns..];
            for (groups, survivors) in groups.chunks_exact(SHARED * columns).zip(shared) {
                part::<SHARED>(tables, groups, survivors);
            }
            for (group, survivors) in single.chunks_exact(columns).zip(rest.as_chunks_mut::<1>().0) {
                part::<1>(tables, group, survivors);
            }
        }
        _ => survivors_by_loop(tables, groups, survivors),
    }
}

/// The definition of [`survivors_of`].
fn survivors_by_loop(tables: &[[u8; 256]], groups: &[[u8; LANES]], survivors: &mut [u64]) {
    for (group, survivors) in groups.chunks_exact(tables.len()).zip(survivors) {
        let mut sums = [0u8; LANES];
        for (table, codes) in tables.iter().zip(group) {
            for (sum, code) in sums.iter_mut().zip(codes) {
                *sum = sum.saturating_add(table[usize::from(*code)]);
            }
        }
        *survivors = sums.iter().enumerate().fold(0, |bits, (j, sum)| bits | u64::from(*sum != u8::MAX) << j);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn survivors_equal_their_loop(columns in 1usize..18, groups in 0usize..10, high in 1u8..255, seed in any::<u32>()) {
            let mut state = seed | 1;
            let mut random = || { state ^= state << 13; state ^= state >> 17; state ^= state << 5; (state >> 8) as u8 };
            let tables: Vec<[u8; 256]> = (0..columns).map(|_| std::array::from_fn(|_| random() % high)).collect();
            let codes: Vec<[u8; LANES]> = (0..groups * columns).map(|_| std::array::from_fn(|_| random())).collect();
            let (mut fast, mut slow) = (vec![7; groups], vec![9; groups]);
            survivors_of(&tables, &codes, &mut fast);
            survivors_by_loop(&tables, &codes, &mut slow);
            prop_assert_eq!(fast, slow);
        }

        #[test]
        fn rounding_never_goes_up(values in prop::collection::vec(0f32..300.0, 256), scale in 0.01f32..10.0) {
            let mut bytes = [0; 256];
            round_down(&values, 0.0, scale, &mut bytes);
            for (byte, value) in bytes.iter().zip(&values) {
                let exact = (f64::from(*value) * f64::from(scale)).min(255.0);
                prop_assert!(f64::from(*byte) <= exact * (1.0 + 1e-6) && f64::from(*byte) >= exact - 1.001);
            }
        }
    }
}
