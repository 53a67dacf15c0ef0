//! Synthetic signals for tests, the same as in tests/reference/speech.py, with the results of that script.

type Case = (usize, &'static str, f64, f64);

/// Samples, change of the signal, wideband PESQ, perceptual SNR in dB: the output of `python tests/reference/speech.py`
/// with NumPy 2.4.6 and pesq 0.0.4.
#[rustfmt::skip]
pub const REFERENCE: [Case; 48] = [
    (64000, "same", 4.6439, 100.000000000),
    (64000, "noise 10", 4.5699, 29.655573944),
    (64000, "noise 100", 2.5144, 9.675693430),
    (64000, "noise 1000", 1.1987, -10.324148621),
    (64000, "noise with the signal", 1.6177, 8.428259797),
    (64000, "steps of 64", 3.8372, 20.329786122),
    (64000, "steps of 1024", 1.2527, 0.383395466),
    (64000, "clipped", 1.0488, 33.516287705),
    (64000, "mean of 4", 4.5982, 0.901273269),
    (64000, "mean of 12", 4.4252, 0.277878306),
    (64000, "half", 4.6427, 6.018792972),
    (64000, "delayed by 40", 4.6439, -3.130710072),
    (64000, "delayed by 1600", 3.6278, -9.482433303),
    (64000, "140 cut", 4.6005, 41.078240496),
    (64000, "240 cut", 4.5424, 40.814016063),
    (64000, "300 cut", 4.5126, 40.433086478),
    (64000, "gaps", 1.8907, 81.109530105),
    (64000, "many gaps", 1.2227, 44.523806541),
    (64000, "mean of 4, noise", 2.4551, -0.002231787),
    (64000, "noise 100 after 1000", 2.5154, 9.607973986),
    (64000, "noise 1000 after 1000", 1.1959, -10.391880143),
    (64000, "noise 100 after 8000", 2.5044, 9.349330199),
    (64000, "noise 1000 after 8000", 1.1773, -10.650353252),
    (64000, "steps of 1024 after 8000", 1.2148, 0.235631121),
    (49999, "same", 4.6439, 100.000000000),
    (49999, "noise 10", 4.5711, 29.956870401),
    (49999, "noise 100", 2.5636, 9.977661523),
    (49999, "noise 1000", 1.2237, -10.022471973),
    (49999, "noise with the signal", 1.6766, 8.263642933),
    (49999, "steps of 64", 3.8771, 20.671300496),
    (49999, "steps of 1024", 1.3068, 0.650995742),
    (49999, "clipped", 1.0553, 30.800191818),
    (49999, "mean of 4", 4.3137, 0.845588474),
    (49999, "mean of 12", 4.1996, 0.296356037),
    (49999, "half", 4.6425, 6.018169676),
    (49999, "delayed by 40", 4.1684, -3.189411815),
    (49999, "delayed by 1600", 3.2513, -9.003875100),
    (49999, "140 cut", 4.5961, 45.444852018),
    (49999, "240 cut", 4.5958, 45.160901318),
    (49999, "300 cut", 4.5961, 44.792683084),
    (49999, "gaps", 2.1487, 81.693115354),
    (49999, "many gaps", 1.2184, 44.963895262),
    (49999, "mean of 4, noise", 2.4765, -0.043337720),
    (49999, "noise 100 after 1000", 2.5763, 9.893168020),
    (49999, "noise 1000 after 1000", 1.2248, -10.106986863),
    (49999, "noise 100 after 8000", 2.5635, 9.590543853),
    (49999, "noise 1000 after 8000", 1.1982, -10.409434502),
    (49999, "steps of 1024 after 8000", 1.2543, 0.505557383),
];

const RATE: f64 = 16_000.0;

/// The signal and its changed version, full scale ±1.
pub fn pair(n: usize, name: &str) -> [Vec<f32>; 2] {
    let mut reference = base(n);
    // "… after 8000" begins with 8000 silent samples, which the change of the signal fills again.
    let (name, silent) = name.split_once(" after ").map_or((name, 0), |(name, silent)| (name, silent.parse().unwrap()));
    reference[..silent].fill(0);
    let test = degraded(&reference, name);
    [reference, test].map(|x| x.iter().map(|x| (*x as f64 / 32_768.0) as f32).collect())
}

/// Noise from −32768 to 32767, by 32-bit integers.
fn noise(seed: u32, n: usize) -> Vec<f64> {
    let next = |state: &mut u32| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some(f64::from(*state >> 16) - 32_768.0)
    };
    (0..n).scan(seed, |state, _| next(state)).collect()
}

/// Rounds to 16 bits; halves are rounded up.
fn rounded(x: f64) -> i64 {
    (x + 0.5).floor().clamp(-32_768.0, 32_767.0) as i64
}

/// Syllables of a gliding voice with two formants. Some syllables are noise or silence. A little noise runs throughout.
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
            let gain: f64 = formants.iter().map(|(center, width)| 1.0 / (1.0 + ((f - center) / width).powi(2))).sum();
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
    // The mean of the value and the values before it.
    let mean = |width: usize| -> Vec<i64> {
        let sum = |i: usize| x[(i + 1).saturating_sub(width)..=i].iter().sum::<i64>();
        (0..n).map(|i| rounded(sum(i) as f64 / width as f64)).collect()
    };
    let each = |f: &dyn Fn(i64) -> i64| -> Vec<i64> { x.iter().map(|x| f(*x)).collect() };
    let steps = |width: i64| each(&|x| width * (x as f64 / width as f64 + 0.5).floor() as i64);
    let delayed = |by: usize| [&vec![0; by], &x[..n - by]].concat();
    let cut = |at: usize, by: usize| [&x[..at], &x[at + by..], &vec![0; by]].concat();
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
        "140 cut" => cut(n / 2, 140),
        "240 cut" => cut(n / 2, 240),
        "300 cut" => cut(n / 2, 300),
        "gaps" => gated(12),
        "many gaps" => gated(4),
        "mean of 4, noise" => with_noise(&mean(4), 4, 50.0),
        _ => panic!("no case has the name {name}"),
    }
}
