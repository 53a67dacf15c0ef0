//! The parts of a report that depend on the task.

use std::path::Path;

use super::ReportInput;
use super::document::Document;
use crate::metric;
use crate::results::primary_metric;
use crate::spec::{CellSettings, Panel, Plan, Primary};

/// The words and the report sections of a task.
pub trait Sections {
    /// Sentences of the sections that all reports have.
    fn words(&self, primary: Primary) -> Words;

    /// The quantity that a panel shows: `Peak SNR`, `recall@16`.
    fn shows(&self, plan: &Plan, panel: &Panel) -> String {
        metric::label(&primary_metric(plan, panel))
    }

    /// The data of a cell in words.
    fn data_in_words(&self, settings: &CellSettings) -> String {
        format!("data of the task \"{}\"", settings.task())
    }

    /// The data of a cell, and everything between them and the quantizer: a network, a codec.
    fn setting_in_words(&self, settings: &CellSettings) -> String {
        self.data_in_words(settings)
    }

    /// A paragraph on how the cells of the plan are measured.
    fn measurement_in_words(&self, plan: &Plan) -> Option<String> {
        let _ = plan;
        None
    }

    /// Whether the report has the section on codebook health, from the training logs.
    fn has_health(&self) -> bool {
        true
    }

    /// Adds the sections that only this task has, after the figures. The report is written to `out_dir`.
    fn sections(&self, input: &ReportInput, out_dir: &Path, document: &mut Document) {
        let _ = (input, out_dir, document);
    }
}

/// Sentences of the sections that all reports have.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// What the table of points shows.
    pub points: &'static str,
    /// What the differences from published numbers in that table are.
    pub difference: &'static str,
    /// What is compared with published numbers.
    pub verdicts: String,
    /// Titles of the columns beside the primary metric, and the endings of their metrics.
    pub beside: &'static [(&'static str, &'static str)],
    /// The data, if they are not a named set.
    pub data: Option<&'static str>,
}
