//! A recommendation for people: the output of the command and the page. The sentences are vqlab-core's
//! ([`Recommendation::words`]).

mod long;
mod page;
mod table;
mod text;

use std::path::Path;
use std::time::Duration;

pub use page::write_recommendation;
pub use text::recommendation_text;

use crate::recommend::{About, Caution, Choice, Recommendation};
use crate::slurm::quoted;

use super::format::{signed, significant, whole};

/// What was asked, for the commands and hints.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The file of vectors.
    pub data: &'a Path,
    pub budget: Duration,
}

/// The words of the `fit` command that trains the choice in full. An option and its value are one word.
fn command(found: &Recommendation, choice: &Choice, asked: &Asked) -> Option<Vec<String>> {
    let chosen = &found.candidates[choice.chosen?];
    let shape = chosen.shape;
    let mut words = vec!["vqlab fit".to_string(), quoted(&asked.data.display().to_string())];
    words.push(format!("--method {}", shape.method.label().to_lowercase()));
    words.push(format!("--stages {}", shape.stages));
    words.push(format!("--bits {}", shape.bits_per_stage));
    words.push(format!("--trainer {}", shape.trainer().name()));
    words.extend(chosen.search.map(|_| format!("--beam-width {}", chosen.beam_width)));
    words.push("-o books.safetensors".into());
    Some(words)
}

/// The option that removes a caution.
fn hint(caution: &Caution, found: &Recommendation, asked: &Asked) -> Option<String> {
    match caution.about {
        About::Budget => Some(longer(asked)),
        About::Sample => {
            let used = (found.training + found.validation + found.held_out) as u64;
            Some(format!("hint: --sample {}", found.of.min(2 * used)))
        }
        About::Limits | About::White | About::Worth => None,
    }
}

/// `hint: --budget 40s`, twice the budget.
fn longer(asked: &Asked) -> String {
    let seconds = asked.budget.as_secs_f64().ceil() as u64 * 2;
    let is_minutes = seconds.is_multiple_of(60);
    if is_minutes { format!("hint: --budget {}m", seconds / 60) } else { format!("hint: --budget {seconds}s") }
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

/// A cost of another quantizer relative to that of the choice: `× 6.1` is more, `÷ 4.0` is less.
fn factor(ratio: f64) -> String {
    let digits = |value: f64| match value {
        value if value < 9.95 => format!("{value:.1}"),
        value if value < 9999.5 => format!("{value:.0}"),
        value => crate::number::digits(value, 2),
    };
    match ratio {
        ratio if !(ratio.is_finite() && ratio > 0.0) => "–".into(),
        1.0 => "same".into(),
        ratio if ratio < 1.0 => format!("÷ {}", digits(1.0 / ratio)),
        ratio => format!("× {}", digits(ratio)),
    }
}

/// An error relative to that of the choice: `+9.1 ± 0.4 %`. Far larger errors are multiples: `× 12`. Without an error
/// of the choice, the difference itself.
fn relative(difference: f64, standard_error: f64, of: f64) -> String {
    if of <= 0.0 {
        return if difference > 0.0 { format!("+{}", significant(difference)) } else { "same".into() };
    }
    let (percent, spread) = (100.0 * difference / of, 100.0 * standard_error / of);
    if percent >= 900.0 {
        return factor(1.0 + difference / of);
    }
    let decimals = if spread < 0.05 { 2 } else { 1 };
    format!("{} ± {spread:.decimals$} %", signed(percent, decimals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_and_errors_are_relative_to_the_choice() {
        let factors = [6.12, 0.25, 1.0, 1.02, 40.4, 1e-5, f64::NAN, 0.0].map(factor);
        assert_eq!(factors, ["× 6.1", "÷ 4.0", "same", "× 1.0", "× 40", "÷ 100000", "–", "–"]);
        let errors = [relative(-0.8, 0.2, 100.0), relative(9.1, 0.01, 100.0), relative(1100.0, 3.0, 100.0)];
        assert_eq!(errors, ["−0.8 ± 0.2 %", "+9.10 ± 0.01 %", "× 12"]);
        assert_eq!([relative(0.5, 0.1, 0.0), relative(0.0, 0.0, 0.0)], ["+0.5000", "same"]);
    }

    #[test]
    fn hints_double_the_budget() {
        let asked = |seconds| Asked { data: Path::new("x"), budget: Duration::from_secs(seconds) };
        assert_eq!([longer(&asked(20)), longer(&asked(240))], ["hint: --budget 40s", "hint: --budget 8m"]);
    }
}
