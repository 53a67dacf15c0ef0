//! PNG images, cut into tiles.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use png::{ColorType, Decoder, DecodingError, Transformations};
use rayon::prelude::*;

use super::{BYTES, CHANNELS, Part, SIDE};
use crate::data::error::DataError;
use crate::data::file::FileError;
use crate::data::stream::{shuffle, stream};
use crate::data::threads::on_all_cores;

/// The maximum number of pixels, a square of 8192 pixels. It keeps a damaged header from requesting all memory.
const MOST_PIXELS: u64 = 1 << 26;

/// The number of tiles in a picture, from its header.
///
/// # Errors
/// [`DataError::Item`] for a file that is not a PNG image, is smaller than a tile, or is larger than
/// [`MOST_PIXELS`].
pub fn count(path: &Path) -> Result<u64, DataError> {
    let refused = |reason: String| Err(DataError::Item { path: path.into(), reason });
    let mut decoder = decoder(path)?;
    let info = decoder.read_header_info().map_err(|error| damaged(path, error))?;
    let (width, height) = (u64::from(info.width), u64::from(info.height));
    if width * height > MOST_PIXELS {
        return refused(format!("it has {width} × {height} pixels, more than {MOST_PIXELS}; cut it into smaller ones"));
    }
    let tiles = (width / SIDE as u64) * (height / SIDE as u64);
    if tiles == 0 {
        return refused(format!("it has {width} × {height} pixels, required: {SIDE} × {SIDE} or more; remove it"));
    }
    Ok(tiles)
}

/// Reads the first tiles of the mixture of all pictures of a part, until `out` (n × 32 × 32 × 3) is full. The order of
/// the tiles depends only on the part and its number of tiles. Pictures without a wanted tile are not decoded.
///
/// # Errors
/// The errors of [`count`]; [`DataError::Item`] for a damaged picture.
pub fn read(part: Part, paths: &[PathBuf], out: &mut [u8]) -> Result<(), DataError> {
    let mut first = Vec::with_capacity(paths.len());
    let mut all = 0;
    for path in paths {
        first.push(all);
        all += count(path)? as usize;
    }
    let mut order: Vec<usize> = (0..all).collect();
    shuffle(&mut order, &mut stream(&format!("image-tiles/{part}")));
    // The wanted tiles of each picture, with their destinations.
    let mut wanted: Vec<Vec<(usize, &mut [u8])>> = paths.iter().map(|_| Vec::new()).collect();
    for (tile, out) in order.into_iter().zip(out.chunks_exact_mut(BYTES)) {
        let picture = first.partition_point(|first| *first <= tile) - 1;
        wanted[picture].push((tile - first[picture], out));
    }
    let work = paths.iter().zip(wanted).filter(|(_, wanted)| !wanted.is_empty()).collect::<Vec<_>>();
    let doing = "reading PNG images";
    let cut = || work.into_par_iter().map(|(path, wanted)| cut(path, wanted)).collect::<Vec<_>>();
    let results = on_all_cores(doing, cut)?;
    // The first error in the order of the files, whichever occurred first.
    results.into_iter().collect()
}

/// Cuts some tiles (counted row by row) out of a picture.
fn cut(path: &Path, wanted: Vec<(usize, &mut [u8])>) -> Result<(), DataError> {
    let refused = |reason: &str| DataError::Item { path: path.into(), reason: reason.into() };
    let tiles = count(path)? as usize;
    let mut decoder = decoder(path)?;
    // Palettes become colors, transparent colors become alpha, each value one byte.
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(|error| damaged(path, error))?;
    let mut values = Vec::new();
    let n = reader.output_buffer_size();
    values.try_reserve_exact(n).map_err(|_| refused("not enough memory for it; cut it into smaller ones"))?;
    values.resize(n, 0);
    let frame = reader.next_frame(&mut values).map_err(|error| damaged(path, error))?;
    // The rest of the file has checksums, too.
    reader.finish().map_err(|error| damaged(path, error))?;
    let (width, height) = (frame.width as usize, frame.height as usize);
    let across = width / SIDE;
    if across * (height / SIDE) != tiles {
        return Err(refused("its first frame has another size; remove it"));
    }
    let samples = frame.color_type.samples();
    for (tile, out) in wanted {
        let (x, y) = (tile % across * SIDE, tile / across * SIDE);
        for (row, out) in out.chunks_exact_mut(SIDE * CHANNELS).enumerate() {
            let pixels = &values[(y + row) * frame.line_size + x * samples..][..SIDE * samples];
            let (out, _) = out.as_chunks_mut::<CHANNELS>();
            out.iter_mut()
                .zip(pixels.chunks_exact(samples))
                .for_each(|(out, pixel)| *out = rgb(frame.color_type, pixel));
        }
    }
    Ok(())
}

/// Converts a pixel of any kind to RGB, over white where it is transparent.
fn rgb(kind: ColorType, pixel: &[u8]) -> [u8; CHANNELS] {
    // Rounded.
    let over = |value: u8, alpha: u8| {
        let (value, alpha) = (u32::from(value), u32::from(alpha));
        ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    match (kind, pixel) {
        (ColorType::Rgb, &[r, g, b]) => [r, g, b],
        (ColorType::Rgba, &[r, g, b, alpha]) => [r, g, b].map(|value| over(value, alpha)),
        (ColorType::GrayscaleAlpha, &[gray, alpha]) => [over(gray, alpha); CHANNELS],
        // Gray. Palettes have already become colors.
        _ => [pixel[0]; CHANNELS],
    }
}

fn decoder(path: &Path) -> Result<Decoder<BufReader<File>>, DataError> {
    let read = |source| FileError::Read { path: path.into(), source };
    // Opening a pipe would block.
    if !std::fs::metadata(path).map_err(read)?.is_file() {
        return Err(FileError::Kind { path: path.into(), reason: "it is not a regular file".into() }.into());
    }
    let mut decoder = Decoder::new(BufReader::with_capacity(1 << 16, File::open(path).map_err(read)?));
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    Ok(decoder)
}

fn damaged(path: &Path, error: DecodingError) -> DataError {
    match error {
        DecodingError::IoError(source) if source.kind() != std::io::ErrorKind::UnexpectedEof => {
            FileError::Read { path: path.into(), source }.into()
        }
        error => {
            let reason = format!("not a complete PNG image ({}); replace or remove it", crate::picture::fault(&error));
            DataError::Item { path: path.into(), reason }
        }
    }
}
