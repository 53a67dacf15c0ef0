//! The nearest codeword of one stage, by the fastest kernel for the codebooks: float products in register tiles
//! ([`super::tiles`]), or bounds from byte products ([`super::byte_bounds`]).

use super::byte_bounds::{self, Selected, Sink};
use super::bytes::{ByteBooks, ByteRows};
use super::codebooks::Codebooks;
use super::kernels::Rows;
use super::tiles::Tiles;

/// A search for nearest codewords.
#[derive(Default)]
pub struct Nearest {
    by: Kernel,
    rooms: Vec<f32>,
    found: Vec<(f32, u32)>,
}

enum Kernel {
    Floats(Box<Tiles>),
    Bytes(Box<(ByteBooks, ByteRows)>),
}

impl Default for Kernel {
    fn default() -> Self {
        Kernel::Floats(Box::default())
    }
}

impl Nearest {
    /// Updates the internal state for changed codebooks. `bytes_from` is the smallest K for which byte products are
    /// used. They pay off at a smaller K where the search begins with better codewords.
    pub fn prepare(&mut self, books: &Codebooks, bytes_from: usize) {
        let bytes = byte_bounds::pays(books, bytes_from);
        match &mut self.by {
            Kernel::Floats(_) if bytes => self.by = Kernel::Bytes(Box::default()),
            Kernel::Bytes(_) if !bytes => self.by = Kernel::default(),
            _ => {}
        }
        match &mut self.by {
            Kernel::Floats(tiles) => tiles.prepare(books),
            Kernel::Bytes(bytes) => bytes.0.pack(books),
        }
    }

    /// Updates the internal state for changed rows. `selection` must contain all rows passed to [`Nearest::improve`].
    pub fn set_rows(&mut self, books: &Codebooks, rows: Rows, selection: &[u32]) {
        if let Kernel::Bytes(bytes) = &mut self.by {
            bytes.1.set(rows, books.width(), selection);
        }
    }

    /// For each row of the selection, replaces best\[row\] = (score, m·K + k) by the codeword of `stage` with the least
    /// score ½‖c‖² − row·c, where that score is less (the lowest index on a tie).
    pub fn improve(&mut self, books: &Codebooks, stage: usize, rows: Rows, selection: &[u32], best: &mut [(f32, u32)]) {
        let first = (stage * books.size()) as u32;
        match &mut self.by {
            Kernel::Floats(tiles) => {
                tiles.nearest(books, stage, rows, selection, &mut self.found);
                for (row, (score, index)) in selection.iter().zip(&self.found) {
                    let best = &mut best[*row as usize];
                    if *score < best.0 {
                        *best = (*score, first + index);
                    }
                }
            }
            Kernel::Bytes(bytes) => {
                self.rooms.clear();
                self.rooms.extend(selection.iter().map(|row| best[*row as usize].0.min(f32::MAX)));
                let selected = Selected { rows, bytes: &bytes.1, selection };
                bytes.0.scan(books, stage, &selected, &mut self.rooms, &mut Least { selection, best });
            }
        }
    }
}

/// Keeps the codeword with the least score of each row.
struct Least<'a> {
    selection: &'a [u32],
    best: &'a mut [(f32, u32)],
}

impl Sink for Least<'_> {
    fn take(&mut self, place: usize, number: u32, score: f32, rooms: &mut [f32]) {
        let best = &mut self.best[self.selection[place] as usize];
        // Codewords come in the order of their indices, so that the lowest one stays on a tie.
        if score < best.0 {
            *best = (score, number);
            rooms[place] = score.min(f32::MAX);
        }
    }
}
