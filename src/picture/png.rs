//! PNG files of 8-bit RGB pictures.

use std::path::{Path, PathBuf};

use png::{AdaptiveFilterType, BitDepth, ColorType, Decoder, Encoder, Transformations};

use super::{CHANNELS, Picture};

/// Pixels in the largest picture that is read. More would take gigabytes, and a damaged header may have any number.
const MOST_PIXELS: u64 = 1 << 28;

/// Why a picture can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{}: {reason}", path.display())]
    File { path: PathBuf, reason: String },
    #[error("the picture can't be written as PNG: {0}")]
    Encode(String),
    #[error("{values} values are not a whole number of RGB pictures of {side} × {side} pixels, one or more")]
    Strip { values: usize, side: usize },
}

/// Reads a PNG file with 8 bits or less per channel. Gray pictures get three equal channels.
///
/// # Errors
/// [`PictureError`]: a file that can't be read, is not a complete PNG, or holds what 8-bit RGB can't: 16 bits,
/// transparency.
pub fn read(path: &Path) -> Result<Picture, PictureError> {
    let bytes = std::fs::read(path).map_err(|source| PictureError::Read { path: path.into(), source })?;
    decode(&bytes).map_err(|reason| PictureError::File { path: path.into(), reason })
}

/// Decodes the bytes of a PNG file to a picture.
///
/// # Errors
/// What is wrong with the file, see [`read`].
pub fn decode(bytes: &[u8]) -> Result<Picture, String> {
    let damaged =
        |error: png::DecodingError| format!("not a complete PNG file ({}); use pictures in PNG format", fault(&error));
    let mut decoder = Decoder::new(bytes);
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (width, height) = (reader.info().width, reader.info().height);
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(format!("{width} × {height} pixels are too many; use pictures of up to {MOST_PIXELS} pixels"));
    }
    if reader.info().bit_depth == BitDepth::Sixteen {
        return Err("16 bits per channel; use pictures with 8 bits per channel".into());
    }
    let mut values = vec![0; reader.output_buffer_size()];
    let frame = reader.next_frame(&mut values).map_err(damaged)?;
    values.truncate(frame.buffer_size());
    let pixels = rgb(values, frame.color_type)?;
    Ok(Picture { width: width as usize, height: height as usize, pixels })
}

/// What is wrong with a PNG file. The crate's own messages contain its data types and terms for its developers.
pub(crate) fn fault(error: &png::DecodingError) -> String {
    use png::DecodingError::{Format, IoError, LimitsExceeded, Parameter};
    let text = error.to_string();
    // `ChunkType { type: IDAT, … }`
    let chunk = text.split_once("type: ").and_then(|(_, rest)| rest.get(..4)).unwrap_or("");
    match error {
        IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => "it ends too early".into(),
        IoError(error) => error.to_string(),
        LimitsExceeded => "it asks for too much memory".into(),
        Parameter(_) => "its parts contradict each other".into(),
        Format(_) if text.starts_with("Invalid PNG signature") => "it does not begin like a PNG file".into(),
        Format(_) if text.starts_with("CRC") => format!("damaged: the checksum of its part {chunk} is wrong"),
        Format(_) if text.starts_with("Corrupt deflate") => "damaged: its packed pixels can't be unpacked".into(),
        Format(_) if text.starts_with("IDAT or f") => "it ends before its last pixel".into(),
        Format(_) if !chunk.is_empty() => format!("its part {chunk} is misplaced or malformed"),
        Format(_) => text.trim_end_matches('.').to_owned(),
    }
}

/// Converts to three values per pixel.
fn rgb(values: Vec<u8>, color: ColorType) -> Result<Vec<u8>, String> {
    let n = color.samples();
    if matches!(color, ColorType::GrayscaleAlpha | ColorType::Rgba) && values.chunks_exact(n).any(|p| p[n - 1] < 255) {
        return Err("transparent pixels; use pictures without transparency".into());
    }
    let three = |pixel: &[u8]| if n < CHANNELS { [pixel[0]; CHANNELS] } else { [pixel[0], pixel[1], pixel[2]] };
    Ok(if n == CHANNELS { values } else { values.chunks_exact(n).flat_map(three).collect() })
}

/// Encodes a picture as the bytes of a PNG file.
///
/// # Errors
/// [`PictureError::Encode`]: a picture without pixels, or one that is too large for PNG.
pub fn encode(picture: &Picture) -> Result<Vec<u8>, PictureError> {
    let size = |n: usize| u32::try_from(n).map_err(|_| PictureError::Encode(format!("{n} pixels are too many")));
    let failed = |error: png::EncodingError| PictureError::Encode(error.to_string());
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, size(picture.width)?, size(picture.height)?);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    // A figure's magnified pictures repeat their rows. Only filters other than the default one exploit this.
    encoder.set_adaptive_filter(AdaptiveFilterType::Adaptive);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&picture.pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(color: ColorType, depth: BitDepth, values: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 2, 1);
        encoder.set_color(color);
        encoder.set_depth(depth);
        encoder.write_header().unwrap().write_image_data(values).unwrap();
        bytes
    }

    #[test]
    fn gray_and_opaque_pictures_become_rgb() {
        let found = |color, depth, values: &[u8]| decode(&encoded(color, depth, values)).unwrap().pixels;
        assert_eq!(found(ColorType::Grayscale, BitDepth::Eight, &[3, 9]), [3, 3, 3, 9, 9, 9]);
        assert_eq!(found(ColorType::Grayscale, BitDepth::One, &[0b0100_0000]), [0, 0, 0, 255, 255, 255]);
        assert_eq!(found(ColorType::Rgba, BitDepth::Eight, &[1, 2, 3, 255, 4, 5, 6, 255]), [1, 2, 3, 4, 5, 6]);
        assert_eq!(found(ColorType::GrayscaleAlpha, BitDepth::Eight, &[7, 255, 8, 255]), [7, 7, 7, 8, 8, 8]);
    }

    #[test]
    fn other_files_are_refused_with_the_reason() {
        let refused = |bytes: &[u8], reason: &str| {
            let error = decode(bytes).unwrap_err();
            assert!(error.contains(reason), "{error}");
        };
        refused(b"GIF89a", "not a complete PNG");
        refused(&encoded(ColorType::Grayscale, BitDepth::Sixteen, &[0; 4]), "16 bits");
        refused(&encoded(ColorType::Rgba, BitDepth::Eight, &[0; 8]), "transparent");
        let whole = encoded(ColorType::Grayscale, BitDepth::Eight, &[3, 9]);
        refused(&whole[..whole.len() - 20], "not a complete PNG");
        let mut huge = whole;
        huge[16..24].fill(0x7f);
        refused(&huge, "");
    }
}
