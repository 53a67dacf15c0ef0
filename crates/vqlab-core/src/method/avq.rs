//! Additive VQ: codewords of all stages are chosen together, by beam search.

use super::{Cost, Definition, Encoder, Kmeans, LineStyle, Marker, Style};
use crate::baseline::{additive, memory};
use crate::complexity;
use crate::quantizer::{Additive, Assign, BEAM_WIDTH, Conditioned, FreeOrder, MAX_STAGES, Released, Search};

pub static AVQ: Definition = Definition {
    kind: Some("additive"),
    is_joint: true,
    most_stages: MAX_STAGES,
    beam: Some(BEAM_WIDTH),
    train: Some(additive::train),
    iterations: additive::ITERATIONS,
    memory: memory::joint,
    kmeans: Some(Kmeans { label: "AVQ (k-means)", color: [0x0a, 0x3b, 0x1d] }),
    cost: Cost { encode_in_training: None, fit: |size| 6.0 * (size as f64).sqrt() },
    style: Style { color: [0x1b, 0x8a, 0x2f], line: LineStyle::Dashed, marker: Marker::Square },
    ..Definition::new("AVQ", assign, complexity::avq)
};

fn assign(encoder: &Encoder) -> Box<dyn Assign> {
    let (search, width) = encoder.beam.unwrap_or((Search::Beam, BEAM_WIDTH));
    match (search, encoder.batch) {
        (Search::Beam, None) => Box::new(Conditioned::always(in_any_order(width))),
        (Search::Beam, Some(batch)) if width > 1 => Box::new(Additive::new(width).for_training(batch)),
        (Search::Beam, Some(_)) => in_any_order(width),
        (Search::Ordered, None) => encoder.conditioned(Box::new(Additive::in_order(width))),
        (Search::Ordered, Some(batch)) => Box::new(Additive::in_order(width).for_training(batch)),
        (Search::Released, _) => encoder.conditioned(Box::new(Released::new(width))),
    }
}

fn in_any_order(width: usize) -> Box<dyn Assign> {
    if width == 1 { Box::new(FreeOrder::default()) } else { Box::new(Additive::new(width)) }
}
