//! The long form of a recommendation: one paragraph with the reason, the alternatives and the references.

use super::super::format::{enumerate, signed, significant, whole};
use crate::number::bytes;
use crate::recommend::{Candidate, Choice, Recommendation, References, WHITE, WORTH, decibel};

/// One paragraph: the recommended quantizer, the reason, and the uncertainty.
pub(super) fn paragraph(found: &Recommendation, choice: &Choice) -> String {
    let (Some(chosen), Some(best)) = (choice.chosen, choice.best) else { return found.reason(choice) };
    let (chosen, best) = (&found.candidates[chosen], &found.candidates[best]);
    let mut text = format!(
        "For {} bits per vector, use {}: {} of {} bits{}. On {} held-out vectors, its mean squared error is {} ± {} \
         per coordinate (standard error){}. ",
        choice.bits,
        chosen.shape.method.label(),
        if chosen.shape.stages == 1 { "1 stage".into() } else { format!("{} stages", chosen.shape.stages) },
        chosen.shape.bits_per_stage,
        if chosen.search.is_some() { format!(" and beam width {}", chosen.beam_width) } else { String::new() },
        whole(found.held_out as u64),
        significant(chosen.mse.mean),
        significant(chosen.mse.standard_error),
        found.of_variance(chosen),
    );
    text += &standing(found, choice, chosen, best);
    text += &format!(
        "It needs {} WMOPS and {} ms per vector on one thread of this machine, and {} of codebooks. ",
        significant(chosen.wmops),
        significant(chosen.ms_per_vector),
        bytes(chosen.codebook_bytes)
    );
    text += &alternatives(found, choice, chosen);
    if let Some(references) = found.references_of(choice) {
        text += &against_bounds(found, chosen, references);
    }
    text += &caveats(found, choice);
    text.trim_end().into()
}

/// Whether the choice has the lowest error or is the cheapest of equals, and how much worse the next quantizer is.
fn standing(found: &Recommendation, choice: &Choice, chosen: &Candidate, best: &Candidate) -> String {
    let own = found.of_bits(choice);
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
        text += &format!("The next is {}. ", found.more(next, best));
    }
    if let Some(better) = &choice.forbidden {
        text += &format!("Without limits, the choice would be {}. ", found.more(better, best));
    }
    text
}

fn alternatives(found: &Recommendation, choice: &Choice, chosen: &Candidate) -> String {
    let Some(cheaper) = &choice.cheaper else { return String::new() };
    let factor = chosen.wmops / found.candidates[cheaper.candidate].wmops;
    format!(
        "If operations matter, use {} and {} times fewer operations. ",
        found.more(cheaper, chosen),
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
    let scalar = references.best_scalar();
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
    let cut = found.cut_fits(choice);
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
    if found.is_sampled() {
        text += &format!(
            "; the fits used a sample of {} of {} vectors (with more vectors, shapes with many codewords gain most)",
            whole(found.training as u64),
            whole(found.of)
        );
    }
    text + "."
}
