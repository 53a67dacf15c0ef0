//! Beam search steps of AVQ by byte products ([`super::byte_bounds`]), for codebooks that change too often for their
//! Gram matrix or are too large for it.

use std::ops::Range;

use super::beam::{Best, Entry};
use super::byte_bounds::{Selected, Sink};
use super::bytes::{ByteBooks, ByteRows};
use super::codebooks::Codebooks;
use super::kernels::{ROWS, Rows};

/// Codebooks in bytes, and scratch memory.
#[derive(Default)]
pub struct ByteBeam {
    books: ByteBooks,
    rows: ByteRows,
    rooms: Vec<f32>,
    /// Beam entries (row · width + entry).
    entries: Vec<u32>,
    open: Vec<u32>,
}

impl ByteBeam {
    /// Updates the internal state for changed codebooks.
    pub fn prepare(&mut self, books: &Codebooks) {
        self.books.pack(books);
    }

    /// Offers the extensions of the beams by codewords of `stages`. `residuals` (n · `width` × D) holds the residuals
    /// of the beam entries at row · `width` + entry.
    pub fn extend(
        &mut self,
        books: &Codebooks,
        stages: Range<usize>,
        (residuals, width): (&[f32], usize),
        beams: &[Vec<Entry>],
        best: &mut [Best],
    ) {
        let rows = Rows { data: residuals, stride: books.dimension() };
        self.entries.clear();
        for (row, beam) in beams.iter().enumerate() {
            self.entries.extend((0..beam.len()).map(|entry| (row * width + entry) as u32));
        }
        self.rows.set(rows, books.dimension(), &self.entries);
        let entry = |slot: u32| &beams[slot as usize / width][slot as usize % width];
        for stage in stages {
            self.open.clear();
            self.open.extend(self.entries.iter().filter(|slot| !entry(**slot).uses(stage)));
            for selection in self.open.chunks(ROWS) {
                self.rooms.clear();
                self.rooms.extend(selection.iter().map(|slot| best[*slot as usize / width].room(entry(*slot))));
                let selected = Selected { rows, bytes: &self.rows, selection };
                let mut sink = Beams { selection, width, beams, best };
                self.books.scan(books, stage, &selected, &mut self.rooms, &mut sink);
            }
        }
    }
}

/// Collects candidates.
struct Beams<'a> {
    selection: &'a [u32],
    width: usize,
    beams: &'a [Vec<Entry>],
    best: &'a mut [Best],
}

impl Sink for Beams<'_> {
    fn take(&mut self, place: usize, number: u32, score: f32, rooms: &mut [f32]) {
        let slot = self.selection[place] as usize;
        let (row, parent) = (slot / self.width, slot % self.width);
        let (best, beam) = (&mut self.best[row], &self.beams[row]);
        if !best.note_one(beam, parent, number, score) {
            return;
        }
        // The entries of one vector are adjacent.
        let mine = |slot: &&u32| **slot as usize / self.width == row;
        let from = place - self.selection[..place].iter().rev().take_while(mine).count();
        for (room, slot) in rooms[from..].iter_mut().zip(self.selection[from..].iter().take_while(mine)) {
            *room = best.room(&beam[*slot as usize % self.width]);
        }
    }
}
