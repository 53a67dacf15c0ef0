//! Error against bitrate and complexity: the Pareto front, the best method for a complexity budget, and BD-rates.

use super::document::{Block, Document, Table};
use super::format::{enumerate, signed, significant};
use super::{ReportInput, panel_name};
use crate::compare::conditions::bits_in_words;
use crate::compare::tradeoff::{BudgetRange, PanelTradeoff, is_decibel};
use crate::complexity::Model;
use crate::figure::drawn_once;
use crate::metric::{self, At};
use crate::spec::Panel;

pub(super) fn section(input: &ReportInput, document: &mut Document) {
    let shown = drawn_once(input.plan);
    let panels: Vec<&PanelTradeoff> =
        input.tradeoffs.panels.iter().filter(|t| shown.contains(&t.panel.as_str())).collect();
    if panels.is_empty() {
        return;
    }
    document.section("Trade-off between error, bits and complexity");
    document.paragraph(
        "Complexity is the weighted million operations (WMOPS) for encoding one vector, counted by a formula in single \
         precision. There are three counts: the paper's, which omits one stage of RVQ and PVQ; a count with all \
         stages; and a count for searches with look-up tables of codeword products, which are computed once per \
         codebook. Our searches use such tables. They give the same codes, for AVQ and RVQ with fewer operations. The \
         best method depends on the available operations and on the search.",
    );
    for result in panels {
        let panel = input.plan.panels.iter().find(|p| p.name == result.panel);
        let name = panel.map_or_else(|| result.panel.clone(), panel_name);
        if let Some(sentence) = panel.and_then(|panel| left_out(result, panel)) {
            document.paragraph(sentence);
        }
        document.subsection(format!("Best method for a complexity budget: {name}"));
        document.table(budgets(result));
        if let Some(sentence) = crossovers(result) {
            document.paragraph(sentence);
        }
        document.subsection(format!("Bits saved for the same error (BD-rate): {name}"));
        document.table(rates(result));
        document.blocks.push(Block::Subsection(format!("Pareto front: {name}")));
        front(result, document);
    }
    document.paragraph(
        "BD-rate: the number of bits that the first method needs more (negative: fewer) than the second for the same \
         error, averaged over the range of errors that both reach. Bits are interpolated over the logarithm of the \
         error by a monotone piecewise cubic (PCHIP), without extrapolation. The BD-rate is undefined if the curves \
         have no common error or if an error does not fall with the bits. Budgets: the error is interpolated linearly \
         over log10 WMOPS between points, and is constant beyond a method's most expensive point.",
    );
}

/// A sentence about the excluded points of the released search.
fn left_out(result: &PanelTradeoff, panel: &Panel) -> Option<String> {
    let bits: Vec<u32> = result.released.iter().map(|(_, bits)| *bits).collect();
    let method = result.released.first()?.0.label();
    Some(format!(
        "{}: {method} (released search) at {} is excluded from Pareto front, budgets and BD-rates: its tuples may use \
         a codebook twice, and such tuples are not valid codes of that bitrate.",
        panel.name,
        bits_in_words(&bits, panel)
    ))
}

fn budgets(result: &PanelTradeoff) -> Table {
    let mut table = Table::new(&["operation count", "#from WMOPS", "#to WMOPS", "lowest error"]);
    for (model, ranges) in &result.budgets {
        for BudgetRange { from, to, choice } in ranges {
            let to = to.map_or("no limit".into(), wmops);
            table.row(vec![counted(*model).into(), wmops(*from).into(), to.into(), choice.label().into()]);
        }
    }
    table
}

/// The name of the quantity that the trade-off minimizes.
pub(super) fn error_name(result: &PanelTradeoff) -> String {
    let label = metric::label(&result.metric);
    let Some(row) = metric::find(&result.metric) else { return label };
    let label = if row.at == At::Rank { result.metric.clone() } else { label };
    match row.ceiling {
        _ if row.is_decibel() => format!("{label} (dB)"),
        Some(ceiling) => format!("{ceiling} − {label}"),
        None => label,
    }
}

/// The format of an error in the tables. Values in dB keep their sign.
fn shown(result: &PanelTradeoff, error: f64) -> String {
    if is_decibel(&result.metric) { format!("{:.2}", -error) } else { significant(error) }
}

fn counted(model: Model) -> &'static str {
    match model {
        Model::Published => "paper's",
        Model::Corrected => "all stages",
        Model::Lookup => "look-up",
    }
}

fn wmops(log10: f64) -> String {
    significant(10f64.powf(log10))
}

/// The complexity from which the most expensive method is the best, by each count.
fn crossovers(result: &PanelTradeoff) -> Option<String> {
    let last = |(_, ranges): &(Model, Vec<BudgetRange>)| ranges.last().map(|range| range.choice);
    let most_expensive = result.budgets.iter().find_map(last)?;
    // A method without a count of the paper's can be the best by the other counts.
    if result.budgets.iter().any(|count| last(count) != Some(most_expensive)) {
        return None;
    }
    let begins = |ranges: &[BudgetRange]| ranges.iter().find(|r| r.choice == most_expensive).map(|r| r.from);
    let all: Option<Vec<(Model, f64)>> =
        result.budgets.iter().map(|(model, ranges)| Some((*model, begins(ranges)?))).collect();
    let all = all.filter(|all| all.len() == Model::ALL.len())?;
    let places: Vec<String> =
        all.iter().map(|(model, from)| format!("{} WMOPS ({})", wmops(*from), counted(*model))).collect();
    let factor = 10f64.powf(all.first()?.1 - all.last()?.1);
    let moves = if factor > 1.5 {
        format!(
            " The paper's conclusion about the complexity from which {0} is best holds only for the paper's search: \
             with look-up tables, {0} is best from {1} times fewer operations on.",
            most_expensive.label(),
            if factor < 10.0 { format!("{factor:.1}") } else { format!("{factor:.0}") }
        )
    } else {
        String::new()
    };
    Some(format!("{} has the lowest error from {} on.{moves}", most_expensive.label(), enumerate(&places)))
}

fn rates(result: &PanelTradeoff) -> Table {
    let mut table =
        Table::new(&["method", "against", "#bits", "#%", &format!("#over the range of {}", error_name(result))]);
    for (anchor, test, rate) in &result.bd_rates {
        let (bits, percent, range) = match rate {
            Some(r) => {
                let ends = [r.mse_range.0, r.mse_range.1].map(|mse| match is_decibel(&result.metric) {
                    true => shown(result, 10.0 * mse.log10()),
                    false => shown(result, mse),
                });
                let [best, worst] = ends;
                let range = if is_decibel(&result.metric) { [worst, best] } else { [best, worst] }.join(" – ");
                (signed(r.bits, 2), signed(r.percent, 2), range)
            }
            None => ("undefined".into(), "–".into(), "–".into()),
        };
        table.row(vec![test.label().into(), anchor.label().into(), bits.into(), percent.into(), range.into()]);
    }
    table
}

fn front(result: &PanelTradeoff, document: &mut Document) {
    let on_front = |model: Model| result.points.iter().filter(move |p| p.on_front(model));
    document.paragraph(format!(
        "{} of {} points are on the Pareto front of bits, error and operations (all stages counted).",
        on_front(Model::Corrected).count(),
        result.points.len()
    ));
    let mut table = Table::new(&[
        "#bits",
        "method",
        &format!("#{}", error_name(result)),
        "#WMOPS (all stages)",
        "#WMOPS (paper's)",
    ]);
    let mut points: Vec<_> = on_front(Model::Corrected).collect();
    points.sort_by(|a, b| a.bits.cmp(&b.bits).then(b.error.total_cmp(&a.error)));
    for p in points {
        let wmops = |model| p.log10_wmops(model).map_or("–".into(), |v| significant(10f64.powf(v)));
        let (corrected, published) = (wmops(Model::Corrected), wmops(Model::Published));
        let bits = p.bits.to_string();
        table.row(vec![
            bits.into(),
            p.contender.label().into(),
            shown(result, p.error).into(),
            corrected.into(),
            published.into(),
        ]);
    }
    document.table(table);
}
