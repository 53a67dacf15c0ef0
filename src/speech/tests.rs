//! Files of whole codecs, trained on a few synthetic utterances.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;

use super::stream::{HEADER, Header};
use super::{Analysis, Codec, CodecSettings, Model, StreamError, features, mean_levels};
use crate::baseline;
use crate::data::speech::{Speech, SpeechData};
use crate::quantizer::{Method, Search};

static SPEECH: LazyLock<Arc<Speech>> = LazyLock::new(|| Speech::open(&SpeechData::synthetic(4, 2, 3)).unwrap());

fn model(method: Method, settings: &CodecSettings) -> Model {
    let analysis = Analysis::new(settings);
    let coefficients: Vec<f32> = SPEECH.training().iter().flat_map(|u| analysis.mdct.forward(&u.samples)).collect();
    let levels = analysis.levels(&coefficients);
    let mean = mean_levels(&levels, settings.bands);
    let vectors = features(&analysis.bands, &mean, &levels);
    let how = baseline::Settings { iterations: 3, ..baseline::Settings::new(method, 4, 16) };
    let books = baseline::train(&how, &vectors, settings.bands, "speech", &mut |_| true).unwrap();
    Model { settings: settings.clone(), books, mean, beam_width: 4, search: Some(Search::Beam) }
}

fn rvq() -> &'static Model {
    static MODEL: LazyLock<Model> = LazyLock::new(|| model(Method::Rvq, &CodecSettings::default()));
    &MODEL
}

#[test]
fn files_of_other_kinds_are_told_in_words() {
    let said = |bytes: &[u8]| Header::parse(bytes).unwrap_err().to_string();
    let speech = said(&crate::data::speech::wav_bytes(&[0.0; 100]));
    assert!(speech.contains("it begins with \"RIFF\", not with \"VQSP\": it is speech that is not coded"), "{speech}");
    let other = said(&[7; 40]);
    assert!(other.ends_with(r#"it begins with "\x07\x07\x07\x07", not with "VQSP""#), "{other}");
}

#[test]
fn files_decode_to_the_encoders_samples_and_keep_to_the_bitrate() {
    for (method, reservoir) in
        [(Method::Avq, 0), (Method::Rvq, 0), (Method::Rvq, 500), (Method::Pvq, 5_000), (Method::Opq, 100)]
    {
        let model = model(method, &CodecSettings { reservoir, ..CodecSettings::default() });
        let codec = Codec::new(&model);
        let samples = &SPEECH.test()[0].samples;
        let mut before = 0.0;
        for bitrate in [6_000, 8_000, 16_400, 64_000] {
            let coded = codec.encode(samples, bitrate).unwrap();
            assert_eq!(codec.decode(&coded.bytes).unwrap(), coded.samples, "{method:?} at {bitrate}");
            let real = 8.0 * coded.bytes.len() as f64 * 16_000.0 / samples.len() as f64;
            let relative = real / f64::from(bitrate) - 1.0;
            // Above the finest step, no more bits can be spent.
            assert!(relative < 0.002, "{method:?} at {bitrate}: {real}");
            assert!(relative > -0.02 || bitrate == 64_000, "{method:?} at {bitrate}: {real}");
            let error: f64 = samples.iter().zip(&coded.samples).map(|(a, b)| f64::from(a - b).powi(2)).sum();
            let energy: f64 = samples.iter().map(|a| f64::from(*a).powi(2)).sum();
            let snr = 10.0 * (energy / error).log10();
            assert!(snr > before, "{method:?} at {bitrate}: {snr} dB after {before} dB");
            before = snr;
        }
    }
}

#[test]
fn any_signal_can_be_coded() {
    let codec = Codec::new(rvq());
    let noise = |i: usize| ((i * 7_919 % 1_000) as f32 / 500.0 - 1.0) * 4.0;
    let signals: [Vec<f32>; 5] = [
        vec![0.5],
        vec![0.0; 5_000],
        (0..5_000).map(noise).collect(),
        (0..5_000).map(|i| if i == 2_500 { 1.0 } else { 0.0 }).collect(),
        (0..5_000).map(|i| if i % 2 == 0 { 1e30 } else { -1e30 }).collect(),
    ];
    for (i, signal) in signals.iter().enumerate() {
        for bitrate in [6_000, 64_000] {
            let coded = codec.encode(signal, bitrate).unwrap();
            assert_eq!(coded.samples.len(), signal.len());
            assert_eq!(codec.decode(&coded.bytes).unwrap(), coded.samples, "signal {i} at {bitrate}");
        }
    }
    assert!(matches!(codec.encode(&[], 8_000), Err(StreamError::Samples(_))));
    assert!(matches!(codec.encode(&[0.0, f32::NAN], 8_000), Err(StreamError::Samples(_))));
}

/// Full-scale signals of `n` samples, far louder than a codec is trained for, and short ones.
fn loud(n: usize) -> Vec<(&'static str, Vec<f32>)> {
    let mut rng = crate::data::stream::stream("loud");
    let mut noise = || (rand::Rng::next_u64(&mut rng) >> 40) as f32 / (1 << 23) as f32 - 1.0;
    let noise: Vec<f32> = (0..n).map(|_| noise()).collect();
    let speech = |i: usize| SPEECH.test()[0].samples[i % SPEECH.test()[0].samples.len()];
    let square = |period: usize| (0..n).map(|i| if (i / period).is_multiple_of(2) { 1.0 } else { -1.0 }).collect();
    let every = |period: usize| (0..n).map(|i| if i % period == period / 2 { 1.0 } else { 0.0 }).collect();
    let burst = |i: usize| if (n / 3..n / 2).contains(&i) { noise[i] } else { speech(i) };
    vec![
        ("white noise", noise.clone()),
        ("signs of noise", noise.iter().map(|v| v.signum()).collect()),
        ("square wave of 100 Hz", square(80)),
        ("square wave of 1 kHz", square(8)),
        ("square wave of 8 kHz", square(1)),
        ("clipped speech", (0..n).map(|i| (1000.0 * speech(i)).clamp(-1.0, 1.0)).collect()),
        ("speech with a burst", (0..n).map(burst).collect()),
        ("one impulse", every(n.max(2))),
        ("impulses", every(97)),
        ("constant", vec![1.0; n]),
        ("silence", vec![0.0; n]),
        ("beyond full scale", noise.iter().map(|v| 1e6 * v).collect()),
    ]
}

#[test]
fn no_signal_takes_more_than_its_bitrate() {
    // As `speech encode --help` says.
    let most = |bitrate: u32, n: usize| 1.01 * f64::from(bitrate) * n as f64 / 16_000.0 + 8.0 * 64.0;
    for reservoir in [500, 0] {
        let model = Model { settings: CodecSettings { reservoir, ..CodecSettings::default() }, ..rvq().clone() };
        let codec = Codec::new(&model);
        for n in [1, 100, 321, 1600, 8000, 40_000] {
            for (what, signal) in loud(n) {
                for bitrate in [6_000, 8_000, 9_600, 16_400, 32_000] {
                    let coded = codec.encode(&signal, bitrate).unwrap();
                    let bits = 8.0 * coded.bytes.len() as f64;
                    assert!(bits <= most(bitrate, n), "{what}, {n} samples at {bitrate}: {bits} bits");
                    if n < 40_000 || bitrate == 8_000 {
                        let decoded = codec.decode(&coded.bytes).unwrap();
                        assert_eq!(decoded, coded.samples, "{what}, {n} samples at {bitrate}");
                    }
                }
            }
        }
    }
}

/// Loud signals lose high frequencies, but not everything.
#[test]
fn limited_signals_keep_what_fits() {
    let codec = Codec::new(rvq());
    for (what, signal) in loud(16_000).into_iter().take(5) {
        let coded = codec.encode(&signal, 8_000).unwrap();
        let bitrate = 8.0 * coded.bytes.len() as f64;
        assert!(bitrate > 0.9 * 8_000.0, "{what}: {bitrate}");
        assert!(coded.samples.iter().any(|v| v.abs() > 0.1), "{what}");
    }
}

/// A codec whose envelopes alone take more bits than the bitrate.
#[test]
fn a_bitrate_that_cannot_be_kept_is_refused() {
    // With γ = 1 the coarsest step is equally far below every envelope: zeros alone take half a bit each.
    let settings = CodecSettings { weighting: 1.0, ..CodecSettings::default() };
    let model = model(Method::Rvq, &settings);
    let (_, noise) = loud(16_000).swap_remove(0);
    let error = Codec::new(&model).encode(&noise, 6_000).err().unwrap();
    let StreamError::Rate { asked: 6_000, needed } = error else { panic!("{error}") };
    assert!(needed > 6_060, "{needed}");
    Codec::new(&model).encode(&noise, needed as u32).unwrap();
}

#[test]
fn damaged_files_and_those_of_other_codecs_are_refused() {
    let codec = Codec::new(rvq());
    let bytes = codec.encode(&SPEECH.test()[0].samples[..8_000], 16_400).unwrap().bytes;
    for at in (0..bytes.len()).step_by(13).chain(0..HEADER) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(codec.decode(&damaged).is_err(), "byte {at}");
    }
    for end in 0..bytes.len() {
        assert!(codec.decode(&bytes[..end]).is_err(), "cut at {end}");
    }
    let other = Model { mean: rvq().mean.iter().map(|m| m + 1.0).collect(), ..rvq().clone() };
    assert!(matches!(Codec::new(&other).decode(&bytes), Err(StreamError::OtherModel { .. })));
}

#[test]
fn a_model_file_gives_the_model_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("codec.safetensors");
    for method in [Method::Avq, Method::Pvq, Method::Opq] {
        let model = model(method, &CodecSettings::default());
        model.save(&path, "kmeans", "test").unwrap();
        let loaded = Model::load(&path).unwrap();
        assert_eq!(loaded.identity(), model.identity());
        // It is a codebook file, too.
        assert_eq!(crate::quantizer::load(&path).unwrap().0.values(), model.books.values());
    }
    let plain = crate::quantizer::Provenance { beam_width: 1, trainer: "kmeans".into(), provenance: "test".into() };
    crate::quantizer::save(&path, &rvq().books, &plain).unwrap();
    let error = Model::load(&path).unwrap_err().to_string();
    assert!(error.contains("no speech codec"), "{error}");
}

proptest! {
    /// Any payload in a file with a correct checksum gives samples or an error.
    #[test]
    fn no_payload_makes_the_decoder_fail_otherwise(payload in prop::collection::vec(any::<u8>(), 0..400), samples in 1u32..40_000) {
        let header = Header { model: rvq().identity(), samples };
        let _ = Codec::new(rvq()).decode(&header.with(&payload));
    }
}
