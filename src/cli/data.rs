//! `vqlab data`: lists, makes, fetches and imports the data sets that experiments use.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use super::codec::{refused, wrote};
use super::meter::Meter;
use super::outcome::failed;
use super::run::parse_jobs;
use super::stop::stop_flag;
use super::{CliError, note, print};
use crate::data::cache;
use crate::data::catalogue::{KNOWN, KnownData, known};
use crate::data::descriptors::{self, DescriptorData};
use crate::data::fetch::{Archive, fetch, part};
use crate::data::folder::{Made, check};
use crate::data::images::{self, ImageData};
use crate::data::import::import;
use crate::data::speech::{self, SpeechData};
use crate::data::{Make, Run, make, set_threads};

const EXAMPLES: &str = "\
Examples:
  vqlab data list
  vqlab data make synthetic-descriptors -o descriptors --base 100000
  vqlab data make synthetic-images -o images --training 20000
  vqlab data make synthetic-speech -o speech --training 100 --test 20
  vqlab data fetch sift1m
  vqlab data import cifar10 cifar-10-batches-bin

Data sets are stored in the folder that the environment variable VQLAB_DATA names
[default: `vqlab` in your cache folder]. Experiments find them there.";

const MAKE_EXAMPLES: &str = "\
Examples:
  vqlab data make synthetic-descriptors -o descriptors --base 100000
  vqlab data make synthetic-images -o images --training 20000
  vqlab data make synthetic-speech -o speech --training 100 --test 20

Descriptors: the files synthetic_learn.bvecs, synthetic_base.bvecs and
synthetic_query.bvecs, and the 100 nearest base vectors of each query in
synthetic_groundtruth.ivecs.
Images: the binary files of CIFAR-10 (data_batch_1.bin and so on, test_batch.bin).
All labels are 0.
Speech: the folders train and test with WAV files of 16 kHz, about 5 s each.
The same numbers and seed give the same bytes on any number of threads.";

const FETCH_EXAMPLES: &str = "\
Examples:
  vqlab data fetch cifar10
  vqlab data fetch sift1m -o sift --from http://mirror.example/sift.tar.gz

The system's curl fetches the archive to DIR.tar.gz.part. An interrupted download
resumes. vqlab compares size and checksum with the published ones, unpacks the
archive to DIR and removes it. You can also put an archive there under that name
yourself. Without -o, DIR is in the folder that VQLAB_DATA names [default: `vqlab` in
your cache folder]. `vqlab data list` shows it.";

const IMPORT_EXAMPLES: &str = "\
Examples:
  vqlab data import cifar10 ~/data/cifar-10-batches-bin
  vqlab data import librispeech-test-clean ~/data/LibriSpeech/test-clean

Checks the files (CIFAR-10: MD5; SIFT: number of vectors; LibriSpeech: number of
utterances), and links the folder to the place where experiments look.";

/// Lists, makes, fetches and imports data sets.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct DataArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    List(ListArgs),
    Make(MakeArgs),
    Fetch(FetchArgs),
    Import(ImportArgs),
}

/// Lists the known data sets: origin, license, size, checksums, and the experiments that use them.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  vqlab data list --json")]
struct ListArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Makes a synthetic data set.
#[derive(Args, Debug)]
#[command(after_help = MAKE_EXAMPLES)]
struct MakeArgs {
    /// Data set
    #[arg(value_name = "NAME", value_parser = [descriptors::SYNTHETIC, images::SYNTHETIC, speech::SYNTHETIC])]
    name: String,
    /// Output folder
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
    /// Vectors to train codebooks on [default: 100000]
    #[arg(long, value_name = "N", help_heading = "Descriptors")]
    learn: Option<u64>,
    /// Vectors to search in [default: 1000000]
    #[arg(long, value_name = "N", help_heading = "Descriptors")]
    base: Option<u64>,
    /// Queries [default: 10000]
    #[arg(long, value_name = "N", help_heading = "Descriptors")]
    queries: Option<u64>,
    /// Images or utterances to train with [default: 50000 images, 60 utterances]
    #[arg(long, value_name = "N", help_heading = "Images and speech")]
    training: Option<u64>,
    /// Images or utterances to test on [default: 10000 images, 12 utterances]
    #[arg(long, value_name = "N", help_heading = "Images and speech")]
    test: Option<u64>,
    #[arg(long, value_name = "S", default_value_t = 1, help = "Seed of the random numbers")]
    seed: u64,
    /// Threads; the data are the same for any number [default: all cores]
    #[arg(long, short, value_name = "N", value_parser = parse_jobs)]
    jobs: Option<usize>,
    /// Replace files in a folder that is not empty
    #[arg(long)]
    force: bool,
}

/// Fetches a published data set.
#[derive(Args, Debug)]
#[command(after_help = FETCH_EXAMPLES)]
struct FetchArgs {
    /// Data set (`vqlab data list` shows the names)
    #[arg(value_name = "NAME", value_parser = published())]
    name: String,
    /// Output folder [default: its place in the data folder]
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Another URL of the same archive
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// Replace files in a folder that is not empty
    #[arg(long)]
    force: bool,
}

/// Imports a data set that is already on this machine.
#[derive(Args, Debug)]
#[command(after_help = IMPORT_EXAMPLES)]
struct ImportArgs {
    /// Data set (`vqlab data list` shows the names)
    #[arg(value_name = "NAME", value_parser = published())]
    name: String,
    /// Folder of the data set
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

/// The names of the data sets that others publish.
fn published() -> PossibleValuesParser {
    PossibleValuesParser::new(KNOWN.iter().filter(|data| data.archive.is_some()).map(|data| data.name))
}

/// # Errors
/// [`CliError::Usage`]: an unknown name, counts out of range, or a folder that is not empty. [`CliError::Failed`]: a
/// full disk, no curl, no connection, an archive that differs from the published one, or Ctrl-C.
pub fn run(args: DataArgs) -> Result<(), CliError> {
    match args.action {
        Action::List(args) => print(&if args.json { json() } else { list() }),
        Action::Make(args) => run_make(&args),
        Action::Fetch(args) => run_fetch(&args),
        Action::Import(args) => run_import(&args),
    }
}

fn list() -> String {
    let describe = |data: &KnownData| {
        let mut text = format!("{}\n  {}\n", data.name, data.what);
        let mut line = |name: &str, value: &str| text.push_str(&format!("  {name:<8}  {value}\n"));
        line("origin", data.origin);
        line("license", data.licence);
        if let Some(archive) = &data.archive {
            line("address", archive.url);
            line("size", &archive.bytes.map_or("not published".into(), |bytes| format!("{bytes} bytes")));
            line("MD5", archive.md5.unwrap_or("not published"));
            line("SHA-256", archive.sha256.unwrap_or("not published"));
        }
        if data.archive.is_some() {
            line("here", &here(data).map_or("no".into(), |folder| folder.display().to_string()));
        }
        line("used by", data.used_by);
        text
    };
    KNOWN.iter().map(describe).collect::<Vec<_>>().join("\n")
}

/// The folder of the data set, if it is on this machine.
fn here(data: &KnownData) -> Option<PathBuf> {
    cache::place(data).filter(|place| place.is_dir())
}

fn json() -> String {
    let describe = |data: &KnownData| {
        let archive = data.archive.as_ref();
        serde_json::json!({
            "name": data.name,
            "what": data.what,
            "origin": data.origin,
            "licence": data.licence,
            "url": archive.map(|archive| archive.url),
            "bytes": archive.and_then(|archive| archive.bytes),
            "md5": archive.and_then(|archive| archive.md5),
            "sha256": archive.and_then(|archive| archive.sha256),
            "here": archive.and(here(data)),
            "used_by": data.used_by,
        })
    };
    let all: Vec<_> = KNOWN.iter().map(describe).collect();
    format!("{:#}\n", serde_json::json!(all))
}

fn run_make(args: &MakeArgs) -> Result<(), CliError> {
    if let Some(jobs) = args.jobs {
        set_threads(jobs);
    }
    match args.name.as_str() {
        images::SYNTHETIC => make_images(args),
        speech::SYNTHETIC => make_speech(args),
        _ => make_descriptors(args),
    }
}

fn make_descriptors(args: &MakeArgs) -> Result<(), CliError> {
    unused(&args.name, [("--training", args.training), ("--test", args.test)])?;
    let (learn, base, queries) = (args.learn.unwrap_or(100_000), args.base.unwrap_or(1_000_000), args.queries);
    let data = DescriptorData::synthetic(learn, base, queries.unwrap_or(10_000), args.seed);
    made(args, &data)
}

fn make_images(args: &MakeArgs) -> Result<(), CliError> {
    unused(&args.name, [("--learn", args.learn), ("--base", args.base), ("--queries", args.queries)])?;
    let data = ImageData::synthetic(args.training.unwrap_or(50_000), args.test.unwrap_or(10_000), args.seed);
    made(args, &data)
}

fn make_speech(args: &MakeArgs) -> Result<(), CliError> {
    unused(&args.name, [("--learn", args.learn), ("--base", args.base), ("--queries", args.queries)])?;
    let data = SpeechData::synthetic(args.training.unwrap_or(60), args.test.unwrap_or(12), args.seed);
    made(args, &data)
}

/// Refuses options of other data sets.
fn unused<const N: usize>(name: &str, options: [(&str, Option<u64>); N]) -> Result<(), CliError> {
    match options.into_iter().find(|(_, value)| value.is_some()) {
        Some((option, _)) => Err(CliError::Usage(format!("{option} is not for {name}; see `vqlab data make --help`"))),
        None => Ok(()),
    }
}

/// Makes a folder with a progress bar, until Ctrl-C.
fn made(args: &MakeArgs, data: &impl Make) -> Result<(), CliError> {
    data.check_counts().map_err(refused)?;
    check(&args.output, args.force).map_err(refused)?;
    let stop = stop_flag("stopping; nothing will be written. Press Ctrl-C again to abort at once")?;
    let meter = Meter::new(data.steps());
    let run = Run { stop: &stop, progress: &|done| meter.show(done) };
    let made = make(data, &args.output, args.force, &run).map_err(failed);
    meter.end();
    match made? {
        Made::Stopped => Err(CliError::Failed("stopped; nothing was written".into())),
        Made::Whole => {
            wrote(&args.output);
            print(&format!("{}\n", args.output.display()))
        }
    }
}

fn run_fetch(args: &FetchArgs) -> Result<(), CliError> {
    let stop = fetch_stop()?;
    let folder = fetched(&args.name, args.output.as_deref(), args.from.as_deref(), args.force, &stop)?;
    print(&format!("{}\n", folder.display()))
}

/// The flag that Ctrl-C raises while data sets are fetched.
///
/// # Errors
/// As [`stop_flag`].
pub fn fetch_stop() -> Result<Arc<AtomicBool>, CliError> {
    stop_flag("stopping; the downloaded part is kept. Press Ctrl-C again to abort at once")
}

/// Fetches a known data set to a folder, or to its default place. Returns the folder.
///
/// # Errors
/// As [`run`].
pub fn fetched(
    name: &str,
    output: Option<&Path>,
    from: Option<&str>,
    force: bool,
    stop: &AtomicBool,
) -> Result<PathBuf, CliError> {
    let (data, archive) = known(name)
        .and_then(|data| Some((data, data.archive?)))
        .ok_or_else(|| CliError::Usage(format!("{name} can't be fetched")))?;
    let archive = Archive { url: from.unwrap_or(archive.url), ..archive };
    let folder = match output {
        Some(folder) => folder.into(),
        None => cache::place(data).ok_or_else(no_place)?,
    };
    check(&folder, force).map_err(refused)?;
    note(&format!("fetching {} to {}", archive.url, part(&folder).display()));
    let shown = std::cell::Cell::new(Instant::now());
    let progress = |bytes: u64| {
        if shown.get().elapsed() >= Duration::from_secs(10) {
            shown.set(Instant::now());
            let mb = |bytes: u64| format!("{:.1}", bytes as f64 / 1e6);
            note(
                &archive
                    .bytes
                    .map_or_else(|| format!("{} MB", mb(bytes)), |all| format!("{} of {} MB", mb(bytes), mb(all))),
            );
        }
    };
    fetch(&archive, &folder, force, stop, &progress).map_err(failed)?;
    wrote(&folder);
    Ok(folder)
}

fn no_place() -> CliError {
    CliError::Usage(format!("no folder for data sets is known: set {}, or name a folder with -o", cache::VARIABLE))
}

fn run_import(args: &ImportArgs) -> Result<(), CliError> {
    let data = known(&args.name).ok_or_else(|| CliError::Usage(format!("{} is not known", args.name)))?;
    let place = import(data, &args.folder).map_err(|error| CliError::Usage(error.to_string()))?;
    note(&format!("{} is as published; linked to {}", args.folder.display(), place.display()));
    print(&format!("{}\n", place.display()))
}
