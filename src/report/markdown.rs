//! A document as Markdown with pipe tables. Figures are links to the picture files.

use super::document::{Block, Card, Cell, Clip, Document, Inline, Picture, Table, Text};
use super::gallery::View;
use super::html::address;

pub(super) fn render(document: &Document) -> String {
    let mut out = format!("# {}\n", escape(&document.title));
    for block in &document.blocks {
        out.push('\n');
        render_block(block, &mut out);
    }
    out
}

fn render_block(block: &Block, out: &mut String) {
    match block {
        Block::Answer(answer) => {
            answer.lines.iter().for_each(|line| out.push_str(&format!("- **{}**\n", escape(&line.to_string()))));
            for command in &answer.commands {
                let fence = fence(command);
                out.push_str(&format!("\n{fence}\n{command}\n{fence}\n"));
            }
            if !answer.cards.is_empty() {
                out.push('\n');
                let card = |card: &Card| format!("- {}: {}\n", escape(&card.label), escape(&card.value));
                answer.cards.iter().for_each(|each| out.push_str(&card(each)));
            }
            if !answer.note.is_empty() {
                out.push_str(&format!("\n{}\n", escape(&answer.note)));
            }
            for picture in &answer.pictures {
                out.push('\n');
                render_picture(picture, out);
            }
        }
        Block::Section(title) | Block::Reference(title) => out.push_str(&format!("## {}\n", escape(title))),
        Block::Subsection(title) => out.push_str(&format!("### {}\n", escape(title))),
        Block::Paragraph(text) => out.push_str(&format!("{}\n", inline(text))),
        Block::List(items) => items.iter().for_each(|item| out.push_str(&format!("- {}\n", inline(item)))),
        Block::Table(table) => render_table(table, out),
        Block::Picture(picture) => render_picture(picture, out),
        Block::Clips(clips) => {
            let links: Vec<String> = clips.clips.iter().map(|clip: &Clip| link(&clip.label, &clip.link)).collect();
            out.push_str(&format!("- {}: {}\n", escape(&clips.title), links.join(", ")));
        }
        Block::Gallery(gallery) => {
            for tile in &gallery.tiles {
                let title = tile.href.as_ref().map_or(escape(&tile.title), |href| link(&tile.title, href));
                let lines: Vec<String> = tile.lines.iter().map(|line| escape(&line.to_string())).collect();
                out.push_str(&format!("- {title}: {}\n", lines.join("; ")));
            }
            for tile in &gallery.tiles {
                if let Some(View::Drawn(picture)) = &tile.view {
                    out.push('\n');
                    render_picture(picture, out);
                }
            }
        }
        Block::Explorer { explorer, .. } => {
            for (sentence, table) in super::explorer::tables(explorer) {
                out.push_str(&format!("{}\n\n", escape(&sentence)));
                render_table(&table, out);
                out.push('\n');
            }
        }
        Block::Details { summary, verbatim } => {
            let fence = fence(verbatim);
            let summary = super::html::escape(summary);
            out.push_str(&format!(
                "<details>\n<summary>{summary}</summary>\n\n{fence}\n{}\n{fence}\n\n</details>\n",
                verbatim.trim_end()
            ));
        }
    }
}

fn render_picture(picture: &Picture, out: &mut String) {
    if let Some(link) = &picture.link {
        out.push_str(&format!("![{}]({})\n\n", escape(&picture.title), address(link)));
    }
    out.push_str(&format!("**{}.** {}\n", escape(&picture.title), escape(&picture.caption)));
}

fn render_table(table: &Table, out: &mut String) {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    out.push_str(&line(table.columns.iter().map(|c| escape(&c.title)).collect()));
    out.push_str(&line(table.columns.iter().map(|c| if c.number { "---:".into() } else { "---".into() }).collect()));
    for row in &table.rows {
        out.push_str(&line(row.iter().map(cell_text).collect()));
    }
}

fn cell_text(cell: &Cell) -> String {
    match &cell.link {
        Some(href) => link(&cell.text, href),
        None if cell.best => format!("**{}**", escape(&cell.text)),
        None => escape(&cell.text),
    }
}

fn link(text: &str, href: &str) -> String {
    format!("[{}]({})", escape(text), address(href))
}

fn inline(text: &Text) -> String {
    let piece = |part: &Inline| match part {
        Inline::Plain(s) => escape(s),
        Inline::Strong(s) => format!("**{}**", escape(s)),
        Inline::Link { text, href } => link(text, href),
        Inline::Code(s) => format!("`{}`", s.replace('`', "'")),
    };
    text.iter().map(piece).collect()
}

/// A fence with more backticks than the longest run in the text.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

/// Escapes characters that Markdown or its HTML would interpret. Line breaks become spaces.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' => out.extend(['\\', c]),
            '\n' => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_markdown_would_read_is_escaped() {
        assert_eq!(escape("a|b <c> x_1\n*"), "a\\|b \\<c\\> x\\_1 \\*");
        assert_eq!(fence("x ```` y"), "`````");
        assert_eq!(fence("plain"), "```");
    }
}
