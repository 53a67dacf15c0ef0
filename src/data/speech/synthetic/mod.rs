//! Synthetic speech, for machines without a file of real speech: nonsense of English-like syllables, said by a source of glottal
//! pulses and noise through a cascade of formants (D. H. Klatt, *Software for a cascade/parallel formant synthesizer*, JASA
//! 1980), every utterance by another speaker in another room.

mod phones;
mod render;
mod room;
mod score;
mod voice;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Part, SYNTHETIC, Utterance};
use crate::data::stream::{normal, stream};
use score::Score;
use voice::Voice;

/// The utterance of this number, counted from 0; it hangs on part, seed and number alone. Rounded to 16 bits, as files are.
pub fn utterance(part: Part, seed: u64, number: u64) -> Utterance {
    let mut rng = stream(&format!("{SYNTHETIC}/{seed}/{part}/{number}"));
    let voice = Voice::draw(&mut rng);
    let score = Score::draw(&voice, &mut rng);
    let dry = render::render(&voice, &score, &mut rng);
    let samples = room::record(&voice, &dry, &mut rng);
    // The parts have no speaker in common.
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

fn decibels(level: f64) -> f64 {
    10_f64.powf(level / 20.0)
}
