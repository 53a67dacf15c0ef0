//! Resolves merged settings to the settings of a cell. It fills in defaults, keeps only values that have a meaning for
//! the method, and runs the checks that need several values at once.

use super::error::{Checked, Fault, Span};
use super::layer::{Entry, Settings};
use super::training;
use super::value::Node;
use crate::task::cell::{Method, Trainer, Training};

/// One point of a curve: the method and the shape of its codebooks.
#[derive(Clone, Copy)]
pub struct Point<'a> {
    pub method: Method,
    /// Position of the method's name.
    pub name: Span,
    /// Given for a baseline. None = the trainer in `[training]`.
    pub trainer: Option<Trainer>,
    /// M.
    pub stages: usize,
    /// b.
    pub bits_per_stage: u32,
    /// The bits as written, as the position for errors.
    pub bits: &'a Node,
    /// Position for errors about a missing field.
    pub head: Span,
}

pub const TRAINER: &str = "training.trainer";

/// Settings of stochastic optimization, which k-means does not have.
const STOCHASTIC: [&str; 12] = [
    "training.optimizer",
    "training.learning-rate",
    "training.schedule",
    "training.final-rate",
    "training.batch-size",
    "training.updates",
    "training.log-every",
    "training.replacement.enabled",
    "training.replacement.every",
    "training.replacement.threshold",
    "training.replacement.stop-before-end",
    "quantizer.init",
];

impl Point<'_> {
    /// The baseline's trainer, else the trainer in `[training]`.
    pub fn trainer(self, settings: &Settings) -> Trainer {
        self.trainer.unwrap_or(match settings.text(TRAINER) {
            Some("kmeans") => Trainer::Kmeans,
            _ => Trainer::Nsvq,
        })
    }

    /// K.
    pub fn codebook_size(self) -> usize {
        1 << self.bits_per_stage
    }

    /// M·K.
    pub fn codewords(self) -> usize {
        self.stages * self.codebook_size()
    }

    pub fn total_bits(self) -> u32 {
        self.stages as u32 * self.bits_per_stage
    }

    pub fn label(self) -> String {
        format!(
            "{} at {} bits (M = {}, K = {})",
            self.method.label(),
            self.total_bits(),
            self.stages,
            self.codebook_size()
        )
    }
}

/// The numbers in a list.
pub fn ranks(node: &Node) -> Vec<u32> {
    let numbers = node.list().unwrap_or_default().iter().filter_map(Node::whole);
    numbers.filter_map(|n| u32::try_from(n).ok()).collect()
}

/// The trainer of a point with its settings. `deviation` is the standard deviation of a coordinate of the data, if
/// known.
pub fn training(settings: &Settings, point: Point, deviation: Option<f64>) -> Checked<Training> {
    let trainer = point.trainer(settings);
    if point.trainer.is_none() {
        let is_nsvq = trainer == Trainer::Nsvq;
        for path in STOCHASTIC {
            settings.depends(path, TRAINER, is_nsvq, "training.trainer = \"nsvq\"")?;
        }
    }
    if trainer == Trainer::Kmeans {
        return Ok(Training::Kmeans(training::kmeans(settings)));
    }
    if !point.method.has_nsvq() {
        let label = point.method.label();
        return Err(Fault::new(point.name, format!("{label} has no stochastic training"))
            .allowed("\"avq\", \"rvq\", \"pvq\"")
            .help(format!(
                "list \"{}\" in sweep.baselines, or set training.trainer = \"kmeans\"",
                label.to_lowercase()
            )));
    }
    Ok(Training::Nsvq(training::resolve(settings, point.head, deviation)?))
}

/// D.
pub fn dimension(settings: &Settings, head: Span) -> Checked<usize> {
    Ok(required(settings, "data.dimension", head)?.node.whole().unwrap_or_default() as usize)
}

/// The entry at `path`.
pub fn required<'a>(settings: &Settings<'a>, path: &str, head: Span) -> Checked<Entry<'a>> {
    settings.get(path).ok_or_else(|| {
        let section = path.split('.').next().unwrap_or(path);
        Fault::new(head, format!("`{path}` is missing")).help(format!("give it in [{section}]"))
    })
}

pub fn check_dimension(settings: &Settings, point: Point, dimension: usize, is_cut: bool, why: &str) -> Checked<()> {
    let stages = point.stages;
    if !is_cut || dimension.is_multiple_of(stages) {
        return Ok(());
    }
    let written =
        ["data.dimension", "network.latent-dimension", "codec.bands"].into_iter().find_map(|path| settings.node(path));
    let span = written.map_or(point.head, |node| node.span);
    let below = dimension / stages * stages;
    let nearest: Vec<String> = [below, below + stages].iter().filter(|d| **d > 0).map(usize::to_string).collect();
    let message = format!(
        "D = {dimension} can't be divided by M = {stages} (D/M = {:.3}): {why}",
        dimension as f64 / stages as f64
    );
    Err(Fault::new(span, message).allowed(format!("multiples of {stages}; the nearest: {}", nearest.join(", "))))
}
