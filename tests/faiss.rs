//! Codes equal those of FAISS with the same codebooks, where Python with faiss is installed (`PYTHON`, else `python3`).

mod common;

use std::path::PathBuf;
use std::process::Command;

use common::Env;
use common::vectors::{numbers, put_books, put_vectors};
use vqlab::quantizer::Method;

#[test]
#[ignore = "needs Python with faiss (set PYTHON): cargo test --release --test faiss -- --ignored"]
fn faiss_chooses_the_same_codes() {
    let env = Env::new();
    put_vectors(&env.path("x.npy"), 16, &numbers("x", 16 * 2000));
    for (method, size) in [(Method::Pvq, 16), (Method::Pvq, 256), (Method::Rvq, 16), (Method::Rvq, 256)] {
        put_books(&env, "books", method, (16, 4, size));
        env.run(&["encode", "books", "x.npy", "-o", "codes.npy", "--force"]).ends_with(0);
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference/faiss_codes.py");
        let python = std::env::var("PYTHON").unwrap_or("python3".into());
        let mut command = Command::new(&python);
        command.arg(script).args(["books", "x.npy", "codes.npy"]).current_dir(env.path("."));
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        let figures: Vec<f64> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
        println!("{method:?} K = {size}: {text}");
        // Ties up to rounding may fall either way; a greedy choice that differs may end in another error.
        assert!(figures[0] >= 0.999, "{method:?} K = {size}: {text}");
    }
}
