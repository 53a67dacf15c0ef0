//! Sums of vectors grouped by their codewords.

use rayon::prelude::*;

use crate::level::run;
use crate::quantizer::kernels::Rows;

/// Σ of the rows of each codeword, and their count.
pub struct Sums {
    /// Codewords × width.
    pub values: Vec<f64>,
    pub counts: Vec<u32>,
    pub width: usize,
}

/// Up to this many values, sums are computed for parts of the rows and added; larger sums are computed for parts of the
/// codewords.
const SMALL: usize = 1 << 15;

/// Parts of the rows: a fixed number, so that the sums do not depend on the number of threads.
const PARTS: usize = 16;

impl Sums {
    fn zeros(codewords: usize, width: usize) -> Self {
        Self { values: vec![0.0; codewords * width], counts: vec![0; codewords], width }
    }

    /// Sums of rows of `width` coordinates. `indices` has `each` numbers per row, below `codewords`.
    pub fn new(rows: Rows, width: usize, indices: &[u32], each: usize, codewords: usize) -> Self {
        let mut sums = Self::zeros(codewords, width);
        let count = indices.len() / each;
        if codewords * width <= SMALL && count >= PARTS * PARTS {
            let part = count.div_ceil(PARTS);
            let parts: Vec<Self> = (indices.par_chunks(part * each).enumerate())
                .map(|(number, indices)| {
                    let mut sums = Self::zeros(codewords, width);
                    let rows = Rows { data: &rows.data[number * part * rows.stride..], ..rows };
                    add_rows(rows, width, (indices, each), &mut sums.values, &mut sums.counts);
                    sums
                })
                .collect();
            parts.iter().for_each(|part| sums.add(part));
            return sums;
        }
        // Each thread has its own codewords, so that the rows are summed in order for any number of threads.
        let part = codewords.div_ceil(rayon::current_num_threads()).max(1);
        let parts = sums.values.par_chunks_mut(part * width).zip(sums.counts.par_chunks_mut(part));
        parts.enumerate().for_each(|(number, (values, counts))| {
            add_rows_of(rows, width, (indices, each), number * part, (values, counts));
        });
        sums
    }

    fn add(&mut self, other: &Self) {
        self.values.iter_mut().zip(&other.values).for_each(|(sum, value)| *sum += value);
        self.counts.iter_mut().zip(&other.counts).for_each(|(sum, count)| *sum += count);
    }

    /// The sum of codeword `number`.
    pub fn row(&self, number: usize) -> &[f64] {
        &self.values[number * self.width..(number + 1) * self.width]
    }
}

/// Adds the rows to the sums of their codewords.
fn add_rows(rows: Rows, width: usize, (indices, each): (&[u32], usize), values: &mut [f64], counts: &mut [u32]) {
    run(
        #[inline(always)]
        |_| {
            for (i, indices) in indices.chunks_exact(each).enumerate() {
                let row = &rows.data[i * rows.stride..][..width];
                for index in indices {
                    let index = *index as usize;
                    counts[index] += 1;
                    add_row(&mut values[index * width..][..width], row);
                }
            }
        },
    )
}

/// As [`add_rows`], for the codewords from `first` on alone.
fn add_rows_of(
    rows: Rows,
    width: usize,
    (indices, each): (&[u32], usize),
    first: usize,
    (values, counts): (&mut [f64], &mut [u32]),
) {
    run(
        #[inline(always)]
        |_| {
            for (i, indices) in indices.chunks_exact(each).enumerate() {
                let row = &rows.data[i * rows.stride..][..width];
                for index in indices {
                    let own = (*index as usize).checked_sub(first).filter(|index| *index < counts.len());
                    let Some(index) = own else { continue };
                    counts[index] += 1;
                    add_row(&mut values[index * width..][..width], row);
                }
            }
        },
    )
}

/// sums += row.
#[inline(always)]
fn add_row(sums: &mut [f64], row: &[f32]) {
    const LANES: usize = 8;
    let (sums, sums_rest) = sums.as_chunks_mut::<LANES>();
    let (row, row_rest) = row.as_chunks::<LANES>();
    for (sums, row) in sums.iter_mut().zip(row) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += f64::from(*value);
        }
    }
    for (sum, value) in sums_rest.iter_mut().zip(row_rest) {
        *sum += f64::from(*value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parts of the rows (many rows, few codewords) and parts of the codewords give the same sums on any number of
    /// threads.
    #[test]
    fn sums_are_those_of_the_loop() {
        for (count, width, each, codewords) in [(1000, 9, 2, 7), (1000, 3, 1, 20_000), (40, 9, 3, 5)] {
            let stride = width + 2;
            let data: Vec<f32> = (0..count * stride).map(|at| (at * 37 % 101) as f32).collect();
            let indices: Vec<u32> = (0..count * each).map(|at| (at * at % codewords) as u32).collect();
            let mut right = Sums::zeros(codewords, width);
            for (i, indices) in indices.chunks(each).enumerate() {
                for index in indices {
                    right.counts[*index as usize] += 1;
                    for k in 0..width {
                        right.values[*index as usize * width + k] += f64::from(data[i * stride + k]);
                    }
                }
            }
            for threads in [1, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let rows = Rows { data: &data, stride };
                let sums = pool.install(|| Sums::new(rows, width, &indices, each, codewords));
                // Whole numbers: exact in any order.
                assert!(sums.values == right.values && sums.counts == right.counts, "{count} {threads}");
            }
        }
    }
}
