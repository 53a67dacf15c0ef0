//! Pictures as files: reads and writes PNG, and makes strips of small pictures side by side, which cells keep for the
//! figures.

mod png;

use std::path::Path;

use crate::data::images::ImageData;

pub(crate) use png::fault;
pub use png::{PictureError, decode, encode, read};

/// Values of a pixel: red, green, blue.
pub const CHANNELS: usize = 3;

/// Pictures in a strip that a cell keeps.
pub const STRIP_PICTURES: u64 = 16;

/// An 8-bit RGB picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    /// height × width × 3, row by row, RGB interleaved.
    pub pixels: Vec<u8>,
}

impl Picture {
    /// Joins square pictures, n × side × side × 3, side by side to one picture of side × (n · side) pixels. None if
    /// there are no pictures or if they are incomplete.
    pub fn side_by_side(images: &[u8], side: usize) -> Option<Self> {
        let line = CHANNELS * side;
        let values = line * side;
        if values == 0 || images.is_empty() || !images.len().is_multiple_of(values) {
            return None;
        }
        let count = images.len() / values;
        let of_image = |image: usize, row: usize| &images[image * values + row * line..][..line];
        let rows = (0..side).flat_map(|row| (0..count).flat_map(move |image| of_image(image, row)));
        Some(Self { width: count * side, height: side, pixels: rows.copied().collect() })
    }
}

/// Writes square pictures (n × side × side × 3, 8-bit RGB) side by side as a PNG file, as a whole or not at all.
///
/// # Errors
/// [`PictureError`]: incomplete pictures; errors of the file system.
pub fn strip(images: &[u8], side: usize, path: &Path) -> Result<(), PictureError> {
    let picture = Picture::side_by_side(images, side).ok_or(PictureError::Strip { values: images.len(), side })?;
    let bytes = encode(&picture)?;
    crate::temporary::replace(path, &bytes).map_err(|source| PictureError::Write { path: path.into(), source })
}

/// The file name of the strip of the originals, the first test images. If there are fewer than [`STRIP_PICTURES`] test
/// images, the name has their number, because synthetic images depend on the seed alone, for any number.
pub fn originals_name(data: &ImageData) -> String {
    let which = match (&data.digest, data.seed) {
        (Some(digest), _) => format!("-{digest}"),
        (None, Some(seed)) => format!("-seed-{seed}"),
        (None, None) => String::new(),
    };
    let short = if data.test < STRIP_PICTURES { format!("-first-{}", data.test) } else { String::new() };
    format!("originals{which}{short}.png")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_has_its_pictures_side_by_side() {
        let images: Vec<u8> = (0..36).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pictures/strip.png");
        strip(&images, 2, &path).unwrap();
        let found = read(&path).unwrap();
        assert_eq!((found.width, found.height), (6, 2));
        let expected =
            [&images[0..6], &images[12..18], &images[24..30], &images[6..12], &images[18..24], &images[30..]];
        assert_eq!(found.pixels, expected.concat());
    }

    #[test]
    fn strips_are_of_whole_pictures() {
        for (values, side) in [(0, 2), (13, 2), (12, 0)] {
            assert!(strip(&vec![0; values], side, Path::new("x.png")).unwrap_err().to_string().contains("whole"));
        }
    }

    #[test]
    fn originals_are_named_by_what_they_hang_on() {
        let mut data = ImageData::synthetic(100, 50, 3);
        assert_eq!(originals_name(&data), "originals-seed-3.png");
        data.test = 8;
        assert_eq!(originals_name(&data), "originals-seed-3-first-8.png");
        data = ImageData { digest: Some("0a1b".into()), seed: None, test: 50, ..data };
        assert_eq!(originals_name(&data), "originals-0a1b.png");
    }
}
