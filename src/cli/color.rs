//! Colors on a terminal: verdicts green, amber and red; the words `error:` and `hint:`. `NO_COLOR`, `CLICOLOR`,
//! `CLICOLOR_FORCE` and `--color` decide. The functions always add colors; the streams of `anstream` remove them where
//! they are not wanted.

use anstream::ColorChoice;
use anstyle::{AnsiColor, Effects, Style};
use clap::ValueEnum;

use crate::compare::Verdict;

/// The values of `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Choice {
    // No doc comment, which would make every help a long one. On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    Always,
    Never,
}

impl Choice {
    /// Makes this the choice for stdout and stderr, clap's own texts included.
    pub fn apply(self) {
        match self {
            Choice::Auto => ColorChoice::Auto,
            Choice::Always => ColorChoice::Always,
            Choice::Never => ColorChoice::Never,
        }
        .write_global();
    }

    /// The choice in words that clap could not parse, or whose help it shows: there is no parsed option then.
    pub fn of_words(words: impl Iterator<Item = String>) -> Self {
        let words: Vec<String> = words.collect();
        let joined = words.iter().find_map(|word| word.strip_prefix("--color="));
        let apart = words.windows(2).find_map(|pair| (pair[0] == "--color").then_some(pair[1].as_str()));
        joined.or(apart).and_then(|word| Choice::from_str(word, false).ok()).unwrap_or_default()
    }
}

const GREEN: Style = AnsiColor::Green.on_default();
const AMBER: Style = AnsiColor::Yellow.on_default();
const RED: Style = AnsiColor::Red.on_default();
const ERROR: Style = RED.effects(Effects::BOLD);
const HINT: Style = AnsiColor::Cyan.on_default();

fn painted(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Reproduced | Verdict::Better => GREEN,
        Verdict::Inconclusive | Verdict::NotComparable | Verdict::Missing => AMBER,
        Verdict::Worse => RED,
    }
}

/// Verdicts, and the results of claims.
fn words() -> impl Iterator<Item = (&'static str, Style)> {
    let verdicts = Verdict::ALL.into_iter().map(|verdict| (verdict.name(), style(verdict)));
    verdicts.chain([("holds", GREEN), ("fails", RED), ("not known", AMBER)])
}

/// The word at the start of a text, if it ends there.
fn word_at_start(text: &str) -> Option<(&'static str, Style)> {
    words().find(|(word, _)| {
        text.strip_prefix(word).is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric()))
    })
}

/// Colors the verdicts of a text: in the column `verdict` of a table, and after a colon (`Figure 2b: reproduced, …`).
pub fn verdicts(text: &str) -> String {
    let mut column = None;
    let lines = text.split_inclusive('\n').map(|line| {
        if !line.starts_with("  ") {
            column = None;
        }
        if let Some(at) = line.starts_with("  ").then(|| column_of(line, "verdict")).flatten() {
            column = Some(at);
            return line.to_owned();
        }
        let cell = column.and_then(|at| line.char_indices().nth(at)).map(|(at, _)| at);
        // The line below a table has no columns.
        let cell = cell.filter(|at| line[..*at].ends_with("  "));
        let places = cell.into_iter().chain(line.match_indices(": ").map(|(at, colon)| at + colon.len()));
        match places.into_iter().find_map(|at| Some((at, word_at_start(&line[at..])?))) {
            Some((at, (word, style))) => {
                format!("{}{}{}", &line[..at], painted(style, word), &line[at + word.len()..])
            }
            None => line.to_owned(),
        }
    });
    lines.collect()
}

/// The position of a column in the head line of a table, in characters.
fn column_of(head: &str, title: &str) -> Option<usize> {
    let at = head.match_indices(title).map(|(at, _)| at).find(|at| {
        let after = &head[at + title.len()..];
        head[..*at].ends_with("  ") && (after.trim().is_empty() || after.starts_with("  "))
    })?;
    Some(head[..at].chars().count())
}

/// Colors `error:` and `hint:` at the start of lines.
pub fn message(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| {
        let word = [("error:", ERROR), ("hint:", HINT)].into_iter().find(|(word, _)| line.starts_with(word));
        word.map_or_else(|| line.to_owned(), |(word, style)| format!("{}{}", painted(style, word), &line[word.len()..]))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_colored_in_their_column_and_after_a_colon() {
        let table = "Figure 2b: worse, 1 of 2 points\n\n2b: ours\n  method  n  verdict  fresh\n  better  2  worse    1.5\n  \
                     AVQ     2  better   1.4\n  1 worse, 1 better of 2 points; verdict: worse\n";
        let red = painted(RED, "worse");
        let expected = format!(
            "Figure 2b: {red}, 1 of 2 points\n\n2b: ours\n  method  n  verdict  fresh\n  better  2  {red}    1.5\n  AVQ     \
             2  {}   1.4\n  1 worse, 1 better of 2 points; verdict: {red}\n",
            painted(GREEN, "better")
        );
        assert_eq!(verdicts(table), expected);
        assert_eq!(verdicts("a: holdsteady\nbetter\n"), "a: holdsteady\nbetter\n");
    }

    #[test]
    fn the_first_words_of_messages_are_colored() {
        let expected = format!("{} no: hint: none\n{} do", painted(ERROR, "error:"), painted(HINT, "hint:"));
        assert_eq!(message("error: no: hint: none\nhint: do"), expected);
    }

    #[test]
    fn the_choice_is_found_before_parsing() {
        let choice = |words: &[&str]| Choice::of_words(words.iter().map(|word| (*word).to_owned()));
        assert_eq!(choice(&["run", "--color=never"]), Choice::Never);
        assert_eq!(choice(&["--color", "always", "run"]), Choice::Always);
        assert_eq!(choice(&["run", "--color"]), Choice::Auto);
        assert_eq!(choice(&["run", "--color=green"]), Choice::Auto);
    }
}
