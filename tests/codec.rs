//! `encode` and `decode` as a user calls them.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::vectors::{json, numbers, put_books, put_vectors, read};
use common::{Env, Run, files_below};
use vqlab::data::file::{CodeFile, VectorFile};
use vqlab::quantizer::{Codebooks, Method, Provenance, save};

/// With codebooks `avq`, `rvq`, `pvq` (D = 8, M = 2, K = 16) and 100 vectors in `x.fvecs`.
fn env() -> Env {
    let env = Env::new();
    for (name, method) in [("avq", Method::Avq), ("rvq", Method::Rvq), ("pvq", Method::Pvq)] {
        put_books(&env, name, method, (8, 2, 16));
    }
    put_vectors(&env.path("x.fvecs"), 8, &numbers("x", 800));
    env
}

#[test]
fn a_file_goes_there_and_back_and_the_error_is_the_one_that_was_said() {
    let env = env();
    for method in ["avq", "rvq", "pvq"] {
        let codes = format!("{method}.npy");
        let run = env.run(&["encode", method, "x.fvecs", "-o", &codes, "--json"]).ends_with(0);
        assert_eq!((json(&run, "vectors"), json(&run, "bytes_per_vector")), (100.0, 2.0));
        assert_eq!(json(&run, "beam_width"), if method == "avq" { 4.0 } else { 1.0 });
        let file = CodeFile::open(&env.path(&codes)).unwrap();
        assert_eq!((file.len(), file.stages()), (100, 2));
        let (_, x) = read(&env.path("x.fvecs"));
        for name in ["back.fvecs", "back.npy"] {
            env.run(&["decode", method, &codes, "-o", name, "--force"]).ends_with(0).says("wrote back");
            let (dimension, back) = read(&env.path(name));
            assert_eq!(dimension, 8);
            let mse = x.iter().zip(&back).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>() / 800.0;
            assert!((mse / json(&run, "mse") - 1.0).abs() < 1e-5, "{method}: {mse} {run:#?}");
        }
    }
    let run = env.run(&["encode", "rvq", "x.fvecs", "-o", "again.npy", "--jobs", "1"]).ends_with(0);
    let run = run.prints("100 vectors as RVQ codes of 2 × 16 in ").prints("MSE");
    let run = run.says("100 vectors on 1 thread: about 1 MB of memory");
    assert!(run.stderr.lines().count() == 2, "{run:#?}");
    let bytes = |name| std::fs::read(env.path(name)).unwrap();
    assert_eq!(bytes("again.npy"), bytes("rvq.npy"));
}

#[test]
fn a_wider_beam_is_no_worse_and_codes_of_large_codebooks_have_16_bits() {
    let env = env();
    let mse = |width| {
        let args = ["encode", "avq", "x.fvecs", "-o", "c.npy", "--json", "--force", "--beam-width", width];
        json(&env.run(&args).ends_with(0), "mse")
    };
    assert!(mse("32") <= mse("1"));
    put_books(&env, "large", Method::Pvq, (8, 2, 300));
    let run = env.run(&["encode", "large", "x.fvecs", "-o", "large.npy", "--json"]).ends_with(0);
    assert_eq!(json(&run, "bytes_per_vector"), 4.0);
    let text = std::fs::read(env.path("large.npy")).unwrap();
    assert!(text[..128].ends_with(b"\n") && String::from_utf8_lossy(&text[..128]).contains("'<u2'"));
    env.run(&["decode", "large", "large.npy", "-o", "y.npy"]).ends_with(0);
}

#[test]
fn the_codebooks_may_be_tried_in_their_order() {
    let env = env();
    let run = env
        .run(&["encode", "avq", "x.fvecs", "-o", "c.npy", "--json", "--search", "ordered", "--beam-width", "1"])
        .ends_with(0);
    let greedy = {
        // The same codebooks as an RVQ.
        let (books, made) = vqlab::quantizer::load(&env.path("avq")).unwrap();
        let books = Codebooks::new(Method::Rvq, 8, 2, 16, books.values().to_vec()).unwrap();
        save(&env.path("same"), &books, &made).unwrap();
        json(&env.run(&["encode", "same", "x.fvecs", "-o", "r.npy", "--json"]).ends_with(0), "mse")
    };
    assert!(json(&run, "mse") < greedy);
    // Without, the better one is found out.
    let mse = |search: &[&str]| {
        let args = [&["encode", "avq", "x.fvecs", "-o", "c.npy", "--force", "--json"], search].concat();
        json(&env.run(&args).ends_with(0), "mse")
    };
    assert_eq!(mse(&[]), mse(&["--search", "beam"]).min(mse(&["--search", "ordered"])));
    env.run(&["encode", "rvq", "x.fvecs", "-o", "d.npy", "--search", "beam"]).ends_with(2).says("for AVQ alone");
}

#[test]
fn wrong_use_ends_with_2_and_writes_nothing() {
    let env = env();
    put_books(&env, "wide", Method::Rvq, (16, 2, 4));
    put_books(&env, "deep", Method::Rvq, (8, 3, 4));
    env.write("empty.fvecs", "");
    env.write("torn.npy", "\u{93}NUMPY");
    env.run(&["encode", "rvq", "x.fvecs", "-o", "codes.npy"]).ends_with(0);
    let before = files_below(&env.path("."));
    let wrong: [(&[&str], &str); 17] = [
        (&["encode", "wide", "x.fvecs", "-o", "c.npy"], "dimension 8, the codebooks are for dimension 16"),
        (&["encode", "rvq", "none.fvecs", "-o", "c.npy"], "none.fvecs"),
        (&["encode", "none", "x.fvecs", "-o", "c.npy"], "none"),
        (&["encode", "x.fvecs", "rvq", "-o", "c.npy"], "not a codebook file"),
        (&["encode", "rvq", "empty.fvecs", "-o", "c.npy"], "empty"),
        (&["encode", "rvq", "torn.npy", "-o", "c.npy"], "torn.npy, byte 0"),
        (&["encode", "rvq", "x.fvecs", "-o", "codes.npy"], "--force"),
        (&["encode", "rvq", "x.fvecs", "-o", "c.bin"], "allowed here: .npy"),
        (&["encode", "rvq", "x.fvecs", "-o", "no/c.npy"], "cannot write no/c.npy"),
        (&["encode", "rvq", "x.fvecs", "-o", "c.npy", "--beam-width", "2"], "RVQ has no beam"),
        (
            &["encode", "avq", "x.fvecs", "-o", "c.npy", "--beam-width", "33"],
            "allowed with these codebooks are 1 to 32",
        ),
        (&["encode", "avq", "x.fvecs", "-o", "c.npy", "--jobs", "0"], "from 1 to"),
        (&["encode", "avq", "x.fvecs"], "--output"),
        (&["decode", "deep", "codes.npy", "-o", "y.npy"], "2 stages, the codebooks have 3"),
        (&["decode", "rvq", "codes.npy", "-o", "codes.npy", "--force"], "input"),
        (&["decode", "rvq", "codes.npy", "-o", "x.fvecs"], "--force"),
        (&["decode", "rvq", "x.fvecs", "-o", "y.npy"], "allowed here: .npy"),
    ];
    for (args, message) in wrong {
        env.run(args).ends_with(2).says(message);
    }
    assert_eq!(files_below(&env.path(".")), before);
}

#[test]
fn bad_numbers_end_with_1_and_leave_the_old_output() {
    let env = env();
    // Writers refuse NaN, so it is put into the bytes.
    let mut bytes = std::fs::read(env.path("x.fvecs")).unwrap();
    for at in (4..bytes.len()).step_by(4).filter(|at| at % 36 != 0) {
        bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    }
    std::fs::write(env.path("nan.fvecs"), bytes).unwrap();
    env.run(&["encode", "rvq", "x.fvecs", "-o", "c.npy"]).ends_with(0);
    let old = std::fs::read(env.path("c.npy")).unwrap();
    let before = files_below(&env.path("."));
    let says = "nan.fvecs, byte 4: row 0, column 0 (counted from 0) holds NaN";
    env.run(&["encode", "rvq", "nan.fvecs", "-o", "c.npy", "--force"]).ends_with(1).says(says);

    put_books(&env, "small", Method::Rvq, (8, 2, 2));
    let says = "allowed with these codebooks are 0 to 1";
    env.run(&["decode", "small", "c.npy", "-o", "x.fvecs", "--force"]).ends_with(1).says(says);
    assert_eq!(std::fs::read(env.path("c.npy")).unwrap(), old);
    assert_eq!(read(&env.path("x.fvecs")).1, numbers("x", 800));
    assert_eq!(files_below(&env.path(".")).len(), before.len() + 1);
}

/// The disk is full, as far as the program can tell: no file may be larger than some KiB.
#[cfg(unix)]
#[test]
fn a_failed_write_leaves_the_old_output_and_no_other_file() {
    let env = env();
    put_vectors(&env.path("many.npy"), 8, &numbers("many", 8 * 50_000));
    env.write("c.npy", "old");
    let before = files_below(&env.path("."));
    let program = env!("CARGO_BIN_EXE_vqlab");
    let script = format!("trap '' XFSZ; ulimit -f 8; exec '{program}' encode rvq many.npy -o c.npy --force");
    let output = Command::new("sh").args(["-c", &script]).current_dir(env.path(".")).output().unwrap();
    Run::from(output).ends_with(1).says("cannot write c.npy");
    assert_eq!(std::fs::read(env.path("c.npy")).unwrap(), b"old");
    assert_eq!(files_below(&env.path(".")), before);
}

/// A command that takes some seconds, begun.
fn begun(env: &Env) -> std::process::Child {
    put_books(env, "slow", Method::Avq, (32, 8, 128));
    put_vectors(&env.path("many.npy"), 32, &numbers("many", 32 * 30_000));
    env.write("c.npy", "old");
    let args = ["encode", "slow", "many.npy", "-o", "c.npy", "--force", "--beam-width", "256"];
    let child = env.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Until its temporary file is there, the work has not begun.
    for _ in 0..1000 {
        if !env.leftovers(".").is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

#[test]
fn a_killed_command_leaves_the_old_output() {
    let env = env();
    let mut child = begun(&env);
    std::thread::sleep(Duration::from_millis(100));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(std::fs::read(env.path("c.npy")).unwrap(), b"old");
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_the_old_output_and_no_half_file() {
    let env = env();
    let mut child = begun(&env);
    std::thread::sleep(Duration::from_millis(100));
    let interrupt = Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().unwrap();
    assert!(interrupt.success());
    let status = child.wait().unwrap();
    assert_eq!(std::fs::read(env.path("c.npy")).unwrap(), b"old");
    // Under `nohup` nothing is caught, and the program ends at once.
    if status.code().is_some() {
        assert_eq!(status.code(), Some(1));
        assert!(env.leftovers(".").is_empty(), "{:?}", env.leftovers("."));
    }
}

/// The SIFT descriptors of the public small set, where they are at hand.
#[test]
#[cfg_attr(not(has_shared_data), ignore = "needs ../shared/data")]
fn sift_descriptors_go_there_and_back() {
    let base = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/sift/siftsmall/siftsmall_base.fvecs");
    let env = Env::new();
    // Codewords from the data, so that the error means something: the first 256 vectors, cut in 8 parts.
    let data = VectorFile::open(&base).unwrap();
    assert_eq!((data.len(), data.dimension()), (10_000, 128));
    let mut first = vec![0.0; 256 * 128];
    data.read(0, &mut first).unwrap();
    let parts = (0..8).flat_map(|m| first.chunks_exact(128).flat_map(move |row| row[m * 16..(m + 1) * 16].to_vec()));
    let books = Codebooks::new(Method::Pvq, 128, 8, 256, parts.collect()).unwrap();
    let provenance = Provenance { beam_width: 1, trainer: "kmeans".into(), provenance: "a test".into() };
    save(&env.path("books"), &books, &provenance).unwrap();
    let base = base.to_str().unwrap();
    let run = env.run(&["encode", "books", base, "-o", "codes.npy", "--json"]).ends_with(0);
    assert_eq!(std::fs::metadata(env.path("codes.npy")).unwrap().len(), 128 + 80_000);
    env.run(&["decode", "books", "codes.npy", "-o", "y.fvecs"]).ends_with(0);
    let (_, x) = read(Path::new(base));
    let (_, y) = read(&env.path("y.fvecs"));
    let mse = x.iter().zip(&y).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>() / x.len() as f64;
    assert!((mse / json(&run, "mse") - 1.0).abs() < 1e-5);
    // The codewords themselves come back exactly.
    assert_eq!(y[..256 * 128], first);
}
