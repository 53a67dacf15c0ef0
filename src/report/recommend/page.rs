//! The page of a recommendation: the answer with its command, figures and main plot first; definitions last, folded.

use std::path::{Path, PathBuf};

use super::super::document::{Answer, Block, Card, Document, Line, Picture, Tone, text};
use super::super::format::signed;
use super::super::{ReportError, html, terms};
use super::{Asked, command, data, hint, long, table};
use crate::figure::{Drawn, Pareto};
use crate::number::{bytes, trimmed};
use crate::recommend::{Choice, Recommendation, decibel, plus_minus};
use crate::results::write_atomic;

/// Writes the self-contained `DIR/report.html` and returns its path.
///
/// # Errors
/// [`ReportError`]
pub fn write_recommendation(
    found: &Recommendation,
    asked: &Asked,
    drawn: &Pareto,
    dir: &Path,
) -> Result<PathBuf, ReportError> {
    let name = asked.data.file_name().unwrap_or_default().to_string_lossy();
    let mut document = Document { title: format!("Which vector quantizer for {name}"), ..Document::default() };
    document.blocks.push(Block::Answer(answer(found, asked, drawn)));
    alternatives(found, asked, &mut document);
    super::super::explorer::of_recommendation(found, &mut document)?;
    document.section("All quantizers");
    for choice in &found.choices {
        subsection(found, choice, &mut document);
        document.table(table::quantizers(found, choice));
    }
    more_pictures(found, drawn, &mut document);
    references(found, &mut document);
    let path = dir.join("report.html");
    write_atomic(&path, html::render(&document).as_bytes())?;
    Ok(path)
}

fn answer(found: &Recommendation, asked: &Asked, drawn: &Pareto) -> Answer {
    let commands = found.choices.iter().filter_map(|choice| command(found, choice, asked));
    Answer {
        lines: found.choices.iter().map(|choice| line(found, choice)).collect(),
        commands: commands.map(|words| words.join(" ")).collect(),
        cards: cards(found),
        note: note(found),
        pictures: drawn.by_cost.iter().take(first(found)).map(picture).collect(),
    }
}

/// How sure the only choice is, and what the words mean.
fn note(found: &Recommendation) -> String {
    let sure = match found.choices.as_slice() {
        [only] => found.words(only).map(|words| words.sure + " "),
        _ => None,
    };
    let methods = found.candidates.iter().map(|candidate| candidate.shape.method);
    sure.unwrap_or_default() + &terms::glossary(methods, &["mse".into()], true)
}

/// `Use RVQ, 4 stages of 8 bits, for 32 bits per vector`.
fn line(found: &Recommendation, choice: &Choice) -> Line {
    let bits = choice.bits;
    match choice.chosen.map(|place| &found.candidates[place]) {
        Some(chosen) => Line {
            before: "Use ".into(),
            verdict: chosen.name(),
            after: format!(", for {bits} bits per vector"),
            tone: Tone::Neutral,
        },
        None => {
            let after = format!(". {}", found.nearest(choice));
            let before = format!("{bits} bits per vector: ");
            Line { before, verdict: found.nothing(choice).into(), after: after.trim_end().into(), tone: Tone::Bad }
        }
    }
}

/// The numbers of the choice, or the errors of several choices.
fn cards(found: &Recommendation) -> Vec<Card> {
    let chosen = found.choices.iter().filter_map(|choice| Some(&found.candidates[choice.chosen?]));
    let chosen: Vec<_> = chosen.collect();
    let [only] = chosen[..] else {
        let card = |c: &&crate::recommend::Candidate| {
            Card::new(plus_minus(&c.mse), format!("error (MSE) at {} bits, {}", c.shape.bits(), c.label()))
        };
        return chosen.iter().map(card).collect();
    };
    let below = decibel(only.mse.mean, found.variance);
    let below = below.map(|db| Card::new(format!("{} dB", signed(db, 2)), "error relative to the variance"));
    let error = Card::new(plus_minus(&only.mse), "error (MSE per coordinate)");
    let costs = [
        Card::new(trimmed(only.wmops, 3), "WMOPS for encoding a vector"),
        Card::new(format!("{} ms", trimmed(only.ms_per_vector, 3)), "encoding a vector, 1 thread"),
        Card::new(bytes(only.codebook_bytes), "codebooks"),
    ];
    std::iter::once(error).chain(below).chain(costs).collect()
}

/// The number of pictures on the first screen: operations and time, or operations alone at several bitrates.
fn first(found: &Recommendation) -> usize {
    if found.choices.len() == 1 { 2 } else { 1 }
}

fn more_pictures(found: &Recommendation, drawn: &Pareto, document: &mut Document) {
    let rest = drawn.by_cost.iter().skip(first(found));
    document.section(if rest.len() == 1 { "Codebook size" } else { "Time and codebook size" });
    document.blocks.extend(rest.map(|drawn| Block::Picture(picture(drawn))));
}

fn picture(drawn: &Drawn) -> Picture {
    let (title, caption, html) = (drawn.title.clone(), drawn.caption.clone(), drawn.page.clone());
    Picture { title, caption, html, link: None }
}

/// How sure the choices are, and what other quantizers cost or save.
fn alternatives(found: &Recommendation, asked: &Asked, document: &mut Document) {
    document.section("Alternatives");
    for choice in &found.choices {
        subsection(found, choice, document);
        let Some(words) = found.words(choice) else {
            document.paragraph("None. The table of all quantizers has their costs.");
            continue;
        };
        // With a single bitrate, the first screen says it.
        if found.choices.len() > 1 {
            document.paragraph(words.sure);
        }
        let table = table::alternatives(found, choice);
        if !table.rows.is_empty() {
            document.table(table);
        }
        let cautions = words.cautions.iter().map(|caution| match hint(caution, found, asked) {
            Some(hint) => format!("{} ({hint})", caution.text),
            None => caution.text.clone(),
        });
        document.list(words.bound.into_iter().chain(cautions).map(text).collect());
    }
}

/// The bitrate, if there are several.
fn subsection(found: &Recommendation, choice: &Choice, document: &mut Document) {
    if found.choices.len() > 1 {
        document.subsection(format!("{} bits per vector", choice.bits));
    }
}

fn references(found: &Recommendation, document: &mut Document) {
    document.reference("How it was measured");
    document.paragraph(data(found));
    found.choices.iter().for_each(|choice| document.paragraph(long::paragraph(found, choice)));
    document.reference("Fits and operation counts");
    for choice in &found.choices {
        subsection(found, choice, document);
        document.table(table::fits(found, choice));
    }
    document.reference("Definitions");
    document.list(definitions(found).into_iter().map(text).collect());
    if !found.left_out.is_empty() {
        document.reference("Left out");
        document.list(found.left_out_by_reason().into_iter().map(text).collect());
    }
}

/// The columns of the tables.
fn definitions(found: &Recommendation) -> Vec<String> {
    let mut all: Vec<String> = [
        "Alternatives: error, operations, time and codebook size relative to the recommended quantizer. × is more, ÷ is \
         less. The error is paired by vector, with its standard error.",
        "MSE: mean squared error per coordinate on the held-out vectors, ± its standard error over vectors.",
        "dB: MSE relative to the variance.",
        "WMOPS: operations of encoding one vector with all stages counted. published: the paper's count. look-up: with \
         look-up tables of codeword products.",
        "ms: measured encoding time per vector on one thread of this machine.",
        "front: the costs for which the quantizer is on the Pareto front of error and cost.",
        "trainer: k-means (OPQ, LSQ: alternating optimization), or NSVQ, which starts from k-means. Each fit ends when \
         the error of the validation vectors no longer falls, or at its share of the time budget.",
    ]
    .map(String::from)
    .to_vec();
    if let Some((queries, base)) = found.queries {
        all.push(format!(
            "R@T: the share of {queries} queries whose true nearest neighbor (among {base} vectors that no fit was \
             trained on) is among the first T neighbors found by the codes. AVQ, RVQ and LSQ use exact norms."
        ));
    }
    all
}
