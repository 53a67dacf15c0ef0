//! `vqlab score` on pictures and on speech as a user calls it.

mod common;

use common::Env;
use vqlab::data::speech::{wav_bytes, write_wav};
use vqlab::picture::{Picture, encode};

/// A ramp, and the same with every other value raised by so much.
fn env(size: (usize, usize), raise: u8) -> Env {
    let env = Env::new();
    let (width, height) = size;
    for (name, raise) in [("a.png", 0), ("b.png", raise)] {
        let value = |i: usize| (i * 7 % 200) as u8 + if i.is_multiple_of(2) { raise } else { 0 };
        let pixels = (0..3 * width * height).map(value).collect();
        std::fs::write(env.path(name), encode(&Picture { width, height, pixels }).unwrap()).unwrap();
    }
    env
}

fn json(env: &Env, metric: &str) -> f64 {
    value(env, metric, ["a.png", "b.png"])
}

fn value(env: &Env, metric: &str, [reference, test]: [&str; 2]) -> f64 {
    let run = env.run(&["score", metric, reference, test, "--json"]).ends_with(0);
    serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap()["value"].as_f64().unwrap()
}

#[test]
fn pictures_of_any_size_are_scored() {
    for size in [(11, 11), (40, 12)] {
        let env = env(size, 10);
        let expected = 50.0 + if size.0 % 2 == 1 { 50.0 / 363.0 } else { 0.0 };
        assert!((json(&env, "mse") - expected).abs() < 1e-9);
        assert!((json(&env, "psnr") - 10.0 * (65025.0 / expected).log10()).abs() < 1e-9);
        assert!((0.5..1.0).contains(&json(&env, "ssim")));
        env.run(&["score", "psnr", "a.png", "b.png"]).ends_with(0).prints("31.1").prints(" dB\n");
    }
}

#[test]
fn equal_pictures_have_an_infinite_psnr_and_say_so() {
    let env = env((16, 16), 0);
    assert_eq!((json(&env, "mse"), json(&env, "ssim")), (0.0, 1.0));
    env.run(&["score", "psnr", "a.png", "b.png"]).ends_with(0).prints("inf dB\n").says("infinite");
    env.run(&["score", "mse", "a.png", "b.png"]).ends_with(0).prints("0\n");
    let told = |metric| {
        let run = env.run(&["score", metric, "a.png", "b.png", "--json"]).ends_with(0);
        serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap()
    };
    assert_eq!(told("psnr"), serde_json::json!({ "value": null, "unit": "dB", "infinite": true }));
    assert_eq!(told("mse"), serde_json::json!({ "value": 0.0, "unit": "", "infinite": false }));
}

/// PNG's checksums: a byte of the pixels, of the header, of the length of a part, and the end are wrong.
#[test]
fn what_is_wrong_with_a_png_is_told_in_words() {
    let env = env((16, 16), 1);
    let whole = std::fs::read(env.path("a.png")).unwrap();
    let at = whole.windows(4).position(|w| w == b"IDAT").unwrap();
    let changed = |place: usize| {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x20;
        bytes
    };
    for (bytes, said) in [
        (changed(at + 20), "damaged: "),
        (changed(19), "checksum of its part IHDR is wrong"),
        (changed(1), "it does not begin like a PNG file"),
        (whole[..at + 10].to_vec(), "it ends too early"),
        (vec![], "it ends too early"),
    ] {
        std::fs::write(env.path("c.png"), bytes).unwrap();
        let run = env
            .run(&["score", "psnr", "a.png", "c.png"])
            .ends_with(1)
            .says("c.png: not a complete PNG file")
            .says(said);
        assert!(!run.stderr.contains(['{', '[']) && !run.stderr.contains("ChunkType"), "{run:#?}");
    }
}

#[test]
fn what_is_no_pair_of_pictures_is_refused() {
    let env = env((16, 16), 1);
    env.run(&["score", "psnr", "a.png", "none.png"]).ends_with(1).says("none.png");
    env.run(&["score", "psnr", "a.png", "tiny.toml"]).ends_with(1).says("tiny.toml: not a complete PNG");
    env.run(&["score", "sharpness", "a.png", "b.png"]).ends_with(2).says("ssim");
    let pixels = vec![0; 3 * 16 * 17];
    std::fs::write(env.path("c.png"), encode(&Picture { width: 16, height: 17, pixels }).unwrap()).unwrap();
    env.run(&["score", "ssim", "a.png", "c.png"]).ends_with(1).says("16 × 16").says("16 × 17").says("same size");
    let pixels = vec![0; 3 * 10 * 30];
    std::fs::write(env.path("small.png"), encode(&Picture { width: 30, height: 10, pixels }).unwrap()).unwrap();
    env.run(&["score", "ssim", "small.png", "small.png"]).ends_with(1).says("30 × 10").says("at least 11 × 11");
    env.run(&["score", "mse", "small.png", "small.png"]).ends_with(0).prints("0\n");
    env.run(&["score", "psnr", "small.png", "small.png"]).ends_with(0).prints("inf dB\n");
}

/// Harmonics of a gliding tone, louder and softer, and hiss of so many steps of 16 bits on it.
fn voice(n: usize, hiss: f64) -> Vec<f32> {
    let value = |i: usize| {
        let t = i as f64 / 16_000.0;
        let phase = std::f64::consts::TAU * (120.0 * t + 3.0 * (4.0 * t).sin());
        let sum: f64 = (1..30).map(|h| (phase * f64::from(h)).sin() / f64::from(h)).sum();
        let noise = (i as u32).wrapping_mul(2_654_435_761) >> 8;
        let noise = f64::from((noise ^ noise >> 9).wrapping_mul(0x9e37_79b9)) / 2_147_483_648.0 - 1.0;
        (0.1 * sum * (9.0 * t).sin().powi(2) + noise * hiss / 32_768.0) as f32
    };
    (0..n).map(value).collect()
}

/// The clean voice, the one with hiss and files that don't go with them.
fn speech() -> Env {
    let env = Env::new();
    for (name, samples) in [
        ("original.wav", voice(48_000, 0.0)),
        ("decoded.wav", voice(48_000, 100.0)),
        ("short.wav", voice(47_000, 0.0)),
        ("silent.wav", vec![0.0; 48_000]),
        ("brief.wav", voice(2_000, 0.0)),
    ] {
        write_wav(&env.path(name), &samples).unwrap();
    }
    env
}

#[test]
fn speech_is_scored() {
    let env = speech();
    let pair = ["original.wav", "decoded.wav"];
    let pesq = value(&env, "pesq", pair);
    assert!((1.5..4.0).contains(&pesq), "{pesq}");
    let snr = value(&env, "psnr-perceptual", pair);
    assert!((-10.0..30.0).contains(&snr), "{snr}");
    env.run(&["score", "pesq", pair[0], pair[1]]).ends_with(0).prints(&format!("{pesq:.6} MOS\n"));
    env.run(&["score", "psnr-perceptual", pair[0], pair[1]]).ends_with(0).prints(&format!("{snr:.6} dB\n"));
    assert!(value(&env, "pesq", [pair[0]; 2]) > 4.6);
    env.run(&["score", "psnr-perceptual", pair[0], pair[0]]).ends_with(0).prints("inf dB").says("infinite");
}

/// Files of 32 kHz are compared at 16 kHz.
#[test]
fn speech_of_another_rate_is_scored() {
    let env = speech();
    // Every sample twice; as a file of twice the rate it lasts as long.
    let mut bytes = wav_bytes(&voice(48_000, 0.0).into_iter().flat_map(|x| [x, x]).collect::<Vec<_>>());
    bytes[24..28].copy_from_slice(&32_000_u32.to_le_bytes());
    bytes[28..32].copy_from_slice(&64_000_u32.to_le_bytes());
    std::fs::write(env.path("fast.wav"), bytes).unwrap();
    let pesq = value(&env, "pesq", ["original.wav", "fast.wav"]);
    assert!(pesq > 3.5, "{pesq}");
}

/// As PyPI's pesq, which takes 16 kHz alone for wideband PESQ.
#[test]
fn narrowband_speech_is_not_scored_as_wideband() {
    let env = speech();
    let mut bytes = wav_bytes(&voice(24_000, 0.0));
    bytes[24..28].copy_from_slice(&8_000_u32.to_le_bytes());
    std::fs::write(env.path("telephone.wav"), bytes).unwrap();
    for metric in ["pesq", "psnr-perceptual"] {
        for pair in [["telephone.wav", "telephone.wav"], ["original.wav", "telephone.wav"]] {
            let run = env.run(&["score", metric, pair[0], pair[1], "--json"]).ends_with(1);
            let run = run.says("telephone.wav: its rate is 8000 Hz").says("ffmpeg -i telephone.wav -ar 16000 new.wav");
            assert_eq!(run.stdout, "");
        }
    }
    let help = env.run(&["score", "--help"]).ends_with(0).stdout;
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("Files of a lower rate are refused"), "{help}");
}

#[test]
fn what_is_no_pair_of_speech_is_refused() {
    let env = speech();
    let refused = |metric, reference, test| env.run(&["score", metric, reference, test]).ends_with(1);
    refused("pesq", "original.wav", "short.wav").says("original.wav has 48000").says("short.wav has 47000 (2.938 s)");
    refused("pesq", "original.wav", "silent.wav").says("silent.wav against original.wav").says("the test is silent");
    refused("psnr-perceptual", "silent.wav", "original.wav").says("no frame louder than -75 dB");
    refused("pesq", "brief.wav", "brief.wav").says("2000 samples are too few").says("4000");
    refused("pesq", "original.wav", "none.wav").says("none.wav");
    refused("pesq", "original.wav", "tiny.toml").says("tiny.toml").says("WAV").says("FLAC");
    refused("ssim", "original.wav", "decoded.wav").says("original.wav: not a complete PNG");
}

/// Twelve ids of each of two queries: the true neighbor of the first comes first, that of the second fifth.
fn put_ids(env: &Env) {
    let row = |ids: &[i32]| -> Vec<u8> {
        [ids.len() as i32].iter().chain(ids).flat_map(|id| id.to_le_bytes()).collect::<Vec<u8>>()
    };
    let found: Vec<i32> = (0..12).collect();
    std::fs::write(env.path("groundtruth.ivecs"), [row(&[0, 9]), row(&[4, 9])].concat()).unwrap();
    std::fs::write(env.path("found.ivecs"), [row(&found), row(&found)].concat()).unwrap();
    std::fs::write(env.path("one.ivecs"), row(&found)).unwrap();
}

#[test]
fn recall_is_the_share_of_true_neighbors_found() {
    let env = Env::new();
    put_ids(&env);
    let pair = ["score", "recall", "groundtruth.ivecs", "found.ivecs"];
    for (at, expected) in [("1", "0.500000\n"), ("4", "0.500000\n"), ("5", "1.000000\n"), ("12", "1.000000\n")] {
        env.run(&[&pair[..], &["--at", at]].concat()).ends_with(0).prints(expected);
    }
    env.run(&pair).ends_with(0).prints("0.500000\n");
    env.run(&[&pair[..], &["--at", "13"]].concat()).ends_with(1).says("needs at least 13 ids a query, found 12");
    env.run(&["score", "recall", "groundtruth.ivecs", "one.ivecs"]).ends_with(1).says("2 rows").says("one.ivecs has 1");
    env.run(&["score", "mse", "a.png", "b.png", "--at", "1"]).ends_with(2).says("recall alone");
}

/// An npy file of ids.
fn put_npy(env: &Env, name: &str, descr: &str, columns: usize, ids: &[i128]) {
    let rows = ids.len() / columns;
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    header.extend(std::iter::repeat_n(' ', 117 - header.len()));
    let size: usize = descr[2..].parse().unwrap();
    let mut bytes = [b"\x93NUMPY\x01\x00\x76\x00", header.as_bytes(), b"\n"].concat();
    bytes.extend(ids.iter().flat_map(|id| id.to_le_bytes()[..size].to_vec()));
    std::fs::write(env.path(name), bytes).unwrap();
}

/// What FAISS puts where it finds fewer than k is no hit, in ids of every type.
#[test]
fn an_id_that_stands_for_no_neighbor_equals_nothing() {
    let env = Env::new();
    let large = (1_i128 << 32) + 7;
    for (descr, none) in [("<i4", -1), ("<i8", -1), ("<i8", -7), ("<u4", -1), ("<u8", -1)] {
        // Four queries: found; neither has a true neighbor nor finds one; finds none; the true neighbor comes second.
        let far = if descr.ends_with('8') { large } else { 7 };
        put_npy(&env, "truth.npy", descr, 1, &[far, none, 5, 3]);
        put_npy(&env, "found.npy", descr, 2, &[far, none, none, none, none, none, 9, 3]);
        let pair = ["score", "recall", "truth.npy", "found.npy", "--at"];
        let run = |at| env.run(&[&pair[..], &[at]].concat()).ends_with(0);
        run("1").prints("0.250000\n").says("truth.npy has no true neighbor for 1 of 4 queries");
        run("2").prints("0.500000\n");
    }
    // Ids above 32 bits are told from those that their lower bits spell.
    put_npy(&env, "truth.npy", "<i8", 1, &[large]);
    put_npy(&env, "found.npy", "<i8", 1, &[7]);
    env.run(&["score", "recall", "truth.npy", "found.npy"]).ends_with(0).prints("0.000000\n");
    // Files of two types and formats go together.
    put_npy(&env, "found.npy", "<u4", 12, &(0..24).map(|id| id % 12).collect::<Vec<_>>());
    put_ids(&env);
    env.run(&["score", "recall", "groundtruth.ivecs", "found.npy", "--at", "5"]).ends_with(0).prints("1.000000\n");
}

#[test]
fn what_is_no_file_of_ids_is_refused_with_what_to_do() {
    let env = Env::new();
    put_npy(&env, "ids.npy", "<i8", 2, &[1, 2]);
    let types = "allowed here: int32, uint32, int64, uint64";
    for (descr, found) in [("<f4", "it holds float32"), (">i8", "the type is \">i8\""), ("<i2", "the type is \"<i2\"")]
    {
        put_npy(&env, "other.npy", descr, 2, &[1, 2]);
        let run = env.run(&["score", "recall", "ids.npy", "other.npy"]).ends_with(1);
        run.says("other.npy").says(found).says(types).says("save array.astype('<i8')");
    }
    env.run(&["score", "recall", "ids.npy", "ids.npy", "--at", "3"]).ends_with(1).says("choose T from 1 to 2");
    put_npy(&env, "more.npy", "<i8", 2, &[1, 2, 3, 4]);
    env.run(&["score", "recall", "ids.npy", "more.npy"]).ends_with(1).says("1 rows").says("more.npy has 2");
}

/// Every example of the help, on files of these names.
#[test]
fn the_examples_of_the_help_run() {
    let env = speech();
    for name in ["original.png", "decoded.png"] {
        let pixels = (0..3 * 16 * 16).map(|i| (i % 251) as u8).collect();
        std::fs::write(env.path(name), encode(&Picture { width: 16, height: 16, pixels }).unwrap()).unwrap();
    }
    // Files are told by what they hold.
    std::fs::copy(env.path("original.wav"), env.path("original.flac")).unwrap();
    put_ids(&env);
    let help = env.run(&["score", "--help"]).ends_with(0).stdout;
    let examples: Vec<&str> = help.lines().filter_map(|line| line.trim().strip_prefix("vqlab ")).collect();
    for (name, values) in [("vectors.npy", [1.0, 2.0]), ("restored.npy", [1.0, 2.5])] {
        common::vectors::put_vectors(&env.path(name), 2, &values);
    }
    assert_eq!(examples.len(), 6, "{help}");
    for example in examples {
        env.run(&example.split(' ').collect::<Vec<_>>()).ends_with(0);
    }
}

#[test]
fn the_error_of_decoded_vectors_is_that_of_the_files() {
    let env = Env::new();
    common::vectors::put_vectors(&env.path("x.npy"), 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    common::vectors::put_vectors(&env.path("y.fvecs"), 3, &[1.0, 2.0, 3.5, 4.0, 5.0, 5.0]);
    let run = env.run(&["score", "mse", "x.npy", "y.fvecs"]).ends_with(0);
    // (.25 + 1) / 6
    assert_eq!(run.stdout, "0.208333\n");
    common::vectors::put_vectors(&env.path("z.npy"), 2, &[1.0, 2.0, 3.0, 4.0]);
    env.run(&["score", "mse", "x.npy", "z.npy"]).ends_with(1).says("x.npy has 2 vectors of dimension 3, z.npy has 2 ");
}
