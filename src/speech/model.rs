//! The data that encoder and decoder share: settings, the envelope's codebooks, and the mean of the training envelopes.

use sha2::{Digest, Sha256};

use super::bands::{Bands, FLOOR};
use super::settings::CodecSettings;
use super::stream::IDENTITY;
use crate::quantizer::{Codebooks, Search};

/// A trained codec.
#[derive(Clone, Debug)]
pub struct Model {
    pub settings: CodecSettings,
    /// Codebooks for features: levels in dB less `mean`, scaled by [`Bands::scales`].
    pub books: Codebooks,
    /// D, in dB.
    pub mean: Vec<f32>,
    /// AVQ's beam width in the encoder.
    pub beam_width: usize,
    pub search: Option<Search>,
}

impl Model {
    /// b.
    pub fn bits(&self) -> u32 {
        self.books.size().ilog2()
    }

    /// The encoder search and its beam width, for [`crate::quantizer::assigner`].
    pub fn beam(&self) -> Option<(Search, usize)> {
        Some((self.search.unwrap_or(Search::Beam), self.beam_width))
    }

    /// Features (frames × D) from levels in dB. Features are quantized, so that squared errors have the same weight in
    /// each coefficient.
    pub fn features(&self, bands: &Bands, levels: &[f32]) -> Vec<f32> {
        features(bands, &self.mean, levels)
    }

    /// Levels in dB from features.
    pub fn levels(&self, bands: &Bands, features: &[f32]) -> Vec<f32> {
        let per_band = self.mean.iter().zip(bands.scales()).cycle();
        features.iter().zip(per_band).map(|(f, (mean, scale))| (f / scale + mean).clamp(FLOOR, 0.0)).collect()
    }

    /// The first bytes of the digest of everything that decides how a file is read.
    pub fn identity(&self) -> [u8; IDENTITY] {
        let mut digest = Sha256::new();
        digest.update(
            serde_json::json!([self.settings, self.books.method(), self.books.stages(), self.books.size()]).to_string(),
        );
        let values = self.books.values().iter().chain(&self.mean);
        let rotation = self.books.rotation().map(|rotation| rotation.matrix()).unwrap_or_default();
        for value in values.chain(rotation) {
            digest.update(value.to_le_bytes());
        }
        let mut identity = [0; IDENTITY];
        identity.copy_from_slice(&digest.finalize()[..IDENTITY]);
        identity
    }
}

/// See [`Model::features`].
pub fn features(bands: &Bands, mean: &[f32], levels: &[f32]) -> Vec<f32> {
    let per_band = mean.iter().zip(bands.scales()).cycle();
    levels.iter().zip(per_band).map(|(level, (mean, scale))| (level - mean) * scale).collect()
}

/// The mean of levels (frames × D) over the frames.
pub fn mean_levels(levels: &[f32], bands: usize) -> Vec<f32> {
    let frames = (levels.len() / bands).max(1) as f64;
    let sum = |band: usize| levels.iter().skip(band).step_by(bands).map(|l| f64::from(*l)).sum::<f64>();
    (0..bands).map(|band| (sum(band) / frames) as f32).collect()
}
