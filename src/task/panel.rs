//! The panels of a task's figures: their axis, and the measurement under the published names.

use vqlab_core::method::Kmeans;

use crate::quantizer::Method;
use crate::training::Trainer;

/// A method and its trainer, which together have one curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Contender {
    pub method: Method,
    pub trainer: Trainer,
}

impl Contender {
    /// The method trained as in the paper.
    pub const fn proposed(method: Method) -> Self {
        Self { method, trainer: Trainer::Nsvq }
    }

    /// `AVQ`, or `AVQ (k-means)` if k-means trained it. OPQ and LSQ have no other trainer.
    pub fn label(self) -> &'static str {
        self.kmeans().map_or(self.method.label(), |kmeans| kmeans.label)
    }

    /// How the results of k-means look, where NSVQ trains the method, too; None for the results of NSVQ.
    pub fn kmeans(self) -> Option<Kmeans> {
        self.method.definition().kmeans.filter(|_| self.trainer == Trainer::Kmeans)
    }
}

/// The x axis of a panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PanelAxis {
    /// The bits of one code. Every point has cells of its own.
    Bits,
    /// T, ascending. The cells of a point give recall@T at every T.
    Rank(Vec<u32>),
    /// Bit/s, ascending. The cells of a point give the quality of speech at every bitrate.
    Bitrate(Vec<u32>),
}

impl PanelAxis {
    /// The axis's key in Results files, as in the published ones.
    pub fn name(&self) -> &'static str {
        match self {
            PanelAxis::Bits => "VQ Bitrate",
            PanelAxis::Rank(_) => "T",
            PanelAxis::Bitrate(_) => "Sampling Rate",
        }
    }

    /// A position on the axis in Results files: `12 bits`, `16`, or `9.6 kbits/sec`.
    pub fn tick(&self, at: u32) -> String {
        match self {
            PanelAxis::Bits => format!("{at} bits"),
            PanelAxis::Rank(_) => at.to_string(),
            PanelAxis::Bitrate(_) => format!("{} kbits/sec", f64::from(at) / 1e3),
        }
    }

    /// The heading of a table's column.
    pub fn heading(&self) -> &'static str {
        match self {
            PanelAxis::Bits => "bits",
            PanelAxis::Rank(_) => "T",
            PanelAxis::Bitrate(_) => "kbit/s",
        }
    }

    /// A position in a table under [`PanelAxis::heading`].
    pub fn number(&self, at: u32) -> String {
        match self {
            PanelAxis::Bits | PanelAxis::Rank(_) => at.to_string(),
            PanelAxis::Bitrate(_) => (f64::from(at) / 1e3).to_string(),
        }
    }

    /// Positions in a sentence: `12, 16 and 20 bits`, `T = 1 and 10`, `8 and 9.6 kbit/s`.
    pub fn in_words(&self, numbers: &str) -> String {
        match self {
            PanelAxis::Bits => format!("{numbers} bits"),
            PanelAxis::Rank(_) => format!("T = {numbers}"),
            PanelAxis::Bitrate(_) => format!("{numbers} kbit/s"),
        }
    }
}

/// The measurement in the Results file under the published name. The other one is shown beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Primary {
    /// On the training set, as the published toy numbers.
    Training,
    /// On the test set.
    Fresh,
}

impl Primary {
    pub fn name(self) -> &'static str {
        match self {
            Primary::Training => "training",
            Primary::Fresh => "fresh",
        }
    }
}

/// The list in a spec with the positions at which each cell is measured. It is the x axis if all codes have one length.
#[derive(Clone, Copy, Debug)]
pub struct AxisField {
    pub path: &'static str,
    /// The unit of an entry: `T`, `bit/s`.
    pub unit: &'static str,
    pub axis: fn(Vec<u32>) -> PanelAxis,
    /// The names of the smallest and the largest entry in a claim, and the maximum value.
    pub bounds: ([&'static str; 2], i64),
    /// The text before an entry in the name of a Results file: `Recall-T100.json`.
    pub ending: &'static str,
}
