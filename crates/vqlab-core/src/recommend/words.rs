//! A recommendation in words, the same for every front end.

use super::choose::paired;
use super::queries::RECALL_AT;
use super::{Candidate, Choice, Difference, Estimate, Limits, Recommendation, References};
use crate::fit::Ended;
use crate::number::{bytes, decimals, digits, enumerate, share, signed, significant, trimmed, whole};

/// Spectral flatness above which data count as white.
pub const WHITE: f64 = 0.9;

/// A gain over scalar quantization, in dB, below which VQ is hardly worth its cost.
pub const WORTH: f64 = 1.0;

/// The sentences about the choice at one bitrate, without the subject: a terminal has one on each line.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    /// `RVQ, 4 stages of 8 bits`.
    pub choice: String,
    /// `0.1234 ± 0.0005 per coordinate, 12.3 % of the variance (−9.10 dB)`.
    pub error: String,
    /// `0.41 WMOPS and 0.012 ms per vector (1 thread), 64 KiB of codebooks`.
    pub cost: String,
    /// `recall@1 0.312, recall@10 0.845, recall@100 0.998`. None without queries.
    pub recall: Option<String>,
    /// How sure the choice is.
    pub sure: String,
    /// The distance from the rate-distortion bound. None without a bound, an error or a variance.
    pub bound: Option<String>,
    pub cautions: Vec<Caution>,
}

/// A fact that limits the recommendation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caution {
    pub about: About,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The limits exclude the lowest error.
    Limits,
    White,
    /// Scalar quantization is about as good.
    Worth,
    Budget,
    Sample,
}

impl Candidate {
    /// `AVQ, 8 stages of 8 bits, beam width 16`.
    pub fn name(&self) -> String {
        format!("{}, {}", self.shape.method.label(), self.stages())
    }

    fn recall_in_words(&self) -> Option<String> {
        let values = RECALL_AT.iter().zip(self.recall.as_ref()?);
        let each: Vec<String> = values.map(|(at, found)| format!("recall@{at} {}", decimals(found.mean, 3))).collect();
        (!each.is_empty()).then(|| each.join(", "))
    }

    fn stages(&self) -> String {
        let (stages, bits) = (self.shape.stages, self.shape.bits_per_stage);
        let beam = self.search.map_or(String::new(), |_| format!(", beam width {}", self.beam_width));
        let noun = if stages == 1 { "stage" } else { "stages" };
        format!("{stages} {noun} of {bits} bits{beam}")
    }
}

impl Recommendation {
    /// The sentences about a choice. None if no quantizer is within the limits.
    pub fn words(&self, choice: &Choice) -> Option<Words> {
        let (chosen, best) = (&self.candidates[choice.chosen?], &self.candidates[choice.best?]);
        Some(Words {
            choice: chosen.name(),
            error: format!("{} per coordinate{}", plus_minus(&chosen.mse), self.of_variance(chosen)),
            cost: format!(
                "{} WMOPS and {} ms per vector (1 thread), {} of codebooks",
                trimmed(chosen.wmops, 3),
                trimmed(chosen.ms_per_vector, 3),
                bytes(chosen.codebook_bytes),
            ),
            recall: chosen.recall_in_words(),
            sure: self.sure(choice, best),
            bound: self.references_of(choice).and_then(|references| bound(chosen, references)),
            cautions: self.cautions(choice, chosen),
        })
    }

    /// One paragraph: the choice, its numbers, how sure it is, and the cautions.
    pub fn reason(&self, choice: &Choice) -> String {
        let chosen = choice.chosen.map(|place| &self.candidates[place]);
        let Some((words, chosen)) = self.words(choice).zip(chosen) else {
            let (nothing, nearest) = (self.nothing(choice), self.nearest(choice));
            return format!("For {} bits per vector, {nothing}. {nearest}", choice.bits).trim_end().into();
        };
        let sentences = [
            format!("For {} bits per vector, use {} ({}).", choice.bits, chosen.label(), chosen.stages()),
            format!("Its error is {}.", words.error),
            format!("It needs {}.", words.cost),
        ];
        let recall = words.recall.map(|recall| format!("The queries have {recall}."));
        let cautions = words.cautions.into_iter().map(|caution| caution.text);
        let rest = recall.into_iter().chain([words.sure]).chain(words.bound).chain(cautions);
        let all: Vec<String> = sentences.into_iter().chain(rest).collect();
        all.join(" ")
    }

    /// Why there is no choice.
    pub fn nothing(&self, choice: &Choice) -> &'static str {
        match self.of_bits(choice).next() {
            Some(_) => "no quantizer is within the limits",
            None => "no quantizer could be fitted",
        }
    }

    /// The lowest cost where a limit excludes all quantizers.
    pub fn nearest(&self, choice: &Choice) -> String {
        let least = |cost: fn(&Candidate) -> f64| self.of_bits(choice).min_by(|a, b| cost(a).total_cmp(&cost(b)));
        let Limits { wmops, ms_per_vector, codebook_bytes } = self.limits;
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
        let values = if nearest.len() == 1 { "value is" } else { "values are" };
        if nearest.is_empty() { String::new() } else { format!("The lowest {values} {}.", enumerate(&nearest)) }
    }

    /// The candidates at the bitrate of a choice.
    pub fn of_bits(&self, choice: &Choice) -> impl Iterator<Item = &Candidate> + Clone {
        let bits = choice.bits;
        self.candidates.iter().filter(move |c| c.shape.bits() == bits)
    }

    pub fn references_of(&self, choice: &Choice) -> Option<&References> {
        self.references.iter().find(|references| references.bits == choice.bits)
    }

    /// `, 12.3 % of the variance (−9.10 dB)`.
    pub fn of_variance(&self, candidate: &Candidate) -> String {
        if self.variance <= 0.0 {
            return "; all vectors are equal".into();
        }
        let db =
            decibel(candidate.mse.mean, self.variance).map_or(String::new(), |db| format!(" ({} dB)", signed(db, 2)));
        format!(", {} of the variance{db}", share(candidate.mse.mean / self.variance))
    }

    fn sure(&self, choice: &Choice, best: &Candidate) -> String {
        let own = self.of_bits(choice);
        let (all, allowed) = (own.clone().count(), own.filter(|c| c.allowed).count());
        let among = match all == allowed {
            true => format!("{all} quantizers tried"),
            false => format!("{allowed} quantizers within the limits ({all} tried)"),
        };
        let late = self.late(choice);
        if late > 0 {
            return format!(
                "Not sure: lowest error of {among}, but {late} more had no time: a longer budget may find a better one."
            );
        }
        let vectors = whole(self.held_out as u64);
        let next = choice.next.map_or(String::new(), |next| format!("; the next is {}", self.more(&next, best)));
        match choice.equal.len() {
            _ if allowed == 1 && all == 1 => "It is the only quantizer that was fitted.".into(),
            _ if allowed == 1 => format!("It is the only one of {all} quantizers within the limits."),
            0 | 1 => format!("Sure: lowest error of {among}, on {vectors} held-out vectors{next}."),
            equal => format!(
                "Tie: the errors of {equal} of {among} can't be told apart on {vectors} held-out vectors. This one is \
                 the cheapest."
            ),
        }
    }

    /// `LSQ 8 × 8 with 1.2 ± 0.3 % more error`.
    pub fn more(&self, difference: &Difference, than: &Candidate) -> String {
        let other = &self.candidates[difference.candidate];
        let label = other.label();
        if than.mse.mean <= 0.0 {
            return format!("{label} with an error of {} instead of 0", significant(other.mse.mean));
        }
        let Estimate { mean, standard_error } = difference.error;
        let percent = |value: f64| decimals(100.0 * value.abs() / than.mse.mean, 2);
        let direction = if mean < 0.0 { "less" } else { "more" };
        format!("{label} with {} ± {} % {direction} error", percent(mean), percent(standard_error))
    }

    fn cautions(&self, choice: &Choice, chosen: &Candidate) -> Vec<Caution> {
        let mut all = Vec::new();
        let mut say = |about, text| all.push(Caution { about, text });
        if let Some(better) = &choice.forbidden {
            let candidate = better.candidate;
            let difference = Difference { candidate, error: paired(&self.candidates[candidate], chosen) };
            say(About::Limits, format!("The limits exclude {}.", self.more(&difference, chosen)));
        }
        if let Some(flatness) = self.flatness.filter(|flatness| *flatness > WHITE) {
            let white = format!("The data are white (spectral flatness {flatness:.3}): no correlation to exploit.");
            say(About::White, white);
        }
        let scalar = self.references_of(choice).map(References::best_scalar);
        let worth = scalar.and_then(|scalar| decibel(scalar, chosen.mse.mean));
        let cut = self.cut_fits(choice).len();
        // Without enough time, the fits say nothing about the methods.
        if let Some(gain) = worth.filter(|gain| *gain < WORTH && cut + self.late(choice) == 0) {
            let (gain, more) = (gain.abs(), if gain < 0.0 { "less" } else { "more" });
            let text = format!(
                "VQ is hardly worth its cost here: scalar quantization at this rate has {gain:.1} dB {more} error."
            );
            say(About::Worth, text);
        }
        let own = self.of_bits(choice);
        if cut > 0 {
            let mut fits: Vec<String> = own.map(|c| c.shape.label()).collect();
            fits.dedup();
            let of = fits.len();
            say(About::Budget, format!("The time budget ended {cut} of {of} fits: more time may lower the error."));
        }
        if self.is_sampled() {
            let (used, of) = (whole(self.training as u64), whole(self.of));
            say(About::Sample, format!("The fits used a sample of {used} of {of} vectors."));
        }
        all
    }

    /// The shapes whose fits the budget ended.
    pub fn cut_fits(&self, choice: &Choice) -> Vec<String> {
        let mut cut: Vec<String> =
            self.of_bits(choice).filter(|c| c.ended == Ended::Budget).map(|c| c.shape.label()).collect();
        // Beam widths share a fit.
        cut.dedup();
        cut
    }

    /// The number of shapes of the choice's bits that the budget left no time for.
    fn late(&self, choice: &Choice) -> usize {
        self.left_out.iter().filter(|left| left.late && left.shape.bits() == choice.bits).count()
    }

    /// Whether not all vectors were used.
    pub fn is_sampled(&self) -> bool {
        (self.training + self.validation + self.held_out) as u64 != self.of
    }

    /// The shapes without a fit, by reason: `AVQ 8 × 8 and LSQ 8 × 8 (no time was left for the fit)`.
    pub fn left_out_by_reason(&self) -> Vec<String> {
        let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
        for left in &self.left_out {
            match reasons.iter_mut().find(|(reason, _)| *reason == left.reason) {
                Some((_, shapes)) => shapes.push(left.shape.label()),
                None => reasons.push((&left.reason, vec![left.shape.label()])),
            }
        }
        reasons.into_iter().map(|(reason, shapes)| format!("{} ({reason})", enumerate(&shapes))).collect()
    }
}

impl References {
    /// The lower error of scalar quantization along the coordinates and along the principal axes.
    pub fn best_scalar(&self) -> f64 {
        self.scalar_along_axes.map_or(self.scalar, |rotated| rotated.min(self.scalar))
    }
}

fn bound(chosen: &Candidate, references: &References) -> Option<String> {
    let gap = decibel(chosen.mse.mean, references.gaussian?)?;
    Some(match gap < 0.0 {
        false => format!("It is {gap:.1} dB above the rate-distortion bound (Gaussian data, same covariance)."),
        true => format!(
            "It is {:.1} dB below the rate-distortion bound of Gaussian data with the same covariance: the data are not \
             Gaussian.",
            -gap
        ),
    })
}

/// `value` relative to `of` in dB. None if one of them is 0.
pub fn decibel(value: f64, of: f64) -> Option<f64> {
    Some(10.0 * (value / of).log10()).filter(|db| db.is_finite())
}

/// `171.6 ± 1.3`: the mean without digits beyond those of the standard error.
pub fn plus_minus(estimate: &Estimate) -> String {
    let (mean, spread) = (significant(estimate.mean), digits(estimate.standard_error, 2));
    let decimals = |text: &str| text.split_once('.').filter(|_| !text.contains('e')).map(|(_, digits)| digits.len());
    match (decimals(&mean), decimals(&spread)) {
        (Some(of_mean), Some(of_spread)) if of_spread < of_mean => {
            format!("{:.of_spread$} ± {spread}", estimate.mean)
        }
        _ => format!("{mean} ± {spread}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_have_the_digits_of_their_standard_errors() {
        let texts = [(171.58, 1.325), (0.057131, 0.0029), (171.58, 0.00012), (0.0, 0.0), (1e12, 3e9), (26284.0, 12.3)]
            .map(|(mean, standard_error)| plus_minus(&Estimate { mean, standard_error }));
        assert_eq!(
            texts,
            ["171.6 ± 1.3", "0.0571 ± 0.0029", "171.6 ± 0.00012", "0 ± 0", "1.000e12 ± 3.0e9", "26284 ± 12"]
        );
    }
}
