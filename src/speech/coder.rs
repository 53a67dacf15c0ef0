//! The arithmetic code of a file. It writes integers, magnitudes and step changes as bytes, and reads them back.

use constriction::stream::model::DefaultUniformModel as Uniform;
use constriction::stream::queue::{DefaultRangeDecoder, DefaultRangeEncoder};
use constriction::stream::{Decode, Encode};

use super::magnitudes::{Class, ESCAPE};
use super::steps::{ESCAPE_STEP, StepModels};

/// Bytes in a word of the range coder.
const WORD: usize = 4;

/// The maximum number of zero bytes omitted at the end.
pub const MOST_OMITTED: usize = 2 * WORD - 1;

/// The writer.
#[derive(Default)]
pub struct Writer(DefaultRangeEncoder);

impl Writer {
    /// Writes `bits` bits without a model, 1 to 16.
    pub fn bits(&mut self, value: u32, bits: u32) {
        // Models that cover all values can't fail, and the buffer is in memory.
        let _ = self.0.encode_symbol(value as usize, Uniform::new(1 << bits));
    }

    /// Writes a magnitude, and its sign if it is not 0.
    pub fn magnitude(&mut self, class: &Class, magnitude: u32, is_negative: bool) {
        let entry = magnitude >> class.shift;
        let _ = self.0.encode_symbol(entry.min(ESCAPE) as usize, &class.model);
        if entry >= ESCAPE {
            self.golomb(entry - ESCAPE);
        }
        if class.shift > 0 {
            self.bits(magnitude & ((1 << class.shift) - 1), class.shift);
        }
        if magnitude > 0 {
            self.bits(u32::from(is_negative), 1);
        }
    }

    /// Writes the exponential Golomb code: as many zeros as there are bits after the first one, then the bits.
    fn golomb(&mut self, number: u32) {
        let after = (number + 1).ilog2();
        for _ in 0..after {
            self.bits(0, 1);
        }
        self.bits(1, 1);
        for place in (0..after).rev() {
            self.bits((number + 1) >> place & 1, 1);
        }
    }

    /// Writes the step of a frame as the change from the previous one.
    pub fn step(&mut self, models: &mut StepModels, step: u32) {
        let symbol = models.symbol(step);
        let _ = self.0.encode_symbol(symbol.min(ESCAPE_STEP) as usize, models.model());
        if symbol >= ESCAPE_STEP {
            self.bits(step, super::steps::STEP_BITS);
        }
        models.follow(step);
    }

    pub fn bytes(self) -> Vec<u8> {
        let words = self.0.into_compressed().unwrap_or_else(|never| match never {});
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        // The reader takes bytes after the end as zeros.
        let zeros = bytes.iter().rev().take(MOST_OMITTED).take_while(|byte| **byte == 0).count();
        bytes.truncate(bytes.len() - zeros);
        bytes
    }
}

/// The code was not written by a [`Writer`].
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the arithmetic code is damaged")]
pub struct Damaged;

/// The reader.
pub struct Reader(DefaultRangeDecoder);

impl Reader {
    pub fn new(bytes: &[u8]) -> Self {
        let word = |chunk: &[u8]| {
            let mut word = [0; WORD];
            word[..chunk.len()].copy_from_slice(chunk);
            u32::from_be_bytes(word)
        };
        let words: Vec<u32> = bytes.chunks(WORD).map(word).collect();
        Self(DefaultRangeDecoder::from_compressed(words).unwrap_or_else(|never| match never {}))
    }

    pub fn bits(&mut self, bits: u32) -> Result<u32, Damaged> {
        self.0.decode_symbol(Uniform::new(1 << bits)).map(|value| value as u32).map_err(|_| Damaged)
    }

    /// Reads a magnitude with its sign.
    pub fn magnitude(&mut self, class: &Class) -> Result<i32, Damaged> {
        let mut entry = self.0.decode_symbol(&class.model).map_err(|_| Damaged)? as u32;
        if entry == ESCAPE {
            entry += self.golomb()?;
        }
        let low = if class.shift > 0 { self.bits(class.shift)? } else { 0 };
        let magnitude = entry.checked_mul(1 << class.shift).ok_or(Damaged)? | low;
        let magnitude = i32::try_from(magnitude).map_err(|_| Damaged)?;
        Ok(if magnitude > 0 && self.bits(1)? == 1 { -magnitude } else { magnitude })
    }

    fn golomb(&mut self) -> Result<u32, Damaged> {
        let mut after = 0;
        while self.bits(1)? == 0 {
            after += 1;
            if after > 24 {
                return Err(Damaged);
            }
        }
        let mut number = 1;
        for _ in 0..after {
            number = number << 1 | self.bits(1)?;
        }
        Ok(number - 1)
    }

    pub fn step(&mut self, models: &mut StepModels) -> Result<u32, Damaged> {
        let symbol = self.0.decode_symbol(models.model()).map_err(|_| Damaged)? as u32;
        let step = match symbol {
            ESCAPE_STEP => self.bits(super::steps::STEP_BITS)?,
            symbol => models.step(symbol).ok_or(Damaged)?,
        };
        models.follow(step);
        Ok(step)
    }
}
