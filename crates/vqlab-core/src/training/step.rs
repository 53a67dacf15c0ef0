//! The closed-form gradient of the MSE loss.

use crate::quantizer::Codebooks;

/// Adds the gradient of mean((x − q)²), the mean over all n·D coordinates, to `gradient` (M·K × width), and returns
/// that mean. `residual` (n × D) is x − q, `indices` (n × M) holds those of the chosen codewords.
pub fn accumulate_gradient(books: &Codebooks, residual: &[f32], indices: &[u32], gradient: &mut [f32]) -> f64 {
    let (width, scale) = (books.width(), -2.0 / residual.len() as f32);
    let mut loss = 0.0;
    let vectors = residual.chunks_exact(books.dimension()).zip(indices.chunks_exact(books.stages()));
    for (error, indices) in vectors {
        loss += f64::from(squared_norm(error));
        for index in indices {
            let index = *index as usize;
            let target = &mut gradient[index * width..(index + 1) * width];
            for (g, e) in target.iter_mut().zip(&error[books.span(index / books.size())]) {
                *g += scale * e;
            }
        }
    }
    loss / residual.len() as f64
}

/// ‖v‖² in eight lanes, so that it vectorizes.
pub fn squared_norm(v: &[f32]) -> f32 {
    let mut lanes = [0f32; 8];
    let mut chunks = v.chunks_exact(8);
    for chunk in &mut chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value * value;
        }
    }
    lanes.iter().sum::<f32>() + chunks.remainder().iter().map(|v| v * v).sum::<f32>()
}
