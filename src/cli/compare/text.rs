//! The comparison as tables on the terminal.

use super::{Heading, Outcome, Side};
use crate::compare::{FileComparison, FileRow, Verdict};
use crate::metric::{self, Over};
use crate::number::digits;

/// Why nothing was compared.
pub fn nothing(sides: &[Side], heading: &Heading, unreadable: &[String]) -> String {
    let mut lines = vec!["nothing to compare".to_owned()];
    for side in sides {
        if side.pairing.pairs.is_empty() {
            lines.push(format!("no JSON file has the same path below {} and below {}", side.name, heading.baseline));
            lines.extend(unpaired(side, heading));
        }
        let reasons = side.outcomes.iter().filter_map(|o| Some(format!("{}: {}", o.name, o.result.as_ref().err()?)));
        lines.extend(reasons);
    }
    lines.extend(unreadable.iter().cloned());
    lines.join("\n")
}

/// The largest number of unpaired files that are named.
const MOST_FILES: usize = 4;

/// The commands that computed the results, if they are known and differ.
fn commands(sides: &[Side], heading: &Heading) -> Vec<String> {
    let all = || sides.iter().map(|side| (&side.name, &side.commands));
    let baseline = (heading.baseline.to_owned(), heading.commands.to_vec());
    if all().all(|(_, commands)| *commands == baseline.1) {
        return Vec::new();
    }
    let line = |name: &String, command: &String| format!("{name} comes from: {command}");
    let lines = all().chain(std::iter::once((&baseline.0, &baseline.1)));
    lines.flat_map(|(name, commands)| commands.iter().map(move |command| line(name, command))).collect()
}

fn unpaired(side: &Side, heading: &Heading) -> Vec<String> {
    let names = [side.name.as_str(), heading.baseline];
    let sides = side.pairing.unpaired.iter().zip(names);
    sides
        .filter(|(files, _)| !files.is_empty())
        .map(|(files, name)| {
            let more = files.len().saturating_sub(MOST_FILES);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("only in {name}: {}{more}", files[..files.len().min(MOST_FILES)].join(", "))
        })
        .collect()
}

/// One path against the baseline: one table per file, with intervals.
pub fn one(side: &Side, heading: &Heading) -> String {
    let mut blocks: Vec<String> = Vec::new();
    for outcome in &side.outcomes {
        blocks.push(match &outcome.result {
            Err(reason) => format!("{}: not compared: {reason}", outcome.name),
            Ok(comparison) => block(outcome, comparison, side, heading),
        });
    }
    let mut end = unpaired(side, heading);
    end.extend(commands(std::slice::from_ref(side), heading));
    end.push(format!("in all: {} (margin ±{}%)", counts(&side.outcomes), percent(heading.margin)));
    blocks.push(end.join("\n"));
    blocks.join("\n\n")
}

/// `12 identical, 3 worse`.
fn counts(outcomes: &[Outcome]) -> String {
    let rows = || outcomes.iter().filter_map(|o| o.result.as_ref().ok()).flat_map(|c| &c.rows);
    let identical = rows().filter(|row| row.is_identical()).count();
    let others = Verdict::counts(rows().filter(|row| !row.is_identical()).map(|row| row.verdict));
    let others = others.into_iter().map(|(verdict, n)| format!("{n} {verdict}"));
    let identical = (identical > 0).then(|| format!("{identical} identical"));
    identical.into_iter().chain(others).collect::<Vec<_>>().join(", ")
}

fn percent(share: f64) -> String {
    format!("{:.4}", 100.0 * share).trim_end_matches('0').trim_end_matches('.').into()
}

fn block(outcome: &Outcome, comparison: &FileComparison, side: &Side, heading: &Heading) -> String {
    let mut lines = vec![format!("{}: {}", outcome.name, comparison.subject())];
    let names = [side.name.as_str(), heading.baseline];
    let head = ["curve", "point", names[0], names[1], "difference", "95 % interval", "n", "verdict"];
    let mut cells = vec![head.map(String::from).to_vec()];
    cells.extend(comparison.rows.iter().map(table_row));
    lines.extend(aligned(&cells, &["curve", "verdict"]));
    let spread = comparison.rows.iter().any(|r| r.interval.is_some() || r.verdict == Verdict::Inconclusive);
    if outcome.assumed && spread {
        lines.push(format!("  no provenance beside {}: {} runs per point assumed (--runs)", side.name, heading.runs));
    }
    lines.extend(remarks(comparison, &names));
    lines.join("\n")
}

/// The remarks below a table, with the names of the two paths.
fn remarks(comparison: &FileComparison, names: &[&str; 2]) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(Over::Items(items)) = metric::find_label(&comparison.metric).map(|row| row.over) {
        lines.push(format!(
            "  n are {items}; the paper does not state the number of test {items}, so our number is used"
        ));
    }
    let by_name = |line: &String| line.replace("OURS", names[0]).replace("BASELINE", names[1]);
    lines.extend(comparison.other_data.iter().map(|line| format!("  not comparable, other data: {}", by_name(line))));
    lines.extend(comparison.unpaired.iter().map(|line| format!("  {}", by_name(line))));
    lines
}

fn table_row(row: &FileRow) -> Vec<String> {
    let mean = |mean: Option<f64>| mean.map_or("-".into(), |mean| digits(mean, 6));
    let n = match (row.ours.map(|e| e.n), row.published.map(|e| e.n)) {
        (Some(ours), Some(theirs)) if ours == theirs => ours.to_string(),
        (Some(ours), Some(theirs)) => format!("{ours}, {theirs}"),
        (Some(n), None) | (None, Some(n)) => n.to_string(),
        (None, None) => "-".into(),
    };
    vec![
        row.curve.clone(),
        row.tick.clone(),
        mean(row.ours.map(|e| e.mean)),
        mean(row.published.map(|e| e.mean)),
        row.difference.filter(|share| share.is_finite()).map_or("-".into(), signed),
        match row.interval.filter(|_| !row.is_identical()) {
            Some((low, high)) => format!("{} .. {}", signed(low), signed(high)),
            None => "-".into(),
        },
        n,
        row.outcome().into(),
    ]
}

fn signed(share: f64) -> String {
    format!("{:+.2}%", 100.0 * share)
}

/// Several paths against the baseline: one table per file, one column per path.
pub fn several(sides: &[Side], heading: &Heading) -> String {
    let mut files: Vec<&str> = Vec::new();
    for outcome in sides.iter().flat_map(|side| &side.outcomes) {
        if !files.contains(&outcome.name.as_str()) {
            files.push(&outcome.name);
        }
    }
    let mut blocks: Vec<String> = files.iter().map(|file| columns(file, sides, heading)).collect();
    let mut end: Vec<String> = sides.iter().flat_map(|side| unpaired(side, heading)).collect();
    end.extend(commands(sides, heading));
    let (baseline, margin) = (heading.baseline, percent(heading.margin));
    end.extend(
        sides
            .iter()
            .map(|side| format!("{} against {baseline}: {} (margin ±{margin}%)", side.name, counts(&side.outcomes))),
    );
    blocks.push(end.join("\n"));
    blocks.join("\n\n")
}

fn columns(file: &str, sides: &[Side], heading: &Heading) -> String {
    let of_side =
        |side: &Side| side.outcomes.iter().find(|o| o.name == file).and_then(|o| o.result.as_ref().ok().cloned());
    let comparisons: Vec<Option<FileComparison>> = sides.iter().map(of_side).collect();
    let subject = comparisons.iter().flatten().map(FileComparison::subject).next().unwrap_or_default();
    let mut lines = vec![format!("{file}: {subject}; differences to {}", heading.baseline)];
    let mut points: Vec<(&str, &str)> = Vec::new();
    for row in comparisons.iter().flatten().flat_map(|comparison| &comparison.rows) {
        let point = (row.curve.as_str(), row.tick.as_str());
        if !points.contains(&point) {
            points.push(point);
        }
    }
    let names = sides.iter().flat_map(|side| [side.name.clone(), String::new()]);
    let head = ["curve", "point", heading.baseline].map(String::from);
    let mut cells: Vec<Vec<String>> = vec![head.into_iter().chain(names).collect()];
    for (curve, tick) in points {
        let rows = comparisons.iter().map(|comparison| {
            let rows = comparison.as_ref().map_or(&[][..], |comparison| &comparison.rows);
            rows.iter().find(|row| (row.curve.as_str(), row.tick.as_str()) == (curve, tick))
        });
        let rows: Vec<Option<&FileRow>> = rows.collect();
        let baseline = rows.iter().flatten().find_map(|row| row.published).map_or("-".into(), |e| digits(e.mean, 6));
        let mut line = vec![curve.to_owned(), tick.to_owned(), baseline];
        for row in rows {
            line.push(row.and_then(|row| row.ours).map_or("-".into(), |e| digits(e.mean, 6)));
            line.push(row.map_or(String::new(), |row| match row.difference.filter(|_| !row.is_identical()) {
                Some(difference) => format!("{} {}", signed(difference), row.outcome()),
                None => row.outcome().to_owned(),
            }));
        }
        cells.push(line);
    }
    lines.extend(aligned(&cells, &["curve", ""]));
    for (side, comparison) in sides.iter().zip(&comparisons) {
        match side.outcomes.iter().find(|o| o.name == file) {
            Some(Outcome { result: Err(reason), .. }) => lines.push(format!("  {}: not compared: {reason}", side.name)),
            _ => lines.extend(comparison.iter().flat_map(|c| remarks(c, &[&side.name, heading.baseline]))),
        }
    }
    lines.join("\n")
}

/// Aligned rows, with two blanks between the columns. Columns named in `left` are flush left, the others flush right.
fn aligned(cells: &[Vec<String>], left: &[&str]) -> Vec<String> {
    let Some(head) = cells.first() else { return Vec::new() };
    let width = |i: usize| cells.iter().map(|row| row[i].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let aligned =
            row.iter().zip(head).zip(&widths).map(|((cell, head), width)| match left.contains(&head.as_str()) {
                true => format!("{cell:<width$}"),
                false => format!("{cell:>width$}"),
            });
        format!("  {}", aligned.collect::<Vec<_>>().join("  ").trim_end())
    };
    cells.iter().map(line).collect()
}
