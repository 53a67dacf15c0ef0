//! `vqlab score`: the quality of one file against another.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{CliError, note, print};
use crate::metric::{self, ImageQuality, image_quality_sized};
use crate::picture;

/// Quality of a picture against the original it stands for.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vqlab score psnr original.png decoded.png\n  \
    vqlab score ssim original.png decoded.png --json\n\n\
    Pictures are PNG files of 8 bits a channel and of the same size, at least 11 × 11 pixels.")]
pub struct ScoreArgs {
    /// What to measure.
    #[arg(value_enum, value_name = "METRIC")]
    metric: Score,
    /// The original, a PNG file.
    #[arg(value_name = "REFERENCE")]
    reference: PathBuf,
    /// What is judged, a PNG file.
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
}

impl Score {
    fn of(self, quality: &ImageQuality) -> f64 {
        match self {
            Score::Mse => quality.mse,
            Score::Psnr => quality.psnr,
            Score::Ssim => quality.ssim,
        }
    }

    /// The row of the table of metrics that holds name and unit.
    fn row(self) -> Option<&'static metric::Metric> {
        metric::find(match self {
            Score::Mse => "pixel-mse-fresh",
            Score::Psnr => "psnr",
            Score::Ssim => "ssim",
        })
    }
}

/// Prints the value to stdout.
///
/// # Errors
/// Files that can't be read, or pictures that can't be compared, are failures.
pub fn run(args: ScoreArgs) -> Result<(), CliError> {
    let read = |path: &PathBuf| picture::read(path).map_err(|e| CliError::Failed(e.to_string()));
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
    let quality = image_quality_sized(&reference.pixels, &test.pixels, reference.width, reference.height)
        .map_err(|e| CliError::Failed(e.to_string()))?;
    if args.metric == Score::Psnr && quality.mse == 0.0 {
        note("the pictures are equal: their Peak SNR is infinite; printed is that of a single value off by one");
    }
    let value = args.metric.of(&quality);
    let unit = args.metric.row().map_or("", |row| row.unit);
    let text = if args.json {
        format!("{:#}", serde_json::json!({ "value": value, "unit": unit }))
    } else {
        format!("{value:.6} {unit}").trim_end().to_owned()
    };
    print(&format!("{text}\n"))
}
