//! The look-up tables of a query: the contribution of each codeword to the distance.

use crate::level::run;
use crate::quantizer::{Codebooks, Method};

/// Codewords whose sums are kept in registers.
const PANEL: usize = 64;

/// Look-up tables of one query, one for each column.
#[derive(Clone, Default)]
pub struct Tables {
    /// Columns × stride.
    values: Vec<f32>,
    stride: usize,
    /// K: the number of values of a stage in use.
    pub size: usize,
    /// The part of a distance that is not in the columns: ‖x‖², or 0 for PVQ.
    pub offset: f64,
}

impl Tables {
    pub fn columns(&self) -> usize {
        self.values.len() / self.stride
    }

    /// All columns, where none has more than 256 values.
    pub fn small(&self) -> &[[f32; 256]] {
        self.values.as_chunks().0
    }

    pub fn column(&self, column: usize) -> &[f32] {
        &self.values[column * self.stride..(column + 1) * self.stride]
    }
}

/// Computes look-up tables. The codewords of each stage are packed in panels of [`PANEL`], coordinate after coordinate,
/// so that the sums over the coordinates run in parallel. A table depends on its query alone, not on the other queries
/// of a call.
pub struct TableMaker {
    method: Method,
    stages: usize,
    size: usize,
    width: usize,
    stride: usize,
    /// Stages × panels × width × PANEL.
    panels: Vec<f32>,
    /// A further column that is the same for all queries; empty = none.
    last: Vec<f32>,
}

impl TableMaker {
    /// A maker for these codebooks and a further column of 256 values, or none.
    pub fn new(books: &Codebooks, last: Option<&[f32; 256]>) -> Self {
        let (stages, size, width) = (books.stages(), books.size(), books.width());
        let stage_panels = size.div_ceil(PANEL);
        let mut panels = vec![0.0; stages * stage_panels * width * PANEL];
        for (number, word) in books.values().chunks_exact(width).enumerate() {
            let (stage, k) = (number / size, number % size);
            let panel = (stage * stage_panels + k / PANEL) * width * PANEL;
            for (coordinate, value) in word.iter().enumerate() {
                panels[panel + coordinate * PANEL + k % PANEL] = *value;
            }
        }
        // Look-ups by bytes are not bounds-checked where a table has 256 entries.
        let stride = size.max(256).next_multiple_of(PANEL);
        let last = last.map_or(Vec::new(), |values| values.to_vec());
        Self { method: books.method(), stages, size, width, stride, panels, last }
    }

    /// The tables of queries of D finite coordinates. A panel serves all of them before the next one is loaded.
    pub fn make(&self, queries: &[f32], dimension: usize) -> Vec<Tables> {
        let columns = self.stages + usize::from(!self.last.is_empty());
        let empty = |query: &[f32]| {
            let mut values = vec![0.0; columns * self.stride];
            values[self.stages * self.stride..].iter_mut().zip(&self.last).for_each(|(value, last)| *value = *last);
            let squares = || query.iter().map(|v| f64::from(*v).powi(2)).sum();
            let offset = if self.method.is_product() { 0.0 } else { squares() };
            Tables { values, stride: self.stride, size: self.size, offset }
        };
        let mut all: Vec<Tables> = queries.chunks_exact(dimension).map(empty).collect();
        let stage_panels = self.size.div_ceil(PANEL);
        for (number, panel) in self.panels.chunks_exact(self.width * PANEL).enumerate() {
            let (stage, at) = (number / stage_panels, number % stage_panels * PANEL);
            for (query, tables) in queries.chunks_exact(dimension).zip(&mut all) {
                let target = &mut tables.values[stage * self.stride + at..][..PANEL];
                match self.method.is_product() {
                    true => squared_distances(&query[stage * self.width..][..self.width], panel, target),
                    false => negative_products(query, panel, target),
                }
            }
        }
        all
    }

    /// Bytes that the tables of one query take.
    pub fn bytes(&self) -> usize {
        (self.stages + 1) * self.stride * size_of::<f32>()
    }
}

/// target[k] = −2 x·c_k for the codewords of a panel.
fn negative_products(x: &[f32], panel: &[f32], target: &mut [f32]) {
    run(
        #[inline(always)]
        |_| {
            let mut sums = [0.0f32; PANEL];
            for (x, row) in x.iter().zip(panel.as_chunks::<PANEL>().0) {
                for (sum, c) in sums.iter_mut().zip(row) {
                    *sum += x * c;
                }
            }
            for (target, sum) in target.iter_mut().zip(sums) {
                *target = -2.0 * sum;
            }
        },
    )
}

/// target[k] = ‖x − c_k‖² for the codewords of a panel.
fn squared_distances(x: &[f32], panel: &[f32], target: &mut [f32]) {
    run(
        #[inline(always)]
        |_| {
            let mut sums = [0.0f32; PANEL];
            for (x, row) in x.iter().zip(panel.as_chunks::<PANEL>().0) {
                for (sum, c) in sums.iter_mut().zip(row) {
                    *sum += (x - c) * (x - c);
                }
            }
            for (target, sum) in target.iter_mut().zip(sums) {
                *target = sum;
            }
        },
    )
}
