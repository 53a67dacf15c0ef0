//! Rebuilds experiments from their provenance files alone, even if their data are missing.

use super::provenance::{ProvenanceCell, ProvenanceFile};
use crate::spec::{CellSettings, Panel, Plan, PlannedPoint};

/// `plan` with the cells of the provenance `file`, whose results are in `folder` (below results/). Points and panels
/// without cells in the file are omitted. The cells' data decide again whether the numbers are comparable with the
/// published ones.
///
/// `plan` must come from the same spec and profile. Its data may differ.
pub fn plan_of_kept(mut plan: Plan, file: &ProvenanceFile, folder: &str) -> Plan {
    folder.clone_into(&mut plan.folder);
    for panel in &mut plan.panels {
        let own: Vec<&ProvenanceCell> = file.cells.iter().filter(|cell| cell.panels.contains(&panel.name)).collect();
        let (planned_data, by_planned_data) =
            (panel.data_name().map(str::to_owned), panel.settings().and_then(CellSettings::other_data));
        panel.points = panel.points.drain(..).filter_map(|point| with_cells(point, &own)).collect();
        if panel.data_name() != planned_data.as_deref() {
            // The name of synthetic data. Only files of synthetic data have it.
            panel.labels.retain(|(key, value)| key != "Data" || Some(value) != planned_data.as_ref());
        }
        // A reason that the spec itself gives stays.
        if panel.comparison.not_comparable.is_none() || panel.comparison.not_comparable == by_planned_data {
            panel.comparison.not_comparable = panel.settings().and_then(CellSettings::other_data);
        }
    }
    plan.panels.retain(|panel| !panel.points.is_empty());
    let is_there = |name: &String| plan.panels.iter().any(|panel: &Panel| panel.name == *name);
    // An empty list of panels would mean all panels.
    plan.claims.retain(|claim| claim.panels.is_empty() || claim.panels.iter().any(is_there));
    plan
}

fn with_cells(point: PlannedPoint, own: &[&ProvenanceCell]) -> Option<PlannedPoint> {
    let of_point = |cell: &&&ProvenanceCell| {
        let cell = cell.cell();
        cell.contender() == point.contender && cell.total_bits() == point.bits
    };
    let cells: Vec<_> = own.iter().filter(of_point).map(|cell| cell.cell()).collect();
    let shape = cells.first()?.settings.quantizer().cloned();
    let (stages, bits_per_stage, beam_width) = match shape {
        Some(shape) => (shape.stages, shape.bits_per_stage, shape.beam_width),
        None => (point.stages, point.bits_per_stage, point.beam_width),
    };
    Some(PlannedPoint { stages, bits_per_stage, beam_width, cells, ..point })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{aggregate, fixture};
    use crate::spec::{CellSettings, Method};

    #[test]
    fn cells_of_other_data_take_the_places_of_the_planned_ones() {
        // The kept run has other data, one seed, and no PVQ.
        let mut run = fixture::plan(1);
        let panel = &mut run.panels[0];
        panel.points.retain(|point| point.contender.method != Method::Pvq);
        for cell in panel.points.iter_mut().flat_map(|point| &mut point.cells) {
            if let CellSettings::Toy(toy) = &mut cell.settings {
                toy.data.mixing_seed = Some(9);
            }
        }
        let records = fixture::records(&run);
        let plan = plan_of_kept(fixture::plan(3), &ProvenanceFile::new(&run, &records), "paper-mine");
        assert_eq!((plan.folder.as_str(), plan.panels[0].points.len()), ("paper-mine", 4));
        let aggregates = aggregate(&plan, &records);
        assert!(aggregates[0].points.iter().all(|point| point.samples.len() == 1));

        let empty = ProvenanceFile { cells: Vec::new(), ..ProvenanceFile::new(&run, &records) };
        assert!(plan_of_kept(fixture::plan(3), &empty, "paper-mine").panels.is_empty());
    }
}
