//! The words of a complexity experiment's report. It has no sections of its own.

use super::Complexity;
use crate::report::{Sections, Words};
use crate::spec::{CellSettings, Panel, Plan, Primary};

impl Sections for Complexity {
    fn words(&self, _: Primary) -> Words {
        Words {
            points: "Complexity as log10 of weighted million operations for encoding one vector (lower is cheaper). \
                 These are counts, not measurements: they have no spread, and equal means equal to the last digits.",
            beside: &[("#all stages", "corrected"), ("#look-up", "lookup")],
            data: Some("none: operations are counted"),
            ..Words::default()
        }
    }

    fn shows(&self, _: &Plan, _: &Panel) -> String {
        "complexity".into()
    }

    fn data_in_words(&self, _: &CellSettings) -> String {
        "none (operation counts)".into()
    }

    fn setting_in_words(&self, settings: &CellSettings) -> String {
        let CellSettings::Complexity(c) = settings else { return String::new() };
        format!("operation counts for encoding one vector of dimension {} with {} stages", c.dimension, c.stages)
    }
}
