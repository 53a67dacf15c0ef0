//! The table of metrics: one row per metric of the records and Results files of this project and of the paper.

use super::row::{At, Margin, Measure, Metric};
use super::{image_quality_sized, perceptual_snr, pesq, pixel_error};

/// Parts of a metric of vectors.
const VECTORS: &[(&str, &str)] = &[
    ("training", "the training set"),
    ("fresh", "held-out test vectors"),
    ("subset-beam", "a part of the training set, AVQ's beam search with true residuals and no permutations"),
    ("subset-released", "the same part and codebooks, AVQ's encoder search as in the authors' released code"),
];
const REPEATED: &[(&str, &str)] = &[
    ("", "the training set of vectors"),
    ("subset-released", "the part of the training set that both searches encode"),
    ("training", "images of the training set"),
    ("fresh", "held-out test images"),
];
/// Parts of a metric of speech frames.
const FRAMES: &[(&str, &str)] = &[("", "frames of the test utterances"), ("training", "training frames")];
/// Parts of a metric of images.
const IMAGES: &[(&str, &str)] = &[("training", "images of the training set"), ("fresh", "held-out test images")];
/// The three operation counts.
const COUNTS: &[(&str, &str)] = &[
    ("published", "as published: one stage too few for RVQ and PVQ"),
    ("corrected", "with all stages"),
    ("lookup", "with Gram-matrix look-up for AVQ and RVQ, as in this project"),
];

/// From this number of test utterances on, margins are narrower. Utterances differ by about .4 points of PESQ and 2.5
/// dB. The difference of two means over 46 of them thus has an interval (90 %) of ±.15 and ±.9 dB; over 300 of them,
/// ±.06 and ±.35 dB. The margins of speech are as wide as such intervals can decide.
const MANY_UTTERANCES: u64 = 300;

/// The highest score of wideband PESQ.
const HIGHEST_PESQ: f64 = 4.644;

/// About the difference between 10 runs of the paper.
const PEAK_SNR: Margin = Margin::Decibel(0.25);

/// All metrics. `vqlab score` lists its own in this order.
pub const METRICS: &[Metric] = &[
    Metric::lower("mse", "MSE", "", "mean squared error per coordinate").published_on("training set").parts(VECTORS),
    Metric::lower(
        "repeated-share",
        "Share of vectors with a codebook used twice",
        "",
        "share of vectors whose tuple holds two codewords of one codebook (released search with a beam wider than K), \
         which no code of B bits can hold",
    )
    .parts(REPEATED),
    Metric::lower(
        "log10-wmops",
        "Complexity (log10 WMOPS)",
        "log10 WMOPS",
        "operation count of one encoded vector, as a logarithm",
    )
    .parts(COUNTS),
    Metric::lower("wmops", "Complexity (WMOPS)", "WMOPS", "weighted million operations of one encoded vector")
        .parts(COUNTS),
    Metric::lower("pixel-mse", "MSE of pixels", "", "Mean squared error of the 8-bit values")
        .parts(IMAGES)
        .scored("mse", Measure::Pictures(|x, y, _, _| pixel_error(x, y).map(|(mse, _)| mse))),
    Metric::higher("psnr", "Peak SNR", "dB", "Peak signal-to-noise ratio in dB")
        .within(PEAK_SNR)
        .parts(IMAGES)
        .scored("psnr", Measure::Pictures(|x, y, _, _| pixel_error(x, y).map(|(_, psnr)| psnr))),
    Metric::higher("psnr-images", "Peak SNR (mean over images)", "dB", "mean of the Peak SNR of single images")
        .within(PEAK_SNR)
        .published_on("test set")
        .parts(IMAGES),
    Metric::higher("psnr-unquantized", "Peak SNR without quantizer", "dB", "Peak SNR of the autoencoder alone")
        .within(PEAK_SNR)
        .parts(IMAGES),
    Metric::higher("ssim", "SSIM", "", "Structural similarity (Wang et al. 2004: Gaussian window of 11 × 11)")
        .up_to(1.0)
        .parts(IMAGES)
        .scored("ssim", Measure::Pictures(|x, y, width, height| Ok(image_quality_sized(x, y, width, height)?.ssim))),
    Metric::higher(
        "ssim-uniform",
        "SSIM (uniform window)",
        "",
        "structural similarity with a uniform window of 7 × 7 and floating-point values of ±.5 in a range of 2",
    )
    .up_to(1.0)
    .published_on("test set")
    .parts(IMAGES),
    Metric::higher(
        "ssim-gray",
        "SSIM (gray values)",
        "",
        "structural similarity of the luminance with a uniform window of 7 × 7 and floating-point values of ±.5 in a \
         range of 2",
    )
    .up_to(1.0)
    .published_on("test set")
    .parts(IMAGES),
    Metric::lower(
        "latent-mse",
        "MSE of latents",
        "",
        "mean squared quantization error per coordinate of the latent vectors",
    )
    .parts(IMAGES),
    Metric::lower(
        "latent-nmse",
        "Normalized MSE of latents",
        "",
        "mean squared quantization error of the latent vectors, divided by their variance",
    )
    .parts(IMAGES),
    Metric::higher(
        "pesq",
        "PESQ",
        "MOS",
        "Predicted listener rating of speech, 1 to 4.64 (wideband PESQ, ITU-T P.862.2)",
    )
    .up_to(HIGHEST_PESQ)
    .within(Margin::Score(0.2))
    .within_of_many(MANY_UTTERANCES, 0.1)
    .over("utterances")
    .at(At::Bitrate)
    .scored("pesq", Measure::Speech(pesq)),
    Metric::higher(
        "psnr-perceptual",
        "pSNR",
        "dB",
        "Signal-to-noise ratio of speech in dB, with noise weighted by its audibility",
    )
    .within(Margin::Decibel(1.5))
    .within_of_many(MANY_UTTERANCES, 0.75)
    .over("utterances")
    .at(At::Bitrate)
    .scored("psnr-perceptual", Measure::Speech(perceptual_snr)),
    Metric::higher("pesq-opus", "PESQ of Opus", "MOS", "PESQ of the utterances coded with Opus at the same bitrate")
        .up_to(HIGHEST_PESQ)
        .over("utterances")
        .at(At::Bitrate),
    Metric::higher(
        "psnr-perceptual-opus",
        "pSNR of Opus",
        "dB",
        "perceptual SNR of the utterances coded with Opus at the same bitrate",
    )
    .over("utterances")
    .at(At::Bitrate),
    Metric::lower("bitrate", "Real bitrate", "bit/s", "bits of the coded files, headers included, per second")
        .over("utterances")
        .at(At::Bitrate),
    Metric::lower("bitrate-opus", "Real bitrate of Opus", "bit/s", "bits of the packets of Opus per second")
        .over("utterances")
        .at(At::Bitrate),
    Metric::lower(
        "envelope-db",
        "Error of envelopes",
        "dB",
        "root mean square error of the decoded spectral envelope's log energies",
    )
    .parts(FRAMES),
    Metric::higher("recall", "Recall @ T", "", "Share of queries whose true nearest neighbor is among the first T ids")
        .up_to(1.0)
        .at(At::Rank)
        .scored("recall", Measure::Ids),
];
