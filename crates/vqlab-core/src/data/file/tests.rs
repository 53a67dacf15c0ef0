//! Round trips, errors with their positions, and damaged files of every format.

use std::path::{Path, PathBuf};

use half::{bf16, f16};
use proptest::prelude::*;

use super::*;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

/// Rows of fvecs, bvecs or ivecs: the dimension, then the unchanged bytes of the numbers.
fn vecs(rows: &[&[u8]], size: usize) -> Vec<u8> {
    let row = |row: &&[u8]| [&((row.len() / size) as i32).to_le_bytes(), *row].concat();
    rows.iter().flat_map(row).collect()
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn npy(element: Element, rows: usize, columns: usize, numbers: &[u8]) -> Vec<u8> {
    [&super::npy::header(element, rows, columns), numbers].concat()
}

/// The numbers 1, 2, 3, … of this type.
fn counting(element: Element, n: usize) -> Vec<u8> {
    let number = |i: usize| match element {
        Element::U8 | Element::I8 => vec![i as u8],
        Element::U16 => (i as u16).to_le_bytes().to_vec(),
        Element::I32 => (i as i32).to_le_bytes().to_vec(),
        Element::U32 => (i as u32).to_le_bytes().to_vec(),
        Element::I64 => (i as i64).to_le_bytes().to_vec(),
        Element::U64 => (i as u64).to_le_bytes().to_vec(),
        Element::F16 => f16::from_f32(i as f32).to_le_bytes().to_vec(),
        Element::BF16 => bf16::from_f32(i as f32).to_le_bytes().to_vec(),
        Element::F32 => (i as f32).to_le_bytes().to_vec(),
        Element::F64 => (i as f64).to_le_bytes().to_vec(),
    };
    (1..=n).flat_map(number).collect()
}

fn all(path: &Path) -> Result<(usize, Vec<f32>), FileError> {
    let file = VectorFile::open(path)?;
    let mut values = vec![0.0; file.len() * file.dimension()];
    file.read(0, &mut values)?;
    Ok((file.dimension(), values))
}

fn message<T: std::fmt::Debug>(result: Result<T, FileError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn every_format_and_type_is_read() {
    let folder = Folder::new();
    let expected: Vec<f32> = (1..=6).map(|i| i as f32).collect();
    for element in Element::NPY {
        let path = folder.write("x.npy", &npy(element, 2, 3, &counting(element, 6)));
        assert_eq!(all(&path).unwrap(), (3, expected.clone()), "{element:?}");
        assert_eq!(VectorFile::open(&path).unwrap().element(), element);
    }
    for (name, element) in [("x.fvecs", Element::F32), ("x.BVECS", Element::U8), ("x.ivecs", Element::I32)] {
        let (numbers, half) = (counting(element, 6), 3 * element.size());
        let path = folder.write(name, &vecs(&[&numbers[..half], &numbers[half..]], element.size()));
        assert_eq!(all(&path).unwrap(), (3, expected.clone()), "{name}");
    }
    for (name, element) in BINS {
        let path = folder.write(name, &bin(2, 3, &counting(element, 6)));
        assert_eq!(all(&path).unwrap(), (3, expected.clone()), "{name}");
        assert_eq!(VectorFile::open(&path).unwrap().element(), element);
    }
    for (name, shape) in [("x.idx2-ubyte", &[2, 3][..]), ("T10K-images-idx3-ubyte", &[2, 3, 1]), ("l.idx1-ubyte", &[6])]
    {
        let bytes = idx(8, shape, &[1, 2, 3, 4, 5, 6]);
        let columns = 6 / shape[0] as usize;
        assert_eq!(all(&folder.write(name, &bytes)).unwrap(), (columns, expected.clone()), "{name}");
        let packed = folder.write(&format!("{name}.gz"), &gzip(&bytes));
        assert_eq!(all(&packed).unwrap(), (columns, expected.clone()), "{name}");
    }
}

const BINS: [(&str, Element); 4] =
    [("x.fbin", Element::F32), ("x.u8bin", Element::U8), ("x.i8bin", Element::I8), ("x.ibin", Element::I32)];

/// A file of the big-ann benchmarks.
fn bin(rows: u32, columns: u32, numbers: &[u8]) -> Vec<u8> {
    [&rows.to_le_bytes(), &columns.to_le_bytes(), numbers].concat()
}

/// An idx file.
fn idx(kind: u8, shape: &[u32], numbers: &[u8]) -> Vec<u8> {
    let shape: Vec<u8> = shape.iter().flat_map(|n| n.to_be_bytes()).collect();
    [&[0, 0, kind, (shape.len() / 4) as u8], &shape[..], numbers].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packer, bytes).unwrap();
    packer.finish().unwrap()
}

/// Bytes of NumPy 2.4.6 and ml_dtypes 0.6.0:
/// `x = np.array([[1, -2.5], [3.140625, 1e30]]); x.astype(t).tobytes().hex()` for `ml_dtypes.bfloat16`, and without the
/// last number for `np.float16`; `np.array(v.shape, "<u4").tofile(f); v.tofile(f)` for the big-ann files;
/// `np.save(f, np.array([[1, -2], [16777216, -16777215]]))`.
#[test]
fn files_of_numpy_are_read() {
    let folder = Folder::new();
    let bytes = |hex: &str| -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    };
    let tensor = |kind, shape: &[usize], hex: &str| {
        let bytes = bytes(hex);
        let view = safetensors::tensor::TensorView::new(kind, shape.to_vec(), &bytes).unwrap();
        safetensors::serialize([("x", view)], None).unwrap()
    };
    let big = 1.000_255_55e30;
    let npy = [
        &b"\x93NUMPY\x01\x00v\x00"[..],
        format!("{:117}\n", "{'descr': '<i8', 'fortran_order': False, 'shape': (2, 2), }").as_bytes(),
    ]
    .concat();
    let whole = bytes("0100000000000000feffffffffffffff0000000100000000010000ffffffffff");
    let cases: [(&str, Vec<u8>, &[f32]); 7] = [
        ("b.safetensors", tensor(safetensors::Dtype::BF16, &[2, 2], "803f20c049404a71"), &[1.0, -2.5, 3.140625, big]),
        ("h.safetensors", tensor(safetensors::Dtype::F16, &[1, 3], "003c00c14842"), &[1.0, -2.5, 3.140625]),
        ("x.fbin", bytes("02000000020000000000c03f000010c0000040406f12833b"), &[1.5, -2.25, 3.0, 4e-3]),
        ("x.u8bin", bytes("0200000003000000010203647ffb"), &[1.0, 2.0, 3.0, 100.0, 127.0, 251.0]),
        ("x.i8bin", bytes("0200000003000000010203647ffb"), &[1.0, 2.0, 3.0, 100.0, 127.0, -5.0]),
        (
            "x.ibin",
            bytes("0200000003000000010000000200000003000000640000007f000000fbffffff"),
            &[1.0, 2.0, 3.0, 100.0, 127.0, -5.0],
        ),
        ("x.npy", [npy, whole].concat(), &[1.0, -2.0, 16_777_216.0, -16_777_215.0]),
    ];
    for (name, file, expected) in cases {
        assert_eq!(all(&folder.write(name, &file)).unwrap().1, expected, "{name}");
    }
}

#[test]
fn whole_numbers_that_float32_cannot_hold_are_named() {
    let folder = Folder::new();
    let write = |numbers: &[i64]| {
        let bytes: Vec<u8> = numbers.iter().flat_map(|v| v.to_le_bytes()).collect();
        folder.write("x.npy", &npy(Element::I64, 2, numbers.len() / 2, &bytes))
    };
    let path = write(&[16_777_216, -16_777_216, 1 << 40, i64::MIN]);
    assert_eq!(all(&path).unwrap().1, [16_777_216.0, -16_777_216.0, (1i64 << 40) as f32, i64::MIN as f32]);
    for wrong in [16_777_217, -16_777_219, i64::MAX, (1 << 40) + 1] {
        let path = write(&[1, 2, 3, wrong]);
        let said = message(all(&path));
        let expected =
            format!("byte 152: row 1, column 1 (counted from 0) holds {wrong}; only whole numbers that float32");
        assert!(said.contains(&expected), "{said}");
        let said = message(read_npy(&path));
        assert!(said.contains(&format!("byte 152: number 3 (counted from 0) is {wrong}")), "{said}");
    }
    // Ground truth of big-ann with the distances behind it.
    let mut ids = [Id::NONE; 4];
    let numbers = [counting(Element::I32, 4), floats(&[0.5; 4])].concat();
    let truth = IdFile::open(&folder.write("truth.ibin", &bin(2, 2, &numbers))).unwrap();
    truth.read(0, &mut ids).unwrap();
    assert_eq!((truth.len(), truth.columns(), ids.map(Id::number)), (2, 2, [1, 2, 3, 4].map(Some)));
}

#[test]
fn what_is_written_is_read_again() {
    let folder = Folder::new();
    let values: Vec<f32> = (0..35).map(|i| (i as f32 - 17.0) / 3.0).collect();
    for name in ["x.npy", "x.fvecs"] {
        let mut writer = VectorWriter::create(Output::new(&folder.path(name)), 5).unwrap();
        values.chunks(15).for_each(|part| writer.write(part).unwrap());
        assert_eq!(writer.finish().unwrap(), 7);
        assert_eq!(all(&folder.path(name)).unwrap(), (5, values.clone()));
    }
    for (name, size, element) in [("small.npy", 256, Element::U8), ("large.npy", 257, Element::U16)] {
        let codes: Vec<u16> = (0..12).map(|i| (i * 21) as u16).collect();
        let mut writer = CodeWriter::create(Output::new(&folder.path(name)), 4, size).unwrap();
        assert_eq!(writer.bytes(), 4 * element.size());
        codes.chunks(4).for_each(|part| writer.write(part).unwrap());
        assert_eq!(writer.finish().unwrap(), 3);
        let file = CodeFile::open(&folder.path(name)).unwrap();
        let mut read = vec![0; 12];
        file.read(0, &mut read).unwrap();
        assert_eq!((file.len(), file.stages(), read), (3, 4, codes));
        assert_eq!(file.offset(2, 1), 128 + (9 * element.size()) as u64);
    }
    let ids = [5, -1, i32::MAX, 0, 3, 2];
    for name in ["x.ivecs", "ids.npy"] {
        let mut writer = IdWriter::create(Output::new(&folder.path(name)), 2).unwrap();
        writer.write(&ids).unwrap();
        assert_eq!(writer.finish().unwrap(), 3);
        let file = IdFile::open(&folder.path(name)).unwrap();
        let mut read = [Id::NONE; 6];
        file.read(0, &mut read).unwrap();
        let numbers = [Some(5), None, Some(i32::MAX as u64), Some(0), Some(3), Some(2)];
        assert_eq!((file.len(), file.columns(), read.map(Id::number)), (3, 2, numbers));
    }
    assert_eq!(folder.names().len(), 6, "temporary files stay behind");
}

/// An id equals itself and no other id; an entry without a neighbor equals nothing.
#[test]
fn ids_of_every_type_are_read() {
    let folder = Folder::new();
    let signed = |x: i64| x.to_le_bytes().to_vec();
    let unsigned = |x: u64| x.to_le_bytes().to_vec();
    type Case = (Element, Vec<Vec<u8>>, [Option<u64>; 4]);
    let cases: [Case; 4] = [
        (
            Element::I32,
            [-1, i32::MIN, 0, i32::MAX].map(|x| x.to_le_bytes().to_vec()).to_vec(),
            [None, None, Some(0), Some(i32::MAX as u64)],
        ),
        (
            Element::U32,
            [u32::MAX, u32::MAX - 1, 0, 7].map(|x| x.to_le_bytes().to_vec()).to_vec(),
            [None, Some(u64::from(u32::MAX) - 1), Some(0), Some(7)],
        ),
        (
            Element::I64,
            [-1, i64::MIN, (1 << 32) + 5, i64::MAX].map(signed).to_vec(),
            [None, None, Some((1 << 32) + 5), Some(i64::MAX as u64)],
        ),
        (
            Element::U64,
            [u64::MAX, u64::MAX - 1, 1 << 63, 5].map(unsigned).to_vec(),
            [None, Some(u64::MAX - 1), Some(1 << 63), Some(5)],
        ),
    ];
    for (element, bytes, expected) in cases {
        let path = folder.write("ids.npy", &npy(element, 2, 2, &bytes.concat()));
        let mut ids = [Id::NONE; 4];
        IdFile::open(&path).unwrap().read(0, &mut ids).unwrap();
        assert_eq!(ids.map(Id::number), expected, "{element:?}");
        for (i, a) in ids.iter().enumerate() {
            for (j, b) in ids.iter().enumerate() {
                assert_eq!(a == b, i == j && expected[i].is_some(), "{element:?}");
            }
        }
    }
}

#[test]
fn only_whole_rows_of_the_file_can_be_asked_for() {
    let folder = Folder::new();
    let file = VectorFile::open(&folder.write("x.npy", &npy(Element::U8, 2, 3, &[1; 6]))).unwrap();
    for (first, numbers) in [(0, 4), (0, 9), (2, 3), (usize::MAX, 3)] {
        let error = file.read(first, &mut vec![0.0; numbers]).unwrap_err();
        assert!(matches!(error, FileError::Rows { .. }), "{error}");
    }
    file.read(2, &mut []).unwrap();
    let mut writer = VectorWriter::create(Output::new(&folder.path("y.npy")), 3).unwrap();
    assert!(matches!(writer.write(&[0.0; 4]), Err(FileError::Rows { .. })));
}

#[test]
fn faults_of_files_are_named_with_their_place() {
    let folder = Folder::new();
    let row = floats(&[1.0, 2.0]);
    let good = vecs(&[&row, &row, &row], 4);
    let shifted = vecs(&[&row, &row[..4], &row, &row], 4);
    let twisted = vecs(&[&row, &row[..4], &floats(&[1.0; 3])], 4);
    let packed = gzip(&idx(8, &[2, 3], &[7; 6]));
    let cases: [(&str, Vec<u8>, &str); 28] = [
        ("empty.fvecs", vec![], "byte 0: the file is empty"),
        ("short.fvecs", vec![1, 0], "byte 0: the file has 2 bytes"),
        ("torn.fvecs", good[..32].to_vec(), "byte 24: row 2 is cut off: 8 of 12 bytes"),
        ("first.fvecs", vec![200, 0, 0, 0, 1], "byte 0: row 0 is cut off: 5 of 804 bytes"),
        ("shifted.fvecs", shifted, "byte 12: row 1 has dimension 1, the rows before it have 2"),
        ("twisted.fvecs", twisted, "byte 12: row 1 has dimension 1"),
        ("zero.fvecs", vec![0; 16], "byte 0: the first row has dimension 0; allowed are 1 to 1000000"),
        ("minus.bvecs", vec![255; 16], "byte 0: the first row has dimension -1"),
        ("huge.ivecs", vec![0x7f; 16], "byte 0: the first row has dimension 2139062143"),
        ("torn.npy", npy(Element::F32, 2, 2, &row), "byte 128: 2 × 2 float32 need 16 bytes, 8 are left"),
        ("long.npy", npy(Element::U8, 1, 1, &row), "byte 128: 1 × 1 uint8 need 1 bytes, 8 are left"),
        ("mad.npy", npy(Element::F64, usize::MAX, 1000, &row), "more bytes than can be counted"),
        ("short.fbin", vec![1; 7], "byte 0: the file has 7 bytes, the header alone needs 8"),
        ("torn.fbin", bin(2, 2, &row), "byte 8: the header says 2 × 2 float32, which need 16 bytes, but 8 follow"),
        ("long.u8bin", bin(1, 1, &row), "which need 1 bytes, but 8 follow"),
        (
            "none.i8bin",
            bin(0, 3, &row),
            "byte 0: the header says 0 rows × 3 columns of int8; allowed are at least 1 row",
        ),
        ("flat.ibin", bin(3, 0, &row), "3 rows × 0 columns of int32"),
        (
            "wide.fbin",
            bin(1, 1_000_001, &row),
            "1 rows × 1000001 columns of float32; allowed are at least 1 row and 1 to 1000000",
        ),
        ("mad.fbin", bin(u32::MAX, 1_000_000, &row), "which need 17179869180000000 bytes, but 8 follow"),
        ("a.idx3-ubyte", vec![0, 0, 8], "byte 0: the file has 3 bytes"),
        ("b.idx3-ubyte", idx(13, &[1, 1], &row), "byte 2: its numbers have the type 0x0d; allowed are bytes"),
        ("c.idx3-ubyte", vec![0, 0, 8, 3, 0, 0, 0, 1], "byte 3: the header names 3 dimensions"),
        ("d.idx3-ubyte", idx(8, &[], &row), "byte 3: it has no dimensions"),
        ("e.idx3-ubyte", idx(8, &[u32::MAX; 4], &row), "is too large"),
        ("f.idx3-ubyte", idx(8, &[3, 3], &row), "byte 12: the header says 3 × 3 bytes, but 8 follow"),
        ("g.idx3-ubyte", b"\x89PNG\r\n".to_vec(), "byte 0: this is not an idx file"),
        ("h.idx3-ubyte.gz", packed[..packed.len() - 9].to_vec(), "byte 0: it can't be unpacked"),
        ("i.idx3-ubyte.gz", gzip(&idx(8, &[2, 3], &[0; 100_000])), "the header says 2 × 3 bytes, but 1012 follow"),
    ];
    for (name, bytes, part) in cases {
        let said = message(all(&folder.write(name, &bytes)));
        assert!(said.contains(name) && said.contains(part), "{name}: {said}");
    }
    let said = message(VectorFile::open(&folder.path("x.doc")));
    assert!(
        said.contains(
            "the file ending .doc; allowed here: .npy, .fvecs, .bvecs, .ivecs, .fbin, .u8bin, .i8bin, .ibin, .idx3-ubyte, .csv, \
             .safetensors"
        ),
        "{said}"
    );
    assert!(message(VectorFile::open(&folder.path("x"))).contains("no file ending"));
    assert!(message(VectorFile::open(&folder.path("none.npy"))).contains("cannot read"));
    std::fs::create_dir(folder.path("folder.npy")).unwrap();
    assert!(message(VectorFile::open(&folder.path("folder.npy"))).contains("not a regular file"));
    let said = message(CodeFile::open(&folder.write("f.npy", &npy(Element::F32, 1, 2, &row))));
    assert!(said.contains("float32, allowed here: uint8, uint16"), "{said}");
    assert!(message(IdFile::open(&folder.write("g.npy", &npy(Element::U8, 1, 2, &[0, 1])))).contains("int32"));
}

#[test]
fn numbers_that_are_not_finite_are_named_by_row_and_column() {
    let folder = Folder::new();
    let mut values = vec![0.0; 12];
    values[7] = f32::NAN;
    let path = folder.write("x.npy", &npy(Element::F32, 4, 3, &floats(&values)));
    assert!(message(all(&path)).contains("byte 156: row 2, column 1 (counted from 0) holds NaN"));
    let mut first = [0.0; 6];
    VectorFile::open(&path).unwrap().read(0, &mut first).unwrap();

    let row = floats(&[1.0, f32::NEG_INFINITY]);
    let said = message(all(&folder.write("x.fvecs", &vecs(&[&floats(&[1.0, 2.0]), &row], 4))));
    assert!(said.contains("byte 20: row 1, column 1 (counted from 0) holds -inf"), "{said}");
    let double: Vec<u8> = [1.0, 1e300f64].iter().flat_map(|v| v.to_le_bytes()).collect();
    let said = message(all(&folder.write("d.npy", &npy(Element::F64, 1, 2, &double))));
    assert!(said.contains("row 0, column 1") && said.contains("holds 1e300; ") && said.contains("float32"), "{said}");
    let half = f16::INFINITY.to_le_bytes();
    assert!(message(all(&folder.write("h.npy", &npy(Element::F16, 1, 1, &half)))).contains("holds inf"));

    for (name, offset) in [("out.npy", 128 + 4 * 5), ("out.fvecs", 3 * 4 + 4 * 5)] {
        let mut writer = VectorWriter::create(Output::new(&folder.path(name)), 2).unwrap();
        writer.write(&[0.0; 2]).unwrap();
        let said = message(writer.write(&[0.0, 1.0, 2.0, f32::INFINITY]));
        assert!(said.contains(&format!("byte {offset}: row 2, column 1")), "{said}");
    }
}

#[test]
fn outputs_replace_nothing_unasked_and_never_an_input() {
    let folder = Folder::new();
    let path = folder.write("x.npy", b"old");
    let create = |output| VectorWriter::create(output, 1).map(drop);
    assert!(message(create(Output::new(&path))).contains("--force"));
    assert!(message(create(Output::new(&path).force(true).made_from(&[&path]))).contains("input"));
    let missing = folder.path("none/x.npy");
    assert!(message(create(Output::new(&missing))).ends_with("none does not exist; make it first"));
    std::fs::create_dir(folder.path("folder.npy")).unwrap();
    assert!(
        message(create(Output::new(&folder.path("folder.npy")).force(true))).contains("it is a folder; name a file")
    );
    for stream in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let said = message(create(Output::new(Path::new(stream)).force(true)));
        assert!(said.starts_with(stream) && said.contains("nothing is written to stdout"), "{said}");
    }
    assert!(message(create(Output::new(Path::new("/dev/null")).force(true))).contains("not a regular file"));
    assert!(message(create(Output::new(&folder.path("x.bvecs")))).contains("allowed here: .npy, .fvecs"));

    // A writer that is dropped leaves what was there, and nothing else.
    let mut writer = VectorWriter::create(Output::new(&path).force(true), 1).unwrap();
    writer.write(&[1.0]).unwrap();
    drop(writer);
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    assert_eq!(folder.names(), ["folder.npy", "x.npy"]);

    // A target that appears meanwhile stays.
    let late = folder.path("late.npy");
    let writer = VectorWriter::create(Output::new(&late), 1).unwrap();
    std::fs::write(&late, b"theirs").unwrap();
    assert!(matches!(writer.finish(), Err(FileError::Exists { .. })));
    assert_eq!(std::fs::read(&late).unwrap(), b"theirs");
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_those_that_lead_nowhere_are_refused_first() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new();
    let create = |output| VectorWriter::create(output, 1);
    symlink("gone.npy", folder.path("dangling.npy")).unwrap();
    for force in [false, true] {
        let said = message(create(Output::new(&folder.path("dangling.npy")).force(force)));
        assert!(said.contains("dangling.npy: it is a symbolic link to gone.npy, which does not exist"), "{said}");
    }
    folder.write("x.npy", b"old");
    symlink("x.npy", folder.path("link.npy")).unwrap();
    assert!(message(create(Output::new(&folder.path("link.npy")))).contains("--force"));
    let input = folder.path("x.npy");
    assert!(message(create(Output::new(&folder.path("link.npy")).force(true).made_from(&[&input]))).contains("input"));
    let mut writer = create(Output::new(&folder.path("link.npy")).force(true)).unwrap();
    writer.write(&[4.0]).unwrap();
    assert_eq!(std::fs::read(folder.path("x.npy")).unwrap(), b"old");
    writer.finish().unwrap();
    assert!(folder.path("link.npy").is_symlink());
    assert_eq!(all(&folder.path("x.npy")).unwrap(), (1, vec![4.0]));
    assert_eq!(folder.names(), ["dangling.npy", "link.npy", "x.npy"]);
}

#[cfg(unix)]
#[test]
fn outputs_can_be_read_by_others_as_far_as_the_umask_lets_them() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    std::fs::write(folder.path("plain"), b"").unwrap();
    let writer = CodeWriter::create(Output::new(&folder.path("x.npy")), 1, 2).unwrap();
    writer.finish().unwrap();
    let mode = |name| folder.path(name).metadata().unwrap().permissions().mode();
    assert_eq!(mode("x.npy"), mode("plain"));
}

/// A valid file of every format and type, by number.
fn valid(number: usize) -> (&'static str, Vec<u8>) {
    let rows = |element: Element| {
        let numbers = counting(element, 24);
        let rows: Vec<&[u8]> = numbers.chunks(8 * element.size()).collect();
        vecs(&rows, element.size())
    };
    match number {
        0 => ("x.fvecs", rows(Element::F32)),
        1 => ("x.bvecs", rows(Element::U8)),
        2 => ("x.ivecs", rows(Element::I32)),
        n @ 3..=6 => (BINS[n - 3].0, bin(3, 8, &counting(BINS[n - 3].1, 24))),
        7 => ("x.idx3-ubyte", idx(8, &[3, 4, 2], &counting(Element::U8, 24))),
        8 => ("x.idx3-ubyte.gz", gzip(&idx(9, &[3, 8], &counting(Element::I8, 24)))),
        n => {
            let element = Element::NPY[n % Element::NPY.len()];
            ("x.npy", npy(element, 3, 8, &counting(element, 24)))
        }
    }
}

#[derive(Clone, Debug)]
enum Damage {
    Set(prop::sample::Index, u8),
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index),
    /// Replaces a part of the text of npy headers.
    Replace(prop::sample::Index, &'static str),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = || any::<prop::sample::Index>();
    let words = ["(", "9999999999", "True", "'", "-1", ",", "}", "{", "0", "\u{fc}", "'<f8'", "1000000"];
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(i, b)| Damage::Set(i, b)),
        (at(), 0u8..8).prop_map(|(i, b)| Damage::Flip(i, b)),
        at().prop_map(Damage::Cut),
        (at(), prop::collection::vec(any::<u8>(), 1..40)).prop_map(|(i, b)| Damage::Insert(i, b)),
        at().prop_map(Damage::Remove),
        (at(), prop::sample::select(words.to_vec())).prop_map(|(i, w)| Damage::Replace(i, w)),
    ]
}

fn damaged(mut bytes: Vec<u8>, damages: &[Damage]) -> Vec<u8> {
    for damage in damages {
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        match damage {
            Damage::Set(i, byte) => bytes[i.index(length)] = *byte,
            Damage::Flip(i, bit) => bytes[i.index(length)] ^= 1 << bit,
            Damage::Cut(i) => bytes.truncate(i.index(length)),
            Damage::Insert(i, more) => drop(bytes.splice(i.index(length)..i.index(length), more.iter().copied())),
            Damage::Remove(i) => drop(bytes.remove(i.index(length))),
            Damage::Replace(i, word) => {
                let at = i.index(length.min(80));
                bytes.splice(at..(at + word.len()).min(length), word.bytes());
            }
        }
    }
    bytes
}

/// 64-bit floats and wide integers may differ by less than float32 resolves.
#[test]
fn differences_that_rounding_loses_are_refused() {
    let folder = Folder::new();
    let file = |offset: f64| {
        let values = (0..40).map(|i| offset + f64::from(i % 7) * 1.5);
        let bytes: Vec<u8> = values.flat_map(f64::to_le_bytes).collect();
        let head = "{'descr': '<f8', 'fortran_order': False, 'shape': (10, 4), }";
        let head = format!("{head:117}\n");
        let magic = [b"\x93NUMPY\x01\x00".as_slice(), &(head.len() as u16).to_le_bytes(), head.as_bytes(), &bytes];
        VectorFile::open(&folder.write("x.npy", &magic.concat()))
    };
    for offset in [0.0, 1e5, -1e6] {
        assert!(file(offset).is_ok(), "{offset}");
    }
    for offset in [1e9, -1e12] {
        let error = file(offset).unwrap_err().to_string();
        assert!(
            error.contains("float32 rounds these float64 values") && error.contains("array.mean(axis=0)"),
            "{error}"
        );
    }
    // The same numbers as text.
    let text = |offset: f64, rows: usize| {
        let row = |i: usize| format!("{},{}\n", offset + (i % 7) as f64 * 1.5, offset + (i % 5) as f64 * 0.25);
        VectorFile::open(&folder.write("x.csv", (0..rows).map(row).collect::<String>().as_bytes()))
    };
    assert!(text(1e5, 40).is_ok());
    let error = text(1e9, 40).unwrap_err().to_string();
    assert!(error.contains("float32 rounds these decimal values"), "{error}");
    // A single row has no differences.
    assert!(text(1e9, 1).is_ok());
    let bytes: Vec<u8> = [0.1f64, 0.2, 0.3].into_iter().chain([0.1, 0.2, 0.3]).flat_map(f64::to_le_bytes).collect();
    for rows in [1, 2] {
        let head = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, 3), }}");
        let head = format!("{head:117}\n");
        let magic = [b"\x93NUMPY\x01\x00".as_slice(), &(head.len() as u16).to_le_bytes(), head.as_bytes()].concat();
        let whole = [&magic[..], &bytes[..24 * rows]].concat();
        assert!(VectorFile::open(&folder.write("one.npy", &whole)).is_ok(), "{rows} equal rows");
    }
}

/// `DataFrame.to_csv(index=False)` names columns without names by their numbers.
#[test]
fn a_header_line_of_pandas_is_no_vector() {
    let folder = Folder::new();
    let file = VectorFile::open(&folder.write("pd.csv", b"0,1,2,3\n.5,.5,.5,.5\n1,2,3,4\n")).unwrap();
    assert_eq!((file.len(), file.dimension()), (2, 4));
    assert!(file.note().unwrap().contains("counts the columns from 0"));
    // Data that begin so by chance: with two columns, or with points.
    for text in ["0,1\n2,3\n", "0.0,1.0,2.0\n1,2,3\n", "0 1 2\n3 4 5\n"] {
        assert_eq!(VectorFile::open(&folder.write("x.csv", text.as_bytes())).unwrap().len(), 2, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Readers of damaged files neither panic nor report more numbers than the file has space for, so that the file's
    /// size limits a caller's buffer.
    #[test]
    fn damaged_files_are_read_or_refused(
        number in 0usize..17, damages in prop::collection::vec(damage(), 0..5)
    ) {
        let folder = Folder::new();
        let (name, bytes) = valid(number);
        let bytes = damaged(bytes, &damages);
        let path = folder.write(name, &bytes);
        if let Ok(file) = VectorFile::open(&path) {
            prop_assert!(file.len() >= 1 && (1..=MAX_DIMENSION).contains(&file.dimension()));
            // A compressed file may hold more than its own bytes.
            let room = if name.ends_with(".gz") { 1032 * bytes.len() } else { bytes.len() };
            prop_assert!(file.len() * file.dimension() * file.element().size() <= room);
            let mut row = vec![0.0; file.dimension()];
            let by_row: Vec<bool> = (0..file.len()).map(|i| file.read(i, &mut row).is_ok()).collect();
            let mut whole = vec![0.0; file.len() * file.dimension()];
            let read = file.read(0, &mut whole);
            prop_assert_eq!(read.is_ok(), by_row.iter().all(|ok| *ok));
            prop_assert!(read.is_err() || whole.iter().all(|v| v.is_finite()));
        }
        if let Ok(file) = CodeFile::open(&path) {
            prop_assert!(file.len() * file.stages() <= bytes.len());
            file.read(0, &mut vec![0; file.len() * file.stages()]).unwrap();
        }
        if let Ok(file) = IdFile::open(&path) {
            prop_assert!(4 * file.len() * file.columns() <= bytes.len());
            let _ = file.read(0, &mut vec![Id::NONE; file.len() * file.columns()]);
        }
    }

    #[test]
    fn arbitrary_bytes_are_read_or_refused(
        number in 0usize..10, head in any::<bool>(), tail in prop::collection::vec(any::<u8>(), 0..300)
    ) {
        let folder = Folder::new();
        let (name, valid) = valid(number);
        let bytes = if head { [&valid[..8], &tail].concat() } else { tail };
        let _ = all(&folder.write(name, &bytes));
    }
}
