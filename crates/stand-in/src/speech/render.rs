//! Renders a score to the sound at the lips.

use std::f64::consts::PI;

use rand_chacha::ChaCha8Rng;

use super::RATE;
use super::phones::SILENT;
use super::score::{Moment, STEP, Score};
use super::voice::Voice;
use super::{around, decibels, unit};

const FS: f64 = RATE as f64;

/// Bandwidths of the formants, Hz.
const BANDWIDTHS: [f64; 8] = [90.0, 100.0, 130.0, 180.0, 220.0, 260.0, 320.0, 400.0];

/// The upper limit of the formants.
const HIGHEST: f64 = 7800.0;

/// A resonator of two poles (Klatt 1980), of gain 1 at 0 Hz.
#[derive(Clone, Copy, Debug, Default)]
struct Resonator {
    a: f64,
    b: f64,
    c: f64,
    y: [f64; 2],
}

impl Resonator {
    fn tune(&mut self, frequency: f64, bandwidth: f64) {
        let radius = (-PI * bandwidth / FS).exp();
        self.c = -radius * radius;
        self.b = 2.0 * radius * (2.0 * PI * frequency / FS).cos();
        self.a = 1.0 - self.b - self.c;
    }

    fn filter(&mut self, x: f64) -> f64 {
        let y = self.a * x + self.b * self.y[0] + self.c * self.y[1];
        self.y = [y, self.y[0]];
        y
    }
}

/// A zero pair, the inverse of a resonator.
#[derive(Clone, Copy, Debug, Default)]
struct Antiresonator {
    a: f64,
    b: f64,
    c: f64,
    x: [f64; 2],
}

impl Antiresonator {
    fn tune(&mut self, frequency: f64, bandwidth: f64) {
        let mut poles = Resonator::default();
        poles.tune(frequency, bandwidth);
        (self.a, self.b, self.c) = (1.0 / poles.a, -poles.b / poles.a, -poles.c / poles.a);
    }

    fn filter(&mut self, x: f64) -> f64 {
        let y = self.a * x + self.b * self.x[0] + self.c * self.x[1];
        self.x = [x, self.x[0]];
        y
    }
}

/// The derivative of the glottal flow (D. H. Klatt, L. C. Klatt, JASA 1990), period by period.
struct Glottis {
    /// The elapsed share of the period, and the length of the period in samples.
    phase: f64,
    period: f64,
    gain: f64,
    /// The state of the low-pass that rounds the closure.
    soft: f64,
}

impl Glottis {
    /// The next sample, with a level of about 1, and whether the glottis is open.
    fn next(&mut self, voice: &Voice, pitch: f64, rng: &mut ChaCha8Rng) -> (f64, bool) {
        self.phase += 1.0 / self.period;
        if self.phase >= 1.0 {
            self.phase -= 1.0;
            self.period = FS / (pitch * (1.0 + around(rng, 0.0, voice.jitter))).clamp(50.0, 500.0);
            self.gain = 1.0 + around(rng, 0.0, voice.shimmer);
        }
        let t = self.phase / voice.open;
        let open = t < 1.0;
        // Flow t² − t³, its derivative; at the closure it falls from −1 to 0.
        let mut value = if open { 2.0 * t - 3.0 * t * t } else { 0.0 };
        // The step, as far as the sampling rate can represent it.
        let dt = 1.0 / self.period;
        let past = self.phase - voice.open;
        if (0.0..dt).contains(&past) {
            let x = past / dt - 1.0;
            value -= 0.5 * x * x;
        } else if (-dt..0.0).contains(&past) {
            let x = past / dt + 1.0;
            value += 0.5 * x * x;
        }
        let pace = 1.0 - (-2.0 * PI * voice.softness / FS).exp();
        self.soft += pace * (self.gain * value - self.soft);
        (self.soft, open)
    }
}

/// Noise of a constriction: a band, without the lowest frequencies.
#[derive(Default)]
struct Hiss {
    band: Resonator,
    gain: f64,
    last: [f64; 2],
}

impl Hiss {
    fn tune(&mut self, center: f64, width: f64) {
        let center = center.min(HIGHEST);
        self.band.tune(center, width);
        // Equal power for any band.
        let at = self.band.a / (1.0 - (-PI * width / FS).exp()).max(1e-3);
        self.gain = 1.0 / at.max(1e-6) * (2000.0 / width).sqrt();
    }

    fn filter(&mut self, x: f64) -> f64 {
        let y = self.gain * self.band.filter(x);
        let out = y - 0.9 * self.last[0];
        self.last = [y, out];
        out
    }
}

/// The sound of a score; its level is arbitrary.
pub fn render(voice: &Voice, score: &Score, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let mut glottis = Glottis { phase: 0.0, period: FS / voice.pitch, gain: 1.0, soft: 0.0 };
    let mut tract = [Resonator::default(); 8];
    let mut nose = Antiresonator::default();
    let mut hiss = Hiss::default();
    let rustle = decibels(voice.breath);
    let mut out = Vec::with_capacity(score.0.len() * STEP);
    let mut before = Levels::default();
    for moment in &score.0 {
        for (i, resonator) in tract.iter_mut().enumerate() {
            let frequency = if i < 3 { voice.formants * moment.formants[i] } else { voice.upper[i - 3] };
            let frequency = frequency.min(HIGHEST);
            // The mirror image above half the sampling rate would double a formant near this limit.
            let narrow = if frequency > 6800.0 { 4000.0 } else { BANDWIDTHS[i] };
            resonator.tune(frequency, narrow * voice.damping * moment.damping);
        }
        // The frequency that the nose absorbs.
        let zero = voice.formants * (900.0 + 300.0 * (1.0 - moment.nose));
        nose.tune(zero, 100.0 + 4000.0 * (1.0 - moment.nose));
        hiss.tune(moment.noise[0], moment.noise[1]);
        let levels = Levels::of(moment);
        for i in 0..STEP {
            let level = levels.after(&before, (i + 1) as f64 / STEP as f64);
            let (pulse, open) = glottis.next(voice, moment.pitch, rng);
            let breath = around(rng, 0.0, 1.0);
            let rustle = rustle * if open { 1.0 } else { 0.4 };
            let source = level.voice * (pulse + rustle * breath) + level.breath * breath;
            let mut sound = tract.iter_mut().fold(source, |x, resonator| resonator.filter(x));
            if moment.nose > 0.02 {
                sound += moment.nose * (0.5 * nose.filter(sound) - sound);
            }
            // The glottis modulates the air flow.
            let modulated = if level.voice > 0.05 && !open { 0.5 } else { 1.0 };
            let noise = level.noise * modulated * hiss.filter(unit(rng) - 0.5);
            out.push(sound + noise);
        }
        before = levels;
    }
    out
}

/// Levels as factors.
#[derive(Clone, Copy, Default)]
struct Levels {
    voice: f64,
    breath: f64,
    noise: f64,
}

impl Levels {
    fn of(moment: &Moment) -> Self {
        let factor = |level: f64| if level < SILENT + 5.0 { 0.0 } else { decibels(level) };
        Self { voice: factor(moment.voice), breath: factor(moment.breath), noise: factor(moment.noise[2]) }
    }

    /// A mix of these levels and the levels before.
    fn after(&self, before: &Self, share: f64) -> Self {
        let mix = |a: f64, b: f64| a + share * (b - a);
        Self {
            voice: mix(before.voice, self.voice),
            breath: mix(before.breath, self.breath),
            noise: mix(before.noise, self.noise),
        }
    }
}
