//! Tests of opening, reading, ground truth, and errors of folders.

use std::path::{Path, PathBuf};

use super::*;
use crate::data::choice::tests::check_made;
use crate::data::file::{Id, IdFile, IdWriter, Output, VectorFile, VectorWriter};
use crate::data::stream::{normal, stream};
use crate::search::exact_neighbors;

const D: usize = 6;

struct Folder(tempfile::TempDir);

impl Folder {
    /// 40 learn vectors and 70 base vectors as fvecs, 9 queries as npy.
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.vectors("x_learn.fvecs", 40, D);
        folder.vectors("x_base.fvecs", 70, D);
        folder.vectors("x_query.npy", 9, D);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn vectors(&self, name: &str, n: usize, dimension: usize) {
        let mut rng = stream(name);
        let values: Vec<f32> = (0..n * dimension).map(|_| normal(&mut rng)).collect();
        let mut writer = VectorWriter::create(Output::new(&self.path(name)).force(true), dimension).unwrap();
        writer.write(&values).unwrap();
        writer.finish().unwrap();
    }

    fn truth(&self, ids: &[i32], columns: usize) {
        let output = Output::new(&self.path("x_groundtruth.ivecs")).force(true);
        let mut writer = IdWriter::create(output, columns).unwrap();
        writer.write(ids).unwrap();
        writer.finish().unwrap();
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = std::fs::read(self.path(name)).unwrap();
        change(&mut bytes);
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn data(&self) -> DescriptorData {
        DescriptorData::folder(self.0.path(), [None; 3]).unwrap()
    }

    #[track_caller]
    fn refused(&self, parts: &[&str]) {
        let error = DescriptorData::folder(self.0.path(), [None; 3]).unwrap_err().to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{parts:?}: {error}");
    }
}

fn all(descriptors: &Descriptors, part: Part) -> Vec<f32> {
    let data = descriptors.data();
    let mut out = vec![0.0; data.count(part) as usize * data.dimension];
    descriptors.read(part, 0, &mut out).unwrap();
    out
}

/// The truth by a double loop.
fn slow_truth(descriptors: &Descriptors) -> Vec<u32> {
    let (base, queries, d) =
        (all(descriptors, Part::Base), all(descriptors, Part::Queries), descriptors.data().dimension);
    let distance = |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum() };
    let nearest = |query: &[f32]| {
        let rows = base.chunks(d).enumerate();
        rows.min_by(|a, b| distance(a.1, query).total_cmp(&distance(b.1, query))).unwrap().0 as u32
    };
    queries.chunks(d).map(nearest).collect()
}

#[test]
fn a_folder_is_opened_read_and_searched() {
    let folder = Folder::new();
    let data = folder.data();
    assert_eq!((data.learn, data.base, data.queries, data.dimension), (40, 70, 9, D));
    assert_eq!(data.name, folder.0.path().file_name().unwrap().to_string_lossy());
    let descriptors = Descriptors::open(&data, None).unwrap();
    let mut two = vec![0.0; 2 * D];
    descriptors.read(Part::Base, 68, &mut two).unwrap();
    assert_eq!(two, all(&descriptors, Part::Base)[68 * D..]);
    for (first, n) in [(69, 2 * D), (0, D + 1), (u64::MAX, D)] {
        let error = descriptors.read(Part::Base, first, &mut vec![0.0; n]).unwrap_err();
        assert!(error.to_string().contains("whole rows of the 70 base vectors"), "{error}");
    }
    assert_eq!(descriptors.truth().unwrap(), slow_truth(&descriptors));
    // The second opening shares the first one.
    assert!(std::sync::Arc::ptr_eq(&descriptors, &Descriptors::open(&data, None).unwrap()));
}

#[test]
fn the_identity_is_of_the_numbers_and_not_of_the_place_or_the_format() {
    let (folder, other) = (Folder::new(), Folder::new());
    let identity = |folder: &Folder, limits| {
        let data = DescriptorData::folder(folder.0.path(), limits).unwrap();
        serde_json::to_string(&DescriptorData { name: "x".into(), ..data }).unwrap()
    };
    let json = identity(&folder, [None; 3]);
    assert!(!json.contains("path"));
    assert_eq!(json, identity(&other, [Some(40), Some(70), Some(9)]));
    assert_ne!(json, identity(&folder, [None, Some(69), None]));
    let read = VectorFile::open(&other.path("x_base.fvecs")).unwrap();
    let mut values = vec![0.0; 70 * D];
    read.read(0, &mut values).unwrap();
    std::fs::remove_file(other.path("x_base.fvecs")).unwrap();
    let mut writer = VectorWriter::create(Output::new(&other.path("x_base.npy")), D).unwrap();
    writer.write(&values).unwrap();
    writer.finish().unwrap();
    assert_eq!(json, identity(&other, [None; 3]));
    other.change("x_base.npy", |bytes| *bytes.last_mut().unwrap() ^= 1);
    assert_ne!(json, identity(&other, [None; 3]));
    let parsed: DescriptorData = serde_json::from_str(&json).unwrap();
    assert_eq!((parsed.path, parsed.base), (None, 70));
}

#[test]
fn limits_take_the_first_vectors_and_ask_for_no_more_than_there_are() {
    let folder = Folder::new();
    let some = DescriptorData::folder(folder.0.path(), [Some(3), Some(20), Some(2)]).unwrap();
    let some = Descriptors::open(&some, None).unwrap();
    let whole = Descriptors::open(&folder.data(), None).unwrap();
    assert_eq!(all(&some, Part::Learn), all(&whole, Part::Learn)[..3 * D]);
    assert_eq!(some.truth().unwrap(), slow_truth(&some));
    for (limits, message) in [
        ([Some(41), None, None], "41 learn vectors were requested; allowed are 1 to 40"),
        ([None, Some(0), None], "0 base vectors"),
        ([None, None, Some(10)], "1 to 9"),
    ] {
        let error = DescriptorData::folder(folder.0.path(), limits).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn a_ground_truth_file_is_used_for_the_whole_base_and_checked() {
    let folder = Folder::new();
    let found = |folder: &Folder| Descriptors::new(&folder.data(), None).unwrap().truth().map(<[u32]>::to_vec);
    let right = found(&folder).unwrap();
    let rows = |ids: &[u32]| -> Vec<i32> { ids.iter().flat_map(|id| [*id as i32, 0]).collect() };
    folder.truth(&rows(&right), 2);
    assert_eq!(found(&folder).unwrap(), right);
    let refused = |parts: &[&str]| {
        let error = found(&folder).unwrap_err().to_string();
        let file = folder.path("x_groundtruth.ivecs").display().to_string();
        assert!(error.contains(&file) && parts.iter().all(|part| error.contains(part)), "{parts:?}: {error}");
    };
    for (id, found) in [(70, "id 70"), (-1, "a negative id")] {
        let mut wrong = rows(&right);
        wrong[2 * 5 + 1] = id;
        folder.truth(&wrong, 2);
        refused(&["row 5", &format!("column 1 holds {found}, allowed are 0 to 69"), "remove it"]);
    }
    let mut wrong = rows(&right);
    wrong[2 * 7] = (wrong[2 * 7] + 1) % 70;
    folder.truth(&wrong, 2);
    refused(&["row 7", &format!("base vector {} is nearer", right[7])]);
    folder.truth(&rows(&right)[..16], 2);
    refused(&["row 8", "the file has 8 rows for 9 queries"]);
    folder.change("x_groundtruth.ivecs", |bytes| bytes.truncate(8 * 12 - 1));
    refused(&["byte 84", "row 7 is cut off"]);
    // The file does not apply to a part of the base.
    let some = DescriptorData::folder(folder.0.path(), [None, Some(69), None]).unwrap();
    let some = Descriptors::new(&some, None).unwrap();
    assert_eq!(some.truth().unwrap(), slow_truth(&some));
}

#[test]
fn the_truth_is_cached_and_a_damaged_cache_is_not_believed() {
    let folder = Folder::new();
    let cache = folder.path("cache/below");
    let found = || Descriptors::new(&folder.data(), Some(&cache)).unwrap().truth().unwrap().to_vec();
    let right = found();
    let files: Vec<_> = std::fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [file] = &files[..] else { panic!("{files:?}") };
    let whole = std::fs::read_to_string(file).unwrap();
    // A cache file with other ids and their checksum shows that the cache is read.
    let mut kept: serde_json::Value = serde_json::from_str(&whole).unwrap();
    kept["ids"] = serde_json::json!(vec![1; 9]);
    std::fs::write(file, kept.to_string()).unwrap();
    assert_eq!(found(), right);
    assert_eq!(std::fs::read_to_string(file).unwrap(), whole);
    for damaged in [&whole[..whole.len() / 2], "", "[]"] {
        std::fs::write(file, damaged).unwrap();
        assert_eq!(found(), right);
    }
    let before = std::fs::metadata(file).unwrap().modified().unwrap();
    assert_eq!(found(), right);
    assert_eq!(std::fs::metadata(file).unwrap().modified().unwrap(), before);
}

#[test]
fn a_folder_that_is_no_set_is_refused_with_what_it_holds() {
    let folder = Folder::new();
    folder.vectors("y_base.fvecs", 3, D);
    folder.refused(&["more than one set, x and y", "PREFIX_learn"]);
    std::fs::remove_file(folder.path("y_base.fvecs")).unwrap();
    folder.vectors("x_base.npy", 3, D);
    folder.refused(&["x_base.fvecs and x_base.npy are the same part"]);
    std::fs::remove_file(folder.path("x_base.npy")).unwrap();
    std::fs::remove_file(folder.path("x_learn.fvecs")).unwrap();
    folder.refused(&["x_learn is missing, it holds x_base.fvecs, x_query.npy; accepted: PREFIX_learn", "SIFT1M"]);
    folder.vectors("x_learn.fvecs", 3, D + 1);
    folder.refused(&["x_learn.fvecs", "dimension 7", "x_base.fvecs of dimension 6"]);
    let empty = tempfile::tempdir().unwrap();
    let error = |path: &Path| DescriptorData::folder(path, [None; 3]).unwrap_err().to_string();
    assert!(error(empty.path()).contains("it holds nothing; accepted:"));
    assert!(error(&empty.path().join("none")).contains("none"));
}

#[test]
fn damaged_vectors_are_refused_with_the_offset() {
    let stride = 4 + 4 * D;
    type Change = fn(&mut Vec<u8>);
    let cases: [(&str, Change, String); 6] = [
        ("x_base.fvecs", |bytes| bytes.truncate(70 * 28 - 1), format!("byte {}: row 69 is cut off", 69 * stride)),
        ("x_base.fvecs", |bytes| bytes[5 * 28] = 9, format!("byte {}: row 5 has dimension 9", 5 * stride)),
        ("x_learn.fvecs", |bytes| bytes[3 * 28 + 8..][..4].copy_from_slice(&f32::NAN.to_le_bytes()), "NaN".into()),
        (
            "x_learn.fvecs",
            |bytes| bytes[..4].copy_from_slice(&[255; 4]),
            "byte 0: the first row has dimension -1".into(),
        ),
        ("x_base.fvecs", |bytes| bytes[2] = 0x7f, "byte 0: the first row has dimension".into()),
        ("x_query.npy", |bytes| bytes.truncate(bytes.len() - 3), "the file is torn".into()),
    ];
    for (name, change, message) in cases {
        let folder = Folder::new();
        folder.change(name, change);
        folder.refused(&[name, &message]);
    }
}

#[test]
fn settings_that_fit_nothing_are_refused() {
    let made = DescriptorData::synthetic(1, 1, 1, 0);
    let error = |data: DescriptorData| Descriptors::open(&data, None).unwrap_err().to_string();
    assert!(error(DescriptorData { dimension: 64, ..made.clone() }).contains("dimension 128, not 64"));
    assert!(error(DescriptorData { seed: None, ..made.clone() }).contains("the settings give no folder"));
    assert!(error(DescriptorData { base: 0, ..made.clone() }).contains("0 base vectors were requested"));
    assert!(error(DescriptorData { learn: u64::MAX, ..made.clone() }).contains("allowed are 1 to 2147483647"));
    let folder = Folder::new();
    assert!(error(DescriptorData { path: Some(folder.0.path().into()), ..made }).contains("either a folder or a seed"));
    let data = folder.data();
    assert!(error(DescriptorData { dimension: 5, ..data.clone() }).contains("the settings say 5"));
    assert!(error(DescriptorData { queries: 10, ..data }).contains("1 to 9"));
}

#[test]
fn written_synthetic_descriptors_are_those_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("made");
    let data = DescriptorData::synthetic(300, 150, 5, 7);
    check_made(&data, &target);
    let memory = Descriptors::open(&data, None).unwrap();
    let files = Descriptors::open(&DescriptorData::folder(&target, [None; 3]).unwrap(), None).unwrap();
    for part in Part::ALL {
        assert_eq!(all(&memory, part), all(&files, part));
    }
    assert_eq!(memory.truth().unwrap(), files.truth().unwrap());
    let ids = IdFile::open(&target.join("synthetic_groundtruth.ivecs")).unwrap();
    let mut found = vec![Id::NONE; 5 * 100];
    ids.read(0, &mut found).unwrap();
    let exact = exact_neighbors(&all(&memory, Part::Base), &all(&memory, Part::Queries), 128, 100).unwrap();
    assert!(found.iter().zip(&exact.ids).all(|(a, b)| a.number() == Some(u64::from(*b))));
    // Other parts and seeds use other pictures.
    assert_ne!(all(&memory, Part::Learn)[..128], all(&memory, Part::Base)[..128]);
}
