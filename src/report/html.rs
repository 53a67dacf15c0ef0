//! A document as one HTML page: inline style and figures, no script. Audio is linked: excerpts would
//! make a page of megabytes.

use super::document::{Answer, Block, Cell, Clips, Document, Inline, Line, Picture, Table, Text, Tone};

const STYLE: &str = include_str!("style.css");

/// Cells with more characters than this are broken into lines.
const LONG: usize = 30;

pub(super) fn render(document: &Document) -> String {
    let title = escape(&document.title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\" />\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n\
         <meta name=\"color-scheme\" content=\"light dark\" />\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<main>\n<h1>{title}</h1>\n"
    );
    // The answer is above the links to the sections.
    let answers = document.blocks.iter().take_while(|block| matches!(block, Block::Answer(_))).count();
    let (answers, rest) = document.blocks.split_at(answers);
    let mut section = 0;
    for block in answers {
        render_block(block, &mut section, &mut out);
    }
    contents(document, &mut out);
    for block in rest {
        render_block(block, &mut section, &mut out);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// Links to the sections.
fn contents(document: &Document, out: &mut String) {
    let titles = document.blocks.iter().filter_map(|b| if let Block::Section(title) = b { Some(title) } else { None });
    let links = titles.enumerate().map(|(i, title)| format!("<a href=\"#s{}\">{}</a>", i + 1, escape(title)));
    out.push_str(&format!("<nav>{}</nav>\n", links.collect::<Vec<_>>().join(" ")));
}

fn render_block(block: &Block, section: &mut usize, out: &mut String) {
    match block {
        Block::Answer(answer) => render_answer(answer, out),
        Block::Section(title) => {
            *section += 1;
            out.push_str(&format!("<h2 id=\"s{section}\">{}</h2>\n", escape(title)));
        }
        Block::Subsection(title) => out.push_str(&format!("<h3>{}</h3>\n", escape(title))),
        Block::Paragraph(text) => out.push_str(&format!("<p>{}</p>\n", inline(text))),
        Block::List(items) => {
            let items: String = items.iter().map(|item| format!("<li>{}</li>\n", inline(item))).collect();
            out.push_str(&format!("<ul>\n{items}</ul>\n"));
        }
        Block::Table(table) => render_table(table, out),
        Block::Picture(picture) => render_picture(picture, out),
        Block::Clips(clips) => render_clips(clips, out),
        Block::Details { summary, verbatim } => out.push_str(&format!(
            "<details>\n<summary>{}</summary>\n<pre><code>{}</code></pre>\n</details>\n",
            escape(summary),
            escape(verbatim)
        )),
    }
}

fn render_table(table: &Table, out: &mut String) {
    let class = |number: bool| if number { " class=\"n\"" } else { "" };
    out.push_str("<div class=\"wide\"><table>\n<thead><tr>");
    for column in &table.columns {
        out.push_str(&format!("<th scope=\"col\"{}>{}</th>", class(column.number), escape(&column.title)));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        let cells: String =
            row.iter().zip(&table.columns).map(|(cell, column)| render_cell(cell, column.number)).collect();
        out.push_str(&format!("<tr>{cells}</tr>\n"));
    }
    out.push_str("</tbody></table></div>\n");
}

fn render_cell(cell: &Cell, number: bool) -> String {
    let tone = class(cell.tone);
    let width = if cell.text.chars().count() > LONG { "long" } else { "" };
    let classes: Vec<&str> =
        [if number { "n" } else { "" }, tone, width].into_iter().filter(|c| !c.is_empty()).collect();
    let classes = classes.join(" ");
    let attribute = if classes.is_empty() { String::new() } else { format!(" class=\"{classes}\"") };
    let text = match &cell.link {
        Some(href) => link(&cell.text, href),
        None => escape(&cell.text),
    };
    format!("<td{attribute}>{text}</td>")
}

/// The CSS class of the color.
fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Neutral => "",
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Doubtful => "doubt",
    }
}

fn render_answer(answer: &Answer, out: &mut String) {
    out.push_str("<div class=\"answer\">\n");
    for Line { before, verdict, after, tone } in &answer.lines {
        let [before, verdict, after] = [before, verdict, after].map(|text| escape(text));
        out.push_str(&format!("<p>{before}<strong class=\"{}\">{verdict}</strong>{after}</p>\n", class(*tone)));
    }
    out.push_str("</div>\n<div class=\"plots\">\n");
    answer.pictures.iter().for_each(|picture| render_picture(picture, out));
    out.push_str("</div>\n");
}

fn render_picture(picture: &Picture, out: &mut String) {
    let label = escape(&picture.title);
    let svg = picture.svg.replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{label}\" "), 1);
    let caption = escape(&picture.caption);
    out.push_str(&format!(
        "<figure>\n<div class=\"wide plot\">{svg}</div>\n<figcaption><strong>{label}.</strong> {caption}</figcaption>\n</figure>\n"
    ));
}

fn render_clips(clips: &Clips, out: &mut String) {
    let title = escape(&clips.title);
    out.push_str(&format!("<div class=\"clips\">\n<strong>{title}</strong>\n"));
    for clip in &clips.clips {
        let (label, link) = (escape(&clip.label), escape(&clip.link));
        out.push_str(&format!(
            "<div class=\"clip\"><span>{label}</span><audio controls=\"\" preload=\"none\" aria-label=\"{label}, {title}\" \
             src=\"{link}\"></audio></div>\n"
        ));
    }
    out.push_str("</div>\n");
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

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
