//! Residual VQ: each stage quantizes the residual of the stages before it.

use super::{Definition, Encoder, Kmeans, LineStyle, Marker, Style};
use crate::baseline::stagewise;
use crate::complexity;
use crate::quantizer::{Assign, Greedy};

pub static RVQ: Definition = Definition {
    kind: Some("residual"),
    train: Some(stagewise::train),
    kmeans: Some(Kmeans { label: "RVQ (k-means)", color: [0x12, 0x17, 0x7f] }),
    style: Style { color: [0x1f, 0x4f, 0xd8], line: LineStyle::Dotted, marker: Marker::Circle },
    ..Definition::new("RVQ", assign, complexity::rvq)
};

/// The nearest codeword of each stage in turn; PVQ's, too.
pub fn assign(encoder: &Encoder) -> Box<dyn Assign> {
    encoder.conditioned(Box::new(Greedy::default()))
}
