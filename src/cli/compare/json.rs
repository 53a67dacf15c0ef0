//! The comparison as JSON.

use serde_json::{Value, json};

use super::{Heading, Outcome, Side};
use crate::compare::{Estimate, FileRow};

/// The comparison of two paths.
pub fn one(side: &Side, heading: &Heading) -> Value {
    let mut value = of_side(side);
    value["margin"] = json!(heading.margin);
    value["baseline"] = json!(heading.baseline);
    value
}

/// The comparison of more than two paths: one entry for each path except the baseline.
pub fn several(sides: &[Side], heading: &Heading) -> Value {
    json!({
        "margin": heading.margin,
        "baseline": heading.baseline,
        "comparisons": sides.iter().map(of_side).collect::<Vec<_>>(),
    })
}

fn of_side(side: &Side) -> Value {
    let [ours, published] = &side.pairing.unpaired;
    json!({
        "name": side.name,
        "files": side.outcomes.iter().map(file).collect::<Vec<_>>(),
        "only_in_ours": ours,
        "only_in_published": published,
    })
}

fn file(outcome: &Outcome) -> Value {
    match &outcome.result {
        Err(reason) => json!({ "file": outcome.name, "error": reason }),
        Ok(comparison) => json!({
            "file": outcome.name,
            "metric": comparison.metric,
            "measured_on": comparison.measured_on,
            "axis": comparison.axis,
            "runs_assumed": outcome.assumed,
            "points": comparison.rows.iter().map(row).collect::<Vec<_>>(),
            "other_data": comparison.other_data,
            "unpaired": comparison.unpaired,
        }),
    }
}

fn row(row: &FileRow) -> Value {
    let estimate = |e: &Option<Estimate>| {
        e.map(|e| json!({ "mean": e.mean, "low": e.low, "high": e.high, "standard_deviation": e.standard_deviation, "n": e.n }))
    };
    json!({
        "curve": row.curve,
        "point": row.tick,
        "ours": estimate(&row.ours),
        "published": estimate(&row.published),
        "difference": row.difference,
        "interval": row.interval.map(|(low, high)| [low, high]),
        "verdict": row.outcome(),
    })
}
