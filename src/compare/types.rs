//! The types of a comparison.

use std::collections::BTreeMap;

use crate::spec::{Contender, Margin, PanelAxis, Primary};

/// The outcome of a comparison. The verdict on a figure is the worst verdict on its points, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Equivalent within the margin (two one-sided tests).
    Reproduced,
    /// Beyond the margin on the good side.
    Better,
    /// Too few seeds to decide.
    Inconclusive,
    /// Beyond the margin on the bad side.
    Worse,
    /// No value of ours.
    Missing,
    /// Other data or a reduced profile. Only trends and claims count.
    NotComparable,
}

impl Verdict {
    /// In the order of tables and reports.
    pub const ALL: [Verdict; 6] = [
        Verdict::Reproduced,
        Verdict::Better,
        Verdict::Inconclusive,
        Verdict::Worse,
        Verdict::Missing,
        Verdict::NotComparable,
    ];

    /// Whether the published number is reached: reproduced, or better.
    pub fn is_good(self) -> bool {
        matches!(self, Verdict::Reproduced | Verdict::Better)
    }

    /// The name in tables and reports.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Reproduced => "reproduced",
            Verdict::Better => "better",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Worse => "worse",
            Verdict::Missing => "missing",
            Verdict::NotComparable => "not comparable",
        }
    }

    /// The number of occurrences of each verdict, in the order of [`Verdict`].
    pub fn counts(verdicts: impl IntoIterator<Item = Verdict>) -> BTreeMap<Verdict, usize> {
        let mut counts = BTreeMap::new();
        for verdict in verdicts {
            *counts.entry(verdict).or_insert(0) += 1;
        }
        counts
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// A mean with its spread over `n` runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub mean: f64,
    /// Quantiles 2.5 % and 97.5 %.
    pub low: f64,
    pub high: f64,
    pub standard_deviation: f64,
    pub n: usize,
    /// Degrees of freedom of `standard_deviation`: n − 1, or more if it is pooled over several points.
    pub freedom: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PointComparison {
    pub contender: Contender,
    /// The position on the panel's axis: total bits, or T.
    pub at: u32,
    pub ours: Option<Estimate>,
    pub published: Option<Estimate>,
    /// In the unit of `margin`: ours / published − 1, or ours minus published.
    pub difference: Option<f64>,
    /// 95 % Welch interval of `difference`.
    pub interval: Option<(f64, f64)>,
    pub margin: Margin,
    pub verdict: Verdict,
}

/// The comparison of one panel with its published Results file.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelComparison {
    pub panel: String,
    pub axis: PanelAxis,
    /// Which of our measurements is compared with the published one, if there are two.
    pub measured_on: Option<Primary>,
    /// `Figure 2/….json`.
    pub results_file: String,
    pub points: Vec<PointComparison>,
    pub verdict: Verdict,
    pub not_comparable: Option<String>,
    pub anomalies: Vec<String>,
}

impl PanelComparison {
    /// The points with a published counterpart; if there is none, all points. A method that the paper does not have
    /// takes nothing from the verdict on its methods.
    pub fn judged(&self) -> impl Iterator<Item = &PointComparison> + Clone {
        let any = self.points.iter().any(|point| point.published.is_some());
        self.points.iter().filter(move |point| !any || point.published.is_some())
    }

    /// The number of judged points with each verdict.
    pub fn counts(&self) -> BTreeMap<Verdict, usize> {
        Verdict::counts(self.judged().map(|p| p.verdict))
    }
}

/// The check of one claim on one panel (or on all panels together), on our numbers and on the published ones.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimCheck {
    pub text: String,
    /// Panel name. Empty if the claim is about all panels together.
    pub panel: String,
    pub axis: PanelAxis,
    pub ours: ClaimResult,
    pub published: ClaimResult,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ClaimResult {
    Holds,
    /// The positions on the axis at which the claim fails: total bits, or T.
    FailsAt(Vec<u32>),
    /// The true statement, for a claim that is not about positions on the axis.
    Fails(String),
    /// Numbers are missing.
    Unknown,
}
