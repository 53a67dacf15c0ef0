//! Sums of vectors by the codewords that they chose.

use rayon::prelude::*;

use crate::level::run;
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
        // Each thread has codewords of its own, so that the order of summation is that of the rows for any number of threads.
        let part = codewords.div_ceil(rayon::current_num_threads()).max(1);
        let parts = sums.values.par_chunks_mut(part * width).zip(sums.counts.par_chunks_mut(part));
        parts.enumerate().for_each(|(number, part_of)| add_rows(rows, width, (picks, each), number * part, part_of));
        sums
    }

    /// The sum of codeword `number`.
    pub fn row(&self, number: usize) -> &[f64] {
        &self.values[number * self.width..(number + 1) * self.width]
    }
}

/// Adds the rows that chose codewords from `first` on.
fn add_rows(
    rows: Rows,
    width: usize,
    (picks, each): (&[u32], usize),
    first: usize,
    (values, counts): (&mut [f64], &mut [u32]),
) {
    run(
        #[inline(always)]
        |_| {
            for (i, picks) in picks.chunks_exact(each).enumerate() {
                let row = &rows.data[i * rows.stride..][..width];
                for pick in picks {
                    let Some(pick) = (*pick as usize).checked_sub(first).filter(|pick| *pick < counts.len()) else {
                        continue;
                    };
                    counts[pick] += 1;
                    for (sum, value) in values[pick * width..(pick + 1) * width].iter_mut().zip(row) {
                        *sum += f64::from(*value);
                    }
                }
            }
        },
    )
}
