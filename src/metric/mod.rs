//! The metrics. One table row per metric, with name, label, unit, direction and description, drives tables, plots,
//! Pareto fronts, comparison and claims. The module also computes recall and the quality of pictures and speech.
//! ```
//! use vqlab::metric::{find, image_quality_sized, recall_at};
//!
//! // Two queries with three ids each, nearest first; the true neighbors are 7 and 4.
//! assert_eq!(recall_at(&[7, 1, 2, 0, 9, 4], &[7, 4], 1)?, 0.5);
//! assert_eq!(recall_at(&[7, 1, 2, 0, 9, 4], &[7, 4], 3)?, 1.0);
//!
//! // A gray picture of 16 × 16 pixels, in RGB, and a slightly brighter one.
//! let quality = image_quality_sized(&[100; 768], &[102; 768], 16, 16)?;
//! assert_eq!(quality.mse, 4.0);
//! assert_eq!(find("psnr").map(|row| row.unit), Some("dB"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod image;
#[cfg(test)]
mod made;
mod perceptual;
mod pesq;
mod speech;
mod structure;

pub use image::{
    ImageQuality, ImageQualityError, SHORTEST_SIDE, image_psnr, image_quality, image_quality_sized, pixel_error,
};
pub use perceptual::perceptual_snr;
pub use pesq::{SHORTEST_SPEECH, pesq};
pub use speech::{Side, SpeechQualityError};
pub use vqlab_core::recall::{RecallError, recall_at};

/// Whether lower or higher values are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    LowerIsBetter,
    HigherIsBetter,
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// The name in records and specs.
    pub name: &'static str,
    /// The name in Results files and on axes.
    pub label: &'static str,
    /// Empty for dimensionless numbers.
    pub unit: &'static str,
    pub direction: Direction,
    pub description: &'static str,
}

impl Metric {
    /// Whether values are counted instead of measured, so that equal values agree to the last digits.
    pub fn is_computed(&self) -> bool {
        self.unit.ends_with("WMOPS")
    }

    /// Whether the published spread is over test items (utterances, of unknown number) instead of runs.
    pub fn is_over_items(&self) -> bool {
        matches!(self.name, "pesq" | "psnr-perceptual")
    }

    /// Whether values are logarithms of a ratio, so that differences are compared instead of quotients.
    pub fn is_decibel(&self) -> bool {
        self.unit == "dB"
    }
}

use Direction::{HigherIsBetter, LowerIsBetter};

const fn row(
    name: &'static str,
    label: &'static str,
    unit: &'static str,
    direction: Direction,
    description: &'static str,
) -> Metric {
    Metric { name, label, unit, direction, description }
}

/// All metrics in records and Results files of this project and of the paper.
pub const METRICS: &[Metric] = &[
    row(
        "mse-training",
        "MSE",
        "",
        LowerIsBetter,
        "mean squared error per coordinate on the training set, as published for the toy experiment",
    ),
    row("mse-fresh", "MSE", "", LowerIsBetter, "mean squared error per coordinate on held-out test vectors"),
    row(
        "mse-subset-beam",
        "MSE",
        "",
        LowerIsBetter,
        "mean squared error on a part of the training set, AVQ's beam search with true residuals and no permutations",
    ),
    row(
        "mse-subset-released",
        "MSE",
        "",
        LowerIsBetter,
        "mean squared error on the same part and codebooks, AVQ's encoder search as in the authors' released code",
    ),
    row(
        "repeated-share",
        "Share of vectors with a codebook used twice",
        "",
        LowerIsBetter,
        "share of vectors whose tuple holds two codewords of one codebook (released search with a beam wider than K), \
         which no code of B bits can hold",
    ),
    row(
        "log10-wmops-published",
        "Complexity (log10 WMOPS)",
        "log10 WMOPS",
        LowerIsBetter,
        "operation count of one encoded vector as published: one stage too few for RVQ and PVQ",
    ),
    row(
        "log10-wmops-corrected",
        "Complexity (log10 WMOPS)",
        "log10 WMOPS",
        LowerIsBetter,
        "operation count of one encoded vector with all stages",
    ),
    row(
        "log10-wmops-lookup",
        "Complexity (log10 WMOPS)",
        "log10 WMOPS",
        LowerIsBetter,
        "operation count of one encoded vector with Gram-matrix look-up for AVQ and RVQ, as in this project",
    ),
    row(
        "wmops-published",
        "Complexity (WMOPS)",
        "WMOPS",
        LowerIsBetter,
        "weighted million operations, published model",
    ),
    row("wmops-corrected", "Complexity (WMOPS)", "WMOPS", LowerIsBetter, "weighted million operations, all stages"),
    row(
        "wmops-lookup",
        "Complexity (WMOPS)",
        "WMOPS",
        LowerIsBetter,
        "weighted million operations, Gram-matrix look-up",
    ),
    row("pesq", "PESQ", "MOS", HigherIsBetter, "wideband perceptual speech quality (ITU-T P.862.2)"),
    row("psnr-perceptual", "pSNR", "dB", HigherIsBetter, "perceptually weighted signal-to-noise ratio"),
    row(
        "pesq-opus",
        "PESQ of Opus",
        "MOS",
        HigherIsBetter,
        "wideband perceptual speech quality (ITU-T P.862.2) of the utterances coded with Opus at the same bitrate",
    ),
    row(
        "psnr-perceptual-opus",
        "pSNR of Opus",
        "dB",
        HigherIsBetter,
        "perceptually weighted signal-to-noise ratio of the utterances coded with Opus at the same bitrate",
    ),
    row("bitrate", "Real bitrate", "bit/s", LowerIsBetter, "bits of the coded files, headers included, per second"),
    row("bitrate-opus", "Real bitrate of Opus", "bit/s", LowerIsBetter, "bits of the packets of Opus per second"),
    row(
        "envelope-db",
        "Error of envelopes",
        "dB",
        LowerIsBetter,
        "root mean square error of the decoded spectral envelope's log energies, on frames of the test utterances",
    ),
    row(
        "envelope-db-training",
        "Error of envelopes",
        "dB",
        LowerIsBetter,
        "root mean square error of the decoded spectral envelope's log energies, on training frames",
    ),
    row("ssim", "SSIM", "", HigherIsBetter, "structural similarity of images"),
    row("psnr", "Peak SNR", "dB", HigherIsBetter, "peak signal-to-noise ratio of images"),
    row(
        "psnr-training",
        "Peak SNR",
        "dB",
        HigherIsBetter,
        "peak signal-to-noise ratio of the mean squared error over all images of the training set, 8-bit values",
    ),
    row(
        "psnr-fresh",
        "Peak SNR",
        "dB",
        HigherIsBetter,
        "peak signal-to-noise ratio of the mean squared error over all held-out test images, 8-bit values",
    ),
    row(
        "psnr-images-training",
        "Peak SNR (mean over images)",
        "dB",
        HigherIsBetter,
        "mean of the peak signal-to-noise ratios of single images of the training set",
    ),
    row(
        "psnr-images-fresh",
        "Peak SNR (mean over images)",
        "dB",
        HigherIsBetter,
        "mean of the peak signal-to-noise ratios of single held-out test images",
    ),
    row(
        "ssim-training",
        "SSIM",
        "",
        HigherIsBetter,
        "structural similarity (Wang et al. 2004, Gaussian window of 11 × 11), mean over images of the training set",
    ),
    row(
        "ssim-fresh",
        "SSIM",
        "",
        HigherIsBetter,
        "structural similarity (Wang et al. 2004, Gaussian window of 11 × 11), mean over held-out test images",
    ),
    row(
        "ssim-uniform-training",
        "SSIM (uniform window)",
        "",
        HigherIsBetter,
        "structural similarity with a uniform window of 7 × 7 and floating-point values of ±.5 in a range of 2, mean over images of the training set",
    ),
    row(
        "ssim-uniform-fresh",
        "SSIM (uniform window)",
        "",
        HigherIsBetter,
        "structural similarity with a uniform window of 7 × 7 and floating-point values of ±.5 in a range of 2, mean over held-out test images",
    ),
    row(
        "pixel-mse-training",
        "MSE of pixels",
        "",
        LowerIsBetter,
        "mean squared error of pixel values, 8-bit units squared, over all images of the training set",
    ),
    row(
        "pixel-mse-fresh",
        "MSE of pixels",
        "",
        LowerIsBetter,
        "mean squared error of pixel values, 8-bit units squared, over all held-out test images",
    ),
    row(
        "latent-mse-training",
        "MSE of latents",
        "",
        LowerIsBetter,
        "mean squared quantization error per coordinate of the latent vectors of the training set",
    ),
    row(
        "latent-mse-fresh",
        "MSE of latents",
        "",
        LowerIsBetter,
        "mean squared quantization error per coordinate of the latent vectors of held-out test images",
    ),
    row(
        "latent-nmse-training",
        "Normalized MSE of latents",
        "",
        LowerIsBetter,
        "mean squared quantization error of the latent vectors of the training set, divided by their variance",
    ),
    row(
        "latent-nmse-fresh",
        "Normalized MSE of latents",
        "",
        LowerIsBetter,
        "mean squared quantization error of the latent vectors of held-out test images, divided by their variance",
    ),
    row("recall", "Recall @ T", "", HigherIsBetter, "share of queries with their true neighbor among the T nearest"),
];

/// The row of a record metric. The row of `recall@16` is recall, that of `pesq@8000` is PESQ.
pub fn find(name: &str) -> Option<&'static Metric> {
    let name = name.split('@').next().unwrap_or(name);
    METRICS.iter().find(|m| m.name == name)
}

/// The name of a record metric in Results files and on axes: `recall@16` becomes `Recall @ 16`, and `pesq@9600` becomes
/// `PESQ @ 9.6 kbit/s`.
pub fn label(name: &str) -> String {
    let label = |name| find(name).map_or(name, |m| m.label).to_owned();
    match name.split_once('@') {
        Some(("recall", rank)) => format!("Recall @ {rank}"),
        Some((name, bitrate)) => match bitrate.parse::<f64>() {
            Ok(bitrate) => format!("{} @ {} kbit/s", label(name), bitrate / 1e3),
            Err(_) => label(name),
        },
        None => label(name),
    }
}

/// A row with this label in Results files. Rows with the same label have the same direction. `Recall @ 16` finds
/// recall.
pub fn find_label(label: &str) -> Option<&'static Metric> {
    let label = match label.split_once(" @ ") {
        Some(("Recall", _)) => "Recall @ T",
        Some((label, _)) => label,
        None => label,
    };
    METRICS.iter().find(|m| m.label == label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_labels_agree_on_the_direction() {
        for (i, m) in METRICS.iter().enumerate() {
            assert_eq!(find(m.name), Some(m));
            assert!(METRICS[..i].iter().all(|n| n.label != m.label || n.direction == m.direction));
        }
        assert_eq!(find_label("Recall @ 16").map(|m| m.name), Some("recall"));
        assert_eq!(label("pesq@9600"), "PESQ @ 9.6 kbit/s");
        assert_eq!(find_label(&label("pesq@9600")), find("pesq@9600"));
        for name in crate::results::published_names() {
            let file = crate::results::published(name).unwrap();
            assert!(find_label(file.metric().unwrap()).is_some(), "{name}");
        }
    }
}
