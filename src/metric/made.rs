//! Made-up signals for tests, the same as in tests/reference/speech.py, and what that script found for them.

type Case = (usize, &'static str, f64, f64);

/// Samples, what was done to the signal, wideband PESQ, perceptual SNR in dB: the output of
/// `python tests/reference/speech.py` with NumPy 2.4.6 and pesq 0.0.4.
#[rustfmt::skip]
pub const REFERENCE: [Case; 32] = [
    (64000, "same", 4.6439, 100.000000000),
    (64000, "noise 10", 4.5699, 23.858920670),
    (64000, "noise 100", 2.5144, 3.878995180),
    (64000, "noise 1000", 1.1987, -16.120839789),
    (64000, "noise with the signal", 1.6177, 2.622980558),
    (64000, "steps of 64", 3.8372, 14.548686947),
    (64000, "steps of 1024", 1.2527, -5.267521978),
    (64000, "clipped", 1.0488, 28.620599874),
    (64000, "mean of 4", 4.5982, 0.939643250),
    (64000, "mean of 12", 4.4252, 0.287517773),
    (64000, "half", 4.6427, 6.018148145),
    (64000, "delayed by 40", 4.6439, -3.126351596),
    (64000, "delayed by 1600", 3.6278, -9.799605071),
    (64000, "gaps", 1.8907, 80.787284973),
    (64000, "many gaps", 1.2227, 43.630969539),
    (64000, "mean of 4, noise", 2.4551, -0.479791438),
    (49999, "same", 4.6439, 100.000000000),
    (49999, "noise 10", 4.5711, 24.032761093),
    (49999, "noise 100", 2.5636, 4.053570806),
    (49999, "noise 1000", 1.2237, -15.946553039),
    (49999, "noise with the signal", 1.6766, 2.334324198),
    (49999, "steps of 64", 3.8771, 14.767279064),
    (49999, "steps of 1024", 1.3068, -5.143489858),
    (49999, "clipped", 1.0553, 25.759388275),
    (49999, "mean of 4", 4.3137, 0.885004120),
    (49999, "mean of 12", 4.1996, 0.300160523),
    (49999, "half", 4.6425, 6.017381550),
    (49999, "delayed by 40", 4.1684, -3.254018783),
    (49999, "delayed by 1600", 3.2513, -9.289081101),
    (49999, "gaps", 2.1487, 81.448163140),
    (49999, "many gaps", 1.2184, 44.194687289),
    (49999, "mean of 4, noise", 2.4765, -0.501151892),
];

const RATE: f64 = 16_000.0;

/// The signal and what was made of it, full scale ±1.
pub fn pair(n: usize, name: &str) -> [Vec<f32>; 2] {
    let reference = base(n);
    let test = degraded(&reference, name);
    [reference, test].map(|x| x.iter().map(|x| (*x as f64 / 32_768.0) as f32).collect())
}

/// −32768 to 32767, by 32-bit integers.
fn noise(seed: u32, n: usize) -> Vec<f64> {
    let next = |state: &mut u32| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some(f64::from(*state >> 16) - 32_768.0)
    };
    (0..n).scan(seed, |state, _| next(state)).collect()
}

/// To 16 bits; halves go up.
fn rounded(x: f64) -> i64 {
    (x + 0.5).floor().clamp(-32_768.0, 32_767.0) as i64
}

/// Syllables of a gliding voice with two formants, some of them of noise or silent; a little noise throughout.
fn base(n: usize) -> Vec<i64> {
    let sample = |(i, noise): (usize, f64)| {
        let (t, hiss) = (i as f64 / RATE, noise / 32_768.0);
        let syllable = (4.0 * t).floor();
        let place = 4.0 * t - syllable;
        let pitch = 120.0 + 20.0 * (3.0 * t).sin();
        let tau = std::f64::consts::TAU;
        let phase = tau * 120.0 * t + tau * 20.0 / 3.0 * (1.0 - (3.0 * t).cos());
        let first = 300.0 + 90.0 * (syllable * 7.0 % 6.0);
        let formants = [(first, 120.0), (1000.0 + 260.0 * (syllable * 5.0 % 7.0), 200.0), (2900.0, 350.0)];
        let harmonic = |h: i32| {
            let (h, f) = (f64::from(h), f64::from(h) * pitch);
            let gain: f64 = formants.iter().map(|(centre, width)| 1.0 / (1.0 + ((f - centre) / width).powi(2))).sum();
            gain * (h * phase).sin()
        };
        let silent = syllable % 11.0 == 5.0 || syllable % 11.0 == 6.0;
        let loudness = if silent { 0.0 } else { (place * std::f64::consts::PI).sin().powi(2) };
        let sound = if syllable % 5.0 == 3.0 { 600.0 * hiss } else { 2500.0 * (1..31).map(harmonic).sum::<f64>() };
        rounded(loudness * sound + 6.0 * hiss)
    };
    noise(1, n).into_iter().enumerate().map(sample).collect()
}

fn degraded(x: &[i64], name: &str) -> Vec<i64> {
    let n = x.len();
    let with_noise = |x: &[i64], seed, level: f64| -> Vec<i64> {
        x.iter().zip(noise(seed, n)).map(|(x, noise)| rounded(*x as f64 + noise * level / 32_768.0)).collect()
    };
    // The mean of the value and of those before it.
    let mean = |width: usize| -> Vec<i64> {
        let sum = |i: usize| x[(i + 1).saturating_sub(width)..=i].iter().sum::<i64>();
        (0..n).map(|i| rounded(sum(i) as f64 / width as f64)).collect()
    };
    let each = |f: &dyn Fn(i64) -> i64| -> Vec<i64> { x.iter().map(|x| f(*x)).collect() };
    let steps = |width: i64| each(&|x| width * (x as f64 / width as f64 + 0.5).floor() as i64);
    let delayed = |by: usize| [&vec![0; by], &x[..n - by]].concat();
    let gated = |frames: usize| -> Vec<i64> {
        x.iter().enumerate().map(|(i, x)| if i / 320 % frames == 2 { 0 } else { *x }).collect()
    };
    match name {
        "same" => x.to_vec(),
        "noise 10" => with_noise(x, 2, 10.0),
        "noise 100" => with_noise(x, 2, 100.0),
        "noise 1000" => with_noise(x, 2, 1000.0),
        "noise with the signal" => {
            x.iter().zip(noise(3, n)).map(|(x, noise)| rounded(*x as f64 + noise * *x as f64 / 262_144.0)).collect()
        }
        "steps of 64" => steps(64),
        "steps of 1024" => steps(1024),
        "clipped" => each(&|x| x.clamp(-4000, 4000)),
        "mean of 4" => mean(4),
        "mean of 12" => mean(12),
        "half" => each(&|x| rounded(x as f64 / 2.0)),
        "delayed by 40" => delayed(40),
        "delayed by 1600" => delayed(1600),
        "gaps" => gated(12),
        "many gaps" => gated(4),
        "mean of 4, noise" => with_noise(&mean(4), 4, 50.0),
        _ => panic!("no case has the name {name}"),
    }
}
