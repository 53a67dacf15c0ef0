//! One report for the whole paper: the verdicts, the figures, the best methods, the defects, and the costs.

mod choices;
mod costs;
mod defects;
mod shown;
mod summary;

use std::path::{Path, PathBuf};

use super::document::{Block, Document, Picture};
use super::{ReportError, ReportInput, html, link, markdown, terminal};
use crate::figure::{Drawn, file_name};
use crate::results::write_atomic;

/// The input of the report of the paper.
#[derive(Clone, Copy, Debug)]
pub struct Reproduction<'a> {
    /// `quick` or `paper`.
    pub profile: &'a str,
    /// The experiments of this run, in the order of the paper's figures.
    pub computed: &'a [ReportInput<'a>],
    /// The results of other runs in results/: longer runs, or runs on the user's own data. Their figures need no files.
    pub kept: &'a [ReportInput<'a>],
    /// Experiments that were not run: title and reason.
    pub left_out: &'a [(String, String)],
}

/// Writes `OUT_DIR/reproduction.html` and `OUT_DIR/reproduction.md` and returns their paths. The reports of the
/// experiments are in `OUT_DIR/../FOLDER/` of their plans.
///
/// # Errors
/// [`ReportError::Write`]
pub fn write_reproduction(reproduction: &Reproduction, out_dir: &Path) -> Result<[PathBuf; 2], ReportError> {
    let document = build(reproduction, out_dir);
    let paths = ["html", "md"].map(|ending| out_dir.join(format!("reproduction.{ending}")));
    write_atomic(&paths[0], html::render(&document).as_bytes())?;
    write_atomic(&paths[1], markdown::render(&document).as_bytes())?;
    Ok(paths)
}

/// The output of `reproduce`: the figures with their verdicts, and the failing claims. Ends with a line break.
pub fn reproduction_text(reproduction: &Reproduction) -> String {
    let table = summary::short(reproduction);
    let head = table.columns.iter().map(|column| column.title.clone()).collect();
    let rows = table.rows.iter().map(|row| row.iter().map(|cell| cell.text.clone()).collect());
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    let answers: String = summary::answers(reproduction).iter().map(|line| format!("{line}\n")).collect();
    let broken: String = summary::broken(reproduction).iter().map(|line| format!("{line}\n")).collect();
    format!("{answers}\n{}{broken}", terminal::aligned(&rows))
}

fn build(reproduction: &Reproduction, out_dir: &Path) -> Document {
    let title = "Vector quantization by stochastic optimization: the paper reproduced".into();
    let mut document = Document { title, ..Document::default() };
    summary::section(reproduction, out_dir, &mut document);
    choices::section(reproduction, &mut document);
    defects::section(reproduction, &mut document);
    figures(reproduction, out_dir, &mut document);
    costs::cost(reproduction, &mut document);
    costs::provenance(reproduction, &mut document);
    super::costs::citation(&mut document);
    document
}

/// The paper's figures in order, from every experiment that draws them.
fn figures(reproduction: &Reproduction, out_dir: &Path, document: &mut Document) {
    let tiles = shown::rows(reproduction);
    let all = reproduction.computed.iter().chain(reproduction.kept);
    let mut drawn: Vec<(&str, &ReportInput, &Drawn)> = all
        .flat_map(|input| input.figures.iter().map(move |drawn| (input, drawn)))
        .filter_map(|(input, drawn)| Some((drawn.id.strip_prefix("figure-")?, input, drawn)))
        .filter(|(figure, input, _)| {
            !tiles.iter().any(|tile| tile.figure == *figure && std::ptr::eq(tile.input.plan, input.plan))
        })
        .collect();
    drawn.sort_by_key(|(figure, ..)| *figure);
    if drawn.is_empty() {
        return;
    }
    document.reference("Figures of other results");
    document.paragraph("Figures without a tile above, from this run and from kept results, which name their folder.");
    for (_, input, drawn) in drawn {
        let title = match is_own(input, reproduction) {
            true => drawn.title.clone(),
            false => format!("{} ({})", drawn.title, source(input, reproduction)),
        };
        let (caption, html) = (drawn.caption.clone(), drawn.page.clone());
        document.blocks.push(Block::Picture(Picture { title, caption, html, link: link(drawn, out_dir) }));
    }
}

/// The link to an experiment's report from the page in `out_dir`, if the report exists.
fn report_of(input: &ReportInput, out_dir: &Path) -> Option<String> {
    let (folder, file) = (&input.plan.folder, format!("{}.html", file_name(&input.plan.name)));
    let path = out_dir.parent()?.join(folder).join(&file);
    let beside = out_dir.file_name().is_some_and(|own| own == folder.as_str());
    path.is_file().then(|| if beside { file } else { format!("../{folder}/{file}") })
}

/// `this run`, or the folder of a kept result.
pub(super) fn source(input: &ReportInput, reproduction: &Reproduction) -> String {
    if is_own(input, reproduction) { "this run".into() } else { format!("results/{}", input.plan.folder) }
}

fn is_own(input: &ReportInput, reproduction: &Reproduction) -> bool {
    reproduction.computed.iter().any(|own| std::ptr::eq(own.plan, input.plan))
}
