//! The output of `recommend`: for each bitrate the answer, in lines of at most 80 columns. The long form follows by
//! `--verbose`.

use super::super::document::Table;
use super::super::terminal;
use super::{Asked, command, data, hint, long, longer, table};
use crate::recommend::{Choice, Recommendation};

const COLUMNS: usize = 80;

/// The answer for each bitrate, and the shapes that were left out. Ends with a line break. `verbose` adds the table of
/// all quantizers and the long reason.
pub fn recommendation_text(found: &Recommendation, asked: &Asked, verbose: bool) -> String {
    let mut blocks: Vec<String> = found.choices.iter().map(|choice| answer(found, choice, asked)).collect();
    if let Some(left_out) = left_out(found, asked) {
        blocks.push(left_out);
    }
    if verbose {
        blocks.push(wrap(&data(found), "", ""));
        let long = |choice: &Choice| {
            let table = terminal::aligned(&rows(&table::complete(found, choice)));
            format!("{table}\n{}", wrap(&long::paragraph(found, choice), "", ""))
        };
        blocks.extend(found.choices.iter().map(long));
    }
    blocks.join("\n")
}

fn answer(found: &Recommendation, choice: &Choice, asked: &Asked) -> String {
    let bits = choice.bits;
    let Some(words) = found.words(choice) else { return nothing(found, choice) };
    let line = |text: &str| wrap(text, "  ", "    ");
    let mut text = wrap(&format!("{bits} bits per vector: {}", words.choice), "", "  ");
    text += &line(&format!("error {}", words.error));
    text += &line(&words.cost);
    text += &words.recall.map_or(String::new(), |recall| line(&format!("{recall} of the queries")));
    text += &line(&words.sure);
    let alternatives = table::alternatives(found, choice);
    if !alternatives.rows.is_empty() {
        text += &format!("\n{}\n", terminal::aligned(&rows(&alternatives)));
    }
    if let Some(bound) = &words.bound {
        text += &line(bound);
    }
    for caution in &words.cautions {
        text += &line(&caution.text);
        text += &hint(caution, found, asked).map_or(String::new(), |hint| format!("    {hint}\n"));
    }
    let command = command(found, choice, asked).unwrap_or_default();
    format!("{text}\n{}", in_shell(&command))
}

/// The answer if no quantizer is within the limits.
fn nothing(found: &Recommendation, choice: &Choice) -> String {
    let mut text = format!("{} bits per vector: {}\n", choice.bits, found.nothing(choice));
    let nearest = found.nearest(choice);
    if !nearest.is_empty() {
        text += &wrap(&nearest, "  ", "    ");
        text += "  hint: raise the limit; --verbose shows all quantizers\n";
    }
    text
}

fn left_out(found: &Recommendation, asked: &Asked) -> Option<String> {
    let all = found.left_out_by_reason();
    let mut text: String = all.iter().map(|left| wrap(&format!("Not fitted: {left}"), "", "  ")).collect();
    if all.iter().any(|left| left.contains("--budget")) {
        text += &format!("  {}\n", longer(asked));
    }
    (!text.is_empty()).then_some(text)
}

/// The titles and the cells.
fn rows(table: &Table) -> Vec<Vec<String>> {
    let head = table.columns.iter().map(|column| column.title.clone()).collect();
    let rows = table.rows.iter().map(|row| row.iter().map(|cell| cell.text.clone()).collect());
    std::iter::once(head).chain(rows).collect()
}

/// A command in lines of at most 80 columns, as a shell continues them.
fn in_shell(words: &[String]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            // Room for the backslash.
            Some(line) if width(line) + 1 + width(word) + 2 <= COLUMNS => *line += &format!(" {word}"),
            Some(_) => lines.push(format!("    {word}")),
            None => lines.push(word.clone()),
        }
    }
    lines.join(" \\\n") + "\n"
}

/// Lines of at most 80 columns. Numbers stay with their signs and units.
fn wrap(text: &str, first: &str, next: &str) -> String {
    let mut lines = vec![first.to_string()];
    let mut is_empty = true;
    for piece in pieces(text) {
        let line = lines.last().map_or(0, |line| width(line));
        if !is_empty && line + 1 + width(&piece) > COLUMNS {
            lines.push(next.to_string());
            is_empty = true;
        }
        if let Some(line) = lines.last_mut() {
            *line += if is_empty { "" } else { " " };
            *line += &piece;
        }
        is_empty = false;
    }
    lines.join("\n") + "\n"
}

/// The words of a text, with `9.1 ± 0.4 %`, `8 × 8` and `3 dB` as one.
fn pieces(text: &str) -> Vec<String> {
    let is_sign = |word: &str| matches!(word, "±" | "×");
    let is_unit = |word: &str| word.starts_with('%') || word.starts_with("dB") || word.starts_with("KiB");
    let mut pieces: Vec<String> = Vec::new();
    let mut after_sign = false;
    for word in text.split_whitespace() {
        match pieces.last_mut() {
            Some(piece) if after_sign || is_sign(word) || is_unit(word) => *piece += &format!(" {word}"),
            _ => pieces.push(word.into()),
        }
        after_sign = is_sign(word) || word == "beam";
    }
    pieces
}

fn width(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_before_column_80_and_numbers_stay_whole() {
        let text = "The next is AVQ 16 × 10, beam 16 with 12.3 ± 0.4 % more error than the quantizer. ".repeat(4);
        let lines = wrap(&text, "  ", "    ");
        assert!(lines.lines().all(|line| width(line) <= COLUMNS), "{lines}");
        assert!(lines.lines().all(|line| !line.ends_with('±') && !line.trim_start().starts_with(['±', '%', '×'])));
        assert_eq!(lines.split_whitespace().collect::<Vec<_>>(), text.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn long_commands_continue() {
        let words: Vec<String> = ["vqlab fit", &"x".repeat(60), "--method rvq", "--stages 8"].map(String::from).into();
        assert_eq!(in_shell(&words), format!("vqlab fit {} \\\n    --method rvq --stages 8\n", "x".repeat(60)));
    }
}
