//! The examples of every command's help, run as they stand, in a folder with files of the names that they speak of.

mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use common::vectors::{numbers, put_books, put_vectors};
use common::{Env, Run, TINY};
use vqlab::baseline;
use vqlab::data::speech::write_wav;
use vqlab::picture::{Picture, encode};
use vqlab::quantizer::Method;
use vqlab::speech::{CodecSettings, Model};

/// Examples that are not run: by what they contain, with the reason.
const LEFT_OUT: [(&str, &str); 4] = [
    ("data import", "needs a published data set"),
    ("data fetch", "needs the network"),
    ("--partition main", "needs Slurm"),
    ("--log 1a2b3c4d", "stands for the key of a cell, which is not known before"),
];

/// What is run with smaller numbers, to save time.
const SMALLER: [(&str, &str); 5] = [
    ("--budget 20s", "--budget 2s"),
    // Other examples need the codebooks that are there.
    ("-o books.safetensors", "-o fitted.safetensors"),
    ("--base 100000", "--base 500"),
    ("--training 20000", "--training 20"),
    ("--training 100 --test 20", "--training 2 --test 1"),
];

/// A folder with everything that the examples name.
fn prepared() -> Env {
    let env = Env::new();
    std::fs::create_dir_all(env.path("experiments")).unwrap();
    for name in ["toy", "toy-dimension"] {
        let spec = TINY.replace("name = \"tiny\"", &format!("name = \"{name}\"")).replace("Tiny/", &format!("{name}/"));
        let profile = "\n[profile.paper]\ntraining.updates = 100\n";
        env.write(&format!("experiments/{name}.toml"), &format!("{spec}{profile}"));
    }
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("results/published/Figure 3");
    std::fs::create_dir_all(env.path("results/published/Figure 3")).unwrap();
    let file = "Data_Dimension_128.json";
    std::fs::copy(published.join(file), env.path("results/published/Figure 3").join(file)).unwrap();
    std::fs::copy(published.join(file), env.path("ours.json")).unwrap();
    std::fs::create_dir_all(env.path("results/paper/Figure 3")).unwrap();
    std::fs::copy(published.join(file), env.path("results/paper/Figure 3").join(file)).unwrap();

    put_books(&env, "books.safetensors", Method::Avq, (8, 2, 256));
    for name in ["base", "query", "queries", "vectors", "learn", "restored"] {
        for ending in ["fvecs", "npy"] {
            put_vectors(&env.path(&format!("{name}.{ending}")), 8, &numbers(name, 8 * 300));
        }
    }
    let row = |values: &[f32]| values.iter().map(f32::to_string).collect::<Vec<_>>().join(",");
    let rows: Vec<String> = numbers("learn", 8 * 300).chunks(8).map(row).collect();
    env.write("learn.csv", &rows.join("\n"));
    put_npy(&env.path("codebooks.npy"), "(2, 16, 4)", &numbers("codebooks", 2 * 16 * 4));
    env.run(&["encode", "books.safetensors", "base.fvecs", "-o", "codes.npy"]).ends_with(0);
    env.run(&["search", "books.safetensors", "codes.npy", "query.fvecs", "-k", "10", "-o", "found.ivecs"]).ends_with(0);
    std::fs::copy(env.path("found.ivecs"), env.path("groundtruth.ivecs")).unwrap();

    let picture = |shift| {
        let pixels = (0..32 * 32 * 3).map(|i: u32| (i * i % 199) as u8 + shift).collect();
        encode(&Picture { width: 32, height: 32, pixels }).unwrap()
    };
    std::fs::write(env.path("original.png"), picture(0)).unwrap();
    std::fs::write(env.path("decoded.png"), picture(9)).unwrap();

    let speech = vqlab::data::speech::Speech::open(&vqlab::data::speech::SpeechData::synthetic(1, 1, 9)).unwrap();
    let samples = &speech.test()[0].samples;
    let quieter: Vec<f32> = samples.iter().map(|s| 0.9 * s).collect();
    // A reader tells WAV from FLAC by the content.
    for (name, samples) in [
        ("original.wav", samples),
        ("original.flac", samples),
        ("in.wav", samples),
        ("in.flac", samples),
        ("decoded.wav", &quieter),
    ] {
        write_wav(&env.path(&format!("{name}.wav")), samples).unwrap();
        std::fs::rename(env.path(&format!("{name}.wav")), env.path(name)).unwrap();
    }
    let settings = CodecSettings::default();
    let how = baseline::Settings { iterations: 2, ..baseline::Settings::new(Method::Rvq, 4, 8) };
    let features = numbers("features", 100 * settings.bands);
    let books = baseline::train(&how, &features, settings.bands, "test", &mut |_| true).unwrap();
    let model = Model { mean: vec![-40.0; settings.bands], settings, books, beam_width: 1, search: None };
    model.save(&env.path("codec.safetensors"), "kmeans", "test").unwrap();
    env
}

/// An npy file of any shape.
fn put_npy(path: &Path, shape: &str, values: &[f32]) {
    let head = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    let head = format!("{head:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((head.len() as u16).to_le_bytes());
    bytes.extend(head.as_bytes());
    bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    std::fs::write(path, bytes).unwrap();
}

/// The commands below `command` (words), with their own ones, as their help lists them.
fn commands(env: &Env, command: &[&str]) -> Vec<(Vec<String>, String)> {
    let help = env.run(&[command, &["--help"]].concat()).ends_with(0).stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // A name stands two blanks in; what a long text goes on with stands farther in.
    let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names: Vec<&str> = names.filter_map(|line| line.split_whitespace().next()).filter(|n| *n != "help").collect();
    let below = names.iter().flat_map(|name| commands(env, &[command, &[*name]].concat()));
    let this = (command.iter().map(|word| (*word).to_owned()).collect(), help.clone());
    std::iter::once(this).chain(below).collect()
}

#[test]
fn every_example_of_every_help_works() {
    let env = prepared();
    let mut seen = BTreeSet::new();
    let mut left_out = BTreeSet::new();
    // In the order of the help, where `run` comes first and makes what others show.
    for (command, help) in commands(&env, &[]) {
        let begin = ["vqlab".to_owned()].into_iter().chain(command).collect::<Vec<_>>().join(" ");
        let examples: Vec<&str> = help.lines().map(str::trim).filter(|line| line.starts_with(&begin)).collect();
        assert!(!examples.is_empty(), "{begin} has no example: {help}");
        for example in examples {
            if let Some((what, _)) = LEFT_OUT.iter().find(|(what, _)| example.contains(what)) {
                left_out.insert(*what);
                continue;
            }
            if !seen.insert(example.to_owned()) {
                continue;
            }
            let line = SMALLER.iter().fold(example.to_owned(), |line, (from, to)| line.replace(from, to));
            // Outputs of the examples before, which would be refused.
            if let Some(output) = line.split(" -o ").nth(1).and_then(|rest| rest.split(' ').next()) {
                let _ = std::fs::remove_file(env.path(output)).or_else(|_| std::fs::remove_dir_all(env.path(output)));
            }
            let program = format!("alias_of_vqlab() {{ '{}' \"$@\"; }}\n", env!("CARGO_BIN_EXE_vqlab"));
            let script = program + &line.replacen("vqlab", "alias_of_vqlab", 1);
            let output = Command::new("sh").args(["-c", &script]).current_dir(env.path(".")).output().unwrap();
            let run = Run::from(output);
            assert_eq!(run.status, Some(0), "{example}\n{run:#?}");
        }
    }
    assert_eq!(left_out.len(), LEFT_OUT.len(), "no example is left out for some reason any more: {left_out:?}");
    assert!(seen.len() > 20, "{seen:?}");
}
