//! The report of an experiment, as one HTML page (audio alone is linked) and as Markdown, and the table that `run` prints.
//!
//! Each file of the module adds a section to one document, from the plan, the numbers and the records; a task adds its own
//! ([`Sections`]). The document is rendered twice.

mod cards;
mod costs;
pub mod document;
pub mod explorer;
pub(crate) mod findings;
pub(crate) mod format;
mod gallery;
mod health;
mod html;
mod index;
mod markdown;
pub(crate) mod overview;
pub(crate) mod points;
mod recommend;
mod reproduction;
mod searches;
mod sections;
mod terminal;
mod terms;
mod tradeoffs;
mod verdict;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub use index::write_index;
pub use recommend::{Asked, recommendation_text, write_recommendation};
pub use reproduction::{Reproduction, reproduction_text, write_reproduction};
pub use sections::{Sections, Words};
pub use terminal::{terminal_claims, terminal_table};
pub use verdict::answer_sentences;

use crate::compare::tradeoff::Tradeoffs;
use crate::compare::{ClaimCheck, PanelComparison};
use crate::figure::{Drawn, FigureError};
use crate::results::{Aggregate, ResultsError, write_atomic};
use crate::runner::Record;
use crate::spec::{Panel, Plan};
use document::{Answer, Block, Document, Line, Picture};
use index::Summary;

/// The input of a report.
#[derive(Clone, Copy, Debug)]
pub struct ReportInput<'a> {
    pub plan: &'a Plan,
    pub aggregates: &'a [Aggregate],
    /// By key. Cells without a record are shown as missing.
    pub records: &'a HashMap<String, Record>,
    pub comparisons: &'a [PanelComparison],
    pub claims: &'a [ClaimCheck],
    pub tradeoffs: &'a Tradeoffs,
    /// Inlined in HTML. Markdown links to their files.
    pub figures: &'a [Drawn],
    /// The folder of the files that cells have written for reports ([`crate::results::files_folder`]).
    pub files: Option<&'a Path>,
}

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("the report can't be written: {0}")]
    Write(#[from] ResultsError),
    #[error("the report can't be written: {0}")]
    Draw(#[from] FigureError),
}

/// Writes `OUT_DIR/NAME.html` and `OUT_DIR/NAME.md` and returns their paths. NAME is the experiment's name.
///
/// # Errors
/// [`ReportError`]
pub fn write(input: &ReportInput, out_dir: &Path) -> Result<[PathBuf; 2], ReportError> {
    let document = build(input, out_dir)?;
    let name = crate::figure::file_name(&input.plan.name);
    let paths = [out_dir.join(format!("{name}.html")), out_dir.join(format!("{name}.md"))];
    write_atomic(&paths[0], html::render(&document).as_bytes())?;
    write_atomic(&paths[1], markdown::render(&document).as_bytes())?;
    Ok(paths)
}

fn build(input: &ReportInput, out_dir: &Path) -> Result<Document, ReportError> {
    let mut document = Document { title: input.plan.title.clone(), ..Document::default() };
    let first = answer(input, out_dir, &mut document);
    findings::claims(input, &mut document);
    points::tables(input, &mut document);
    figures(input, first, out_dir, &mut document);
    input.plan.task.sections(input, out_dir, &mut document);
    searches::section(input, &mut document);
    explorer::section(input, &mut document)?;
    tradeoffs::section(input, &mut document);
    overview::what_was_run(input, &mut document);
    overview::verdicts(input, &mut document);
    overview::anomalies(input, &mut document);
    health::section(input, &mut document);
    costs::cost(input, &mut document);
    costs::provenance(input, &mut document);
    costs::citation(&mut document);
    Ok(document)
}

/// The number of figures beside the verdicts. More figures would push the rest off the first screen.
const FIRST: usize = 2;

/// Adds the verdicts with cards and the first figures. Returns the number of these figures.
fn answer(input: &ReportInput, out_dir: &Path, document: &mut Document) -> usize {
    let mut lines = verdict::answer(input.plan, input.comparisons, input.aggregates);
    document.summary = serde_json::to_value(summary(input, &lines, out_dir)).ok();
    let pictures: Vec<Picture> = input.figures.iter().take(FIRST).map(|drawn| picture(drawn, out_dir)).collect();
    let (first, note) = (pictures.len(), note(input, &pictures));
    verdict::without_name(&mut lines, input.plan);
    document.blocks.push(Block::Answer(Answer {
        lines,
        cards: cards::cards(input),
        note,
        pictures,
        ..Answer::default()
    }));
    first
}

/// What the words on the first screen mean.
fn note(input: &ReportInput, pictures: &[Picture]) -> String {
    let panels = &input.plan.panels;
    let methods = panels.iter().flat_map(|panel| &panel.points).map(|point| point.contender.method);
    let metrics: Vec<String> = match input.plan.task.trains() {
        true => panels.iter().map(|panel| crate::results::primary_metric(input.plan, panel)).collect(),
        false => Vec::new(),
    };
    let has_operations = pictures.iter().any(|picture| picture.html.contains("WMOPS"));
    let mut note = terms::glossary(methods, &metrics, has_operations);
    if input.comparisons.iter().any(|comparison| comparison.not_comparable.is_none()) {
        note += " Reproduced: two one-sided tests place our mean within the stated margin of the published mean.";
    }
    note
}

/// What the index says about the page.
fn summary(input: &ReportInput, lines: &[Line], out_dir: &Path) -> Summary {
    Summary {
        title: input.plan.title.clone(),
        name: crate::figure::file_name(&input.plan.name),
        profile: match input.plan.folder == input.plan.profile {
            true => input.plan.profile.clone(),
            false => format!("{}, results/{}", input.plan.profile, input.plan.folder),
        },
        verdict: input.comparisons.iter().map(|comparison| comparison.verdict).max().map(|v| v.name().into()),
        lines: Summary::lines(lines),
        picture: input.figures.first().and_then(|drawn| link(drawn, out_dir)),
    }
}

/// Adds the remaining figures, from `first` on.
fn figures(input: &ReportInput, first: usize, out_dir: &Path, document: &mut Document) {
    if input.figures.is_empty() {
        document.section("Figures");
        document.paragraph("No cell of this experiment is done, so there is nothing to draw.");
    }
    if input.figures.len() > first {
        document.section(if first > 0 { "More figures" } else { "Figures" });
    }
    let pictures = input.figures.iter().skip(first).map(|drawn| Block::Picture(picture(drawn, out_dir)));
    document.blocks.extend(pictures);
}

fn picture(drawn: &Drawn, out_dir: &Path) -> Picture {
    let (title, caption, html) = (drawn.title.clone(), drawn.caption.clone(), drawn.page.clone());
    Picture { title, caption, html, link: link(drawn, out_dir) }
}

/// The path of the PNG, or of the SVG, relative to the report. The file is in the report's folder or in a neighboring
/// one.
fn link(drawn: &Drawn, out_dir: &Path) -> Option<String> {
    let ends = |ending: &str| drawn.files.iter().find(|f| f.extension().is_some_and(|e| e == ending));
    let file = ends("png").or_else(|| ends("svg"))?;
    let beside = || Some(Path::new("..").join(file.strip_prefix(out_dir.parent()?).ok()?));
    let below = file.strip_prefix(out_dir).ok().map(Path::to_path_buf);
    let relative = below.or_else(beside).unwrap_or_else(|| file.clone());
    // Web paths have forward slashes on every system.
    Some(relative.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/"))
}

/// `correlated (Figure 2a)`.
pub(crate) fn panel_name(panel: &Panel) -> String {
    match panel.paper_figure() {
        Some(figure) => format!("{} (Figure {figure})", panel.name),
        None => panel.name.clone(),
    }
}
