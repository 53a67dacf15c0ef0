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

#[test]
#[cfg_attr(not(has_opus), ignore = "needs opusenc and opusdec (Debian: opus-tools)")]
fn files_to_listen_to_are_small_always_the_same_and_as_good_as_the_original() {
    let opus = Opus::find().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [wav, file, decoded] = ["a.wav", "a.opus", "b.wav"].map(|name| folder.path().join(name));
    let original = voice(48_000);
    write_wav(&wav, &original).unwrap();
    let bytes = opus.to_listen_to(&wav).unwrap();
    assert_eq!(bytes, opus.to_listen_to(&wav).unwrap());
    // A WAV file has two bytes a sample.
    assert!((bytes.len() as f64) < 0.55 * 2.0 * original.len() as f64, "{} bytes", bytes.len());
    std::fs::write(&file, &bytes).unwrap();
    let mut decoder = Command::new(DECODER);
    decoder.args(["--quiet", "--float", "--rate", &RATE.to_string()]).arg(&file).arg(&decoded);
    output(&mut decoder, DECODER).unwrap();
    let heard = align::aligned(&original, &read_audio(&decoded).unwrap());
    // The best score is 4.64. Speech, which is less tonal, comes nearer to it.
    let score = crate::metric::pesq(&original, &heard).unwrap();
    assert!(score > 4.4, "{score}");
}

#[test]
#[cfg_attr(not(has_opus), ignore = "needs opusenc and opusdec (Debian: opus-tools)")]
fn a_file_that_is_no_wav_is_an_error_with_the_words_of_the_tool() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    std::fs::write(&path, "no sound").unwrap();
    let error = Opus::find().unwrap().to_listen_to(&path).unwrap_err().to_string();
    assert!(error.starts_with("opusenc failed"), "{error}");
}
