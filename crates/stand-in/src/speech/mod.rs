//! Synthetic speech, for machines without recordings: nonsense of English-like syllables. Glottal pulses and noise pass
//! through a cascade of formants that move like muscles (D. H. Klatt, *Software for a cascade/parallel formant
//! synthesizer*, JASA 1980). Every utterance has another speaker, another room and another microphone. The constants
//! were tuned with the table below, which the ignored test `data::speech::statistics::table` of vqlab prints. It
//! compares 60 synthetic training utterances (seed 1, 304 s) and 84 utterances of LibriSpeech's train-clean-100 (V.
//! Panayotov and others, ICASSP 2015), one per speaker, 1,191 s. Every utterance is scaled to a mean power of 1, and
//! levels in 20 mel bands up to 8 kHz are taken every 30 ms, in dB. Lists begin with the lowest bands.
//!
//! | | ours | LibriSpeech |
//! |---|---|---|
//! | level before, of full scale | −26.4 | −25.7 |
//! | mean power, bands in tens of two | −16.8, −14.1, −13.4, −17.0, −23.2, −24.7, −26.9, −28.8, −33.9, −33.7 | −14.5, −12.2, −14.5, −20.3, −23.0, −25.8, −28.1, −30.4, −31.4, −34.2 |
//! | mean level, bands in fours of five | −34.1, −41.5, −46.1, −54.3 | −30.9, −41.2, −45.8, −55.4 |
//! | standard deviation of the level | 17.5, 18.6, 18.0, 16.8 | 19.3, 17.9, 17.2, 17.1 |
//! | correlation of levels 1 / 2 / 6 bands apart | .918 / .882 / .733 | .907 / .854 / .694 |
//! | 1 / 2 / 6 frames apart | .893 / .737 / .368 | .871 / .699 / .415 |
//! | share of the variance that is between utterances | .100 | .108 |
//! | in the first 1 / 3 / 6 / 10 principal components of the 20 levels | .749 / .907 / .960 / .986 | .703 / .882 / .944 / .974 |
//! | share of frames 20 dB or more below the mean power: pauses, closures | .269 | .233 |
//! | of the others, share of periodic ones | .815 | .724 |
//! | mean magnitude over root mean square of spectral values within bands (normal numbers: .798) | .748 | .747 |
//!
//! Words are not modeled. The speech has no meaning, its voices are cleaner and more even than those of people, and a
//! speech recognizer would notice this. Results on this data compare methods; they are not results for speech.
//!
//! An utterance takes about 15 ms on one core (AMD EPYC with AVX-512).

mod phones;
mod render;
mod room;
mod score;
mod voice;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::Part;
use score::Score;
use voice::Voice;
use vqlab_core::data::stream::{normal, stream};

/// Samples per second.
pub const RATE: u32 = 16_000;

/// The name of these sets and of their random streams.
pub const NAME: &str = "synthetic-speech";

/// One utterance of a speaker.
#[derive(Clone, Debug, PartialEq)]
pub struct Utterance {
    /// The file name without the ending.
    pub name: String,
    pub speaker: String,
    /// One channel of 16 kHz; full scale is ±1.
    pub samples: Vec<f32>,
}

/// The utterance of this number, counted from 0; it depends on part, seed and number alone. Samples are rounded to 16
/// bits, as in files.
pub fn utterance(part: Part, seed: u64, number: u64) -> Utterance {
    let mut rng = stream(&format!("{NAME}/{seed}/{part}/{number}"));
    let voice = Voice::draw(&mut rng);
    let score = Score::draw(&voice, &mut rng);
    let dry = render::render(&voice, &score, &mut rng);
    let samples = room::record(&voice, &dry, &mut rng);
    // The parts have no speaker in common; the names keep them apart in files, too.
    let folder = match part {
        Part::Training => "train",
        Part::Test => "test",
    };
    let name = format!("synthetic-{folder}-{:04}", number + 1);
    Utterance { speaker: name.clone(), name, samples }
}

/// Uniform in 0..1.
fn unit(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Uniform between two numbers.
fn between(rng: &mut ChaCha8Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * unit(rng)
}

/// A normal number.
fn around(rng: &mut ChaCha8Rng, mean: f64, deviation: f64) -> f64 {
    mean + deviation * f64::from(normal(rng))
}

/// A level in dB as a factor.
fn decibels(level: f64) -> f64 {
    10_f64.powf(level / 20.0)
}

/// A step of 16 bits; full scale is ±1.
pub const STEP: f64 = 1.0 / 32_768.0;

/// The nearest step, clipped; 0 for NaN.
pub fn to_16_bits(sample: f64) -> i16 {
    // The cast saturates.
    (sample / STEP).round() as i16
}

/// The nearest sample value of 16 bits, clipped.
pub fn rounded(sample: f64) -> f32 {
    (f64::from(to_16_bits(sample)) * STEP) as f32
}
