//! Tests of both kinds of folders, their errors, and the sharing of opened sets.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use png::{BitDepth, ColorType, Encoder};
use proptest::prelude::*;
use rand::Rng;

use super::*;
use crate::data::DataError;
use crate::data::choice::tests::check_made;
use crate::data::stream::stream;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// 12 and 5 training images, 4 test images, and another file.
    fn cifar() -> Self {
        let folder = Self::new();
        for (name, n) in [("data_batch_10.bin", 5), ("data_batch_9.bin", 12), ("test_batch.bin", 4)] {
            folder.put(name, &records(name, n));
        }
        folder.put("batches.meta.txt", b"airplane\n");
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = std::fs::read(self.path(name)).unwrap();
        change(&mut bytes);
        self.put(name, &bytes);
    }

    fn data(&self, limits: [Option<u64>; 2]) -> Result<ImageData, DataError> {
        ImageData::folder(self.0.path(), limits)
    }

    fn open(&self) -> Arc<Images> {
        Images::open(&self.data([None; 2]).unwrap()).unwrap()
    }

    #[track_caller]
    fn refused(&self, parts: &[&str]) {
        let error = self.data([None; 2]).unwrap_err().to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{parts:?}: {error}");
    }
}

fn bytes(name: &str, n: usize) -> Vec<u8> {
    let mut out = vec![0; n];
    stream(name).fill_bytes(&mut out);
    out
}

/// Records with all labels.
fn records(name: &str, n: usize) -> Vec<u8> {
    let mut out = bytes(name, n * cifar::RECORD);
    out.chunks_exact_mut(cifar::RECORD).enumerate().for_each(|(i, record)| record[0] = (i % 10) as u8);
    out
}

fn png(kind: ColorType, depth: BitDepth, [width, height]: [u32; 2], data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, width, height);
    encoder.set_color(kind);
    encoder.set_depth(depth);
    if kind == ColorType::Indexed {
        encoder.set_palette(vec![1, 2, 3, 200, 100, 50]);
    }
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(data).unwrap();
    writer.finish().unwrap();
    out
}

/// An RGB picture with one color per tile: red is the picture, green the column and blue the row of the tile.
fn tiled(picture: u8, width: u32, height: u32) -> Vec<u8> {
    let pixel = |i: u32| [picture, (i % width / 32) as u8, (i / width / 32) as u8];
    let data: Vec<u8> = (0..width * height).flat_map(pixel).collect();
    png(ColorType::Rgb, BitDepth::Eight, [width, height], &data)
}

/// The colors of single-colored tiles.
fn colors(images: &[u8]) -> Vec<[u8; 3]> {
    let tiles = images.chunks_exact(BYTES);
    tiles
        .map(|tile| {
            assert!(tile.chunks_exact(3).all(|pixel| pixel == &tile[..3]));
            [tile[0], tile[1], tile[2]]
        })
        .collect()
}

#[test]
fn binary_files_are_read_in_the_order_of_their_numbers() {
    let folder = Folder::cifar();
    let images = folder.open();
    assert_eq!((images.data().training, images.data().test), (17, 4));
    let expected: Vec<u8> = [folder.path("data_batch_9.bin"), folder.path("data_batch_10.bin")]
        .iter()
        .flat_map(|path| std::fs::read(path).unwrap())
        .collect();
    for (image, record) in images.training().chunks(BYTES).zip(expected.chunks(cifar::RECORD)) {
        for (x, y, c) in [(0, 0, 0), (5, 0, 1), (31, 31, 2), (7, 30, 0)] {
            assert_eq!(image[(32 * y + x) * 3 + c], record[1 + 1024 * c + 32 * y + x]);
        }
        assert_eq!(cifar::record(image)[1..], record[1..]);
    }
    let name = folder.0.path().file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(images.data().name, name);
}

#[test]
fn limits_take_the_first_images_and_ask_for_no_more_than_there_are() {
    let folder = Folder::cifar();
    let some = Images::open(&folder.data([Some(13), Some(1)]).unwrap()).unwrap();
    let all = folder.open();
    assert_eq!(some.training(), &all.training()[..13 * BYTES]);
    assert_eq!(some.test(), &all.test()[..BYTES]);
    for (limits, message) in [
        ([Some(18), None], "18 training images were requested; allowed are 1 to 17"),
        ([None, Some(5)], "5 test images were requested; allowed are 1 to 4"),
        ([Some(0), None], "0 training images"),
    ] {
        let error = folder.data(limits).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn the_identity_is_of_the_pixels_and_not_of_place_labels_or_files() {
    let (folder, other) = (Folder::cifar(), Folder::cifar());
    let identity = |folder: &Folder, limits| {
        let data = ImageData { name: "x".into(), ..folder.data(limits).unwrap() };
        serde_json::to_string(&data).unwrap()
    };
    let json = identity(&folder, [None; 2]);
    assert!(!json.contains("path"));
    let both: Vec<u8> = ["data_batch_9.bin", "data_batch_10.bin"]
        .iter()
        .flat_map(|name| std::fs::read(other.path(name)).unwrap())
        .collect();
    other.put("data_batch_9.bin", &both);
    std::fs::remove_file(other.path("data_batch_10.bin")).unwrap();
    other.change("data_batch_9.bin", |bytes| bytes[0] = 9);
    assert_eq!(json, identity(&other, [Some(17), Some(4)]));
    assert_ne!(json, identity(&folder, [Some(16), None]));
    other.change("test_batch.bin", |bytes| bytes[17] ^= 1);
    assert_ne!(json, identity(&other, [None; 2]));
    let parsed: ImageData = serde_json::from_str(&json).unwrap();
    assert_eq!((parsed.path, parsed.test, parsed.seed), (None, 4, None));
}

#[test]
fn pixels_are_shared_as_long_as_someone_holds_them() {
    let data = ImageData::synthetic(3, 2, 99);
    let first = Images::open(&data).unwrap();
    assert!(Arc::ptr_eq(&first, &Images::open(&data).unwrap()));
    assert!(!Arc::ptr_eq(&first, &Images::open(&ImageData::synthetic(3, 1, 99)).unwrap()));
    let weak = Arc::downgrade(&first);
    drop(first);
    assert!(weak.upgrade().is_none());
}

#[test]
fn torn_and_wrong_binary_files_are_refused_with_the_offset() {
    type Change = fn(&mut Vec<u8>);
    let cases: [(&str, Change, String); 5] = [
        (
            "data_batch_9.bin",
            |bytes| bytes.truncate(12 * 3073 - 1),
            format!("byte {}: the file ends 3072 bytes", 11 * 3073),
        ),
        ("data_batch_10.bin", |bytes| bytes.push(0), "the file ends 1 bytes into record 5".into()),
        ("test_batch.bin", |bytes| bytes.clear(), "the file is empty".into()),
        ("test_batch.bin", |bytes| bytes[2 * 3073] = 10, format!("byte {}: record 2", 2 * 3073)),
        ("data_batch_10.bin", |bytes| bytes[0] = 255, "label 255, allowed are 0 to 9".into()),
    ];
    for (name, change, message) in cases {
        let folder = Folder::cifar();
        folder.change(name, change);
        folder.refused(&[name, &message]);
    }
}

#[test]
fn a_folder_that_is_no_set_is_refused_with_what_is_accepted() {
    let folder = Folder::new();
    folder.refused(&["it holds nothing; accepted:", "data_batch*.bin", "PNG images"]);
    folder.put("notes.txt", b"");
    folder.refused(&["it holds notes.txt; accepted:"]);
    folder.put("test_batch.bin", &records("x", 1));
    folder.refused(&["data_batch_1.bin is missing", "test_batch.bin"]);
    folder.put("a.png", &tiled(0, 32, 32));
    folder.refused(&["both binary files and PNG images"]);
    std::fs::remove_file(folder.path("test_batch.bin")).unwrap();
    folder.refused(&["a single PNG image", "too similar"]);
    folder.put("train/b.png", &tiled(0, 32, 32));
    folder.refused(&["beside train/ or test/"]);
    std::fs::remove_file(folder.path("a.png")).unwrap();
    folder.refused(&["test/ is missing"]);
    folder.put("test/c.txt", b"");
    folder.refused(&["it has no PNG image, it holds c.txt"]);
    let none = ImageData::folder(&folder.path("none"), [None; 2]).unwrap_err().to_string();
    assert!(none.contains("none"), "{none}");
    let file = ImageData::folder(&folder.path("notes.txt"), [None; 2]).unwrap_err().to_string();
    assert!(file.contains("notes.txt"), "{file}");
}

#[test]
fn pictures_are_cut_into_whole_tiles_and_mixed_but_never_over_the_parts() {
    let folder = Folder::new();
    for picture in 0..12 {
        // 3 × 2 tiles, and remaining pixels.
        folder.put(&format!("p{picture}.PNG"), &tiled(picture, 100, 95));
    }
    let images = folder.open();
    let (training, test) = (colors(images.training()), colors(images.test()));
    let all = |pictures: &[u8]| -> Vec<[u8; 3]> {
        pictures.iter().flat_map(|p| (0..6).map(|tile| [*p, tile % 3, tile / 3])).collect()
    };
    let sorted = |mut tiles: Vec<[u8; 3]>| {
        tiles.sort_unstable();
        tiles
    };
    // By number, the first and the eleventh are 0 and 10.
    assert_eq!(sorted(test), sorted(all(&[0, 10])));
    assert_eq!(sorted(training.clone()), sorted(all(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 11])));
    let mixture: std::collections::BTreeSet<u8> = training[..20].iter().map(|color| color[0]).collect();
    assert!(mixture.len() > 5, "{mixture:?}");
    let some = Images::open(&folder.data([Some(7), Some(1)]).unwrap()).unwrap();
    assert_eq!(some.training(), &images.training()[..7 * BYTES]);
}

#[test]
fn sub_folders_say_what_is_for_the_test() {
    let folder = Folder::new();
    folder.put("train/a.png", &tiled(1, 64, 32));
    folder.put("test/a.png", &tiled(2, 32, 40));
    folder.put("readme.txt", b"");
    let images = folder.open();
    assert_eq!(colors(images.test()), [[2, 0, 0]]);
    assert_eq!(images.data().training, 2);
}

#[test]
fn every_kind_of_png_becomes_rgb() {
    const N: usize = 1024;
    let half = |a: &[u8], b: &[u8]| [a.repeat(N / 2), b.repeat(N / 2)].concat();
    // The data of a picture, and the colors of its halves.
    type Case = (ColorType, BitDepth, Vec<u8>, [[u8; 3]; 2]);
    let cases: [Case; 8] = [
        (ColorType::Rgb, BitDepth::Eight, half(&[1, 2, 3], &[4, 5, 6]), [[1, 2, 3], [4, 5, 6]]),
        (ColorType::Grayscale, BitDepth::Eight, half(&[9], &[8]), [[9; 3], [8; 3]]),
        (ColorType::Grayscale, BitDepth::One, [vec![0xff; N / 16], vec![0; N / 16]].concat(), [[255; 3], [0; 3]]),
        (ColorType::Grayscale, BitDepth::Sixteen, half(&[7, 255], &[6, 1]), [[7; 3], [6; 3]]),
        (ColorType::Indexed, BitDepth::Eight, half(&[0], &[1]), [[1, 2, 3], [200, 100, 50]]),
        (ColorType::Rgba, BitDepth::Eight, half(&[10, 20, 30, 0], &[10, 20, 30, 255]), [[255; 3], [10, 20, 30]]),
        (ColorType::Rgba, BitDepth::Eight, half(&[0, 255, 100, 128], &[0, 0, 0, 51]), [[127, 255, 177], [204; 3]]),
        (ColorType::GrayscaleAlpha, BitDepth::Eight, half(&[50, 255], &[50, 0]), [[50; 3], [255; 3]]),
    ];
    for (kind, depth, data, expected) in cases {
        let folder = Folder::new();
        let picture = png(kind, depth, [32, 32], &data);
        folder.put("train/a.png", &picture);
        folder.put("test/a.png", &picture);
        let images = folder.open();
        let (first, last) = images.training().split_at(BYTES / 2);
        let found = [first, last].map(|half| {
            assert!(half.chunks_exact(3).all(|pixel| pixel == &half[..3]), "{kind:?} {depth:?}");
            [half[0], half[1], half[2]]
        });
        assert_eq!(found, expected, "{kind:?} {depth:?}");
    }
}

#[test]
fn pictures_that_are_small_large_or_damaged_are_named() {
    let folder = Folder::new();
    folder.put("a.png", &tiled(1, 64, 64));
    folder.put("b.png", &tiled(2, 64, 31));
    folder.refused(&["b.png", "64 × 31 pixels, required: 32 × 32 or more"]);
    let whole = tiled(2, 64, 64);
    for length in [0, 7, 8, 20, 40, whole.len() / 2, whole.len() - 13, whole.len() - 1] {
        folder.put("b.png", &whole[..length]);
        folder.refused(&["b.png", "not a complete PNG image"]);
    }
    folder.put("b.png", b"not a picture at all, but text that is long enough to be one");
    folder.refused(&["b.png", "not a complete PNG image"]);
    // A header that requests a huge picture, with a correct checksum.
    let mut huge = whole.clone();
    huge[16..24].fill(0x3f);
    let crc = {
        let mut crc = flate2::Crc::new();
        crc.update(&huge[12..29]);
        crc.sum().to_be_bytes()
    };
    huge[29..33].copy_from_slice(&crc);
    folder.put("b.png", &huge);
    folder.refused(&["b.png", "cut it into smaller ones"]);
    std::fs::remove_file(folder.path("b.png")).unwrap();
    std::fs::create_dir(folder.path("b.png")).unwrap();
    folder.refused(&["b.png", "not a regular file"]);
}

#[test]
fn settings_that_fit_nothing_are_refused() {
    let made = ImageData::synthetic(1, 1, 0);
    let error = |data: ImageData| Images::open(&data).unwrap_err().to_string();
    assert!(error(ImageData { seed: None, ..made.clone() }).contains("the settings give no folder"));
    assert!(error(ImageData { test: 0, ..made.clone() }).contains("0 test images were requested"));
    assert!(error(ImageData { training: u64::MAX, ..made.clone() }).contains("allowed are 1 to 16777216"));
    let folder = Folder::cifar();
    assert!(error(ImageData { path: Some(folder.0.path().into()), ..made }).contains("either a folder or a seed"));
    let data = folder.data([None; 2]).unwrap();
    assert!(error(ImageData { training: 18, ..data.clone() }).contains("1 to 17"));
    folder.change("test_batch.bin", |bytes| bytes[5] ^= 1);
    assert!(error(data).contains("have changed"));
}

#[test]
fn written_synthetic_images_are_those_in_memory() {
    let place = Folder::new();
    let target = place.path("made");
    let data = ImageData::synthetic(10_020, 1005, 7);
    check_made(&data, &target);
    let files = Images::open(&ImageData::folder(&target, [None; 2]).unwrap()).unwrap();
    let memory = Images::open(&data).unwrap();
    assert!(files.training() == memory.training() && files.test() == memory.test());
}

#[test]
fn synthetic_images_hang_on_part_seed_and_number_alone() {
    let make = |training, test, seed| Images::open(&ImageData::synthetic(training, test, seed)).unwrap();
    let (few, many, other) = (make(3, 2, 1), make(10, 5, 1), make(3, 2, 2));
    assert_eq!(few.training(), &many.training()[..3 * BYTES]);
    assert_eq!(few.test(), &many.test()[..2 * BYTES]);
    assert_ne!(few.training()[..BYTES], few.test()[..BYTES]);
    assert_ne!(few.training()[..BYTES], few.training()[BYTES..2 * BYTES]);
    assert_ne!(few.training(), other.training());
}

#[test]
#[cfg_attr(not(has_shared_data), ignore = "needs ../shared/data")]
fn real_images_are_read() {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let cifar = ImageData::folder(&place.join("cifar10"), [None; 2]).unwrap();
    assert_eq!((cifar.training, cifar.test), (10_000, 2000));
    let kodak = ImageData::folder(&place.join("kodak"), [None; 2]).unwrap();
    // 24 × 16 tiles per picture; 3 of 24 pictures are for the test.
    assert_eq!((kodak.training, kodak.test), (21 * 384, 3 * 384));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damaged_files_never_panic(
        kind in 0..4usize, at in any::<prop::sample::Index>(), value in any::<u8>(), cut in any::<prop::sample::Index>(),
        noise in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let folder = Folder::cifar();
        let mut picture = tiled(1, 40, 40);
        let name = match kind {
            0 => "data_batch_9.bin",
            _ => {
                folder.put("p/train/a.png", &tiled(1, 40, 40));
                "p/test/a.png"
            }
        };
        match kind {
            0 => folder.change(name, |bytes| {
                let i = at.index(bytes.len());
                bytes[i] = value;
                bytes.truncate(cut.index(2 * bytes.len()));
            }),
            1 => {
                let i = at.index(picture.len());
                picture[i] ^= value;
                folder.put(name, &picture);
            }
            2 => {
                picture.truncate(cut.index(picture.len()));
                folder.put(name, &picture);
            }
            _ => {
                // After the signature and, sometimes, after the header.
                picture.truncate([0, 8, 33][cut.index(3)]);
                picture.extend(noise);
                folder.put(name, &picture);
            }
        }
        let place = if kind == 0 { folder.0.path().into() } else { folder.path("p") };
        if let Ok(data) = ImageData::folder(&place, [None; 2]) {
            Images::open(&data).unwrap();
        }
    }
}
