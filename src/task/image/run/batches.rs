//! The order of the images in a training.

use std::sync::Arc;

use candle_core::{Result, Tensor};

use crate::data::images::Images;
use crate::data::stream::{shuffle, stream};
use crate::network::{IMAGE_BYTES, to_blocks};

/// Batches of the training images, in a new order for each pass. A batch depends only on its number.
pub(super) struct Batches {
    images: Arc<Images>,
    size: usize,
    name: String,
    /// The pass over the images that `order` belongs to.
    pass: Option<u64>,
    order: Vec<u32>,
}

impl Batches {
    /// Batches of `size` images, in the order given by the stream `name`.
    pub fn new(images: Arc<Images>, size: usize, name: String) -> Self {
        let count = (images.training().len() / IMAGE_BYTES) as u32;
        Self { images, size, name, pass: None, order: (0..count).collect() }
    }

    /// The images of an update (from 0), size × 32 × 32 × 3.
    pub fn pixels(&mut self, update: u64) -> Vec<u8> {
        let mut pixels = Vec::with_capacity(self.size * IMAGE_BYTES);
        for position in update * self.size as u64..(update + 1) * self.size as u64 {
            let count = self.order.len() as u64;
            self.turn_to(position / count);
            let image = self.order[(position % count) as usize] as usize;
            pixels.extend_from_slice(&self.images.training()[image * IMAGE_BYTES..][..IMAGE_BYTES]);
        }
        pixels
    }

    /// The same images as blocks for the network.
    ///
    /// # Errors
    /// Candle's errors.
    pub fn blocks(&mut self, update: u64) -> Result<Tensor> {
        to_blocks(&self.pixels(update))
    }

    fn turn_to(&mut self, pass: u64) {
        if self.pass != Some(pass) {
            self.order.sort_unstable();
            shuffle(&mut self.order, &mut stream(&format!("{}/{pass}", self.name)));
            self.pass = Some(pass);
        }
    }
}

/// Variance of the pixel values, on a scale with white = 1.
pub(super) fn variance(pixels: &[u8]) -> f64 {
    let (sum, squares) = pixels
        .iter()
        .fold((0u64, 0u64), |(sum, squares), p| (sum + u64::from(*p), squares + u64::from(*p) * u64::from(*p)));
    let count = pixels.len().max(1) as f64;
    let mean = sum as f64 / count;
    // At least one gray level, so that images without any contrast can be trained on.
    ((squares as f64 / count - mean * mean) / (255.0 * 255.0)).max(1.0 / (255.0 * 255.0))
}
