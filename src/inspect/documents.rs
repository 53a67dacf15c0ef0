//! JSON files: records, provenance and Results.

use std::path::Path;

use serde::Deserialize;
use serde_json::json;

use super::{InspectError, Inspected, inspected};
use crate::results::{Curve, CurveValues, PROVENANCE_FORMAT, ResultsError, ResultsFile, read_provenance};
use crate::runner::{RECORD_FORMAT, Status, parse_record};

pub fn inspect(path: &Path, bytes: &[u8]) -> Result<Inspected, InspectError> {
    #[derive(Deserialize)]
    struct Format {
        format: Option<String>,
    }
    let content = |reason: String| InspectError::Content { path: path.into(), reason };
    let format = match serde_json::from_slice(bytes) {
        Ok(Format { format }) => format,
        // A `format` that is not text is a curve or an axis.
        Err(error) if error.is_data() => None,
        Err(error) => return Err(content(format!("not a complete JSON object: {error}"))),
    };
    match format.as_deref() {
        Some(RECORD_FORMAT) => record(bytes).map_err(content),
        Some(PROVENANCE_FORMAT) => Ok(provenance(path)?),
        _ => Ok(results(path, bytes)?),
    }
}

fn record(bytes: &[u8]) -> Result<Inspected, String> {
    let record = parse_record(bytes)?;
    let mut holds = json!({
        "cell": record.cell.label(),
        "key": record.key,
        "status": record.status,
        "reason": record.reason,
        "metrics": record.metrics,
        "settings": record.cell.settings,
        "seed": record.cell.seed,
        "log_points": record.log.len(),
        "test_items": record.samples.values().map(Vec::len).max().unwrap_or(0),
        "run": record.run,
    });
    if let (None, Some(holds)) = (&record.reason, holds.as_object_mut()) {
        holds.shift_remove("reason");
    }
    Ok(inspected("record", holds))
}

fn provenance(path: &Path) -> Result<Inspected, ResultsError> {
    let file = read_provenance(path)?;
    let done = file.cells.iter().filter(|cell| cell.status == Status::Done).count();
    let panels = file.panels.iter().map(|panel| panel.name.as_str());
    Ok(inspected(
        "provenance",
        json!({
            "experiment": file.experiment,
            "profile": file.profile,
            "spec": file.spec,
            "spec_sha256": file.spec_sha256,
            "panels": panels.collect::<Vec<_>>(),
            "results_files": file.panels.iter().flat_map(|panel| &panel.results_files).collect::<Vec<_>>(),
            "cells": file.cells.len(),
            "cells_done": done,
            "hours": file.cells.iter().map(|cell| cell.wall_seconds).sum::<f64>() / 3600.0,
        }),
    ))
}

fn results(path: &Path, bytes: &[u8]) -> Result<Inspected, ResultsError> {
    let file = ResultsFile::parse(&String::from_utf8_lossy(bytes), &path.display().to_string())?;
    let spread = |curve: &Curve| matches!(curve.values, CurveValues::Spread { .. });
    Ok(inspected(
        "results",
        json!({
            "labels": serde_json::Map::from_iter(file.labels.iter().map(|(key, value)| (key.clone(), json!(value)))),
            "axis": file.axis.name,
            "ticks": file.axis.ticks,
            "quantiles": file.curves.iter().any(spread),
            "curves": serde_json::Map::from_iter(file.curves.iter().map(|c| (c.name.clone(), json!(c.mean())))),
        }),
    ))
}
