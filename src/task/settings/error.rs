//! Errors of a spec. Checks return a [`Fault`], which knows only a span. [`Sources`] turns it into a [`SpecError`],
//! which shows the line with the value underlined, the allowed values and a hint.

use std::fmt;
use std::path::Path;

/// A byte range in one of the [`Sources`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub source: usize,
    pub start: usize,
    pub end: usize,
}

/// The error in the value at a span.
#[derive(Clone, Debug)]
pub struct Fault {
    span: Span,
    message: String,
    allowed: Option<String>,
    help: Option<String>,
}

pub type Checked<T> = Result<T, Fault>;

impl Fault {
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Fault { span, message: message.into(), allowed: None, help: None }
    }

    pub fn allowed(mut self, allowed: impl Into<String>) -> Self {
        self.allowed = Some(allowed.into());
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The texts that spans point into: the spec file first, then one for each `--set`.
#[derive(Debug)]
pub struct Sources {
    texts: Vec<(String, String)>,
}

impl Sources {
    pub fn new(file: &Path, text: &str) -> Self {
        Sources { texts: vec![(file.display().to_string(), text.to_owned())] }
    }

    /// Adds a text and returns its index.
    pub fn add(&mut self, name: &str, text: &str) -> usize {
        self.texts.push((name.to_owned(), text.to_owned()));
        self.texts.len() - 1
    }

    pub fn error(&self, fault: Fault) -> SpecError {
        let (name, text) = &self.texts[fault.span.source];
        let before = &text.as_bytes()[..fault.span.start.min(text.len())];
        let line = before.iter().filter(|&&byte| byte == b'\n').count();
        let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let source = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or("");
        let offset = fault.span.start - start;
        let width = fault.span.end.saturating_sub(fault.span.start);
        let column = source.char_indices().take_while(|(at, _)| *at < offset).count();
        let carets = source.char_indices().filter(|(at, _)| *at >= offset && *at - offset < width).count().max(1);
        SpecError {
            file: name.clone(),
            position: Some((line + 1, column + 1)),
            message: fault.message,
            details: details(line + 1, source, column, carets, fault.allowed, fault.help),
        }
    }
}

/// The source line with its underline, then the `allowed` and `hint` lines.
fn details(
    line: usize,
    source: &str,
    column: usize,
    carets: usize,
    allowed: Option<String>,
    help: Option<String>,
) -> String {
    let number = line.to_string();
    let gutter = " ".repeat(number.len());
    // Tabs stay in the padding, so that the carets are under the value at any tab width.
    let padding: String = source.chars().take(column).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let mut text =
        format!("{gutter} |\n{number} | {source}\n{gutter} | {padding}{carets}", carets = "^".repeat(carets));
    for (name, value) in [("allowed", allowed), ("hint", help)] {
        if let Some(value) = value {
            text.push_str(&format!("\n{name}: {value}"));
        }
    }
    text
}

/// Why a spec was refused. It is displayed as `FILE:LINE:COLUMN: what was found`, the line with the value underlined,
/// and the allowed values. For `--set` the file is `--set`, and the column counts from the start of `key=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    pub file: String,
    /// Line and column from 1, in characters. None if the file could not be read.
    pub position: Option<(usize, usize)>,
    pub message: String,
    details: String,
}

impl SpecError {
    pub fn unreadable(file: &Path, error: &std::io::Error) -> Self {
        SpecError {
            file: file.display().to_string(),
            position: None,
            message: format!("can't read the spec: {error}"),
            details: "hint: specs are TOML files; `vqlab specs` lists the specs of the program, `vqlab specs --copy \
                      NAME` writes one here"
                .to_owned(),
        }
    }

    /// A wrong option on the command line other than `--set`: `option` as typed.
    pub fn option(option: &str, message: &str, allowed: &str) -> Self {
        SpecError {
            file: option.to_owned(),
            position: None,
            message: message.to_owned(),
            details: format!("allowed: {allowed}"),
        }
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}\n{}", self.file, self.message, self.details),
            None => write!(f, "{}: {}\n{}", self.file, self.message, self.details),
        }
    }
}

impl std::error::Error for SpecError {}

/// The name in `known` that `typed` probably means. At most a third of its letters differ, or it is the start of this
/// name only. Names of one or two letters are too similar, so there is no suggestion for them.
pub fn closest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let known: Vec<&str> = known.into_iter().collect();
    let nearest = known.iter().map(|name| (edits(typed, name), *name)).min_by_key(|(distance, _)| *distance)?;
    let length = typed.chars().count();
    if length <= 2 {
        return None;
    }
    // An abbreviation of a single name, such as `dim`.
    let lower = typed.to_lowercase().replace('_', "-");
    let mut longer = known.iter().filter(|name| name.starts_with(&lower));
    let abbreviated = longer.next().filter(|_| longer.next().is_none()).copied();
    if nearest.0 <= (length / 3).max(1) { Some(nearest.1) } else { abbreviated }
}

/// The number of letters to change, add, remove or swap with their neighbor (optimal string alignment). Case and the
/// kind of dash are ignored.
fn edits(a: &str, b: &str) -> usize {
    let normal = |text: &str| text.to_lowercase().replace('_', "-").chars().collect::<Vec<char>>();
    let (a, b) = (normal(a), normal(b));
    let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
    table[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        table[i][0] = i;
        for j in 1..=b.len() {
            let substituted = table[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            table[i][j] = substituted.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                table[i][j] = table[i][j].min(table[i - 2][j - 2] + 1);
            }
        }
    }
    table[a.len()][b.len()]
}

/// `a, b, c`, each in quotes.
pub fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn underlines_by_characters_and_keeps_tabs() {
        let sources = Sources::new(Path::new("a.toml"), "x = 1\n\té = \"ü\" # end\r\n");
        let start = "x = 1\n\té = ".len();
        let fault = Fault::new(Span { source: 0, start, end: start + 4 }, "bad").allowed("good");
        let expected = "a.toml:2:6: bad\n  |\n2 | \té = \"ü\" # end\n  | \t    ^^^\nallowed: good";
        assert_eq!(sources.error(fault).to_string(), expected);
        // A position after the end of the text, with an empty span, can still be shown.
        let end = Fault::new(Span { source: 0, start: 5, end: 5 }, "end");
        assert_eq!(sources.error(end).to_string(), "a.toml:1:6: end\n  |\n1 | x = 1\n  |      ^");
    }

    #[test]
    fn suggests_only_what_is_close() {
        assert_eq!(closest("learning_rte", ["batch-size", "learning-rate"]), Some("learning-rate"));
        assert_eq!(closest("momentum", ["batch-size", "learning-rate"]), None);
        assert_eq!(closest("dim", ["distribution", "dimension"]), Some("dimension"));
        assert_eq!(closest("beam", ["beam-width", "beam-search"]), None);
        assert_eq!(closest("rqv", ["avq", "rvq", "pvq"]), Some("rvq"));
        assert_eq!(closest("2c", ["2a", "2b"]), None);
    }
}
