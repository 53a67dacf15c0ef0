//! The cost of the run, the provenance of its numbers, and the citation.

use sha2::{Digest, Sha256};

use super::ReportInput;
use super::document::{Block, Cell, Document, Inline, Table, text};
use super::format::{duration, enumerate};
use crate::data::folder::hex;
use crate::runner::Record;
use crate::spec::Contender;

/// The largest number of failed cells that are named. Others are only counted.
const NAMED_FAILURES: usize = 20;

/// The plan's records, each once.
pub(super) fn records<'a>(input: &ReportInput<'a>) -> Vec<&'a Record> {
    input.plan.cells().iter().filter_map(|cell| input.records.get(&cell.key())).collect()
}

pub(super) fn cost(input: &ReportInput, document: &mut Document) {
    let records = records(input);
    if !input.plan.task.trains() || records.is_empty() {
        return;
    }
    document.reference("Cost");
    let total: f64 = records.iter().map(|r| r.run.wall_seconds).sum();
    document.paragraph(format!(
        "{} of core time in total, for {} cells. The table has the mean seconds per cell (training and evaluation) \
         over panels and seeds. Cells ran at the same time, so the times are from a busy machine.",
        duration(total),
        records.len()
    ));
    let mut bits: Vec<u32> = records.iter().map(|r| r.cell.total_bits()).collect();
    bits.sort_unstable();
    bits.dedup();
    let contenders = &input.plan.contenders;
    let titles: Vec<String> =
        std::iter::once("#bits".to_string()).chain(contenders.iter().map(|c| format!("#{} (s)", c.label()))).collect();
    let mut table = Table::new(&titles);
    for bits in bits {
        let cells = contenders.iter().map(|c| mean_seconds(&records, *c, bits));
        table.row(std::iter::once(Cell::from(bits.to_string())).chain(cells).collect());
    }
    document.table(table);
}

fn mean_seconds(records: &[&Record], contender: Contender, bits: u32) -> Cell {
    let own = records.iter().filter(|r| r.cell.contender() == contender && r.cell.total_bits() == bits);
    let seconds: Vec<f64> = own.map(|r| r.run.wall_seconds).collect();
    if seconds.is_empty() {
        return "–".into();
    }
    let mean = seconds.iter().sum::<f64>() / seconds.len() as f64;
    format!("{mean:.1}").into()
}

pub(super) fn provenance(input: &ReportInput, document: &mut Document) {
    let (plan, records) = (input.plan, records(input));
    document.reference("Provenance");
    document.paragraph("The origin of the numbers, and the command that reproduces them.");
    let distinct = |value: fn(&Record) -> &str| {
        let mut found: Vec<&str> = records.iter().map(|r| value(r)).filter(|v| !v.is_empty()).collect();
        found.sort_unstable();
        found.dedup();
        if found.is_empty() { "none".to_string() } else { enumerate(&found) }
    };
    let spec_hash = hex(&Sha256::digest(&plan.source_text));
    let file = plan.source.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let code = |label: &str, value: String| vec![Inline::Plain(label.into()), Inline::Code(value)];
    document.list(vec![
        code("The numbers come from ", plan.command_elsewhere()),
        code("Report written by vqlab ", env!("CARGO_PKG_VERSION").into()),
        code("Cells computed by vqlab ", distinct(|r| &r.run.program_version)),
        text(format!("Processors and vector instructions of the cells: {}.", distinct(|r| &r.run.cpu))),
        code("Spec: ", file),
        code("SHA-256 of the spec: ", spec_hash),
        code("Profile: ", plan.profile.clone()),
    ]);
    failures(&records, document);
    let verbatim = plan.source_text.clone();
    document.blocks.push(Block::Details { summary: "The spec".into(), verbatim });
}

fn failures(records: &[&Record], document: &mut Document) {
    let failed: Vec<&&Record> = records.iter().filter(|r| !r.is_done()).collect();
    if failed.is_empty() {
        return;
    }
    document.subsection("Failed cells");
    let reason =
        |r: &&&Record| text(format!("{}: {}", r.cell.label(), r.reason.as_deref().unwrap_or("no reason given")));
    document.list(failed.iter().take(NAMED_FAILURES).map(reason).collect());
    if failed.len() > NAMED_FAILURES {
        document.paragraph(format!("And {} more.", failed.len() - NAMED_FAILURES));
    }
}

pub(super) fn citation(document: &mut Document) {
    document.reference("How to cite");
    document.paragraph(
        "The methods, the experiments and the published numbers come from: M. H. Vali and T. Bäckström, “Stochastic \
         Optimization of Vector Quantization Methods in Application to Speech and Image Processing”, in Proc. IEEE \
         International Conference on Acoustics, Speech and Signal Processing (ICASSP), 2023. Please cite this paper. \
         If you use numbers of this report, name vqlab and its version.",
    );
}
