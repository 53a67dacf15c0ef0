//! `vqlab inspect` on each kind of file.

mod common;

use common::vectors::{numbers, put_books, put_vectors};
use common::{Env, files_below};
use vqlab::baseline;
use vqlab::quantizer::Method;
use vqlab::speech::{Codec, CodecSettings, Model};

fn value(env: &Env, file: &str) -> serde_json::Value {
    serde_json::from_str(&env.run(&["inspect", file, "--json"]).ends_with(0).stdout).unwrap()
}

#[test]
fn codebooks_codes_and_vectors() {
    let env = Env::new();
    put_books(&env, "books", Method::Avq, (8, 2, 16));
    put_vectors(&env.path("x.fvecs"), 8, &numbers("x", 800));
    env.run(&["encode", "books", "x.fvecs", "-o", "codes.npy"]).ends_with(0);
    let books = value(&env, "books");
    assert_eq!((&books["kind"], &books["method"]), (&"codebooks".into(), &"avq".into()));
    assert_eq!((&books["dimension"], &books["stages"], &books["codebook_size"]), (&8.into(), &2.into(), &16.into()));
    assert_eq!((&books["bits_per_vector"], &books["beam_width"]), (&8.0.into(), &4.into()));
    env.run(&["inspect", "books"]).ends_with(0).prints("codebook size").prints("a test");
    let codes = value(&env, "codes.npy");
    assert_eq!((&codes["kind"], &codes["vectors"], &codes["stages"]), (&"codes".into(), &100.into(), &2.into()));
    assert!(codes["largest_code_by_stage"].as_array().unwrap().iter().all(|code| code.as_u64().unwrap() < 16));
    let vectors = value(&env, "x.fvecs");
    assert_eq!((&vectors["kind"], &vectors["dimension"]), (&"vectors".into(), &8.into()));
    put_vectors(&env.path("offset.fvecs"), 8, &numbers("x", 800).iter().map(|v| 0.1 + 0.0 * v).collect::<Vec<_>>());
    assert_eq!(value(&env, "offset.fvecs")["variance_per_coordinate"], 0.0);
    assert!((vectors["variance_per_coordinate"].as_f64().unwrap() - 1.0).abs() < 0.2, "{vectors}");
}

#[test]
fn records_provenance_and_results() {
    let env = Env::new();
    env.run(&["run", "tiny.toml", "--seeds", "1", "--format", "svg"]).ends_with(0);
    let record = files_below(&env.path("results/cells")).remove(0);
    let record = value(&env, record.to_str().unwrap());
    assert_eq!((&record["kind"], &record["status"]), (&"record".into(), &"done".into()));
    assert!(record["metrics"]["mse-training"].is_number() && record.get("reason").is_none());
    let provenance = value(&env, "results/default/provenance/tiny.json");
    assert_eq!((&provenance["kind"], &provenance["cells_done"]), (&"provenance".into(), &12.into()));
    let results = value(&env, "results/default/Tiny/plain.json");
    assert_eq!((&results["kind"], &results["axis"]), (&"results".into(), &"VQ Bitrate".into()));
    assert_eq!(results["curves"]["AVQ"].as_array().unwrap().len(), 2);
    env.run(&["inspect", "results/default/Tiny/plain.json"]).ends_with(0).prints("4 bits, 8 bits");
}

#[test]
fn codecs_and_what_they_have_coded() {
    let env = Env::new();
    let settings = CodecSettings::default();
    let how = baseline::Settings { iterations: 2, ..baseline::Settings::new(Method::Rvq, 4, 8) };
    let features = numbers("features", 100 * settings.bands);
    let books = baseline::train(&how, &features, settings.bands, "test", &mut |_| true).unwrap();
    let model = Model { mean: vec![-40.0; settings.bands], settings, books, beam_width: 1, search: None };
    model.save(&env.path("codec"), "kmeans", "test").unwrap();
    let samples: Vec<f32> = numbers("speech", 16_000).iter().map(|s| 0.05 * s).collect();
    let coded = Codec::new(&model).encode(&samples, 16_400).unwrap();
    std::fs::write(env.path("out.vqsp"), coded.bytes).unwrap();
    let codec = value(&env, "codec");
    assert_eq!((&codec["kind"], &codec["codec"]["bands"]), (&"speech codec".into(), &24.into()));
    let speech = value(&env, "out.vqsp");
    assert_eq!((&speech["kind"], &speech["seconds"]), (&"coded speech".into(), &1.0.into()));
    assert_eq!(speech["identity_of_codec"], codec["identity"]);
}

#[test]
fn what_is_none_of_ours_is_told() {
    let env = Env::new();
    env.write("torn.json", "{\"format\": \"vqlab-record\", ");
    env.write("other.json", "{\"a\": 1}");
    env.write("torn.npy", "\u{93}NUMPY");
    let wrong = [
        ("none", "cannot read none"),
        (".", "not a regular file"),
        ("tiny.toml", "of an unknown kind"),
        ("torn.json", "not a complete JSON object"),
        ("other.json", "key \"a\""),
        ("torn.npy", "torn.npy, byte 0"),
    ];
    for (file, message) in wrong {
        env.run(&["inspect", file]).ends_with(2).says(message);
    }
}
