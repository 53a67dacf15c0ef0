//! `fit` as a user calls it, and its library.

mod common;

use std::time::Duration;

use common::Env;
use common::vectors::{json, numbers, put_vectors, read};
use vqlab::data::file::VectorFile;
use vqlab::fit::{Ended, FitError, FitSettings, fit, sample, squared_errors};
use vqlab::quantizer::{Codebooks, Method, load};
use vqlab::training::Trainer;

const DIMENSION: usize = 8;

/// Vectors of 8 coordinates with an offset and a scale: 2,000 around 40 centers.
fn clusters() -> Vec<f32> {
    let (centers, noise) = (numbers("centres", 40 * DIMENSION), numbers("noise", 2000 * DIMENSION));
    let at = |i: usize| 300.0 + 50.0 * centers[(i / DIMENSION * 7 % 40) * DIMENSION + i % DIMENSION];
    noise.iter().enumerate().map(|(i, v)| at(i) + 10.0 * v).collect()
}

fn trained(method: Method, trainer: Trainer) -> FitSettings {
    FitSettings {
        trainer,
        updates: Some(if trainer == Trainer::Nsvq { 600 } else { 8 }),
        ..FitSettings::new(method, 2, 4)
    }
}

fn combinations() -> impl Iterator<Item = (Method, Trainer)> {
    let nsvq = Method::PAPER.into_iter().map(|method| (method, Trainer::Nsvq));
    Method::ALL.into_iter().map(|method| (method, Trainer::Kmeans)).chain(nsvq)
}

#[test]
fn the_error_told_is_that_of_the_decoded_codes_for_every_method_and_trainer() {
    let env = Env::new();
    let vectors = clusters();
    put_vectors(&env.path("x.npy"), DIMENSION, &vectors);
    for (method, trainer) in combinations() {
        let (method, trainer) = (method.label().to_lowercase(), trainer.name());
        let args =
            ["fit", "x.npy", "--method", &method, "--stages", "2", "--bits", "4", "-o", "b.safetensors", "--force"];
        let updates = if trainer == "nsvq" { "400" } else { "6" };
        let more = ["--json", "--trainer", trainer, "--updates", updates, "--validation", "0.5", "--no-refit"];
        let run = env.run(&[&args[..], &more].concat()).ends_with(0).says("1000 to train on, 1000 to validate");
        let run = run.says("MB of memory").says("wrote b.safetensors");
        env.run(&["encode", "b.safetensors", "x.npy", "-o", "c.npy", "--force"]).ends_with(0);
        env.run(&["decode", "b.safetensors", "c.npy", "-o", "y.npy", "--force"]).ends_with(0);
        let back = read(&env.path("y.npy")).1;
        let mse = vectors.iter().zip(&back).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>() / vectors.len() as f64;
        let told = (json(&run, "training_mse") + json(&run, "validation_mse")) / 2.0;
        assert!((mse / told - 1.0).abs() < 1e-3, "{method} {trainer}: {mse} {told}");
        // The centers alone have a variance of some 2500, the noise 100.
        assert!(json(&run, "validation_db") < -3.0 && told < 1500.0, "{method} {trainer}: {told}");
    }
}

#[test]
fn every_format_gives_the_same_codebooks() {
    let env = Env::new();
    let whole: Vec<f32> = clusters().iter().map(|v| v.round().clamp(0.0, 255.0)).collect();
    for name in ["x.npy", "x.fvecs"] {
        put_vectors(&env.path(name), DIMENSION, &whole);
    }
    let rows = whole.chunks(DIMENSION).map(|row| row.iter().map(f32::to_string).collect::<Vec<_>>().join(","));
    env.write("x.csv", &rows.collect::<Vec<_>>().join("\n"));
    let heads = |row: &[f32]| [&8i32.to_le_bytes()[..], &row.iter().map(|v| *v as u8).collect::<Vec<_>>()].concat();
    std::fs::write(env.path("x.bvecs"), whole.chunks(DIMENSION).flat_map(heads).collect::<Vec<u8>>()).unwrap();
    let bytes: Vec<u8> = whole.iter().flat_map(|v| v.to_le_bytes()).collect();
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![2000, 8], &bytes).unwrap();
    let file = safetensors::serialize([("a", view.clone()), ("b", view)], None).unwrap();
    std::fs::write(env.path("x.safetensors"), file).unwrap();
    put_more_formats(&env, &whole);
    let mut first = None;
    for data in [
        "x.npy",
        "x.fvecs",
        "x.bvecs",
        "x.csv",
        "x.safetensors:b",
        "x.fbin",
        "x.u8bin",
        "x.ibin",
        "int64.npy",
        "x-idx3-ubyte",
        "x.idx3-ubyte.gz",
        "bf16.safetensors",
        "pandas.csv",
    ] {
        let args = ["fit", data, "--method", "pvq", "--stages", "2", "--bits", "3", "-o", "b.safetensors", "--force"];
        env.run(&args).ends_with(0).prints("validation MSE").prints("dB of the variance");
        let books = load(&env.path("b.safetensors")).unwrap().0;
        assert_eq!(first.get_or_insert(books.clone()), &books, "{data}");
        env.run(&["encode", "b.safetensors", data, "-o", "c.npy", "--force"]).ends_with(0);
        env.run(&["search", "b.safetensors", "c.npy", data, "-k", "1", "-o", "i.npy", "--force"]).ends_with(0);
        let run = env.run(&["search", "b.safetensors", data, data, "-k", "1", "-o", "j.npy", "--force"]).ends_with(0);
        assert_eq!(std::fs::read(env.path("i.npy")).unwrap(), std::fs::read(env.path("j.npy")).unwrap(), "{data}");
        assert_eq!(run.stderr.contains("taken for an index"), data == "pandas.csv", "{run:#?}");
        let run = env.run(&["inspect", data, "--json"]).ends_with(if data.contains(':') { 2 } else { 0 });
        assert!(data.contains(':') || (json(&run, "vectors"), json(&run, "dimension")) == (2000.0, 8.0), "{run:#?}");
    }
    env.run(&["recommend", "x.idx3-ubyte.gz", "--queries", "x.u8bin", "--bits", "4", "--budget", "1s"]).ends_with(0);
}

/// Vectors of whole numbers from 0 to 255 in the formats that come from other fields.
fn put_more_formats(env: &Env, whole: &[f32]) {
    let put = |name: &str, parts: &[&[u8]]| std::fs::write(env.path(name), parts.concat()).unwrap();
    let rows = whole.len() / DIMENSION;
    let head = [rows as u32, DIMENSION as u32].map(u32::to_le_bytes).concat();
    let bytes: Vec<u8> = whole.iter().map(|v| *v as u8).collect();
    put("x.fbin", &[&head, &whole.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>()]);
    put("x.u8bin", &[&head, &bytes]);
    put("x.ibin", &[&head, &whole.iter().flat_map(|v| (*v as i32).to_le_bytes()).collect::<Vec<u8>>()]);
    let npy = format!("{{'descr': '<i8', 'fortran_order': False, 'shape': ({rows}, {DIMENSION}), }}\n");
    let wide: Vec<u8> = whole.iter().flat_map(|v| (*v as i64).to_le_bytes()).collect();
    put("int64.npy", &[b"\x93NUMPY\x01\x00", &(npy.len() as u16).to_le_bytes(), npy.as_bytes(), &wide]);
    let idx = [&[0, 0, 8, 3][..], &[rows as u32, 2, 4].map(u32::to_be_bytes).concat(), &bytes].concat();
    put("x-idx3-ubyte", &[&idx]);
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packer, &idx).unwrap();
    put("x.idx3-ubyte.gz", &[&packer.finish().unwrap()]);
    // The upper half of a float32; whole numbers up to 256 need no more.
    let halves: Vec<u8> = whole.iter().flat_map(|v| [v.to_le_bytes()[2], v.to_le_bytes()[3]]).collect();
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::BF16, vec![rows, DIMENSION], &halves).unwrap();
    put("bf16.safetensors", &[&safetensors::serialize([("a", view)], None).unwrap()]);
    let cells = |(i, row): (usize, &[f32])| {
        std::iter::once(i.to_string()).chain(row.iter().map(f32::to_string)).collect::<Vec<_>>().join(",")
    };
    let lines: Vec<String> = whole.chunks(DIMENSION).enumerate().map(cells).collect();
    env.write("pandas.csv", &format!(",0,1,2,3,4,5,6,7\n{}\n", lines.join("\n")));
}

#[test]
fn what_cannot_be_is_refused_with_a_reason() {
    let env = Env::new();
    put_vectors(&env.path("x.fvecs"), DIMENSION, &clusters());
    put_vectors(&env.path("few.fvecs"), DIMENSION, &numbers("few", 10 * DIMENSION));
    let mut nan: Vec<u8> = std::fs::read(env.path("few.fvecs")).unwrap();
    nan[36 * 4 + 4 + 8..36 * 4 + 4 + 12].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(env.path("nan.fvecs"), nan).unwrap();
    env.write("nan.csv", "a,b\n1,2\n3,inf\n");
    env.write("text.csv", "a,b\n1,2\n3,x\n");
    env.write("empty.npy", "");
    env.write("there.safetensors", "old");
    let with = |data: &str, method: &str, stages: &str, bits: &str, more: &[&str], status: i32, said: &str| {
        let args = ["fit", data, "--method", method, "--stages", stages, "--bits", bits];
        let output: &[&str] = if more.contains(&"-o") { &[] } else { &["-o", "b.safetensors"] };
        env.run(&[&args[..], output, more].concat()).ends_with(status).says(said);
        assert!(!env.path("b.safetensors").exists());
    };
    with("nan.fvecs", "rvq", "1", "1", &[], 1, "row 4, column 2 (counted from 0) holds NaN");
    with("nan.csv", "rvq", "1", "1", &[], 1, "line 3, column 2 (counted from 1): it holds \"inf\"");
    with("text.csv", "rvq", "1", "1", &[], 1, "line 3, column 2 (counted from 1): \"x\" is not a number");
    with("few.fvecs", "rvq", "2", "4", &[], 2, "there are 9 training vectors, at least 16 are needed");
    with("empty.npy", "rvq", "2", "4", &[], 2, "the file is empty");
    with("none.npy", "rvq", "2", "4", &[], 2, "none.npy");
    with(
        "x.bin",
        "rvq",
        "2",
        "4",
        &[],
        2,
        "allowed here: .npy, .fvecs, .bvecs, .ivecs, .fbin, .u8bin, .i8bin, .ibin, .idx3-ubyte, .csv, .safetensors",
    );
    with("x.fvecs", "pvq", "3", "4", &[], 2, "D = 8 is not divisible by M = 3; allowed for this D are M = 1, 2, 4, 8");
    with("x.fvecs", "opq", "3", "4", &[], 2, "D = 8 is not divisible by M = 3; allowed for this D are M = 1, 2, 4, 8");
    with("x.fvecs", "avq", "17", "4", &[], 2, "17 stages are more than 16");
    with("x.fvecs", "rvq", "4097", "4", &[], 2, "4097 stages are more than 4096");
    with("x.fvecs", "rvq", "0", "4", &[], 2, "must be at least 1");
    with("x.fvecs", "rvq", "2", "0", &[], 2, "0 bits per stage are not possible; allowed are 1 to 16");
    with("x.fvecs", "rvq", "2", "17", &[], 2, "17 bits per stage");
    with("x.fvecs", "rvq", "2", "4", &["--beam-width", "4"], 2, "allowed for RVQ of this shape are 1 to 1");
    with("x.fvecs", "avq", "2", "4", &["--beam-width", "33"], 2, "allowed for AVQ of this shape are 1 to 32");
    with("x.fvecs", "opq", "2", "4", &["--trainer", "nsvq"], 2, "NSVQ cannot train OPQ");
    with("x.fvecs", "rvq", "2", "4", &["--updates", "0"], 2, "0 updates");
    with("x.fvecs", "rvq", "2", "4", &["--validation", "1"], 2, "a validation share of 1");
    with(
        "x.fvecs",
        "rvq",
        "2",
        "4",
        &["--sample", "1"],
        2,
        "there is 1 sampled vector, at least 2 are needed: one to train on and one to validate",
    );
    with("x.fvecs", "rvq", "2", "4", &["--budget", "soon"], 2, "90s, 5m or 2h");
    with("x.fvecs", "rvq", "2", "4", &["-o", "b.npy"], 2, "must end in .safetensors");
    with(
        "x.fvecs",
        "rvq",
        "2",
        "4",
        &["-o", "no/b.safetensors"],
        2,
        "cannot write no/b.safetensors: the folder no does not exist",
    );
    with("x.fvecs", "rvq", "2", "4", &["-o", "there.safetensors"], 2, "--force");
    assert_eq!(std::fs::read(env.path("there.safetensors")).unwrap(), b"old");
    env.run(&["fit", "x.fvecs", "--method", "rvq", "-o", "b.safetensors"]).ends_with(2).says("--stages");
}

#[test]
fn an_input_is_not_replaced() {
    let env = Env::new();
    let bytes: Vec<u8> = clusters().iter().flat_map(|v| v.to_le_bytes()).collect();
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![2000, 8], &bytes).unwrap();
    let file = safetensors::serialize([("a", view)], None).unwrap();
    std::fs::write(env.path("x.safetensors"), &file).unwrap();
    let args =
        ["fit", "x.safetensors:a", "--method", "rvq", "--stages", "2", "--bits", "2", "-o", "x.safetensors", "--force"];
    env.run(&args).ends_with(2).says("it is an input of this command");
    assert_eq!(std::fs::read(env.path("x.safetensors")).unwrap(), file);
}

fn npy(shape: &str, values: &[f32]) -> Vec<u8> {
    let mut head = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}").into_bytes();
    head.resize(117, b' ');
    head.push(b'\n');
    let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    [b"\x93NUMPY\x01\x00\x76\x00".to_vec(), head, data].concat()
}

#[test]
fn codebooks_of_other_programs_are_imported() {
    let env = Env::new();
    let values = numbers("books", 2 * 4 * 3);
    let put = |name: &str, bytes: Vec<u8>| std::fs::write(env.path(name), bytes).unwrap();
    put("good.npy", npy("(2, 4, 3)", &values));
    put("flat.npy", npy("(8, 3)", &values));
    put("torn.npy", npy("(2, 4, 4)", &values));
    let mut wrong = values.clone();
    wrong[12 + 2 * 3 + 1] = f32::INFINITY;
    put("wrong.npy", npy("(2, 4, 3)", &wrong));
    put("none.npy", npy("(2, 0, 3)", &[]));
    for (method, dimension) in [("rvq", 3), ("avq", 3), ("lsq", 3), ("pvq", 6)] {
        let args = ["fit", "--import", "good.npy", "--method", method, "-o", "b.safetensors", "--force"];
        env.run(&args).ends_with(0).prints(&format!("of 2 × 4 for vectors of dimension {dimension}"));
        let (books, provenance) = load(&env.path("b.safetensors")).unwrap();
        assert_eq!((books.values(), books.dimension()), (&values[..], dimension));
        assert_eq!((provenance.trainer.as_str(), provenance.provenance.as_str()), ("import", "good.npy"));
        put_vectors(&env.path("x.fvecs"), dimension, &numbers("x", 20 * dimension));
        env.run(&["encode", "b.safetensors", "x.fvecs", "-o", "c.npy", "--force"]).ends_with(0);
    }
    for (file, method, said) in [
        ("flat.npy", "rvq", "an array of shape [8, 3]; codebooks are M × K × D"),
        ("torn.npy", "rvq", "it is torn"),
        ("wrong.npy", "pvq", "codebook 1, codeword 2, column 1 (counted from 0) holds inf"),
        ("none.npy", "rvq", "must be at least 1"),
        ("good.npy", "opq", "OPQ need a rotation"),
        ("missing.npy", "rvq", "missing.npy"),
        ("good.txt", "rvq", "allowed here: .npy"),
    ] {
        let args = ["fit", "--import", file, "--method", method, "-o", "n.safetensors"];
        env.run(&args).ends_with(2).says(said);
        assert!(!env.path("n.safetensors").exists());
    }
    env.run(&["fit", "x.fvecs", "--import", "good.npy", "--method", "rvq", "-o", "n.safetensors"]).ends_with(2);
}

#[test]
fn the_same_seed_gives_the_same_bits_and_the_best_codebooks_are_kept() {
    let vectors = clusters();
    let (training, validation) = vectors.split_at(1600 * DIMENSION);
    for (method, trainer) in combinations() {
        let settings = trained(method, trainer);
        let run = |settings: &FitSettings| fit(training, validation, DIMENSION, settings, &mut |_| true).unwrap();
        let fitted = run(&settings);
        let again = run(&settings);
        assert_eq!((&fitted.codebooks, fitted.validation_mse), (&again.codebooks, again.validation_mse));
        let beam = fitted.search.map(|search| (search, settings.beam_width));
        let errors = squared_errors(&fitted.codebooks, beam, validation);
        let mse = errors.iter().sum::<f64>() / validation.len() as f64;
        let told = fitted.validation_mse.unwrap();
        assert_eq!((errors.len(), mse), (400, told));
        let least = fitted.curve.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
        assert!((least / told - 1.0).abs() < 0.2, "{method:?} {trainer:?}: {fitted:?}");
        if trainer == Trainer::Nsvq && method != Method::Avq {
            assert!((least / told - 1.0).abs() < 1e-4, "{method:?}: {fitted:?}");
        }
        let other = run(&FitSettings { seed: 2, ..settings });
        assert_ne!(fitted.codebooks, other.codebooks);
    }
}

#[test]
fn a_budget_is_held_and_a_stop_obeyed() {
    let vectors = numbers("budget", 8000 * 32);
    let (training, validation) = vectors.split_at(7000 * 32);
    for (method, trainer) in combinations() {
        let budget = Some(Duration::from_millis(400));
        let settings = FitSettings { trainer, budget, ..FitSettings::new(method, 4, 6) };
        let fitted = fit(training, validation, 32, &settings, &mut |_| true).unwrap();
        // Loose: machines that test have other things to do.
        assert!(fitted.seconds < 4.0, "{method:?} {trainer:?}: {} s", fitted.seconds);
        assert!(fitted.validation_mse < Some(1.0));
        let stopped = fit(training, validation, 32, &settings, &mut |done| done < 0.01);
        assert!(matches!(stopped, Err(FitError::Stopped)), "{method:?} {trainer:?}");
    }
}

#[test]
fn a_training_ends_where_the_error_no_longer_falls() {
    // A batch holds all of them several times, so that k-means has left nothing to do.
    let (training, validation) = (numbers("few", 64 * 4), numbers("others", 100 * 4));
    let settings = FitSettings { trainer: Trainer::Nsvq, ..FitSettings::new(Method::Rvq, 1, 2) };
    let fitted = fit(&training, &validation, 4, &settings, &mut |_| true).unwrap();
    assert_eq!(fitted.ended, Ended::Converged);
    let (last, _) = fitted.curve[fitted.curve.len() - 1];
    assert!(last < 6_000, "of 10,000 updates: {:?}", fitted.curve);
    // So few vectors are overfitted: k-means ends early, too, and keeps its best codebooks.
    for (method, most) in [(Method::Avq, 25), (Method::Opq, 50), (Method::Lsq, 16)] {
        let fitted = fit(&training, &validation, 4, &FitSettings::new(method, 2, 3), &mut |_| true).unwrap();
        assert_eq!(fitted.ended, Ended::Converged, "{method:?}");
        assert!(fitted.curve.len() < most, "{method:?}: {:?}", fitted.curve);
        let least = fitted.curve.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
        if method == Method::Opq {
            let told = fitted.validation_mse.unwrap();
            assert!((told / least - 1.0).abs() < 1e-4, "{told} {least}");
        }
    }
}

#[test]
fn odd_vectors_are_trained_on() {
    for vectors in [vec![7.0; 400], vec![0.0; 400], numbers("tiny", 400).iter().map(|v| 1e-18 * v).collect()] {
        for (method, trainer) in combinations() {
            let settings = FitSettings { updates: Some(20), ..trained(method, trainer) };
            let fitted = fit(&vectors, &vectors, 4, &settings, &mut |_| true).unwrap();
            assert!(
                fitted.validation_mse.unwrap().is_finite() && fitted.codebooks.values().iter().all(|v| v.is_finite())
            );
        }
    }
}

#[test]
fn a_sample_is_a_random_split_without_repetition() {
    let env = Env::new();
    let vectors: Vec<f32> = (0..1000).flat_map(|i| [i as f32, -(i as f32)]).collect();
    put_vectors(&env.path("x.fvecs"), 2, &vectors);
    let file = VectorFile::open(&env.path("x.fvecs")).unwrap();
    let of = |count, share, seed| sample(&file, count, share, seed).unwrap();
    let split = of(100, 0.2, 1);
    assert_eq!((split.training.len(), split.validation.len(), split.dimension, split.of), (160, 40, 2, 1000));
    let mut drawn: Vec<i32> =
        split.training.iter().chain(&split.validation).filter(|v| **v >= 0.0).map(|v| *v as i32).collect();
    drawn.sort_unstable();
    drawn.dedup();
    assert!(drawn.len() >= 99, "zero is positive twice");
    assert!(drawn[50] > 350 && drawn[50] < 650, "{drawn:?}");
    assert_eq!(split, of(100, 0.2, 1));
    assert_ne!(split, of(100, 0.2, 2));
    assert_eq!(of(usize::MAX, 0.1, 1).training.len(), 1800);
    assert_eq!(of(100, 0.0, 1).validation.len(), 0);
    assert!(matches!(sample(&file, 100, 1.0, 1), Err(FitError::Share(_))));
}

#[test]
fn all_vectors_can_be_trained_on() {
    let vectors = clusters();
    let (training, validation) = vectors.split_at(1600 * DIMENSION);
    let mut times = 0;
    for (method, trainer) in combinations() {
        let settings = trained(method, trainer);
        let run = |training: &[f32], validation: &[f32], refit: bool| {
            let settings = FitSettings { refit, ..settings.clone() };
            fit(training, validation, DIMENSION, &settings, &mut |_| true).unwrap()
        };
        let (plain, refitted) = (run(training, validation, false), run(training, validation, true));
        // Its validation error is that of codebooks that had not seen the vectors; the codebooks are others, where these are
        // better.
        assert_eq!((plain.refitted, plain.validation_mse), (false, refitted.validation_mse), "{method:?} {trainer:?}");
        assert_eq!(refitted.refitted, refitted.codebooks != plain.codebooks, "{method:?} {trainer:?}");
        times += usize::from(refitted.refitted);
        let whole = run(&vectors, &[], true);
        assert_eq!((whole.refitted, whole.validation_mse), (false, None));
        let error = |books: &Codebooks| squared_errors(books, None, &vectors).iter().sum::<f64>();
        let [plain, refitted, whole] = [plain, refitted, whole].map(|fitted| error(&fitted.codebooks));
        assert!(refitted < 1.02 * plain && whole < 1.2 * plain, "{method:?} {trainer:?}: {plain} {refitted} {whole}");
    }
    assert!(times >= 4, "of 8 combinations, {times} were better trained on all vectors");
}

#[test]
fn the_command_trains_on_all_vectors_in_the_end() {
    let env = Env::new();
    put_vectors(&env.path("x.npy"), DIMENSION, &clusters());
    let args = ["fit", "x.npy", "--method", "pvq", "--stages", "2", "--bits", "4", "-o", "b.safetensors", "--force"];
    let with = |more: &[&str]| env.run(&[&args[..], more].concat()).ends_with(0);
    with(&[]).prints(", before the final training on all vectors (");
    assert_eq!(json(&with(&["--json", "--validation", "0"]), "validation_vectors"), 0.0);
    with(&["--validation", "0"]).prints("no validation vectors").says("2000 to train on, 0 to validate");
    let plain = with(&["--no-refit"]);
    assert!(!plain.stdout.contains("training on all"), "{plain:?}");
    let nsvq = with(&["--trainer", "nsvq", "--updates", "200", "--refit"]);
    nsvq.prints("the final training on all vectors");
    env.run(&[&args[..], &["--validation", "1"]].concat()).ends_with(2).says("allowed are 0 (none) and values between");
}

/// What a rotation of 100,000 dimensions takes is told before the vectors are read; without one they are trained on.
#[test]
fn very_wide_vectors_are_trained_on_or_refused_with_a_number() {
    let env = Env::new();
    let dimension = 100_000;
    put_vectors(&env.path("wide.npy"), dimension, &numbers("wide", 20 * dimension));
    let fit = |method, stages, bits| {
        let shape = ["--stages", stages, "--bits", bits, "--updates", "2", "-o", "wide.safetensors", "--force"];
        env.run(&[&["fit", "wide.npy", "--method", method][..], &shape].concat())
    };
    let refused = fit("opq", "8", "4").ends_with(2).says("OPQ of 8 × 16 for vectors of dimension 100000 needs about ");
    refused.says(" GB of memory, and ").says("use RVQ or PVQ, or vectors of fewer dimensions");
    // An allocation that no system grants.
    fit("rvq", "4000", "16").ends_with(2).says("for vectors of dimension 100000 needs about 3146");
    assert!(!env.path("wide.safetensors").exists());
    fit("pvq", "500", "4").ends_with(0);
    fit("rvq", "2", "4").ends_with(0).says("wrote wide.safetensors");
    env.run(&["encode", "wide.safetensors", "wide.npy", "-o", "codes.npy"]).ends_with(0);
}

/// More stages than a beam can have: codes, decoding and search of a product quantizer.
#[test]
fn product_quantizers_of_many_stages_go_the_whole_way() {
    let env = Env::new();
    let (dimension, n) = (96, 300);
    put_vectors(&env.path("x.npy"), dimension, &numbers("many", n * dimension));
    for method in ["pvq", "opq"] {
        let shape = ["--stages", "48", "--bits", "4", "--updates", "3", "-o", "b.safetensors", "--force"];
        env.run(&[&["fit", "x.npy", "--method", method][..], &shape].concat()).ends_with(0);
        env.run(&["encode", "b.safetensors", "x.npy", "-o", "c.npy", "--force"]).ends_with(0);
        env.run(&["decode", "b.safetensors", "c.npy", "-o", "y.npy", "--force"]).ends_with(0);
        let (x, y) = (read(&env.path("x.npy")).1, read(&env.path("y.npy")).1);
        let mse = x.iter().zip(&y).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>() / x.len() as f64;
        // 2 bits a coordinate, of variance 1.
        assert!(mse < 0.2, "{method}: {mse}");
        env.run(&["search", "b.safetensors", "c.npy", "x.npy", "-k", "1", "-o", "i.npy", "--force"]).ends_with(0);
        let ids = read(&env.path("i.npy")).1;
        let found = ids.iter().enumerate().filter(|(i, id)| *i as f32 == **id).count();
        assert!(found > n * 95 / 100, "{method}: {found} of {n} vectors are their own nearest");
    }
}

/// The largest float32 is a usual mark of missing values: its squares overflow, and it hides all other differences.
#[test]
fn a_vector_beyond_all_others_is_refused_instead_of_hiding_them() {
    let mut vectors = clusters();
    for value in [f32::MAX, -1e26, 1e20] {
        vectors[7 * DIMENSION + 3] = value;
        for (method, trainer) in combinations() {
            let settings = trained(method, trainer);
            let error = fit(&vectors, &[], DIMENSION, &settings, &mut |_| true).err().unwrap().to_string();
            assert!(error.contains("in column 3") && error.contains("remove or replace"), "{error}");
        }
    }
    vectors[7 * DIMENSION + 3] = 1e12;
    let fitted = fit(&vectors, &[], DIMENSION, &trained(Method::Rvq, Trainer::Kmeans), &mut |_| true).unwrap();
    assert!(fitted.codebooks.values().iter().all(|v| v.is_finite()));
}
