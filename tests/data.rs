//! `data` as a user calls it, and fetching from a small HTTP server that can break off, resume and lie.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use common::{Env, files_below};
use md5::{Digest, Md5};
use vqlab::data::catalogue::known;
use vqlab::data::descriptors::DescriptorData;
use vqlab::data::fetch::{Archive, FetchError, fetch, part};
use vqlab::data::images::{ImageData, Images};
use vqlab::data::speech::{Speech, SpeechData};

#[test]
fn the_list_names_origin_licence_size_and_checksum() {
    let env = Env::new();
    let list = env.run(&["data", "list"]).ends_with(0);
    let list = list.prints("sift1m\n").prints("ftp://ftp.irisa.fr/local/texmex/corpus/sift.tar.gz");
    list.prints("c32a1d4ab5d03f1284b67883e8d87530").prints("not published").prints("license");
    let json = env.run(&["data", "list", "--json"]).ends_with(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let names: Vec<&str> = json.as_array().unwrap().iter().map(|data| data["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "sift1m",
            "siftsmall",
            "cifar10",
            "librispeech-train-clean-100",
            "librispeech-test-clean",
            "librispeech-test-other",
            "synthetic-descriptors",
            "synthetic-images",
            "synthetic-speech"
        ]
    );
    for command in ["list", "make", "fetch", "import"] {
        env.run(&["data", command, "--help"]).ends_with(0).prints("Example").prints(&format!("vqlab data {command}"));
    }
}

#[test]
fn made_descriptors_are_a_folder_that_is_not_overwritten() {
    let env = Env::new();
    let make = |output: &str, more: &[&str]| {
        let args = ["data", "make", "synthetic-descriptors", "-o", output, "--learn", "300", "--base", "400"];
        env.run(&[&args[..], &["--queries", "3"], more].concat())
    };
    make("a", &[]).ends_with(0).says("wrote a").prints("a\n");
    let data = DescriptorData::folder(&env.path("a"), [None; 3]).unwrap();
    assert_eq!((data.learn, data.base, data.queries, data.dimension), (300, 400, 3, 128));
    make("a", &["--seed", "2"]).ends_with(2).says("--force");
    assert_eq!(DescriptorData::folder(&env.path("a"), [None; 3]).unwrap(), data);
    env.write("a/notes.txt", "mine");
    make("a", &["--seed", "2", "--force"]).ends_with(0);
    assert_ne!(DescriptorData::folder(&env.path("a"), [None; 3]).unwrap().digest, data.digest);
    assert!(env.path("a/notes.txt").exists());
    make("tiny.toml", &["--force"]).ends_with(2).says("it is not a folder");
    env.run(&["data", "make", "synthetic-descriptors", "-o", "b", "--base", "0"]).ends_with(2).says("0 base vectors");
    env.run(&["data", "make", "sift1m", "-o", "b"]).ends_with(2).says("synthetic-descriptors");
    env.run(&["data", "fetch", "mnist"]).ends_with(2).says("sift1m");
    assert!(!env.path("b").exists() && env.leftovers(".").is_empty());
}

#[test]
fn made_images_are_a_folder_with_the_same_pixels() {
    let env = Env::new();
    let make = |more: &[&str]| {
        let args = ["data", "make", "synthetic-images", "-o", "a", "--training", "30", "--test", "4"];
        env.run(&[&args[..], more].concat())
    };
    make(&["--seed", "3"]).ends_with(0).says("wrote a").prints("a\n");
    let files = Images::open(&ImageData::folder(&env.path("a"), [None; 2]).unwrap()).unwrap();
    let memory = Images::open(&ImageData::synthetic(30, 4, 3)).unwrap();
    assert!(files.training() == memory.training() && files.test() == memory.test());
    make(&[]).ends_with(2).says("--force");
    make(&["--base", "3"]).ends_with(2).says("--base is not for synthetic-images");
    let args = ["data", "make", "synthetic-descriptors", "-o", "b", "--test", "4"];
    env.run(&args).ends_with(2).says("--test is not for synthetic-descriptors");
    env.run(&["data", "make", "synthetic-images", "-o", "b", "--test", "0"]).ends_with(2).says("0 test images");
    assert!(!env.path("b").exists() && env.leftovers(".").is_empty());
}

#[test]
fn made_speech_is_a_folder_with_the_same_samples() {
    let env = Env::new();
    let make = |more: &[&str]| {
        let args = ["data", "make", "synthetic-speech", "-o", "a", "--training", "3", "--test", "2"];
        env.run(&[&args[..], more].concat())
    };
    make(&["--seed", "3"]).ends_with(0).says("wrote a").prints("a\n");
    let files = Speech::open(&SpeechData::folder(&env.path("a"), [None; 2]).unwrap()).unwrap();
    let memory = Speech::open(&SpeechData::synthetic(3, 2, 3)).unwrap();
    assert!(files.training() == memory.training() && files.test() == memory.test());
    make(&[]).ends_with(2).says("--force");
    make(&["--force"]).ends_with(0);
    assert_ne!(SpeechData::folder(&env.path("a"), [None; 2]).unwrap().digest, files.data().digest);
    make(&["--learn", "3"]).ends_with(2).says("--learn is not for synthetic-speech");
    let args = ["data", "make", "synthetic-speech", "-o", "b", "--training", "65537"];
    env.run(&args).ends_with(2).says("allowed are 1 to 65536");
    assert!(!env.path("b").exists() && env.leftovers(".").is_empty());
}

#[test]
#[cfg_attr(not(has_curl), ignore = "needs curl")]
fn below_its_root_an_archive_keeps_its_folders() {
    let files = [
        ("LibriSpeech/README.TXT", 40),
        ("LibriSpeech/test-clean/1089/2/a.flac", 90),
        ("LibriSpeech/test-clean/61/2/a.flac", 80),
    ];
    let body = archive(&files);
    let server = Server::new(body.clone(), Manner::Honest);
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("librispeech/test-clean");
    let sum = md5(&body);
    let archive = Archive {
        url: &server.address,
        bytes: None,
        md5: Some(&sum),
        sha256: None,
        root: Some("LibriSpeech/test-clean"),
        files: &["1089/2/a.flac"],
    };
    fetch(&archive, &folder, false, &AtomicBool::new(false), &|_| {}).unwrap();
    let mut found: Vec<PathBuf> =
        files_below(&folder).iter().map(|f| f.strip_prefix(&folder).unwrap().into()).collect();
    found.sort();
    assert_eq!(found, ["1089/2/a.flac", "61/2/a.flac", "README.TXT"].map(PathBuf::from));
}

/// An image experiment that asks for CIFAR-10, so small that it is computed at once.
const ASKS: &str = r#"
[experiment]
name = "asks"
task = "image"
[sweep]
methods = ["pvq"]
stages = [4]
bits = [4]
seeds = 1
[data]
set = "cifar10"
images = 16
test-images = 4
[network]
width = 4
blocks = 0
latent-dimension = 8
updates = 0
batch-size = 4
[training]
learning-rate = 0.01
updates = 2
batch-size = 4
"#;

#[test]
fn a_data_set_is_taken_where_it_is_found_and_stood_in_for_elsewhere() {
    let env = Env::new();
    env.write("asks.toml", ASKS);
    let run = env.run(&["run", "asks.toml"]).ends_with(0);
    let run = run.says("cifar10: not found, synthetic data stand in").says("vqlab data fetch cifar10");
    drop(run);
    assert!(env.path("results/default/provenance/asks.json").is_file());
    // As the publisher's archive names it, below a folder of the user's.
    let make =
        ["data", "make", "synthetic-images", "-o", "mine/cifar-10-batches-bin", "--training", "20", "--test", "5"];
    env.run(&make).ends_with(0);
    env.run(&["run", "asks.toml", "--data", "mine"]).ends_with(0).says("cifar10: data from mine/cifar-10-batches-bin");
    let provenance = std::fs::read_to_string(env.path("results/cifar10/provenance/asks.json")).unwrap();
    let provenance: serde_json::Value = serde_json::from_str(&provenance).unwrap();
    assert_eq!(provenance["cells"][0]["settings"]["data"]["name"], "cifar10");
    env.run(&["run", "asks.toml", "--data", "nowhere"]).ends_with(2).says("--data nowhere: there is no such folder");
    // In the folder of the data sets; a folder that is another thing is no reason to stand in.
    std::fs::create_dir_all(env.path("data-sets/cifar10")).unwrap();
    env.run(&["run", "asks.toml"]).ends_with(2).says("`data.set`").says("it holds nothing").says("--data DIR");
    env.run(&["run", "asks.toml", "--set", "data.path=mine/cifar-10-batches-bin", "--dry-run"]).ends_with(0);
    env.run(&["run", "asks.toml", "--set", "data.set=sift1m"]).ends_with(2).says("cifar10");
}

#[test]
fn what_a_user_has_is_checked_and_linked() {
    let env = Env::new();
    let make = ["data", "make", "synthetic-images", "-o", "c", "--training", "20", "--test", "5"];
    env.run(&make).ends_with(0);
    env.run(&["data", "import", "cifar10", "c"]).ends_with(2).says("c is not cifar10: data_batch_1.bin has the MD5 ");
    env.run(&["data", "import", "cifar10", "nowhere"]).ends_with(2).says("nowhere");
    env.run(&["data", "import", "librispeech-test-clean", "c"]).ends_with(2).says("0 FLAC files, expected 2620");
    let descriptors = ["data", "make", "synthetic-descriptors", "-o", "d", "--learn", "300", "--base", "400"];
    env.run(&[&descriptors[..], &["--queries", "3"]].concat()).ends_with(0);
    env.run(&["data", "import", "siftsmall", "d"]).ends_with(2).says("expected [25000, 10000, 100] of 128");
    assert!(!env.path("data-sets").exists());
}

/// The real set where it is at hand.
#[test]
#[cfg_attr(not(has_shared_data), ignore = "needs ../shared/data")]
fn siftsmall_is_imported_once() {
    let real = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/sift/siftsmall"));
    let env = Env::new();
    let import = || env.run(&["data", "import", "siftsmall", real.to_str().unwrap()]);
    import().ends_with(0).says("is as published").prints("siftsmall");
    import().ends_with(2).says("exists already");
    assert!(env.path("data-sets/siftsmall/siftsmall_query.fvecs").is_file());
    let list = env.run(&["data", "list", "--json"]).ends_with(0);
    let json: serde_json::Value = serde_json::from_str(&list.stdout).unwrap();
    let here = |name: &str| json.as_array().unwrap().iter().find(|data| data["name"] == name).unwrap()["here"].clone();
    assert!(here("siftsmall").as_str().is_some_and(|folder| folder.ends_with("siftsmall")) && here("sift1m").is_null());
}

#[test]
#[cfg_attr(not(has_curl), ignore = "needs curl")]
fn what_is_fetched_as_cifar10_is_a_folder_of_images() {
    let known = known("cifar10").unwrap().archive.unwrap();
    let files: Vec<(String, usize)> =
        known.files.iter().map(|name| (format!("cifar-10-batches-bin/{name}"), 2 * 3073)).collect();
    let mut files: Vec<(&str, usize)> = files.iter().map(|(name, length)| (name.as_str(), *length)).collect();
    files.push(("cifar-10-batches-bin/batches.meta.txt", 61));
    let body = archive_of(&files, |i, noise| if i % 3073 == 0 { noise % 10 } else { noise });
    let server = Server::new(body.clone(), Manner::Honest);
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("cifar10");
    let sum = md5(&body);
    let archive =
        Archive { url: &server.address, bytes: Some(body.len() as u64), md5: Some(&sum), sha256: None, ..known };
    fetch(&archive, &folder, false, &AtomicBool::new(false), &|_| {}).unwrap();
    let data = ImageData::folder(&folder, [None; 2]).unwrap();
    assert_eq!((data.name.as_str(), data.training, data.test), ("cifar10", 10, 2));
    Images::open(&data).unwrap();
}

/// Serves one file; ends with the process.
struct Server {
    address: String,
    /// The `Range` of each request, empty for none.
    ranges: Arc<Mutex<Vec<String>>>,
}

/// What a server does to its answers.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Honest,
    /// The first answer breaks off after so many bytes.
    Breaks(usize),
    /// Ranges are ignored, and the first answer breaks off.
    NoRanges(usize),
    NotFound,
}

impl Server {
    fn new(body: Vec<u8>, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/x.tar.gz", listener.local_addr().unwrap());
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let seen = ranges.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = answer(stream, &body, manner, &seen);
            }
        });
        Self { address, ranges }
    }

    fn ranges(&self) -> Vec<String> {
        self.ranges.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, body: &[u8], manner: Manner, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut range = String::new();
    for line in BufReader::new(stream.try_clone()?).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some(bytes) = line.to_lowercase().strip_prefix("range: bytes=") {
            range = bytes.to_string();
        }
    }
    let first = {
        let mut seen = seen.lock().unwrap();
        seen.push(range.clone());
        seen.len() == 1
    };
    if manner == Manner::NotFound {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    let from: usize = range.trim_end_matches('-').parse().unwrap_or(0);
    let ranged = !range.is_empty() && !matches!(manner, Manner::NoRanges(_));
    let (from, head) = match ranged {
        true if from >= body.len() => {
            let head = format!("HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{}", body.len());
            (body.len(), head)
        }
        true => (
            from,
            format!("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{}/{}", body.len() - 1, body.len()),
        ),
        false => (0, "HTTP/1.1 200 OK".to_string()),
    };
    let rest = &body[from..];
    write!(stream, "{head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", rest.len())?;
    let sent = match manner {
        Manner::Breaks(n) | Manner::NoRanges(n) if first => n,
        _ => rest.len(),
    };
    stream.write_all(&rest[..sent])?;
    stream.flush()
}

/// A .tar.gz of these files; content that hardly compresses, so that it has a middle.
fn archive(files: &[(&str, usize)]) -> Vec<u8> {
    archive_of(files, |_, noise| noise)
}

/// The same, each byte made from its place in the file and noise.
fn archive_of(files: &[(&str, usize)], byte: impl Fn(usize, u8) -> u8) -> Vec<u8> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut tar = tar::Builder::new(gzip);
    for (name, length) in files {
        let mut state = 1u32;
        let content: Vec<u8> = (0..*length)
            .map(|i| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                byte(i, (state >> 24) as u8)
            })
            .collect();
        let mut header = tar::Header::new_gnu();
        // Written as bytes, because the crate refuses to write paths that leave the folder.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(*length as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append(&header, &content[..]).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

const FILES: [(&str, usize); 2] = [("x/x_base.fvecs", 50_000), ("x/x_learn.fvecs", 3000)];

fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn get(url: &str, body: &[u8], folder: &Path) -> Result<(), FetchError> {
    let sum = md5(body);
    let archive = Archive {
        url,
        bytes: Some(body.len() as u64),
        md5: Some(&sum),
        sha256: None,
        root: None,
        files: &["x_base.fvecs", "x_learn.fvecs"],
    };
    fetch(&archive, folder, false, &AtomicBool::new(false), &|_| {})
}

#[track_caller]
fn assert_whole(folder: &Path) {
    let lengths: Vec<u64> = files_below(folder).iter().map(|file| file.metadata().unwrap().len()).collect();
    assert_eq!(lengths, [50_000, 3000]);
    assert!(!part(folder).exists());
}

#[test]
#[cfg_attr(not(has_curl), ignore = "needs curl")]
fn an_archive_is_fetched_checked_and_unpacked() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("deep/x");
    let body = archive(&FILES);
    let server = Server::new(body.clone(), Manner::Honest);
    get(&server.address, &body, &folder).unwrap();
    assert_whole(&folder);
    assert_eq!(server.ranges(), [""]);
    assert!(matches!(get(&server.address, &body, &folder), Err(FetchError::File(_))));
}

#[test]
#[cfg_attr(not(has_curl), ignore = "needs curl")]
fn a_broken_download_goes_on_where_it_was() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("x");
    let body = archive(&FILES);
    let server = Server::new(body.clone(), Manner::Breaks(20_000));
    let error = get(&server.address, &body, &folder).unwrap_err().to_string();
    assert!(error.contains("keeps the 20000 bytes received so far"), "{error}");
    assert!(!folder.exists());
    get(&server.address, &body, &folder).unwrap();
    assert_whole(&folder);
    assert_eq!(server.ranges(), ["", "20000-"]);
    // A server without ranges begins anew.
    let folder = place.path().join("y");
    let server = Server::new(body.clone(), Manner::NoRanges(20_000));
    get(&server.address, &body, &folder).unwrap_err();
    get(&server.address, &body, &folder).unwrap();
    assert_whole(&folder);
}

#[test]
#[cfg_attr(not(has_curl), ignore = "needs curl")]
fn an_archive_that_lies_there_is_taken_and_a_wrong_one_is_removed() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("x");
    let body = archive(&FILES);
    // No server is needed.
    std::fs::write(part(&folder), &body).unwrap();
    get("http://127.0.0.1:9/none", &body, &folder).unwrap();
    assert_whole(&folder);

    let folder = place.path().join("y");
    let mut wrong = body.clone();
    wrong[30_000] ^= 1;
    let server = Server::new(wrong, Manner::Honest);
    let error = get(&server.address, &body, &folder).unwrap_err().to_string();
    assert!(error.contains("the MD5") && error.contains(&md5(&body)) && error.contains("was removed"), "{error}");
    assert!(!part(&folder).exists() && !folder.exists());
    let server = Server::new(body[..40_000].to_vec(), Manner::Honest);
    let error = get(&server.address, &body, &folder).unwrap_err().to_string();
    assert!(error.contains("bytes of 40000") && error.contains(&body.len().to_string()), "{error}");
}

#[test]
#[cfg_attr(not(has_curl), ignore = "needs curl")]
fn damaged_and_malicious_archives_leave_nothing() {
    let place = tempfile::tempdir().unwrap();
    let body = archive(&FILES);
    let mut flipped = body.clone();
    *flipped.last_mut().unwrap() ^= 0x55;
    let cases: [(Vec<u8>, &str); 8] = [
        (body[..30_000].to_vec(), "damaged"),
        (flipped, "damaged"),
        (b"<html>not found</html>".to_vec(), "damaged"),
        (archive(&[("../x_base.fvecs", 10)]), "leaves the folder"),
        (archive(&[("/etc/x_base.fvecs", 10)]), "leaves the folder"),
        (archive(&[("x/../../x_base.fvecs", 10)]), "leaves the folder"),
        (archive(&[("a/x_base.fvecs", 10), ("b/x_base.fvecs", 10)]), "more than one file x_base.fvecs"),
        (archive(&[("x/x_base.fvecs", 10)]), "does not hold x_learn.fvecs"),
    ];
    for (i, (body, message)) in cases.into_iter().enumerate() {
        let folder = place.path().join(format!("{i}"));
        let server = Server::new(body.clone(), Manner::Honest);
        let error = get(&server.address, &body, &folder).unwrap_err().to_string();
        assert!(error.contains(message), "{i}: {error}");
        assert!(!folder.exists(), "{i}");
        let left: Vec<_> = files_below(place.path()).into_iter().filter(|file| *file != part(&folder)).collect();
        assert!(left.iter().all(|file| file.extension().is_some_and(|e| e == "part")), "{left:?}");
    }
}

#[test]
#[cfg_attr(not(has_curl), ignore = "needs curl")]
fn the_command_says_what_went_wrong_and_stops_in_the_middle() {
    let env = Env::new();
    let missing = Server::new(Vec::new(), Manner::NotFound);
    let fetch = |url: &str| env.run(&["data", "fetch", "siftsmall", "-o", "s", "--from", url]);
    fetch(&missing.address).ends_with(1).says("404").says(&missing.address).says("nothing was received");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    fetch(&format!("http://{closed}/x")).ends_with(1).says("can't be fetched");
    let other = Server::new(archive(&FILES), Manner::Honest);
    fetch(&other.address).ends_with(1).says("a length in bytes of").says("5305734");
    assert!(!env.path("s").exists() && !env.path("s.tar.gz.part").exists());
    // Without curl the address is said, and where the archive belongs.
    let mut command = env.command(&["data", "fetch", "cifar10"]);
    let run = common::Run::from(command.env("PATH", env.path("none")).output().unwrap()).ends_with(1);
    let run = run.says("install it, or download https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz to");
    run.says("data-sets/cifar10.tar.gz.part");
    env.write("full.txt", "");
    env.run(&["data", "fetch", "cifar10", "-o", "."]).ends_with(2).says("--force");
    assert!(env.leftovers(".").is_empty());
}

#[test]
#[cfg_attr(not(has_curl), ignore = "needs curl")]
fn a_stop_in_the_middle_keeps_what_has_come() {
    // A server that sends a beginning and then nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        let _ = stream.write_all(&[7; 5000]);
        std::thread::sleep(std::time::Duration::from_secs(60));
    });
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("x");
    let stop = AtomicBool::new(false);
    let archive = Archive { url: &url, bytes: None, md5: None, sha256: None, root: None, files: &[] };
    let progress = |bytes: u64| stop.store(bytes >= 5000, Ordering::Relaxed);
    let error = fetch(&archive, &folder, false, &stop, &progress).unwrap_err();
    assert!(matches!(error, FetchError::Stopped(_)), "{error}");
    assert_eq!(part(&folder).metadata().unwrap().len(), 5000);
    assert!(!folder.exists());
}
