//! Files of whole codecs, trained on a few made-up utterances.

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
    assert!(
        speech.contains("it begins with \"RIFF\", not with \"VQSP\": it is no coded speech, but speech"),
        "{speech}"
    );
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
            // Above the finest step nothing more can be spent.
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
    assert!(error.contains("not those of a speech codec"), "{error}");
}

proptest! {
    /// Whatever stands in a file with a right checksum: samples or an error.
    #[test]
    fn no_payload_makes_the_decoder_fail_otherwise(payload in prop::collection::vec(any::<u8>(), 0..400), samples in 1u32..40_000) {
        let header = Header { model: rvq().identity(), samples };
        let _ = Codec::new(rvq()).decode(&header.with(&payload));
    }
}
