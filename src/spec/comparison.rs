//! The metric of a panel, and `[comparison]`: the comparison of its numbers with the published ones.

use super::error::{Checked, Fault};
use super::layer::Settings;
use super::plan::{Comparison, Margin};
use super::value::Node;
use crate::metric;

/// The margin of a point: the spec's, otherwise the metric's. `items` is the number of test items of the means.
pub(super) fn margin(settings: &Settings, metric: &str, items: u64) -> Margin {
    let default = metric::find(metric).map_or(Margin::DEFAULT, |row| row.margin_of(items));
    let field = match default {
        Margin::Relative(_) => "comparison.margin",
        Margin::Decibel(_) => "comparison.margin-db",
        Margin::Score(_) => "comparison.margin-pesq",
    };
    settings.number(field).map_or(default, |width| default.with_width(width))
}

/// The comparison of a panel. Margins of single points are added later.
pub(super) fn comparison(settings: &Settings, metric: &str, items: u64) -> Checked<Comparison> {
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
        margin: margin(settings, metric, items),
        point_margins: Vec::new(),
        not_comparable,
        anomalies: anomalies.iter().filter_map(Node::text).map(str::to_owned).collect(),
    })
}
