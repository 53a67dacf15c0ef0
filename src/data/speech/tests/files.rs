//! Single files: every format, other rates, and damage.

use std::f64::consts::PI;

use hound::{SampleFormat, WavSpec, WavWriter};
use proptest::prelude::*;

use super::flac::{HEAD, START, crc8, flac};
use super::*;

fn wav<S: hound::Sample + Copy>(rate: u32, channels: u16, bits: u16, samples: &[S]) -> Vec<u8> {
    let sample_format = if size_of::<S>() == 4 && bits == 0 { SampleFormat::Float } else { SampleFormat::Int };
    let bits_per_sample = if bits == 0 { 32 } else { bits };
    let mut out = std::io::Cursor::new(Vec::new());
    let spec = WavSpec { channels, sample_rate: rate, bits_per_sample, sample_format };
    let mut writer = WavWriter::new(&mut out, spec).unwrap();
    samples.iter().for_each(|sample| writer.write_sample(*sample).unwrap());
    writer.finalize().unwrap();
    out.into_inner()
}

fn floats(rate: u32, samples: &[f32]) -> Vec<u8> {
    wav(rate, 1, 0, samples)
}

/// A sine that rises and falls over this many seconds.
fn sine(frequency: f64, rate: u32, n: usize, seconds: f64) -> Vec<f32> {
    let at = |t: f64| 0.5 * (2.0 * PI * frequency * t).sin() * (PI * t / seconds).sin().powi(2);
    (0..n).map(|i| at(i as f64 / f64::from(rate)) as f32).collect()
}

#[test]
fn every_width_gives_the_same_samples() {
    let steps: Vec<i32> = vec![-128, -127, -1, 0, 1, 5, 126, 127];
    let expected: Vec<f32> = steps.iter().map(|step| *step as f32 / 128.0).collect();
    for bits in [8, 16, 24, 32] {
        let samples: Vec<i32> = steps.iter().map(|step| step << (bits - 8)).collect();
        assert_eq!(decode(&wav(16_000, 1, bits, &samples)).unwrap(), expected, "{bits} bits");
    }
    assert_eq!(decode(&floats(16_000, &expected)).unwrap(), expected);
    let samples: Vec<i16> = steps.iter().map(|step| (step << 8) as i16).collect();
    assert_eq!(decode(&flac(16_000, &[samples])).unwrap(), expected);
}

#[test]
fn channels_become_their_mean_and_loud_floats_are_clipped() {
    assert_eq!(
        decode(&wav(16_000, 3, 16, &[0_i16, 300, -3, 32_767, 32_767, 32_767])).unwrap(),
        [99.0 / 32_768.0, 32_767.0 / 32_768.0]
    );
    assert_eq!(decode(&flac(16_000, &[vec![100, -7], vec![50, 7]])).unwrap(), [75.0 / 32_768.0, 0.0]);
    assert_eq!(
        decode(&floats(16_000, &[1.5, -7.0, 0.25, -0.0])).unwrap().map_bits(),
        [1.0, -1.0, 0.25, 0.0].map_bits()
    );
}

trait MapBits {
    fn map_bits(&self) -> Vec<u32>;
}

impl MapBits for [f32] {
    fn map_bits(&self) -> Vec<u32> {
        self.iter().map(|v| v.to_bits()).collect()
    }
}

#[test]
fn what_is_written_is_rounded_clipped_and_read_back() {
    let folder = Folder::new();
    let path = folder.path("new/x.wav");
    let samples = [0.0, 0.4 / 32_768.0, 0.6 / 32_768.0, -0.6 / 32_768.0, 1.0, 2.0, -1.0, -3.0, f32::NAN];
    write_wav(&path, &samples).unwrap();
    let expected = [0, 0, 1, -1, 32_767, 32_767, -32_768, -32_768, 0].map(|step| step as f32 / 32_768.0);
    assert_eq!(read_audio(&path).unwrap(), expected);
    // As another writer would write it.
    let again: Vec<i16> = expected.iter().map(|v| (v * 32_768.0) as i16).collect();
    assert_eq!(std::fs::read(&path).unwrap(), wav(16_000, 1, 16, &again));
    write_wav(&path, &noise("x", 5)).unwrap();
    assert_eq!(read_audio(&path).unwrap(), noise("x", 5));
    let error = write_wav(&path.join("below.wav"), &samples).unwrap_err().to_string();
    assert!(error.contains("cannot write") && error.contains("below.wav"), "{error}");
}

/// Sines that 16 kHz can represent keep their position and level; others vanish.
#[test]
fn other_rates_are_resampled_without_delay_or_aliases() {
    for (rate, n) in
        [(8_000, 8_000), (44_100, 44_100), (48_000, 30_001), (22_050, 20_000), (11_025, 9_999), (44_101, 44_101)]
    {
        let seconds = n as f64 / f64::from(rate);
        let length = (n * 16_000_usize).div_ceil(rate as usize);
        let resampled = |frequency: f64| {
            let found = decode(&floats(rate, &sine(frequency, rate, n, seconds))).unwrap();
            assert_eq!(found.len(), length, "{rate} Hz");
            found
        };
        let most = |values: &mut dyn Iterator<Item = f32>| values.fold(0.0, |most: f32, v| most.max(v.abs()));
        for frequency in [120.0, 1000.0, 0.96 * f64::from(rate.min(16_000)) / 2.0] {
            let expected = sine(frequency, 16_000, length, seconds);
            let error = most(&mut resampled(frequency).iter().zip(&expected).map(|(a, b)| a - b));
            assert!(error < 1e-4, "{rate} Hz, {frequency} Hz: {error}");
        }
        for frequency in [8_100.0, 9_000.0, 0.45 * f64::from(rate)] {
            if (8_000.0..f64::from(rate) / 2.0).contains(&frequency) {
                let alias = most(&mut resampled(frequency).into_iter());
                assert!(alias < 1e-4, "{rate} Hz, {frequency} Hz: {alias}");
            }
        }
    }
    // Also short signals, and full-scale signals.
    for n in [1, 2, 100, 3000] {
        let found = decode(&floats(48_000, &vec![1.0; n])).unwrap();
        assert_eq!(found.len(), n.div_ceil(3));
        assert!(found.iter().all(|v| v.abs() <= 1.0));
    }
}

#[test]
fn damage_is_told_with_the_file_and_what_is_accepted() {
    let folder = Folder::new();
    let samples: Vec<i16> = (0..9000).map(|i| (i * 7) as i16).collect();
    let (whole, whole_flac) = (wav_bytes(&noise("x", 5000)), flac(16_000, &[samples]));
    let set = |at: usize, values: &[u8]| {
        let mut bytes = whole.clone();
        bytes[at..at + values.len()].copy_from_slice(values);
        bytes
    };
    let flipped = |at: usize| {
        let mut bytes = whole_flac.clone();
        bytes[at] ^= 1;
        bytes
    };
    let rate = |rate: u32| wav(rate, 1, 16, &[1_i16; 100]);
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", vec![], "the file is empty"),
        ("text", b"What is this?".to_vec(), "neither a WAV nor a FLAC file"),
        ("mp3", b"ID3\x03\x00".to_vec(), "an ID3 tag and no FLAC file follows"),
        (
            "torn WAV",
            whole[..5000].to_vec(),
            "not a complete WAV file (it ends too early: chunk \"data\" has 10000 bytes by its header, but 4956 follow",
        ),
        ("torn in the middle of a value", whole[..5001].to_vec(), "not a complete WAV file"),
        ("torn header", whole[..30].to_vec(), "not a complete WAV file"),
        ("RIFF of another kind", set(8, b"AVI "), "not a complete WAV file"),
        ("compressed", set(20, &[0x55]), "not supported"),
        ("0 samples", wav_bytes(&[]), "it holds no samples"),
        ("slow", rate(7_999), "its rate is 7999 Hz, allowed are 8000 to 384000 Hz"),
        ("rate 0", set(24, &[0; 8]), "its rate is 0 Hz"),
        ("fast", rate(384_001), "its rate is 384001 Hz"),
        ("NaN", floats(16_000, &[0.0, 0.5, f32::NAN]), "value 2 (counted from 0) is NaN, not a finite number"),
        ("infinite", floats(16_000, &[f32::NEG_INFINITY]), "value 0 (counted from 0) is -inf"),
        ("scale of integers", floats(16_000, &[0.0, 9.0]), "is 9, but full scale is 1"),
        ("torn FLAC", whole_flac[..10_000].to_vec(), "not a complete FLAC file (it ends too early)"),
        (
            "torn between frames",
            whole_flac[..START + HEAD + 1 + 2 * 4096 + 2].to_vec(),
            "it holds 4096 of 9000 samples",
        ),
        ("no frames", whole_flac[..START].to_vec(), "it holds 0 of 9000 samples"),
        ("torn at the start", whole_flac[..20].to_vec(), "not a complete FLAC file"),
        ("changed sample", flipped(5000), "not a complete FLAC file (frame CRC mismatch)"),
        ("changed checksum", flipped(START - 1), "its samples do not match its checksum"),
    ];
    for (what, bytes, message) in cases {
        folder.put("x.audio", &bytes);
        let error = read_audio(&folder.path("x.audio")).unwrap_err().to_string();
        let told = error.contains("x.audio: ") && error.contains(message) && error.ends_with("FLAC files");
        assert!(told, "{what}: {error}");
    }
    let error = |name: &str| read_audio(&folder.path(name)).unwrap_err().to_string();
    assert!(error("none.wav").contains("cannot read"));
    std::fs::create_dir(folder.path("folder.wav")).unwrap();
    assert!(error("folder.wav").contains("not a regular file"));
}

/// Lengths in a header are not trusted.
#[test]
fn headers_that_ask_for_everything_get_nothing() {
    let mut wav = wav_bytes(&noise("x", 100));
    for length in [0x0400_0000_u32, 0x7ffe_ffff, 0x9000_0000, 0xfffe_ffff] {
        wav[40..44].copy_from_slice(&length.to_le_bytes());
        assert!(decode(&wav).unwrap_err().contains("ends too early"), "{length}");
    }
    wav[40..44].copy_from_slice(&0x0400_0000_u32.to_le_bytes());
    assert!(decode(&wav).unwrap_err().contains("ends too early"));
    let mut flac = flac(16_000, &[vec![1; 100]]);
    flac[22..26].fill(0xff);
    assert!(decode(&flac).unwrap_err().contains("cut it into utterances"));
}

/// One file of each kind.
fn files() -> Vec<Vec<u8>> {
    let samples: Vec<i16> = noise("mutated", 300).iter().map(|v| (v * 32_768.0) as i16).collect();
    let wide: Vec<i32> = samples.iter().map(|v| i32::from(*v) << 8).collect();
    vec![
        wav(16_000, 2, 16, &samples),
        wav(8_000, 1, 24, &wide),
        wav(16_000, 1, 8, &[3_i8, -100, 7]),
        floats(48_000, &noise("mutated", 200)),
        flac(16_000, &[samples.clone(), samples[..].iter().rev().copied().collect()]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Neither our reader nor claxon panics.
    #[test]
    fn mutated_files_are_read_or_refused(
        which in 0_usize..5,
        changes in prop::collection::vec((0_usize..1000, any::<u8>()), 0..6),
        head in prop::collection::vec((0_usize..64, any::<u8>()), 0..4),
        cut in 0_usize..2000,
    ) {
        let mut bytes = files().swap_remove(which);
        for (at, value) in changes.into_iter().chain(head) {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        if cut < bytes.len() {
            bytes.truncate(cut);
        }
        if let Ok(samples) = decode(&bytes) {
            prop_assert!(samples.iter().all(|v| v.is_finite() && v.abs() <= 1.0));
        }
    }

    /// Frames with a valid header and anything after it. The checksum comes last.
    #[test]
    fn frames_of_anything_are_read_or_refused(
        kind in any::<u8>(),
        content in prop::collection::vec(any::<u8>(), 0..300),
        zeros in 0_usize..40,
        stereo in 0_u8..11,
    ) {
        let mut bytes = flac(16_000, &[vec![0; 64], vec![0; 64]]);
        bytes.truncate(START + HEAD);
        bytes[START + 3] = stereo << 4 | 0b1000;
        let mut head = bytes[START..START + HEAD - 1].to_vec();
        head.push(crc8(&head));
        bytes.truncate(START);
        let mut frame = head;
        frame.push(kind & 0x7f);
        frame.extend(content);
        frame.extend(vec![0; zeros]);
        bytes.extend(frame);
        let _ = decode(&bytes);
    }
}
