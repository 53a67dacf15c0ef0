//! Costs of a quantizer that are known without a measurement.

use super::Shape;
use crate::complexity::{Model, Precision, count};
use crate::quantizer::Codebooks;

/// WMOPS in single precision; None where the model has no count.
pub(super) fn wmops(shape: &Shape, dimension: usize, beam_width: usize, model: Model) -> Option<f64> {
    let beam = shape.method.has_beam().then_some(beam_width);
    let operations = count(shape.method, dimension, shape.stages, shape.size(), beam, model).ok()?;
    Some(operations.wmops(Precision::Single))
}

pub(super) fn codebook_bytes(books: &Codebooks) -> usize {
    books.method().codebook_bytes(books.dimension(), books.stages(), books.size())
}
