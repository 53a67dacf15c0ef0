//! Local-search quantization: additive VQ whose codes are improved one codeword at a time.

use super::{Cost, Definition, Encoder, LineStyle, Marker, Style};
use crate::baseline::{lsq, memory};
use crate::complexity;
use crate::quantizer::{Assign, LocalSearch, MAX_STAGES};

pub static LSQ: Definition = Definition {
    kind: Some("local-search"),
    about: Some("Local-search quantization (LSQ) also sums codewords. It improves one codeword at a time."),
    is_joint: true,
    most_stages: MAX_STAGES,
    has_nsvq: false,
    train: Some(lsq::train),
    iterations: lsq::ITERATIONS,
    memory: memory::local_search,
    cost: Cost { encode_in_training: Some(1.5e-4), fit: |_| 80.0 },
    style: Style { color: [0xc0, 0x30, 0x6e], line: LineStyle::Dashed, marker: Marker::Cross },
    ..Definition::new("LSQ", assign, complexity::lsq)
};

fn assign(encoder: &Encoder) -> Box<dyn Assign> {
    encoder.conditioned(Box::new(LocalSearch::default()))
}
