//! The tables of a recommendation: the alternatives, and all quantizers.

use super::super::document::{Cell, Table, Tone};
use super::super::format::{signed, significant};
use super::{factor, relative};
use crate::number::bytes;
use crate::recommend::{Candidate, Choice, RECALL_AT, Recommendation, decibel, plus_minus};

/// What other quantizers cost or save.
pub(super) fn alternatives(found: &Recommendation, choice: &Choice) -> Table {
    let mut table = Table::new(&["instead", "#error", "#operations", "#time", "#codebooks"]);
    let Some(chosen) = choice.chosen.map(|place| &found.candidates[place]) else { return table };
    for other in found.alternatives(choice) {
        let error = relative(other.error.mean, other.error.standard_error, chosen.mse.mean);
        let costs = [other.wmops, other.ms, other.bytes].map(factor);
        let label = found.candidates[other.candidate].label();
        table.row([label, error].into_iter().chain(costs).map(Cell::from).collect());
    }
    table
}

/// Each quantizer's error and costs, with the best of each column.
pub(super) fn quantizers(found: &Recommendation, choice: &Choice) -> Table {
    let recalls = recalls(found);
    let mut titles = ["method", "choice", "#MSE", "#dB", "#WMOPS", "#ms", "#codebooks"].map(String::from).to_vec();
    titles.extend(recall_titles(recalls));
    titles.push("front".into());
    let mut table = Table::new(&titles);
    let own: Vec<&Candidate> = found.of_bits(choice).collect();
    let least = |cost: fn(&Candidate) -> f64| own.iter().map(|c| cost(c)).fold(f64::INFINITY, f64::min);
    let [mse, wmops] = [least(|c| c.mse.mean), least(|c| c.wmops)];
    let [ms, size] = [least(|c| c.ms_per_vector), least(|c| c.codebook_bytes as f64)];
    for (place, c) in candidates(found, choice) {
        let mut cells: Vec<Cell> = vec![
            c.label().into(),
            remark(choice, place, c),
            Cell::from(plus_minus(&c.mse)).best(c.mse.mean == mse),
            Cell::from(below_variance(found, c)).best(c.mse.mean == mse),
            Cell::from(significant(c.wmops)).best(c.wmops == wmops),
            Cell::from(significant(c.ms_per_vector)).best(c.ms_per_vector == ms),
            Cell::from(bytes(c.codebook_bytes)).best(c.codebook_bytes as f64 == size),
        ];
        cells.extend((0..recalls).map(|i| {
            let all = own.iter().filter_map(|c| recall(c, i));
            let (least, most) = all.fold((1.0, 0.0), |(least, most), r| (r.min(least), r.max(most)));
            recall_cell(c, i).best(least < most && recall(c, i) == Some(most))
        }));
        cells.push(fronts(c).into());
        table.row(cells);
    }
    table
}

/// How each quantizer was fitted, and its operations by other counts.
pub(super) fn fits(found: &Recommendation, choice: &Choice) -> Table {
    let titles = ["method", "trainer", "#fit s", "fit ended by", "#WMOPS", "#published", "#look-up"];
    let mut table = Table::new(&titles);
    for c in found.of_bits(choice) {
        let ended = match c.ended {
            crate::fit::Ended::Converged => "convergence",
            crate::fit::Ended::Budget => "the time budget",
            crate::fit::Ended::Updates => "the number of updates",
        };
        let [published, lookup] = [c.wmops_published, c.wmops_lookup].map(optional);
        let time = format!("{:.1}", c.fit_seconds);
        let texts =
            [c.label(), c.shape.trainer_name().into(), time, ended.into(), significant(c.wmops), published, lookup];
        table.row(texts.into_iter().map(Cell::from).collect());
    }
    table
}

/// All columns, for terminals.
pub(super) fn complete(found: &Recommendation, choice: &Choice) -> Table {
    let recalls = recalls(found);
    let titles =
        ["method", "choice", "trainer", "#MSE", "#dB", "#WMOPS", "#published", "#look-up", "#ms", "#codebooks"];
    let mut titles = titles.map(String::from).to_vec();
    titles.push("#fit s".into());
    titles.extend(recall_titles(recalls));
    titles.push("front".into());
    let mut table = Table::new(&titles);
    for (place, c) in candidates(found, choice) {
        let mut cells: Vec<Cell> = vec![
            c.label().into(),
            remark(choice, place, c),
            c.shape.trainer_name().into(),
            plus_minus(&c.mse).into(),
            below_variance(found, c).into(),
            significant(c.wmops).into(),
            optional(c.wmops_published).into(),
            optional(c.wmops_lookup).into(),
            significant(c.ms_per_vector).into(),
            bytes(c.codebook_bytes).into(),
            format!("{:.1}", c.fit_seconds).into(),
        ];
        cells.extend((0..recalls).map(|i| recall_cell(c, i)));
        cells.push(fronts(c).into());
        table.row(cells);
    }
    table
}

fn candidates<'a>(found: &'a Recommendation, choice: &Choice) -> impl Iterator<Item = (usize, &'a Candidate)> {
    let bits = choice.bits;
    found.candidates.iter().enumerate().filter(move |(_, c)| c.shape.bits() == bits)
}

fn remark(choice: &Choice, place: usize, candidate: &Candidate) -> Cell {
    match () {
        () if choice.chosen == Some(place) => Cell::toned("use this", Tone::Good),
        () if choice.equal.contains(&place) => "equal".into(),
        () if !candidate.allowed => Cell::toned("over a limit", Tone::Doubtful),
        () => "".into(),
    }
}

fn below_variance(found: &Recommendation, candidate: &Candidate) -> String {
    decibel(candidate.mse.mean, found.variance).map_or("–".into(), |db| signed(db, 2))
}

fn optional(value: Option<f64>) -> String {
    value.map_or("–".into(), significant)
}

/// The number of columns of recall.
fn recalls(found: &Recommendation) -> usize {
    found.candidates.iter().filter_map(|c| c.recall.as_ref()).map(Vec::len).max().unwrap_or(0)
}

fn recall_titles(recalls: usize) -> impl Iterator<Item = String> {
    RECALL_AT.iter().take(recalls).map(|t| format!("#R@{t}"))
}

fn recall(candidate: &Candidate, place: usize) -> Option<f64> {
    Some(candidate.recall.as_ref()?.get(place)?.mean)
}

fn recall_cell(candidate: &Candidate, place: usize) -> Cell {
    recall(candidate, place).map_or("–".into(), |mean| format!("{mean:.3}")).into()
}

fn fronts(c: &Candidate) -> String {
    let fronts = [(c.front.wmops, "operations"), (c.front.ms, "time"), (c.front.bytes, "bytes")];
    let fronts: Vec<&str> = fronts.iter().filter(|front| front.0).map(|front| front.1).collect();
    fronts.join(", ")
}
