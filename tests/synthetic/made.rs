//! An experiment from records at hand: its numbers, figures and report.

use std::collections::HashMap;
use std::path::Path;

use vqlab::compare::tradeoff::Tradeoffs;
use vqlab::compare::{ClaimCheck, PanelComparison, check_claims, compare_plan};
use vqlab::figure::{Drawn, Format, Options, draw_experiment};
use vqlab::report::{ReportInput, write};
use vqlab::results::{Aggregate, aggregate};
use vqlab::runner::Record;
use vqlab::spec::Plan;

/// The names of the browser that opens pages, as in build.rs.
pub const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// An experiment that needs no computing.
pub struct Made {
    pub plan: Plan,
    records: HashMap<String, Record>,
    aggregates: Vec<Aggregate>,
    comparisons: Vec<PanelComparison>,
    claims: Vec<ClaimCheck>,
    tradeoffs: Tradeoffs,
    drawn: Vec<Drawn>,
}

impl Made {
    pub fn new(plan: Plan, records: HashMap<String, Record>, reports: &Path) -> Self {
        let aggregates = aggregate(&plan, &records);
        let (comparisons, claims) = (compare_plan(&plan, &aggregates), check_claims(&plan, &aggregates));
        let tradeoffs = Tradeoffs::new(&plan, &aggregates);
        let options = Options { comparisons: &comparisons, tradeoffs: &tradeoffs, published: true, files: None };
        let out = reports.join(&plan.folder).join("figures").join(&plan.name);
        let drawn = draw_experiment(&plan, &aggregates, &records, &out, &[Format::Svg], options).unwrap();
        let made = Made { plan, records, aggregates, comparisons, claims, tradeoffs, drawn };
        write(&made.input(), &reports.join(&made.plan.folder)).unwrap();
        made
    }

    pub fn input(&self) -> ReportInput<'_> {
        ReportInput {
            plan: &self.plan,
            aggregates: &self.aggregates,
            records: &self.records,
            comparisons: &self.comparisons,
            claims: &self.claims,
            tradeoffs: &self.tradeoffs,
            figures: &self.drawn,
            files: None,
        }
    }
}
