//! The metrics. One table row per metric ([`METRICS`]) drives specs, tables, plots, Pareto fronts, comparison, claims and
//! `vqlab score`. The module also computes recall and the quality of pictures and speech.
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
mod row;
mod speech;
mod structure;
mod table;

pub use image::{
    ImageQuality, ImageQualityError, SHORTEST_SIDE, image_psnr, image_quality, image_quality_sized, pixel_error,
};
pub use perceptual::perceptual_snr;
pub use pesq::{SHORTEST_SPEECH, pesq};
pub use row::{At, Direction, Margin, Measure, Metric, OfPictures, Over, Score};
pub use speech::{Side, SpeechQualityError};
pub use table::METRICS;
pub use vqlab_core::recall::{RecallError, recall_at};

/// The row of a metric by its name in a spec or in records. The row of `mse-fresh` is MSE, that of `recall@16` is
/// recall, and that of `pesq@8000` is PESQ.
pub fn find(name: &str) -> Option<&'static Metric> {
    let name = name.split('@').next().unwrap_or(name);
    METRICS.iter().find(|row| row.is_named(name))
}

/// The name of a record metric in Results files and on axes: `recall@16` becomes `Recall @ 16`, and `pesq@9600` becomes
/// `PESQ @ 9.6 kbit/s`.
pub fn label(name: &str) -> String {
    let (base, at) = name.split_once('@').map_or((name, None), |(base, at)| (base, Some(at)));
    let (label, place) = find(base).map_or((base, At::Bitrate), |row| (row.label, row.at));
    match (at, place) {
        (Some(rank), At::Rank) => format!("{}{rank}", label.trim_end_matches('T')),
        (Some(bitrate), At::Bitrate | At::Nothing) => match bitrate.parse::<f64>() {
            Ok(bitrate) => format!("{label} @ {} kbit/s", bitrate / 1e3),
            Err(_) => label.to_owned(),
        },
        (None, _) => label.to_owned(),
    }
}

/// The row with this label in Results files. `Recall @ 16` finds recall.
pub fn find_label(label: &str) -> Option<&'static Metric> {
    let base = |label: &'static str| label.split(" @ ").next();
    let at = label.split_once(" @ ").map(|(base, _)| base);
    METRICS.iter().find(|row| row.label == label || (at.is_some() && base(row.label) == at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_labels_have_one_row() {
        for (i, row) in METRICS.iter().enumerate() {
            assert!(row.record_names().iter().all(|name| find(name) == Some(row)), "{}", row.name);
            assert!(METRICS[..i].iter().all(|other| other.label != row.label), "{}", row.name);
            assert!(row.score.is_none_or(|score| {
                METRICS.iter().filter_map(|r| r.score).filter(|s| s.name == score.name).count() == 1
            }));
        }
        let names = ["mse-fresh", "psnr-images-training", "psnr-perceptual@8000", "recall@16", "repeated-share"];
        let rows = names.map(|name| find(name).map(|row| row.name));
        assert_eq!(rows, ["mse", "psnr-images", "psnr-perceptual", "recall", "repeated-share"].map(Some));
        assert!(["mse-", "mse-Fresh", "ms", "psnr-fresher", "-fresh", ""].iter().all(|name| find(name).is_none()));
        assert_eq!(find_label("Recall @ 16").map(|m| m.name), Some("recall"));
        assert_eq!((label("pesq@9600"), label("recall@16")), ("PESQ @ 9.6 kbit/s".into(), "Recall @ 16".into()));
        assert_eq!(find_label(&label("pesq@9600")), find("pesq@9600"));
        for name in crate::results::published_names() {
            let file = crate::results::published(name).unwrap();
            assert!(find_label(file.metric().unwrap()).is_some(), "{name}");
        }
    }

    #[test]
    fn errors_are_small_for_good_values() {
        let error = |name: &str, value| find(name).unwrap().error(value);
        assert_eq!(["mse-fresh", "ssim-fresh", "psnr-fresh"].map(|name| error(name, 0.25)), [0.25, 0.75, -0.25]);
        assert_eq!([error("pesq@8000", 4.644), error("envelope-db", 2.0)], [0.0, 2.0]);
    }

    #[test]
    fn margins_have_the_unit_of_the_metric() {
        let margin = |name: &str, items| find(name).unwrap().margin_of(items);
        assert_eq!([margin("mse", 0), margin("recall", 5)], [Margin::Relative(0.005); 2]);
        assert_eq!([margin("psnr", 0), margin("psnr-images", 9_000)], [Margin::Decibel(0.25); 2]);
        assert_eq!([299, 300].map(|items| margin("pesq", items)), [Margin::Score(0.2), Margin::Score(0.1)]);
        assert_eq!([299, 300].map(|items| margin("psnr-perceptual", items).width()), [1.5, 0.75]);
    }
}
