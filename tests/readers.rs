//! Damaged files of every kind: an error or a value, but no panic, and no memory beyond the file's size times a constant.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;

use common::vectors::{numbers, put_books, put_vectors};
use common::{Env, files_below};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use vqlab::baseline;
use vqlab::data::file::{CodeFile, Id, IdFile, IdWriter, Output, VectorFile};
use vqlab::data::speech::{read_audio, wav_bytes};
use vqlab::inspect::inspect;
use vqlab::quantizer::{Method, load};
use vqlab::results::{ResultsFile, read_provenance};
use vqlab::runner::parse_record;
use vqlab::speech::{Codec, CodecSettings, Model};

/// Counts the bytes that this thread holds, and the most that it held.
struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: all calls go on to the system's allocator as they are; the counters allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = HELD.try_with(|held| {
            held.set(held.get().wrapping_add(layout.size()));
            let _ = MOST.try_with(|most| most.set(most.get().max(held.get())));
        });
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let _ = HELD.try_with(|held| held.set(held.get().saturating_sub(layout.size())));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes held at once while `run` runs, beyond those before.
fn most_held(run: impl FnOnce()) -> usize {
    let before = HELD.get();
    MOST.set(before);
    run();
    MOST.get() - before
}

/// A change of a file; places are shares of its length, squared half of the time, as headers stand in front.
#[derive(Clone, Debug)]
enum Change {
    Byte(f64, u8),
    Cut(f64),
    Remove(f64, usize),
    Insert(f64, Vec<u8>),
    Repeat(f64, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let place =
        (0.0..1.0, any::<bool>()).prop_map(|(share, front): (f64, bool)| if front { share.powi(4) } else { share });
    let byte =
        prop_oneof![Just(0), Just(0xff), Just(0x7f), Just(0x80), Just(b'9'), Just(b'-'), Just(b'['), any::<u8>()];
    (place, byte, 0usize..64, proptest::collection::vec(any::<u8>(), 1..32), 0..8).prop_map(
        |(place, byte, length, bytes, kind)| match kind {
            0..4 => Change::Byte(place, byte),
            4 => Change::Cut(place),
            5 => Change::Remove(place, length),
            6 => Change::Insert(place, bytes),
            _ => Change::Repeat(place, length),
        },
    )
}

fn changed(file: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for change in changes {
        let at = |place: f64| ((place * bytes.len() as f64) as usize).min(bytes.len().saturating_sub(1));
        match change {
            _ if bytes.is_empty() => {}
            Change::Byte(place, byte) => {
                let at = at(*place);
                bytes[at] = *byte;
            }
            Change::Cut(place) => bytes.truncate(at(*place)),
            Change::Remove(place, length) => {
                let at = at(*place);
                bytes.drain(at..(at + length).min(bytes.len()));
            }
            Change::Insert(place, new) => {
                let at = at(*place);
                bytes.splice(at..at, new.iter().copied());
            }
            Change::Repeat(place, length) => {
                let at = at(*place);
                let part = bytes[at..(at + length).min(bytes.len())].to_vec();
                bytes.splice(at..at, part);
            }
        }
    }
    bytes
}

/// All readers that a file of this name may meet; whether they take it does not matter.
fn read(path: &Path) {
    // By blocks, as the commands do; no more rows than the file can hold are believed.
    if let Ok(file) = VectorFile::open(path) {
        let mut row = vec![0.0; file.dimension()];
        let _ = (0..file.len().min(5000)).try_for_each(|i| file.read(i, &mut row));
    }
    if let Ok(file) = CodeFile::open(path) {
        let mut row = vec![0; file.stages()];
        let _ = (0..file.len().min(5000)).try_for_each(|i| file.read(i, &mut row));
    }
    if let Ok(file) = IdFile::open(path) {
        let mut row = vec![Id::NONE; file.columns()];
        let _ = (0..file.len().min(5000)).try_for_each(|i| file.read(i, &mut row));
    }
    let _ = load(path);
    let _ = Model::load(path);
    let _ = ResultsFile::read(path);
    let _ = read_provenance(path);
    let _ = std::fs::read(path).map(|bytes| parse_record(&bytes));
    let _ = inspect(path);
}

/// Files of all kinds, by name.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let env = Env::new();
    for method in [Method::Avq, Method::Pvq, Method::Opq] {
        put_books(&env, &format!("{}.safetensors", method.label()), method, (4, 2, 4));
    }
    put_vectors(&env.path("x.fvecs"), 4, &numbers("x", 40));
    put_vectors(&env.path("x.npy"), 4, &numbers("x", 40));
    env.run(&["encode", "PVQ.safetensors", "x.fvecs", "-o", "codes.npy"]).ends_with(0);
    let mut ids = IdWriter::create(Output::new(&env.path("ids.ivecs")), 3).unwrap();
    ids.write(&[1, 2, 3, 4, 5, 6]).unwrap();
    ids.finish().unwrap();
    let row = |first: u8| [vec![3, 0, 0, 0], vec![first, 2, 3]].concat();
    std::fs::write(env.path("x.bvecs"), [row(1), row(200)].concat()).unwrap();
    let head = [2u32, 3].map(u32::to_le_bytes).concat();
    std::fs::write(env.path("x.fbin"), [&head[..], &[0; 24]].concat()).unwrap();
    std::fs::write(env.path("x.i8bin"), [&head[..], &[200, 1, 2, 3, 4, 5]].concat()).unwrap();
    let idx = [&[0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 4, 0][..], &[7; 2048]].concat();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    std::io::Write::write_all(&mut packer, &idx).unwrap();
    std::fs::write(env.path("x.idx2-ubyte.gz"), packer.finish().unwrap()).unwrap();
    env.write("x.csv", ",a,b\n0,1,2.5\n1,-3,1e3\n");
    env.run(&["run", "tiny.toml", "--seeds", "1", "--format", "svg", "--set", "training.updates=100"]).ends_with(0);
    for (name, folder) in [("record", "cells"), ("results", "default/Tiny"), ("provenance", "default/provenance")] {
        let file = files_below(&env.path("results").join(folder)).remove(0);
        std::fs::copy(file, env.path(&format!("{name}.json"))).unwrap();
    }
    let settings = CodecSettings::default();
    let how = baseline::Settings { iterations: 2, ..baseline::Settings::new(Method::Rvq, 2, 4) };
    let books = baseline::train(&how, &numbers("f", 50 * settings.bands), settings.bands, "t", &mut |_| true).unwrap();
    let model = Model { mean: vec![-40.0; settings.bands], settings, books, beam_width: 1, search: None };
    model.save(&env.path("codec.safetensors"), "kmeans", "test").unwrap();
    let samples: Vec<f32> = numbers("speech", 4000).iter().map(|s| 0.05 * s).collect();
    std::fs::write(env.path("out.vqsp"), Codec::new(&model).encode(&samples, 16_400).unwrap().bytes).unwrap();
    let names = ["AVQ.safetensors", "PVQ.safetensors", "OPQ.safetensors", "codec.safetensors", "out.vqsp", "x.fvecs"];
    let more = ["x.npy", "codes.npy", "ids.ivecs", "x.bvecs", "record.json", "results.json", "provenance.json"];
    let last = ["x.fbin", "x.i8bin", "x.idx2-ubyte.gz", "x.csv"];
    let read = |name: &&str| ((*name).to_owned(), std::fs::read(env.path(name)).unwrap());
    names.iter().chain(&more).chain(&last).map(read).collect()
}

#[test]
fn damaged_files_neither_panic_nor_fill_the_memory() {
    let corpus = corpus();
    let folder = tempfile::tempdir().unwrap();
    let mut runner = TestRunner::new(Config { cases: 250, failure_persistence: None, ..Config::default() });
    let changes = proptest::collection::vec(change(), 0..6);
    for (name, file) in &corpus {
        let path = folder.path().join(name);
        std::fs::write(&path, file).unwrap();
        assert!(inspect(&path).is_ok() && most_held(|| read(&path)) > file.len() / 2, "{name}");
        let tried = runner.run(&changes, |changes| {
            let bytes = changed(file, &changes);
            std::fs::write(&path, &bytes).unwrap();
            let most = most_held(|| read(&path));
            // The constant part: the blocks in which `inspect` reads, and tables of all codes.
            prop_assert!(most <= 200 * bytes.len() + (8 << 20), "{name} of {} bytes took {most}", bytes.len());
            Ok(())
        });
        tried.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// WAV files of several kinds.
fn audio() -> Vec<(&'static str, Vec<u8>)> {
    let samples: Vec<f32> = numbers("speech", 4000).iter().map(|s| 0.05 * s).collect();
    let plain = wav_bytes(&samples);
    let mut law = plain.clone();
    (law[20], law[32], law[34]) = (7, 1, 8);
    let mut piped = plain.clone();
    piped[40..44].fill(0xff);
    let sizes = [&[0; 8], &8000_u64.to_le_bytes(), &4000_u64.to_le_bytes(), &[0; 4][..]].concat();
    let long = [&b"RF64"[..], &[0xff; 4], b"WAVEds64", &28_u32.to_le_bytes(), &sizes[..], &piped[12..]].concat();
    vec![("plain.wav", plain), ("law.wav", law), ("piped.wav", piped), ("long.wav", long)]
}

#[test]
fn damaged_audio_files_neither_panic_nor_fill_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    let changes = proptest::collection::vec(change(), 0..6);
    for (name, file) in audio() {
        let path = folder.path().join(name);
        std::fs::write(&path, &file).unwrap();
        assert!(read_audio(&path).is_ok_and(|samples| samples.len() >= 4000), "{name}");
        let tried = runner.run(&changes, |changes| {
            let bytes = changed(&file, &changes);
            std::fs::write(&path, &bytes).unwrap();
            let most = most_held(|| drop(read_audio(&path)));
            // The constant part: the filter that resamples a rate of up to 384 kHz that has no divisor with 16 kHz.
            prop_assert!(most <= 200 * bytes.len() + (256 << 20), "{name} of {} bytes took {most}", bytes.len());
            Ok(())
        });
        tried.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// Heads that claim more than the file holds.
#[test]
fn claims_are_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let npy = |shape: &str| {
        let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        [b"\x93NUMPY\x01\x00".as_slice(), &(text.len() as u16).to_le_bytes(), text.as_bytes(), &[0; 64]].concat()
    };
    let tensors = |header: &str| [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &[0; 64]].concat();
    let idx = |shape: [u32; 3]| [&[0, 0, 8, 3][..], &shape.map(u32::to_be_bytes).concat(), &[0; 64]].concat();
    let files: [(&str, Vec<u8>); 12] = [
        ("a.npy", npy("(4000000000, 1000000)")),
        ("b.npy", npy("(18446744073709551615, 2)")),
        ("c.npy", npy(&"(".repeat(4000))),
        ("a.fvecs", [i32::MAX.to_le_bytes().as_slice(), &[0; 64]].concat()),
        ("b.fvecs", [1_000_000i32.to_le_bytes().as_slice(), &[0; 64]].concat()),
        ("a.fbin", [[u32::MAX, 1_000_000].map(u32::to_le_bytes).concat(), vec![0; 64]].concat()),
        ("b.fbin", [[u32::MAX; 2].map(u32::to_le_bytes).concat(), vec![0; 64]].concat()),
        ("a.idx3-ubyte", idx([u32::MAX; 3])),
        ("b.idx3-ubyte", idx([u32::MAX, 1000, 1000])),
        ("a.safetensors", [u64::MAX.to_le_bytes().as_slice(), b"{}"].concat()),
        (
            "b.safetensors",
            tensors(r#"{"codebooks":{"dtype":"F32","shape":[4294967296,4294967296,1],"data_offsets":[0,64]}}"#),
        ),
        ("a.json", "[".repeat(100_000).into_bytes()),
    ];
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        let most = most_held(|| read(&path));
        assert!(most <= 200 * bytes.len() + (8 << 20), "{name}: {most}");
        assert!(inspect(&path).is_err(), "{name}");
    }
}
