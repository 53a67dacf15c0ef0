//! The sounds of the nonsense: the targets of the mouth, for a man.

/// How a sound is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Manner {
    Vowel,
    /// Glides, liquids.
    Sonorant,
    Nasal,
    Fricative,
    /// A closure, then a burst.
    Plosive,
    /// Breath through the mouth of the next vowel.
    Breath,
}

/// A band of noise: center and width, Hz, and level, dB.
pub type Noise = [f64; 3];

#[derive(Clone, Copy, Debug)]
pub struct Phone {
    pub manner: Manner,
    /// How often it occurs among sounds of its kind.
    pub weight: f64,
    /// First three formants, Hz.
    pub formants: [f64; 3],
    /// Level of the voice, dB; [`SILENT`] = no voice.
    pub voice: f64,
    pub noise: Noise,
    /// Duration, ms.
    pub duration: f64,
}

pub const SILENT: f64 = -70.0;

const QUIET: Noise = [4000.0, 4000.0, SILENT];

const fn vowel(weight: f64, formants: [f64; 3], duration: f64) -> Phone {
    Phone { manner: Manner::Vowel, weight, formants, voice: 0.0, noise: QUIET, duration }
}

const fn sonorant(weight: f64, formants: [f64; 3], voice: f64) -> Phone {
    Phone { manner: Manner::Sonorant, weight, formants, voice, noise: QUIET, duration: 65.0 }
}

const fn nasal(weight: f64, formants: [f64; 3]) -> Phone {
    Phone { manner: Manner::Nasal, weight, formants, voice: -4.0, noise: QUIET, duration: 70.0 }
}

const fn fricative(weight: f64, formants: [f64; 3], voice: f64, noise: Noise, duration: f64) -> Phone {
    Phone { manner: Manner::Fricative, weight, formants, voice, noise, duration }
}

const fn plosive(weight: f64, formants: [f64; 3], voice: f64, noise: Noise) -> Phone {
    Phone { manner: Manner::Plosive, weight, formants, voice, noise, duration: 50.0 }
}

/// Formants of American vowels (G. E. Peterson, H. L. Barney, JASA 1952).
pub const VOWELS: [Phone; 11] = [
    vowel(3.0, [270.0, 2290.0, 3010.0], 95.0),
    vowel(5.0, [390.0, 1990.0, 2550.0], 75.0),
    vowel(3.0, [530.0, 1840.0, 2480.0], 90.0),
    vowel(2.5, [660.0, 1720.0, 2410.0], 115.0),
    vowel(2.0, [730.0, 1090.0, 2440.0], 110.0),
    vowel(1.5, [570.0, 840.0, 2410.0], 115.0),
    vowel(0.8, [440.0, 1020.0, 2240.0], 80.0),
    vowel(1.5, [300.0, 870.0, 2240.0], 100.0),
    vowel(3.0, [640.0, 1190.0, 2390.0], 80.0),
    vowel(1.5, [490.0, 1350.0, 1690.0], 105.0),
    vowel(6.0, [500.0, 1450.0, 2450.0], 60.0),
];

/// Pairs of vowel indices: the first vowel glides to the second.
pub const DIPHTHONGS: [(usize, usize); 5] = [(4, 1), (2, 0), (5, 7), (4, 7), (5, 1)];

const LABIAL: [f64; 3] = [300.0, 950.0, 2200.0];
const DENTAL: [f64; 3] = [310.0, 1400.0, 2500.0];
const ALVEOLAR: [f64; 3] = [310.0, 1750.0, 2600.0];
const PALATAL: [f64; 3] = [290.0, 1950.0, 2600.0];
const VELAR: [f64; 3] = [280.0, 1900.0, 2300.0];

/// Sounds between vowels.
pub const CONSONANTS: [Phone; 23] = [
    sonorant(4.0, [360.0, 1100.0, 2750.0], -3.0),
    sonorant(4.5, [340.0, 1100.0, 1450.0], -3.0),
    sonorant(2.3, [300.0, 680.0, 2150.0], -4.0),
    sonorant(0.8, [270.0, 2200.0, 3000.0], -4.0),
    nasal(2.8, LABIAL),
    nasal(7.0, ALVEOLAR),
    nasal(1.0, VELAR),
    fricative(4.6, ALVEOLAR, SILENT, [6800.0, 4000.0, -1.0], 105.0),
    fricative(1.0, PALATAL, SILENT, [3500.0, 2200.0, -7.0], 105.0),
    fricative(1.8, LABIAL, SILENT, [6500.0, 6500.0, -22.0], 90.0),
    fricative(0.6, DENTAL, SILENT, [6800.0, 5500.0, -24.0], 85.0),
    fricative(2.6, ALVEOLAR, -14.0, [6800.0, 4000.0, -7.0], 75.0),
    fricative(2.0, LABIAL, -9.0, [6500.0, 6500.0, -34.0], 60.0),
    fricative(3.0, DENTAL, -9.0, [6800.0, 5500.0, -36.0], 50.0),
    fricative(0.2, PALATAL, -14.0, [3300.0, 1700.0, -18.0], 80.0),
    Phone {
        manner: Manner::Breath,
        weight: 1.8,
        formants: [500.0, 1450.0, 2450.0],
        voice: SILENT,
        noise: QUIET,
        duration: 60.0,
    },
    plosive(1.9, LABIAL, SILENT, [900.0, 1500.0, -20.0]),
    plosive(6.5, ALVEOLAR, SILENT, [4500.0, 3000.0, -6.0]),
    plosive(3.0, VELAR, SILENT, [2000.0, 900.0, -13.0]),
    plosive(1.8, LABIAL, -13.0, [800.0, 1500.0, -24.0]),
    plosive(4.0, ALVEOLAR, -13.0, [4000.0, 2500.0, -15.0]),
    plosive(1.2, VELAR, -13.0, [1900.0, 900.0, -18.0]),
    // The English affricate, as a plosive with much noise.
    plosive(1.0, PALATAL, SILENT, [3400.0, 1800.0, -9.0]),
];
