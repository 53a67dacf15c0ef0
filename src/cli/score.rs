//! `vqlab score`: measures the quality of one file against another.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::{CliError, print, warn};
use crate::data::file::{Id, IdFile, VectorFile};
use crate::data::speech::{Audio, RATE};
use crate::metric::{self, Measure, Metric, OfPictures};
use crate::number::digits;
use crate::picture;

/// Measures the quality of a picture, of speech, of vectors or of search results against a reference.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vqlab score psnr original.png decoded.png\n  \
    vqlab score ssim original.png decoded.png --json\n  \
    vqlab score pesq original.wav decoded.wav\n  \
    vqlab score psnr-perceptual original.flac decoded.wav --json\n  \
    vqlab score mse vectors.npy restored.npy\n  \
    vqlab score recall groundtruth.ivecs found.ivecs --at 10\n\n\
    Pictures are PNG files of 8 bits per channel. Both must have the same size, for ssim at least 11 × 11 pixels. \
    Equal files have an infinite psnr or psnr-perceptual: inf, in JSON a null value and \"infinite\": true.\n\n\
    Speech files are WAV or FLAC. They are compared as one channel of 16 kHz, and must have the same length. Files \
    of a lower rate are refused, because both measures are defined for wideband speech: resample such files first. \
    PESQ matches the ITU's code (PyPI's pesq) within .001 for 1,005 of 1,011 pairs of distorted speech, and within \
    .14 for all.\n\n\
    mse also takes two files of as many vectors: the mean squared error per coordinate, in float64.\n\n\
    Search results are ids, one row per query, nearest first: ivecs, ibin, or npy of int32, uint32, int64 or uint64. \
    The first id of each row of the ground truth is the true neighbor. recall@T is the share of queries whose true \
    neighbor is among the first T ids. Ids alone are compared: a copy of the true neighbor under another id counts \
    as another vector. A negative id, or the largest number of an unsigned type, means no neighbor and equals \
    nothing.")]
pub struct ScoreArgs {
    /// Metric.
    #[arg(value_parser = metrics(), value_name = "METRIC")]
    metric: &'static Metric,
    /// The original: a PNG file, a WAV or FLAC file, vectors, or the ids of the true neighbors.
    #[arg(value_name = "REFERENCE")]
    reference: PathBuf,
    /// The file to judge, of the same kind.
    #[arg(value_name = "TEST")]
    test: PathBuf,
    /// T of recall@T: the true neighbor must be among the first T ids [default: 1]
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u32).range(1..))]
    at: Option<u32>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The metrics that have a [`Score`], by its name.
fn metrics() -> impl TypedValueParser<Value = &'static Metric> {
    let scored = || metric::METRICS.iter().filter_map(|row| Some((row, row.score?.name)));
    let named = scored().map(|(row, name)| PossibleValue::new(name).help(row.description));
    let of_name = move |name: String| scored().find(|(_, own)| *own == name).map(|(row, _)| row);
    PossibleValuesParser::new(named).try_map(move |name| of_name(name).ok_or("no such metric"))
}

/// Prints the value to stdout.
///
/// # Errors
/// [`CliError::Failed`]: a file can't be read, or pictures or speech files can't be compared.
pub fn run(args: ScoreArgs) -> Result<(), CliError> {
    let measure = args.metric.score.map_or(Measure::Ids, |score| score.measure);
    if args.at.is_some() && !matches!(measure, Measure::Ids) {
        return Err(CliError::Usage("--at works with recall alone".into()));
    }
    let (value, has_any_magnitude) = match measure {
        Measure::Pictures(_) if is_of_vectors(&args) => (vectors(&args)?, true),
        Measure::Pictures(measure) => (pictures(&args, measure)?, true),
        Measure::Speech(measure) => (speech(&args, measure)?, false),
        Measure::Ids => (recall(&args)?, false),
    };
    let digits = if has_any_magnitude { digits(value, 6) } else { format!("{value:.6}") };
    let unit = args.metric.unit;
    let text = if args.json {
        // JSON has no infinity. An infinite value is written as null.
        format!("{:#}", serde_json::json!({ "value": value, "unit": unit, "infinite": value.is_infinite() }))
    } else {
        format!("{digits} {unit}").trim_end().to_owned()
    };
    print(&format!("{text}\n"))
}

/// Whether the files are vectors: the same metric is also one of pictures.
fn is_of_vectors(args: &ScoreArgs) -> bool {
    let ending = args.reference.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let is_mse = args.metric.score.is_some_and(|score| score.name == "mse");
    is_mse && ending.is_some_and(|ending| ending != "png")
}

/// The mean squared error per coordinate of two files of vectors.
fn vectors(args: &ScoreArgs) -> Result<f64, CliError> {
    const ROWS: usize = 1024;
    let (reference, test) =
        (VectorFile::open(&args.reference).map_err(failed)?, VectorFile::open(&args.test).map_err(failed)?);
    let shape = |file: &VectorFile| (file.len(), file.dimension());
    if shape(&reference) != shape(&test) {
        let [one, other] = [(&reference, &args.reference), (&test, &args.test)].map(|(file, path)| {
            format!("{} has {} vectors of dimension {}", path.display(), file.len(), file.dimension())
        });
        return Err(CliError::Failed(format!("{one}, {other}; use files of the same shape")));
    }
    let (count, dimension) = shape(&reference);
    let (mut x, mut y) = (Vec::new(), Vec::new());
    let mut sum = 0.0;
    for first in (0..count).step_by(ROWS) {
        let length = ROWS.min(count - first) * dimension;
        x.resize(length, 0.0);
        y.resize(length, 0.0);
        reference.read(first, &mut x).map_err(failed)?;
        test.read(first, &mut y).map_err(failed)?;
        sum += x.iter().zip(&y).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum::<f64>();
    }
    Ok(sum / (count * dimension) as f64)
}

fn pictures(args: &ScoreArgs, measure: OfPictures) -> Result<f64, CliError> {
    let read = |path: &Path| picture::read(path).map_err(failed);
    let (reference, test) = (read(&args.reference)?, read(&args.test)?);
    if (reference.width, reference.height) != (test.width, test.height) {
        return Err(CliError::Failed(format!(
            "{} has {} × {} pixels, {} has {} × {}; use pictures of the same size",
            args.reference.display(),
            reference.width,
            reference.height,
            args.test.display(),
            test.width,
            test.height
        )));
    }
    let value = measure(&reference.pixels, &test.pixels, reference.width, reference.height).map_err(failed)?;
    if value.is_infinite() {
        warn(&format!("the pictures are equal: their {} is infinite", args.metric.label));
    }
    Ok(value)
}

fn speech(
    args: &ScoreArgs,
    measure: fn(&[f32], &[f32]) -> Result<f64, metric::SpeechQualityError>,
) -> Result<f64, CliError> {
    let read = |path: &Path| Audio::read_wideband(path).map_err(failed);
    let (reference, test) = (read(&args.reference)?, read(&args.test)?);
    let names = [&args.reference, &args.test].map(|path| path.display());
    if reference.len() != test.len() {
        let seconds = [&reference, &test].map(|x| x.len() as f64 / f64::from(RATE));
        return Err(CliError::Failed(format!(
            "{} has {} samples at 16 kHz ({:.3} s), {} has {} ({:.3} s); cut both to the same length",
            names[0],
            reference.len(),
            seconds[0],
            names[1],
            test.len(),
            seconds[1]
        )));
    }
    let value = measure(&reference, &test);
    let value = value.map_err(|error| CliError::Failed(format!("{} against {}: {error}", names[1], names[0])))?;
    if args.metric.is_decibel() && reference == test {
        warn("the files are equal: their signal-to-noise ratio is infinite");
        return Ok(f64::INFINITY);
    }
    Ok(value)
}

fn recall(args: &ScoreArgs) -> Result<f64, CliError> {
    let (truth, found) = (ids(&args.reference)?, ids(&args.test)?);
    if truth.len() != found.len() {
        return Err(CliError::Failed(format!(
            "{} has {} rows, {} has {}; use the ground truth of the same queries",
            args.reference.display(),
            truth.len(),
            args.test.display(),
            found.len()
        )));
    }
    let nearest: Vec<Id> = truth.iter().filter_map(|row| row.first().copied()).collect();
    let flat: Vec<Id> = found.concat();
    let recall = metric::recall_at(&flat, &nearest, args.at.unwrap_or(1) as usize)
        .map_err(|error| CliError::Failed(format!("{}: {error}", args.test.display())))?;
    let without = nearest.iter().filter(|id| id.number().is_none()).count();
    if without > 0 {
        let (path, queries) = (args.reference.display(), nearest.len());
        warn(&format!("{path} has no true neighbor for {without} of {queries} queries; they count as not found"));
    }
    Ok(recall)
}

/// Rows of ids.
fn ids(path: &Path) -> Result<Vec<Vec<Id>>, CliError> {
    let file = IdFile::open(path).map_err(failed)?;
    let mut values = vec![Id::NONE; file.len() * file.columns()];
    file.read(0, &mut values).map_err(failed)?;
    Ok(values.chunks_exact(file.columns()).map(<[Id]>::to_vec).collect())
}

fn failed(error: impl std::fmt::Display) -> CliError {
    CliError::Failed(error.to_string())
}
