//! Figures in the paper's style, with the published curves beside ours. The module has a small chart model ([`Figure`],
//! [`Chart`]), drawing to SVG, PNG and PDF with an embedded font, and the figures of an experiment
//! ([`draw_experiment`]; a task chooses them by the trait [`Figures`]), of a training log ([`draw_log`]) and of the published numbers alone ([`draw_published`]).

mod canvas;
mod chart;
pub mod curves;
mod dots;
mod errors;
mod gaps;
mod keys;
mod layout;
mod legend;
mod log;
mod operations;
mod output;
mod page;
mod pareto;
mod pdf;
mod pictures;
mod point_labels;
mod published;
mod recommend;
mod scale;
mod shades;
mod tradeoff;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub(crate) use crate::results::file_name;
pub use chart::{
    Axis, Chart, Color, EndLabel, Figure, LegendEntry, LegendKey, LegendPlace, LineStyle, Marker, PointLabel, Scale,
    Series, Strip, VerticalMark,
};
pub(crate) use gaps::generalization_gap;
pub(crate) use keys::MOST_KEYS;
pub(crate) use keys::number;
pub use log::draw_log;
pub(crate) use operations::{beside_published, over_complexity};
pub use output::{Format, to_pdf, to_png, to_svg};
pub(crate) use page::{escape, fragment};
pub(crate) use pareto::{Dot, pareto};
pub use pictures::{PictureFigure, PictureGroup, PictureRow, by_bits, draw_pictures};
pub use published::draw_published;
pub use recommend::{Pareto, draw_recommendation};
pub(crate) use shades::shades;
pub(crate) use tradeoff::{drawn_once, wmops};

use crate::compare::PanelComparison;
use crate::compare::tradeoff::Tradeoffs;
use crate::results::{Aggregate, ResultsError};
use crate::runner::Record;
use crate::spec::{Panel, Plan};

/// Why a figure could not be made.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    #[error("drawing failed: {0}")]
    Draw(String),
    #[error(transparent)]
    Write(#[from] ResultsError),
    #[error(transparent)]
    Picture(#[from] crate::picture::PictureError),
    #[error("the record {0} has no training log: the cell has no training, or it failed before its first log point")]
    NoLog(String),
}

impl FigureError {
    pub(crate) fn draw(error: impl std::fmt::Display) -> Self {
        FigureError::Draw(error.to_string())
    }
}

/// A figure with its text, written to files.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// `figure-2a`, `tradeoff-correlated`, …; the stem of the files.
    pub id: String,
    pub title: String,
    /// A description of the figure and how to read it.
    pub caption: String,
    /// The SVG. Always present, even if it is not among the formats.
    pub svg: String,
    /// For inlining in a page: HTML with SVG inside, whose series and points have names, for the page's style sheet.
    pub page: String,
    pub files: Vec<PathBuf>,
}

/// The figures of a task.
pub trait Figures {
    /// The charts of an experiment, in the order of the report. Sketches of the same `id` are joined. A task without
    /// charts of its own has the [`general`] ones.
    fn sketches(&self, input: &FigureInput) -> Vec<Sketch> {
        general(input)
    }

    /// Decoded pictures, in figures after the charts.
    fn pictures(&self, input: &FigureInput) -> Vec<PictureFigure> {
        let _ = input;
        Vec::new()
    }
}

/// The input of an experiment's figures.
#[derive(Clone, Copy, Debug)]
pub struct FigureInput<'a> {
    pub plan: &'a Plan,
    pub aggregates: &'a [Aggregate],
    /// By key.
    pub records: &'a HashMap<String, Record>,
    pub options: Options<'a>,
}

/// The figures of every task with an error over bits: the figures that the specs name (`figure-2a`, …), `error-PANEL`
/// for panels without one, `errors` for panels of one bitrate, `tradeoff-PANEL`, `generalization`, `difference`, and
/// `draws` if several panels share one published file.
pub fn general(input: &FigureInput) -> Vec<Sketch> {
    let FigureInput { plan, aggregates, options, .. } = *input;
    let mut all = errors::sketches(plan, aggregates, options.published);
    all.extend(tradeoff::sketches(plan, input.options.tradeoffs));
    all.extend(gaps::generalization(plan, aggregates));
    all.extend(gaps::difference(plan, options.comparisons));
    all.extend(gaps::draws(plan, options.comparisons));
    all
}

/// A figure before it is drawn.
#[derive(Clone, Debug)]
pub struct Sketch {
    /// The stem of the files: `figure-2a`, `error-PANEL`.
    pub id: String,
    pub title: String,
    /// A description of the figure and how to read it.
    pub caption: String,
    pub figure: Figure,
}

impl Sketch {
    /// The stem of a panel's files and the beginning of its titles: `figure-4a` and `Figure 4a: ` for the paper's figures,
    /// `figure-NAME` for other figures, and `FALLBACK-PANEL` if the spec names no figure.
    pub fn name(panel: &Panel, fallback: &str) -> (String, String) {
        let number = panel.paper_figure().map(|figure| format!("Figure {figure}: ")).unwrap_or_default();
        match &panel.figure {
            Some(figure) => (format!("figure-{figure}"), number),
            None => (format!("{fallback}-{}", file_name(&panel.name)), number),
        }
    }

    /// Adds the charts of another figure.
    fn join(&mut self, other: Sketch) {
        if !self.title.contains(&other.title) {
            self.title = format!("{}; {}", self.title, other.title);
        }
        if !self.caption.contains(&other.caption) {
            self.caption = format!("{} {}", self.caption, other.caption);
        }
        let rows = std::mem::take(&mut self.figure.rows).into_iter().chain(other.figure.rows);
        self.figure = Figure::grid(rows.flatten().collect());
    }

    /// Draws and writes the figure.
    pub(crate) fn finish(self, out_dir: &Path, formats: &[Format]) -> Result<Drawn, FigureError> {
        let svg = to_svg(&self.figure)?;
        let page = page::fragment(&self.figure, &self.title)?;
        let files = output::write(&self.figure, &svg, out_dir, &self.id, formats)?;
        Ok(Drawn { id: self.id, title: self.title, caption: self.caption, svg, page, files })
    }
}

/// Options of an experiment's figures.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// For the figures of differences. They are omitted if this is empty.
    pub comparisons: &'a [PanelComparison],
    pub tradeoffs: &'a Tradeoffs,
    /// Whether to draw the published curves beside ours.
    pub published: bool,
    /// The folder of the files that cells have written for reports ([`crate::results::files_folder`]).
    pub files: Option<&'a Path>,
}

/// Draws every figure of the experiment's task ([`Figures`]) that has numbers, and writes each as `OUT_DIR/ID.FORMAT`.
/// Panels that name the same figure share it.
///
/// # Errors
/// [`FigureError`]
pub fn draw_experiment(
    plan: &Plan,
    aggregates: &[Aggregate],
    records: &HashMap<String, Record>,
    out_dir: &Path,
    formats: &[Format],
    options: Options,
) -> Result<Vec<Drawn>, FigureError> {
    let input = FigureInput { plan, aggregates, records, options };
    let mut joined: Vec<Sketch> = Vec::new();
    for sketch in plan.task.sketches(&input) {
        match joined.iter_mut().find(|known| known.id == sketch.id) {
            Some(known) => known.join(sketch),
            None => joined.push(sketch),
        }
    }
    let drawn = joined.into_iter().map(|sketch| sketch.finish(out_dir, formats));
    let pictures = plan.task.pictures(&input);
    drawn.chain(pictures.iter().map(|figure| draw_pictures(figure, out_dir, formats))).collect()
}
