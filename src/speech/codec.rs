//! The codec: samples to a file's bytes and back.

use super::bands::Bands;
use super::coder::{Damaged, Reader, Writer};
use super::mdct::Mdct;
use super::magnitudes::{COST_UNIT, Magnitudes};
use super::model::Model;
use super::rate::{Frame, steps};
use super::settings::CodecSettings;
use super::steps::{StepModels, decibel};
use super::stream::{HEADER, Header, StreamError};
use crate::quantizer::{Search, assigner, encode};

/// Samples a second.
pub const RATE: u32 = 16_000;

/// Signals to envelopes: the part of the codec that comes before the quantizer.
pub struct Analysis {
    pub mdct: Mdct,
    pub bands: Bands,
}

impl Analysis {
    pub fn new(settings: &CodecSettings) -> Self {
        Self { mdct: Mdct::new(settings.advance), bands: Bands::new(settings.advance, settings.bands) }
    }

    /// Levels in dB, frames × D, of coefficients, frames × N.
    pub fn levels(&self, coefficients: &[f32]) -> Vec<f32> {
        let (n, d) = (self.bands.coefficients(), self.bands.count());
        let mut levels = vec![0.0; coefficients.len() / n * d];
        for (frame, levels) in coefficients.chunks_exact(n).zip(levels.chunks_exact_mut(d)) {
            self.bands.levels(frame, levels);
        }
        levels
    }
}

/// A codec for one model.
pub struct Codec<'a> {
    model: &'a Model,
    analysis: Analysis,
    magnitudes: Magnitudes,
}

/// A coded signal.
pub struct Coded {
    /// What the file holds.
    pub bytes: Vec<u8>,
    /// What a decoder gives.
    pub samples: Vec<f32>,
}

impl<'a> Codec<'a> {
    pub fn new(model: &'a Model) -> Self {
        let settings = &model.settings;
        Self { model, analysis: Analysis::new(settings), magnitudes: Magnitudes::new(settings.rounding) }
    }

    /// Codes samples at `bitrate` bit/s, all of the file's bytes counted.
    ///
    /// # Errors
    /// [`StreamError::Samples`] for none or too many, or such as are not finite.
    pub fn encode(&self, samples: &[f32], bitrate: u32) -> Result<Coded, StreamError> {
        let header = Header::of(samples, self.model)?;
        let coefficients = self.analysis.mdct.forward(samples);
        let codes = self.codes(&coefficients)?;
        let levels = self.decoded(&codes)?;
        let fixed = self.model.books.stages() as u32 * self.model.bits();
        let frames = self.frames(&coefficients, &levels, fixed);
        let bits = |samples: u64| samples * u64::from(bitrate) / u64::from(RATE);
        let budget = bits(samples.len() as u64).saturating_sub(8 * HEADER as u64);
        let reservoir = bits(u64::from(self.model.settings.reservoir) * u64::from(RATE) / 1_000);
        let steps = steps(&frames, &self.magnitudes, budget, reservoir);
        let payload = self.write(&coefficients, &codes, &frames, &steps);
        let bytes = header.with(&payload);
        let samples = self.decode(&bytes)?;
        Ok(Coded { bytes, samples })
    }

    /// Codes (frames × M) of the envelopes.
    fn codes(&self, coefficients: &[f32]) -> Result<Vec<u16>, StreamError> {
        let features = self.model.features(&self.analysis.bands, &self.analysis.levels(coefficients));
        let beam = Some((self.model.search.unwrap_or(Search::Beam), self.model.beam_width));
        let mut assign = assigner(self.model.books.method(), beam);
        encode(&self.model.books, assign.as_mut(), &features).map_err(|error| StreamError::Model(error.to_string()))
    }

    /// The decoded levels of all coefficients, frames × N, in dB.
    fn decoded(&self, codes: &[u16]) -> Result<Vec<f32>, StreamError> {
        let books = &self.model.books;
        let frames = codes.len() / books.stages();
        let mut features = vec![0.0; frames * books.dimension()];
        books.decode(codes, &mut features).map_err(|error| StreamError::Model(error.to_string()))?;
        let bands = &self.analysis.bands;
        let levels = self.model.levels(bands, &features);
        let mut all = vec![0.0; frames * bands.coefficients()];
        for (levels, out) in levels.chunks_exact(bands.count()).zip(all.chunks_exact_mut(bands.coefficients())) {
            bands.interpolate(levels, out);
        }
        Ok(all)
    }

    fn frames(&self, coefficients: &[f32], levels: &[f32], fixed: u32) -> Vec<Frame> {
        let (n, weighting) = (self.analysis.bands.coefficients(), self.model.settings.weighting as f32);
        let frames = coefficients.chunks_exact(n).zip(levels.chunks_exact(n));
        let frame = |(coefficients, levels): (&[f32], &[f32])| {
            let weighted = coefficients.iter().zip(levels).map(|(x, l)| x.abs() * libm::exp10f(-weighting * l / 20.0));
            Frame {
                weighted: weighted.collect(),
                levels: levels.iter().map(|l| (1.0 - weighting) * l).collect(),
                fixed,
            }
        };
        frames.map(frame).collect()
    }

    fn write(&self, coefficients: &[f32], codes: &[u16], frames: &[Frame], steps: &[u32]) -> Vec<u8> {
        let (mut writer, mut models) = (Writer::default(), StepModels::new());
        let n = self.analysis.bands.coefficients();
        let rows = codes.chunks_exact(self.model.books.stages()).zip(coefficients.chunks_exact(n));
        for ((codes, coefficients), (frame, step)) in rows.zip(frames.iter().zip(steps)) {
            for code in codes {
                writer.bits(u32::from(*code), self.model.bits());
            }
            writer.step(&mut models, *step);
            let decibel = decibel(*step);
            let inverse = libm::exp10f(-decibel / 20.0);
            for ((value, level), coefficient) in frame.weighted.iter().zip(&frame.levels).zip(coefficients) {
                if let Some(class) = self.magnitudes.class(level - decibel) {
                    let magnitude = self.magnitudes.quantize(value * inverse);
                    writer.magnitude(class, magnitude, *coefficient < 0.0);
                }
            }
        }
        writer.bytes()
    }

    /// The samples of a coded file.
    ///
    /// # Errors
    /// [`StreamError`]: no such file, a damaged one, one of another model.
    pub fn decode(&self, bytes: &[u8]) -> Result<Vec<f32>, StreamError> {
        let (header, payload) = Header::read(bytes, self.model)?;
        let blocks = self.analysis.mdct.blocks(header.samples as usize);
        let coefficients = self.read(payload, blocks).map_err(|Damaged| StreamError::Damaged)?;
        Ok(self.analysis.mdct.inverse(&coefficients, header.samples as usize))
    }

    fn read(&self, payload: &[u8], blocks: usize) -> Result<Vec<f32>, Damaged> {
        let (mut reader, mut models) = (Reader::new(payload), StepModels::new());
        let n = self.analysis.bands.coefficients();
        let weighting = self.model.settings.weighting as f32;
        let mut codes = vec![0u16; self.model.books.stages()];
        let mut noise = Noise(1);
        let mut coefficients = Vec::with_capacity(blocks * n);
        for _ in 0..blocks {
            for code in &mut codes {
                *code = reader.bits(self.model.bits())? as u16;
            }
            let levels = self.decoded(&codes).map_err(|_| Damaged)?;
            let decibel = decibel(reader.step(&mut models)?);
            for level in &levels {
                let step = libm::exp10f((decibel + weighting * level) / 20.0);
                let (ratio, zero) = ((1.0 - weighting) * level - decibel, self.model.settings.noise_filling as f32);
                let value = match self.magnitudes.class(ratio) {
                    // Nothing is written so far below the step.
                    None => zero * libm::exp10f(level / 20.0) * noise.sign(),
                    Some(class) => match reader.magnitude(class)? {
                        (0, _) => zero * class.zero() * step * noise.sign(),
                        (magnitude, true) => -self.magnitudes.value(class, magnitude) * step,
                        (magnitude, false) => self.magnitudes.value(class, magnitude) * step,
                    },
                };
                coefficients.push(value);
            }
        }
        Ok(coefficients)
    }

    /// Bits of a frame's envelope and, on average, of its step.
    pub fn side_bits(&self) -> u32 {
        self.model.books.stages() as u32 * self.model.bits() + 3 * COST_UNIT / COST_UNIT
    }
}

/// Signs of the noise that fills zeros (a linear congruential generator, the same in each decoder).
struct Noise(u32);

impl Noise {
    fn sign(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if self.0 >> 31 == 0 { 1.0 } else { -1.0 }
    }
}
