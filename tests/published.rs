//! The published files: all embedded, all readable, and reproduced byte for byte by our writer.

use std::path::{Path, PathBuf};

use vqlab::results::{ResultsFile, published, published_names};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("results/published")
}

#[test]
fn every_file_is_embedded() {
    let mut on_disk = Vec::new();
    for figure in std::fs::read_dir(folder()).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()) {
        for file in std::fs::read_dir(&figure).unwrap().map(|e| e.unwrap().path()) {
            on_disk.push(file.strip_prefix(folder()).unwrap().to_str().unwrap().to_owned());
        }
    }
    let mut embedded: Vec<_> = published_names().map(String::from).collect();
    on_disk.sort();
    embedded.sort();
    assert_eq!(on_disk, embedded);
    assert_eq!(embedded.len(), 14);
    assert!(published_names().all(|name| published(name).is_some()));
    assert!(published("Figure 9/none.json").is_none());
}

#[test]
fn round_trip_is_byte_identical() {
    let out = tempfile::tempdir().unwrap();
    for name in published_names() {
        let path = folder().join(name);
        let file = ResultsFile::read(&path).unwrap();
        let copy = out.path().join(name);
        file.write(&copy).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(&copy).unwrap(), "{name}");
    }
}

#[test]
fn curves_are_where_they_belong() {
    let correlated = published("Figure 2/correlated_dataset_Fig2-a.json").unwrap();
    assert_eq!(correlated.labels, [("Data".into(), "Correlated".into()), ("Metric".into(), "MSE".into())]);
    assert_eq!(correlated.mean_at("AVQ", 40), Some(0.5100589580165847));
    let complexity = published("Figure 4/Complexity_Fig4-c.json").unwrap();
    assert_eq!(complexity.mean_at("PVQ", 12), Some(-2.8709549401120418));
    let recall = published("Figure 5/Recall.json").unwrap();
    let names: Vec<_> = recall.curves.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["AVQ proposed", "RVQ proposed", "PVQ proposed", "AVQ baseline", "PVQ baseline"]);
}
