//! The report as a document, independent of its format: headings, paragraphs, tables and figures. HTML and Markdown are
//! two renderings of the same value.

use super::gallery::Gallery;

/// A piece of text within a line. Each renderer escapes special characters.
#[derive(Clone, Debug, PartialEq)]
pub enum Inline {
    Plain(String),
    Strong(String),
    Code(String),
    /// Text that links to `href`, relative to the report.
    Link {
        text: String,
        href: String,
    },
}

impl Inline {
    pub fn plain(text: impl Into<String>) -> Self {
        Inline::Plain(text.into())
    }

    pub fn code(text: impl Into<String>) -> Self {
        Inline::Code(text.into())
    }
}

/// The text of a paragraph or a cell.
pub type Text = Vec<Inline>;

/// Plain text.
pub fn text(plain: impl Into<String>) -> Text {
    vec![Inline::Plain(plain.into())]
}

/// The meaning of a cell. HTML shows it as a color.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Neutral,
    Good,
    Bad,
    Doubtful,
}

#[derive(Clone, Debug)]
pub struct Cell {
    pub text: String,
    pub tone: Tone,
    /// Whether it is the best of its group. Shown in bold.
    pub best: bool,
    /// The link of the text, relative to the report.
    pub link: Option<String>,
}

impl Cell {
    pub fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Cell { text: text.into(), tone, best: false, link: None }
    }

    pub fn best(self, best: bool) -> Self {
        Cell { best, ..self }
    }

    pub fn linked(self, link: Option<String>) -> Self {
        Cell { link, ..self }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Cell::toned(text, Tone::Neutral)
    }
}

#[derive(Clone, Debug)]
pub struct Column {
    pub title: String,
    /// Numbers are flush right.
    pub number: bool,
}

#[derive(Clone, Debug)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A title that begins with `#` marks a column of numbers.
    pub fn new<S: AsRef<str>>(titles: &[S]) -> Self {
        let column = |title: &S| match title.as_ref().strip_prefix('#') {
            Some(title) => Column { title: title.into(), number: true },
            None => Column { title: title.as_ref().into(), number: false },
        };
        Table { columns: titles.iter().map(column).collect(), rows: Vec::new() }
    }

    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }
}

#[derive(Clone, Debug)]
pub struct Picture {
    pub title: String,
    pub caption: String,
    /// For HTML, see [`crate::figure::Drawn::page`].
    pub html: String,
    /// For Markdown, relative to the report. `None` if no picture file was written.
    pub link: Option<String>,
}

impl Picture {
    /// Whether it needs the full width: several charts, or pictures.
    pub fn is_wide(&self) -> bool {
        ["class=\"charts many\"", "class=\"pictures\""].iter().any(|class| self.html.contains(class))
    }
}

/// A group of sounds, such as the decoded speech of each method at one bitrate.
#[derive(Clone, Debug)]
pub struct Clips {
    pub title: String,
    pub clips: Vec<Clip>,
}

#[derive(Clone, Debug)]
pub struct Clip {
    pub label: String,
    /// The path of a WAV file, relative to the report.
    pub link: String,
    /// The path of its copy in Ogg Opus, which players prefer.
    pub compressed: Option<String>,
}

/// The main result, at the top: sentences, commands, figures in cards, and plots.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub lines: Vec<Line>,
    /// To type in a shell.
    pub commands: Vec<String>,
    pub cards: Vec<Card>,
    /// What the abbreviations mean, or empty.
    pub note: String,
    pub pictures: Vec<Picture>,
}

/// A number that a reader looks for first: `41 of 48`, `points reproduced`.
#[derive(Clone, Debug)]
pub struct Card {
    pub value: String,
    pub label: String,
    pub tone: Tone,
}

impl Card {
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Card { value: value.into(), label: label.into(), tone: Tone::Neutral }
    }

    pub fn toned(self, tone: Tone) -> Self {
        Card { tone, ..self }
    }
}

/// A sentence about a verdict: `Figure 2b: `, `reproduced`, `, 24 of 24 points within 0.5 %, 2 seeds`.
#[derive(Clone, Debug)]
pub struct Line {
    pub before: String,
    pub verdict: String,
    pub after: String,
    pub tone: Tone,
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}{}{}", self.before, self.verdict, self.after)
    }
}

#[derive(Clone, Debug)]
pub enum Block {
    Answer(Answer),
    Section(String),
    /// A section for reference, such as definitions and provenance. HTML shows its title alone until it is opened. It
    /// ends at the next section.
    Reference(String),
    Subsection(String),
    Paragraph(Text),
    List(Vec<Text>),
    Table(Table),
    Picture(Picture),
    Clips(Clips),
    Gallery(Gallery),
    /// Quantizers from which budgets select one.
    Explorer {
        explorer: Box<super::explorer::Explorer>,
        /// One per group, as HTML.
        plots: Vec<String>,
    },
    /// A summary that opens to a verbatim text.
    Details {
        summary: String,
        verbatim: String,
    },
}

#[derive(Clone, Debug, Default)]
pub struct Document {
    pub title: String,
    /// What an index says about the page.
    pub summary: Option<serde_json::Value>,
    pub blocks: Vec<Block>,
}

impl Document {
    pub fn section(&mut self, title: &str) {
        self.blocks.push(Block::Section(title.into()));
    }

    /// Begins a section that HTML shows folded.
    pub fn reference(&mut self, title: &str) {
        self.blocks.push(Block::Reference(title.into()));
    }

    pub fn subsection(&mut self, title: impl Into<String>) {
        self.blocks.push(Block::Subsection(title.into()));
    }

    pub fn paragraph(&mut self, plain: impl Into<String>) {
        self.blocks.push(Block::Paragraph(text(plain)));
    }

    pub fn list(&mut self, items: Vec<Text>) {
        if !items.is_empty() {
            self.blocks.push(Block::List(items));
        }
    }

    pub fn table(&mut self, table: Table) {
        self.blocks.push(Block::Table(table));
    }
}
