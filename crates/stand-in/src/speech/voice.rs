//! Speakers and their recording conditions.

use rand_chacha::ChaCha8Rng;

use super::{around, between, unit};

/// The common properties of the sounds of a speaker.
#[derive(Debug)]
pub struct Voice {
    /// Formants relative to those of a man.
    pub formants: f64,
    /// Mean fundamental frequency, Hz, and the strength of its changes.
    pub pitch: f64,
    pub melody: f64,
    /// Durations relative to the usual ones.
    pub slowness: f64,
    /// Share of a period in which the glottis is open.
    pub open: f64,
    /// Half-power frequency of the low-pass that softens the closure, Hz.
    pub softness: f64,
    /// Level of breath noise relative to the voice, dB.
    pub breath: f64,
    /// Level of frication, dB.
    pub hiss: f64,
    /// Deviation of a period and of its amplitude, as a share.
    pub jitter: f64,
    pub shimmer: f64,
    /// Bandwidths relative to the usual ones.
    pub damping: f64,
    /// Formants above the third, Hz.
    pub upper: [f64; 5],
    /// Gain of the microphone above about 1 kHz, as a factor.
    pub presence: f64,
    /// Frequencies that the microphone changes, Hz, and the factors.
    pub color: [[f64; 2]; 4],
    /// Pace of the microphone's low-pass; 1 = no low-pass.
    pub dullness: f64,
    /// Level of the echoes, dB, and the seconds until they have fallen by 60 dB.
    pub echo: f64,
    pub decay: f64,
    /// Level of the speech, dB of full scale, and of the noise below it.
    pub level: f64,
    pub noise: f64,
}

impl Voice {
    pub fn draw(rng: &mut ChaCha8Rng) -> Self {
        let kind = unit(rng);
        // Men, women and a few children.
        let (formants, pitch, open, softness) = match kind {
            k if k < 0.48 => (around(rng, 1.0, 0.04), around(rng, 115.0, 16.0), 0.70, 4600.0),
            k if k < 0.94 => (around(rng, 1.15, 0.04), around(rng, 200.0, 22.0), 0.78, 4200.0),
            _ => (around(rng, 1.27, 0.04), around(rng, 255.0, 20.0), 0.78, 4200.0),
        };
        let upper = [3500.0, 4400.0, 5400.0, 6400.0, 7400.0].map(|f: f64| formants * (f + around(rng, 0.0, 90.0)));
        Self {
            formants,
            pitch: pitch.max(75.0),
            melody: between(rng, 0.7, 1.9),
            slowness: between(rng, 0.85, 1.35),
            open: open + between(rng, -0.1, 0.12),
            softness: softness * between(rng, 0.6, 1.6),
            breath: between(rng, -36.0, -16.0),
            hiss: between(rng, -6.0, 2.0),
            jitter: between(rng, 0.004, 0.014),
            shimmer: between(rng, 0.02, 0.06),
            damping: between(rng, 0.9, 1.5),
            upper,
            presence: between(rng, -0.4, 1.8),
            color: [150.0, 600.0, 2000.0, 5000.0]
                .map(|f| [f * around(rng, 0.0, 0.35).exp(), (around(rng, 0.0, 0.5)).exp()]),
            dullness: between(rng, 0.6, 1.0),
            echo: between(rng, -24.0, -12.0),
            decay: between(rng, 0.2, 0.5),
            level: around(rng, -25.0, 2.0),
            noise: between(rng, -72.0, -36.0),
        }
    }
}
