//! `vqlab speech`: files of speech to coded files and back.

mod common;

use common::vectors::json;
use common::{Env, Run};
use vqlab::baseline;
use vqlab::data::speech::{Speech, SpeechData, read_audio, wav_bytes, write_wav};
use vqlab::quantizer::Method;
use vqlab::speech::{Analysis, Codec, CodecSettings, Model, features, mean_levels};

/// With codecs `rvq` and `pvq`, trained on one made-up utterance, and another one in `in.wav`.
fn env() -> Env {
    let env = Env::new();
    let speech = Speech::open(&SpeechData::synthetic(1, 1, 9)).unwrap();
    for (name, method) in [("rvq", Method::Rvq), ("pvq", Method::Pvq)] {
        model(&speech, method).save(&env.path(name), "kmeans", "test").unwrap();
    }
    write_wav(&env.path("in.wav"), &speech.test()[0].samples).unwrap();
    env
}

fn model(speech: &Speech, method: Method) -> Model {
    let settings = CodecSettings::default();
    let analysis = Analysis::new(&settings);
    let levels = analysis.levels(&analysis.mdct.forward(&speech.training()[0].samples));
    let mean = mean_levels(&levels, settings.bands);
    let vectors = features(&analysis.bands, &mean, &levels);
    let how = baseline::Settings { iterations: 2, ..baseline::Settings::new(method, 4, 8) };
    let books = baseline::train(&how, &vectors, settings.bands, "test", &mut |_| true).unwrap();
    Model { settings, books, mean, beam_width: 1, search: None }
}

fn encode(env: &Env, output: &str, more: &[&str]) -> Run {
    let first = ["speech", "encode", "rvq", "in.wav", "-o", output, "--bitrate", "16400"];
    env.run(&[&first, more].concat())
}

#[test]
fn a_file_comes_back_as_the_encoder_had_it() {
    let env = env();
    let run = encode(&env, "out.vqsp", &["--score", "--json"]).ends_with(0);
    assert!((json(&run, "bitrate") / 16_400.0 - 1.0).abs() < 0.02, "{run:#?}");
    assert!(json(&run, "pesq") > 2.0 && json(&run, "psnr_perceptual") > 4.0, "{run:#?}");
    env.run(&["speech", "decode", "rvq", "out.vqsp", "-o", "out.wav"]).ends_with(0).prints("times real time");
    // What the library's encoder says it is, bit for bit.
    let model = Model::load(&env.path("rvq")).unwrap();
    let coded = Codec::new(&model).encode(&read_audio(&env.path("in.wav")).unwrap(), 16_400).unwrap();
    assert_eq!(std::fs::read(env.path("out.vqsp")).unwrap(), coded.bytes);
    assert_eq!(std::fs::read(env.path("out.wav")).unwrap(), wav_bytes(&coded.samples));
}

#[test]
fn what_cannot_be_is_told_and_leaves_files_alone() {
    let env = env();
    encode(&env, "out.vqsp", &[]).ends_with(0);
    let before = std::fs::read(env.path("out.vqsp")).unwrap();
    encode(&env, "out.vqsp", &[]).ends_with(2).says("--force");
    assert_eq!(std::fs::read(env.path("out.vqsp")).unwrap(), before);
    encode(&env, "out.vqsp", &["--force"]).ends_with(0);
    encode(&env, "in.wav", &["--force"]).ends_with(2).says("it is an input");

    std::fs::write(env.path("cut.vqsp"), &before[..before.len() - 1]).unwrap();
    std::fs::write(env.path("text.vqsp"), "no speech at all, but text").unwrap();
    for (codec, file, expected) in [
        ("rvq", "cut.vqsp", "cut.vqsp: it is damaged"),
        ("rvq", "text.vqsp", "text.vqsp: it is not a speech file of vqlab"),
        ("rvq", "missing.vqsp", "cannot read missing.vqsp"),
        ("pvq", "out.vqsp", "coded with another model"),
        ("in.wav", "out.vqsp", "in.wav is not a codebook file"),
    ] {
        env.run(&["speech", "decode", codec, file, "-o", "new.wav"]).ends_with(2).says(expected);
        assert!(!env.path("new.wav").exists());
    }
    env.run(&["speech", "encode", "rvq", "text.vqsp", "-o", "new.vqsp", "--bitrate", "8000"]).ends_with(2);
    env.run(&["speech", "encode", "rvq", "in.wav", "-o", "new.vqsp", "--bitrate", "100"])
        .ends_with(2)
        .says("6000 to 64000");
}

#[test]
fn narrowband_speech_is_coded_with_a_note_and_not_scored() {
    let env = env();
    let mut bytes = std::fs::read(env.path("in.wav")).unwrap();
    bytes[24..28].copy_from_slice(&8_000_u32.to_le_bytes());
    std::fs::write(env.path("in.wav"), bytes).unwrap();
    let note = "in.wav has a sampling rate of 8000 Hz; it is coded as speech of 16000 Hz with nothing above 4000 Hz";
    encode(&env, "out.vqsp", &[]).ends_with(0).says(note);
    encode(&env, "new.vqsp", &["--score"]).ends_with(2).says("in.wav: its rate is 8000 Hz");
    assert!(!env.path("new.vqsp").exists());
}

#[test]
fn full_scale_noise_keeps_to_the_bitrate() {
    let env = env();
    let noise: Vec<f32> =
        (0..32_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / 8_388_608.0 - 1.0).collect();
    write_wav(&env.path("in.wav"), &noise).unwrap();
    for bitrate in ["8000", "16400", "32000"] {
        let run = env.run(&["speech", "encode", "rvq", "in.wav", "-o", bitrate, "--bitrate", bitrate, "--json"]);
        // 1 %, and 64 bytes over two seconds.
        let most = 1.01 * bitrate.parse::<f64>().unwrap() + 256.0;
        assert!(json(&run.ends_with(0), "bitrate") <= most, "{bitrate}");
        env.run(&["speech", "decode", "rvq", bitrate, "-o", &format!("{bitrate}.wav")]).ends_with(0);
    }
}
