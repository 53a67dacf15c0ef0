//! Figures or pages as tiles with their verdicts. A reader can filter them by verdict, without a script.

use std::fmt::Write as _;

use super::document::{Line, Picture};
use super::html::{address, class, escape};
use crate::compare::Verdict;

#[derive(Clone, Debug, Default)]
pub struct Gallery {
    pub tiles: Vec<Tile>,
}

#[derive(Clone, Debug)]
pub struct Tile {
    pub title: String,
    /// The link of the title, relative to the page.
    pub href: Option<String>,
    /// What the tile is filtered by: the worst verdict. `None`: nothing is compared.
    pub verdict: Option<Verdict>,
    pub lines: Vec<Line>,
    pub view: Option<View>,
    /// Text and address.
    pub links: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub enum View {
    /// In the page.
    Drawn(Picture),
    /// A picture file, relative to the page.
    File(String),
}

/// The CSS class of a verdict.
fn slug(verdict: Option<Verdict>) -> String {
    verdict.map_or("no-verdict".into(), |verdict| verdict.name().replace(' ', "-"))
}

/// Rules that hide the tiles of a verdict whose box is not checked.
pub(super) fn style() -> String {
    let kinds = Verdict::ALL.into_iter().map(Some).chain([None]).map(slug);
    let hidden =
        |kind: String| format!(".gallery:has(input.for-{kind}:not(:checked)) .tile.is-{kind} {{ display: none; }}\n");
    kinds.map(hidden).collect()
}

pub(super) fn html(gallery: &Gallery) -> String {
    let mut out = String::from("<div class=\"gallery\">\n");
    out.push_str(&filters(gallery));
    out.push_str("<div class=\"tiles\">\n");
    gallery.tiles.iter().for_each(|each| tile(each, &mut out));
    out.push_str("</div>\n</div>\n");
    out
}

/// One box per verdict, with the number of its tiles, if there are several verdicts.
fn filters(gallery: &Gallery) -> String {
    let kinds = Verdict::ALL.into_iter().map(Some).chain([None]);
    let counted = kinds.map(|kind| (kind, gallery.tiles.iter().filter(|tile| tile.verdict == kind).count()));
    let there: Vec<(Option<Verdict>, usize)> = counted.filter(|(_, count)| *count > 0).collect();
    if there.len() < 2 {
        return String::new();
    }
    let filter = |(kind, count): &(Option<Verdict>, usize)| {
        let (slug, name) = (slug(*kind), kind.map_or("without a verdict", Verdict::name));
        format!(
            "<label class=\"key\"><input type=\"checkbox\" class=\"for-{slug}\" checked=\"\" />{name} ({count})</label>\n"
        )
    };
    let filters: String = there.iter().map(filter).collect();
    format!("<div class=\"keys\" role=\"group\" aria-label=\"Show by verdict\">\n{filters}</div>\n")
}

fn tile(tile: &Tile, out: &mut String) {
    let title = escape(&tile.title);
    let title = match &tile.href {
        Some(href) => format!("<a href=\"{}\">{title}</a>", escape(&address(href))),
        None => title,
    };
    let _ = writeln!(out, "<article class=\"tile is-{}\">\n<h2>{title}</h2>", slug(tile.verdict));
    for line in &tile.lines {
        let [before, verdict, after] = [&line.before, &line.verdict, &line.after].map(|text| escape(text));
        let _ = writeln!(out, "<p>{before}<strong class=\"{}\">{verdict}</strong>{after}</p>", class(line.tone));
    }
    match &tile.view {
        Some(View::Drawn(picture)) => {
            let (html, caption) = (&picture.html, escape(&picture.caption));
            let _ = writeln!(
                out,
                "<div class=\"plot\">\n{html}\n<details><summary>{}</summary>\n<p>{caption}</p></details></div>",
                escape(&picture.title)
            );
        }
        Some(View::File(file)) => {
            let _ = writeln!(
                out,
                "<img src=\"{}\" alt=\"{}\" loading=\"lazy\" />",
                escape(&address(file)),
                escape(&format!("Main figure of {}", tile.title))
            );
        }
        None => {}
    }
    if !tile.links.is_empty() {
        let link =
            |(text, href): &(String, String)| format!("<a href=\"{}\">{}</a>", escape(&address(href)), escape(text));
        let links: Vec<String> = tile.links.iter().map(link).collect();
        let _ = writeln!(out, "<p class=\"links\">{}</p>", links.join(" · "));
    }
    out.push_str("</article>\n");
}
