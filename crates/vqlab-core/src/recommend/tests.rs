use super::*;
use crate::data::file::{Output, VectorWriter};
use crate::data::stream::{normal, stream};

/// A file of vectors (n × D).
fn file(folder: &tempfile::TempDir, name: &str, dimension: usize, values: &[f32]) -> VectorFile {
    let path = folder.path().join(name);
    let mut writer = VectorWriter::create(Output::new(&path), dimension).unwrap();
    writer.write(values).unwrap();
    writer.finish().unwrap();
    VectorFile::open(&path).unwrap()
}

/// n × 8: sums of three factors, and a little noise.
fn correlated(name: &str, n: usize) -> Vec<f32> {
    let mut mixing = stream("recommend/mixing");
    let matrix: Vec<f32> = (0..3 * 8).map(|_| normal(&mut mixing)).collect();
    let mut rng = stream(name);
    let row = |rng: &mut _| -> Vec<f32> {
        let factors = [4.0 * normal(rng), 2.0 * normal(rng), normal(rng)];
        let at = |i: usize, rng: &mut _| {
            10.0 + 0.1 * normal(rng) + (0..3).map(|f| factors[f] * matrix[f * 8 + i]).sum::<f32>()
        };
        (0..8).map(|i| at(i, rng)).collect()
    };
    (0..n).flat_map(|_| row(&mut rng)).collect()
}

fn request(bits: &[u32]) -> Request {
    Request {
        bits: bits.to_vec(),
        limits: Limits::default(),
        sample: 2000,
        budget: Duration::from_secs(600),
        updates: Some(150),
        jobs: 2,
        seed: 1,
    }
}

fn run(file: &VectorFile, queries: Option<&VectorFile>, request: &Request) -> Result<Recommendation, RecommendError> {
    let stop = AtomicBool::new(false);
    recommend(file, queries, request, &Watch { stop: &stop, progress: &|_| () })
}

#[test]
fn every_method_is_measured_and_the_choice_is_the_cheapest_of_the_best() {
    let folder = tempfile::tempdir().unwrap();
    let data = file(&folder, "x.npy", 8, &correlated("recommend/x", 2000));
    let queries = file(&folder, "q.npy", 8, &correlated("recommend/q", 50));
    let found = run(&data, Some(&queries), &request(&[8])).unwrap();
    assert_eq!((found.training, found.validation, found.held_out, found.queries), (1600, 200, 200, Some((50, 400))));
    let labels: Vec<String> = found.candidates.iter().map(Candidate::label).collect();
    for label in ["PVQ 2 × 4", "OPQ 4 × 2", "RVQ 1 × 8", "AVQ 2 × 4, beam 1", "AVQ 2 × 4, beam 16", "LSQ 4 × 2"] {
        assert!(labels.iter().any(|l| l == label), "{label}: {labels:?}");
    }
    assert!(found.left_out.is_empty(), "{:?}", found.left_out);
    for c in &found.candidates {
        assert!(c.mse.mean > 0.0 && c.mse.mean < found.variance && c.ms_per_vector > 0.0, "{}", c.label());
        let recall: Vec<f64> = c.recall.iter().flatten().map(|r| r.mean).collect();
        assert!(recall.len() == 3 && recall[0] <= recall[1] && recall[1] <= recall[2], "{recall:?}");
    }
    // A Gaussian source: no error can be below the bound, except for the statistical error of 200 vectors.
    let (choice, references) = (&found.choices[0], &found.references[0]);
    let best = &found.candidates[choice.best.unwrap()];
    assert!(found.candidates.iter().all(|c| c.mse.mean >= best.mse.mean));
    assert!(best.mse.mean + 3.0 * best.mse.standard_error > references.gaussian.unwrap(), "{references:?}");
    assert!(references.gaussian < references.white && best.mse.mean < references.scalar);
    let chosen = &found.candidates[choice.chosen.unwrap()];
    assert!(choice.equal.iter().all(|i| found.candidates[*i].wmops >= chosen.wmops) && chosen.front.wmops);
    assert!(found.flatness.unwrap() < 0.1);
    // The same errors on any number of threads.
    let again = run(&data, Some(&queries), &Request { jobs: 1, ..request(&[8]) }).unwrap();
    let errors = |r: &Recommendation| r.candidates.iter().map(|c| c.errors.clone()).collect::<Vec<_>>();
    assert!(errors(&found) == errors(&again));

    // With limits, the choice is within them, or there is none.
    let mut limited = request(&[8]);
    limited.limits.wmops = found.candidates.iter().map(|c| c.wmops).min_by(f64::total_cmp);
    let within = run(&data, None, &limited).unwrap();
    let chosen = &within.candidates[within.choices[0].chosen.unwrap()];
    assert_eq!(Some(chosen.wmops), limited.limits.wmops);
    limited.limits.codebook_bytes = Some(1);
    let none = run(&data, None, &limited).unwrap();
    assert_eq!(none.choices[0].chosen, None);
}

#[test]
fn white_data_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut rng = stream("recommend/white");
    let values: Vec<f32> = (0..4000 * 4).map(|_| normal(&mut rng)).collect();
    let data = file(&folder, "white.npy", 4, &values);
    let found = run(&data, None, &request(&[8])).unwrap();
    assert!(found.flatness.unwrap() > 0.98);
    let references = found.references[0];
    // 2 bits a coordinate: .1188 by scalar quantization, 1/16 at best.
    assert!((references.scalar / 0.1188 - 1.0).abs() < 0.1 && (references.white.unwrap() * 16.0 - 1.0).abs() < 0.05);
}

#[test]
fn alternatives_are_other_candidates_with_the_ratios_of_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let data = file(&folder, "x.npy", 8, &correlated("recommend/x", 2000));
    let found = run(&data, None, &request(&[8, 12])).unwrap();
    for choice in &found.choices {
        let chosen = &found.candidates[choice.chosen.unwrap()];
        let all = found.alternatives(choice);
        assert_eq!(all.len(), 3);
        let mut places: Vec<usize> = all.iter().map(|a| a.candidate).collect();
        assert!(!places.contains(&choice.chosen.unwrap()));
        for a in &all {
            let other = &found.candidates[a.candidate];
            assert_eq!(other.shape.bits(), choice.bits);
            assert!((a.error.mean - (other.mse.mean - chosen.mse.mean)).abs() < 1e-9 * chosen.mse.mean);
            assert_eq!(a.wmops, other.wmops / chosen.wmops);
            assert_eq!(a.ms, other.ms_per_vector / chosen.ms_per_vector);
            assert_eq!(a.bytes, other.codebook_bytes as f64 / chosen.codebook_bytes as f64);
        }
        assert!(all.windows(2).all(|pair| pair[0].error.mean <= pair[1].error.mean));
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), 3);
        let reason = found.reason(choice);
        assert!(
            reason.starts_with(&format!("For {} bits per vector, use {}", choice.bits, chosen.label())),
            "{reason}"
        );
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = file(&folder, "x.npy", 8, &correlated("recommend/few", 100));
    let other = file(&folder, "q.npy", 4, &[0.0; 8]);
    assert!(matches!(run(&data, None, &request(&[67])), Err(RecommendError::Bits { bits: 67, .. })));
    assert!(matches!(run(&data, Some(&other), &request(&[8])), Err(RecommendError::Queries { found: 4, .. })));
    let few = Request { sample: 4, ..request(&[8]) };
    assert!(matches!(run(&data, None, &few), Err(RecommendError::TooFew { .. })));
    // A hundred vectors are too few for a codebook of 256, but enough for 4 and 16.
    let found = run(&data, None, &request(&[8])).unwrap();
    assert!(found.left_out.iter().any(|l| l.shape.size() == 256), "{:?}", found.left_out);
    let stopped = Watch { stop: &AtomicBool::new(true), progress: &|_| () };
    assert!(matches!(recommend(&data, None, &request(&[8]), &stopped), Err(RecommendError::Stopped)));
}

#[test]
fn vectors_in_memory_give_the_results_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (x, q) = (correlated("recommend/x", 1000), correlated("recommend/q", 20));
    let (data, queries) = (file(&folder, "x.npy", 8, &x), file(&folder, "q.npy", 8, &q));
    let request = Request { sample: 600, ..request(&[8]) };
    let from_files = run(&data, Some(&queries), &request).unwrap();
    let chosen = choose_sample(1000, 8, &request).unwrap();
    let read = |_: usize, row: usize, out: &mut [f32]| {
        out.copy_from_slice(&x[row * 8..][..8]);
        Ok::<(), ()>(())
    };
    let stop = AtomicBool::new(false);
    let watch = Watch { stop: &stop, progress: &|_| () };
    let sampled = chosen.gather(8, read).unwrap();
    let found = recommend_vectors(sampled.clone(), Some(&q), None, &request, &watch).unwrap();
    let of = |r: &Recommendation| {
        r.candidates.iter().map(|c| (c.label(), c.errors.clone(), c.recall.clone())).collect::<Vec<_>>()
    };
    assert_eq!(of(&found), of(&from_files));
    assert_eq!((found.of, found.queries), (1000, from_files.queries));
    let some = recommend_vectors(sampled, None, Some(&[Method::Rvq]), &request, &watch).unwrap();
    assert!(some.candidates.iter().all(|c| c.shape.method == Method::Rvq) && some.left_out.is_empty());
    assert!(matches!(choose_sample(1000, 8, &self::request(&[67])), Err(RecommendError::Bits { bits: 67, .. })));
}

#[test]
fn a_choice_among_fits_without_time_is_not_sure() {
    let folder = tempfile::tempdir().unwrap();
    let data = file(&folder, "x.npy", 8, &correlated("recommend/x", 2000));
    let mut found = run(&data, None, &request(&[8])).unwrap();
    let sure = |found: &Recommendation| found.words(&found.choices[0]).unwrap().sure;
    assert!(!sure(&found).starts_with("Not sure"));
    let shape = Shape { method: Method::Lsq, stages: 4, bits_per_stage: 2 };
    let late = |late| LeftOut { shape, reason: "the reason".into(), late };
    found.left_out = vec![late(false)];
    assert!(!sure(&found).starts_with("Not sure"));
    found.left_out = vec![late(true), late(true)];
    assert!(sure(&found).starts_with("Not sure: ") && sure(&found).contains("2 more had no time"), "{}", sure(&found));
    let worth = |found: &Recommendation| {
        found.words(&found.choices[0]).unwrap().cautions.iter().any(|caution| caution.about == About::Worth)
    };
    found.references[0].scalar = 1e-9;
    assert!(!worth(&found));
    found.left_out.clear();
    assert!(worth(&found));
}
