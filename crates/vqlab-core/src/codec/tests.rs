//! Streaming equals the plain functions, for any number of threads.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::data::file::{CodeFile, CodeWriter, Output, VectorFile, VectorWriter};
use crate::data::stream::{normal, stream};
use crate::quantizer::{self, Codebooks, Method, assigner};
use crate::search::Codes;

fn numbers(name: &str, n: usize) -> Vec<f32> {
    let mut rng = stream(name);
    (0..n).map(|_| normal(&mut rng)).collect()
}

fn books(method: Method, dimension: usize, stages: usize, size: usize) -> Codebooks {
    let mut books = Codebooks::zeros(method, dimension, stages, size).unwrap();
    let values = numbers("books", books.values().len());
    books.values_mut().copy_from_slice(&values);
    books
}

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn vectors(&self, dimension: usize, values: &[f32]) -> VectorFile {
        let output = Output::new(&self.path("x.npy")).force(true);
        let mut writer = VectorWriter::create(output, dimension).unwrap();
        writer.write(values).unwrap();
        writer.finish().unwrap();
        VectorFile::open(&self.path("x.npy")).unwrap()
    }

    fn codes(&self, stages: usize, size: usize, codes: &[u16]) -> CodeFile {
        let output = Output::new(&self.path("c.npy")).force(true);
        let mut writer = CodeWriter::create(output, stages, size).unwrap();
        writer.write(codes).unwrap();
        writer.finish().unwrap();
        CodeFile::open(&self.path("c.npy")).unwrap()
    }
}

fn with_jobs<T>(jobs: usize, run: impl FnOnce(&Work) -> T) -> T {
    run(&Work { jobs, stop: &AtomicBool::new(false), progress: &|_| () })
}

fn encoded(files: &Files, books: &Codebooks, data: &VectorFile, jobs: usize) -> (Vec<u8>, Encoded) {
    let output = Output::new(&files.path("codes.npy")).force(true);
    let mut writer = CodeWriter::create(output, books.stages(), books.size()).unwrap();
    let encoder = Encoder::new(books, 4, None, data).unwrap();
    let encoded = with_jobs(jobs, |work| encoder.run(work, &mut writer)).unwrap();
    writer.finish().unwrap();
    (std::fs::read(files.path("codes.npy")).unwrap(), encoded)
}

#[test]
fn any_number_of_threads_gives_the_plain_encoding_bit_for_bit() {
    // 64 vectors a chunk and 1024 a window and thread: several windows, and a last chunk that is not whole.
    let (dimension, n) = (1024, 2100);
    let x = numbers("x", n * dimension);
    let files = Files::new();
    let data = files.vectors(dimension, &x);
    for method in [Method::Pvq, Method::Rvq, Method::Avq] {
        let books = books(method, dimension, 2, 5);
        let (bytes, first) = encoded(&files, &books, &data, 1);
        let mut assign = assigner(method, Some((first.search, 4)));
        let expected = quantizer::encode(&books, assign.as_mut(), &x).unwrap();
        for jobs in [2, 3, 64] {
            let (same, figures) = encoded(&files, &books, &data, jobs);
            assert!(same == bytes && figures.mse.to_bits() == first.mse.to_bits(), "{method:?}, {jobs} jobs");
        }
        let file = CodeFile::open(&files.path("codes.npy")).unwrap();
        let mut codes = vec![0; n * 2];
        file.read(0, &mut codes).unwrap();
        assert_eq!(codes, expected);

        // The error of the decoded vectors is the error that the encoding reported.
        let output = Output::new(&files.path("y.fvecs")).force(true);
        let mut writer = VectorWriter::create(output, dimension).unwrap();
        let decoder = Decoder::new(&books, &file).unwrap();
        assert_eq!(with_jobs(3, |work| decoder.run(work, &mut writer)).unwrap().vectors, n);
        writer.finish().unwrap();
        let mut y = vec![0.0; n * dimension];
        VectorFile::open(&files.path("y.fvecs")).unwrap().read(0, &mut y).unwrap();
        let squares = x.iter().zip(&y).map(|(a, b)| f64::from(a - b).powi(2));
        let mse = squares.sum::<f64>() / (n * dimension) as f64;
        assert!((mse / first.mse - 1.0).abs() < 1e-5, "{mse} {first:?}");
    }
}

#[test]
fn what_does_not_fit_together_is_refused_before_any_work() {
    let files = Files::new();
    let data = files.vectors(4, &[0.0; 8]);
    let avq = books(Method::Avq, 4, 2, 3);
    let refused = |books: &Codebooks, default, width| Encoder::new(books, default, width, &data).unwrap_err();
    assert!(matches!(
        refused(&books(Method::Rvq, 6, 2, 3), 1, None),
        Mismatch::Dimension { found: 4, expected: 6, .. }
    ));
    assert_eq!(refused(&books(Method::Rvq, 4, 2, 3), 1, Some(2)), Mismatch::NoBeam { method: "RVQ" });
    for (default, width) in [(1, Some(0)), (1, Some(7)), (0, None), (usize::MAX, None)] {
        assert!(matches!(refused(&avq, default, width), Mismatch::Beam { most: 6, .. }));
    }
    assert_eq!(Encoder::new(&avq, 999, Some(6), &data).unwrap().beam_width(), 6);
    assert_eq!(Encoder::new(&avq, 3, None, &data).unwrap().beam_width(), 3);
    let codes = files.codes(3, 4, &[0, 1, 2]);
    assert!(matches!(Decoder::new(&avq, &codes), Err(Mismatch::Stages { found: 3, expected: 2, .. })));
}

#[test]
fn a_bad_vector_is_found_before_the_first_is_encoded() {
    let files = Files::new();
    let x = numbers("x", 1000 * 1024);
    files.vectors(1024, &x);
    let path = files.path("x.npy");
    let mut bytes = std::fs::read(&path).unwrap();
    for row in [999, 500] {
        bytes[128 + 4 * (row * 1024 + 7)..][..4].copy_from_slice(&f32::NAN.to_le_bytes());
    }
    std::fs::write(&path, &bytes).unwrap();
    let (data, books) = (VectorFile::open(&path).unwrap(), books(Method::Pvq, 1024, 2, 5));
    let encoder = Encoder::new(&books, 1, None, &data).unwrap();
    for jobs in [1, 4] {
        let mut writer = CodeWriter::create(Output::new(&files.path("c.npy")), 2, 5).unwrap();
        let told = AtomicUsize::new(0);
        let work = Work { jobs, stop: &AtomicBool::new(false), progress: &|done| told.store(done, Ordering::Relaxed) };
        let error = encoder.run(&work, &mut writer).unwrap_err().to_string();
        assert!(error.contains("row 500, column 7"), "{error}");
        assert_eq!(told.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn progress_counts_every_vector_and_stop_ends_the_work() {
    let files = Files::new();
    let data = files.vectors(1024, &numbers("x", 300 * 1024));
    let books = books(Method::Rvq, 1024, 2, 5);
    let encoder = Encoder::new(&books, 1, None, &data).unwrap();
    let writer = || CodeWriter::create(Output::new(&files.path("c.npy")), 2, 5).unwrap();
    let (most, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let progress = |done| {
        most.fetch_max(done, Ordering::Relaxed);
    };
    encoder.run(&Work { jobs: 3, stop: &stop, progress: &progress }, &mut writer()).unwrap();
    assert_eq!(most.load(Ordering::Relaxed), 300);

    // Stopped after the first chunk.
    let progress = |_| stop.store(true, Ordering::Relaxed);
    let error = encoder.run(&Work { jobs: 1, stop: &stop, progress: &progress }, &mut writer()).unwrap_err();
    assert!(matches!(error, CodecError::Stopped { done: 64, total: 300 }), "{error}");
    assert!(!files.path("c.npy").exists());
}

#[test]
fn codes_out_of_range_and_sums_too_large_are_named() {
    let files = Files::new();
    let mut codes = vec![0u16; 2 * 700];
    (codes[2 * 650 + 1], codes[2 * 690]) = (5, 9);
    let file = files.codes(2, 5, &codes);
    let mut books = books(Method::Rvq, 1024, 2, 5);
    let writer = || VectorWriter::create(Output::new(&files.path("y.npy")), 1024).unwrap();
    let decode = |books: &Codebooks, file: &CodeFile| {
        let decoder = Decoder::new(books, file).unwrap();
        with_jobs(3, |work| decoder.run(work, &mut writer())).unwrap_err().to_string()
    };
    let error = decode(&books, &file);
    let expected =
        "c.npy, byte 1429: row 650, stage 1 (counted from 0) holds code 5; allowed with these codebooks are 0 to 4";
    assert!(error.ends_with(expected), "{error}");

    let file = files.codes(2, 5, &[0, 0, 1, 1]);
    books.values_mut().fill(f32::MAX);
    assert!(decode(&books, &file).contains("row 0, column 0 (counted from 0) holds inf as a result"));
}

#[test]
fn arrays_give_the_codes_of_files() {
    let files = Files::new();
    for method in Method::ALL {
        let books = books(method, 8, 4, 16);
        let x = numbers("x", 3000 * 8);
        let (expected, of_file) = encoded(&files, &books, &files.vectors(8, &x), 2);
        let beam = (method == Method::Avq).then_some((of_file.search, 4));
        let (stop, idle, done) = (AtomicBool::new(false), Idle::default(), AtomicUsize::new(0));
        let progress = |count: usize| {
            done.fetch_max(count, Ordering::Relaxed);
        };
        let watch = Watch { stop: &stop, progress: &progress };
        let encoder = ArrayEncoder::new(&books, beam, &idle);
        let (mut bytes, mut words) = (vec![0u8; 3000 * 4], vec![0u16; 3000 * 4]);
        let mse = encoder.encode(&x, CodesMut::U8(&mut bytes), &watch).unwrap();
        // A second call uses the searches of the first.
        encoder.encode(&x, CodesMut::U16(&mut words), &watch).unwrap();
        assert!(expected.ends_with(&bytes), "{method:?}");
        assert!(bytes.iter().zip(&words).all(|(byte, word)| u16::from(*byte) == *word));
        assert_eq!((mse, encoder.mse(&x, &watch).unwrap()), (of_file.mse, of_file.mse));
        assert_eq!(done.load(Ordering::Relaxed), 3000);

        let (mut decoded, mut plain) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        decode_array(&books, Codes::U8(&bytes), &mut decoded, &watch).unwrap();
        books.decode(&words, &mut plain).unwrap();
        assert_eq!(decoded, plain);
    }
}

#[test]
fn faults_of_arrays_are_named_by_row() {
    let (books, idle) = (books(Method::Rvq, 8, 4, 16), Idle::default());
    let stop = AtomicBool::new(false);
    let watch = Watch { stop: &stop, progress: &|_| () };
    let encoder = ArrayEncoder::new(&books, None, &idle);
    let message = |value: f32| {
        let mut x = numbers("x", 20_000 * 8);
        x[12_345 * 8 + 3] = value;
        encoder.mse(&x, &watch).unwrap_err().to_string()
    };
    assert!(message(f32::NAN).contains("vector 12345 ") && message(f32::NAN).contains("column 3 holds NaN"));
    assert!(message(f32::INFINITY).contains("vector 12345 ") && message(f32::INFINITY).contains("column 3 holds inf"));

    let mut codes = vec![1u16; 20_000 * 4];
    codes[15_000 * 4 + 2] = 16;
    let mut out = vec![0.0; 20_000 * 8];
    let error = decode_array(&books, Codes::U16(&codes), &mut out, &watch).unwrap_err().to_string();
    assert!(error.contains("vector 15000, stage 2: code 16"), "{error}");

    stop.store(true, Ordering::Relaxed);
    let x = numbers("x", 80);
    assert!(matches!(encoder.mse(&x, &watch), Err(CodecError::Stopped { .. })));
    assert!(matches!(
        decode_array(&books, Codes::U16(&codes[..4]), &mut out[..8], &watch),
        Err(CodecError::Stopped { .. })
    ));
}
