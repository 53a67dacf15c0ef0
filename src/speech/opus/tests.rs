use super::*;

/// A voice-like sound of `n` samples: the harmonics of a gliding tone, louder and softer.
fn voice(n: usize) -> Vec<f32> {
    let value = |i: usize| {
        let t = i as f64 / f64::from(RATE);
        let phase = std::f64::consts::TAU * (120.0 * t + 3.0 * (4.0 * t).sin());
        let sum: f64 = (1..30).map(|h| (phase * f64::from(h)).sin() / f64::from(h)).sum();
        (0.1 * sum * (9.0 * t).sin().powi(2)) as f32
    };
    (0..n).map(value).collect()
}

#[test]
#[cfg_attr(not(has_opus), ignore = "needs opusenc and opusdec (Debian: opus-tools)")]
fn opus_meets_the_bitrate_and_keeps_length_and_place() {
    let opus = Opus::find().unwrap();
    assert!(opus.version().contains("libopus"), "{}", opus.version());
    for (n, bitrate, near) in [(48_000, 8_000, 0.05), (48_001, 24_400, 0.02), (64_321, 64_000, 0.02)] {
        let original = voice(n);
        let coded = opus.code(&original, bitrate).unwrap();
        assert_eq!(coded.samples.len(), n);
        let real = coded.bits as f64 * 16_000.0 / n as f64;
        assert!((real / f64::from(bitrate) - 1.0).abs() < near, "{real} bit/s for {bitrate}");
        let again = align::aligned(&original, &coded.samples);
        let moved = again.iter().zip(&coded.samples).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(moved < 2e-3, "still delayed at {bitrate}: {moved}");
        let error: f32 = original.iter().zip(&coded.samples).map(|(a, b)| (a - b).powi(2)).sum();
        let power: f32 = original.iter().map(|x| x * x).sum();
        assert!(error < 0.2 * power, "{error} of {power} at {bitrate}");
    }
}

#[test]
#[cfg_attr(not(has_opus), ignore = "needs opusenc and opusdec (Debian: opus-tools)")]
fn very_short_signals_and_silence_are_coded() {
    let opus = Opus::find().unwrap();
    for signal in [vec![0.1; 1], vec![0.0; 16_000]] {
        let coded = opus.code(&signal, 6_000).unwrap();
        assert_eq!(coded.samples.len(), signal.len());
        assert!(coded.bits > 0 && coded.samples.iter().all(|x| x.is_finite()));
    }
}

#[test]
fn what_opus_can_not_code_is_refused() {
    let opus = Opus { version: String::new(), speech: false };
    let refused = |samples: &[f32], bitrate| opus.code(samples, bitrate).unwrap_err().to_string();
    assert!(refused(&[0.0], 5_999).contains("6000 to 256000"));
    assert!(refused(&[], 8_000).contains("no samples"));
    assert!(refused(&[0.0, f32::NAN], 8_000).contains("sample 1"));
}
