//! `vqlab score`: the quality of one file against another.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{CliError, note, print};
use crate::data::speech::{RATE, read_audio};
use crate::metric::{self, ImageQuality, image_quality_sized};
use crate::picture;

/// Quality of a picture, or of speech, against the original it stands for.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vqlab score psnr original.png decoded.png\n  \
    vqlab score ssim original.png decoded.png --json\n  \
    vqlab score pesq original.wav decoded.wav\n  \
    vqlab score psnr-perceptual original.flac decoded.wav --json\n\n\
    Pictures are PNG files of 8 bits a channel and of the same size, at least 11 × 11 pixels. Speech is WAV or FLAC, \
    compared as one channel of 16 kHz; both files must last equally long.")]
pub struct ScoreArgs {
    /// What to measure.
    #[arg(value_enum, value_name = "METRIC")]
    metric: Score,
    /// The original: a PNG file, or a WAV or FLAC file.
    #[arg(value_name = "REFERENCE")]
    reference: PathBuf,
    /// What is judged: a file of the same kind.
    #[arg(value_name = "TEST")]
    test: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Score {
    /// Mean squared error of the 8-bit values.
    Mse,
    /// Peak signal-to-noise ratio in dB.
    Psnr,
    /// Structural similarity (Wang et al. 2004: Gaussian window of 11 × 11).
    Ssim,
    /// Quality of speech as listeners would rate it, 1 to 4.64 (wideband PESQ, ITU-T P.862.2).
    Pesq,
    /// Signal-to-noise ratio of speech in dB, noise weighted by how audible it is.
    PsnrPerceptual,
}

impl Score {
    fn of(self, args: &ScoreArgs) -> Result<f64, CliError> {
        match self {
            Score::Mse => pictures(args).map(|quality| quality.mse),
            Score::Psnr => pictures(args).map(|quality| quality.psnr),
            Score::Ssim => pictures(args).map(|quality| quality.ssim),
            Score::Pesq => speech(args, metric::pesq),
            Score::PsnrPerceptual => speech(args, metric::perceptual_snr),
        }
    }

    /// The row of the table of metrics that holds name and unit.
    fn row(self) -> Option<&'static metric::Metric> {
        metric::find(match self {
            Score::Mse => "pixel-mse-fresh",
            Score::Psnr => "psnr",
            Score::Ssim => "ssim",
            Score::Pesq => "pesq",
            Score::PsnrPerceptual => "psnr-perceptual",
        })
    }
}

/// Prints the value to stdout.
///
/// # Errors
/// Files that can't be read, or pictures or speech that can't be compared, are failures.
pub fn run(args: ScoreArgs) -> Result<(), CliError> {
    let value = args.metric.of(&args)?;
    let unit = args.metric.row().map_or("", |row| row.unit);
    let text = if args.json {
        format!("{:#}", serde_json::json!({ "value": value, "unit": unit }))
    } else {
        format!("{value:.6} {unit}").trim_end().to_owned()
    };
    print(&format!("{text}\n"))
}

fn pictures(args: &ScoreArgs) -> Result<ImageQuality, CliError> {
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
    let quality = image_quality_sized(&reference.pixels, &test.pixels, reference.width, reference.height);
    let quality = quality.map_err(failed)?;
    if args.metric == Score::Psnr && quality.mse == 0.0 {
        note("the pictures are equal: their Peak SNR is infinite; printed is that of a single value off by one");
    }
    Ok(quality)
}

fn speech(
    args: &ScoreArgs,
    measure: fn(&[f32], &[f32]) -> Result<f64, metric::SpeechQualityError>,
) -> Result<f64, CliError> {
    let read = |path: &Path| read_audio(path).map_err(failed);
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
    if args.metric == Score::PsnrPerceptual && reference == test {
        note("the files are equal: their signal-to-noise ratio is infinite; each frame counts as 100 dB");
    }
    Ok(value)
}

fn failed(error: impl std::fmt::Display) -> CliError {
    CliError::Failed(error.to_string())
}
