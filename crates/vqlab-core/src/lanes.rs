//! Registers of floats at each level, for the few kernels whose sums and minima LLVM does not keep in registers when
//! they are written as plain loops over arrays. A kernel is written once over [`Lanes`], and [`in_lanes`] compiles it
//! for each level.

use crate::level::{Cpu, Level, run};

/// The registers of a level, with a float in each lane. Values of the implementing types are only created where the CPU
/// has their instructions.
pub trait Lanes: Copy {
    /// Floats in a register.
    const LANES: usize;
    type Floats: Copy;
    /// Integers, as many as floats.
    type Numbers: Copy;

    fn splat(self, value: f32) -> Self::Floats;
    fn splat_number(self, value: u32) -> Self::Numbers;
    /// The first [`Self::LANES`] values of the slice.
    ///
    /// # Panics
    /// If the slice is shorter. The same applies to the stores below.
    fn load(self, from: &[f32]) -> Self::Floats;
    fn store(self, values: Self::Floats, to: &mut [f32]);
    fn store_numbers(self, values: Self::Numbers, to: &mut [u32]);
    /// a·b + c, rounded once where [`Level::fuses`].
    fn mul_add(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    fn sub(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// (value, number) where value < least, otherwise (least, at). A NaN is never less.
    fn improve(
        self,
        value: Self::Floats,
        number: Self::Numbers,
        least: Self::Floats,
        at: Self::Numbers,
    ) -> (Self::Floats, Self::Numbers);
    /// `value` where it is less than `least`, otherwise `least`.
    fn least(self, value: Self::Floats, least: Self::Floats) -> Self::Floats;
    /// `value` where it is finite, or −∞, and greater than `most`, otherwise `most`.
    fn most(self, value: Self::Floats, most: Self::Floats) -> Self::Floats;
    /// Bit j is set where values\[j\] ≤ threshold, and never for NaN.
    fn below(self, values: &[f32; 16], threshold: f32) -> u32;
}

/// A computation over the registers of any level. `run` and what it calls must be `#[inline(always)]`.
pub trait Kernel {
    type Output;
    fn run<L: Lanes>(self, lanes: L) -> Self::Output;
}

/// Runs the kernel over the registers of this process's level.
#[inline(always)]
pub fn in_lanes<K: Kernel>(kernel: K) -> K::Output {
    run(
        #[inline(always)]
        |cpu| match cpu.level() {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => kernel.run(x86::Avx512(cpu)),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => kernel.run(x86::Avx2(cpu)),
            #[cfg(target_arch = "x86_64")]
            Level::Portable => kernel.run(x86::Sse2(cpu)),
            #[cfg(not(target_arch = "x86_64"))]
            _ => kernel.run(Arrays),
        },
    )
}

/// Bit j is set where values\[j\] ≤ threshold, and never for NaN.
#[inline(always)]
pub fn below(cpu: Cpu, values: &[f32; 16], threshold: f32) -> u32 {
    #[cfg(target_arch = "x86_64")]
    return x86::below(cpu, values, threshold);
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = cpu;
        below_by_loop(values, threshold)
    }
}

/// The definition of [`below`].
#[cfg(any(test, not(target_arch = "x86_64")))]
#[inline(always)]
fn below_by_loop(values: &[f32; 16], threshold: f32) -> u32 {
    values.iter().enumerate().fold(0, |hits, (j, value)| hits | u32::from(*value <= threshold) << j)
}

/// Plain arrays of four floats, the registers of NEON.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[derive(Clone, Copy)]
struct Arrays;

#[cfg(any(test, not(target_arch = "x86_64")))]
impl Lanes for Arrays {
    const LANES: usize = 4;
    type Floats = [f32; 4];
    type Numbers = [u32; 4];

    #[inline(always)]
    fn splat(self, value: f32) -> [f32; 4] {
        [value; 4]
    }

    #[inline(always)]
    fn splat_number(self, value: u32) -> [u32; 4] {
        [value; 4]
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> [f32; 4] {
        [from[0], from[1], from[2], from[3]]
    }

    #[inline(always)]
    fn store(self, values: [f32; 4], to: &mut [f32]) {
        to[..4].copy_from_slice(&values);
    }

    #[inline(always)]
    fn store_numbers(self, values: [u32; 4], to: &mut [u32]) {
        to[..4].copy_from_slice(&values);
    }

    #[inline(always)]
    fn mul_add(self, a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
        let fuses = Level::Portable.fuses();
        std::array::from_fn(|i| if fuses { a[i].mul_add(b[i], c[i]) } else { a[i] * b[i] + c[i] })
    }

    #[inline(always)]
    fn sub(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| a[i] - b[i])
    }

    #[inline(always)]
    fn improve(self, value: [f32; 4], number: [u32; 4], least: [f32; 4], at: [u32; 4]) -> ([f32; 4], [u32; 4]) {
        let less: [bool; 4] = std::array::from_fn(|i| value[i] < least[i]);
        let (mut to, mut number_to) = (least, at);
        for i in 0..4 {
            to[i] = if less[i] { value[i] } else { least[i] };
            number_to[i] = if less[i] { number[i] } else { at[i] };
        }
        (to, number_to)
    }

    #[inline(always)]
    fn least(self, value: [f32; 4], least: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| if value[i] < least[i] { value[i] } else { least[i] })
    }

    #[inline(always)]
    fn most(self, value: [f32; 4], most: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| if value[i] <= f32::MAX && value[i] > most[i] { value[i] } else { most[i] })
    }

    #[inline(always)]
    fn below(self, values: &[f32; 16], threshold: f32) -> u32 {
        below_by_loop(values, threshold)
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    //! SAFETY of all intrinsics below: every x86-64 CPU has the instructions of `Sse2`. [`super::in_lanes`] alone
    //! creates `Avx2` and `Avx512`, where a [`Cpu`] says that the CPU has the level; only [`run`](crate::level::run)
    //! creates a [`Cpu`]. Loads and stores need no alignment and touch only the slice that was cut to [`Lanes::LANES`]
    //! just before.

    use std::arch::x86_64::*;

    use super::Lanes;
    use crate::level::{Cpu, Level};

    #[derive(Clone, Copy)]
    pub struct Avx512(pub(super) Cpu);

    #[derive(Clone, Copy)]
    pub struct Avx2(pub(super) Cpu);

    #[derive(Clone, Copy)]
    pub struct Sse2(pub(super) Cpu);

    /// The operations that differ only in the names of types and intrinsics.
    macro_rules! operations {
        ($lanes:literal, $floats:ty, $numbers:ty, $splat:ident, $splat_number:ident, $load:ident, $store:ident,
         $store_numbers:ident, $sub:ident, $min:ident) => {
            const LANES: usize = $lanes;
            type Floats = $floats;
            type Numbers = $numbers;

            #[inline(always)]
            fn splat(self, value: f32) -> $floats {
                // SAFETY: see the module.
                unsafe { $splat(value) }
            }

            #[inline(always)]
            fn splat_number(self, value: u32) -> $numbers {
                // SAFETY: see the module.
                unsafe { $splat_number(value as i32) }
            }

            #[inline(always)]
            fn load(self, from: &[f32]) -> $floats {
                let from = &from[..$lanes];
                // SAFETY: see the module.
                unsafe { $load(from.as_ptr()) }
            }

            #[inline(always)]
            fn store(self, values: $floats, to: &mut [f32]) {
                let to = &mut to[..$lanes];
                // SAFETY: see the module.
                unsafe { $store(to.as_mut_ptr(), values) }
            }

            #[inline(always)]
            fn store_numbers(self, values: $numbers, to: &mut [u32]) {
                let to = &mut to[..$lanes];
                // SAFETY: see the module.
                unsafe { $store_numbers(to.as_mut_ptr().cast(), values) }
            }

            #[inline(always)]
            fn sub(self, a: $floats, b: $floats) -> $floats {
                // SAFETY: see the module.
                unsafe { $sub(a, b) }
            }

            #[inline(always)]
            fn least(self, value: $floats, least: $floats) -> $floats {
                // SAFETY: see the module. The minimum of a NaN and a number is its second operand.
                unsafe { $min(value, least) }
            }

            #[inline(always)]
            fn below(self, values: &[f32; 16], threshold: f32) -> u32 {
                below(self.0, values, threshold)
            }
        };
    }

    #[inline(always)]
    pub fn below(cpu: Cpu, values: &[f32; 16], threshold: f32) -> u32 {
        // SAFETY: see the module; all loads are of the 16 values.
        unsafe {
            match cpu.level() {
                Level::Avx512 => {
                    let values = _mm512_loadu_ps(values.as_ptr());
                    u32::from(_mm512_cmp_ps_mask::<_CMP_LE_OQ>(values, _mm512_set1_ps(threshold)))
                }
                Level::Avx2 => {
                    let half = |at: usize| {
                        let values = _mm256_loadu_ps(values.as_ptr().add(at));
                        _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LE_OQ>(values, _mm256_set1_ps(threshold))) as u32
                    };
                    half(0) | half(8) << 8
                }
                Level::Portable => {
                    let quarter = |at: usize| {
                        let values = _mm_loadu_ps(values.as_ptr().add(at));
                        _mm_movemask_ps(_mm_cmple_ps(values, _mm_set1_ps(threshold))) as u32
                    };
                    quarter(0) | quarter(4) << 4 | quarter(8) << 8 | quarter(12) << 12
                }
            }
        }
    }

    impl Lanes for Avx512 {
        operations!(
            16,
            __m512,
            __m512i,
            _mm512_set1_ps,
            _mm512_set1_epi32,
            _mm512_loadu_ps,
            _mm512_storeu_ps,
            _mm512_storeu_si512,
            _mm512_sub_ps,
            _mm512_min_ps
        );

        #[inline(always)]
        fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
            // SAFETY: see the module.
            unsafe { _mm512_fmadd_ps(a, b, c) }
        }

        #[inline(always)]
        fn improve(self, value: __m512, number: __m512i, least: __m512, at: __m512i) -> (__m512, __m512i) {
            // SAFETY: see the module. The minimum of a NaN and a number is its second operand.
            unsafe {
                let less = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(value, least);
                (_mm512_min_ps(value, least), _mm512_mask_mov_epi32(at, less, number))
            }
        }

        #[inline(always)]
        fn most(self, value: __m512, most: __m512) -> __m512 {
            // SAFETY: see the module.
            unsafe {
                let finite = _mm512_cmp_ps_mask::<_CMP_LE_OQ>(value, _mm512_set1_ps(f32::MAX));
                _mm512_mask_max_ps(most, finite, value, most)
            }
        }
    }

    impl Lanes for Avx2 {
        operations!(
            8,
            __m256,
            __m256i,
            _mm256_set1_ps,
            _mm256_set1_epi32,
            _mm256_loadu_ps,
            _mm256_storeu_ps,
            _mm256_storeu_si256,
            _mm256_sub_ps,
            _mm256_min_ps
        );

        #[inline(always)]
        fn mul_add(self, a: __m256, b: __m256, c: __m256) -> __m256 {
            // SAFETY: see the module.
            unsafe { _mm256_fmadd_ps(a, b, c) }
        }

        #[inline(always)]
        fn improve(self, value: __m256, number: __m256i, least: __m256, at: __m256i) -> (__m256, __m256i) {
            // SAFETY: see the module.
            unsafe {
                let less = _mm256_cmp_ps::<_CMP_LT_OQ>(value, least);
                (_mm256_min_ps(value, least), _mm256_blendv_epi8(at, number, _mm256_castps_si256(less)))
            }
        }

        #[inline(always)]
        fn most(self, value: __m256, most: __m256) -> __m256 {
            // SAFETY: see the module.
            unsafe {
                let finite = _mm256_cmp_ps::<_CMP_LE_OQ>(value, _mm256_set1_ps(f32::MAX));
                _mm256_blendv_ps(most, _mm256_max_ps(value, most), finite)
            }
        }
    }

    impl Lanes for Sse2 {
        operations!(
            4,
            __m128,
            __m128i,
            _mm_set1_ps,
            _mm_set1_epi32,
            _mm_loadu_ps,
            _mm_storeu_ps,
            _mm_storeu_si128,
            _mm_sub_ps,
            _mm_min_ps
        );

        #[inline(always)]
        fn mul_add(self, a: __m128, b: __m128, c: __m128) -> __m128 {
            // SAFETY: see the module.
            unsafe { _mm_add_ps(_mm_mul_ps(a, b), c) }
        }

        #[inline(always)]
        fn improve(self, value: __m128, number: __m128i, least: __m128, at: __m128i) -> (__m128, __m128i) {
            // SAFETY: see the module.
            unsafe {
                let less = _mm_castps_si128(_mm_cmplt_ps(value, least));
                (_mm_min_ps(value, least), _mm_or_si128(_mm_and_si128(less, number), _mm_andnot_si128(less, at)))
            }
        }

        #[inline(always)]
        fn most(self, value: __m128, most: __m128) -> __m128 {
            // SAFETY: see the module.
            unsafe {
                let finite = _mm_cmple_ps(value, _mm_set1_ps(f32::MAX));
                _mm_or_ps(_mm_and_ps(finite, _mm_max_ps(value, most)), _mm_andnot_ps(finite, most))
            }
        }
    }
}

#[cfg(test)]
mod tests;
