//! The cost of the reproduction, and the provenance of its numbers.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::super::ReportInput;
use super::super::document::{Document, Inline, Table, text};
use super::super::format::{duration, enumerate, share, whole};
use super::Reproduction;
use crate::data::folder::hex;
use crate::runner::Record;

/// The number of most expensive cells that are named.
const NAMED: usize = 10;

/// The records of an experiment, each once, in plan order.
fn records<'a>(input: &ReportInput<'a>) -> Vec<&'a Record> {
    input.plan.cells().iter().filter_map(|cell| input.records.get(&cell.key())).collect()
}

/// The records of all experiments of the run, each once.
fn all_records<'a>(reproduction: &Reproduction<'a>) -> Vec<&'a Record> {
    let mut seen = HashSet::new();
    let all = reproduction.computed.iter().flat_map(records);
    all.filter(|record| seen.insert(record.key.as_str())).collect()
}

fn seconds(records: &[&Record]) -> f64 {
    records.iter().map(|record| record.run.wall_seconds).sum()
}

/// The seconds in which at least one cell was running. Pauses between runs do not count.
fn elapsed(records: &[&Record]) -> f64 {
    let span = |record: &&Record| {
        let end = record.run.finished_unix as f64;
        (end - record.run.wall_seconds, end)
    };
    let mut spans: Vec<(f64, f64)> = records.iter().map(span).collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut total, mut until) = (0.0, f64::NEG_INFINITY);
    for (begin, end) in spans {
        total += (end - begin.max(until)).max(0.0);
        until = until.max(end);
    }
    total
}

pub(super) fn cost(reproduction: &Reproduction, document: &mut Document) {
    document.reference("Cost");
    let all = all_records(reproduction);
    if all.is_empty() {
        document.paragraph("No cell is done.");
        return;
    }
    document.paragraph(format!(
        "{} cells took {} of core time in total, within {} of wall time. Pauses between runs, drawing and writing do \
         not count. A cell runs on one thread. Its time is wall time, which overstates the processor time on a busy \
         machine. Cells that experiments share are in each of their rows, and once in the sum.",
        whole(all.len() as u64),
        duration(seconds(&all)),
        duration(elapsed(&all)),
    ));
    let mut table = Table::new(&[
        "experiment",
        "profile",
        "#cells",
        "#core time",
        "#wall time",
        "most expensive cell",
        "#its time",
    ]);
    for input in reproduction.computed {
        let own = records(input);
        let most_expensive = own.iter().max_by(|a, b| a.run.wall_seconds.total_cmp(&b.run.wall_seconds));
        table.row(vec![
            input.plan.name.as_str().into(),
            input.plan.profile.as_str().into(),
            own.len().to_string().into(),
            duration(seconds(&own)).into(),
            duration(elapsed(&own)).into(),
            most_expensive.map_or("–".into(), |record| record.cell.label()).into(),
            most_expensive.map_or("–".into(), |record| duration(record.run.wall_seconds)).into(),
        ]);
    }
    document.table(table);
    groups(&all, document);
    most_expensive(all, document);
}

/// By task and method.
fn groups(all: &[&Record], document: &mut Document) {
    let mut groups: Vec<((&str, &str), Vec<&Record>)> = Vec::new();
    for record in all {
        let name = (record.cell.settings.task(), record.cell.contender().label());
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, own)) => own.push(record),
            None => groups.push((name, vec![record])),
        }
    }
    groups.sort_by(|a, b| seconds(&b.1).total_cmp(&seconds(&a.1)));
    let total = seconds(all);
    let mut table = Table::new(&["task", "method", "#cells", "#core time", "#share", "#mean cell"]);
    for ((task, method), own) in groups {
        let sum = seconds(&own);
        table.row(vec![
            task.into(),
            method.into(),
            own.len().to_string().into(),
            duration(sum).into(),
            share(if total > 0.0 { sum / total } else { 0.0 }).into(),
            duration(sum / own.len() as f64).into(),
        ]);
    }
    document.subsection("By task and method");
    document.table(table);
}

fn most_expensive(mut all: Vec<&Record>, document: &mut Document) {
    all.sort_by(|a, b| b.run.wall_seconds.total_cmp(&a.run.wall_seconds));
    let mut table = Table::new(&["task", "cell", "#time"]);
    for record in all.iter().take(NAMED) {
        table.row(vec![
            record.cell.settings.task().into(),
            record.cell.label().into(),
            duration(record.run.wall_seconds).into(),
        ]);
    }
    document.subsection("The most expensive cells");
    document.table(table);
}

pub(super) fn provenance(reproduction: &Reproduction, document: &mut Document) {
    document.reference("Provenance");
    let all = all_records(reproduction);
    let distinct = |value: fn(&Record) -> &str| {
        let mut found: Vec<&str> = all.iter().map(|record| value(record)).filter(|v| !v.is_empty()).collect();
        found.sort_unstable();
        found.dedup();
        if found.is_empty() { "none".into() } else { enumerate(&found) }
    };
    let bad = all.iter().filter(|record| !record.is_done()).count();
    let code = |label: &str, value: String| vec![Inline::Plain(label.into()), Inline::Code(value)];
    document.list(vec![
        code("Made by ", format!("vqlab reproduce --profile {}", reproduction.profile)),
        code("Report written by vqlab ", env!("CARGO_PKG_VERSION").into()),
        code("Cells computed by vqlab ", distinct(|record| &record.run.program_version)),
        text(format!("Processors and vector instructions of the cells: {}.", distinct(|record| &record.run.cpu))),
        text(format!("{bad} of {} cells failed.", all.len())),
    ]);
    document.paragraph(
        "The same spec, seed and machine give bit-identical numbers. results/FOLDER/provenance/ has every cell with \
         its settings, seed, numbers and time.",
    );
    let mut table = Table::new(&["spec", "profile", "results in", "SHA-256 of the spec"]);
    for input in reproduction.computed.iter().chain(reproduction.kept) {
        let plan = input.plan;
        table.row(vec![
            plan.source.file_name().unwrap_or_default().to_string_lossy().into_owned().into(),
            plan.profile.as_str().into(),
            format!("results/{}", plan.folder).into(),
            hex(&Sha256::digest(&plan.source_text)).into(),
        ]);
    }
    document.table(table);
    attributions(reproduction, document);
}

/// The attributions of data sets.
fn attributions(reproduction: &Reproduction, document: &mut Document) {
    let mut found: Vec<&String> = Vec::new();
    for line in reproduction.computed.iter().chain(reproduction.kept).flat_map(|input| &input.plan.attributions) {
        if !found.contains(&line) {
            found.push(line);
        }
    }
    document.list(found.into_iter().map(|line| text(line.as_str())).collect());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture;

    #[test]
    fn elapsed_time_counts_no_pauses_and_nothing_twice() {
        let records = fixture::records(&fixture::plan(1));
        let mut records: Vec<Record> = records.into_values().take(3).collect();
        for (record, (end, wall)) in records.iter_mut().zip([(100, 10.0), (105, 10.0), (500, 2.0)]) {
            (record.run.finished_unix, record.run.wall_seconds) = (end, wall);
        }
        // 90 to 105, and 498 to 500.
        assert_eq!(elapsed(&records.iter().collect::<Vec<_>>()), 17.0);
        assert_eq!(elapsed(&[]), 0.0);
    }
}
