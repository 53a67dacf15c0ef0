//! Rebuilds experiments from their provenance files alone, even if their data are missing.

use super::provenance::{ProvenanceCell, ProvenanceFile};
use crate::spec::{CellSettings, Panel, Plan, PlannedPoint};

/// `plan` with the cells of the provenance `file`, whose results are in `folder` (below results/). Points without cells
/// in the file have none, so that they count as missing; panels without cells are omitted. The cells' data decide again
/// whether the numbers are comparable with the published ones. Numbers of a run with settings other than the spec's are
/// not.
///
/// `plan` must come from the same spec and profile. Its data may differ.
pub fn plan_of_kept(mut plan: Plan, file: &ProvenanceFile, folder: &str) -> Plan {
    folder.clone_into(&mut plan.folder);
    for panel in &mut plan.panels {
        let own: Vec<&ProvenanceCell> = file.cells.iter().filter(|cell| cell.panels.contains(&panel.name)).collect();
        let (planned_data, by_planned_data) =
            (panel.data_name().map(str::to_owned), panel.settings().and_then(CellSettings::other_data));
        panel.points = panel.points.drain(..).map(|point| with_cells(point, &own)).collect();
        if panel.data_name() != planned_data.as_deref() {
            // The name of synthetic data. Only files of synthetic data have it.
            panel.labels.retain(|(key, value)| key != "Data" || Some(value) != planned_data.as_ref());
        }
        // A reason that the spec itself gives stays.
        if panel.comparison.not_comparable.is_none() || panel.comparison.not_comparable == by_planned_data {
            panel.comparison.not_comparable = panel.settings().and_then(CellSettings::other_data);
        }
        if let Some(other) = other_settings(file) {
            panel.comparison.not_comparable.get_or_insert(other);
        }
    }
    plan.panels.retain(|panel| panel.settings().is_some());
    let is_there = |name: &String| plan.panels.iter().any(|panel: &Panel| panel.name == *name);
    // An empty list of panels would mean all panels.
    plan.claims.retain(|claim| claim.panels.is_empty() || claim.panels.iter().any(is_there));
    plan
}

/// Why the numbers of a run are not those of its spec: it changed settings, other than what data are used and where they
/// are.
fn other_settings(file: &ProvenanceFile) -> Option<String> {
    let is_of_data = |set: &&String| ["data.path", "data.set"].iter().any(|path| set.trim_start().starts_with(path));
    let changed: Vec<&str> = file.set.iter().filter(|set| !is_of_data(set)).map(String::as_str).collect();
    (!changed.is_empty())
        .then(|| format!("computed with other settings than the spec's: --set {}", changed.join(" --set ")))
}

fn with_cells(point: PlannedPoint, own: &[&ProvenanceCell]) -> PlannedPoint {
    let of_point = |cell: &&&ProvenanceCell| {
        let cell = cell.cell();
        cell.contender() == point.contender && cell.total_bits() == point.bits
    };
    let cells: Vec<_> = own.iter().filter(of_point).map(|cell| cell.cell()).collect();
    let shape = cells.first().and_then(|cell| cell.settings.quantizer().cloned());
    let (stages, bits_per_stage, beam_width) = match shape {
        Some(shape) => (shape.stages, shape.bits_per_stage, shape.beam_width),
        None => (point.stages, point.bits_per_stage, point.beam_width),
    };
    PlannedPoint { stages, bits_per_stage, beam_width, cells, ..point }
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
        assert_eq!((plan.folder.as_str(), plan.panels[0].points.len()), ("paper-mine", 6));
        let aggregates = aggregate(&plan, &records);
        for point in &aggregates[0].points {
            assert_eq!(point.samples.len(), usize::from(point.contender.method != Method::Pvq));
        }
        let comparison = &crate::compare::compare_plan(&plan, &aggregates)[0];
        assert_eq!(comparison.counts()[&crate::compare::Verdict::Missing], 2);

        let mut changed = ProvenanceFile::new(&run, &records);
        changed.set = vec!["data.path=d".into()];
        let of = |file: &ProvenanceFile| {
            plan_of_kept(fixture::plan(3), file, "paper-mine").panels[0].comparison.not_comparable.clone()
        };
        assert_eq!(of(&changed), plan.panels[0].comparison.not_comparable);
        changed.set.push("training.updates=5".into());
        assert!(of(&changed).unwrap().ends_with("--set training.updates=5"));

        let empty = ProvenanceFile { cells: Vec::new(), ..ProvenanceFile::new(&run, &records) };
        assert!(plan_of_kept(fixture::plan(3), &empty, "paper-mine").panels.is_empty());
    }
}
