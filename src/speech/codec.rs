//! The codec: from samples to the bytes of a file and back.

use super::bands::Bands;
use super::coder::{Damaged, Reader, Writer};
use super::magnitudes::{Class, Magnitudes};
use super::mdct::Mdct;
use super::model::Model;
use super::rate::{Choice, Frame, choices};
use super::settings::{CodecSettings, RATE};
use super::steps::{StepModels, decibel};
use super::stream::{HEADER, Header, StreamError, check_rate};
use crate::quantizer::{assigner, encode};

/// Converts signals to envelopes: the part of the codec before the quantizer.
pub struct Analysis {
    pub mdct: Mdct,
    pub bands: Bands,
}

impl Analysis {
    pub fn new(settings: &CodecSettings) -> Self {
        Self { mdct: Mdct::new(settings.advance), bands: Bands::new(settings.advance, settings.bands) }
    }

    /// Levels in dB, frames × D, from coefficients, frames × N.
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
    /// The content of the file.
    pub bytes: Vec<u8>,
    /// The encoder's reconstruction. The decoder's samples are bit-identical to it.
    pub samples: Vec<f32>,
}

impl<'a> Codec<'a> {
    pub fn new(model: &'a Model) -> Self {
        let settings = &model.settings;
        Self { model, analysis: Analysis::new(settings), magnitudes: Magnitudes::new(settings.rounding) }
    }

    /// Codes samples at `bitrate` bit/s, counting all bytes of the file. The file exceeds the bitrate by at most 1 %
    /// and 64 bytes. For this, a signal that is too loud for the coarsest step loses high frequencies.
    ///
    /// # Errors
    /// [`StreamError::Samples`] for no samples, too many, or samples that are not finite; [`StreamError::Rate`] if
    /// envelopes and zeros alone take more bits.
    pub fn encode(&self, samples: &[f32], bitrate: u32) -> Result<Coded, StreamError> {
        let header = Header::of(samples, self.model)?;
        let coefficients = self.analysis.mdct.forward(samples);
        let codes = self.codes(&coefficients)?;
        let levels = self.decoded(&codes)?;
        let frames = self.frames(&coefficients, &levels);
        let bits = |samples: u64| samples * u64::from(bitrate) / u64::from(RATE);
        let budget = bits(samples.len() as u64).saturating_sub(8 * HEADER as u64);
        let reservoir = bits(u64::from(self.model.settings.reservoir) * u64::from(RATE) / 1_000);
        let choices = choices(&frames, &self.magnitudes, budget, reservoir);
        let n = self.analysis.bands.coefficients();
        let (mut writer, mut models) = (Writer::default(), StepModels::new());
        let (mut noise, mut decoded) = (Noise(1), Vec::with_capacity(coefficients.len()));
        let rows = codes.chunks_exact(self.model.books.stages()).zip(coefficients.chunks_exact(n));
        for (((codes, coefficients), levels), (frame, choice)) in
            rows.zip(levels.chunks_exact(n)).zip(frames.iter().zip(&choices))
        {
            for code in codes {
                writer.bits(u32::from(*code), self.model.bits());
            }
            let step = choice.step;
            writer.step(&mut models, step);
            let whole = self.quantized(frame, coefficients, *choice);
            for (class, value) in self.classes(levels, step).zip(&whole) {
                if let Some(class) = class {
                    writer.magnitude(class, value.unsigned_abs(), *value < 0);
                }
            }
            self.dequantize(levels, step, &whole, &mut noise, &mut decoded);
        }
        let bytes = header.with(&writer.bytes());
        check_rate(bytes.len(), samples.len(), bitrate)?;
        Ok(Coded { bytes, samples: self.analysis.mdct.inverse(&decoded, samples.len()) })
    }

    /// Codes (frames × M) of the envelopes.
    fn codes(&self, coefficients: &[f32]) -> Result<Vec<u16>, StreamError> {
        let features = self.model.features(&self.analysis.bands, &self.analysis.levels(coefficients));
        let mut assign = assigner(self.model.books.method(), self.model.beam());
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

    /// Frames for the rate loop.
    fn frames(&self, coefficients: &[f32], levels: &[f32]) -> Vec<Frame> {
        let (n, weighting) = (self.analysis.bands.coefficients(), self.weighting());
        let fixed = self.model.books.stages() as u32 * self.model.bits();
        let frame = |(coefficients, levels): (&[f32], &[f32])| {
            let weighted = coefficients.iter().zip(levels).map(|(x, l)| x.abs() * libm::exp10f(-weighting * l / 20.0));
            let levels = levels.iter().map(|level| (1.0 - weighting) * level);
            Frame { weighted: weighted.collect(), levels: levels.collect(), fixed }
        };
        coefficients.chunks_exact(n).zip(levels.chunks_exact(n)).map(frame).collect()
    }

    /// γ.
    fn weighting(&self) -> f32 {
        self.model.settings.weighting as f32
    }

    /// The class of each coefficient. `None` if nothing is written.
    fn classes(&self, levels: &[f32], step: u32) -> impl Iterator<Item = Option<&Class>> {
        let (weighting, decibel) = (self.weighting(), decibel(step));
        levels.iter().map(move |level| self.magnitudes.class((1.0 - weighting) * level - decibel))
    }

    /// The quantized coefficients, with their signs.
    fn quantized(&self, frame: &Frame, coefficients: &[f32], choice: Choice) -> Vec<i32> {
        let inverse = libm::exp10f(-decibel(choice.step) / 20.0);
        let whole = |(value, coefficient): (&f32, &f32)| {
            let magnitude = self.magnitudes.quantize(value * inverse) as i32;
            if *coefficient < 0.0 { -magnitude } else { magnitude }
        };
        let mut all: Vec<i32> = frame.weighted.iter().zip(coefficients).map(whole).collect();
        all[choice.kept..].fill(0);
        all
    }

    /// Reconstructs the coefficients for encoder and decoder. A coefficient that is 0 or not written becomes noise.
    fn dequantize(&self, levels: &[f32], step: u32, whole: &[i32], noise: &mut Noise, out: &mut Vec<f32>) {
        let (weighting, decibel) = (self.weighting(), decibel(step));
        let filling = self.model.settings.noise_filling as f32;
        for ((class, level), whole) in self.classes(levels, step).zip(levels).zip(whole) {
            out.push(match class {
                None => filling * libm::exp10f(level / 20.0) * noise.sign(),
                Some(class) => {
                    let step = libm::exp10f((decibel + weighting * level) / 20.0);
                    match whole {
                        0 => filling * class.zero() * step * noise.sign(),
                        _ => self.magnitudes.value(class, whole.unsigned_abs()) * step * whole.signum() as f32,
                    }
                }
            });
        }
    }

    /// The samples of a coded file.
    ///
    /// # Errors
    /// [`StreamError`]: not a coded file, a damaged file, a file of another model.
    pub fn decode(&self, bytes: &[u8]) -> Result<Vec<f32>, StreamError> {
        let (header, payload) = Header::read(bytes, self.model)?;
        let blocks = self.analysis.mdct.blocks(header.samples as usize);
        let coefficients = self.read(payload, blocks).map_err(|Damaged| StreamError::Damaged)?;
        Ok(self.analysis.mdct.inverse(&coefficients, header.samples as usize))
    }

    fn read(&self, payload: &[u8], blocks: usize) -> Result<Vec<f32>, Damaged> {
        let (mut reader, mut models) = (Reader::new(payload), StepModels::new());
        let (mut noise, mut coefficients) = (Noise(1), Vec::new());
        let mut codes = vec![0u16; self.model.books.stages()];
        for _ in 0..blocks {
            for code in &mut codes {
                *code = reader.bits(self.model.bits())? as u16;
            }
            let levels = self.decoded(&codes).map_err(|_| Damaged)?;
            let step = reader.step(&mut models)?;
            let signed = |class: Option<&Class>| match class {
                Some(class) => reader.magnitude(class),
                None => Ok(0),
            };
            let whole = self.classes(&levels, step).map(signed).collect::<Result<Vec<i32>, _>>()?;
            self.dequantize(&levels, step, &whole, &mut noise, &mut coefficients);
        }
        Ok(coefficients)
    }
}

/// Signs of the noise that replaces zeros (a linear congruential generator, the same in every decoder).
struct Noise(u32);

impl Noise {
    fn sign(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if self.0 >> 31 == 0 { 1.0 } else { -1.0 }
    }
}
