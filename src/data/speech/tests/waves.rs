//! WAV files as other programs write them, and FLAC files with tags around them, compared with libsndfile's samples.

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::flac::flac;
use super::*;

/// A chunk with its padding.
fn chunk(name: &str, content: &[u8], is_big: bool) -> Vec<u8> {
    let length = content.len() as u32;
    let length = if is_big { length.to_be_bytes() } else { length.to_le_bytes() };
    [name.as_bytes(), &length, content, &[0][..content.len() % 2]].concat()
}

/// A fmt chunk for 16 kHz: format tag, channels, bytes per frame, bits, and further bytes.
fn format([tag, channels, align, bits]: [u16; 4], more: &[u8], is_big: bool) -> Vec<u8> {
    let two = |v: u16| if is_big { v.to_be_bytes() } else { v.to_le_bytes() };
    let four = |v: u32| if is_big { v.to_be_bytes() } else { v.to_le_bytes() };
    let rates = [four(16_000), four(16_000 * u32::from(align))].concat();
    chunk("fmt ", &[&two(tag), &two(channels), &rates[..], &two(align), &two(bits), more].concat(), is_big)
}

/// The further bytes of an extensible one: the number of valid bits, then the kind.
fn extension(valid: u16, tag: u16) -> Vec<u8> {
    let guid = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
    [&22_u16.to_le_bytes(), &valid.to_le_bytes(), &4_u32.to_le_bytes()[..], &tag.to_le_bytes(), &guid].concat()
}

fn file(name: &str, chunks: &[Vec<u8>]) -> Vec<u8> {
    let content = [b"WAVE".to_vec(), chunks.concat()].concat();
    chunk(name, &content, name == "RIFX")
}

/// Values of `width` bytes, shifted up by `shift` bits.
fn values(values: &[i32], width: usize, shift: u32, is_big: bool) -> Vec<u8> {
    let bytes = |v: &i32| {
        let v = v << shift;
        if is_big { v.to_be_bytes()[4 - width..].to_vec() } else { v.to_le_bytes()[..width].to_vec() }
    };
    values.iter().flat_map(bytes).collect()
}

/// A plain or extensible file of integers with `bits` bits per value, of which `valid` are valid.
fn integers(samples: &[i32], bits: u16, valid: u16) -> Vec<u8> {
    let width = bits.div_ceil(8);
    let head = match valid == bits || !bits.is_multiple_of(8) {
        true => format([1, 1, width, bits], &[], false),
        false => format([0xfffe, 1, width, bits], &extension(valid, 1), false),
    };
    let data = values(samples, width.into(), u32::from(8 * width - valid), false);
    file("RIFF", &[head, chunk("data", &data, false)])
}

const V12: [i32; 8] = [0, 1, -1, 1024, -1024, 2047, -2048, 0x123];
const V16: [i32; 8] = [0, 1, -1, 16_384, -16_384, 32_767, -32_768, 0x1234];
const V20: [i32; 8] = [0, 1, -1, 0x4_0000, -0x4_0000, 0x7_ffff, -0x8_0000, 0x1_2345];
const V24: [i32; 8] = [0, 1, -1, 0x40_0000, -0x40_0000, 0x7f_ffff, -0x80_0000, 0x12_3456];

// Samples that libsndfile 1.2.2 reads from the files below, by `soundfile.read(name, dtype="int32")[0].tolist()` (PyPI
// soundfile 0.14.0).
const S12: [i32; 8] =
    [0, 1_048_576, -1_048_576, 1_073_741_824, -1_073_741_824, 2_146_435_072, -2_147_483_648, 305_135_616];
const S16: [i32; 8] = [0, 65_536, -65_536, 1_073_741_824, -1_073_741_824, 2_147_418_112, -2_147_483_648, 305_397_760];
const S20: [i32; 8] = [0, 4096, -4096, 1_073_741_824, -1_073_741_824, 2_147_479_552, -2_147_483_648, 305_418_240];
const S24: [i32; 8] = [0, 256, -256, 1_073_741_824, -1_073_741_824, 2_147_483_392, -2_147_483_648, 305_419_776];

fn pcm16(chunks: [Vec<u8>; 2]) -> Vec<u8> {
    let [before, more] = chunks;
    let data = chunk("data", &values(&V16, 2, 0, false), false);
    file("RIFF", &[before, format([1, 1, 2, 16], &more, false), data])
}

/// A file whose data chunk claims this length, as programs write it to a pipe.
fn piped(length: u32, head: Vec<u8>, data: &[u8]) -> Vec<u8> {
    let mut bytes = file("RIFF", &[head, chunk("LIST", b"INFO", false), chunk("data", &[], false)]);
    let at = bytes.len() - 4;
    bytes[at..].copy_from_slice(&length.to_le_bytes());
    bytes[4..8].copy_from_slice(&length.saturating_add(36).to_le_bytes());
    [&bytes[..], data].concat()
}

fn rf64(name: &str, length: u64) -> Vec<u8> {
    let sizes = [&[0; 8], &length.to_le_bytes(), &8_u64.to_le_bytes(), &[0; 4][..]].concat();
    let mut data = chunk("data", &values(&V16, 2, 0, false), false);
    data[4..8].fill(0xff);
    let more = chunk("LIST", b"INFOabcd", false);
    let mut bytes = file(name, &[chunk("ds64", &sizes, false), format([1, 1, 2, 16], &[], false), data, more]);
    bytes[4..8].fill(0xff);
    bytes
}

/// 16 bits per value, of which the header calls `valid` bits valid.
fn extensible(valid: u16) -> Vec<u8> {
    let head = format([0xfffe, 1, 2, 16], &extension(valid, 1), false);
    file("RIFF", &[head, chunk("data", &values(&V16, 2, 0, false), false)])
}

fn rifx(samples: &[i32], width: u16) -> Vec<u8> {
    let data = values(samples, width.into(), 0, true);
    file("RIFX", &[format([1, 1, width, 8 * width], &[], true), chunk("data", &data, true)])
}

#[test]
fn integers_of_any_container_are_those_of_libsndfile() {
    let plain = || format([1, 1, 2, 16], &[], false);
    let with_byte = |chunk: Vec<u8>| [&chunk[..chunk.len() - 1], &[0x55]].concat();
    let cases: Vec<(&str, Vec<u8>, [i32; 8])> = vec![
        ("24 bits", integers(&V24, 24, 24), S24),
        ("24 in 32", integers(&V24, 32, 24), S24),
        ("20 in 32", integers(&V20, 32, 20), S20),
        ("16 in 32", integers(&V16, 32, 16), S16),
        ("20 in 24", integers(&V20, 24, 20), S20),
        ("12 in 16", integers(&V12, 16, 12), S12),
        ("20 in 24, plain", integers(&V20, 20, 20), S20),
        ("12 in 16, plain", integers(&V12, 12, 12), S12),
        ("no valid bits stated", extensible(0), S16),
        ("bits beyond the valid ones", extensible(12), S16),
        ("odd chunk before", pcm16([chunk("LIST", b"abc", false), vec![]]), S16),
        ("padding other than 0", pcm16([with_byte(chunk("abcd", b"abc", false)), vec![]]), S16),
        ("fmt of 18 bytes", pcm16([vec![], vec![0; 2]]), S16),
        ("fmt of 20 bytes", pcm16([vec![], vec![2, 0, 0, 0]]), S16),
        ("fmt of 19 bytes", pcm16([vec![], vec![0; 3]]), S16),
        ("pipe of ffmpeg", piped(0xffff_ffff, plain(), &values(&V16, 2, 0, false)), S16),
        ("pipe of sox", piped(0x7fff_f000, plain(), &values(&V16, 2, 0, false)), S16),
        ("pipe of arecord", piped(0x8000_0000, plain(), &values(&V16, 2, 0, false)), S16),
        ("RF64", rf64("RF64", 16), S16),
        ("BW64 (libsndfile 1.2.2 does not know it)", rf64("BW64", 16), S16),
        ("RIFX of 16 bits", rifx(&V16, 2), S16),
        ("RIFX of 24 bits", rifx(&V24, 3), S24),
    ];
    for (what, bytes, expected) in cases {
        let expected = expected.map(|v| (f64::from(v) / 2_147_483_648.0) as f32);
        assert_eq!(decode(&bytes).unwrap_or_else(|error| panic!("{what}: {error}")), expected, "{what}");
    }
}

#[test]
fn odd_numbers_of_bytes_in_a_pipe_are_padded_or_not() {
    let head = || format([1, 1, 3, 24], &[], false);
    let data = values(&V24[..3], 3, 0, false);
    let expected = [0.0, 1.0, -1.0].map(|v| v / 8_388_608.0);
    assert_eq!(decode(&piped(0x7fff_f000, head(), &data)).unwrap(), expected);
    assert_eq!(decode(&piped(0x7fff_f000, head(), &[&data[..], &[0]].concat())).unwrap(), expected);
    for more in [&[1][..], &[0, 0]] {
        let error = decode(&piped(0xffff_ffff, head(), &[&data[..], more].concat())).unwrap_err();
        assert!(error.contains("it ends too early, within a frame"), "{error}");
    }
}

#[test]
fn floats_and_logarithmic_values_are_those_of_libsndfile() {
    let floats = [0.0, 0.25, -0.25, 0.5, -1.0, 1.0, 1e-5, -0.123_456_789];
    let expected = floats.map(|v: f64| v as f32);
    let little: Vec<u8> = floats.iter().flat_map(|v| v.to_le_bytes()).collect();
    let big: Vec<u8> = floats.iter().flat_map(|v| v.to_be_bytes()).collect();
    let single: Vec<u8> = floats.iter().flat_map(|v| (*v as f32).to_be_bytes()).collect();
    let plain = format([3, 1, 8, 64], &[], false);
    let extensible = format([0xfffe, 1, 8, 64], &extension(64, 3), false);
    for bytes in [
        file("RIFF", &[plain, chunk("data", &little, false)]),
        file("RIFF", &[extensible, chunk("data", &little, false)]),
        file("RIFX", &[format([3, 1, 8, 64], &[], true), chunk("data", &big, true)]),
        file("RIFX", &[format([3, 1, 4, 32], &[], true), chunk("data", &single, true)]),
    ] {
        assert_eq!(decode(&bytes).unwrap(), expected);
    }
    // All 256 codes: SHA-256 of soundfile.read(name, dtype="int16")[0].astype("<i2").tobytes(), and the values at these places.
    const PLACES: [usize; 9] = [0, 1, 42, 85, 127, 128, 170, 213, 255];
    for (tag, sum, some) in [
        (
            6,
            "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174",
            [-5504, -5248, -32_256, -8, -848, 5504, 32_256, 8, 848],
        ),
        (
            7,
            "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827",
            [-32_124, -31_100, -5372, -716, 0, 32_124, 5372, 716, 0],
        ),
    ] {
        let codes: Vec<u8> = (0..=255).collect();
        for head in [format([tag, 1, 1, 8], &[0; 2], false), format([0xfffe, 1, 1, 8], &extension(8, tag), false)] {
            let found = decode(&file("RIFF", &[head, chunk("data", &codes, false)])).unwrap();
            let found: Vec<i16> = found.iter().map(|v| (v * 32_768.0) as i16).collect();
            assert_eq!(PLACES.map(|at| found[at]), some, "format tag {tag}");
            let bytes: Vec<u8> = found.iter().flat_map(|v| v.to_le_bytes()).collect();
            assert_eq!(crate::data::folder::hex(&Sha256::digest(bytes)), sum, "format tag {tag}");
        }
    }
}

#[test]
fn headers_that_can_be_read_two_ways_are_refused() {
    let data = chunk("data", &values(&V24, 4, 8, false), false);
    let with = |head: Vec<u8>| file("RIFF", &[head, data.clone()]);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("4 bytes a frame, but 1 channels of 24 bits", with(format([1, 1, 4, 24], &[], false))),
        ("4 bytes a frame, but 1 channels of 24 bits", with(format([0xfffe, 1, 4, 24], &extension(24, 1), false))),
        ("33 of 32 bits are valid", with(format([0xfffe, 1, 4, 32], &extension(33, 1), false))),
        ("its fmt chunk has 18 bytes, required: 40", with(format([0xfffe, 1, 4, 32], &[0; 2], false))),
        ("a sub-format of WAV", with(format([0xfffe, 1, 4, 32], &[&extension(24, 1)[..23], &[7]].concat(), false))),
        ("Microsoft ADPCM (format tag 0x0002)", with(format([2, 1, 4, 4], &[], false))),
        ("a kind of WAV (format tag 0x1234)", with(format([0x1234, 1, 4, 32], &[], false))),
        ("values of 64 bits (format tag 0x0001)", with(format([1, 1, 8, 64], &[], false))),
        ("it has no channels", with(format([1, 0, 0, 16], &[], false))),
        ("no fmt chunk before its data chunk", file("RIFF", &[data.clone(), format([1, 1, 4, 32], &[], false)])),
        ("without a data chunk", file("RIFF", &[format([1, 1, 4, 32], &[], false)])),
        ("has 32 bytes, but a frame has 6", with(format([1, 2, 6, 24], &[], false))),
        ("chunk \"data\" has 17 bytes by its header, but 16 follow", {
            let bytes = rf64("RF64", 17);
            bytes[..bytes.len() - 16].to_vec()
        }),
        ("chunk \"data\" has 10000000000 bytes by its header", rf64("RF64", 10_000_000_000)),
    ];
    for (message, bytes) in cases {
        let error = decode(&bytes).unwrap_err();
        assert!(error.contains(message), "{message}: {error}");
    }
}

/// 64 stereo samples by `flac -8` 1.4.2 (STREAMINFO and one frame, with linear prediction and a difference of
/// channels). The numbers are from soundfile.read(name, dtype="int16").
const FLAC: &str = "664c6143800000221000100000006f00006f03e802f0000000403951ca2f7de8744c9840bfaa44c8a02cfff86588003f431800000\
    2e6059e07fd00d073071028e294eafa3d26892cf2496c6f28a20e1450c6199d8ff24b344965bc98dc610e1020c14e310280000000a809341dce1fde88\
    a4dc58470e5f84b243766138a0fdf44f446fe666b7ecf6495f44378613871bf13df09e7cdc00c2d6";

#[test]
fn flac_files_are_read_with_unknown_block_sizes_and_tags_around() {
    let byte = |at: usize| u8::from_str_radix(&FLAC[at..at + 2], 16).unwrap();
    let whole: Vec<u8> = (0..FLAC.len()).step_by(2).map(byte).collect();
    let set = |at: usize, values: &[u8]| {
        let mut bytes = whole.clone();
        bytes[at..at + values.len()].copy_from_slice(values);
        bytes
    };
    let front = [b"ID3\x03\0\0\0\0\x01\x05".to_vec(), vec![0; 133]].concat();
    let tag = [b"TAGtitle".to_vec(), vec![0; 120]].concat();
    let ape = [b"APETAGEX\xd0\x07\0\0\x20".to_vec(), vec![0; 19]].concat();
    // The number of samples is unknown: 36 bits before the checksum.
    let mut unknown = whole.clone();
    unknown[21] &= 0xf0;
    unknown[22..26].fill(0);
    for (what, bytes) in [
        ("as it is", whole.clone()),
        ("smallest block of 0", set(8, &[0, 0])),
        ("no block sizes", set(8, &[0; 4])),
        ("no frame sizes", set(12, &[0; 6])),
        ("no checksum", set(26, &[0; 16])),
        ("ID3v1", [&whole[..], &tag].concat()),
        ("APE and ID3v1", [&whole[..], &ape, &tag].concat()),
        ("ID3v2", [&front[..], &whole].concat()),
        ("both", [&front[..], &whole, &tag].concat()),
        ("zeros behind", [&whole[..], &[0; 99]].concat()),
        ("unknown length", unknown.clone()),
        ("unknown length, ID3v1", [&unknown[..], &tag].concat()),
    ] {
        let found = decode(&bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
        let steps: Vec<f32> = found.iter().map(|v| v * 32_768.0).collect();
        assert_eq!((steps.len(), &steps[..4]), (64, &[0.0, 731.5, 1418.0, 2011.5][..]), "{what}");
        assert_eq!(steps.iter().sum::<f32>(), (23_798.0 + 23_327.0) / 2.0, "{what}");
    }
    for (message, bytes) in [
        ("it begins with an ID3 tag and no FLAC file follows", front.clone()),
        ("it begins with an ID3 tag and no FLAC file follows", b"ID3\x03\0\0\x7f\x7f\x7f\x7ffLaC".to_vec()),
        ("not a complete FLAC file", [&unknown[..], &[0; 99]].concat()),
        ("its samples have 32 bits; supported are FLAC files of up to 24", set(20, &[0x03, 0xf0])),
    ] {
        let error = decode(&bytes).unwrap_err();
        assert!(error.contains(message), "{message}: {error}");
    }
}

#[test]
fn rates_below_16_khz_are_told_and_refused_for_measures_of_wideband_speech() {
    let folder = Folder::new();
    let mut bytes = second("narrow");
    bytes[24..28].copy_from_slice(&8000_u32.to_le_bytes());
    folder.put("narrow.wav", &bytes);
    let audio = Audio::read(&folder.path("narrow.wav")).unwrap();
    assert_eq!((audio.rate, audio.samples.len()), (8000, 32_000));
    let error = Audio::read_wideband(&folder.path("narrow.wav")).unwrap_err().to_string();
    assert!(error.contains("narrow.wav: its rate is 8000 Hz") && error.contains("nothing above 4000 Hz"), "{error}");
    for rate in [16_000_u32, 44_100] {
        bytes[24..28].copy_from_slice(&rate.to_le_bytes());
        folder.put("wide.wav", &bytes);
        assert!(Audio::read_wideband(&folder.path("wide.wav")).is_ok(), "{rate} Hz");
    }
    // A set of speech is judged by these metrics, too.
    let set = Folder::new();
    set.put("test/1-1-1.wav", &second("1"));
    set.put("train/2-1-1.wav", &second("2"));
    set.data([None; 2]).unwrap();
    bytes[24..28].copy_from_slice(&15_999_u32.to_le_bytes());
    for part in ["train/3-1-1.wav", "test/3-1-1.wav"] {
        set.put(part, &bytes);
        set.refused(&["3-1-1.wav: its rate is 15999 Hz"]);
        std::fs::remove_file(set.path(part)).unwrap();
    }
}

/// One file of each kind, RIFF and FLAC.
fn all() -> Vec<Vec<u8>> {
    let law = |tag| file("RIFF", &[format([tag, 1, 1, 8], &[], false), chunk("data", &[1, 2, 3, 4, 5], false)]);
    let floats: Vec<u8> = (0..40).flat_map(|i| (f64::from(i) / 50.0).to_be_bytes()).collect();
    vec![
        integers(&V24, 32, 24),
        integers(&V12, 12, 12),
        rf64("RF64", 16),
        rifx(&V24, 3),
        file("RIFX", &[format([3, 2, 16, 64], &[], true), chunk("data", &floats, true)]),
        piped(0xffff_ffff, format([1, 1, 2, 16], &[], false), &values(&V16, 2, 0, false)),
        law(6),
        law(7),
        [b"ID3\x03\0\0\0\0\0\x04abcd".to_vec(), flac(16_000, &[vec![7; 50]]), b"TAG".to_vec(), vec![0; 125]].concat(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_of_any_kind_are_read_or_refused(
        which in 0_usize..9,
        changes in prop::collection::vec((0_usize..200, prop_oneof![Just(0), Just(0xff), any::<u8>()]), 0..5),
        cut in 0_usize..400,
        behind in prop::collection::vec(any::<u8>(), 0..9),
    ) {
        let mut bytes = all().swap_remove(which);
        for (at, value) in changes {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        bytes.truncate(cut);
        bytes.extend(behind);
        if let Ok(samples) = decode(&bytes) {
            prop_assert!(samples.iter().all(|v| v.is_finite() && v.abs() <= 1.0));
        }
    }

    #[test]
    fn arbitrary_bytes_behind_a_name_are_read_or_refused(
        name in prop::sample::select(vec!["RIFF\0\0\0\0WAVE", "RIFX\0\0\0\0WAVE", "RF64\0\0\0\0WAVE", "fLaC", "ID3", ""]),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = decode(&[name.as_bytes(), &bytes].concat());
    }
}
