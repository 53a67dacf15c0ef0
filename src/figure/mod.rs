//! Figures in the paper's style, with the published curves beside ours. The module has a small chart model ([`Figure`],
//! [`Chart`]), drawing to SVG, PNG and PDF with an embedded font, and the figures of an experiment
//! ([`draw_experiment`]), of a training log ([`draw_log`]) and of the published numbers alone ([`draw_published`]).

mod canvas;
mod chart;
mod complexity;
mod curves;
mod dots;
mod gaps;
mod image;
mod layout;
mod legend;
mod log;
mod output;
mod pictures;
mod published;
mod recommend;
mod scale;
mod search;
mod speech;
mod toy;
mod tradeoff;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub(crate) use crate::results::file_name;
pub use chart::{
    Axis, Chart, Color, EndLabel, Figure, LegendEntry, LegendKey, LegendPlace, LineStyle, Marker, Scale, Series, Strip,
    VerticalMark,
};
pub(crate) use gaps::generalization_gap;
pub use log::draw_log;
pub use output::{Format, svg_to_pdf, to_png, to_svg};
pub use pictures::{PictureFigure, PictureGroup, PictureRow, by_bits, draw_pictures};
pub use published::draw_published;
pub use recommend::draw_recommendation;
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
    /// For inlining. Always present, even if SVG is not among the formats.
    pub svg: String,
    pub files: Vec<PathBuf>,
}

/// A figure before it is drawn.
pub(crate) struct Sketch {
    pub id: String,
    pub title: String,
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
    pub fn finish(self, out_dir: &Path, formats: &[Format]) -> Result<Drawn, FigureError> {
        let svg = to_svg(&self.figure)?;
        let files = output::write(&self.figure, &svg, out_dir, &self.id, formats)?;
        Ok(Drawn { id: self.id, title: self.title, caption: self.caption, svg, files })
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
    /// The folder of an image experiment's pictures ([`crate::results::pictures_folder`]).
    pub pictures: Option<&'a Path>,
}

/// Draws every figure of the experiment that has numbers, and writes each as `OUT_DIR/ID.FORMAT`.
///
/// Panels that name the same figure share it. The figures of a plan are its own figures (`figure-2a`, …) and, by task:
///
/// - Toy: `error-PANEL` for panels without a figure, `errors` for panels of one bitrate, `tradeoff-PANEL`,
///   `generalization`, `difference`, and `draws` if several panels share one published file.
/// - Search: `recall-PANEL` and (over bits) `tradeoff-PANEL` for panels without a figure, `nsvq-minus-kmeans-PANEL`,
///   `times-PANEL`.
/// - Image: 4c with 4b, `quality-PANEL` and `tradeoff-PANEL` for panels without a figure, `pictures` or
///   `pictures-PANEL`.
/// - Speech: `quality-PANEL` for panels without a figure, `gaps-PANEL`.
/// - Complexity: `complexity-PANEL` for panels without a figure.
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
    let sketches = match plan.task.name() {
        "complexity" => complexity::sketches(plan, aggregates, options.published),
        "search" => search::sketches(plan, aggregates, records, options),
        "image" => image::sketches(plan, aggregates, options),
        "speech" => speech::sketches(plan, aggregates, records, options.published),
        _ => {
            let mut all = toy::sketches(plan, aggregates, options.published);
            all.extend(tradeoff::sketches(plan, options.tradeoffs));
            all.extend(gaps::generalization(plan, aggregates));
            all.extend(gaps::difference(plan, options.comparisons));
            all.extend(gaps::draws(plan, options.comparisons));
            all
        }
    };
    let mut joined: Vec<Sketch> = Vec::new();
    for sketch in sketches {
        match joined.iter_mut().find(|known| known.id == sketch.id) {
            Some(known) => known.join(sketch),
            None => joined.push(sketch),
        }
    }
    let drawn = joined.into_iter().map(|sketch| sketch.finish(out_dir, formats));
    let folder = options.pictures.filter(|_| plan.task.name() == "image");
    let pictures = folder.map(|folder| image::pictures(plan, records, folder)).unwrap_or_default();
    drawn.chain(pictures.iter().map(|figure| draw_pictures(figure, out_dir, formats))).collect()
}
