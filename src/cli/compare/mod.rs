//! `vqlab compare`: compares Results files point by point, ours with the published ones, or two of your own runs.

mod json;
mod text;

use std::cell::Cell;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{CliError, print};
use crate::compare::{FileComparison, FileOptions, Pairing, Runs, compare_files, pair};
use crate::results::{ResultsError, ResultsFile};

/// Compares Results files, or folders of them, with a baseline: the published files, or another run.
///
/// Each point has the difference of the means with its 95 % Welch interval, and a verdict. Identical: equal values.
/// Reproduced: equivalent within the margin (two one-sided tests at 5 %). Better, worse: beyond the margin, and the
/// interval excludes 0. Inconclusive: none of these. Not comparable: other data (a label such as "Data" differs).
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vqlab compare results/paper results/published\n  \
    vqlab compare try/results/default results/default --baseline try/results/default\n  \
    vqlab compare --margin 0.5% ours.json \"results/published/Figure 3/Data_Dimension_128.json\"\n\n\
    The number of runs of a point and their spread come from the folder provenance/ beside\n\
    the Results files. More than two paths give one table per file.")]
pub struct CompareArgs {
    /// Results files, or folders of them (results/PROFILE). Files with equal relative paths are compared.
    #[arg(required = true, num_args = 2.., value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The path that the others are compared with [default: the last one]
    #[arg(long, value_name = "PATH")]
    baseline: Option<PathBuf>,
    /// Equivalence margin relative to the baseline's mean, as 1% or 0.01.
    #[arg(long, default_value = "1%", value_parser = margin)]
    margin: f64,
    /// Number of runs of a point (PESQ and perceptual SNR: utterances) if no provenance file states it.
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
        _ => Err("allowed are margins above 0 and below 100 %, such as 1% or 0.01".into()),
    }
}

/// One pair of files, compared or not.
struct Outcome {
    name: String,
    result: Result<FileComparison, String>,
    /// Whether the number of runs comes from `--runs`.
    assumed: bool,
}

/// One path against the baseline.
struct Side {
    /// The part of the path that differs from the other paths.
    name: String,
    pairing: Pairing,
    outcomes: Vec<Outcome>,
    /// The commands that computed the results, as far as provenance files state them.
    commands: Vec<String>,
}

/// The data that all sides share in the output.
struct Heading<'a> {
    baseline: &'a str,
    /// The commands that computed the baseline's results.
    commands: &'a [String],
    margin: f64,
    runs: u16,
}

/// Prints the comparison to stdout.
///
/// # Errors
/// [`CliError::Usage`]: the paths don't fit together. [`CliError::Failed`]: nothing could be compared, or a file could
/// not be read.
pub fn run(args: CompareArgs) -> Result<(), CliError> {
    for path in args.paths.iter().chain(&args.baseline) {
        if !path.exists() {
            return Err(CliError::Usage(format!("{} does not exist", path.display())));
        }
    }
    let reference = reference(&args)?;
    let names = short_names(&args.paths);
    let mut unreadable = Vec::new();
    let mut sides: Vec<Side> = Vec::new();
    let mut baseline_commands: Vec<String> = Vec::new();
    for (i, path) in args.paths.iter().enumerate().filter(|(i, _)| *i != reference) {
        let pairing = pair(path, &args.paths[reference]).map_err(|e| CliError::Usage(e.to_string()))?;
        let (mut outcomes, mut commands) = (Vec::new(), Vec::new());
        for (name, ours, theirs) in &pairing.pairs {
            match compare(name, ours, theirs, &args) {
                Ok((outcome, found)) => {
                    outcomes.push(outcome);
                    for (all, command) in [&mut commands, &mut baseline_commands].into_iter().zip(found) {
                        all.extend(command.filter(|command| !all.contains(command)));
                    }
                }
                Err(error) => unreadable.push(error.to_string()),
            }
        }
        sides.push(Side { name: names[i].clone(), pairing, outcomes, commands });
    }
    let heading =
        Heading { baseline: &names[reference], commands: &baseline_commands, margin: args.margin, runs: args.runs };
    if !sides.iter().flat_map(|side| &side.outcomes).any(|outcome| outcome.result.is_ok()) {
        return Err(CliError::Failed(text::nothing(&sides, &heading, &unreadable)));
    }
    let text = match (args.json, &sides[..]) {
        (true, [side]) => format!("{:#}", json::one(side, &heading)),
        (true, _) => format!("{:#}", json::several(&sides, &heading)),
        (false, [side]) => text::one(side, &heading),
        (false, _) => text::several(&sides, &heading),
    };
    print(&format!("{text}\n"))?;
    if unreadable.is_empty() { Ok(()) } else { Err(CliError::Failed(unreadable.join("\n"))) }
}

/// The position of the baseline among the paths.
fn reference(args: &CompareArgs) -> Result<usize, CliError> {
    let Some(baseline) = &args.baseline else { return Ok(args.paths.len() - 1) };
    let resolved = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let wanted = resolved(baseline);
    args.paths.iter().position(|path| resolved(path) == wanted).ok_or_else(|| {
        let list: Vec<String> = args.paths.iter().map(|path| path.display().to_string()).collect();
        CliError::Usage(format!(
            "--baseline {} is none of the compared paths\nallowed: {}",
            baseline.display(),
            list.join(", ")
        ))
    })
}

/// The paths without their common first folders and their common last part: `try1` and `try2` for
/// `try1/results/default` and `try2/results/default`.
fn short_names(paths: &[PathBuf]) -> Vec<String> {
    let parts: Vec<Vec<String>> = paths
        .iter()
        .map(|path| path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect())
        .collect();
    let shortest = parts.iter().map(Vec::len).min().unwrap_or(0);
    let agree =
        |part: &dyn Fn(&[String]) -> Option<&String>| parts.windows(2).all(|pair| part(&pair[0]) == part(&pair[1]));
    // Each path keeps at least one part.
    let before = (0..shortest.saturating_sub(1)).take_while(|i| agree(&|parts| parts.get(*i))).count();
    let after = (0..shortest.saturating_sub(before + 1))
        .take_while(|i| agree(&|parts| parts.len().checked_sub(i + 1).and_then(|at| parts.get(at))))
        .count();
    let rest = |parts: &Vec<String>| parts[before..parts.len() - after].iter().collect::<PathBuf>();
    parts.iter().map(|parts| rest(parts).display().to_string()).collect()
}

/// The comparison of two files, and the commands that computed them.
fn compare(
    name: &str,
    ours: &Path,
    theirs: &Path,
    args: &CompareArgs,
) -> Result<(Outcome, [Option<String>; 2]), ResultsError> {
    let runs = [Runs::find(ours)?, Runs::find(theirs)?];
    let (ours, theirs) = (ResultsFile::read(ours)?, ResultsFile::read(theirs)?);
    let assumed = Cell::new(false);
    let options = FileOptions {
        margin: args.margin,
        runs: &|curve, tick| {
            runs[0].of(curve, tick).unwrap_or_else(|| {
                assumed.set(true);
                usize::from(args.runs)
            })
        },
        baseline_runs: &|curve, tick| runs[1].of(curve, tick),
        values: &|is_baseline, curve, tick, mean, metric| {
            runs[usize::from(is_baseline)].values(curve, tick, mean, metric)
        },
    };
    let result = compare_files(&ours, &theirs, &options).map_err(|e| e.to_string());
    let commands = [0, 1].map(|side| runs[side].command());
    Ok((Outcome { name: name.into(), result, assumed: assumed.get() }, commands))
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

    #[test]
    fn paths_are_called_by_what_tells_them_apart() {
        let names = |paths: &[&str]| short_names(&paths.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(names(&["results/paper", "results/published"]), ["paper", "published"]);
        assert_eq!(names(&["try1/results/default", "try2/results/default"]), ["try1", "try2"]);
        assert_eq!(names(&["results/default", "there/results/default"]), ["results", "there/results"]);
        assert_eq!(names(&["a.json", "b/c.json"]), ["a.json", "b/c.json"]);
        assert_eq!(names(&["same", "same"]), ["same", "same"]);
        assert_eq!(names(&["/a/r", "b/r"]), ["/a", "b"]);
        assert_eq!(names(&["x/a/r", "x/b/r", "x/c/r"]), ["a", "b", "c"]);
    }
}
