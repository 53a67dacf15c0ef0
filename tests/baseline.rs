//! The baselines beside FAISS 1.15.1 on the same real vectors. The numbers of FAISS stand here as the scripts in
//! tests/reference printed them; without the data (see `shared`) the tests are skipped.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use vqlab::baseline::{Settings, train};
use vqlab::data::file::VectorFile;
use vqlab::metric::recall_at;
use vqlab::quantizer::{Codebooks, Method, Search, assigner, encode};
use vqlab::search::{Codes, Index, Norms, exact_neighbors};

/// The first `count` vectors of a file of real data that lies beside the checkout.
fn shared(name: &str, count: usize) -> Vec<f32> {
    let path: PathBuf = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/sift")).join(name);
    let file = VectorFile::open(&path).unwrap();
    let mut x = vec![0.0; count * file.dimension()];
    file.read(0, &mut x).unwrap();
    x
}

/// Mean ‖x − q‖² over the vectors that were trained on: 8 stages, D = 128.
fn trained_error(settings: &Settings, x: &[f32]) -> f64 {
    let books = train(settings, x, 128, "beside FAISS", &mut |_| true).unwrap();
    let mut assign = assigner(settings.method, Some((Search::Ordered, settings.beam_width)));
    let codes = encode(&books, assign.as_mut(), x).unwrap();
    let mut q = vec![0.0; x.len()];
    books.decode(&codes, &mut q).unwrap();
    x.iter().zip(&q).map(|(x, q)| f64::from(x - q).powi(2)).sum::<f64>() / (x.len() / 128) as f64
}

/// `python3 tests/reference/faiss_baselines.py ../shared/data/sift/photosift/photosift_learn.bvecs --vectors 20000 --only PQ,RQ`
#[test]
#[cfg_attr(not(has_shared_data), ignore = "needs ../shared/data")]
fn k_means_quantizers_are_as_good_as_those_of_faiss() {
    let x = shared("photosift/photosift_learn.bvecs", 20_000);
    for (method, faiss) in [(Method::Pvq, 24_533.7), (Method::Rvq, 21_957.5)] {
        let ours = trained_error(&Settings::new(method, 8, 256), &x);
        assert!(ours < 1.01 * faiss, "{method:?}: {ours}, FAISS {faiss}");
        assert!(method == Method::Rvq || ours > 0.99 * faiss, "{method:?}: {ours}, FAISS {faiss}");
    }
}

/// `python3 tests/reference/faiss_baselines.py ../shared/data/sift/photosift/photosift_learn.bvecs --vectors 5000 --bits 6`
#[test]
#[cfg_attr(not(has_shared_data), ignore = "needs ../shared/data")]
fn opq_and_lsq_are_better_than_those_of_faiss() {
    let x = shared("photosift/photosift_learn.bvecs", 5000);
    let error = |method, iterations| trained_error(&Settings { iterations, ..Settings::new(method, 8, 64) }, &x);
    let (pvq, opq) = (error(Method::Pvq, 25), error(Method::Opq, 25));
    assert!((pvq / 36_139.3 - 1.0).abs() < 0.01, "PQ {pvq}");
    // FAISS's OPQ begins with a random rotation, which does not suit SIFT: 44672.2.
    assert!(opq < 0.95 * pvq, "OPQ {opq}, PQ {pvq}");
    let (avq, lsq) = (error(Method::Avq, 8), error(Method::Lsq, 8));
    assert!(lsq < 24_719.8 * 1.02, "LSQ {lsq}");
    // FAISS's ResidualQuantizer without a beam: 30848.8.
    assert!(avq < 0.95 * 30_848.8, "AQ {avq}");
}

/// `python3 tests/reference/faiss_index.py ../shared/data/sift/siftsmall`
#[test]
#[cfg_attr(not(has_shared_data), ignore = "needs ../shared/data")]
fn codes_distances_and_recall_are_those_of_faiss() {
    let vectors = shared("siftsmall/siftsmall_base.fvecs", 10_000);
    let queries = shared("siftsmall/siftsmall_query.fvecs", 100);
    let base = &vectors[..2000 * 128];
    let numbers = (0..8).flat_map(|m| (0..256).map(move |k| (2000 + 31 * k) * 128 + m * 16));
    let values = numbers.flat_map(|at| &vectors[at..at + 16]).copied().collect();
    let books = Codebooks::new(Method::Pvq, 128, 8, 256, values).unwrap();
    let codes = encode(&books, assigner(Method::Pvq, None).as_mut(), base).unwrap();
    let codes: Vec<u8> = codes.iter().map(|code| *code as u8).collect();
    let hash = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect::<String>();
    assert_eq!(hash(&codes), "54da00926a32a1ad076604768fe242c4e24a82dbe4f4d07ee0b5716c7d1344b3");
    let found = Index::new(&books, Codes::U8(&codes), Norms::Omitted).unwrap().search(&queries, 100).unwrap();
    let distances: Vec<u8> = found.distances.iter().flat_map(|d| d.to_le_bytes()).collect();
    assert_eq!(hash(&distances), "0829535fb78fa3ac225691d251e02273df4d7c87fb99b0b75afb87662be50e13");
    let nearest = exact_neighbors(base, &queries, 128, 1).unwrap().ids;
    let recall = [1, 10, 100].map(|t| recall_at(&found.ids, &nearest, t).unwrap());
    assert_eq!(recall, [0.32, 0.86, 1.0]);
}

#[test]
#[cfg_attr(not(has_shared_data), ignore = "needs ../shared/data")]
fn exact_neighbors_are_the_ground_truth_of_siftsmall() {
    let base = shared("siftsmall/siftsmall_base.fvecs", 10_000);
    let queries = shared("siftsmall/siftsmall_query.fvecs", 100);
    let truth = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/sift/siftsmall/siftsmall_groundtruth.ivecs");
    // A count of 4 bytes before each row.
    let words = std::fs::read(truth).unwrap();
    let words: Vec<u32> = words.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let k = words[0] as usize;
    let truth: Vec<u32> = words.chunks_exact(k + 1).flat_map(|row| row[1..].to_vec()).collect();
    let found = exact_neighbors(&base, &queries, 128, k).unwrap();
    let nearest: Vec<u32> = truth.iter().copied().step_by(k).collect();
    assert_eq!(recall_at(&found.ids, &nearest, 1), Ok(1.0));
    // 18 of the 10,000 published ids order equal distances otherwise, so distances are compared: whole numbers here.
    for (i, id) in truth.iter().enumerate() {
        let query = &queries[i / k * 128..][..128];
        let row = &base[*id as usize * 128..][..128];
        let distance: f32 = query.iter().zip(row).map(|(x, b)| (x - b) * (x - b)).sum();
        assert_eq!(found.distances[i], distance, "query {}, neighbor {}", i / k, i % k);
    }
}
