//! From the lips to the file: a room, a microphone, noise, and the level.

use rand_chacha::ChaCha8Rng;

use super::super::audio::rounded;
use super::voice::Voice;
use super::{around, between, decibels};

/// Samples of the frames of which the loud ones are speech, and how far below the loudest they may be, dB.
const FRAME: usize = 320;
const ACTIVE: f64 = 35.0;

/// The mean power of active speech.
fn active(samples: &[f64]) -> f64 {
    let powers: Vec<f64> =
        samples.chunks(FRAME).map(|frame| frame.iter().map(|v| v * v).sum::<f64>() / frame.len() as f64).collect();
    let most = powers.iter().copied().fold(0.0, f64::max);
    let least = most * 10_f64.powf(-ACTIVE / 10.0);
    let loud: Vec<f64> = powers.into_iter().filter(|power| *power >= least).collect();
    loud.iter().sum::<f64>() / loud.len().max(1) as f64
}

pub fn record(voice: &Voice, dry: &[f64], rng: &mut ChaCha8Rng) -> Vec<f32> {
    let mut sound = dry.to_vec();
    // A microphone has no 0 Hz.
    let pace = 0.025;
    let (mut low, mut lower) = (0.0, 0.0);
    for value in &mut sound {
        low += pace * (*value - low);
        let high = *value - low;
        lower += pace * (high - lower);
        *value = high - lower;
    }
    // Walls.
    let reflections: Vec<(usize, f64)> = (0..10)
        .map(|_| {
            let ms = between(rng, 3.0, 60.0);
            ((16.0 * ms) as usize, around(rng, 0.0, 0.12) * (-ms / 30.0).exp())
        })
        .collect();
    let wet: Vec<f64> = (0..sound.len())
        .map(|i| sound[i] + reflections.iter().filter(|(d, _)| *d <= i).map(|(d, g)| g * sound[i - d]).sum::<f64>())
        .collect();
    let gain = decibels(voice.level) / active(&wet).sqrt().max(1e-9);
    let noise = decibels(voice.level + voice.noise);
    let mut slow = 0.0;
    wet.iter()
        .map(|value| {
            // Half of the power below 500 Hz or so.
            let white = around(rng, 0.0, 1.0);
            slow += 0.15 * (white - slow);
            rounded(gain * value + noise * (0.6 * white + 2.2 * slow))
        })
        .collect()
}
