//! Aggregates → Results files under the published names, written atomically.

use std::path::{Path, PathBuf};

use super::aggregate::{Aggregate, Point, find_aggregate, result_metrics};
use super::file::{Axis, Curve, CurveValues, ResultsError, ResultsFile};
use super::provenance::{provenance_path, read_provenance};
use crate::metric;
use crate::spec::{Contender, Panel, PanelAxis, Plan, Trainer};

/// The metric that goes into a panel's Results file under the published name: `mse-training`, `psnr-fresh`,
/// `log10-wmops-published`, `recall` over T, or over bits the recall at the first T of the spec.
pub fn primary_metric(plan: &Plan, panel: &Panel) -> String {
    let metric = &panel.metric;
    match (plan.task.primary_part(plan.primary), &panel.axis, panel.measured_at.first()) {
        (Some(part), ..) => format!("{metric}-{part}"),
        (None, PanelAxis::Bits, Some(at)) => format!("{metric}@{at}"),
        _ => metric.clone(),
    }
}

/// The metrics that a panel's Results file under the published name shows, and that its cells must have.
pub fn shown_metrics(plan: &Plan, panel: &Panel) -> Vec<String> {
    match &panel.axis {
        PanelAxis::Rank(places) | PanelAxis::Bitrate(places) => {
            places.iter().map(|at| format!("{}@{at}", panel.metric)).collect()
        }
        _ => vec![primary_metric(plan, panel)],
    }
}

/// The path of a panel's metric below the profile's folder: the published name for the primary metric, otherwise
/// `NAME-ENDING.json` beside it (`-fresh`, `-training`, `-corrected`, `-lookup`, `-T100`, `-at-9600`).
pub fn results_path(plan: &Plan, panel: &Panel, metric: &str) -> PathBuf {
    if metric == primary_metric(plan, panel) {
        return PathBuf::from(&panel.results_file);
    }
    let ending = metric.strip_prefix(&panel.metric).unwrap_or(metric).trim_start_matches(['-', '@']);
    let ending = format!("{}{ending}", plan.task.axis().map_or("", |axis| axis.ending));
    beside(&panel.results_file, &ending)
}

/// The paths of a panel's Results files below the profile's folder. The first has the published name.
pub fn files_of(plan: &Plan, panel: &Panel) -> Vec<String> {
    let path = |metric: &String| results_path(plan, panel, metric).to_string_lossy().into_owned();
    primary_first(plan, panel).iter().map(path).collect()
}

/// One panel's metric in the paper's format, with one curve per contender of the panel. Missing values are null.
/// Operation counts have no spread and are plain values. Baselines with published counterparts are plain values, as the
/// published ones.
pub fn results_file(plan: &Plan, panel: &Panel, aggregate: &Aggregate) -> ResultsFile {
    let places = aggregate.places();
    let mut labels = panel.labels.clone();
    labels.push(("Metric".into(), metric::label(&aggregate.metric)));
    labels.extend(measured_on(plan, panel, &aggregate.metric).map(|set| (MEASURED_ON.into(), set.into())));
    let is_there = |contender: &&Contender| panel.points.iter().any(|point| point.contender == **contender);
    let curves = plan.contenders.iter().filter(is_there).map(|contender| {
        let row = |value: fn(&Point) -> Option<f64>| -> Vec<Option<f64>> {
            places.iter().map(|at| aggregate.point(*contender, *at).and_then(value)).collect()
        };
        let name = panel.curve_name(*contender);
        let plain = !plan.task.trains()
            || (panel.published_file.is_some()
                && !matches!(panel.axis, PanelAxis::Bitrate(_))
                && contender.trainer == Trainer::Kmeans
                && name.contains(' '));
        let values = match plain {
            true => CurveValues::Plain(row(Point::mean)),
            false => CurveValues::Spread {
                mean: row(Point::mean),
                low: row(Point::quantile_low),
                high: row(Point::quantile_high),
            },
        };
        Curve { name, values }
    });
    let curves = curves.collect();
    let ticks = places.iter().map(|at| panel.axis.tick(*at)).collect();
    ResultsFile { labels, axis: Axis { name: panel.axis.name().into(), ticks }, curves }
}

/// The label of a Results file that states the set on which its values were measured.
pub const MEASURED_ON: &str = "Measured on";

/// The value of [`MEASURED_ON`]: `training set` or `test set`. `None` if there is only one measurement, and for the
/// counterpart of a published file, which has no such label.
fn measured_on(plan: &Plan, panel: &Panel, metric: &str) -> Option<&'static str> {
    let published = plan.task.published_part()?;
    let part = metric.strip_prefix(&panel.metric)?.strip_prefix('-')?;
    let is_published = panel.published_file.is_some() && part == published && metric == primary_metric(plan, panel);
    (!is_published).then_some(if part == "training" { "training set" } else { "test set" })
}

/// [`result_metrics`], the primary one first.
fn primary_first(plan: &Plan, panel: &Panel) -> Vec<String> {
    let primary = primary_metric(plan, panel);
    let mut metrics = result_metrics(plan, panel);
    metrics.sort_by_key(|metric| *metric != primary);
    metrics
}

/// Writes the Results files of every panel below `results_root`/PROFILE/ and returns their paths, the primary file of
/// each panel first. Removes files of an earlier run with another `evaluation.primary` if their names now mean
/// something else.
///
/// # Errors
/// File system errors, and values that are not finite.
pub fn write_results(plan: &Plan, aggregates: &[Aggregate], results_root: &Path) -> Result<Vec<PathBuf>, ResultsError> {
    let folder = results_root.join(&plan.folder);
    let mut written = Vec::new();
    for panel in &plan.panels {
        for metric in &primary_first(plan, panel) {
            if let Some(aggregate) = find_aggregate(aggregates, &panel.name, metric) {
                let path = folder.join(results_path(plan, panel, metric));
                results_file(plan, panel, aggregate).write(&path)?;
                written.push(path);
            }
        }
    }
    for name in superseded(plan, results_root) {
        let path = folder.join(name);
        if path.is_file() && !written.contains(&path) {
            std::fs::remove_file(&path).map_err(|source| ResultsError::Write { path, source })?;
        }
    }
    Ok(written)
}

/// The files that held the primary metric of a panel while the other metric was primary. They would be mistaken for
/// current files. Only files that the provenance of the last run lists for this experiment.
fn superseded(plan: &Plan, results_root: &Path) -> Vec<PathBuf> {
    if plan.task.published_part().is_none() {
        return Vec::new();
    }
    let Ok(last) = read_provenance(&provenance_path(plan, results_root)) else { return Vec::new() };
    let own: Vec<PathBuf> = last.panels.iter().flat_map(|panel| &panel.results_files).map(PathBuf::from).collect();
    let of_panel = |panel: &Panel| beside(&panel.results_file, plan.primary.name());
    plan.panels.iter().map(of_panel).filter(|path| own.contains(path)).collect()
}

/// `NAME-ENDING.json` beside `NAME.json`.
fn beside(results_file: &str, ending: &str) -> PathBuf {
    let path = PathBuf::from(results_file);
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    path.with_file_name(format!("{stem}-{ending}.json"))
}

/// A name as part of a file name. Letters, digits, dots, underscores and `=` stay; other characters become hyphens.
pub(crate) fn file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '.' | '_' | '=') { c } else { '-' }).collect()
}

/// Replaces a file atomically: temporary file in the same folder, sync, rename. Creates missing folders. A file that
/// already holds these bytes is not written.
///
/// # Errors
/// [`ResultsError::Write`].
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), ResultsError> {
    crate::temporary::replace(path, bytes).map_err(|source| ResultsError::Write { path: path.into(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{aggregate, fixture};

    #[test]
    fn both_measurements_stand_side_by_side() {
        let plan = fixture::plan(3);
        let mut records = fixture::records(&plan);
        for cell in &plan.panels[0].points[1].cells {
            records.remove(&cell.key());
        }
        let root = tempfile::tempdir().unwrap();
        let paths = write_results(&plan, &aggregate(&plan, &records), root.path()).unwrap();
        let below: Vec<_> = paths.iter().map(|p| p.strip_prefix(root.path()).unwrap().to_str().unwrap()).collect();
        let expected = ["quick/Figure 2/correlated.json", "quick/Figure 2/correlated-fresh.json"];
        assert_eq!(below, expected);
        let file = ResultsFile::read(&paths[0]).unwrap();
        assert_eq!(file.labels, [("Data".into(), "Correlated".into()), ("Metric".into(), "MSE".into())]);
        assert_eq!(file.axis.ticks, ["12 bits", "16 bits"]);
        assert_eq!(file.mean_at("AVQ", 16), None);
        assert!(file.mean_at("AVQ", 12).is_some());
        assert!(std::fs::read_to_string(&paths[0]).unwrap().contains("null"));
        let left = std::fs::read_dir(paths[0].parent().unwrap()).unwrap().count();
        assert_eq!(left, 2, "temporary files stay behind");
        let fresh = ResultsFile::read(&paths[1]).unwrap();
        assert_eq!(fresh.label(MEASURED_ON), Some("test set"));
    }

    #[test]
    fn another_primary_metric_leaves_no_file_that_means_something_else() {
        let mut plan = fixture::plan(1);
        let records = fixture::records(&plan);
        let root = tempfile::tempdir().unwrap();
        let write = |plan: &Plan| {
            let paths = write_results(plan, &aggregate(plan, &records), root.path()).unwrap();
            crate::results::write_provenance(plan, &records, root.path()).unwrap();
            let folder = paths[0].parent().unwrap().to_owned();
            let mut files: Vec<(String, Option<String>)> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .map(|path| {
                    let measured_on = ResultsFile::read(&path).unwrap().label(MEASURED_ON).map(str::to_owned);
                    (path.file_name().unwrap().to_string_lossy().into_owned(), measured_on)
                })
                .collect();
            files.sort();
            files
        };
        plan.panels[0].published_file = None;
        let [training, test] = ["training set", "test set"].map(|set| Some(set.to_owned()));
        let file = |name: &str, set: &Option<String>| (name.to_owned(), set.clone());
        assert_eq!(write(&plan), [file("correlated-fresh.json", &test), file("correlated.json", &training)]);
        plan.primary = crate::spec::Primary::Fresh;
        assert_eq!(write(&plan), [file("correlated-training.json", &training), file("correlated.json", &test)]);
        // A file of the same name from another experiment stays.
        let foreign = root.path().join("quick/Figure 2/correlated-fresh.json");
        std::fs::copy(root.path().join("quick/Figure 2/correlated.json"), &foreign).unwrap();
        write(&plan);
        assert!(foreign.is_file());
    }
}
