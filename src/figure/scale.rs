//! Maps data to pixels along one axis, and places the ticks.

use super::chart::{Axis, Scale};

/// The mapping of a data range to a pixel range, along one axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mapping {
    scale: Scale,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Mapping {
    /// Maps the axis' own range, or the range of the finite `values` with a margin on both sides. Log axes ignore
    /// values ≤ 0. `from` and `to` are the pixels of the low and the high end.
    pub fn new(axis: &Axis, values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let usable = values.chain(axis.include).filter(|v| v.is_finite() && (axis.scale == Scale::Linear || *v > 0.0));
        let (low, high) = axis.range.unwrap_or_else(|| with_margin(axis.scale, usable));
        Mapping { scale: axis.scale, low, high, from, to }
    }

    /// `None` for values that the axis can't show.
    pub fn pixel(&self, value: f64) -> Option<f64> {
        let (low, high) = (forward(self.scale, self.low), forward(self.scale, self.high));
        let share = (forward(self.scale, value) - low) / (high - low);
        share.is_finite().then_some(self.from + share * (self.to - self.from))
    }

    pub fn range(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// The nearest value on the axis.
    pub fn nearest(&self, value: f64) -> f64 {
        value.max(self.low).min(self.high)
    }

    /// About `wanted` ticks with their text.
    pub fn ticks(&self, axis: &Axis, wanted: usize) -> Vec<(f64, String)> {
        let inside = |v: f64| {
            let slack = 1e-9 * (self.high - self.low).abs();
            v >= self.low - slack && v <= self.high + slack
        };
        let all = match &axis.ticks {
            Some(ticks) => ticks.clone(),
            None if self.scale == Scale::Log => log_ticks(self.low, self.high),
            None => linear_ticks(self.low, self.high, wanted),
        };
        all.into_iter().filter(|(v, _)| inside(*v)).collect()
    }
}

fn forward(scale: Scale, value: f64) -> f64 {
    match scale {
        Scale::Linear => value,
        Scale::Log => value.log10(),
    }
}

fn with_margin(scale: Scale, values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) =
        values.map(|v| forward(scale, v)).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let (low, high) = match (low.is_finite(), high - low) {
        (false, _) => (0.0, 1.0),
        (true, 0.0) => (low - 0.5, high + 0.5),
        (true, span) => (low - 0.05 * span, high + 0.05 * span),
    };
    match scale {
        Scale::Linear => (low, high),
        Scale::Log => (10f64.powf(low), 10f64.powf(high)),
    }
}

fn linear_ticks(low: f64, high: f64, wanted: usize) -> Vec<(f64, String)> {
    let raw = (high - low) / wanted.max(1) as f64;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|f| f * power).find(|s| *s >= raw * 0.999).unwrap_or(raw);
    let whole = |decimals: &i32| {
        let scaled = step * 10f64.powi(*decimals);
        (scaled - scaled.round()).abs() < 1e-6 * scaled
    };
    let decimals = (0..9).find(whole).unwrap_or(9) as usize;
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last.min(first + 50)).map(|i| i as f64 * step).map(|v| (v, signed(v, decimals))).collect()
}

/// With a true minus sign, and no minus before zero.
fn signed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.bytes().all(|b| matches!(b, b'0' | b'.')) => digits.into(),
        Some(digits) => format!("−{digits}"),
        None => text,
    }
}

/// Ticks at 1, 2 and 5 of each decade. Ranges of more than three decades have ticks at powers of ten only, ranges of
/// less than one decade at every digit.
fn log_ticks(low: f64, high: f64) -> Vec<(f64, String)> {
    let decades = (high / low).log10();
    let digits: &[u32] = match decades {
        d if d > 3.0 => &[1],
        d if d > 0.8 => &[1, 2, 5],
        _ => &[1, 2, 3, 4, 5, 6, 7, 8, 9],
    };
    let range = low.log10().floor() as i32..=high.log10().floor() as i32;
    let values = range.flat_map(|p| digits.iter().map(move |d| f64::from(*d) * 10f64.powi(p)));
    let ticks: Vec<_> = values.filter(|v| *v >= low && *v <= high).map(|v| (v, shortest(v))).collect();
    if ticks.len() >= 2 {
        return ticks;
    }
    // A range within one digit has linear ticks.
    linear_ticks(low, high, 4)
}

fn shortest(value: f64) -> String {
    let decimals = (-value.log10().floor()).clamp(0.0, 9.0) as usize;
    if value >= 1e6 { format!("{value:e}") } else { format!("{value:.decimals$}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: Vec<(f64, String)>) -> Vec<String> {
        ticks.into_iter().map(|t| t.1).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(labels(linear_ticks(-1.3, 1.1, 5)), ["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(labels(linear_ticks(0.0, 1.0, 4)), ["0.00", "0.25", "0.50", "0.75", "1.00"]);
        assert_eq!(labels(linear_ticks(40.0, 123.0, 5)), ["40", "60", "80", "100", "120"]);
        assert_eq!(labels(log_ticks(0.4, 12.0)), ["0.5", "1", "2", "5", "10"]);
        assert_eq!(labels(log_ticks(0.001, 20.0)), ["0.001", "0.01", "0.1", "1", "10"]);
        assert!(labels(log_ticks(1.02, 1.09)).len() >= 2);
    }

    #[test]
    fn no_value_and_one_value_still_give_an_axis() {
        for values in [vec![], vec![3.0], vec![f64::NAN, 2.0]] {
            let map = Mapping::new(&Axis::linear(""), values.into_iter(), 0.0, 100.0);
            assert!(map.pixel(0.7).is_some_and(f64::is_finite));
        }
        let log = Mapping::new(&Axis::log(""), [0.0, 1.0, 10.0].into_iter(), 0.0, 100.0);
        assert!(log.pixel(0.0).is_none());
        assert!((log.pixel(10f64.sqrt()).unwrap() - 50.0).abs() < 1e-9);
    }
}
