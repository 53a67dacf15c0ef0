//! `search` as a user calls it.

mod common;

use common::vectors::{json, numbers, put_books, put_vectors, read};
use common::{Env, files_below};
use vqlab::data::file::{Id, IdFile};
use vqlab::quantizer::Method;
use vqlab::search::exact_neighbors;

/// With codebooks `avq`, `rvq`, `pvq` (D = 8, M = 2, K = 16), 300 vectors in `x.fvecs`, 20 in `q.npy`.
fn env() -> Env {
    let env = Env::new();
    for (name, method) in [("avq", Method::Avq), ("rvq", Method::Rvq), ("pvq", Method::Pvq)] {
        put_books(&env, name, method, (8, 2, 16));
    }
    put_vectors(&env.path("x.fvecs"), 8, &numbers("x", 8 * 300));
    put_vectors(&env.path("q.npy"), 8, &numbers("q", 8 * 20));
    env
}

fn ids(env: &Env, name: &str) -> (usize, Vec<i32>) {
    let file = IdFile::open(&env.path(name)).unwrap();
    let mut ids = vec![Id::NONE; file.len() * file.columns()];
    file.read(0, &mut ids).unwrap();
    (file.columns(), ids.into_iter().map(|id| id.number().map_or(-1, |id| id as i32)).collect())
}

#[test]
fn the_ids_are_those_of_the_nearest_decoded_vectors() {
    let env = env();
    for method in ["avq", "rvq", "pvq"] {
        env.run(&["encode", method, "x.fvecs", "-o", "codes.npy", "--force"]).ends_with(0);
        env.run(&["decode", method, "codes.npy", "-o", "decoded.npy", "--force"]).ends_with(0);
        let run = env.run(&["search", method, "codes.npy", "q.npy", "-k", "7", "-o", "i.ivecs", "--force", "--json"]);
        let run = run.ends_with(0).says("wrote i.ivecs");
        assert_eq!((json(&run, "queries"), json(&run, "base_vectors"), json(&run, "k")), (20.0, 300.0, 7.0));
        assert_eq!(json(&run, "bits_per_vector"), if method == "pvq" { 8.0 } else { 40.0 });
        assert!(json(&run, "queries_per_second") * json(&run, "ms_per_query") / 1e3 - 1.0 < 1e-6);
        let (k, found) = ids(&env, "i.ivecs");
        let (_, decoded) = read(&env.path("decoded.npy"));
        let (_, queries) = read(&env.path("q.npy"));
        let slow = exact_neighbors(&decoded, &queries, 8, 7).unwrap();
        let distance = |query: usize, id: usize| -> f32 {
            queries[query * 8..][..8].iter().zip(&decoded[id * 8..][..8]).map(|(a, b)| (a - b) * (a - b)).sum()
        };
        assert_eq!((k, found.len()), (7, slow.ids.len()));
        for (i, id) in found.iter().enumerate() {
            // Vectors with equal codes are equally far; sums in another order differ in the last bits.
            assert!((distance(i / 7, *id as usize) - slow.distances[i]).abs() < 1e-3, "{method}, {i}: {id}");
        }
    }
}

#[test]
fn a_base_of_vectors_other_threads_and_other_formats_give_the_same_ids() {
    let env = env();
    for (method, norms) in [("avq", "exact"), ("rvq", "byte"), ("rvq", "omitted")] {
        env.run(&["encode", method, "x.fvecs", "-o", "codes.npy", "--force"]).ends_with(0);
        let search = |base: &str, output: &str, jobs: &str| {
            let args = ["search", method, base, "q.npy", "-k", "300", "-o", output, "--norms", norms];
            env.run(&[&args[..], &["--jobs", jobs, "--force"]].concat()).ends_with(0)
        };
        let bits = match norms {
            "exact" => "AVQ codes of 8 bits and norms of 32 in ",
            "byte" => "RVQ codes of 8 bits and norms of 8 in ",
            _ => "RVQ codes of 8 bits in ",
        };
        search("codes.npy", "a.ivecs", "1").prints("20 queries among 300").prints(bits).prints("ms/query");
        search("x.fvecs", "b.npy", "3").prints("(encoded in ");
        assert_eq!(ids(&env, "a.ivecs"), ids(&env, "b.npy"));
    }
}

#[test]
fn large_codebooks_and_many_windows_are_searched() {
    let env = env();
    put_books(&env, "large", Method::Rvq, (8, 2, 300));
    put_vectors(&env.path("many.npy"), 8, &numbers("many", 8 * 5000));
    env.run(&["search", "large", "x.fvecs", "many.npy", "-k", "3", "-o", "many.ivecs"]).ends_with(0);
    env.run(&["search", "large", "x.fvecs", "q.npy", "-k", "3", "-o", "few.ivecs"]).ends_with(0);
    assert_eq!(ids(&env, "many.ivecs").1.len(), 15_000);
    put_vectors(&env.path("last.npy"), 8, &numbers("many", 8 * 5000)[8 * 4999..]);
    env.run(&["search", "large", "x.fvecs", "last.npy", "-k", "3", "-o", "last.ivecs"]).ends_with(0);
    assert_eq!(ids(&env, "last.ivecs").1, ids(&env, "many.ivecs").1[3 * 4999..]);
}

#[test]
fn wrong_use_ends_with_2_and_writes_nothing() {
    let env = env();
    put_books(&env, "wide", Method::Rvq, (16, 2, 16));
    put_books(&env, "deep", Method::Rvq, (8, 3, 16));
    env.run(&["encode", "rvq", "x.fvecs", "-o", "codes.npy"]).ends_with(0);
    let before = files_below(&env.path("."));
    let wrong: [(&[&str], &str); 10] = [
        (&["rvq", "codes.npy", "q.npy", "-k", "0", "-o", "i.npy"], "0 is not in 1.."),
        (&["rvq", "codes.npy", "q.npy", "-k", "301", "-o", "i.npy"], "allowed are 1 to 300"),
        (&["rvq", "codes.npy", "q.npy", "-o", "i.npy"], "-k <N>"),
        (&["wide", "codes.npy", "q.npy", "-k", "1", "-o", "i.npy"], "dimension 8, the codebooks are for dimension 16"),
        (&["wide", "x.fvecs", "q.npy", "-k", "1", "-o", "i.npy"], "dimension 8, the codebooks are for dimension 16"),
        (
            &["deep", "codes.npy", "q.npy", "-k", "1", "-o", "i.npy"],
            "rows of 2 integers, the codebooks are for codes of 3",
        ),
        (&["pvq", "codes.npy", "q.npy", "-k", "1", "-o", "i.npy", "--norms", "byte"], "leave out --norms"),
        (&["rvq", "codes.npy", "q.npy", "-k", "1", "-o", "i.fvecs"], "allowed here: "),
        (&["rvq", "codes.npy", "q.npy", "-k", "1", "-o", "codes.npy", "--force"], "input"),
        (&["rvq", "codes.npy", "none.npy", "-k", "1", "-o", "i.npy"], "none.npy"),
    ];
    for (args, message) in wrong {
        env.run(&[&["search"], args].concat()).ends_with(2).says(message);
    }
    assert_eq!(files_below(&env.path(".")), before);
    env.write("i.npy", "old");
    env.run(&["search", "rvq", "codes.npy", "q.npy", "-k", "1", "-o", "i.npy"]).ends_with(2).says("--force");
    assert_eq!(std::fs::read(env.path("i.npy")).unwrap(), b"old");
}

#[test]
fn codes_out_of_range_end_with_1() {
    let env = env();
    put_books(&env, "small", Method::Rvq, (8, 2, 2));
    env.run(&["encode", "rvq", "x.fvecs", "-o", "codes.npy"]).ends_with(0);
    let run = env.run(&["search", "small", "codes.npy", "q.npy", "-k", "1", "-o", "i.npy"]).ends_with(1);
    run.says("allowed with these codebooks are 0 to 1");
    assert!(!env.path("i.npy").exists());
}
