//! `vqlab compare`: Results files against Results files, point by point.

use std::cell::Cell;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::{CliError, print};
use crate::compare::{Estimate, FileComparison, FileOptions, FileRow, Pairing, Runs, Verdict, compare_files, pair};
use crate::metric::{self, Metric};
use crate::number::digits;
use crate::results::ResultsFile;

/// Compares Results files (or folders of them) with the published ones.
///
/// Per point: the difference of the means with its 95 % Welch interval, and a verdict. Reproduced: equivalent within the
/// margin (two one-sided tests at 5 %). Better, worse: beyond the margin, interval without 0. Inconclusive: neither.
/// Not comparable: other data (a label such as "Data" differs).
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vqlab compare results/paper results/published\n  \
    vqlab compare --margin 0.5% ours.json \"results/published/Figure 3/Data_Dimension_128.json\"")]
pub struct CompareArgs {
    /// Our Results file, or a folder of them (results/PROFILE).
    ours: PathBuf,
    /// The Results file to compare with, or a folder; files with equal relative paths are compared.
    published: PathBuf,
    /// Equivalence margin relative to the published mean, as 1% or 0.01.
    #[arg(long, default_value = "1%", value_parser = margin)]
    margin: f64,
    /// Runs behind OURS (of PESQ and perceptual SNR: utterances) where no provenance file tells.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn margin(text: &str) -> Result<f64, String> {
    let (number, scale) = text.strip_suffix('%').map_or((text, 1.0), |number| (number.trim(), 0.01));
    match number.parse::<f64>() {
        Ok(value) if value > 0.0 && value * scale < 1.0 => Ok(value * scale),
        _ => Err("a margin is above 0 and below 100 %: write 1% or 0.01".into()),
    }
}

/// One pair of files, compared or not.
struct Outcome {
    name: String,
    result: Result<FileComparison, String>,
    /// Whether `--runs` had to be believed.
    assumed: bool,
}

/// Prints the comparison to stdout.
///
/// # Errors
/// Paths that don't fit together are wrong use; it has failed where nothing could be compared or a file could not be read.
pub fn run(args: CompareArgs) -> Result<(), CliError> {
    for path in [&args.ours, &args.published] {
        if !path.exists() {
            return Err(CliError::Usage(format!("{} does not exist", path.display())));
        }
    }
    let pairing = pair(&args.ours, &args.published).map_err(|e| CliError::Usage(e.to_string()))?;
    let mut unreadable = Vec::new();
    let mut outcomes = Vec::new();
    for (name, ours, published) in &pairing.pairs {
        let read = || Ok((ResultsFile::read(ours)?, ResultsFile::read(published)?, Runs::find(ours)?));
        match read() {
            Ok((ours, published, runs)) => outcomes.push(compare(name, &ours, &published, &runs, &args)),
            Err::<_, crate::results::ResultsError>(e) => unreadable.push(e.to_string()),
        }
    }
    if !outcomes.iter().any(|o| o.result.is_ok()) {
        return Err(CliError::Failed(nothing(&pairing, &outcomes, &unreadable)));
    }
    let text = if args.json { to_json(&outcomes, &pairing, &args) } else { to_text(&outcomes, &pairing, &args) };
    print(&format!("{text}\n"))?;
    if unreadable.is_empty() { Ok(()) } else { Err(CliError::Failed(unreadable.join("\n"))) }
}

fn compare(name: &str, ours: &ResultsFile, published: &ResultsFile, runs: &Runs, args: &CompareArgs) -> Outcome {
    let assumed = Cell::new(false);
    let told = |curve: &str, tick: &str| {
        runs.of(curve, tick).unwrap_or_else(|| {
            assumed.set(true);
            usize::from(args.runs)
        })
    };
    let options = FileOptions { margin: args.margin, runs: &told };
    let result = compare_files(ours, published, &options).map_err(|e| e.to_string());
    Outcome { name: name.into(), result, assumed: assumed.get() }
}

fn nothing(pairing: &Pairing, outcomes: &[Outcome], unreadable: &[String]) -> String {
    let mut lines = vec!["nothing to compare".to_owned()];
    if pairing.pairs.is_empty() {
        lines.push("no JSON file has the same path below both folders".into());
        lines.extend(unpaired(pairing));
    }
    lines.extend(outcomes.iter().filter_map(|o| Some(format!("{}: {}", o.name, o.result.as_ref().err()?))));
    lines.extend(unreadable.iter().cloned());
    lines.join("\n")
}

fn unpaired(pairing: &Pairing) -> Vec<String> {
    let sides = pairing.unpaired.iter().zip(["OURS", "PUBLISHED"]);
    sides
        .filter(|(names, _)| !names.is_empty())
        .map(|(names, side)| format!("only in {side}: {}", names.join(", ")))
        .collect()
}

fn to_text(outcomes: &[Outcome], pairing: &Pairing, args: &CompareArgs) -> String {
    let mut blocks = Vec::new();
    for outcome in outcomes {
        blocks.push(match &outcome.result {
            Err(reason) => format!("{}: not compared: {reason}", outcome.name),
            Ok(comparison) => block(&outcome.name, comparison, outcome.assumed, args),
        });
    }
    let verdicts = outcomes.iter().filter_map(|o| o.result.as_ref().ok()).flat_map(|c| &c.rows).map(|r| r.verdict);
    let counts = Verdict::counts(verdicts).into_iter().map(|(verdict, n)| format!("{n} {verdict}"));
    let mut end = unpaired(pairing);
    end.push(format!("in all: {} (margin ±{}%)", counts.collect::<Vec<_>>().join(", "), percent(args.margin)));
    blocks.push(end.join("\n"));
    blocks.join("\n\n")
}

fn percent(share: f64) -> String {
    format!("{:.4}", 100.0 * share).trim_end_matches('0').trim_end_matches('.').into()
}

fn block(name: &str, comparison: &FileComparison, assumed: bool, args: &CompareArgs) -> String {
    let mut lines = vec![format!("{name}: {} over {}", comparison.metric, comparison.axis)];
    let head = ["curve", "point", "ours", "published", "difference", "95 % interval", "n", "verdict"];
    let mut cells = vec![head.map(String::from)];
    cells.extend(comparison.rows.iter().map(table_row));
    let width = |i: usize| cells.iter().map(|row| row[i].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    for row in &cells {
        let aligned = row.iter().enumerate().map(|(i, cell)| match i {
            0 | 7 => format!("{cell:<width$}", width = widths[i]),
            _ => format!("{cell:>width$}", width = widths[i]),
        });
        lines.push(format!("  {}", aligned.collect::<Vec<_>>().join("  ").trim_end()));
    }
    let spread = comparison.rows.iter().any(|r| r.interval.is_some() || r.verdict == Verdict::Inconclusive);
    if assumed && spread {
        lines.push(format!("  no provenance beside OURS: {} runs a point are assumed (--runs)", args.runs));
    }
    if metric::find_label(&comparison.metric).is_some_and(Metric::is_over_items) {
        lines.push("  n are utterances; of how many the published are is not stated, so as many are taken".into());
    }
    lines.extend(comparison.other_data.iter().map(|line| format!("  not comparable, other data: {line}")));
    lines.extend(comparison.unpaired.iter().map(|line| format!("  {line}")));
    lines.join("\n")
}

fn table_row(row: &FileRow) -> [String; 8] {
    let mean = |e: &Option<Estimate>| e.map_or("-".into(), |e| digits(e.mean, 6));
    let signed = |share: f64| format!("{:+.2}%", 100.0 * share);
    [
        row.curve.clone(),
        row.tick.clone(),
        mean(&row.ours),
        mean(&row.published),
        row.difference.filter(|share| share.is_finite()).map_or("-".into(), signed),
        row.interval.map_or("-".into(), |(low, high)| format!("{} .. {}", signed(low), signed(high))),
        row.ours.map_or("-".into(), |e| e.n.to_string()),
        row.verdict.name().into(),
    ]
}

fn to_json(outcomes: &[Outcome], pairing: &Pairing, args: &CompareArgs) -> String {
    let files: Vec<Value> = outcomes
        .iter()
        .map(|outcome| match &outcome.result {
            Err(reason) => json!({ "file": outcome.name, "error": reason }),
            Ok(comparison) => json!({
                "file": outcome.name,
                "metric": comparison.metric,
                "axis": comparison.axis,
                "runs_assumed": outcome.assumed,
                "points": comparison.rows.iter().map(json_row).collect::<Vec<_>>(),
                "other_data": comparison.other_data,
                "unpaired": comparison.unpaired,
            }),
        })
        .collect();
    let [ours, published] = &pairing.unpaired;
    let value = json!({
        "margin": args.margin,
        "files": files,
        "only_in_ours": ours,
        "only_in_published": published,
    });
    format!("{value:#}")
}

fn json_row(row: &FileRow) -> Value {
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
        "verdict": row.verdict.name(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn margins_are_shares_or_per_cent() {
        assert_eq!(margin("0.01"), Ok(0.01));
        assert_eq!(margin("0.5%"), Ok(0.005));
        assert_eq!(margin("2 %"), Ok(0.02));
        for wrong in ["0", "-1%", "100%", "1", "x", ""] {
            assert!(margin(wrong).is_err(), "{wrong}");
        }
    }
}
