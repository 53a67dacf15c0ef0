//! The report of a speech experiment: real bitrates, both measures, paired gaps, Opus, and audio excerpts.

mod gaps;
mod listen;

use std::path::Path;

use super::Speech;
use super::beside::opus;
use crate::compare::PanelComparison;
use crate::metric;
use crate::report::document::{Cell, Document, Table, Text, text};
use crate::report::format::{difference, margin, signed, significant, unit, whole};
use crate::report::points::method_name;
use crate::report::{ReportInput, Sections, Words, panel_name};
use crate::results::{Point, aggregate_metric, primary_metric, timing_mean};
use crate::spec::{CellSettings, Panel, PlannedPoint, Primary, SpeechData, SpeechSettings};
use crate::speech::Opus;

impl Sections for Speech {
    fn words(&self, _: Primary) -> Words {
        Words {
            points: "The quality of decoded speech by each panel's metric, at each target bitrate. Ours is the mean \
                 over the test utterances (and the seeds), ± half the range that holds the middle 95 % of the \
                 utterances.",
            difference: "The difference is ours against the published mean, in points of the score for PESQ and in dB \
                 for perceptual SNR, with its 95 % interval (Welch, over utterances).",
            verdicts: "The published numbers are compared with the mean over the test utterances, which training has \
                 not heard. Spread and standard errors are over utterances. The paper does not state the number of its \
                 test utterances; the number of ours is assumed. Differences of PESQ are in points of its score (MOS), \
                 differences of perceptual SNR in dB. "
                .into(),
            ..Words::default()
        }
    }

    fn data_in_words(&self, settings: &CellSettings) -> String {
        if let CellSettings::Speech(speech) = settings { speech_in_words(&speech.data) } else { String::new() }
    }

    fn setting_in_words(&self, settings: &CellSettings) -> String {
        if let CellSettings::Speech(speech) = settings { setting_in_words(speech) } else { String::new() }
    }

    fn sections(&self, input: &ReportInput, out_dir: &Path, document: &mut Document) {
        measures(input, document);
        gaps::sections(input, document);
        envelopes(input, document);
        listen::excerpts(input, out_dir, Opus::find().as_ref(), document);
    }
}

/// A description of the speech data.
fn speech_in_words(data: &SpeechData) -> String {
    let what = match data.digest.is_some() {
        true => data.name.clone(),
        false => format!("{} (made by this program, not recorded; seed {})", data.name, data.seed.unwrap_or(1)),
    };
    format!("{what}: {} utterances to train on, {} to test on", whole(data.training), whole(data.test))
}

/// A description of the speech data and of the codec's settings.
fn setting_in_words(settings: &SpeechSettings) -> String {
    let codec = &settings.codec;
    let trained = match &settings.end_to_end {
        None => "codebooks are trained on the envelopes' log energies".to_owned(),
        Some(end) => format!(
            "codebooks are trained on the envelopes' log energies, then end to end for the weighted error of the \
             decoded spectrum ({} updates of {} frames through {}, learning rate {})",
            whole(end.updates),
            end.batch_size,
            end.estimator.label(),
            end.learning_rate
        ),
    };
    let reservoir = match codec.reservoir {
        0 => "every frame has a fixed bit budget".to_owned(),
        ms => format!("frames share a reservoir of {ms} ms of the bitrate"),
    };
    format!(
        "{}, 16 kHz; frames of {} samples, {} bands, γ = {}, rounding {}, noise \
         filling {}, {reservoir}; {trained}",
        speech_in_words(&settings.data),
        codec.advance,
        codec.bands,
        codec.weighting,
        codec.rounding,
        codec.noise_filling
    )
}

/// The panels with cells that no earlier panel has.
fn panels<'a>(input: &ReportInput<'a>) -> impl Iterator<Item = &'a Panel> {
    let plan = input.plan;
    plan.panels.iter().filter(|panel| !plan.is_part_of_earlier(panel))
}

/// Adds the panel's name as a heading, unless there is only one such panel.
fn head(input: &ReportInput, panel: &Panel, document: &mut Document) {
    if panels(input).count() > 1 {
        document.subsection(panel_name(panel));
    }
}

fn settings(panel: &Panel) -> Option<&SpeechSettings> {
    match panel.settings() {
        Some(CellSettings::Speech(settings)) => Some(settings),
        _ => None,
    }
}

/// The mean over the cells of one point.
fn mean(input: &ReportInput, panel: &Panel, planned: &PlannedPoint, metric: &str) -> Option<f64> {
    aggregate_metric(panel, metric, input.records).point(planned.contender, planned.bits).and_then(Point::mean)
}

fn kilobits(bitrate: f64) -> String {
    format!("{:.3}", bitrate / 1e3)
}

/// A target bitrate of 9600 as 9.6.
fn target(bitrate: u32) -> String {
    (f64::from(bitrate) / 1e3).to_string()
}

fn or_dash(value: Option<String>) -> Cell {
    value.unwrap_or_else(|| "–".into()).into()
}

/// Real bitrates, PESQ and perceptual SNR of the methods and of Opus.
fn measures(input: &ReportInput, document: &mut Document) {
    document.section("The codec at each bitrate");
    document.paragraph(
        "The codec splits speech into overlapping frames and transforms them (MDCT). Vector quantization codes the \
         spectral envelope of each frame in mel bands. The rest of the bitrate codes the spectrum: its values are \
         weighted by the decoded envelope, rounded, and coded by an arithmetic coder with probabilities from the same \
         envelope. Only the method of vector quantization differs. Real bitrates are over the coded files of all test \
         utterances, headers included. Quality is measured on the decoded files.",
    );
    for panel in panels(input) {
        let Some(settings) = settings(panel) else { continue };
        head(input, panel, document);
        let (table, furthest) = by_bitrate(input, panel);
        if table.rows.is_empty() {
            document.paragraph("No cell of this panel is done.");
            continue;
        }
        document.table(table);
        document.list(notes(input, panel, settings, furthest));
    }
}

/// The table, and the largest relative deviation of a real bitrate from its target, with its method and target.
fn by_bitrate(input: &ReportInput, panel: &Panel) -> (Table, Option<(f64, String)>) {
    let lengths: Vec<u32> = panel.points.iter().map(|point| point.bits).collect();
    let has_bits = lengths.iter().any(|bits| *bits != lengths[0]);
    let mut titles = vec!["#kbit/s", "method"];
    titles.extend(has_bits.then_some("#bits"));
    titles.extend(["#real kbit/s", "#PESQ (MOS)", "#perceptual SNR (dB)"]);
    let mut table = Table::new(&titles);
    let opus = opus(panel, input.records);
    let mut furthest: Option<(f64, String)> = None;
    for &at in &panel.measured_at {
        for planned in &panel.points {
            let [real, pesq, psnr] = ["bitrate", "pesq", "psnr-perceptual"]
                .map(|metric| mean(input, panel, planned, &format!("{metric}@{at}")));
            if real.or(pesq).or(psnr).is_none() {
                continue;
            }
            if let Some(off) = real.map(|real| real / f64::from(at) - 1.0) {
                let whose = format!("{} at {} kbit/s", method_name(planned), target(at));
                furthest = furthest.filter(|(most, _)| most.abs() >= off.abs()).or(Some((off, whose)));
            }
            let mut row: Vec<Cell> = vec![target(at).into(), method_name(planned).into()];
            row.extend(has_bits.then(|| planned.bits.to_string().into()));
            row.extend([or_dash(real.map(kilobits)), or_dash(pesq.map(score)), or_dash(psnr.map(decibel))]);
            table.row(row);
        }
        if let Some(opus) = opus.iter().find(|opus| opus.at == at) {
            let mut row: Vec<Cell> = vec![target(at).into(), "Opus".into()];
            row.extend(has_bits.then(|| "–".into()));
            row.extend([kilobits(opus.bitrate).into(), score(opus.pesq).into(), or_dash(opus.psnr.map(decibel))]);
            table.row(row);
        }
    }
    (table, furthest)
}

fn score(pesq: f64) -> String {
    format!("{pesq:.3}")
}

fn decibel(psnr: f64) -> String {
    signed(psnr, 2).trim_start_matches('+').into()
}

fn notes(input: &ReportInput, panel: &Panel, settings: &SpeechSettings, furthest: Option<(f64, String)>) -> Vec<Text> {
    let mut notes = Vec::new();
    if let Some((off, whose)) = furthest {
        let percent = signed(100.0 * off, 2);
        notes.push(text(format!("The real bitrate furthest from its target: {percent} % ({whose}).")));
    }
    let has_opus = !opus(panel, input.records).is_empty();
    notes.push(text(match (settings.evaluation.opus, has_opus) {
        (_, true) => {
            "Opus codes the same utterances with its command-line tools (opusenc, opusdec) at the same target \
             bitrates. Its real bitrate counts its packets, without the Ogg container."
        }
        (true, false) => "Opus: not measured: opusenc and opusdec were not installed when the cells ran.",
        (false, false) => "Opus: not measured, because evaluation.opus = false.",
    }));
    let shown = input.plan.panels.iter().filter(|other| other.name == panel.name || same_cells(other, panel));
    notes.extend(shown.filter_map(|panel| within_margin(input, panel)));
    notes
}

fn same_cells(panel: &Panel, other: &Panel) -> bool {
    let cells = |panel: &Panel| panel.points.iter().flat_map(|p| p.cells.clone()).collect::<Vec<_>>();
    cells(panel) == cells(other)
}

/// The number of means within the margin of the published mean or above it, regardless of the spread.
fn within_margin(input: &ReportInput, panel: &Panel) -> Option<Text> {
    let is_own = |c: &&PanelComparison| c.panel == panel.name && c.not_comparable.is_none();
    let comparison = input.comparisons.iter().find(is_own)?;
    let differences: Vec<f64> = comparison.points.iter().filter_map(|p| p.difference).collect();
    let good = comparison.points.iter().filter(|p| p.difference.is_some_and(|d| d >= -p.margin.width())).count();
    let lowest = differences.iter().copied().reduce(f64::min)?;
    let label = metric::label(&primary_metric(input.plan, panel));
    Some(text(format!(
        "{label}: {good} of {} means lie within {} of the published ones or above; the lowest difference is {} {}.",
        differences.len(),
        margin(panel.comparison.margin),
        difference(lowest, panel.comparison.margin),
        unit(panel.comparison.margin)
    )))
}

/// The error of the envelopes alone, and the measured times.
fn envelopes(input: &ReportInput, document: &mut Document) {
    let mut blocks: Vec<(&Panel, Table)> = Vec::new();
    for panel in panels(input) {
        let times = timings(input, panel);
        let mut titles = vec!["method".to_owned(), "#bits".into(), "#error (dB)".into(), "#on training frames".into()];
        titles.extend(times.iter().map(|name| format!("#{}", name.replace('-', " "))));
        let mut table = Table::new(&titles);
        for planned in &panel.points {
            let errors = ["envelope-db", "envelope-db-training"].map(|metric| mean(input, panel, planned, metric));
            if errors.iter().all(Option::is_none) {
                continue;
            }
            let mut row: Vec<Cell> = vec![method_name(planned).into(), planned.bits.to_string().into()];
            row.extend(errors.map(|error| or_dash(error.map(|error| format!("{error:.3}")))));
            let time = |name: &String| timing_mean(planned, name, input.records);
            row.extend(times.iter().map(|name| or_dash(time(name).map(significant))));
            table.row(row);
        }
        if !table.rows.is_empty() {
            blocks.push((panel, table));
        }
    }
    if blocks.is_empty() {
        return;
    }
    document.section("Error and cost of the envelopes");
    document.paragraph(
        "Root mean square error of the decoded envelopes' log energies. It does not depend on the bitrate. Times were \
         measured on one thread while other cells ran.",
    );
    for (panel, table) in blocks {
        head(input, panel, document);
        document.table(table);
    }
}

/// The names of all timings of the panel's cells.
fn timings(input: &ReportInput, panel: &Panel) -> Vec<String> {
    let records = panel.points.iter().flat_map(|p| &p.cells).filter_map(|cell| input.records.get(&cell.key()));
    let mut names: Vec<String> = records.flat_map(|record| record.run.timings.keys().cloned()).collect();
    names.sort();
    names.dedup();
    names
}
