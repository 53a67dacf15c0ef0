//! Data with an offset or of an extreme scale, as a user has them: coordinates in meters from the center of the earth, images
//! from 0 to 255, time stamps, physical units.

mod common;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use common::Env;
use common::vectors::{json, numbers, put_vectors};
use vqlab::data::file::VectorFile;
use vqlab::recommend::{Limits, Request, Shape, Watch, recommend};

const DIMENSION: usize = 16;

/// Correlated vectors, so that the methods differ and neighbors can be found.
fn vectors() -> Vec<f32> {
    let (factors, noise) = (numbers("invariance", 3000 * 4), numbers("invariance/noise", 3000 * DIMENSION));
    let value = |at: usize| factors[at / DIMENSION * 4 + at % 4] + 0.3 * noise[at];
    (0..noise.len()).map(value).collect()
}

/// Figures of one method: the error of fit and of encode, and the recall among 10.
fn figures(env: &Env, method: &str, norms: &str, unit: f64) -> [f64; 3] {
    let fit = ["fit", "x.npy", "--method", method, "--stages", "4", "--bits", "5", "-o", "b.safetensors"];
    let fit = env.run(&[&fit[..], &["--json", "--force", "--updates", "8", "--no-refit"]].concat()).ends_with(0);
    let encode = env.run(&["encode", "b.safetensors", "x.npy", "-o", "c.npy", "--force", "--json"]).ends_with(0);
    let search = ["search", "b.safetensors", "c.npy", "q.npy", "-k", "10", "-o", "i.ivecs", "--force"];
    let search = if norms.is_empty() { search.to_vec() } else { [&search[..], &["--norms", norms]].concat() };
    env.run(&search).ends_with(0);
    let recall = env.run(&["score", "recall", "truth.ivecs", "i.ivecs", "--at", "10", "--json"]).ends_with(0);
    let recall: serde_json::Value = serde_json::from_str(&recall.stdout).unwrap();
    [json(&fit, "validation_mse") / unit, json(&encode, "mse") / unit, recall["value"].as_f64().expect("a recall")]
}

fn put_truth(env: &Env, base: &[f32], queries: &[f32]) {
    let found = vqlab::search::exact_neighbors(base, queries, DIMENSION, 10).unwrap();
    let rows = found.ids.chunks_exact(10).map(|ids| [&[10], ids].concat());
    let bytes: Vec<u8> = rows.flatten().flat_map(u32::to_le_bytes).collect();
    std::fs::write(env.path("truth.ivecs"), bytes).unwrap();
}

#[test]
fn an_offset_and_a_scale_leave_errors_and_recall_as_they_are() {
    let env = Env::new();
    let x = vectors();
    for (method, norms) in [("pvq", ""), ("opq", ""), ("rvq", "exact"), ("avq", "byte"), ("lsq", "none")] {
        let mut plain = None;
        for (offset, scale) in [(0f32, 1f32), (1e2, 1.0), (1e4, 1.0), (1e5, 1.0), (0.0, 1e20), (0.0, 1e-25)] {
            let moved: Vec<f32> = x.iter().map(|v| (v + offset) * scale).collect();
            put_vectors(&env.path("x.npy"), DIMENSION, &moved);
            put_vectors(&env.path("q.npy"), DIMENSION, &moved[..100 * DIMENSION]);
            put_truth(&env, &moved, &moved[..100 * DIMENSION]);
            let found = figures(&env, method, norms, f64::from(scale).powi(2));
            let plain = *plain.get_or_insert(found);
            // Trainings end in other optima where the last bits differ.
            let close = |a: f64, b: f64| (a / b - 1.0).abs() < 0.05;
            assert!(
                close(found[0], plain[0]) && close(found[1], plain[1]) && (found[2] - plain[2]).abs() < 0.06,
                "{method}, offset {offset}, scale {scale}: {found:?} against {plain:?}"
            );
        }
    }
}

#[test]
fn an_outlier_in_one_column_leaves_the_error_of_the_others_as_it_is() {
    let env = Env::new();
    let mut x = vectors();
    x[1000 * DIMENSION + 3] = 1e7;
    put_vectors(&env.path("x.npy"), DIMENSION, &x);
    for method in ["pvq", "rvq", "avq"] {
        let fit = ["fit", "x.npy", "--method", method, "--stages", "4", "--bits", "5", "-o", "b.safetensors"];
        env.run(&[&fit[..], &["--force", "--validation", "0"]].concat()).ends_with(0);
        env.run(&["encode", "b.safetensors", "x.npy", "-o", "c.npy", "--force"]).ends_with(0);
        env.run(&["decode", "b.safetensors", "c.npy", "-o", "y.npy", "--force"]).ends_with(0);
        let (_, y) = common::vectors::read(&env.path("y.npy"));
        let rows = x.iter().zip(&y).enumerate().filter(|(at, _)| at / DIMENSION != 1000);
        let mse = rows.map(|(_, (a, b))| f64::from(a - b).powi(2)).sum::<f64>() / (x.len() - DIMENSION) as f64;
        // 1.09 is the variance; without the outlier it is .26, .19 and .17.
        assert!(mse < 0.4, "{method}: {mse}");
    }
}

#[test]
fn the_choice_is_the_same_with_an_offset() {
    let env = Env::new();
    let x = vectors();
    let request = Request {
        bits: vec![16],
        limits: Limits::default(),
        sample: 3000,
        budget: Duration::from_secs(600),
        updates: Some(100),
        jobs: 2,
        seed: 1,
    };
    let choice = |offset: f32| {
        let moved: Vec<f32> = x.iter().map(|v| v + offset).collect();
        put_vectors(&env.path("x.npy"), DIMENSION, &moved);
        let file = VectorFile::open(&env.path("x.npy")).unwrap();
        let watch = Watch { stop: &AtomicBool::new(false), progress: &|_| () };
        let found = recommend(&file, None, &request, &watch).unwrap();
        found.candidates.iter().map(|candidate| (candidate.shape, candidate.mse.mean)).collect::<Vec<_>>()
    };
    let plain = choice(0.0);
    let best = |errors: &[(Shape, f64)]| errors.iter().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0;
    for offset in [1e3, 1e5] {
        let moved = choice(offset);
        assert_eq!(best(&plain), best(&moved), "{plain:?} {moved:?}");
        for (a, b) in plain.iter().zip(&moved) {
            assert!(a.0 == b.0 && (a.1 / b.1 - 1.0).abs() < 0.05, "{plain:?} {moved:?}");
        }
    }
}

#[test]
fn what_float32_does_not_hold_is_refused() {
    let env = Env::new();
    let tiny: Vec<f32> = (0..400 * 4).map(|i| f32::from_bits(i % 97)).collect();
    put_vectors(&env.path("x.npy"), 4, &tiny);
    let fit = ["fit", "x.npy", "--method", "pvq", "--stages", "2", "--bits", "2", "-o", "b.safetensors"];
    env.run(&fit).ends_with(1).says("which float32 can't resolve");
}
