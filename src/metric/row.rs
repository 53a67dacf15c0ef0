//! One metric: everything that depends on it alone.

use super::{ImageQualityError, SpeechQualityError};

/// Whether lower or higher values are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    LowerIsBetter,
    HigherIsBetter,
}

impl Direction {
    /// Which of two values is better.
    pub fn better(self) -> &'static str {
        match self {
            Direction::LowerIsBetter => "lower",
            Direction::HigherIsBetter => "higher",
        }
    }

    /// Which of all values is the best.
    pub fn best(self) -> &'static str {
        match self {
            Direction::LowerIsBetter => "lowest",
            Direction::HigherIsBetter => "highest",
        }
    }
}

/// The maximum difference from the published mean that counts as equivalent. Differences have the same unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Margin {
    /// Relative to the published mean: 0.005 = ±0.5 %.
    Relative(f64),
    /// In dB. A ratio of two values that are already logarithms has no meaning.
    Decibel(f64),
    /// In points of a score, the mean opinion score (MOS) of PESQ.
    Score(f64),
}

impl Margin {
    /// ±0.5 %, the margin of metrics that state none.
    pub const DEFAULT: Margin = Margin::Relative(0.005);

    /// Half the width of the margin.
    pub fn width(self) -> f64 {
        match self {
            Margin::Relative(width) | Margin::Decibel(width) | Margin::Score(width) => width,
        }
    }

    /// A margin of the same kind.
    #[must_use]
    pub fn with_width(self, width: f64) -> Margin {
        match self {
            Margin::Relative(_) => Margin::Relative(width),
            Margin::Decibel(_) => Margin::Decibel(width),
            Margin::Score(_) => Margin::Score(width),
        }
    }

    /// The divisor of a difference from the published mean.
    pub fn scale(self, published: f64) -> f64 {
        match self {
            Margin::Relative(_) => published.abs(),
            Margin::Decibel(_) | Margin::Score(_) => 1.0,
        }
    }
}

/// The spread of a mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    Seeds,
    /// Over test items, whose published number is unknown: `utterances`.
    Items(&'static str),
}

impl Over {
    /// `seeds`, or the items.
    pub fn name(self) -> &'static str {
        match self {
            Over::Seeds => "seeds",
            Over::Items(name) => name,
        }
    }
}

/// The number after the `@` in a record name: `recall@16`, `pesq@8000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The metric is measured once.
    Nothing,
    /// T. The label of the metric ends with `T`.
    Rank,
    /// Bit/s.
    Bitrate,
}

/// How `vqlab score` measures a metric of two files.
#[derive(Clone, Copy, Debug)]
pub struct Score {
    /// The name on the command line.
    pub name: &'static str,
    pub measure: Measure,
}

/// Of two RGB pictures of this width and height.
pub type OfPictures = fn(&[u8], &[u8], usize, usize) -> Result<f64, ImageQualityError>;

#[derive(Clone, Copy, Debug)]
pub enum Measure {
    Pictures(OfPictures),
    /// Of two signals at 16 kHz.
    Speech(fn(&[f32], &[f32]) -> Result<f64, SpeechQualityError>),
    /// recall@T of the ids that a search found.
    Ids,
}

/// One row of the table. A row is equal to another one if it has the same name.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// The name in specs, and in records if there are no parts.
    pub name: &'static str,
    /// The name in Results files and on axes.
    pub label: &'static str,
    /// Empty for dimensionless numbers.
    pub unit: &'static str,
    /// What a value is, as a phrase without a period. `vqlab score --help` shows it.
    pub description: &'static str,
    pub direction: Direction,
    /// The highest possible value, if higher is better and there is a bound.
    pub ceiling: Option<f64>,
    /// The default margin of a comparison with published numbers.
    pub margin: Margin,
    /// The number of items from which a narrower width is the default, and that width.
    pub margin_of_many: Option<(u64, f64)>,
    pub over: Over,
    pub at: At,
    /// Endings of the name in records, and what each part is measured on. `""` is the name itself. If there are no
    /// parts, records have the name.
    pub parts: &'static [(&'static str, &'static str)],
    /// What published files without the label "Measured on" are measured on.
    pub published_on: Option<&'static str>,
    pub score: Option<Score>,
}

impl PartialEq for Metric {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Metric {
    const fn new(
        name: &'static str,
        label: &'static str,
        unit: &'static str,
        description: &'static str,
        direction: Direction,
    ) -> Self {
        Self {
            name,
            label,
            unit,
            description,
            direction,
            ceiling: None,
            margin: Margin::DEFAULT,
            margin_of_many: None,
            over: Over::Seeds,
            at: At::Nothing,
            parts: &[],
            published_on: None,
            score: None,
        }
    }

    /// A metric of which lower values are better, compared by ratios, over seeds.
    pub(super) const fn lower(
        name: &'static str,
        label: &'static str,
        unit: &'static str,
        description: &'static str,
    ) -> Self {
        Self::new(name, label, unit, description, Direction::LowerIsBetter)
    }

    /// As [`Metric::lower`], with higher values better.
    pub(super) const fn higher(
        name: &'static str,
        label: &'static str,
        unit: &'static str,
        description: &'static str,
    ) -> Self {
        Self::new(name, label, unit, description, Direction::HigherIsBetter)
    }

    pub(super) const fn up_to(mut self, ceiling: f64) -> Self {
        self.ceiling = Some(ceiling);
        self
    }

    pub(super) const fn within(mut self, margin: Margin) -> Self {
        self.margin = margin;
        self
    }

    /// From `many` items on, the default margin has this width.
    pub(super) const fn within_of_many(mut self, many: u64, width: f64) -> Self {
        self.margin_of_many = Some((many, width));
        self
    }

    pub(super) const fn over(mut self, items: &'static str) -> Self {
        self.over = Over::Items(items);
        self
    }

    pub(super) const fn at(mut self, at: At) -> Self {
        self.at = at;
        self
    }

    pub(super) const fn parts(mut self, parts: &'static [(&'static str, &'static str)]) -> Self {
        self.parts = parts;
        self
    }

    pub(super) const fn published_on(mut self, set: &'static str) -> Self {
        self.published_on = Some(set);
        self
    }

    pub(super) const fn scored(mut self, name: &'static str, measure: Measure) -> Self {
        self.score = Some(Score { name, measure });
        self
    }

    /// The names in records, without the numbers of `Metric::at`.
    pub fn record_names(&self) -> Vec<String> {
        let of_part = |(ending, _): &(&str, &str)| format!("{}-{ending}", self.name);
        let named = self.parts.iter().map(of_part).map(|name| name.trim_end_matches('-').to_owned());
        if self.parts.is_empty() { vec![self.name.to_owned()] } else { named.collect() }
    }

    /// Whether records or specs call the metric by this name, without the number of [`Metric::at`].
    pub(super) fn is_named(&self, name: &str) -> bool {
        let ending = name.strip_prefix(self.name);
        let part = ending.and_then(|ending| ending.strip_prefix('-'));
        ending == Some("") || part.is_some_and(|part| self.parts.iter().any(|(ending, _)| *ending == part))
    }

    /// Whether values are counted instead of measured, so that equal values agree to the last digits.
    pub fn is_computed(&self) -> bool {
        self.unit.ends_with("WMOPS")
    }

    /// Whether the published spread is over test items (utterances, of unknown number) instead of runs.
    pub fn is_over_items(&self) -> bool {
        self.over != Over::Seeds
    }

    /// Whether values are logarithms of a ratio, so that differences are compared instead of quotients.
    pub fn is_decibel(&self) -> bool {
        self.unit == "dB"
    }

    /// Whether values are compared by differences instead of quotients.
    pub fn is_by_difference(&self) -> bool {
        !matches!(self.margin, Margin::Relative(_))
    }

    /// The default margin of a comparison whose means are over so many items.
    pub fn margin_of(&self, items: u64) -> Margin {
        let many = self.margin_of_many.filter(|(many, _)| items >= *many);
        many.map_or(self.margin, |(_, width)| self.margin.with_width(width))
    }

    /// Converts a value to a quantity to minimize: the distance to the ceiling if there is one. Without a ceiling, lower
    /// is better: the value itself; higher is better: minus the value. The same function converts the error back.
    pub fn error(&self, value: f64) -> f64 {
        match (self.direction, self.ceiling) {
            (Direction::LowerIsBetter, _) => value,
            (Direction::HigherIsBetter, Some(ceiling)) => ceiling - value,
            (Direction::HigherIsBetter, None) => -value,
        }
    }
}
