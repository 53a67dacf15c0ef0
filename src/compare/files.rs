//! Compares two Results files of any origin, point by point.

use super::statistics::PUBLISHED_RUNS;
use super::{Estimate, Judgement, Verdict, judge, judge_exact};
use crate::metric::{self, Metric};
use crate::results::{Curve, CurveValues, MEASURED_ON, ResultsFile};
use crate::spec::Margin;

/// Options of a comparison.
pub struct FileOptions<'a> {
    /// Equivalence margin relative to the published mean.
    pub margin: f64,
    /// The number of runs of our point (curve name, tick). For PESQ and perceptual SNR, the number of utterances.
    pub runs: &'a dyn Fn(&str, &str) -> usize,
    /// As `runs`, for the baseline. Unknown numbers are taken as 10 runs, or as our number of utterances.
    pub baseline_runs: &'a dyn Fn(&str, &str) -> Option<usize>,
    /// The values of the single runs of a point, if they are known. Arguments: (is baseline, curve name, tick, their
    /// mean, metric).
    pub values: &'a PointValues<'a>,
}

/// See [`FileOptions::values`].
pub type PointValues<'a> = dyn Fn(bool, &str, &str, f64, &Metric) -> Option<Vec<f64>> + 'a;

/// The common points of both files, and the parts that only one file has.
#[derive(Clone, Debug, PartialEq)]
pub struct FileComparison {
    /// The label "Metric".
    pub metric: String,
    /// The label "Measured on", if there is one.
    pub measured_on: Option<String>,
    /// `VQ Bitrate`.
    pub axis: String,
    /// Labels that show different data, in words. If there are any, there are no verdicts.
    pub other_data: Vec<String>,
    /// By curve, in the published order.
    pub rows: Vec<FileRow>,
    /// Curves and ticks of one file alone, in words.
    pub unpaired: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct FileRow {
    pub curve: String,
    pub tick: String,
    pub ours: Option<Estimate>,
    pub published: Option<Estimate>,
    /// ours / published − 1.
    pub difference: Option<f64>,
    /// 95 % Welch interval of `difference`.
    pub interval: Option<(f64, f64)>,
    pub verdict: Verdict,
}

impl FileComparison {
    /// `MSE on the test set over VQ Bitrate`.
    pub fn subject(&self) -> String {
        let set = self.measured_on.as_ref().map(|set| format!(" on the {set}")).unwrap_or_default();
        format!("{}{set} over {}", self.metric, self.axis)
    }
}

impl FileRow {
    /// Whether both sides have bit-identical values.
    pub fn is_identical(&self) -> bool {
        let values = |e: Estimate| [e.mean, e.low, e.high].map(f64::to_bits);
        self.verdict != Verdict::NotComparable
            && self.ours.zip(self.published).is_some_and(|(ours, theirs)| values(ours) == values(theirs))
    }

    /// The verdict's name, or `identical`.
    pub fn outcome(&self) -> &'static str {
        if self.is_identical() { "identical" } else { self.verdict.name() }
    }
}

/// Why two files can't be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    #[error("they measure different things: {ours:?} and {published:?} (key \"Metric\")")]
    Metric { ours: String, published: String },
    #[error("the metric {0:?} is unknown; allowed: {known}", known = known_labels())]
    UnknownMetric(String),
    #[error("one was measured on the {ours}, the other one on the {published} (key \"Measured on\")")]
    MeasuredOn { ours: String, published: String },
    #[error("they have different x axes: {ours:?} and {published:?}")]
    Axis { ours: String, published: String },
    #[error("no point is in both files: {0}")]
    Nothing(String),
}

fn known_labels() -> String {
    metric::METRICS.iter().map(|m| format!("{:?}", m.label)).collect::<Vec<_>>().join(", ")
}

/// Compares the points that share curve name and tick. The spread of measured points is recovered from the quantiles of
/// both sides ([`Estimate::of_quantiles`]). Operation counts must agree within 1e-12.
///
/// # Errors
/// See [`CompareError`].
pub fn compare_files(
    ours: &ResultsFile,
    published: &ResultsFile,
    options: &FileOptions,
) -> Result<FileComparison, CompareError> {
    let [our_metric, metric] = [ours, published].map(|f| f.metric().unwrap_or_default().to_owned());
    if our_metric != metric {
        return Err(CompareError::Metric { ours: our_metric, published: metric });
    }
    let kind = metric::find_label(&metric).ok_or_else(|| CompareError::UnknownMetric(metric.clone()))?;
    if ours.axis.name != published.axis.name {
        let [ours, published] = [ours, published].map(|f| f.axis.name.clone());
        return Err(CompareError::Axis { ours, published });
    }
    let [our_set, their_set] = [ours, published].map(|f| measured_on(f, kind));
    if let (Some(ours), Some(published)) = (our_set, their_set)
        && ours != published
    {
        return Err(CompareError::MeasuredOn { ours: ours.into(), published: published.into() });
    }
    let mut rows = Vec::new();
    for theirs in &published.curves {
        if let Some(curve) = ours.curve(&theirs.name) {
            for (tick, name) in published.axis.ticks.iter().enumerate() {
                let at = ours.axis.ticks.iter().position(|t| t == name);
                rows.extend(at.map(|at| row((curve, at), (theirs, tick), name, options, kind)));
            }
        }
    }
    let other_data = other_data(ours, published);
    if !other_data.is_empty() {
        let compared = rows.iter_mut().filter(|row: &&mut FileRow| row.difference.is_some());
        compared.for_each(|row| row.verdict = Verdict::NotComparable);
    }
    let unpaired = unpaired(ours, published);
    if !rows.iter().any(|r| r.difference.is_some()) {
        let nothing = "one side is null at every common curve and tick".to_owned();
        return Err(CompareError::Nothing(if unpaired.is_empty() { nothing } else { unpaired.join("; ") }));
    }
    let measured_on = [ours, published].iter().find_map(|f| f.label(MEASURED_ON)).map(str::to_owned);
    Ok(FileComparison { metric, measured_on, axis: published.axis.name.clone(), other_data, rows, unpaired })
}

/// The set that a file's values were measured on. The published files have no such label.
fn measured_on<'a>(file: &'a ResultsFile, metric: &Metric) -> Option<&'a str> {
    file.label(MEASURED_ON).or(metric.published_on)
}

fn row(
    (ours, our_tick): (&Curve, usize),
    (theirs, tick): (&Curve, usize),
    name: &str,
    options: &FileOptions,
    metric: &Metric,
) -> FileRow {
    let plain = |curve: &Curve| matches!(curve.values, CurveValues::Plain(_));
    let exact = metric.is_computed() && plain(ours) && plain(theirs);
    let runs = (options.runs)(&theirs.name, name);
    let unknown = if metric.is_over_items() { runs } else { PUBLISHED_RUNS };
    let their_runs = (options.baseline_runs)(&theirs.name, name).unwrap_or(unknown);
    let values = |is_baseline: bool, mean: f64| (options.values)(is_baseline, &theirs.name, name, mean, metric);
    let ours = estimate(ours, our_tick, runs, &|mean| values(false, mean));
    let published = estimate(theirs, tick, their_runs, &|mean| values(true, mean));
    let judgement: Option<Judgement> = match (&ours, &published) {
        (Some(a), Some(b)) if exact => Some(judge_exact(a.mean, b.mean)),
        (Some(a), Some(b)) => Some(judge(a, b, Margin::Relative(options.margin), metric.direction)),
        _ => None,
    };
    let verdict = match &judgement {
        Some(judgement) => judgement.verdict,
        None if ours.is_none() => Verdict::Missing,
        None => Verdict::NotComparable,
    };
    FileRow {
        curve: theirs.name.clone(),
        tick: name.into(),
        ours,
        published,
        difference: judgement.map(|j| j.difference),
        interval: judgement.and_then(|j| j.interval),
        verdict,
    }
}

/// An estimate with the spread of the single runs if they are known, otherwise with the spread from the quantiles.
fn estimate(curve: &Curve, tick: usize, runs: usize, values: &dyn Fn(f64) -> Option<Vec<f64>>) -> Option<Estimate> {
    let mean = (*curve.mean().get(tick)?)?;
    // A single number has an unknown spread.
    let Some((low, high)) = curve.quantiles(tick) else { return Some(Estimate::exact(mean)) };
    let known = values(mean).and_then(|values| Estimate::of_values(&values));
    Some(match known {
        Some(known) => Estimate { mean, low, high, ..known },
        None => Estimate::of_quantiles(mean, low, high, runs),
    })
}

/// Labels with different values in both files, such as "Data" or "Data Dimension". Also our synthetic data if the
/// published file names no data.
fn other_data(ours: &ResultsFile, published: &ResultsFile) -> Vec<String> {
    const DATA: &str = "Data";
    if let Some(name) =
        ours.label(DATA).filter(|name| name.starts_with("synthetic-") && published.label(DATA).is_none())
    {
        return vec![format!("{DATA:?} is {name:?} in OURS, synthetic data")];
    }
    let differing = published.labels.iter().filter(|(key, _)| key != MEASURED_ON).filter_map(|(key, theirs)| {
        let value = ours.label(key).filter(|value| value != theirs)?;
        Some(format!("{key:?} is {value:?} in OURS and {theirs:?} in BASELINE"))
    });
    differing.collect()
}

fn unpaired(ours: &ResultsFile, published: &ResultsFile) -> Vec<String> {
    let mut lines = Vec::new();
    let mut alone = |what: &str, names: [Vec<&str>; 2]| {
        for (i, side) in ["OURS", "BASELINE"].iter().enumerate() {
            let only: Vec<_> = names[i].iter().filter(|n| !names[1 - i].contains(n)).copied().collect();
            if !only.is_empty() {
                lines.push(format!("{what} only in {side}: {}", only.join(", ")));
            }
        }
    };
    alone("curves", [ours, published].map(|f| f.curves.iter().map(|c| c.name.as_str()).collect()));
    alone("ticks", [ours, published].map(|f| f.axis.ticks.iter().map(String::as_str).collect()));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::published;

    fn compare(ours: &str, theirs: &ResultsFile, runs: usize) -> Result<FileComparison, CompareError> {
        compare_files(&published(ours).unwrap(), theirs, &options(&|_, _| runs))
    }

    fn options<'a>(runs: &'a dyn Fn(&str, &str) -> usize) -> FileOptions<'a> {
        FileOptions { margin: 0.01, runs, baseline_runs: &|_, _| None, values: &|_, _, _, _, _| None }
    }

    #[test]
    fn a_file_reproduces_itself() {
        for name in ["Figure 2/uncorrelated_dataset_Fig2-b.json", "Figure 6/Complexity_Fig6-b.json"] {
            let comparison = compare(name, &published(name).unwrap(), 10).unwrap();
            assert!(comparison.rows.iter().all(|r| r.verdict == Verdict::Reproduced), "{name}");
            assert_eq!((comparison.rows.len(), comparison.unpaired.len()), (24, 0));
        }
        let name = "Figure 2/uncorrelated_dataset_Fig2-b.json";
        let single = compare(name, &published(name).unwrap(), 1).unwrap();
        assert!(single.rows.iter().all(|r| r.verdict == Verdict::Inconclusive && r.outcome() == "identical"));
    }

    #[test]
    fn both_sides_count_with_the_runs_and_the_spread_that_they_have() {
        let file = published("Figure 2/uncorrelated_dataset_Fig2-b.json").unwrap();
        let mut ours = file.clone();
        ours.labels.push((MEASURED_ON.into(), "training set".into()));
        let own = options(&|_, _| 2);
        let counted = FileOptions { baseline_runs: &|_, _| Some(3), ..own };
        let row = &compare_files(&ours, &file, &counted).unwrap().rows[0];
        assert_eq!((row.ours.unwrap().n, row.published.unwrap().n), (2, 3));
        let known = FileOptions { values: &|_, _, _, mean, _| Some(vec![mean - 1.0, mean, mean + 1.0]), ..counted };
        let row = &compare_files(&ours, &file, &known).unwrap().rows[0];
        let estimate = row.published.unwrap();
        assert_eq!((estimate.n, estimate.standard_deviation), (3, 1.0));
        assert_eq!(estimate.low, file.curves[0].quantiles(0).unwrap().0);
        // Training set errors and test errors are not comparable.
        ours.labels.last_mut().unwrap().1 = "test set".into();
        let error = compare_files(&ours, &file, &known).unwrap_err();
        assert!(error.to_string().contains("on the test set, the other one on the training set"), "{error}");
    }

    #[test]
    fn differences_in_kind_are_errors_and_parts_are_named() {
        let mse = "Figure 2/uncorrelated_dataset_Fig2-b.json";
        let error = compare(mse, &published("Figure 4/Complexity_Fig4-c.json").unwrap(), 10).unwrap_err();
        assert!(error.to_string().contains("\"MSE\""), "{error}");
        let mut other = published(mse).unwrap();
        other.curves.remove(0);
        other.axis.ticks[0] = "8 bits".into();
        let comparison = compare(mse, &other, 10).unwrap();
        assert_eq!(comparison.rows.len(), 14);
        let unpaired = ["curves only in OURS: AVQ", "ticks only in OURS: 12 bits", "ticks only in BASELINE: 8 bits"];
        assert_eq!(comparison.unpaired, unpaired);
        other.axis.ticks.iter_mut().for_each(|t| t.push('!'));
        assert!(matches!(compare(mse, &other, 10), Err(CompareError::Nothing(_))));
        let other_data = compare(mse, &published("Figure 2/correlated_dataset_Fig2-a.json").unwrap(), 10).unwrap();
        assert_eq!(other_data.other_data, [r#""Data" is "Uncorrelated" in OURS and "Correlated" in BASELINE"#]);
        assert!(other_data.rows.iter().all(|r| r.verdict == Verdict::NotComparable && r.difference.is_some()));
        let pesq = published("Figure 1/PESQ.json").unwrap();
        let mut ours = pesq.clone();
        ours.labels.insert(0, ("Data".into(), "synthetic-speech".into()));
        let forty = |_: &str, _: &str| 40;
        let synthetic = compare_files(&ours, &pesq, &options(&forty)).unwrap();
        assert_eq!(synthetic.other_data, [r#""Data" is "synthetic-speech" in OURS, synthetic data"#]);
        assert!(synthetic.rows.iter().all(|r| r.verdict == Verdict::NotComparable));
        let row = &compare_files(&pesq, &pesq, &options(&forty)).unwrap().rows[0];
        assert_eq!((row.ours.unwrap().n, row.published.unwrap().n, row.tick.as_str()), (40, 40, "8 kbits/sec"));
        other.labels[1].1 = "Loudness".into();
        let error = compare_files(&other, &other, &options(&|_, _| 10)).unwrap_err();
        assert!(error.to_string().contains("\"PESQ\""), "{error}");
    }
}
