//! Codebook health from the training logs: codeword usage at the end of training, and replaced codewords.

use super::document::{Document, Table};
use super::format::{share, significant, whole};
use super::points::method_name;
use super::{ReportInput, panel_name};
use crate::runner::Record;
use crate::spec::{Panel, PlannedPoint};

/// Means over the seeds of one point, from the last log point of each seed.
struct Health {
    name: String,
    bits: u32,
    codewords: usize,
    /// Smallest and mean over the stages.
    perplexity: (f64, f64),
    used: (f64, f64),
    /// The sum over the whole training and all stages.
    replaced: f64,
}

pub(super) fn section(input: &ReportInput, document: &mut Document) {
    if !input.plan.task.trains() || !input.plan.task.has_health() {
        return;
    }
    document.reference("Codebook health");
    let once = input.plan.panels.iter().filter(|p| !input.plan.is_part_of_earlier(p));
    let panels: Vec<(&Panel, Vec<Health>)> = once.map(|p| (p, of_panel(input, p))).collect();
    if panels.iter().all(|(_, rows)| rows.is_empty()) {
        document.paragraph(
            "This section is empty because the training logs are missing. They are in the records of the cells, which \
             are not committed. A run of the experiment computes them again.",
        );
        return;
    }
    document.paragraph(
        "From the last log point of every training, mean over seeds. Perplexity is the effective number of used \
         codewords of a stage (K if all are used equally often). A used share well below 100 % means dead codewords. \
         The table has the mean over stages and the worst stage. Replaced: codewords replaced during the whole \
         training, all stages together.",
    );
    for (panel, rows) in panels.iter().filter(|(_, rows)| !rows.is_empty()) {
        document.subsection(panel_name(panel));
        let titles = [
            "method",
            "#bits",
            "#K",
            "#perplexity",
            "#of K",
            "#worst stage",
            "#used",
            "#worst stage used",
            "#replaced",
        ];
        let mut table = Table::new(&titles);
        for row in rows {
            let k = row.codewords as f64;
            table.row(vec![
                row.name.as_str().into(),
                row.bits.to_string().into(),
                row.codewords.to_string().into(),
                significant(row.perplexity.1).into(),
                share(row.perplexity.1 / k).into(),
                significant(row.perplexity.0).into(),
                share(row.used.1).into(),
                share(row.used.0).into(),
                whole(row.replaced.round() as u64).into(),
            ]);
        }
        document.table(table);
    }
}

fn of_panel(input: &ReportInput, panel: &Panel) -> Vec<Health> {
    panel.points.iter().filter_map(|point| of_point(input, point)).collect()
}

fn of_point(input: &ReportInput, point: &PlannedPoint) -> Option<Health> {
    let records = point.cells.iter().filter_map(|cell| input.records.get(&cell.key()));
    let logged: Vec<&Record> = records.filter(|r| r.log.last().is_some_and(|l| !l.stages.is_empty())).collect();
    if logged.is_empty() {
        return None;
    }
    let mean = |value: &dyn Fn(&Record) -> f64| logged.iter().map(|r| value(r)).sum::<f64>() / logged.len() as f64;
    let over_stages = |value: fn(&crate::runner::StageUse) -> f64| {
        let of = |record: &Record| record.log.last().map_or(Vec::new(), |l| l.stages.iter().map(value).collect());
        let smallest = mean(&|r| of(r).into_iter().fold(f64::INFINITY, f64::min));
        let average = mean(&|r| {
            let values: Vec<f64> = of(r);
            values.iter().sum::<f64>() / values.len().max(1) as f64
        });
        (smallest, average)
    };
    Some(Health {
        name: method_name(point),
        bits: point.bits,
        codewords: 1usize.checked_shl(point.bits_per_stage)?,
        perplexity: over_stages(|s| s.perplexity),
        used: over_stages(|s| s.used_share),
        replaced: mean(&|r| r.log.iter().map(|l| l.replaced as f64).sum()),
    })
}
