//! The statistics by which the constants of voices, sounds and rooms were tuned.

use vqlab_core::linear::Eigen;

use super::{RATE, Speech, SpeechData, Utterance};

/// Samples from one frame to the next, 30 ms, and samples of the transform of a frame.
const ADVANCE: usize = 480;
const SIZE: usize = 1024;

/// Mel bands up to 8 kHz, each from its edge to the next.
const BANDS: usize = 20;

/// Statistics of utterances that are scaled to a mean power of 1. Levels are in dB.
#[derive(Debug)]
struct Statistics {
    /// Mean level of the utterances before the scaling, relative to full scale.
    level: f64,
    /// Mean power of each pair of bands.
    spectrum: [f64; BANDS / 2],
    /// Mean level of the logarithmic energies and their deviation, for each quarter of the bands.
    mean: [f64; 4],
    deviation: [f64; 4],
    /// Correlation of bands at distances 1, 2 and 6, and of a band with itself 1, 2 and 6 frames later.
    bands: [f64; 3],
    frames: [f64; 3],
    /// The share of the variance that is between utterances.
    utterances: f64,
    /// Shares of the variance of the 20 levels that the first principal components explain.
    components: [(usize, f64); 4],
    /// The share of frames 20 dB and more below the mean power, and the share of periodic frames among the others.
    quiet: f64,
    periodic: f64,
    /// Mean magnitude over root mean square of the values of a spectrum, each relative to the level of its band. It is
    /// 0.80 for normally distributed values.
    flat: f64,
}

impl std::fmt::Display for Statistics {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let list = |values: &[f64], digits: usize| {
            values.iter().map(|v| format!("{v:.digits$}")).collect::<Vec<_>>().join(", ")
        };
        writeln!(f, "level {:.1}; spectrum {}", self.level, list(&self.spectrum, 1))?;
        writeln!(f, "mean {}; deviation {}", list(&self.mean, 1), list(&self.deviation, 1))?;
        writeln!(f, "correlation of bands {}, of frames {}", list(&self.bands, 3), list(&self.frames, 3))?;
        writeln!(f, "share of variance between utterances {:.3}", self.utterances)?;
        self.components.iter().try_for_each(|(n, share)| write!(f, "{n}: {share:.3}  "))?;
        writeln!(f, "\nquiet {:.3}, periodic {:.3}, flatness {:.3}", self.quiet, self.periodic, self.flat)
    }
}

fn mel(frequency: f64) -> f64 {
    (1.0 + frequency / 700.0).log10()
}

/// The band of each value of a spectrum.
fn band(bin: usize) -> usize {
    let at = mel((bin * RATE as usize) as f64 / SIZE as f64) / mel(8000.0);
    ((at * BANDS as f64) as usize).min(BANDS - 1)
}

/// Real and imaginary parts.
type Complex = [f64; 2];

/// The roots of unity of the transform.
fn roots() -> Vec<Complex> {
    (0..SIZE / 2)
        .map(|k| {
            let (sin, cos) = (-2.0 * std::f64::consts::PI * k as f64 / SIZE as f64).sin_cos();
            [cos, sin]
        })
        .collect()
}

/// In-place transform (Cooley and Tukey).
fn transform(values: &mut [Complex], roots: &[Complex]) {
    let n = values.len();
    if n == 1 {
        return;
    }
    let mut even: Vec<Complex> = values.iter().step_by(2).copied().collect();
    let mut odd: Vec<Complex> = values.iter().skip(1).step_by(2).copied().collect();
    transform(&mut even, roots);
    transform(&mut odd, roots);
    for (k, (e, o)) in even.into_iter().zip(odd).enumerate() {
        let [cos, sin] = roots[k * (SIZE / n)];
        let o = [cos * o[0] - sin * o[1], cos * o[1] + sin * o[0]];
        values[k] = [e[0] + o[0], e[1] + o[1]];
        values[k + n / 2] = [e[0] - o[0], e[1] - o[1]];
    }
}

/// The levels of a frame in the bands, its power, whether it is periodic, and the mean magnitudes and squares for
/// [`Statistics::flat`].
struct Frame {
    bands: [f64; BANDS],
    power: f64,
    periodic: bool,
    flat: [f64; 3],
}

impl Frame {
    fn of(samples: &[f64], roots: &[Complex]) -> Self {
        let power = samples[SIZE / 2 - ADVANCE / 2..][..ADVANCE].iter().map(|v| v * v).sum::<f64>() / ADVANCE as f64;
        let window = |i: usize| 0.5 - 0.5 * (2.0 * std::f64::consts::PI * (i as f64 + 0.5) / SIZE as f64).cos();
        let mut values: Vec<Complex> = samples.iter().enumerate().map(|(i, v)| [v * window(i), 0.0]).collect();
        transform(&mut values, roots);
        let power_of = |v: &Complex| v[0] * v[0] + v[1] * v[1];
        let (mut sums, mut counts) = ([0.0; BANDS], [0.0; BANDS]);
        for (bin, value) in values[..SIZE / 2].iter().enumerate() {
            sums[band(bin)] += power_of(value);
            counts[band(bin)] += 1.0;
        }
        let mut means = sums;
        means.iter_mut().zip(counts).for_each(|(sum, n)| *sum = (*sum / n).max(1e-30));
        let mut flat = [0.0; 3];
        // Only bands with enough values.
        for (bin, value) in values[..SIZE / 2].iter().enumerate().filter(|(bin, _)| counts[band(*bin)] >= 8.0) {
            let relative = value[0] / (means[band(bin)] / 2.0).sqrt();
            [relative.abs(), relative * relative, 1.0].iter().zip(&mut flat).for_each(|(v, sum)| *sum += v);
        }
        // Relative to full scale: a sine of amplitude 1 has about 0 dB.
        let bands = means.map(|mean| 10.0 * (mean * 16.0 / (SIZE * SIZE) as f64).log10());
        // Autocorrelation from the powers, for periods of 2.5 to 14 ms.
        let mut powers: Vec<Complex> = values.iter().map(|v| [power_of(v), 0.0]).collect();
        transform(&mut powers, roots);
        let most = powers[40..224].iter().map(|v| v[0]).fold(0.0, f64::max);
        Self { bands, power, periodic: most > 0.45 * powers[0][0], flat }
    }
}

fn correlation(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut n, mut s) = (0.0, [0.0; 5]);
    for (a, b) in pairs {
        n += 1.0;
        for (s, v) in s.iter_mut().zip([a, b, a * a, b * b, a * b]) {
            *s += v;
        }
    }
    let [a, b, aa, bb, ab] = s.map(|s| s / n);
    (ab - a * b) / ((aa - a * a) * (bb - b * b)).sqrt()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (n, sum) = values.fold((0.0, 0.0), |(n, sum), v| (n + 1.0, sum + v));
    sum / n
}

impl Statistics {
    fn of(utterances: &[Utterance]) -> Self {
        let roots = roots();
        let mut level = 0.0;
        let mut all: Vec<Vec<Frame>> = Vec::new();
        for utterance in utterances {
            let power = mean(utterance.samples.iter().map(|v| f64::from(*v).powi(2)));
            level += 10.0 * power.log10() / utterances.len() as f64;
            let samples: Vec<f64> = utterance.samples.iter().map(|v| f64::from(*v) / power.sqrt()).collect();
            all.push(samples.windows(SIZE).step_by(ADVANCE).map(|frame| Frame::of(frame, &roots)).collect());
        }
        let frames: Vec<&Frame> = all.iter().flatten().collect();
        let means: Vec<f64> = (0..BANDS).map(|k| mean(frames.iter().map(|frame| frame.bands[k]))).collect();
        let deviation = |k: usize| mean(frames.iter().map(|frame| (frame.bands[k] - means[k]).powi(2))).sqrt();
        let deviations: Vec<f64> = (0..BANDS).map(deviation).collect();
        let power = |k: usize| mean(frames.iter().map(|frame| 10_f64.powf(frame.bands[k] / 10.0)));
        let quarters =
            |values: &[f64]| [0, 1, 2, 3].map(|q| mean(values[BANDS / 4 * q..][..BANDS / 4].iter().copied()));
        let bands = |apart: usize| {
            let pair = |k: usize| correlation(frames.iter().map(|frame| (frame.bands[k], frame.bands[k + apart])));
            mean((0..BANDS - apart).map(pair))
        };
        let over_time = |apart: usize| {
            let pairs = |k: usize| {
                let utterances = all.iter();
                correlation(utterances.flat_map(move |frames| {
                    frames.iter().zip(&frames[apart..]).map(move |(a, b)| (a.bands[k], b.bands[k]))
                }))
            };
            mean((0..BANDS).map(pairs))
        };
        let between = |k: usize| {
            let squares = all.iter().map(|frames| {
                let mean = mean(frames.iter().map(|frame| frame.bands[k]));
                frames.len() as f64 * (mean - means[k]).powi(2)
            });
            squares.sum::<f64>() / (frames.len() as f64 * deviations[k].powi(2))
        };
        let covariance = |at: usize| {
            let (i, j) = (at / BANDS, at % BANDS);
            mean(frames.iter().map(|frame| (frame.bands[i] - means[i]) * (frame.bands[j] - means[j])))
        };
        let covariance: Vec<f64> = (0..BANDS * BANDS).map(covariance).collect();
        let variances: Vec<f64> = Eigen::of(&covariance, BANDS).unwrap().values.into_iter().rev().collect();
        let sum: f64 = variances.iter().sum();
        let loud: Vec<&&Frame> = frames.iter().filter(|frame| frame.power > 0.01).collect();
        let flat = [0, 1, 2].map(|i| loud.iter().map(|frame| frame.flat[i]).sum::<f64>());
        Self {
            level,
            spectrum: std::array::from_fn(|i| 10.0 * (0.5 * (power(2 * i) + power(2 * i + 1))).log10()),
            mean: quarters(&means),
            deviation: quarters(&deviations),
            bands: [1, 2, 6].map(bands),
            frames: [1, 2, 6].map(over_time),
            utterances: mean((0..BANDS).map(between)),
            components: [1, 3, 6, 10].map(|n| (n, variances[..n].iter().sum::<f64>() / sum)),
            quiet: 1.0 - loud.len() as f64 / frames.len() as f64,
            periodic: mean(loud.iter().map(|frame| f64::from(u8::from(frame.periodic)))),
            flat: flat[0] / flat[2] / (flat[1] / flat[2]).sqrt(),
        }
    }
}

fn ours() -> std::sync::Arc<Speech> {
    Speech::open(&SpeechData::synthetic(60, 1, 1)).unwrap()
}

/// The statistics of the 84 utterances of LibriSpeech.
const REAL: Statistics = Statistics {
    level: -25.7,
    spectrum: [-14.5, -12.2, -14.5, -20.3, -23.0, -25.8, -28.1, -30.4, -31.4, -34.2],
    mean: [-30.9, -41.2, -45.8, -55.4],
    deviation: [19.3, 17.9, 17.2, 17.1],
    bands: [0.907, 0.854, 0.694],
    frames: [0.871, 0.699, 0.415],
    utterances: 0.108,
    components: [(1, 0.703), (3, 0.882), (6, 0.944), (10, 0.974)],
    quiet: 0.233,
    periodic: 0.724,
    flat: 0.747,
};

/// The statistics of our speech.
const OURS: Statistics = Statistics {
    level: -26.4,
    spectrum: [-16.8, -14.1, -13.4, -17.0, -23.2, -24.7, -26.9, -28.8, -33.9, -33.7],
    mean: [-34.1, -41.5, -46.1, -54.3],
    deviation: [17.5, 18.6, 18.0, 16.8],
    bands: [0.918, 0.882, 0.733],
    frames: [0.893, 0.737, 0.368],
    utterances: 0.100,
    components: [(1, 0.749), (3, 0.907), (6, 0.960), (10, 0.986)],
    quiet: 0.269,
    periodic: 0.815,
    flat: 0.748,
};

#[test]
fn the_statistics_are_those_of_the_table_and_near_to_those_of_speech() {
    let found = Statistics::of(ours().training());
    let near = |a: &[f64], b: &[f64], within: f64| {
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() <= within), "{a:?} for {b:?}");
    };
    // The same on all machines, except for rounding.
    for (other, level, share) in [(&OURS, 0.06, 0.0006), (&REAL, 4.0, 0.1)] {
        near(&[found.level], &[other.level], level);
        near(&found.spectrum, &other.spectrum, level);
        near(&found.mean, &other.mean, level);
        near(&found.deviation, &other.deviation, level);
        near(&found.bands, &other.bands, share);
        near(&found.frames, &other.frames, share);
        near(&found.components.map(|(_, v)| v), &other.components.map(|(_, v)| v), share);
        let shares = |of: &Statistics| [of.utterances, of.quiet, of.periodic, of.flat];
        near(&shares(&found), &shares(other), share);
    }
}

/// Prints the statistics of our speech, and of the folders named in VQLAB_SPEECH (separated by colons).
#[test]
#[ignore = "prints a table"]
fn table() {
    let started = std::time::Instant::now();
    let speech = ours();
    let seconds: f64 = speech.training().iter().map(|u| u.samples.len() as f64).sum::<f64>() / f64::from(RATE);
    println!("60 utterances, {seconds:.0} s, in {:.2} s on all cores", started.elapsed().as_secs_f64());
    println!("ours\n{}", Statistics::of(speech.training()));
    for folder in std::env::var("VQLAB_SPEECH").unwrap_or_default().split(':').filter(|folder| !folder.is_empty()) {
        let data = SpeechData::folder(folder.as_ref(), [None, None]).unwrap();
        println!("{folder}\n{}", Statistics::of(Speech::open(&data).unwrap().training()));
    }
}
