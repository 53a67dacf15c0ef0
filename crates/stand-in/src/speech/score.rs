//! The score: targets of the mouth, of the voice and of noise over time, smoothed to the speed of muscles.

use rand_chacha::ChaCha8Rng;

use super::phones::{CONSONANTS, DIPHTHONGS, Manner, Noise, Phone, SILENT, VOWELS};
use super::voice::Voice;
use super::{around, between, unit};

/// Samples of a step of the score: a millisecond.
pub const STEP: usize = 16;

/// Duration of an utterance without the silence at its end, ms, and the minimum duration of a phrase.
const LASTS: [f64; 2] = [4300.0, 5900.0];
const PHRASE: f64 = 700.0;

/// The approximate duration of a syllable, ms.
const SYLLABLE: f64 = 200.0;

/// The controlled quantities at one time.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// First three formants, Hz, before the speaker's scale.
    pub formants: [f64; 3],
    /// Bandwidths relative to the usual ones, and the share of the sound that passes through the nose.
    pub damping: f64,
    pub nose: f64,
    /// Level of the voice, of breath and of noise, dB.
    pub voice: f64,
    pub breath: f64,
    pub noise: Noise,
    /// Hz.
    pub pitch: f64,
}

const N: usize = 11;

impl Moment {
    fn numbers(&self) -> [f64; N] {
        let Self { formants: [a, b, c], damping, nose, voice, breath, noise: [center, width, level], pitch } = *self;
        [a, b, c, damping, nose, voice, breath, center, width, level, pitch]
    }

    fn from([a, b, c, damping, nose, voice, breath, center, width, level, pitch]: [f64; N]) -> Self {
        Self { formants: [a, b, c], damping, nose, voice, breath, noise: [center, width, level], pitch }
    }
}

/// Time constants of the two low-passes of each quantity, ms.
const INERTIA: [f64; N] = [11.0, 14.0, 14.0, 10.0, 8.0, 6.0, 7.0, 5.0, 5.0, 5.0, 18.0];

#[derive(Debug)]
pub struct Score(pub Vec<Moment>);

/// A score in progress.
struct Writer<'a> {
    voice: &'a Voice,
    rng: &'a mut ChaCha8Rng,
    targets: Vec<Moment>,
    last: Moment,
    /// Level of the phrase, dB.
    loud: f64,
    /// Level of the word, dB.
    word: f64,
}

/// The position of a syllable in a phrase.
#[derive(Clone, Copy)]
struct Place {
    /// From 0 to 1.
    through: f64,
    stressed: bool,
    last: bool,
}

impl Score {
    pub fn draw(voice: &Voice, rng: &mut ChaCha8Rng) -> Self {
        let rest = Moment {
            formants: VOWELS[VOWELS.len() - 1].formants,
            damping: 1.0,
            nose: 0.0,
            voice: SILENT,
            breath: SILENT,
            noise: [4000.0, 4000.0, SILENT],
            pitch: voice.pitch,
        };
        let lasts = between(rng, LASTS[0], LASTS[1]);
        let mut writer = Writer { voice, rng, targets: Vec::new(), last: rest, loud: 0.0, word: 0.0 };
        let lead = between(writer.rng, 150.0, 400.0);
        writer.pause(lead);
        loop {
            writer.phrase(lasts);
            let pause = between(writer.rng, 300.0, 900.0);
            if writer.targets.len() as f64 + pause + PHRASE > lasts {
                break;
            }
            writer.pause(pause);
        }
        let end = between(writer.rng, 150.0, 400.0);
        writer.pause(end);
        Self(smooth(&writer.targets))
    }
}

impl Writer<'_> {
    fn pause(&mut self, ms: f64) {
        let quiet = Moment { voice: SILENT, breath: SILENT, noise: silent(self.last.noise), ..self.last };
        self.hold(quiet, ms);
    }

    fn hold(&mut self, moment: Moment, ms: f64) {
        self.targets.resize(self.targets.len() + ms.round().max(1.0) as usize, moment);
        self.last = moment;
    }

    /// A phrase, which ends at the time `until` at the latest.
    fn phrase(&mut self, until: f64) {
        self.loud = around(self.rng, 0.0, 3.0);
        let syllables = 9 + (12.0 * unit(self.rng)) as usize;
        for i in 0..syllables {
            let left = until - self.targets.len() as f64;
            let last = i + 1 == syllables || left < 2.0 * SYLLABLE;
            let stressed = unit(self.rng) < 0.42;
            self.syllable(Place { through: i as f64 / syllables as f64, stressed, last });
            if last {
                break;
            }
        }
    }

    fn syllable(&mut self, place: Place) {
        if unit(self.rng) < 0.6 {
            self.word = around(self.rng, 0.0, 3.5);
        }
        let onset = match unit(self.rng) {
            u if u < 0.15 => 0,
            u if u < 0.85 => 1,
            _ => 2,
        };
        for _ in 0..onset {
            self.consonant(place);
        }
        let vowel = *pick(self.rng, &VOWELS);
        if place.stressed && unit(self.rng) < 0.3 {
            let (from, to) = DIPHTHONGS[(DIPHTHONGS.len() as f64 * unit(self.rng)) as usize];
            self.vowel(VOWELS[from], place, 0.75);
            self.vowel(VOWELS[to], place, 0.65);
        } else {
            self.vowel(vowel, place, 1.0);
        }
        let coda = match unit(self.rng) {
            u if u < 0.5 => 0,
            u if u < 0.92 => 1,
            _ => 2,
        };
        for _ in 0..coda {
            self.consonant(place);
        }
    }

    /// The loudness, the pitch and the duration at a position of the phrase.
    fn weight(&mut self, place: Place) -> (f64, f64, f64) {
        let loud = self.loud + self.word + if place.stressed { 1.5 } else { -1.0 }
            - 5.0 * place.through
            - if place.last { 2.0 } else { 0.0 };
        let accent = if place.stressed { around(self.rng, 2.8, 1.2) } else { around(self.rng, 0.0, 0.8) };
        let semitones = self.voice.melody * (2.0 + accent - 5.0 * place.through - if place.last { 2.0 } else { 0.0 });
        let pitch = self.voice.pitch * (semitones / 12.0).exp2();
        let long = if place.stressed { 1.25 } else { 0.85 } * if place.last { 1.4 } else { 1.0 };
        (loud, pitch, long * self.voice.slowness * around(self.rng, 0.0, 0.2).exp())
    }

    fn vowel(&mut self, phone: Phone, place: Place, share: f64) {
        let (loud, pitch, long) = self.weight(place);
        let formants = phone.formants.map(|f| f * around(self.rng, 1.0, 0.04));
        let moment = Moment {
            formants,
            damping: 1.0,
            nose: 0.0,
            voice: phone.voice + loud,
            breath: SILENT,
            noise: silent(self.last.noise),
            pitch,
        };
        self.hold(moment, phone.duration * long * share);
    }

    fn consonant(&mut self, place: Place) {
        let phone = *pick(self.rng, &CONSONANTS);
        let (loud, pitch, long) = self.weight(place);
        let long = long.sqrt() * self.voice.slowness.sqrt();
        let formants = phone.formants.map(|f| f * around(self.rng, 1.0, 0.05));
        let [center, width, level] = phone.noise;
        let center = center * around(self.rng, 1.0, 0.06);
        let noise = [center, width, level + self.voice.hiss + 0.5 * loud + around(self.rng, 0.0, 3.0)];
        let base = Moment {
            formants,
            damping: 1.0,
            nose: 0.0,
            voice: phone.voice + loud,
            breath: SILENT,
            noise: silent(noise),
            pitch: self.last.pitch + 0.5 * (pitch - self.last.pitch),
        };
        match phone.manner {
            Manner::Vowel | Manner::Sonorant => self.hold(Moment { damping: 1.3, ..base }, phone.duration * long),
            Manner::Nasal => self.hold(Moment { damping: 2.2, nose: 1.0, ..base }, phone.duration * long),
            Manner::Fricative => {
                let voice = if phone.voice > SILENT { base.voice } else { SILENT };
                self.hold(Moment { noise, voice, damping: 1.6, ..base }, phone.duration * long);
            }
            Manner::Breath => {
                let breath = -14.0 + loud;
                self.hold(Moment { voice: SILENT, breath, damping: 1.8, ..base }, phone.duration * long);
            }
            Manner::Plosive => {
                let voiced = phone.voice > SILENT;
                let voice = if voiced { base.voice } else { SILENT };
                // The mouth is closed: only the lowest frequencies of the voice pass.
                let shut = Moment { voice, formants: [200.0, formants[1], formants[2]], damping: 4.0, ..base };
                self.hold(shut, (phone.duration - 15.0) * long);
                let burst = between(self.rng, 8.0, 14.0);
                self.hold(Moment { noise, voice, ..base }, burst);
                if !voiced {
                    let breath = -20.0 + loud;
                    let ms = between(self.rng, 15.0, 50.0);
                    let noise = [noise[0], noise[1], noise[2] - 14.0];
                    self.hold(Moment { voice: SILENT, breath, noise, damping: 1.8, ..base }, ms);
                }
            }
        }
    }
}

fn silent([center, width, _]: Noise) -> Noise {
    [center, width, SILENT]
}

/// One of the phones at random, by their weights.
fn pick<'a>(rng: &mut ChaCha8Rng, phones: &'a [Phone]) -> &'a Phone {
    let mut at = unit(rng) * phones.iter().map(|phone| phone.weight).sum::<f64>();
    phones
        .iter()
        .find(|phone| {
            at -= phone.weight;
            at < 0.0
        })
        .unwrap_or(&phones[0])
}

/// Two low-passes in series for every quantity.
fn smooth(targets: &[Moment]) -> Vec<Moment> {
    let Some(first) = targets.first() else { return Vec::new() };
    let pace = INERTIA.map(|constant| 1.0 - (-1.0 / constant).exp());
    let (mut once, mut twice) = (first.numbers(), first.numbers());
    targets
        .iter()
        .map(|target| {
            for (i, target) in target.numbers().into_iter().enumerate() {
                once[i] += pace[i] * (target - once[i]);
                twice[i] += pace[i] * (once[i] - twice[i]);
            }
            Moment::from(twice)
        })
        .collect()
}
