//! Sums of vectors by the codewords that they chose.

use multiversion::multiversion;

use crate::quantizer::kernels::Rows;

/// Σ of the rows that chose each codeword, and their number.
pub struct Sums {
    /// Codewords × width.
    pub values: Vec<f64>,
    pub counts: Vec<u32>,
    pub width: usize,
}

impl Sums {
    /// Sums of rows of `width` coordinates; `picks` has as many numbers (below `codewords`) a row as codewords are chosen.
    pub fn new(rows: Rows, width: usize, picks: &[u32], each: usize, codewords: usize) -> Self {
        let mut sums = Self { values: vec![0.0; codewords * width], counts: vec![0; codewords], width };
        add_rows(rows, width, picks, each, &mut sums);
        sums
    }

    /// The sum of codeword `number`.
    pub fn row(&self, number: usize) -> &[f64] {
        &self.values[number * self.width..(number + 1) * self.width]
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn add_rows(rows: Rows, width: usize, picks: &[u32], each: usize, sums: &mut Sums) {
    for (i, picks) in picks.chunks_exact(each).enumerate() {
        let row = &rows.data[i * rows.stride..][..width];
        for pick in picks {
            let pick = *pick as usize;
            sums.counts[pick] += 1;
            for (sum, value) in sums.values[pick * width..(pick + 1) * width].iter_mut().zip(row) {
                *sum += f64::from(*value);
            }
        }
    }
}
