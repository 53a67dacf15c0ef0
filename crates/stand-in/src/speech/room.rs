//! From the lips to the file: a room, a microphone, noise, and the level.

use rand_chacha::ChaCha8Rng;

use super::rounded;
use super::voice::Voice;
use super::{around, decibels, unit};

/// Samples of a frame, and how far below the loudest frame the frames of active speech may be, dB.
const FRAME: usize = 320;
const ACTIVE: f64 = 35.0;

/// The largest sample.
const LOUDEST: f64 = 0.95;

/// Samples between the echoes of the combs (M. R. Schroeder, *Natural sounding artificial reverberation*, 1962), and of
/// the all-passes that scatter them.
const COMBS: [usize; 4] = [463, 527, 619, 701];
const SCATTER: [usize; 3] = [37, 79, 167];

/// The mean power of active speech.
fn active(samples: &[f64]) -> f64 {
    let powers: Vec<f64> =
        samples.chunks(FRAME).map(|frame| frame.iter().map(|v| v * v).sum::<f64>() / frame.len() as f64).collect();
    let most = powers.iter().copied().fold(0.0, f64::max);
    let least = most * 10_f64.powf(-ACTIVE / 10.0);
    let loud: Vec<f64> = powers.into_iter().filter(|power| *power >= least).collect();
    loud.iter().sum::<f64>() / loud.len().max(1) as f64
}

/// A filter that scales a band of about an octave by a factor and leaves the other bands unchanged.
struct Peak {
    b: [f64; 3],
    a: [f64; 2],
    x: [f64; 2],
    y: [f64; 2],
}

impl Peak {
    fn new(frequency: f64, factor: f64) -> Self {
        let (sin, cos) = (2.0 * std::f64::consts::PI * frequency.min(6500.0) / 16_000.0).sin_cos();
        let (width, root) = (0.7 * sin, factor.sqrt());
        let norm = 1.0 + width / root;
        let b = [1.0 + width * root, -2.0 * cos, 1.0 - width * root].map(|v| v / norm);
        Self { b, a: [-2.0 * cos / norm, (1.0 - width / root) / norm], x: [0.0; 2], y: [0.0; 2] }
    }

    fn filter(&mut self, x: f64) -> f64 {
        let y = self.b[0] * x + self.b[1] * self.x[0] + self.b[2] * self.x[1]
            - self.a[0] * self.y[0]
            - self.a[1] * self.y[1];
        (self.x, self.y) = ([x, self.x[0]], [y, self.y[0]]);
        y
    }
}

/// The echoes that a room adds to a sound.
fn echoes(sound: &[f64], seconds: f64) -> Vec<f64> {
    let mut out = vec![0.0; sound.len()];
    for delay in COMBS {
        let gain = 10_f64.powf(-3.0 * delay as f64 / (16_000.0 * seconds));
        let mut line = vec![0.0; delay];
        let mut dull = 0.0;
        for (i, (out, sound)) in out.iter_mut().zip(sound).enumerate() {
            let back = line[i % delay];
            // Walls absorb more of the high frequencies.
            dull += 0.7 * (back - dull);
            line[i % delay] = sound + gain * dull;
            *out += 0.25 * back;
        }
    }
    for delay in SCATTER {
        let mut line = vec![0.0; delay];
        for (i, out) in out.iter_mut().enumerate() {
            let back = line[i % delay];
            let into = *out + 0.7 * back;
            line[i % delay] = into;
            *out = back - 0.7 * into;
        }
    }
    out
}

pub fn record(voice: &Voice, dry: &[f64], rng: &mut ChaCha8Rng) -> Vec<f32> {
    let echoes = echoes(dry, voice.decay);
    let echo = decibels(voice.echo);
    // A microphone does not transmit 0 Hz, and it has its own color.
    let (mut low, mut lower, mut middle, mut last) = (0.0, 0.0, 0.0, 0.0);
    let mut color = voice.color.map(|[frequency, factor]| Peak::new(frequency, factor));
    let sound: Vec<f64> = dry
        .iter()
        .zip(echoes)
        .map(|(direct, echoes)| {
            let value = direct + echo * echoes;
            low += 0.006 * (value - low);
            let high = value - low;
            lower += 0.006 * (high - lower);
            let sound = high - lower;
            middle += 0.35 * (sound - middle);
            let sound = sound + voice.presence * (sound - middle);
            let sound = color.iter_mut().fold(sound, |sound, peak| peak.filter(sound));
            last += voice.dullness * (sound - last);
            last
        })
        .collect();
    let most = sound.iter().fold(1e-9, |most: f64, value| most.max(value.abs()));
    let gain = (decibels(voice.level) / active(&sound).sqrt().max(1e-9)).min(LOUDEST / most);
    let noise = decibels(voice.level + voice.noise);
    let hiss = 0.6 * 10_f64.powf(-1.3 * unit(rng));
    let rumble = 40.0 * 10_f64.powf(-unit(rng));
    let (mut slow, mut slower) = (0.0, 0.0);
    sound
        .iter()
        .map(|value| {
            // Power falls above 400 Hz, and again above 60 Hz.
            let white = around(rng, 0.0, 1.0);
            slow += 0.15 * (white - slow);
            slower += 0.02 * (white - slower);
            rounded(gain * value + noise * (hiss * white + 2.0 * slow + rumble * slower))
        })
        .collect()
}
