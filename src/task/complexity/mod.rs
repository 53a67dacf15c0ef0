//! Operation counts as cells, so that Figures 4c and 6b are computed like all other figures.

mod figures;
mod run;
mod sections;
pub mod settings;

use super::cell::{Cell, CellSettings};
use super::panel::Primary;
use super::settings::field::cell;
use super::settings::{Checked, Field, Kind, Point, Settings, Span, resolve};
use super::{Context, Outcome, Resolver, Task, TaskError, Wanted, foreign};
use crate::complexity::Model;
use crate::data::cache::Places;

/// Weighted million operations for encoding one vector.
pub struct Complexity;

const FIELDS: &[Field] =
    &[cell("data.dimension", Kind::Whole(1, 65_536)).about("Dimension D of the vectors.").of_panel()];

impl Task for Complexity {
    fn name(&self) -> &'static str {
        "complexity"
    }

    fn purpose(&self) -> &'static str {
        "counts operations and trains nothing"
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn trains(&self) -> bool {
        false
    }

    fn wanted(&self, _: &Settings) -> Vec<Wanted> {
        vec![("data.dimension", "64")]
    }

    fn wanted_of_training(&self, _: &Settings) -> Vec<Wanted> {
        Vec::new()
    }

    fn starter(&self) -> &'static [Wanted] {
        &[
            ("sweep.methods", r#"["avq", "rvq", "pvq"]"#),
            ("sweep.stages", "[4]"),
            ("sweep.bits", "[12, 16, 20, 24]"),
            ("quantizer.beam-width", "16"),
        ]
    }

    fn resolver(&self) -> Box<dyn Resolver> {
        Box::new(Shapes)
    }

    fn metric(&self, _: &Settings) -> String {
        "log10-wmops".into()
    }

    fn parts(&self) -> Vec<&'static str> {
        Model::ALL.map(Model::name).to_vec()
    }

    fn primary_part(&self, _: Primary) -> Option<&'static str> {
        Some(Model::Published.name())
    }

    fn run(&self, cell: &Cell, _: &Context) -> Result<Outcome, TaskError> {
        let CellSettings::Complexity(settings) = &cell.settings else { return Err(foreign(cell)) };
        run::run(settings)
    }

    fn cost(&self, _: &Cell) -> f64 {
        1e-4
    }
}

struct Shapes;

impl Resolver for Shapes {
    fn dimension(&mut self, settings: &Settings, head: Span, _: &Places) -> Checked<usize> {
        resolve::dimension(settings, head)
    }

    fn cell(&mut self, settings: &Settings, point: Point, _: &Places) -> Checked<CellSettings> {
        settings::resolve(settings, point).map(CellSettings::Complexity)
    }
}
