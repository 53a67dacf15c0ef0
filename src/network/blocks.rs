//! Converts images to the blocks of 4 × 4 pixels that the network takes, and back.

use candle_core::{Device, Result, Tensor};

use super::model::{BLOCK, BLOCK_VALUES, GRID};

/// Bytes of a line of a block.
const LINE: usize = BLOCK * 3;

/// Bytes of an image of 32 × 32 pixels.
pub const IMAGE_BYTES: usize = GRID * GRID * BLOCK_VALUES;

/// The start of each line of an image, in the order of the blocks.
fn lines() -> impl Iterator<Item = usize> {
    let block = |row: usize, column: usize| (0..BLOCK).map(move |y| ((row * BLOCK + y) * GRID + column) * LINE);
    (0..GRID).flat_map(move |row| (0..GRID).flat_map(move |column| block(row, column)))
}

/// Converts images (n × 32 × 32 × 3 bytes, interleaved) to blocks of numbers in ±.5, n × 8 × 8 × 48.
///
/// # Errors
/// Candle's errors; bytes that are not a whole number of images.
pub fn to_blocks(pixels: &[u8]) -> Result<Tensor> {
    let mut values = Vec::with_capacity(pixels.len());
    for image in pixels.chunks(IMAGE_BYTES) {
        let bytes = lines().filter_map(|at| image.get(at..at + LINE)).flatten();
        values.extend(bytes.map(|byte| f32::from(*byte) / 255.0 - 0.5));
    }
    Tensor::from_vec(values, (pixels.len() / IMAGE_BYTES, GRID, GRID, BLOCK_VALUES), &Device::Cpu)
}

/// Converts blocks back to images. Numbers are rounded and clipped to 0..255.
///
/// # Errors
/// Candle's errors.
pub fn to_pixels(blocks: &Tensor) -> Result<Vec<u8>> {
    let values = blocks.flatten_all()?.to_vec1::<f32>()?;
    let mut pixels = vec![0; values.len()];
    for (image, values) in pixels.chunks_exact_mut(IMAGE_BYTES).zip(values.chunks_exact(IMAGE_BYTES)) {
        for (at, line) in lines().zip(values.chunks_exact(LINE)) {
            // `as` clips to the range, and converts NaN to 0.
            image[at..at + LINE].iter_mut().zip(line).for_each(|(p, v)| *p = ((v + 0.5) * 255.0).round() as u8);
        }
    }
    Ok(pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_the_image_and_back() {
        let pixels: Vec<u8> = (0..2 * IMAGE_BYTES).map(|i| (i * 31 % 253) as u8).collect();
        let blocks = to_blocks(&pixels).unwrap();
        assert_eq!(blocks.dims(), [2, 8, 8, 48]);
        assert_eq!(to_pixels(&blocks).unwrap(), pixels);
        // Block (1, 2) begins with the pixel in line 4 and column 8.
        let value = blocks.get(1).unwrap().get(1).unwrap().get(2).unwrap().get(1).unwrap().to_scalar::<f32>().unwrap();
        let pixel = pixels[IMAGE_BYTES + (4 * 32 + 8) * 3 + 1];
        assert_eq!(value, f32::from(pixel) / 255.0 - 0.5);
        assert!(to_blocks(&pixels[1..]).is_err());
    }
}
