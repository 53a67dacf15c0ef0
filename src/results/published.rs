//! The published numbers of the paper's figures. They are embedded, so that comparison needs no files.
//! results/published/PROVENANCE.md states their origin and known anomalies.

use super::file::ResultsFile;

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/results/published/", $name)))),*]
    };
}

const FILES: &[(&str, &str)] = embedded![
    "Figure 1/PESQ.json",
    "Figure 1/pSNR.json",
    "Figure 2/correlated_dataset_Fig2-a.json",
    "Figure 2/uncorrelated_dataset_Fig2-b.json",
    "Figure 3/Data_Dimension_64.json",
    "Figure 3/Data_Dimension_128.json",
    "Figure 3/Data_Dimension_256.json",
    "Figure 4/SSIM_Fig4-a.json",
    "Figure 4/PeakSNR_Fig4-b.json",
    "Figure 4/Complexity_Fig4-c.json",
    "Figure 5/Recall.json",
    "Figure 6/Recall_RVQ_Fig6-a.json",
    "Figure 6/Complexity_Fig6-b.json",
    "Figure 6/Recall_at_16_Fig6-b_digitised.json",
];

/// The published file of a name, such as `Figure 2/correlated_dataset_Fig2-a.json`. `None` if the name is not in
/// [`published_names`].
pub fn published(name: &str) -> Option<ResultsFile> {
    let (name, text) = FILES.iter().find(|(n, _)| *n == name)?;
    // Every embedded file parses (tests/published.rs reads them all).
    ResultsFile::parse(text, name).ok()
}

/// The names of the published files, in the order of the figures.
pub fn published_names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}
