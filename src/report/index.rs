//! The index of a folder of reports: a tile for each page, with its verdicts, its main figure, and links to its numbers.
//!
//! Each page says what the index needs in its own `meta` element, so that the index is made from the pages that are
//! there, whatever run wrote them.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::document::{Answer, Block, Card, Document, Line, Tone};
use super::gallery::{Gallery, Tile, View};
use super::{ReportError, html};
use crate::compare::Verdict;
use crate::results::write_atomic;

/// What a page says about itself.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Summary {
    pub title: String,
    /// The experiment's name, as in the names of its files.
    pub name: String,
    pub profile: String,
    /// The worst verdict, by its name. `None` if nothing is compared.
    pub verdict: Option<String>,
    /// The answer's lines: before, verdict, after.
    pub lines: Vec<[String; 3]>,
    /// The first figure's file, relative to the page.
    pub picture: Option<String>,
}

impl Summary {
    pub(super) fn lines(lines: &[Line]) -> Vec<[String; 3]> {
        lines.iter().map(|line| [line.before.clone(), line.verdict.clone(), line.after.clone()]).collect()
    }
}

/// At most this many bytes at the beginning of a page are read.
const HEAD: u64 = 64 * 1024;

/// The beginning of the element that holds the summary.
pub(super) const META: &str = "<meta name=\"vqlab\" content=\"";

/// Writes `REPORTS/index.html` from the pages in its folders, and returns its path. `None` if there are none.
///
/// # Errors
/// [`ReportError::Write`]
pub fn write_index(reports: &Path) -> Result<Option<PathBuf>, ReportError> {
    let pages: Vec<(String, Summary)> = pages(reports);
    if pages.is_empty() {
        return Ok(None);
    }
    let path = reports.join("index.html");
    write_atomic(&path, html::render(&document(&pages, reports)).as_bytes())?;
    Ok(Some(path))
}

/// The pages with a summary, as paths relative to the folder, in the order of their paths.
fn pages(reports: &Path) -> Vec<(String, Summary)> {
    let list = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        paths
    };
    let folders = list(reports).into_iter().filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| list(&folder)).filter(|path| path.extension().is_some_and(|e| e == "html"));
    let page = |path: PathBuf| {
        let relative = path.strip_prefix(reports).ok()?;
        let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
        Some((parts.join("/"), summary_of(&path)?))
    };
    files.filter_map(page).collect()
}

/// The summary in a page. `None` if there is none, as in a page of an older version.
fn summary_of(path: &Path) -> Option<Summary> {
    let mut head = Vec::new();
    std::fs::File::open(path).ok()?.take(HEAD).read_to_end(&mut head).ok()?;
    let head = String::from_utf8_lossy(&head);
    let (content, _) = head.split_once(META)?.1.split_once('"')?;
    let entities = [("&quot;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    let text = entities.into_iter().fold(content.to_owned(), |text, (entity, plain)| text.replace(entity, plain));
    serde_json::from_str(&text).ok()
}

fn document(pages: &[(String, Summary)], reports: &Path) -> Document {
    let tiles: Vec<Tile> = pages.iter().map(|(path, summary)| tile(path, summary, reports)).collect();
    let good = tiles.iter().filter(|tile| tile.verdict.is_some_and(Verdict::is_good)).count();
    let compared = tiles.iter().filter(|tile| tile.verdict.is_some()).count();
    let mut cards = vec![Card::new(pages.len().to_string(), if pages.len() == 1 { "report" } else { "reports" })];
    if compared > 0 {
        cards.push(Card::new(format!("{good} of {compared}"), "compared experiments reproduced or better"));
    }
    let mut document = Document { title: "Reports of vqlab".into(), ..Document::default() };
    document.blocks.push(Block::Answer(Answer { cards, ..Answer::default() }));
    document.blocks.push(Block::Gallery(Gallery { tiles }));
    document
}

fn tile(path: &str, summary: &Summary, reports: &Path) -> Tile {
    let verdict = Verdict::ALL.into_iter().find(|verdict| Some(verdict.name()) == summary.verdict.as_deref());
    let folder = path.split('/').next().unwrap_or_default();
    let tone = |text: &str| {
        let known = Verdict::ALL.into_iter().find(|verdict| verdict.name() == text);
        known.map_or(if text.starts_with("reproduced") { Tone::Good } else { Tone::Neutral }, super::points::tone)
    };
    let line = |[before, verdict, after]: &[String; 3]| Line {
        before: before.clone(),
        verdict: verdict.clone(),
        after: after.clone(),
        tone: tone(verdict),
    };
    let results = format!("../results/{folder}");
    let wanted = [
        ("Markdown", path.strip_suffix("html").map_or(String::new(), |stem| format!("{stem}md"))),
        ("data", results.clone()),
        ("provenance", format!("{results}/provenance/{}.json", summary.name)),
    ];
    let there = wanted.into_iter().filter(|(_, link)| !link.is_empty() && reports.join(link).exists());
    Tile {
        title: format!("{} ({})", summary.title, summary.profile),
        href: Some(path.into()),
        verdict,
        lines: summary.lines.iter().map(line).collect(),
        view: summary.picture.as_ref().map(|file| View::File(format!("{folder}/{file}"))),
        links: there.map(|(text, link)| (text.into(), link)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_has_the_pages_that_are_there() {
        let reports = tempfile::tempdir().unwrap();
        assert_eq!(write_index(reports.path()).unwrap(), None);
        let folder = reports.path().join("default");
        std::fs::create_dir(&folder).unwrap();
        let summary = Summary {
            title: "Toy \"data\" <& more>".into(),
            name: "toy".into(),
            profile: "default".into(),
            verdict: Some("reproduced".into()),
            lines: vec![["Figure 2b: ".into(), "reproduced".into(), ", 24 of 24".into()]],
            picture: Some("figures/toy/figure-2b.png".into()),
        };
        let page = Document {
            title: "Toy".into(),
            summary: Some(serde_json::to_value(&summary).unwrap()),
            ..Document::default()
        };
        std::fs::write(folder.join("toy.html"), html::render(&page)).unwrap();
        std::fs::write(folder.join("old.html"), "<html></html>").unwrap();
        assert_eq!(summary_of(&folder.join("toy.html")), Some(summary));
        let index = std::fs::read_to_string(write_index(reports.path()).unwrap().unwrap()).unwrap();
        assert!(index.contains("<a href=\"default/toy.html\">Toy &quot;data&quot; &lt;&amp; more&gt; (default)</a>"));
        assert!(index.contains("<strong class=\"good\">reproduced</strong>, 24 of 24"));
        assert!(index.contains("src=\"default/figures/toy/figure-2b.png\"") && !index.contains("old.html"));
    }
}
