//! Optimized product VQ: PVQ after a rotation that is learned from the data.

use super::{Cost, Definition, Encoder, LineStyle, Marker, Style};
use crate::baseline::{memory, opq};
use crate::complexity;
use crate::quantizer::{Assign, Greedy, Rotated};

pub static OPQ: Definition = Definition {
    kind: Some("optimized product"),
    about: Some("Optimized PQ (OPQ) is product VQ after a learned rotation."),
    is_product: true,
    has_rotation: true,
    has_nsvq: false,
    train: Some(opq::train),
    iterations: opq::ITERATIONS,
    memory: memory::with_rotation,
    cost: Cost { encode_in_training: None, fit: |_| 14.0 },
    style: Style { color: [0x71, 0x3b, 0x07], line: LineStyle::DashDot, marker: Marker::Cross },
    ..Definition::new("OPQ", assign, complexity::opq)
};

fn assign(encoder: &Encoder) -> Box<dyn Assign> {
    encoder.conditioned(Box::new(Rotated(Box::new(Greedy::default()))))
}
