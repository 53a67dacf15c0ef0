//! A document as one HTML page: inline style and figures, and a script that only sorts tables. Audio is linked: excerpts
//! would make a page of megabytes.
//!
//! The answer comes first, sections for reference come folded. Tables that are wider than their place become cards.

use std::fmt::Write as _;

use super::document::{Answer, Block, Card, Cell, Clips, Document, Inline, Line, Picture, Table, Text, Tone};
use super::explorer;
use super::terms::meaning;
use super::{gallery, index};
use crate::figure::MOST_KEYS;
pub(super) use crate::figure::escape;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("sort.js");

/// Cells with more characters than this are broken into lines.
const LONG: usize = 30;

/// Widths of places, in rem: a table with one of these classes becomes cards in a narrower place.
const WIDTHS: [u32; 8] = [20, 26, 32, 38, 46, 54, 62, 72];

/// More lines than this are not in large type.
const MOST_LARGE: usize = 4;

/// Tables with fewer rows are not sorted.
const SORTED_FROM: usize = 3;

pub(super) fn render(document: &Document) -> String {
    let (title, tab) = (escape(&document.title), tab_title(&document.title));
    let cards: String = WIDTHS.iter().map(|width| as_cards(*width)).collect();
    let keys: String = (0..MOST_KEYS).map(|key| switched(&format!("k{key}"))).collect();
    let keys = keys + &switched("pub") + &gallery::style();
    let summary = document
        .summary
        .as_ref()
        .map_or(String::new(), |summary| format!("{}{}\" />\n", index::META, escape(&summary.to_string())));
    let has_explorer = document.blocks.iter().any(|block| matches!(block, Block::Explorer { .. }));
    let own = if has_explorer { explorer::STYLE } else { "" };
    let mut page = Page::default();
    let _ = write!(
        page.out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\" />\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n\
         <meta name=\"color-scheme\" content=\"light dark\" />\n{summary}<title>{tab}</title>\n\
         <style>\n{STYLE}{cards}{keys}{own}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
    );
    // The answer is above the links to the sections.
    let answers = document.blocks.iter().take_while(|block| matches!(block, Block::Answer(_))).count();
    let (answers, rest) = document.blocks.split_at(answers);
    answers.iter().for_each(|block| page.block(block));
    page.contents(document);
    let is_picture = |block: Option<&Block>| matches!(block, Some(Block::Picture(_)));
    for (place, block) in rest.iter().enumerate() {
        // Neighboring pictures are side by side.
        let [before, after] = [place.checked_sub(1), Some(place + 1)].map(|i| is_picture(i.and_then(|i| rest.get(i))));
        if is_picture(Some(block)) && !before {
            page.out.push_str("<div class=\"plots\">\n");
        }
        page.block(block);
        if is_picture(Some(block)) && !after {
            page.out.push_str("</div>\n");
        }
    }
    page.end_section();
    page.out.push_str("</main>\n");
    if page.has_sorted {
        let _ = writeln!(page.out, "<script>\n//<![CDATA[\n{SCRIPT}//]]>\n</script>");
    }
    if has_explorer {
        let _ = writeln!(page.out, "<script>\n{}</script>", explorer::SCRIPT);
    }
    page.out.push_str("</body>\n</html>\n");
    page.out
}

/// The title for the browser's tab and for search engines, which show no more. Escaped.
fn tab_title(title: &str) -> String {
    const MOST: usize = 70;
    let whole = escape(title);
    if whole.chars().count() <= MOST {
        return whole;
    }
    let mut ends = title.char_indices().rev().map(|(end, _)| escape(title[..end].trim_end()) + "…");
    ends.find(|cut| cut.chars().count() <= MOST).unwrap_or_default()
}

/// The style of tables that need this width, in narrower places.
fn as_cards(width: u32) -> String {
    let t = format!(".w{width}");
    format!(
        "@container (max-width: {width}rem) {{ {t}, {t} tbody, {t} tr, {t} td {{ display: block; }} {t} thead {{ \
         display: none; }} {t} tr {{ border: 1px solid var(--line); border-radius: 6px; margin: 0.5rem 0; padding: \
         0.3rem 0.6rem; }} {t} td {{ position: static; border: 0; white-space: normal; text-align: left; padding: \
         0.1rem 0; max-width: none; }} {t} td:first-child {{ font-weight: 600; }} {t} td:not(:first-child)::before {{ \
         content: attr(data-t) \": \"; color: var(--soft); font-weight: 400; }} {t} td:empty {{ display: none; }} }}\n"
    )
}

/// The style of a key's series: hidden by its check box, and alone at full strength while the pointer is on it.
fn switched(key: &str) -> String {
    let k = format!(".{key}");
    format!(
        ".plot:has(label{k} input:not(:checked)) .charts {k} {{ display: none; }} .plot:has(label{k}:hover, {k} \
         input:focus-visible, .charts {k}:hover) .charts .s:not({k}) {{ opacity: 0.2; }}\n"
    )
}

/// A page as it is written.
#[derive(Default)]
struct Page {
    out: String,
    sections: usize,
    /// Whether the current section is folded.
    is_folded: bool,
    has_sorted: bool,
    /// Terms that were explained.
    known: Vec<&'static str>,
}

impl Page {
    /// Links to the sections.
    fn contents(&mut self, document: &Document) {
        let titles = document.blocks.iter().filter_map(|block| match block {
            Block::Section(title) | Block::Reference(title) => Some(title),
            _ => None,
        });
        if titles.clone().next().is_none() {
            return;
        }
        let links = titles.enumerate().map(|(i, title)| format!("<a href=\"#s{}\">{}</a>", i + 1, escape(title)));
        let links = links.collect::<Vec<_>>().join(" ");
        let _ = writeln!(self.out, "<nav aria-label=\"Sections\">{links}</nav>");
    }

    fn end_section(&mut self) {
        if std::mem::take(&mut self.is_folded) {
            self.out.push_str("</div>\n</details>\n");
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Answer(answer) => self.answer(answer),
            Block::Section(title) => {
                self.end_section();
                self.sections += 1;
                let _ = writeln!(self.out, "<h2 id=\"s{}\">{}</h2>", self.sections, escape(title));
            }
            Block::Reference(title) => {
                self.end_section();
                self.sections += 1;
                self.is_folded = true;
                let (number, title) = (self.sections, escape(title));
                // A link to an element inside opens it.
                let _ = writeln!(
                    self.out,
                    "<details class=\"reference\">\n<summary><h2>{title}</h2></summary>\n<div id=\"s{number}\">"
                );
            }
            Block::Subsection(title) => {
                let _ = writeln!(self.out, "<h3>{}</h3>", escape(title));
            }
            Block::Paragraph(text) => {
                let _ = writeln!(self.out, "<p>{}</p>", inline(text));
            }
            Block::List(items) => {
                let items: String = items.iter().map(|item| format!("<li>{}</li>\n", inline(item))).collect();
                let _ = writeln!(self.out, "<ul>\n{items}</ul>");
            }
            Block::Table(table) => self.table(table),
            Block::Picture(picture) => self.picture(picture),
            Block::Clips(clips) => self.clips(clips),
            Block::Gallery(gallery) => self.out.push_str(&gallery::html(gallery)),
            Block::Explorer { explorer, plots } => {
                self.out.push_str(&explorer::html(explorer, plots, &format!("e{}", self.sections)));
            }
            Block::Details { summary, verbatim } => {
                let (summary, verbatim) = (escape(summary), escape(verbatim));
                let _ = writeln!(
                    self.out,
                    "<details>\n<summary>{summary}</summary>\n<pre tabindex=\"0\"><code>{verbatim}</code></pre>\n</details>"
                );
            }
        }
    }

    fn table(&mut self, table: &Table) {
        let class = |number: bool| if number { " class=\"n\"" } else { "" };
        let width = WIDTHS.into_iter().find(|width| f64::from(*width) >= rem(table));
        let width = width.unwrap_or(WIDTHS[WIDTHS.len() - 1]);
        let is_sorted = table.rows.len() >= SORTED_FROM;
        self.has_sorted |= is_sorted;
        let sorted = if is_sorted { " sorted" } else { "" };
        let _ = write!(self.out, "<div class=\"wide\"><table class=\"w{width}{sorted}\">\n<thead><tr>");
        for column in &table.columns {
            let title = self.term(&column.title);
            let _ = write!(self.out, "<th scope=\"col\"{}>{title}</th>", class(column.number));
        }
        self.out.push_str("</tr></thead>\n<tbody>\n");
        for row in &table.rows {
            let cells: String = row
                .iter()
                .zip(&table.columns)
                .map(|(cell, column)| render_cell(cell, column.number, &column.title))
                .collect();
            let _ = writeln!(self.out, "<tr>{cells}</tr>");
        }
        self.out.push_str("</tbody></table></div>\n");
    }

    /// A column's title, with its meaning where it stands first.
    fn term(&mut self, title: &str) -> String {
        let Some((term, meaning)) = meaning(title).filter(|(term, _)| !self.known.contains(term)) else {
            return escape(title);
        };
        self.known.push(term);
        format!("<abbr title=\"{}\">{}</abbr>", escape(meaning), escape(title))
    }

    fn answer(&mut self, answer: &Answer) {
        let many = if answer.lines.len() > MOST_LARGE { " many" } else { "" };
        let _ = writeln!(self.out, "<div class=\"answer{many}\">");
        for Line { before, verdict, after, tone } in &answer.lines {
            let [before, verdict, after] = [before, verdict, after].map(|text| escape(text));
            let _ = writeln!(self.out, "<p>{before}<strong class=\"{}\">{verdict}</strong>{after}</p>", class(*tone));
        }
        for command in &answer.commands {
            let _ = writeln!(self.out, "<pre tabindex=\"0\"><code>{}</code></pre>", escape(command));
        }
        self.out.push_str("</div>\n");
        if !answer.cards.is_empty() {
            self.out.push_str("<dl class=\"cards\">\n");
            for Card { value, label, tone } in &answer.cards {
                let (value, label, class) = (escape(value), escape(label), class(*tone));
                let _ = writeln!(self.out, "<div><dt>{label}</dt><dd class=\"{class}\">{value}</dd></div>");
            }
            self.out.push_str("</dl>\n");
        }
        if !answer.note.is_empty() {
            let _ = writeln!(self.out, "<p class=\"terms\">{}</p>", escape(&answer.note));
        }
        if !answer.pictures.is_empty() {
            self.out.push_str("<div class=\"plots\">\n");
            answer.pictures.iter().for_each(|picture| self.main_picture(picture));
            self.out.push_str("</div>\n");
        }
    }

    fn picture(&mut self, picture: &Picture) {
        let (title, caption) = (escape(&picture.title), escape(&picture.caption));
        self.figure(picture, &format!("<strong>{title}.</strong> {caption}"));
    }

    /// As [`Page::picture`], with the caption folded: the picture is beside the answer.
    fn main_picture(&mut self, picture: &Picture) {
        let (title, caption) = (escape(&picture.title), escape(&picture.caption));
        self.figure(picture, &format!("<details><summary>{title}</summary>\n<p>{caption}</p>\n</details>"));
    }

    fn figure(&mut self, picture: &Picture, caption: &str) {
        let across = if picture.is_wide() { " across" } else { "" };
        let html = &picture.html;
        let _ = writeln!(
            self.out,
            "<figure class=\"plot{across}\">\n{html}\n<figcaption>{caption}</figcaption>\n</figure>"
        );
    }

    fn clips(&mut self, clips: &Clips) {
        let title = escape(&clips.title);
        let _ = writeln!(self.out, "<div class=\"clips\">\n<strong>{title}</strong>");
        for clip in &clips.clips {
            let (label, wav) = (escape(&clip.label), escape(&address(&clip.link)));
            let compressed = clip.compressed.as_ref().map(|copy| (escape(&address(copy)), "audio/ogg; codecs=opus"));
            let sources: String = compressed
                .into_iter()
                .chain([(wav.clone(), "audio/wav")])
                .map(|(file, kind)| format!("<source src=\"{file}\" type=\"{kind}\" />"))
                .collect();
            let lossless = match &clip.compressed {
                Some(_) => format!(" <a href=\"{wav}\" aria-label=\"{label}, {title}, WAV\">WAV</a>"),
                None => String::new(),
            };
            let _ = writeln!(
                self.out,
                "<div class=\"clip\"><span>{label}{lossless}</span><audio controls=\"\" preload=\"none\" \
                 aria-label=\"{label}, {title}\">{sources}</audio></div>"
            );
        }
        self.out.push_str("</div>\n");
    }
}

/// The width of a table in rem, estimated from its texts.
fn rem(table: &Table) -> f64 {
    /// Mean width of a character, and the padding of a cell.
    const CHARACTER: f64 = 0.46;
    const PADDING: f64 = 1.1;
    let of_column = |(place, column): (usize, &super::document::Column)| {
        let word = column.title.split(' ').map(|word| word.chars().count()).max().unwrap_or(0);
        let cells = table.rows.iter().filter_map(|row| row.get(place)).map(|cell| cell.text.chars().count());
        // Long cells are broken into lines.
        let cell = cells.map(|count| if count > LONG { LONG } else { count }).max().unwrap_or(0);
        PADDING + CHARACTER * word.max(cell) as f64
    };
    table.columns.iter().enumerate().map(of_column).sum()
}

fn render_cell(cell: &Cell, number: bool, title: &str) -> String {
    let tone = class(cell.tone);
    let width = if cell.text.chars().count() > LONG { "long" } else { "" };
    let best = if cell.best { "best" } else { "" };
    let classes: Vec<&str> =
        [if number { "n" } else { "" }, tone, width, best].into_iter().filter(|c| !c.is_empty()).collect();
    let classes = classes.join(" ");
    let attribute = if classes.is_empty() { String::new() } else { format!(" class=\"{classes}\"") };
    let text = match &cell.link {
        Some(href) => link(&cell.text, href),
        None => escape(&cell.text),
    };
    format!("<td{attribute} data-t=\"{}\">{text}</td>", escape(title))
}

/// The CSS class of the color.
pub(super) fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Neutral => "",
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Doubtful => "doubt",
    }
}

fn inline(text: &Text) -> String {
    let piece = |part: &Inline| match part {
        Inline::Plain(s) => escape(s),
        Inline::Strong(s) => format!("<strong>{}</strong>", escape(s)),
        Inline::Code(s) => format!("<code>{}</code>", escape(s)),
        Inline::Link { text, href } => link(text, href),
    };
    text.iter().map(piece).collect()
}

fn link(text: &str, href: &str) -> String {
    format!("<a href=\"{}\">{}</a>", escape(&address(href)), escape(text))
}

/// A relative path as an address, with characters encoded that browsers or Markdown would interpret.
pub(super) fn address(path: &str) -> String {
    path.replace('%', "%25").replace(' ', "%20").replace('#', "%23").replace('?', "%3F")
}
