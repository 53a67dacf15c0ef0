//! Opened images.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::folder::{Layout, digest};
use super::{BYTES, ImageData, ImageError, Part, synthetic};
use crate::data::threads::on_all_cores;

/// Sets that are in use in this process, with their identities.
static OPENED: Mutex<Vec<(String, Weak<Images>)>> = Mutex::new(Vec::new());

/// An opened set. All pixels are in memory, one byte per value: n × 32 × 32 × 3, row by row, interleaved RGB.
#[derive(Debug)]
pub struct Images {
    data: ImageData,
    pixels: Pixels,
}

/// The pixels of the parts, in the order of [`Part::ALL`].
#[derive(Debug)]
pub struct Pixels([Vec<u8>; 2]);

impl Images {
    /// Reads files, or makes synthetic images on all cores. Callers in one process share the pixels of the same data
    /// while one of them holds them.
    ///
    /// # Errors
    /// The errors of [`ImageData::folder`]; [`ImageError::Settings`] if settings and files disagree, for instance
    /// because the files have changed.
    pub fn open(data: &ImageData) -> Result<Arc<Self>, ImageError> {
        let identity = serde_json::json!([data, data.path]).to_string();
        // A panic elsewhere can't damage the list.
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        opened.retain(|(_, images)| images.strong_count() > 0);
        let found = opened.iter().find(|(name, _)| *name == identity);
        if let Some(images) = found.and_then(|(_, images)| images.upgrade()) {
            return Ok(images);
        }
        let images = Arc::new(Self { data: data.clone(), pixels: Pixels::new(data)? });
        opened.push((identity, Arc::downgrade(&images)));
        Ok(images)
    }

    pub fn data(&self) -> &ImageData {
        &self.data
    }

    /// Training images, n × 32 × 32 × 3.
    pub fn training(&self) -> &[u8] {
        self.pixels.part(Part::Training)
    }

    /// Test images, which no training sees, n × 32 × 32 × 3.
    pub fn test(&self) -> &[u8] {
        self.pixels.part(Part::Test)
    }
}

impl Pixels {
    fn new(data: &ImageData) -> Result<Self, ImageError> {
        data.check_counts()?;
        match (&data.path, data.seed) {
            (Some(path), None) => Self::files(data, path),
            (None, Some(seed)) => Self::made(data, seed),
            (None, None) => Err(ImageError::Settings(format!("{}: the settings give no folder", data.name))),
            (Some(path), Some(_)) => {
                let reason = format!("{}: files have no seed; give either a folder or a seed", path.display());
                Err(ImageError::Settings(reason))
            }
        }
    }

    fn files(data: &ImageData, path: &Path) -> Result<Self, ImageError> {
        let layout = Layout::find(path)?;
        for (part, most) in Part::ALL.into_iter().zip(layout.counts()?) {
            let asked = data.count(part);
            if asked > most {
                return Err(ImageError::Count { part, asked, most });
            }
        }
        let pixels = Self::read(data, &layout)?;
        if data.digest.as_ref().is_some_and(|expected| *expected != digest(&pixels)) {
            let reason =
                format!("{}: the images have changed and don't match the settings; start again", path.display());
            return Err(ImageError::Settings(reason));
        }
        Ok(pixels)
    }

    /// Reads the number of images that `data` gives. The files must hold that many.
    pub(super) fn read(data: &ImageData, layout: &Layout) -> Result<Self, ImageError> {
        let mut pixels = Self::room(data)?;
        for part in Part::ALL {
            layout.read(part, &mut pixels.0[part as usize])?;
        }
        Ok(pixels)
    }

    fn made(data: &ImageData, seed: u64) -> Result<Self, ImageError> {
        let mut pixels = Self::room(data)?;
        for part in Part::ALL {
            let out = &mut pixels.0[part as usize];
            let doing = "making images";
            on_all_cores(|| synthetic::fill(part, seed, 0, out))
                .map_err(|reason| ImageError::Threads { doing, reason })?;
        }
        Ok(pixels)
    }

    /// Allocates black images.
    fn room(data: &ImageData) -> Result<Self, ImageError> {
        let mut parts = [Vec::new(), Vec::new()];
        for (part, values) in Part::ALL.into_iter().zip(&mut parts) {
            // At most 2^24 images of 3 KiB: the number fits into usize, but the memory may be too small.
            let n = data.count(part) as usize * BYTES;
            values.try_reserve_exact(n).map_err(|_| {
                ImageError::Settings(format!("not enough memory for {} MiB of {part} images; use fewer", n >> 20))
            })?;
            values.resize(n, 0);
        }
        Ok(Self(parts))
    }

    pub fn part(&self, part: Part) -> &[u8] {
        &self.0[part as usize]
    }
}
