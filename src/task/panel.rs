//! What a task says of the panels of its figures: their axis, and which measurement stands under the published names.

use crate::quantizer::Method;
use crate::training::Trainer;

/// Whose curve a point belongs to: a method and its trainer.
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

    /// `AVQ`, or `AVQ (k-means)` where expectation maximization trained it. OPQ and LSQ have no other trainer.
    pub fn label(self) -> &'static str {
        match (self.method, self.trainer) {
            (Method::Avq, Trainer::Kmeans) => "AVQ (k-means)",
            (Method::Rvq, Trainer::Kmeans) => "RVQ (k-means)",
            (Method::Pvq, Trainer::Kmeans) => "PVQ (k-means)",
            (method, _) => method.label(),
        }
    }
}

/// The x axis of a panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PanelAxis {
    /// The bits of one code; every point has cells of its own.
    Bits,
    /// T, ascending: a point's cells give the recall@T of all of them.
    Rank(Vec<u32>),
    /// Bit/s, ascending: a point's cells give the quality of speech at all of them.
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

    /// A place on the axis as Results files write it: `12 bits`, `16`, or `9.6 kbits/sec`.
    pub fn tick(&self, at: u32) -> String {
        match self {
            PanelAxis::Bits => format!("{at} bits"),
            PanelAxis::Rank(_) => at.to_string(),
            PanelAxis::Bitrate(_) => format!("{} kbits/sec", f64::from(at) / 1e3),
        }
    }

    /// The head of a table's column.
    pub fn heading(&self) -> &'static str {
        match self {
            PanelAxis::Bits => "bits",
            PanelAxis::Rank(_) => "T",
            PanelAxis::Bitrate(_) => "kbit/s",
        }
    }

    /// A place as tables write it under [`PanelAxis::heading`].
    pub fn number(&self, at: u32) -> String {
        match self {
            PanelAxis::Bits | PanelAxis::Rank(_) => at.to_string(),
            PanelAxis::Bitrate(_) => (f64::from(at) / 1e3).to_string(),
        }
    }

    /// Places in a sentence: `12, 16 and 20 bits`, `T = 1 and 10`, `8 and 9.6 kbit/s`.
    pub fn in_words(&self, numbers: &str) -> String {
        match self {
            PanelAxis::Bits => format!("{numbers} bits"),
            PanelAxis::Rank(_) => format!("T = {numbers}"),
            PanelAxis::Bitrate(_) => format!("{numbers} kbit/s"),
        }
    }
}

/// Which measurement goes into the Results file under the published name; the other one stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Primary {
    /// On the training set itself, as the published toy numbers are.
    Training,
    /// On fresh vectors.
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

/// The list in a spec at whose entries each cell is measured. It is the x axis where the codes have one length.
#[derive(Clone, Copy, Debug)]
pub struct AxisField {
    pub path: &'static str,
    /// What an entry counts: `T`, `bit/s`.
    pub unit: &'static str,
    pub axis: fn(Vec<u32>) -> PanelAxis,
    /// The names of a smallest and a largest entry in a claim, and the most that they may be.
    pub bounds: ([&'static str; 2], i64),
    /// What precedes an entry in the name of a Results file: `Recall-T100.json`.
    pub ending: &'static str,
}
