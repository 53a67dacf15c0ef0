//! The speech codec on one thread: five seconds of made-up speech, by method; time by 5 s is the share of real time.

mod common;

use std::hint::black_box;

use common::quick;
use criterion::{Criterion, criterion_group, criterion_main};
use vqlab::baseline;
use vqlab::data::speech::{Speech, SpeechData};
use vqlab::quantizer::{Method, Search};
use vqlab::speech::{Analysis, Codec, CodecSettings, Model, features, mean_levels};

fn codec(c: &mut Criterion) {
    let speech = Speech::open(&SpeechData::synthetic(4, 1, 1)).expect("synthetic speech");
    let settings = CodecSettings::default();
    let analysis = Analysis::new(&settings);
    let coefficients: Vec<f32> = speech.training().iter().flat_map(|u| analysis.mdct.forward(&u.samples)).collect();
    let levels = analysis.levels(&coefficients);
    let mean = mean_levels(&levels, settings.bands);
    let vectors = features(&analysis.bands, &mean, &levels);
    let samples = &speech.test()[0].samples[..speech.test()[0].samples.len().min(80_000)];
    let mut group = c.benchmark_group(format!("speech of {:.1} s", samples.len() as f64 / 16e3));
    for method in Method::PAPER {
        let how = baseline::Settings { iterations: 3, ..baseline::Settings::new(method, 8, 8) };
        let books = baseline::train(&how, &vectors, settings.bands, "bench", &mut |_| true).expect("codebooks");
        let model =
            Model { settings: settings.clone(), books, mean: mean.clone(), beam_width: 16, search: Some(Search::Beam) };
        let codec = Codec::new(&model);
        for bitrate in [8_000, 32_000] {
            let name = format!("{}/{bitrate}", method.label());
            group.bench_function(format!("encode {name}"), |b| b.iter(|| codec.encode(black_box(samples), bitrate)));
            let bytes = codec.encode(samples, bitrate).expect("speech").bytes;
            group.bench_function(format!("decode {name}"), |b| b.iter(|| codec.decode(black_box(&bytes))));
        }
    }
    group.finish();
}

criterion_group! { name = benches; config = quick(10, 2); targets = codec }
criterion_main!(benches);
