//! Sums of small table entries, 32 or 64 vectors per instruction.
//!
//! A table of 256 entries does not fit a register, so each instruction level has its own method. AVX-512 VBMI looks up
//! 128 bytes at once: two instructions reach all entries of one byte each. The other levels look up fewer bytes, so
//! their entries have 4 bits: two entries share a byte, or four share a word of 16 bits. The high bits of a code choose
//! among them.

use super::blocks::LANES;
use crate::level::{Level, has_vbmi, level};

/// Entries of one column; how large they may be is [`Lookup::most`].
pub type Table = [u8; 256];

/// The look-up method. The CPU is known to support it: only [`Lookup::here`] creates the value.
#[derive(Clone, Copy)]
pub struct Lookup(Way);

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Loop,
    Avx2,
    Avx512,
    Vbmi,
}

impl Lookup {
    /// The fastest method at the level of this process.
    pub fn here() -> Self {
        Self(match level() {
            Level::Portable => Way::Loop,
            Level::Avx2 => Way::Avx2,
            Level::Avx512 if has_vbmi() => Way::Vbmi,
            Level::Avx512 => Way::Avx512,
        })
    }

    /// Whether it is faster than looking up single floats.
    pub fn pays(self) -> bool {
        self.0 != Way::Loop
    }

    /// The largest entry.
    pub fn most(self) -> u8 {
        if self.0 == Way::Vbmi { u8::MAX } else { 15 }
    }

    /// Bit j of survivors[g] says whether the entries of vector j of group g add up to at most `within`, which is below
    /// 255. A group has `columns` columns; the first ones belong to the tables.
    ///
    /// # Panics
    /// If there are no columns.
    pub fn survivors(
        self,
        tables: &[Table],
        groups: &[[u8; LANES]],
        columns: usize,
        within: u8,
        survivors: &mut [u64],
    ) {
        #[cfg(target_arch = "x86_64")]
        match self.0 {
            Way::Loop => by_loop(tables, groups, columns, within, survivors),
            // SAFETY: the level guarantees that the CPU has these features.
            Way::Avx2 => unsafe { avx2::survivors(tables, groups, columns, within, survivors) },
            // SAFETY: as above.
            Way::Avx512 => unsafe { avx512::survivors(tables, groups, columns, within, survivors) },
            // SAFETY: as above, and the CPU was checked for VBMI.
            Way::Vbmi => unsafe { vbmi::survivors(tables, groups, columns, within, survivors) },
        }
        #[cfg(not(target_arch = "x86_64"))]
        by_loop(tables, groups, columns, within, survivors);
    }
}

/// The definition of [`Lookup::survivors`].
fn by_loop(tables: &[Table], groups: &[[u8; LANES]], columns: usize, within: u8, survivors: &mut [u64]) {
    for (group, survivors) in groups.chunks_exact(columns).zip(survivors) {
        let mut sums = [0u8; LANES];
        for (table, codes) in tables.iter().zip(group) {
            for (sum, code) in sums.iter_mut().zip(codes) {
                *sum = sum.saturating_add(table[usize::from(*code)]);
            }
        }
        *survivors = sums.iter().enumerate().fold(0, |bits, (j, sum)| bits | u64::from(*sum <= within) << j);
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use super::*;

    /// Entries i and i + 128 share byte i: 8 tables of 16 bytes, the most that one look-up reaches.
    type Packed = [[u8; 16]; 8];

    fn pack(table: &Table) -> Packed {
        let (low, high) = table.split_at(128);
        let bytes: [u8; 128] = std::array::from_fn(|i| low[i] | high[i] << 4);
        bytemuck::cast(bytes)
    }

    #[target_feature(enable = "avx2,fma,bmi1,bmi2,popcnt,lzcnt")]
    pub fn survivors(tables: &[Table], groups: &[[u8; LANES]], columns: usize, within: u8, survivors: &mut [u64]) {
        let tables: Vec<Packed> = tables.iter().map(pack).collect();
        let within = _mm256_set1_epi8(within as i8);
        for (group, survivors) in groups.chunks_exact(columns).zip(survivors) {
            // One register at a time: with two, the tables spill.
            *survivors = 0;
            for half in 0..2 {
                let mut sums = _mm256_setzero_si256();
                for (table, codes) in tables.iter().zip(group) {
                    let codes: [[u8; 32]; 2] = bytemuck::cast(*codes);
                    sums = _mm256_adds_epu8(sums, entries(table, bytemuck::cast(codes[half])));
                }
                let inside = _mm256_cmpeq_epi8(_mm256_min_epu8(sums, within), sums);
                *survivors |= u64::from(_mm256_movemask_epi8(inside) as u32) << (32 * half);
            }
        }
    }

    /// The entries of 32 codes.
    #[inline]
    #[target_feature(enable = "avx2,fma,bmi1,bmi2,popcnt,lzcnt")]
    fn entries(table: &Packed, codes: __m256i) -> __m256i {
        // A look-up uses the low 4 bits of an index, and returns 0 where the top bit is set. Bit 4 of a code therefore
        // chooses between two tables without a comparison: it is the top bit for one table, and its inverse is the top
        // bit for the other.
        let even = _mm256_add_epi8(_mm256_and_si256(codes, _mm256_set1_epi8(0x1f)), _mm256_set1_epi8(0x70));
        let odd = _mm256_xor_si256(even, _mm256_set1_epi8(i8::MIN));
        let pair = |i: usize| {
            let part = |i: usize| _mm256_broadcastsi128_si256(bytemuck::cast(table[i]));
            _mm256_or_si256(_mm256_shuffle_epi8(part(i), even), _mm256_shuffle_epi8(part(i + 1), odd))
        };
        // A blend uses the top bit of each byte, which is bit 5, 6, 7 of the code in turn.
        let bit5 = _mm256_slli_epi16::<2>(codes);
        let low = _mm256_blendv_epi8(pair(0), pair(2), bit5);
        let high = _mm256_blendv_epi8(pair(4), pair(6), bit5);
        let both = _mm256_blendv_epi8(low, high, _mm256_slli_epi16::<1>(codes));
        let entry = _mm256_blendv_epi8(both, _mm256_srli_epi16::<4>(both), codes);
        _mm256_and_si256(entry, _mm256_set1_epi8(15))
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::*;

    /// Entries i, i + 64, i + 128 and i + 192 share word i: one look-up reaches 64 words in two registers.
    type Packed = [[u16; 32]; 2];

    fn pack(table: &Table) -> Packed {
        let (quarters, _) = table.as_chunks::<64>();
        let entry = |quarter: usize, i: usize| u16::from(quarters[quarter][i]) << (4 * quarter);
        let words: [u16; 64] = std::array::from_fn(|i| entry(0, i) | entry(1, i) | entry(2, i) | entry(3, i));
        bytemuck::cast(words)
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi1,bmi2,popcnt,lzcnt")]
    pub fn survivors(tables: &[Table], groups: &[[u8; LANES]], columns: usize, within: u8, survivors: &mut [u64]) {
        let tables: Vec<Packed> = tables.iter().map(pack).collect();
        let within = _mm512_set1_epi16(i16::from(within));
        for (group, survivors) in groups.chunks_exact(columns).zip(survivors) {
            // Codes at even and odd places are the low and high bytes of words.
            let (mut even, mut odd) = (_mm512_setzero_si512(), _mm512_setzero_si512());
            for (table, codes) in tables.iter().zip(group) {
                let codes: __m512i = bytemuck::cast(*codes);
                let high = _mm512_srli_epi16::<8>(codes);
                // Bits 6 and 7 of a code choose one of four entries, of 4 bits each.
                let shifts = _mm512_and_si512(_mm512_srli_epi16::<4>(codes), _mm512_set1_epi16(0x0c0c));
                let low_shifts = _mm512_and_si512(shifts, _mm512_set1_epi16(0x0c));
                even = _mm512_adds_epu16(even, entries(table, codes, low_shifts));
                odd = _mm512_adds_epu16(odd, entries(table, high, _mm512_srli_epi16::<8>(shifts)));
            }
            let inside = |sums| u64::from(_mm512_cmple_epu16_mask(sums, within));
            const EVEN: u64 = 0x5555_5555_5555_5555;
            *survivors = _pdep_u64(inside(even), EVEN) | _pdep_u64(inside(odd), !EVEN);
        }
    }

    /// The entries of 32 codes, in the low 6 bits of words, whose further bits became `shifts`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi1,bmi2,popcnt,lzcnt")]
    fn entries(table: &Packed, codes: __m512i, shifts: __m512i) -> __m512i {
        let four = _mm512_permutex2var_epi16(bytemuck::cast(table[0]), codes, bytemuck::cast(table[1]));
        _mm512_and_si512(_mm512_srlv_epi16(four, shifts), _mm512_set1_epi16(15))
    }
}

#[cfg(target_arch = "x86_64")]
mod vbmi {
    use std::arch::x86_64::*;

    use super::*;

    /// Groups that share the loads of a table: more groups do not fit in the registers together with the table.
    const SHARED: usize = 4;

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi1,bmi2,popcnt,lzcnt,avx512vbmi")]
    pub fn survivors(tables: &[Table], groups: &[[u8; LANES]], columns: usize, within: u8, survivors: &mut [u64]) {
        let (shared, rest) = survivors.as_chunks_mut::<SHARED>();
        let single = &groups[shared.len() * SHARED * columns..];
        for (groups, survivors) in groups.chunks_exact(SHARED * columns).zip(shared) {
            part::<SHARED>(tables, groups, columns, within, survivors);
        }
        for (group, survivors) in single.chunks_exact(columns).zip(rest.as_chunks_mut::<1>().0) {
            part::<1>(tables, group, columns, within, survivors);
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi1,bmi2,popcnt,lzcnt,avx512vbmi")]
    fn part<const G: usize>(
        tables: &[Table],
        group: &[[u8; LANES]],
        columns: usize,
        within: u8,
        survivors: &mut [u64; G],
    ) {
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
            *survivors = _mm512_cmple_epu8_mask(sum, _mm512_set1_epi8(within as i8));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::level::each;

    proptest! {
        #[test]
        fn survivors_equal_their_loop(
            columns in 1usize..40, further in 0usize..3, groups in 0usize..10, share in 1u8..=255, within in 0u8..255,
            seed in any::<u32>()
        ) {
            let mut state = seed | 1;
            let mut random = || { state ^= state << 13; state ^= state >> 17; state ^= state << 5; (state >> 8) as u8 };
            each(|_| {
                let (lookup, all) = (Lookup::here(), columns + further);
                let high = u16::from(lookup.most().min(share)) + 1;
                let mut entry = || (u16::from(random()) % high) as u8;
                let tables: Vec<Table> = (0..columns).map(|_| std::array::from_fn(|_| entry())).collect();
                let codes: Vec<[u8; LANES]> = (0..groups * all).map(|_| std::array::from_fn(|_| random())).collect();
                let (mut fast, mut slow) = (vec![7; groups], vec![9; groups]);
                lookup.survivors(&tables, &codes, all, within, &mut fast);
                by_loop(&tables, &codes, all, within, &mut slow);
                assert_eq!(fast, slow);
            });
        }
    }
}
