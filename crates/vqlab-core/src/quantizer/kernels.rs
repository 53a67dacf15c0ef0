//! The inner loops: blocked matrix products (crate `gemm`, the one candle uses) and the scans after them, compiled for
//! AVX-512, AVX2+FMA and portable code and chosen at run time.
//!
//! Every product is taken on exactly [`ROWS`] rows (short blocks are padded), because the order of summation inside
//! `gemm` depends on the shape. A vector therefore gets the same codes in any batch.

use crate::level::run;

/// Rows of one block.
pub const ROWS: usize = 64;

/// Width of the chunks whose minima are kept: one AVX-512 register of scores.
pub const CHUNK: usize = 16;

/// A row-major matrix inside a slice: row i begins at i·stride.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    pub data: &'a [f32],
    pub stride: usize,
}

/// out[i·stride + j] = ⟨a_i, b_j⟩ for the [`ROWS`] rows of `a` and the n rows of `b`, over `inner` columns.
///
/// # Panics
/// If a slice is too short for the asked shape.
pub fn products(a: Rows, b: Rows, n: usize, inner: usize, out: &mut [f32], stride: usize) {
    assert!(n > 0 && inner > 0 && a.stride >= inner && b.stride >= inner && stride >= n);
    assert!(a.data.len() >= (ROWS - 1) * a.stride + inner);
    assert!(b.data.len() >= (n - 1) * b.stride + inner);
    assert!(out.len() >= (ROWS - 1) * stride + n);
    // SAFETY: the asserts above show that every element that gemm touches (ROWS × inner of a, n × inner of b, ROWS × n
    // of out at distances of `stride`) lies inside its slice; `out` is borrowed mutably, so it overlaps neither input.
    unsafe {
        gemm::gemm(
            ROWS,
            n,
            inner,
            out.as_mut_ptr(),
            1,
            stride as isize,
            false,
            a.data.as_ptr(),
            1,
            a.stride as isize,
            b.data.as_ptr(),
            b.stride as isize,
            1,
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// Copies up to [`ROWS`] rows of `inner` columns into `block` (ROWS × inner) and clears the rest.
pub fn pad_rows(rows: Rows, count: usize, inner: usize, block: &mut [f32]) {
    for (i, target) in block.chunks_exact_mut(inner).enumerate() {
        if i < count {
            target.copy_from_slice(&rows.data[i * rows.stride..i * rows.stride + inner]);
        } else {
            target.fill(0.0);
        }
    }
}

/// ½‖row‖² of each row of `width` columns.
pub fn half_norms(rows: &[f32], width: usize, out: &mut Vec<f32>) {
    run(
        #[inline(always)]
        |_| {
            out.resize(rows.len() / width, 0.0);
            for (half, row) in out.iter_mut().zip(rows.chunks_exact(width)) {
                *half = 0.5 * sum_of_squares(row);
            }
        },
    )
}

/// ‖x‖².
pub fn squared_length(x: &[f32]) -> f32 {
    run(
        #[inline(always)]
        |_| sum_of_squares(x),
    )
}

/// ‖x‖², summed in f64, for residuals of any scale.
pub fn squared_error(x: &[f32]) -> f64 {
    run(
        #[inline(always)]
        |_| {
            let (chunks, rest) = x.as_chunks::<CHUNK>();
            let mut sums = [0.0f64; CHUNK];
            for chunk in chunks {
                for (sum, v) in sums.iter_mut().zip(chunk) {
                    *sum += f64::from(*v) * f64::from(*v);
                }
            }
            sums.iter().sum::<f64>() + rest.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>()
        },
    )
}

#[inline(always)]
fn sum_of_squares(x: &[f32]) -> f32 {
    let (chunks, rest) = x.as_chunks::<CHUNK>();
    let mut sums = [0.0f32; CHUNK];
    for chunk in chunks {
        for (sum, v) in sums.iter_mut().zip(chunk) {
            *sum += v * v;
        }
    }
    sums.iter().sum::<f32>() + rest.iter().map(|v| v * v).sum::<f32>()
}

/// Maps a float to an integer with the same order.
#[inline(always)]
pub fn ordered(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// The inverse of [`ordered`].
#[inline(always)]
pub fn from_ordered(bits: u32) -> f32 {
    f32::from_bits(if bits >> 31 == 1 { bits & !(1 << 31) } else { !bits })
}

/// The minimum of each [`CHUNK`] of `values` (whole chunks).
pub fn chunk_minima(values: &[f32], minima: &mut [f32]) {
    run(
        #[inline(always)]
        |_| {
            for (chunk, least) in values.chunks_exact(CHUNK).zip(minima) {
                *least = minimum(chunk);
            }
        },
    )
}

/// The index of the least value (whole chunks), the first one on a tie; 0 where all values are NaN.
#[inline(always)]
pub fn first_least(values: &[f32]) -> usize {
    let (mut least, mut chunk_of) = ([f32::INFINITY; CHUNK], [0u32; CHUNK]);
    for (number, values) in values.chunks_exact(CHUNK).enumerate() {
        for ((l, n), v) in least.iter_mut().zip(&mut chunk_of).zip(values) {
            *n = if *v < *l { number as u32 } else { *n };
            *l = if *v < *l { *v } else { *l };
        }
    }
    let lanes = least.iter().zip(&chunk_of).enumerate();
    let lanes = lanes.map(|(lane, (value, number))| (*value, *number as usize * CHUNK + lane));
    lanes.fold((f32::INFINITY, 0), |best, lane| if lane < best { lane } else { best }).1
}

/// out = first + Σ rows, elementwise in this order.
#[inline(always)]
pub fn sum_rows(first: &[f32], rows: &[&[f32]], out: &mut [f32]) {
    out.copy_from_slice(first);
    for row in rows {
        for (o, r) in out.iter_mut().zip(*row) {
            *o += r;
        }
    }
}

/// first\[at..\] + Σ rows\[·\][at..] for one [`CHUNK`], summed in the order of [`sum_rows`].
#[inline(always)]
pub fn chunk_sum(first: &[f32], rows: &[&[f32]], at: usize) -> [f32; CHUNK] {
    let mut sum = [0f32; CHUNK];
    sum.copy_from_slice(&first[at..at + CHUNK]);
    for row in rows {
        let row = &row[at..at + CHUNK];
        for (s, r) in sum.iter_mut().zip(row) {
            *s += r;
        }
    }
    sum
}

/// Reduces all lanes to one by `f`, half against half; N is a power of two.
#[inline(always)]
pub fn by_halves<T: Copy, const N: usize>(mut lanes: [T; N], f: impl Fn(T, T) -> T) -> T {
    let mut half = N / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] = f(lanes[lane], lanes[lane + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// The lesser value; the first one where they can't be compared.
#[inline(always)]
pub fn lesser(a: f32, b: f32) -> f32 {
    if b < a { b } else { a }
}

/// The least of up to [`CHUNK`] values.
#[inline(always)]
pub fn minimum(chunk: &[f32]) -> f32 {
    let mut lanes = [f32::INFINITY; CHUNK];
    lanes[..chunk.len()].copy_from_slice(chunk);
    by_halves(lanes, lesser)
}

/// target += row.
#[inline]
pub fn add(target: &mut [f32], row: &[f32]) {
    for (t, r) in target.iter_mut().zip(row) {
        *t += r;
    }
}

/// target −= row.
#[inline]
pub fn subtract(target: &mut [f32], row: &[f32]) {
    for (t, r) in target.iter_mut().zip(row) {
        *t -= r;
    }
}

/// One Adam update of all parameters, clearing the gradient; arithmetic in the order of torch.optim.Adam.
/// `rates` = (1 − β₁, β₂, 1 − β₂), each rounded once from double precision as PyTorch does; `step_size` =
/// rate/(1 − β₁^t), `correction` = √(1 − β₂^t).
#[allow(clippy::too_many_arguments)]
pub fn adam(
    parameters: &mut [f32],
    gradient: &mut [f32],
    first: &mut [f32],
    second: &mut [f32],
    rates: (f32, f32, f32),
    (step_size, correction): (f32, f32),
    epsilon: f32,
) {
    run(
        #[inline(always)]
        |_| {
            let all = parameters.iter_mut().zip(gradient.iter_mut()).zip(first.iter_mut()).zip(second.iter_mut());
            for (((p, g), m), v) in all {
                *m += (*g - *m) * rates.0;
                *v = *v * rates.1 + (*g * *g) * rates.2;
                *p -= step_size * (*m / (v.sqrt() / correction + epsilon));
                *g = 0.0;
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sums_and_minima_equal_their_loops(n in 1usize..150, seed in any::<u32>()) {
            let value = |i: usize| ((i as u32).wrapping_mul(2_654_435_761).wrapping_add(seed) >> 20) as f32;
            let chunks = n.div_ceil(CHUNK);
            let mut out = vec![f32::INFINITY; chunks * CHUNK];
            out[..n].iter_mut().enumerate().for_each(|(j, o)| *o = value(n + j) - value(j));
            let least: Vec<f32> =
                out.chunks(CHUNK).map(|c| c.iter().copied().fold(f32::INFINITY, f32::min)).collect();
            let mut minima = vec![0.0; chunks];
            chunk_minima(&out, &mut minima);
            prop_assert_eq!(&minima, &least);
            prop_assert_eq!(first_least(&out), (0..n).min_by(|a, b| out[*a].total_cmp(&out[*b])).unwrap());
            let row: Vec<f32> = (0..out.len()).map(value).collect();
            let mut sums = vec![0.0; out.len()];
            sum_rows(&out, &[&row, &row], &mut sums);
            for at in (0..out.len()).step_by(CHUNK) {
                let sum = chunk_sum(&out, &[&row, &row], at);
                prop_assert_eq!(&sum[..], &sums[at..at + CHUNK]);
            }
        }
    }

    #[test]
    fn products_equal_their_loops() {
        let (inner, n) = (13, 5);
        let a: Vec<f32> = (0..ROWS * inner).map(|i| (i % 17) as f32 - 8.0).collect();
        let b: Vec<f32> = (0..n * inner).map(|i| (i % 11) as f32 - 5.0).collect();
        let mut out = vec![f32::NAN; ROWS * n];
        products(Rows { data: &a, stride: inner }, Rows { data: &b, stride: inner }, n, inner, &mut out, n);
        for i in 0..ROWS {
            for j in 0..n {
                let slow: f32 = (0..inner).map(|k| a[i * inner + k] * b[j * inner + k]).sum();
                assert_eq!(out[i * n + j], slow);
            }
        }
    }
}
