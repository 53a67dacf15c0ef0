//! A recommendation in words: the paragraph with the reason, the table, and the page.

use std::path::{Path, PathBuf};

use super::document::{Block, Cell, Document, Picture, Table, Tone};
use super::format::{decimals, enumerate, share, signed, significant, whole};
use super::{html, terminal};
use crate::figure::Drawn;
use crate::fit::Ended;
use crate::recommend::{Candidate, Choice, Difference, Estimate, Limits, RECALL_AT, Recommendation, References};
use crate::results::write_atomic;

use super::ReportError;

/// Spectral flatness above which data count as white.
const WHITE: f64 = 0.9;

/// A gain over scalar quantization, in dB, below which VQ is hardly worth its cost.
const WORTH: f64 = 1.0;

/// One paragraph: the recommended quantizer, the reason, and the uncertainty.
pub fn recommendation_reason(found: &Recommendation, choice: &Choice) -> String {
    let (Some(chosen), Some(best)) = (choice.chosen, choice.best) else { return nothing(found, choice) };
    let (chosen, best) = (&found.candidates[chosen], &found.candidates[best]);
    let mut text = format!(
        "For {} bits per vector, use {}: {} of {} bits{}. On {} held-out vectors, its mean squared error is {} ± {} \
         per coordinate (standard error){}. ",
        choice.bits,
        chosen.shape.method.label(),
        plural(chosen.shape.stages, "codebook"),
        chosen.shape.bits_per_stage,
        if chosen.search.is_some() { format!(" and beam width {}", chosen.beam_width) } else { String::new() },
        whole(found.held_out as u64),
        significant(chosen.mse.mean),
        significant(chosen.mse.standard_error),
        of_variance(chosen.mse.mean, found.variance),
    );
    text += &standing(found, choice, chosen, best);
    text += &format!(
        "It needs {} WMOPS and {} ms per vector on one thread of this machine, and {} of codebooks. ",
        significant(chosen.wmops),
        significant(chosen.ms_per_vector),
        bytes(chosen.codebook_bytes)
    );
    text += &alternatives(found, choice, chosen);
    if let Some(references) = found.references.iter().find(|r| r.bits == choice.bits) {
        text += &against_bounds(found, chosen, references);
    }
    text += &caveats(found, choice);
    text.trim_end().into()
}

/// The paragraph if no candidate is within the limits.
fn nothing(found: &Recommendation, choice: &Choice) -> String {
    let own = || found.candidates.iter().filter(|c| c.shape.bits() == choice.bits);
    let least = |cost: fn(&Candidate) -> f64| own().min_by(|a, b| cost(a).total_cmp(&cost(b)));
    let Limits { wmops, ms_per_vector, codebook_bytes } = found.limits;
    let mut nearest = Vec::new();
    if let Some(c) = least(|c| c.wmops).filter(|_| wmops.is_some()) {
        nearest.push(format!("{} WMOPS ({})", significant(c.wmops), c.label()));
    }
    if let Some(c) = least(|c| c.ms_per_vector).filter(|_| ms_per_vector.is_some()) {
        nearest.push(format!("{} ms per vector ({})", significant(c.ms_per_vector), c.label()));
    }
    if let Some(c) = least(|c| c.codebook_bytes as f64).filter(|_| codebook_bytes.is_some()) {
        nearest.push(format!("{} bytes of codebooks ({})", c.codebook_bytes, c.label()));
    }
    let bits = choice.bits;
    if nearest.is_empty() {
        return format!("For {bits} bits per vector, no quantizer could be fitted.");
    }
    format!(
        "For {bits} bits per vector, no quantizer is within the limits. The lowest values are {}.",
        enumerate(&nearest)
    )
}

/// Whether the choice has the lowest error or is the cheapest of equals, and how much worse the next quantizer is.
fn standing(found: &Recommendation, choice: &Choice, chosen: &Candidate, best: &Candidate) -> String {
    let own = found.candidates.iter().filter(|c| c.shape.bits() == choice.bits);
    let (all, allowed) = (own.clone().count(), own.filter(|c| c.allowed).count());
    let among = match all == allowed {
        true => format!("the {all} quantizers tried"),
        false => format!("the {allowed} of {all} quantizers tried that are within the limits"),
    };
    let mut text = match choice.equal.len() {
        0 | 1 => format!("This is the lowest error of {among}. "),
        equals => format!(
            "It is the cheapest of {equals} quantizers whose error can't be distinguished from the lowest error{} of \
             {among} (paired by vector, within {:.1} standard errors: 5 % for all comparisons together), or is \
             between such errors. ",
            if chosen.label() == best.label() { String::new() } else { format!(" ({})", best.label()) },
            choice.within,
        ),
    };
    if let Some(next) = &choice.next {
        text += &format!("The next is {}. ", more(found, next, best));
    }
    if let Some(better) = &choice.forbidden {
        text += &format!("Without limits, the choice would be {}. ", more(found, better, best));
    }
    text
}

/// `LSQ 8 × 8 with 1.2 ± 0.3 % more error`.
fn more(found: &Recommendation, difference: &Difference, than: &Candidate) -> String {
    let Estimate { mean, standard_error } = difference.error;
    let other = &found.candidates[difference.candidate];
    let label = other.label();
    if than.mse.mean <= 0.0 {
        return format!("{label} with an error of {} instead of 0", significant(other.mse.mean));
    }
    let percent = |value: f64| decimals(100.0 * value.abs() / than.mse.mean, 2);
    let direction = if mean < 0.0 { "less" } else { "more" };
    format!("{label} with {} ± {} % {direction} error", percent(mean), percent(standard_error))
}

fn alternatives(found: &Recommendation, choice: &Choice, chosen: &Candidate) -> String {
    let Some(cheaper) = &choice.cheaper else { return String::new() };
    let factor = chosen.wmops / found.candidates[cheaper.candidate].wmops;
    format!(
        "If operations matter, use {} and {} times fewer operations. ",
        more(found, cheaper, chosen),
        if factor < 9.95 { format!("{factor:.1}") } else { format!("{factor:.0}") }
    )
}

fn against_bounds(found: &Recommendation, chosen: &Candidate, references: &References) -> String {
    let (bits, error) = (references.bits, chosen.mse.mean);
    let away = |bound: f64| {
        let gap = decibel(error, bound)?;
        Some(format!(
            "{} dB {}",
            signed(gap.abs(), 2).trim_start_matches('+'),
            if gap < 0.0 { "below" } else { "above" }
        ))
    };
    let mut text = String::new();
    let bounds = references.gaussian.zip(references.white);
    // `None` if the variance or the error is 0.
    if let Some((gaussian, white)) = bounds
        && let (Some(from_gaussian), Some(from_white)) = (away(gaussian), away(white))
    {
        text += &format!(
            "By rate-distortion theory, a quantizer of {bits} bits has an error of at least {} on Gaussian data with \
             the same covariance, and at least {} on white Gaussian data of the same variance. The choice is {} the \
             first bound{} and {} the second. ",
            significant(gaussian),
            significant(white),
            from_gaussian,
            if error < gaussian { " (possible because the data are not Gaussian)" } else { "" },
            from_white,
        );
    }
    let scalar = references.scalar_along_axes.map_or(references.scalar, |rotated| rotated.min(references.scalar));
    let Some(gain) = decibel(scalar, error) else { return text };
    let along = if scalar < references.scalar { " along the principal axes" } else { "" };
    text += &format!(
        "Scalar quantization at the same rate (uniform, without entropy coding, with good bit allocation) has an error \
         of {}{along}: VQ {} {:.2} dB. ",
        significant(scalar),
        if gain < 0.0 { "loses" } else { "gains" },
        gain.abs(),
    );
    let flat = found.flatness.filter(|flatness| *flatness > WHITE);
    match flat {
        Some(flatness) if gain < WORTH => {
            text += &format!(
                "The data are white (spectral flatness {flatness:.3}): there is no correlation to exploit. VQ is \
                 hardly worth its cost here. "
            );
        }
        Some(flatness) => {
            text += &format!(
                "The data are white (spectral flatness {flatness:.3}): there is no correlation to exploit. VQ gains \
                 only by fractional bits per coordinate and by the shapes of the cells and of the density. "
            );
        }
        None if gain < WORTH => text += "VQ is hardly worth its cost here. ",
        None => {}
    }
    text
}

fn caveats(found: &Recommendation, choice: &Choice) -> String {
    let own: Vec<&Candidate> = found.candidates.iter().filter(|c| c.shape.bits() == choice.bits).collect();
    // Beam widths share a fit.
    let mut cut: Vec<String> = own.iter().filter(|c| c.ended == Ended::Budget).map(|c| c.shape.label()).collect();
    cut.dedup();
    let mut text = String::from("The standard errors are over vectors, not over trainings");
    let fits = match cut.len() {
        0 => None,
        1 => Some(format!("the fit of {}", cut[0])),
        2..=3 => Some(format!("the fits of {}", enumerate(&cut))),
        many => Some(format!("{many} of the fits")),
    };
    if let Some(fits) = fits {
        text += &format!("; the time budget ended {fits}, and a larger budget may lower the error");
    }
    if (found.training + found.validation + found.held_out) as u64 != found.of {
        text += &format!(
            "; the fits used a sample of {} of {} vectors (with more vectors, shapes with many codewords gain most)",
            whole(found.training as u64),
            whole(found.of)
        );
    }
    text + "."
}

/// The table of one bitrate, with one row per quantizer.
fn table(found: &Recommendation, choice: &Choice) -> Table {
    let mut titles = vec![
        "method",
        "choice",
        "trainer",
        "#MSE",
        "#±",
        "#dB",
        "#WMOPS",
        "#published",
        "#look-up",
        "#ms",
        "#codebooks",
        "#fit s",
    ];
    let recalls = found.candidates.iter().filter_map(|c| c.recall.as_ref()).map(Vec::len).max().unwrap_or(0);
    let heads: Vec<String> = RECALL_AT.iter().take(recalls).map(|t| format!("#R@{t}")).collect();
    titles.extend(heads.iter().map(String::as_str));
    titles.push("front");
    let mut table = Table::new(&titles);
    let places = (0..found.candidates.len()).filter(|i| found.candidates[*i].shape.bits() == choice.bits);
    for place in places {
        let c = &found.candidates[place];
        let optional = |value: Option<f64>| value.map_or("–".into(), significant);
        let (remark, tone) = match () {
            () if choice.chosen == Some(place) => ("use this", Tone::Good),
            () if choice.equal.contains(&place) => ("equal", Tone::Neutral),
            () if !c.allowed => ("over a limit", Tone::Doubtful),
            () => ("", Tone::Neutral),
        };
        let mut cells: Vec<Cell> = vec![
            c.label().into(),
            Cell::toned(remark, tone),
            c.shape.trainer_name().into(),
            significant(c.mse.mean).into(),
            significant(c.mse.standard_error).into(),
            decibel(c.mse.mean, found.variance).map_or("–".into(), |db| signed(db, 2)).into(),
            significant(c.wmops).into(),
            optional(c.wmops_published).into(),
            optional(c.wmops_lookup).into(),
            significant(c.ms_per_vector).into(),
            bytes(c.codebook_bytes).into(),
            format!("{:.1}", c.fit_seconds).into(),
        ];
        cells.extend((0..recalls).map(|i| {
            let recall = c.recall.as_ref().and_then(|all| all.get(i));
            Cell::from(recall.map_or("–".into(), |r| format!("{:.3}", r.mean)))
        }));
        let fronts = [(c.front.wmops, "operations"), (c.front.ms, "time"), (c.front.bytes, "bytes")];
        let fronts: Vec<&str> = fronts.iter().filter(|f| f.0).map(|f| f.1).collect();
        cells.push(fronts.join(", ").into());
        table.row(cells);
    }
    table
}

/// An explanation of the table.
fn legend(found: &Recommendation) -> String {
    let mut text = "trainer: k-means (OPQ, LSQ: alternating optimization), or NSVQ, which starts from k-means. Each \
        fit ends when the error of the validation vectors no longer falls. MSE: mean squared error per coordinate on \
        the held-out vectors, with its standard error. dB: MSE relative to the variance. WMOPS: operations of encoding \
        one vector with all stages counted; published: the paper's count; look-up: with look-up tables of codeword \
        products. ms: measured encoding time per vector on one thread. front: the costs for which the quantizer is on \
        the Pareto front of error and cost."
        .to_string();
    if let Some((queries, base)) = found.queries {
        text += &format!(
            " R@T: the share of {queries} queries whose true nearest neighbor (among {base} vectors that no fit was \
             trained on) is among the first T neighbors found by the codes. AVQ, RVQ and LSQ use exact norms."
        );
    }
    text
}

/// Describes the data and the sample.
fn data(found: &Recommendation) -> String {
    let flatness = found
        .flatness
        .filter(|_| found.variance > 0.0)
        .map_or(String::new(), |f| format!(", spectral flatness {f:.3}"));
    format!(
        "{} vectors of dimension {}; sample: {} for training, {} for validation, {} held out. Variance {} per \
         coordinate{flatness}.",
        whole(found.of),
        found.dimension,
        whole(found.training as u64),
        whole(found.validation as u64),
        whole(found.held_out as u64),
        significant(found.variance),
    )
}

fn left_out(found: &Recommendation) -> Vec<String> {
    found.left_out.iter().map(|l| format!("{} is left out: {}", l.shape.label(), l.reason)).collect()
}

/// The output of `recommend`: the data, and for each bitrate the table and the reason. Ends with a line break.
pub fn recommendation_text(found: &Recommendation) -> String {
    let mut text = format!("{}\n", data(found));
    for choice in &found.choices {
        let table = table(found, choice);
        let head = table.columns.iter().map(|c| c.title.clone()).collect();
        let rows = table.rows.iter().map(|row| row.iter().map(|cell| cell.text.clone()).collect());
        let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
        text += &format!("\n{}\n{}\n", terminal::aligned(&rows), recommendation_reason(found, choice));
    }
    for line in left_out(found) {
        text += &format!("\n{line}");
    }
    text.trim_end().to_string() + "\n"
}

/// Writes the self-contained `DIR/report.html` and returns its path. `name` is the name of the data.
///
/// # Errors
/// [`ReportError::Write`]
pub fn write_recommendation(
    found: &Recommendation,
    name: &str,
    drawn: &Drawn,
    dir: &Path,
) -> Result<PathBuf, ReportError> {
    let mut document = Document { title: format!("Which vector quantizer for {name}"), ..Document::default() };
    document.paragraph(data(found));
    for choice in &found.choices {
        document.section(&format!("{} bits per vector", choice.bits));
        document.paragraph(recommendation_reason(found, choice));
        document.table(table(found, choice));
    }
    document.paragraph(legend(found));
    document.section("Pareto front");
    let (title, caption, html) = (drawn.title.clone(), drawn.caption.clone(), drawn.page.clone());
    document.blocks.push(Block::Picture(Picture { title, caption, html, link: None }));
    super::explorer::of_recommendation(found, &mut document);
    if !found.left_out.is_empty() {
        document.section("Left out");
        document.list(left_out(found).into_iter().map(super::document::text).collect());
    }
    let path = dir.join("report.html");
    write_atomic(&path, html::render(&document).as_bytes())?;
    Ok(path)
}

/// `value` relative to `of` in dB. `None` if one of them is 0.
fn decibel(value: f64, of: f64) -> Option<f64> {
    Some(10.0 * (value / of).log10()).filter(|db| db.is_finite())
}

/// `, 12.3 % of the variance (−9.10 dB)`.
fn of_variance(error: f64, variance: f64) -> String {
    if variance <= 0.0 {
        return "; all vectors are equal".into();
    }
    let db = decibel(error, variance).map_or(String::new(), |db| format!(" ({} dB)", signed(db, 2)));
    format!(", {} of the variance{db}", share(error / variance))
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("{count} {noun}") } else { format!("{count} {noun}s") }
}

fn bytes(count: usize) -> String {
    match count {
        0..1024 => format!("{count} B"),
        1024..1_048_576 => format!("{} KiB", significant(count as f64 / 1024.0)),
        _ => format!("{} MiB", significant(count as f64 / 1_048_576.0)),
    }
}
