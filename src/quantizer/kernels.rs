//! The inner loops: blocked matrix products (crate `gemm`, the one candle uses) and the scans after them, compiled for
//! AVX-512, AVX2+FMA and portable code and chosen at run time.
//!
//! Every product is taken on exactly [`ROWS`] rows (short blocks are padded), because the order of summation inside
//! `gemm` hangs on the shape: so a vector gets the same codes whatever batch it comes in.

use multiversion::multiversion;

/// Rows of one block.
pub const ROWS: usize = 64;

/// Width of the chunks whose minima [`combine`] keeps.
pub const CHUNK: usize = 32;

/// A row-major matrix inside a slice: row i begins at i·stride.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    pub data: &'a [f32],
    pub stride: usize,
}

/// out[i·n + j] = ⟨a_i, b_j⟩ for the [`ROWS`] rows of `a` and the n rows of `b`, over `inner` columns.
///
/// # Panics
/// If a slice is too short for the asked shape.
pub fn products(a: Rows, b: Rows, n: usize, inner: usize, out: &mut [f32]) {
    assert!(n > 0 && inner > 0 && a.stride >= inner && b.stride >= inner);
    assert!(a.data.len() >= (ROWS - 1) * a.stride + inner);
    assert!(b.data.len() >= (n - 1) * b.stride + inner);
    assert!(out.len() >= ROWS * n);
    // SAFETY: the asserts above show that every element that gemm touches (ROWS × inner of a, n × inner of b, ROWS × n
    // of out) lies inside its slice; `out` is borrowed mutably, so it overlaps neither input.
    unsafe {
        gemm::gemm(
            ROWS,
            n,
            inner,
            out.as_mut_ptr(),
            1,
            n as isize,
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
    out.clear();
    out.extend(rows.chunks_exact(width).map(|row| 0.5 * row.iter().map(|v| v * v).sum::<f32>()));
}

/// The index with the smallest half[j] − dots[j] (the lowest one on a tie): the nearest codeword.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub fn nearest(dots: &[f32], half: &[f32]) -> usize {
    const LANES: usize = 16;
    let mut best = [f32::INFINITY; LANES];
    let mut index = [0u32; LANES];
    let whole = dots.len() / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        let d = &dots[start..start + LANES];
        let h = &half[start..start + LANES];
        for lane in 0..LANES {
            let score = h[lane] - d[lane];
            let better = score < best[lane];
            best[lane] = if better { score } else { best[lane] };
            index[lane] = if better { start as u32 } else { index[lane] };
        }
    }
    let mut winner = (f32::INFINITY, usize::MAX);
    for lane in 0..LANES {
        let candidate = (best[lane], index[lane] as usize + lane);
        if whole > 0 && (candidate.0 < winner.0 || candidate.0 == winner.0 && candidate.1 < winner.1) {
            winner = candidate;
        }
    }
    for j in whole..dots.len() {
        if half[j] - dots[j] < winner.0 {
            winner = (half[j] - dots[j], j);
        }
    }
    // Only where every score is NaN.
    winner.1.min(dots.len() - 1)
}

/// out[j] = base[j] + row[j], and the minimum of each [`CHUNK`] of it.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub fn combine(base: &[f32], row: &[f32], out: &mut [f32], minima: &mut [f32]) {
    for (((o, b), r), least) in
        out.chunks_mut(CHUNK).zip(base.chunks(CHUNK)).zip(row.chunks(CHUNK)).zip(minima.iter_mut())
    {
        for ((o, b), r) in o.iter_mut().zip(b).zip(r) {
            *o = b + r;
        }
        *least = minimum(o);
    }
}

/// As [`combine`], of half[j] − dots[j].
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub fn scores(dots: &[f32], half: &[f32], out: &mut [f32], minima: &mut [f32]) {
    for (((o, d), h), least) in
        out.chunks_mut(CHUNK).zip(dots.chunks(CHUNK)).zip(half.chunks(CHUNK)).zip(minima.iter_mut())
    {
        for ((o, d), h) in o.iter_mut().zip(d).zip(h) {
            *o = h - d;
        }
        *least = minimum(o);
    }
}

/// Bit j is set where values[j] ≤ threshold, for up to [`CHUNK`] values.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub fn below(values: &[f32], threshold: f32) -> u32 {
    if let Ok(values) = <&[f32; CHUNK]>::try_from(values) {
        return values.iter().enumerate().fold(0, |hits, (j, v)| hits | u32::from(*v <= threshold) << j);
    }
    values.iter().enumerate().fold(0, |hits, (j, v)| hits | u32::from(*v <= threshold) << j)
}

#[inline(always)]
fn minimum(values: &[f32]) -> f32 {
    const LANES: usize = 8;
    let mut lanes = [f32::INFINITY; LANES];
    let mut chunks = values.chunks_exact(LANES);
    for chunk in &mut chunks {
        for lane in 0..LANES {
            lanes[lane] = if chunk[lane] < lanes[lane] { chunk[lane] } else { lanes[lane] };
        }
    }
    let rest = chunks.remainder().iter().fold(f32::INFINITY, |a, b| if *b < a { *b } else { a });
    lanes.iter().fold(rest, |a, b| if *b < a { *b } else { a })
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
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
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
    let all = parameters.iter_mut().zip(gradient.iter_mut()).zip(first.iter_mut()).zip(second.iter_mut());
    for (((p, g), m), v) in all {
        *m += (*g - *m) * rates.0;
        *v = *v * rates.1 + (*g * *g) * rates.2;
        *p -= step_size * (*m / (v.sqrt() / correction + epsilon));
        *g = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nearest_is_the_first_minimum(scores in prop::collection::vec(-4i8..4, 1..200)) {
            let dots: Vec<f32> = scores.iter().map(|s| -f32::from(*s)).collect();
            let slow = scores.iter().enumerate().min_by_key(|(i, s)| (**s, *i)).map(|(i, _)| i);
            prop_assert_eq!(Some(nearest(&dots, &vec![0.0; dots.len()])), slow);
        }

        #[test]
        fn combine_and_scores_equal_their_loops(n in 1usize..150, seed in any::<u32>()) {
            let value = |i: usize| ((i as u32).wrapping_mul(2_654_435_761).wrapping_add(seed) >> 20) as f32;
            let (a, b): (Vec<f32>, Vec<f32>) = ((0..n).map(value).collect(), (n..2 * n).map(value).collect());
            let chunks = n.div_ceil(CHUNK);
            let (mut out, mut minima) = (vec![0.0; n], vec![0.0; chunks]);
            combine(&a, &b, &mut out, &mut minima);
            for (j, sum) in out.iter().enumerate() {
                prop_assert_eq!(*sum, a[j] + b[j]);
            }
            let least = |out: &[f32]| -> Vec<f32> {
                out.chunks(CHUNK).map(|c| c.iter().copied().fold(f32::INFINITY, f32::min)).collect()
            };
            prop_assert_eq!(&minima, &least(&out));
            scores(&a, &b, &mut out, &mut minima);
            for (j, score) in out.iter().enumerate() {
                prop_assert_eq!(*score, b[j] - a[j]);
            }
            prop_assert_eq!(&minima, &least(&out));
        }
    }

    #[test]
    fn products_equal_their_loops() {
        let (inner, n) = (13, 5);
        let a: Vec<f32> = (0..ROWS * inner).map(|i| (i % 17) as f32 - 8.0).collect();
        let b: Vec<f32> = (0..n * inner).map(|i| (i % 11) as f32 - 5.0).collect();
        let mut out = vec![f32::NAN; ROWS * n];
        products(Rows { data: &a, stride: inner }, Rows { data: &b, stride: inner }, n, inner, &mut out);
        for i in 0..ROWS {
            for j in 0..n {
                let slow: f32 = (0..inner).map(|k| a[i * inner + k] * b[j * inner + k]).sum();
                assert_eq!(out[i * n + j], slow);
            }
        }
    }
}
