//! The paper's figures as the page shows them: each with its panels, verdict, counts and claims.

use super::super::ReportInput;
use super::super::document::{Cell, Tone};
use super::super::format::{difference, unit};
use super::Reproduction;
use crate::compare::{ClaimCheck, ClaimResult, PanelComparison, Verdict};
use crate::spec::Panel;

/// A figure of the paper in one experiment.
#[derive(Clone)]
pub(super) struct Shown<'a> {
    pub input: &'a ReportInput<'a>,
    pub figure: &'a str,
    pub panels: Vec<&'a Panel>,
}

/// All figures, sorted by figure, then in the order of the experiments.
pub(super) fn shown<'a>(inputs: &'a [ReportInput<'a>]) -> Vec<Shown<'a>> {
    let mut all: Vec<Shown> = Vec::new();
    for input in inputs {
        for panel in &input.plan.panels {
            let Some(figure) = panel.paper_figure() else { continue };
            match all.iter_mut().find(|s| s.figure == figure && std::ptr::eq(s.input.plan, input.plan)) {
                Some(known) => known.panels.push(panel),
                None => all.push(Shown { input, figure, panels: vec![panel] }),
            }
        }
    }
    all.sort_by_key(|shown| shown.figure);
    all
}

/// What a figure has, the most first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Says {
    Verdict,
    /// Numbers without a verdict, for instance on other data.
    Numbers,
    Nothing,
}

impl<'a> Shown<'a> {
    pub fn comparisons(&self) -> impl Iterator<Item = &'a PanelComparison> {
        let own = |comparison: &&PanelComparison| self.panels.iter().any(|panel| panel.name == comparison.panel);
        self.input.comparisons.iter().filter(own)
    }

    /// The claims on the figure's panels. Claims on all panels together are listed with the first figure.
    pub fn claims(&self) -> impl Iterator<Item = &'a ClaimCheck> {
        let is_first = self.input.plan.figures.first().is_some_and(|first| first == self.figure);
        let own = move |claim: &&ClaimCheck| {
            (claim.panel.is_empty() && is_first) || self.panels.iter().any(|panel| panel.name == claim.panel)
        };
        self.input.claims.iter().filter(own)
    }

    /// The shown quantity: `Peak SNR`, `recall@16`.
    pub fn what(&self) -> String {
        self.panels.first().map_or_else(String::new, |panel| self.input.plan.task.shows(self.input.plan, panel))
    }

    /// The name of the data.
    pub fn data(&self) -> String {
        let named = self.panels.first().and_then(|panel| panel.data_name());
        named.or(self.input.plan.task.words(self.input.plan.primary).data).unwrap_or("–").into()
    }

    /// The worst verdict on the figure's points.
    pub fn verdict(&self) -> Verdict {
        self.comparisons().map(|comparison| comparison.verdict).max().unwrap_or(Verdict::Missing)
    }

    /// How much the numbers say.
    fn says(&self) -> Says {
        let has_numbers =
            self.comparisons().flat_map(|comparison| &comparison.points).any(|point| point.ours.is_some());
        match self.verdict() {
            Verdict::NotComparable | Verdict::Missing if has_numbers => Says::Numbers,
            Verdict::NotComparable | Verdict::Missing => Says::Nothing,
            _ => Says::Verdict,
        }
    }

    /// `44 reproduced, 4 better`, or `all 24` if all points have the same verdict.
    pub fn counts(&self) -> String {
        let counts = Verdict::counts(self.comparisons().flat_map(PanelComparison::judged).map(|p| p.verdict));
        if counts.len() == 1 {
            return format!("all {}", counts.values().sum::<usize>());
        }
        let parts = Verdict::ALL.iter().filter_map(|v| Some(format!("{} {}", counts.get(v)?, v.name())));
        parts.collect::<Vec<_>>().join(", ")
    }

    /// The largest difference of a point to the published point, with its unit, if there are verdicts.
    pub fn widest(&self) -> String {
        let judged = self.comparisons().filter(|comparison| comparison.not_comparable.is_none());
        let points = judged.flat_map(|c| &c.points).filter_map(|p| Some((p.difference?, p.margin)));
        let widest = points.max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()));
        widest.map_or("–".into(), |(d, margin)| format!("{} {}", difference(d, margin), unit(margin)))
    }

    /// Why there is no verdict.
    pub fn why(&self) -> Option<&'a str> {
        self.comparisons().find_map(|comparison| comparison.not_comparable.as_deref())
    }

    /// `3 of 4`: the claims that hold on our numbers or on the published ones.
    pub fn holding(&self, side: fn(&ClaimCheck) -> &ClaimResult) -> Cell {
        let results: Vec<&ClaimResult> = self.claims().map(side).collect();
        let holding = results.iter().filter(|result| ***result == ClaimResult::Holds).count();
        let tone = match holding == results.len() {
            _ if results.is_empty() => return "–".into(),
            true => Tone::Good,
            false if results.iter().any(|r| matches!(r, ClaimResult::FailsAt(_) | ClaimResult::Fails(_))) => Tone::Bad,
            false => Tone::Doubtful,
        };
        Cell::toned(format!("{holding} of {}", results.len()), tone)
    }
}

pub(super) const OURS: fn(&ClaimCheck) -> &ClaimResult = |claim| &claim.ours;
pub(super) const PUBLISHED: fn(&ClaimCheck) -> &ClaimResult = |claim| &claim.published;

/// The figures of this run. Kept results that say more replace figures without a verdict.
pub(super) fn rows<'a>(reproduction: &Reproduction<'a>) -> Vec<Shown<'a>> {
    let kept = shown(reproduction.kept);
    let better = |own: Shown<'a>| {
        let same = |other: &&Shown<'a>| other.figure == own.figure && other.input.plan.name == own.input.plan.name;
        // Of equals, the first.
        let best = kept.iter().filter(same).min_by_key(|other| other.says());
        best.filter(|other| other.says() < own.says()).cloned().unwrap_or(own)
    };
    shown(reproduction.computed).into_iter().map(better).collect()
}
