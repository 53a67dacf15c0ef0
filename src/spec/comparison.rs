//! The metric of a panel, and `[comparison]`: the comparison of its numbers with the published ones.

use super::error::{Checked, Fault};
use super::layer::Settings;
use super::plan::{Comparison, Margin};
use super::value::Node;

/// Default equivalence margin: ±0.5 %.
const MARGIN: f64 = 0.005;
/// Default margin for values in dB, about the difference between 10 runs of the paper.
const MARGIN_DB: f64 = 0.25;
/// From this number of test utterances on, the margin is narrower.
const MANY_UTTERANCES: u64 = 300;
/// Default margins for means over few and over many utterances: PESQ in points of its score, and perceptual SNR in dB.
/// Utterances differ by about .4 points and 2.5 dB. The difference of two means over 46 of them thus has an interval
/// (90 %) of ±.15 and ±.9 dB; over 300 of them, ±.06 and ±.35 dB. The margins are as wide as such intervals can decide.
const MARGINS_PESQ: [f64; 2] = [0.2, 0.1];
const MARGINS_PERCEPTUAL: [f64; 2] = [1.5, 0.75];

/// The margin of a point, in dB or points according to the metric. `utterances` is the number of test utterances.
pub(super) fn margin(settings: &Settings, metric: &str, utterances: u64) -> Margin {
    let has_many = usize::from(utterances >= MANY_UTTERANCES);
    match metric {
        "psnr" | "psnr-images" => Margin::Decibel(settings.number("comparison.margin-db").unwrap_or(MARGIN_DB)),
        "psnr-perceptual" => {
            Margin::Decibel(settings.number("comparison.margin-db").unwrap_or(MARGINS_PERCEPTUAL[has_many]))
        }
        "pesq" => Margin::Score(settings.number("comparison.margin-pesq").unwrap_or(MARGINS_PESQ[has_many])),
        _ => Margin::Relative(settings.number("comparison.margin").unwrap_or(MARGIN)),
    }
}

/// The comparison of a panel. Margins of single points are added later.
pub(super) fn comparison(settings: &Settings, metric: &str, utterances: u64) -> Checked<Comparison> {
    const COMPARABLE: &str = "comparison.comparable";
    const REASON: &str = "comparison.reason";
    let is_comparable = settings.flag(COMPARABLE).unwrap_or(true);
    settings.depends(REASON, COMPARABLE, !is_comparable, "comparison.comparable = false")?;
    let reason = settings.text(REASON).filter(|reason| !reason.trim().is_empty());
    let not_comparable = match (is_comparable, reason, settings.node(COMPARABLE)) {
        (false, Some(reason), _) => Some(reason.to_owned()),
        (false, None, Some(node)) => {
            return Err(Fault::new(node.span, "`comparison.comparable` = false needs `comparison.reason`")
                .allowed("reason = \"why the numbers can't be compared with the published ones\""));
        }
        _ => None,
    };
    let anomalies = settings.node("comparison.anomalies").and_then(Node::list).unwrap_or_default();
    Ok(Comparison {
        margin: margin(settings, metric, utterances),
        point_margins: Vec::new(),
        not_comparable,
        anomalies: anomalies.iter().filter_map(Node::text).map(str::to_owned).collect(),
    })
}
