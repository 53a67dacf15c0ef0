//! `vqlab score` on pictures as a user calls it.

mod common;

use common::Env;
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
    let run = env.run(&["score", metric, "a.png", "b.png", "--json"]).ends_with(0);
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
fn equal_pictures_have_a_finite_psnr_and_say_so() {
    let env = env((16, 16), 0);
    assert_eq!((json(&env, "mse"), json(&env, "ssim")), (0.0, 1.0));
    assert!((json(&env, "psnr") - 10.0 * (65025.0_f64 * 768.0).log10()).abs() < 1e-9);
    env.run(&["score", "psnr", "a.png", "b.png"]).ends_with(0).says("infinite");
}

#[test]
fn what_is_no_pair_of_pictures_is_refused() {
    let env = env((16, 16), 1);
    env.run(&["score", "psnr", "a.png", "none.png"]).ends_with(1).says("none.png");
    env.run(&["score", "psnr", "a.png", "tiny.toml"]).ends_with(1).says("tiny.toml: no whole PNG");
    env.run(&["score", "sharpness", "a.png", "b.png"]).ends_with(2).says("ssim");
    let pixels = vec![0; 3 * 16 * 17];
    std::fs::write(env.path("c.png"), encode(&Picture { width: 16, height: 17, pixels }).unwrap()).unwrap();
    env.run(&["score", "ssim", "a.png", "c.png"]).ends_with(1).says("16 × 16").says("16 × 17").says("same size");
    let pixels = vec![0; 3 * 10 * 30];
    std::fs::write(env.path("small.png"), encode(&Picture { width: 30, height: 10, pixels }).unwrap()).unwrap();
    env.run(&["score", "mse", "small.png", "small.png"]).ends_with(1).says("30 × 10").says("at least 11 × 11");
}
